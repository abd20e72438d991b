"""What crosses the RPC door of attendance. Instants are RFC 3339 with an offset; minutes are whole."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import Schema, fields, validate

from services.placement.programmes.schemas import Command
from shared.events.contract import PRINTABLE
from shared.events.placement.work import ANSWERS, SAID

#: An attendance is named ``opening:resident:attempt:shift``.
LONGEST_ID = 200
#: Minutes of the longest day: what a shift has more is refused by the shift itself.
MOST_MINUTES = 24 * 60
REACHABLE = validate.Range(
    datetime(1970, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC), error="From 1970 to 2899."
)


def _an_id() -> fields.String:
    return fields.String(required=True, validate=[validate.Length(min=1, max=LONGEST_ID), PRINTABLE])


def _maybe_instant() -> fields.AwareDateTime:
    return fields.AwareDateTime(load_default=None, allow_none=True, format="iso", validate=REACHABLE)


def _words() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=300))


class OneOpening(Schema):
    """Which opening."""

    opening_id = _an_id()


class ChangeCode(Command):
    """Whose workplace shows other codes from now on."""

    opening_id = _an_id()


class AttendanceAct(Command):
    """An act on one sheet."""

    attendance_id = _an_id()


class Check(AttendanceAct):
    """The six digits that the workplace shows."""

    code = fields.String(required=True, validate=[validate.Length(min=1, max=12), PRINTABLE])


class Witness(AttendanceAct):
    """What a host or an officer says; ``at`` is needed unless it is ``absent``."""

    said = fields.String(required=True, validate=validate.OneOf(SAID))
    at = _maybe_instant()


class Confirm(AttendanceAct):
    """A shift to settle; ``came`` and ``left`` are the caller's own word, if there is one."""

    came = _maybe_instant()
    left = _maybe_instant()


class Correct(AttendanceAct):
    """The minutes that count from now on, and why."""

    minutes = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=MOST_MINUTES))
    reason = _words()


class Dispute(AttendanceAct):
    """What was otherwise, in one's own words."""

    text = fields.String(required=True, validate=validate.Length(min=1, max=500))


class Answer(AttendanceAct):
    """An officer's answer; ``minutes`` when it is upheld."""

    answer = fields.String(required=True, validate=validate.OneOf(ANSWERS))
    minutes = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=0, max=MOST_MINUTES)
    )
    reason = _words()


class Excuse(AttendanceAct):
    """Why an absence is excused."""

    reason = _words()


class OneAttendance(Schema):
    """Which sheet."""

    attendance_id = _an_id()


class SheetsOf(OneOpening):
    """An opening's sheets, of one shift (from 0) or of all, page by page."""

    shift = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=99))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class MySheets(Schema):
    """A resident's own sheets, page by page; left out: whoever asks."""

    resident_id = fields.String(allow_none=True, validate=validate.Length(min=1, max=160))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class OpenDisputes(Schema):
    """What waits for a tenant's officers, page by page."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=160))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
