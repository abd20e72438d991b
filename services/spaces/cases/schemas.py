"""What crosses the RPC door of conflict cases."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.schemas import Command, an_id, instant, new_booking_id

DECISIONS = ("keep", "displace")


class OneCase(Schema):
    """Which case."""

    case_id = an_id()


class CaseAct(Command):
    """An act on one case."""

    case_id = an_id()


class Decide(CaseAct):
    """The booking stays, or it doesn't."""

    decision = fields.String(required=True, validate=validate.OneOf(DECISIONS))


class TakeAlternative(CaseAct):
    """One of the alternatives, as the case told it; ``booking_id`` is the new booking's."""

    booking_id = new_booking_id()
    space_id = an_id()
    start = instant()
    end = instant()


class OfFacility(Schema):
    """A facility's open cases, page by page."""

    facility_id = an_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Mine(Schema):
    """The caller's own cases, page by page."""

    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
