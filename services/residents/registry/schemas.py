"""What crosses the registry's door. A fault names the field and the fix; an unknown field is one."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.residents.registry.usecases import MOST_CONTACTS
from shared.events.contract import PRINTABLE
from shared.events.residents import PURPOSES


def an_id() -> fields.String:
    """Return an id that a caller names, 1 to 64 characters: as long as the reach index can hold."""
    length = validate.Length(min=1, max=64, error="Give 1 to 64 characters.")
    return fields.String(required=True, validate=[length, PRINTABLE])


def an_act_id() -> fields.String:
    """Return the id a caller gives to its act, 1 to 200 characters."""
    return fields.String(
        required=True, validate=validate.Length(min=1, max=200, error="Give 1 to 200 characters, new for each act.")
    )


def a_purpose() -> fields.String:
    """Return one of the purposes that can be agreed to."""
    return fields.String(required=True, validate=validate.OneOf(PURPOSES, error="Give one of: {choices}."))


def a_text_version(*, required: bool = True) -> fields.String:
    """Return the version of a consent text, such as ``2026-01``."""
    length = validate.Length(min=1, max=40, error="Give the version of the text, such as 2026-01.")
    return fields.String(required=required, validate=length)


def degrees(most: int) -> fields.Float:
    """Return degrees of WGS 84, within plus and minus ``most``."""
    return fields.Float(
        required=True,
        allow_nan=False,
        validate=validate.Range(min=-most, max=most, error="Give degrees from {min} to {max}."),
    )


_NAME = validate.Length(min=1, max=100, error="Give 1 to 100 characters.")
_MAIL = validate.Length(max=254, error="Give at most 254 characters.")


class AgreementAsked(Schema):
    """One purpose, and the version of the text that was shown."""

    purpose = a_purpose()
    text_version = a_text_version()


class Register(Schema):
    """A new resident. ``over_14`` is the answer to the form's question; the text of ``service`` says so too."""

    act_id = an_act_id()
    resident_id = an_id()
    name = fields.String(required=True, validate=_NAME)
    mail = fields.String(allow_none=True, validate=_MAIL)
    consents = fields.List(
        fields.Nested(AgreementAsked),
        required=True,
        validate=validate.Length(min=1, max=len(PURPOSES), error="Give one entry a purpose, service among them."),
    )
    tenant = fields.String(allow_none=True, validate=validate.Length(min=1, max=64))
    over_14 = fields.Boolean(required=True, truthy={True}, falsy={False})


class Whose(Schema):
    """One resident."""

    resident_id = an_id()


class Correct(Whose):
    """What to change; what is left out stays."""

    act_id = an_act_id()
    name = fields.String(validate=_NAME)
    mail = fields.String(validate=_MAIL)


class GiveConsent(Whose, AgreementAsked):
    """A consent to record."""

    act_id = an_act_id()


class WithdrawConsent(Whose):
    """A consent to withdraw; the version of its text may be said, and does not matter."""

    act_id = an_act_id()
    purpose = a_purpose()
    text_version = a_text_version(required=False)


class SetHome(Whose):
    """Where home is, in degrees."""

    act_id = an_act_id()
    lat = degrees(90)
    lon = degrees(180)


class Consented(Whose):
    """A question about one consent."""

    purpose = a_purpose()


class ConsentedOf(Schema):
    """A question about one consent of many."""

    resident_ids = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        required=True,
        validate=validate.Length(max=MOST_CONTACTS, error="Ask for at most {max} residents at once."),
    )
    purpose = a_purpose()


class Contacts(Schema):
    """Whose addresses a service needs."""

    resident_ids = fields.List(
        fields.String(validate=validate.Length(min=1, max=64)),
        required=True,
        validate=validate.Length(max=MOST_CONTACTS, error="Ask for at most {max} residents at once."),
    )


class LocationRecords(Whose):
    """How many of the latest records to show."""

    limit = fields.Integer(strict=True, validate=validate.Range(min=1, max=500, error="Give {min} to {max}."))
