"""What crosses the RPC door of agreements."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.agreements.model import MOST_DOCUMENTS, MOST_PARTNERS
from services.placement.agreements.usecases import MOST_AGREEMENTS
from services.placement.programmes.schemas import FILLED, Command, worded
from shared.events.contract import PRINTABLE, DayText

_NAME = [validate.Length(min=1, max=160), PRINTABLE]
_PARTY = worded(80)
_HASH = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="Give a SHA-256: 64 of 0-9 and a-f.")


class PartnerGiven(Schema):
    """A party, and what it does."""

    name = fields.String(required=True, validate=_PARTY)
    does = fields.String(required=True, validate=validate.Length(max=500))


class OneAgreement(Schema):
    """Which agreement."""

    agreement_id = fields.String(required=True, validate=_NAME)


class AgreementAct(Command, OneAgreement):
    """An act on an agreement."""


class DraftAgreement(AgreementAct):
    """A new agreement."""

    programme_id = fields.String(required=True, validate=_NAME)
    title = fields.String(required=True, validate=worded(200))
    partners = fields.List(fields.Nested(PartnerGiven), load_default=list, validate=validate.Length(max=MOST_PARTNERS))
    ends_on = DayText(load_default=None, allow_none=True)


class AddPartner(AgreementAct):
    """One more party."""

    name = fields.String(required=True, validate=_PARTY)
    does = fields.String(required=True, validate=validate.Length(max=500))


class RemovePartner(AgreementAct):
    """One party less."""

    name = fields.String(required=True, validate=_PARTY)


class SignAgreement(AgreementAct):
    """All parties signed."""

    day = DayText(required=True)
    documents = fields.List(
        fields.String(validate=_HASH), load_default=list, validate=validate.Length(max=MOST_DOCUMENTS)
    )


class EndAgreement(AgreementAct):
    """It is over."""

    day = DayText(required=True)
    reason = fields.String(required=True, validate=[validate.Length(min=1, max=500), FILLED])


class ListAgreements(Schema):
    """A programme's agreements."""

    programme_id = fields.String(required=True, validate=_NAME)
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=MOST_AGREEMENTS))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=1000))
