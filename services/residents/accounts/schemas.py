"""What crosses the accounts' door. A fault names the field and the fix, and never repeats a number."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.accounts.model import METHODS
from services.residents.accounts.usecases import MOST
from services.residents.registry.schemas import Whose, an_act_id
from shared.events.contract import PRINTABLE


class SetAccount(Whose):
    """A bank account (``code`` of the bank, ``number``, ``holder``) or a wallet (``code`` of the scheme, ``number``)."""

    act_id = an_act_id()
    method = fields.String(required=True, validate=validate.OneOf(METHODS, error="Give one of: {choices}."))
    code = fields.String(required=True, validate=validate.Length(min=1, max=40, error="Give 1 to 40 characters."))
    number = fields.String(required=True, validate=validate.Length(min=1, max=60, error="Give 1 to 60 characters."))
    holder = fields.String(allow_none=True, validate=validate.Length(max=100, error="Give at most 100 characters."))


class RemoveAccount(Whose):
    """Whose account to destroy."""

    act_id = an_act_id()


class Payout(Schema):
    """Whose accounts a service needs, for which batch, and what for; and which officer it shows them to."""

    resident_ids = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        required=True,
        validate=validate.Length(min=1, max=MOST, error="Ask for at most {max} residents at once."),
    )
    batch_id = fields.String(required=True, validate=[validate.Length(min=1, max=200), PRINTABLE])
    purpose = fields.String(required=True, validate=[validate.Length(min=1, max=40), PRINTABLE])
    officer = fields.String(allow_none=True, validate=[validate.Length(min=1, max=160), PRINTABLE])
