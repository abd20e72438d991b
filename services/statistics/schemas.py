"""What crosses the RPC door of ``statistics_figures``. Unknown fields are refused."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.statistics.model import PARTS
from services.statistics.sheets import FORMATS
from services.statistics.tables import TABLES
from services.statistics.usecases import MOST_EXPORTED, MOST_ROWS
from shared.events.contract import DayText, InstantText


def _an_id() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=300))


def _maybe(length: int) -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=length))


class Which(Schema):
    """Which figures: of a programme, a district, a KST month; through a KST day; as known at an instant."""

    tenant = _an_id()
    programme_id = _maybe(200)
    district = _maybe(20)
    month = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="YYYY-MM.")
    )
    through = DayText(load_default=None, allow_none=True)
    known_at = InstantText(load_default=None, allow_none=True)
    cursor = fields.String(load_default=None, allow_none=True)


def _by() -> fields.String:
    return fields.String(load_default=None, allow_none=True, validate=validate.OneOf(tuple(PARTS)))


def _limit(most: int) -> fields.Integer:
    return fields.Integer(strict=True, load_default=most, validate=validate.Range(min=1, max=most))


class Figures(Which):
    """Of which table, and by what beside programme, district and month."""

    about = fields.String(load_default="jobs", validate=validate.OneOf(tuple(TABLES)))
    by = _by()
    limit = _limit(MOST_ROWS)


class Outcomes(Which):
    """Targets against outcomes: of one programme, or of an umbrella and all under it."""

    umbrella = _maybe(200)
    limit = _limit(MOST_ROWS)


class Export(Which):
    """Figures, or outcomes, as a file."""

    format = fields.String(load_default="csv", validate=validate.OneOf(FORMATS))
    about = fields.String(load_default="jobs", validate=validate.OneOf((*TABLES, "outcomes")))
    by = _by()
    umbrella = _maybe(200)
    limit = _limit(MOST_EXPORTED)


class OneEvent(Schema):
    """Which event."""

    event_id = fields.String(required=True, validate=validate.Length(min=1, max=512))


class Count(Schema):
    """Whose events."""

    tenant = _an_id()


class Rebuild(Schema):
    """Whose figures."""

    tenant = _maybe(200)
