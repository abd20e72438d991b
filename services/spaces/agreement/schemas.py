"""What crosses the RPC door of feeds."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.agreement.model import ADAPTERS, EVERY
from services.spaces.schemas import Command, an_id, new_id
from shared.events.contract import PRINTABLE

_ADDRESS = [validate.Length(max=1000), PRINTABLE]
#: A colon would end the user's name (RFC 7617 2).
_USER = [validate.Length(max=200), PRINTABLE, validate.Regexp(r"^[^:]*$", error="Without a colon.")]
_PASSWORD = [validate.Length(max=400), PRINTABLE]


class ConnectFeed(Command):
    """A facility's own calendar. ``every`` seconds; ``user`` and ``password`` are never told again."""

    feed_id = new_id()
    space_id = an_id()
    adapter = fields.String(required=True, validate=validate.OneOf(ADAPTERS))
    address = fields.String(load_default="", validate=_ADDRESS)
    user = fields.String(load_default="", validate=_USER)
    password = fields.String(load_default="", validate=_PASSWORD, load_only=True)
    every = fields.Integer(load_default=EVERY, strict=True)


class ChangeFeed(Command):
    """What changes of a feed; what is left out stays."""

    feed_id = an_id()
    address = fields.String(load_default=None, allow_none=True, validate=_ADDRESS)
    user = fields.String(load_default=None, allow_none=True, validate=_USER)
    password = fields.String(load_default=None, allow_none=True, validate=_PASSWORD, load_only=True)
    every = fields.Integer(load_default=None, allow_none=True, strict=True)


class FeedAct(Command):
    """An act on one feed."""

    feed_id = an_id()


class OneFeed(Schema):
    """Which feed."""

    feed_id = an_id()


class OneFacility(Schema):
    """Whose feeds."""

    facility_id = an_id()
