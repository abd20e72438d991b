"""What crosses the RPC door of ``statistics_figures``. Unknown fields are refused."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.statistics.tables import TABLES
from shared.events.contract import DayText, InstantText


def _an_id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=300))


def _maybe(length: int) -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=length))


class Figures(Schema):
    """Which figures: of a programme, a district, a KST month; through a KST day; as known at an instant."""

    tenant = _an_id()
    about = fields.String(load_default="jobs", validate=validate.OneOf(tuple(TABLES)))
    by = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(["plan"]))
    programme_id = _maybe(200)
    district = _maybe(20)
    month = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="YYYY-MM.")
    )
    through = DayText(load_default=None, allow_none=True)
    known_at = InstantText(load_default=None, allow_none=True)
    limit = fields.Integer(strict=True, load_default=400, validate=validate.Range(min=1, max=400))
    cursor = fields.String(load_default=None, allow_none=True)


class OneEvent(Schema):
    """Which event."""

    event_id = fields.String(required=True, validate=validate.Length(min=1, max=512))


class Count(Schema):
    """Whose events."""

    tenant = _an_id()


class Rebuild(Schema):
    """Whose figures."""

    tenant = _maybe(200)
