"""What crosses the RPC door of months of pay. Days are KST, ``YYYY-MM-DD``; months ``YYYY-MM``; money whole won."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.programmes.schemas import Command
from shared.events.contract import PRINTABLE, DayText

MONTH = validate.Regexp(r"^[0-9]{4}-(0[1-9]|1[0-2])$", error="A month such as 2026-12.")
#: Attendances, or days, of one month that one act is about.
MOST_AT_ONCE = 100


def an_id(longest: int = 200, *, required: bool = True) -> fields.String:
    """Return an id."""
    return fields.String(required=required, validate=[validate.Length(min=1, max=longest), PRINTABLE])


def a_month(*, required: bool = True) -> fields.String:
    """Return a KST month."""
    return fields.String(required=required, allow_none=not required, validate=MONTH)


class Paged(Schema):
    """Page by page."""

    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class MyPay(Paged):
    """Whose pay, of which month; all when left out."""

    resident_id = an_id()
    month = a_month(required=False)


class OneMonth(Schema):
    """Which month of pay."""

    pay_month_id = an_id()


class OfProgramme(Paged):
    """A programme's months that earned more than the cap."""

    programme_id = an_id()


class OfMonth(OfProgramme):
    """A programme's months of pay for one KST month."""

    month = a_month()


class Recover(Command):
    """Attendances, or whole days, and why their pay is taken out, or given after all."""

    pay_month_id = an_id()
    attendance_ids = fields.List(an_id(), validate=validate.Length(max=MOST_AT_ONCE))
    days = fields.List(DayText(), validate=validate.Length(max=MOST_AT_ONCE))
    reason = fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE])


class PaidBack(Command):
    """What a resident gave back, on which day."""

    pay_month_id = an_id()
    won = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=1_000_000_000))
    day = fields.Date(required=True)


class Check(Paged):
    """Which programme's pay to check, page by page of its batches."""

    programme_id = an_id()
