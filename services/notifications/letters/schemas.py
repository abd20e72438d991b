"""What crosses the RPC door of ``notifications_letters``. Unknown fields are refused."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.notifications.letters.formats import LANGUAGES

_ID = validate.Length(min=1, max=300)


def _an_id() -> fields.String:
    return fields.String(required=True, validate=_ID)


def _limit() -> fields.Integer:
    return fields.Integer(strict=True, load_default=50, validate=validate.Range(min=1, max=200))


def _lang() -> fields.String:
    return fields.String(load_default="ko", validate=validate.OneOf(LANGUAGES))


class Inbox(Schema):
    """Whose letters, how many, in which language."""

    resident_id = _an_id()
    limit = _limit()
    lang = _lang()


class OneLetter(Schema):
    """Which letter, in which language."""

    letter_id = fields.String(required=True, validate=validate.Length(min=1, max=600))
    lang = _lang()


class About(Schema):
    """What letters are about: an opening, a booking, a wish, a subscription."""

    about = _an_id()


class ByEvent(Schema):
    """The key of an event: the hash of its source and id."""

    event_key = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{32}$"))
    limit = fields.Integer(strict=True, load_default=200, validate=validate.Range(min=1, max=200))


class ListNotices(Schema):
    """Whose notices."""

    tenant = _an_id()
    district = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=20))
    limit = _limit()
    lang = _lang()


class Resend(Schema):
    """Which letter's mail to send again."""

    act_id = _an_id()
    letter_id = fields.String(required=True, validate=validate.Length(min=1, max=600))
