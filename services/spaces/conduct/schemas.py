"""What crosses the RPC door of conduct."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.conduct.model import REASONS
from services.spaces.schemas import Command, an_id, maybe_id

#: Characters of what somebody may write.
LONGEST_TEXT = 500


class Read(Schema):
    """Whose record; staff say why they read it."""

    resident_id = maybe_id()
    tenant = maybe_id()
    why = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))


class Excuse(Command):
    """Why nobody came."""

    booking_id = an_id()
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    text = fields.String(load_default="", validate=validate.Length(max=LONGEST_TEXT))


class Appeal(Command):
    """What is wrong with a strike."""

    booking_id = an_id()
    text = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_TEXT))


class StrikeAct(Command):
    """An act of staff on one strike."""

    tenant = an_id()
    resident_id = an_id()
    booking_id = an_id()


class Answer(StrikeAct):
    """Accepted or not."""

    accept = fields.Boolean(required=True)


class Excuses(Schema):
    """What a facility has to answer; a space of it says which."""

    space_id = an_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Appeals(Schema):
    """What a tenant's officers have to answer."""

    tenant = an_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
