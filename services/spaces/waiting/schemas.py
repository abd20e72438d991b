"""What crosses the RPC door of the waiting list."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.schemas import Command, an_id, instant, maybe_id
from shared.events.contract import PRINTABLE

#: A wish's id is the id of its claim in the diary, beside bookings' and facilities' own: it can't look like theirs.
WISH = validate.Regexp(r"^wsh-[^:/\s]+$", error="Like wsh-..., without colon, slash or blank.")


class Wish(Command):
    """A span of a space to wait for."""

    wish_id = fields.String(required=True, validate=[validate.Length(min=5, max=80), WISH, PRINTABLE])
    space_id = an_id()
    start = instant()
    end = instant()
    subscription_id = maybe_id()


class WishAct(Command):
    """An act on one wish."""

    wish_id = an_id()


class OneWish(Schema):
    """Which wish."""

    wish_id = an_id()


class Mine(Schema):
    """The caller's own wishes."""

    limit = fields.Integer(strict=True)


class OfSpace(Schema):
    """Who waits for a space, page by page."""

    space_id = an_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
