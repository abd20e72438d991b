"""What crosses the RPC door of participation. Days are KST, ``YYYY-MM-DD``, both inclusive."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.limits.model import NATIONWIDE
from services.placement.programmes.schemas import Command
from shared.events.contract import PRINTABLE


def a_text(longest: int) -> fields.String:
    """Return a required text that can be printed."""
    return fields.String(required=True, validate=[validate.Length(min=1, max=longest), PRINTABLE])


class OneResident(Schema):
    """Whose standing, page by page."""

    resident_id = a_text(160)
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Overlapping(Schema):
    """Whose overlapping days."""

    resident_id = a_text(160)


class Check(Schema):
    """Whether somebody may take part on these days; ``regions`` whose rules count, by code, nearest first."""

    resident_id = a_text(160)
    first_day = fields.Date(required=True, format="iso")
    last_day = fields.Date(required=True, format="iso")
    direct_job = fields.Boolean(load_default=True)
    regions = fields.List(
        fields.String(validate=validate.Regexp(r"^(KR|\d{2}|\d{5})$", error="KR, or a code of 2 or 5 digits.")),
        load_default=lambda: [NATIONWIDE],
        validate=validate.Length(max=5),
    )


class NoteOutside(Command):
    """A direct job that another system told of: its programme by name, its days, and where it was read."""

    resident_id = a_text(160)
    programme = a_text(120)
    first_day = fields.Date(required=True, format="iso")
    last_day = fields.Date(required=True, format="iso")
    source = a_text(200)


class RetractOutside(Command):
    """Which note of another system's job was a mistake."""

    resident_id = a_text(160)
    key = a_text(200)
