"""What crosses the RPC door of idle windows. Instants are RFC 3339 with an offset, days KST dates."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.spaces.facilities.model import APPROVAL, INSTANT
from services.spaces.idle.usecases import SOURCES
from services.spaces.schemas import REACHABLE, an_id
from shared.events.contract import PRINTABLE

#: Codes in one wish or need.
MOST_CODES = 20


def _codes() -> fields.List[str]:
    code = fields.String(validate=[validate.Length(min=1, max=60), PRINTABLE])
    return fields.List(code, validate=validate.Length(max=MOST_CODES))


def _whole(low: int, high: int) -> fields.Integer:
    return fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=low, max=high))


def _maybe(**options: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(allow_none=True, format="iso", validate=REACHABLE, **options)


class Near(Schema):
    """A point in degrees, a radius in whole metres, how the point was found; when, how long, and what is needed."""

    tenant = an_id()
    lat = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-90, max=90))
    lon = fields.Float(required=True, allow_nan=False, validate=validate.Range(min=-180, max=180))
    radius = fields.Integer(strict=True)
    source = fields.String(validate=validate.OneOf(SOURCES))
    start = _maybe()
    until = _maybe()
    minutes = _whole(1, 14_400)
    capacity = _whole(0, 100_000)
    equipment = _codes()
    accessibility = _codes()
    kind = fields.String(allow_none=True, validate=validate.Length(min=1, max=60))
    mode = fields.String(allow_none=True, validate=validate.OneOf((INSTANT, APPROVAL)))
    plan_needed = fields.Boolean(allow_none=True)
    wished_equipment = _codes()
    wished_accessibility = _codes()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Timetable(Schema):
    """Which space, and the (first) KST day."""

    space_id = an_id()
    day = fields.Date(required=True)
