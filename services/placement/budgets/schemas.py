"""What crosses the RPC door of the ledger."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.budgets.ledger import BY, MOST_ROWS
from services.placement.programmes.schemas import Command
from shared.events.contract import LARGEST, PRINTABLE, DayText
from shared.events.placement.plans import FUNDERS

_NAME = [validate.Length(min=1, max=160), PRINTABLE]


class Appropriate(Command):
    """Won that a funder gives, or takes back (negative)."""

    programme_id = fields.String(required=True, validate=_NAME)
    funder = fields.String(required=True, validate=validate.OneOf(FUNDERS))
    won = fields.Integer(required=True, strict=True, validate=validate.Range(min=-LARGEST, max=LARGEST))
    day = DayText(required=True)


class OneTenant(Schema):
    """Whose budgets."""

    tenant = fields.String(required=True, validate=_NAME)


class ReadLedger(OneTenant):
    """Which rows, told by what."""

    by = fields.String(load_default="programme", validate=validate.OneOf(BY))
    programme_id = fields.String(load_default=None, allow_none=True, validate=_NAME)
    umbrella = fields.String(load_default=None, allow_none=True, validate=_NAME)
    district = fields.String(load_default=None, allow_none=True, validate=_NAME)
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(min=1, max=MOST_ROWS))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=1000))


class OneProgramme(Schema):
    """Which programme."""

    programme_id = fields.String(required=True, validate=_NAME)
