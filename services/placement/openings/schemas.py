"""What crosses the RPC door of openings and applications. Instants are RFC 3339 with an offset."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import Schema, fields, validate

from services.placement.openings.model import MODES, MOST_PLACES, MOST_SHIFTS, SCORE_RULES
from services.placement.openings.terms import LEAST_OFFER, MOST_OFFER
from services.placement.participation.wanted import MEMBERSHIPS
from services.placement.programmes.schemas import Command, worded
from shared.events.contract import PRINTABLE
from shared.reach.names import LONGEST

#: An application's id is ``opening:resident``: a colon inside would make two of them look alike.
NO_COLON = validate.Regexp(r"^[^:]+$", error="Without a colon.")
_YEARS = validate.Range(
    min=datetime(2000, 1, 1, tzinfo=UTC), max=datetime(2999, 1, 1, tzinfo=UTC), error="Give 2000-01-01 to 2999-01-01."
)


def an_id(longest: int = 160) -> fields.String:
    """Return a required id."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=longest), PRINTABLE])


def instant() -> fields.AwareDateTime:
    """Return an instant with an offset; years that every calendar has."""
    return fields.AwareDateTime(required=True, format="iso", validate=_YEARS)


class Place(Schema):
    """Where the work is: a public facility."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=120))
    address = fields.String(required=True, validate=validate.Length(min=1, max=300))
    lat = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-180, max=180))


class Span(Schema):
    """A half-open span of work."""

    start = instant()
    end = instant()


class ScoreOf(Schema):
    """A rule that gives points in a ranking, and its weight in points."""

    rule = fields.String(required=True, validate=validate.OneOf(sorted(SCORE_RULES)))
    weight = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100))


class Publish(Command):
    """An opening to publish. ``hourly_won`` whole won."""

    #: As long as the index of nearby openings can hold.
    opening_id = fields.String(required=True, validate=[validate.Length(min=1, max=LONGEST), NO_COLON, PRINTABLE])
    programme_id = an_id()
    title = fields.String(required=True, validate=validate.Length(min=1, max=120))
    place = fields.Nested(Place, required=True)
    shifts = fields.List(fields.Nested(Span), required=True, validate=validate.Length(min=1, max=MOST_SHIFTS))
    places = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MOST_PLACES))
    hourly_won = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=1_000_000))
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    deadline = instant()
    #: 동 of the place of work.
    dong = fields.String(allow_none=True, validate=[validate.Length(min=1, max=40), PRINTABLE])
    #: 예비: left out, on where candidates have an order and off elsewhere.
    waitlist = fields.Boolean(allow_none=True)
    offer_minutes = fields.Integer(strict=True, validate=validate.Range(min=LEAST_OFFER, max=MOST_OFFER))
    scores = fields.List(fields.Nested(ScoreOf), validate=validate.Length(max=20))
    target_group = fields.String(allow_none=True, validate=[validate.Length(min=1, max=60), PRINTABLE])
    #: Whether one must be known to belong to whom it is for.
    membership = fields.String(validate=validate.OneOf(MEMBERSHIPS))
    #: Subjects of role host who confirm attendance.
    hosts = fields.List(an_id(), validate=validate.Length(max=20))


class OpeningAct(Command):
    """An act on one opening."""

    opening_id = an_id()


class Cancel(OpeningAct):
    """Why an opening is called off."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=200))


class Apply(OpeningAct):
    """Who applies; left out: whoever asks."""

    resident_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=160))


class Quote(Schema):
    """What a place would do to whose limits; left out: those of whoever asks."""

    opening_id = an_id()
    resident_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=160))


class ResidentAct(OpeningAct):
    """An act on one resident's place or application."""

    resident_id = an_id()


class Select(ResidentAct):
    """Who is given a place; ``reason`` why, above all for somebody whom nobody registered."""

    reason = fields.String(allow_none=True, validate=worded(200))


class OneOpening(Schema):
    """Which opening."""

    opening_id = an_id()


class ListApplications(OneOpening):
    """An opening's applications, ranking or tickets, page by page."""

    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class OneResident(Schema):
    """Whose applications."""

    resident_id = an_id()


class ListOpenings(Schema):
    """A tenant's openings: of a programme, in a state."""

    tenant = an_id()
    programme_id = fields.String(allow_none=True)
    state = fields.String(allow_none=True)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class OnMap(Schema):
    """A tenant's openings that take applications: of a programme."""

    tenant = an_id()
    programme_id = fields.String(allow_none=True)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Hosted(Schema):
    """A host's openings; left out: those of whoever asks."""

    host = fields.String(allow_none=True, validate=validate.Length(min=1, max=160))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class OneApplication(Schema):
    """Which application."""

    application_id = an_id()


class Near(Schema):
    """A point in degrees, a radius in whole metres, and how the point was found."""

    tenant = an_id()
    lat = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-180, max=180))
    radius = fields.Integer(strict=True)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
    source = fields.String()


class ApplicationAct(Command):
    """An act on one application."""

    application_id = an_id()
