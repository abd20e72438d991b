"""What crosses the RPC door of calendars."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.calendars_out.model import KINDS
from services.spaces.schemas import Command, an_id, maybe_id, new_id


def _kind() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(KINDS))


class Open(Command):
    """Whose calendar; ``subject_id`` left out: the resident who asks."""

    address_id = new_id()
    kind = _kind()
    subject_id = maybe_id()


class AddressAct(Command):
    """An act on one address."""

    address_id = an_id()


class ListAddresses(Schema):
    """Whose addresses; ``subject_id`` left out: the resident who asks."""

    kind = _kind()
    subject_id = maybe_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Read(Schema):
    """The token of an address; ``etag``: of what is known already; ``cursor``: of the next piece."""

    #: Not called ``token``: that is the caller's own.
    secret = fields.String(required=True, validate=validate.Length(min=20, max=100))
    etag = fields.String(allow_none=True, validate=validate.Length(max=100))
    cursor = fields.String(allow_none=True)
