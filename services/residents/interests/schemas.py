"""What crosses the interests' door. A fault names the field and the fix; an unknown field is one."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from services.residents.interests.model import NARROWEST, TOPICS, WIDEST
from services.residents.interests.usecases import PAGE
from services.residents.registry.schemas import Whose, an_act_id, degrees
from shared.clock import from_iso, iso


def an_interest_id() -> fields.String:
    """Return ``<resident id>:<name>``."""
    return fields.String(
        required=True,
        validate=validate.Regexp(r"^.{1,64}:[^:\s]{1,40}\Z", error="Give <resident id>:<name>, such as res-1:home."),
    )


def _instant(text: str) -> None:
    try:
        iso(from_iso(text))
    except ValueError as error:
        raise ValidationError("Give an instant with an offset, such as 2026-12-31T18:00:00+09:00.") from error


_TOPIC = validate.OneOf(TOPICS, error="Give one of: {choices}.")


class SetInterest(Whose):
    """A circle, and what to hear of within it. ``radius`` in metres; ``until`` RFC 3339, or for good."""

    act_id = an_act_id()
    interest_id = an_interest_id()
    lat = degrees(90)
    lon = degrees(180)
    radius = fields.Integer(
        strict=True, validate=validate.Range(min=NARROWEST, max=WIDEST, error="Give {min} to {max} metres.")
    )
    topics = fields.List(
        fields.String(validate=_TOPIC),
        validate=validate.Length(min=1, max=len(TOPICS), error="Give at least one topic, each once."),
    )
    until = fields.String(allow_none=True, validate=_instant)


class RemoveInterest(Schema):
    """Which interest to let go of."""

    act_id = an_act_id()
    interest_id = an_interest_id()


class Reach(Schema):
    """A point and a topic, in one tenant; ``cursor`` as the page before gave it."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=64))
    lat = degrees(90)
    lon = degrees(180)
    topic = fields.String(required=True, validate=_TOPIC)
    cursor = fields.String(allow_none=True, validate=validate.Length(min=1, max=64))
    limit = fields.Integer(strict=True, validate=validate.Range(min=1, max=PAGE, error="Give {min} to {max}."))
