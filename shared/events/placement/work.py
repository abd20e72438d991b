"""Attendance (출근 확인): who was there, as several witnesses say, and when the work of a placement is done."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, DayText, InstantText, name_of_id, short, whole

#: ``code``: the resident, by the rotating code shown at the workplace.
WITNESSES = ("code", "host", "officer")
#: What a witness may say: came at, left at, was absent.
SAID = ("in", "out", "absent")
RESULTS = ("worked", "partly", "absent", "excused")
ANSWERS = ("upheld", "rejected")
#: Who may say that a shift was otherwise.
DISPUTERS = ("resident", "host", "officer")


class PlacementRef(Schema):
    """Which resident's place; ``attempt`` of the application that has it."""

    opening_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    resident_id = name_of_id()
    application_id = name_of_id()
    attempt = whole(1)


class AttendanceRef(PlacementRef):
    """One shift of one place: ``attendance_id`` = ``application:attempt:shift``; ``shift`` from 0, by its start."""

    attendance_id = name_of_id()
    shift = whole(0)
    #: KST day on which the shift starts.
    day = DayText(required=True)


class AttendanceWitnessed(AttendanceRef):
    """A witness said something; what was said stays, a later word stands beside it."""

    by = fields.String(required=True, validate=validate.OneOf(WITNESSES))
    said = fields.String(required=True, validate=validate.OneOf(SAID))
    at = InstantText(required=True)


class AttendanceSettled(AttendanceRef):
    """The shift counts ``minutes``; ``revision`` rises by one each time it is corrected.

    ``was`` is what the revision before counted (0 for the first): the difference adds up in any order.
    """

    minutes = whole(0)
    was = whole(0)
    planned = whole(1)
    result = fields.String(required=True, validate=validate.OneOf(RESULTS))
    result_was = fields.String(validate=validate.OneOf(RESULTS), allow_none=True)
    revision = whole(1)
    hourly_won = whole(0)
    direct_job = fields.Boolean()
    engagement = fields.String(validate=validate.Length(max=40))
    dong = fields.String(validate=validate.Length(max=40))


class AttendanceDelayed(AttendanceRef):
    """Nobody said enough to settle the shift; an officer should decide ``until`` then. Said once a shift.

    ``missing``: whether nobody said when the resident came, or when they left.
    """

    missing = fields.String(required=True, validate=validate.OneOf(SAID[:2]))
    until = InstantText(required=True)


class AttendanceDisputed(AttendanceRef):
    """Somebody, ``by_role``, says that it was otherwise; an officer should answer ``until`` then."""

    dispute = whole(1)
    until = InstantText(required=True)
    by_role = fields.String(validate=validate.OneOf(DISPUTERS))


class DisputeAnswered(AttendanceRef):
    """An officer answered a dispute."""

    dispute = whole(1)
    answer = fields.String(required=True, validate=validate.OneOf(ANSWERS))


class PlacementCompleted(PlacementRef):
    """All shifts of a place are settled, and some were worked. Said again, with a higher revision, when corrected."""

    minutes = whole(1)
    shifts_worked = whole(1)
    shifts = whole(1)
    day = DayText(required=True)
    revision = whole(1)
    #: Whether it was said before, with a lower revision: only the first counts as one more.
    again = fields.Boolean()


class PlacementUnworked(PlacementRef):
    """All shifts of a place are settled or void, and none was worked: it costs nothing."""

    shifts = whole(1)
    revision = whole(1)


_PLACEMENT = {
    "opening_id": "opn-은하수",
    "programme_id": "gs-citizen-allowance",
    "district": "29200",
    "resident_id": "res-1",
    "application_id": "opn-은하수:res-1",
    "attempt": 1,
}
_ATTENDANCE = {**_PLACEMENT, "attendance_id": "opn-은하수:res-1:1:0", "shift": 0, "day": "2026-12-01"}

ATTENDANCE_WITNESSED = Contract(
    "placement.attendance.witnessed",
    1,
    AttendanceWitnessed,
    {**_ATTENDANCE, "by": "code", "said": "in", "at": "2026-12-01T09:58:00+09:00"},
)
ATTENDANCE_SETTLED = Contract(
    "placement.attendance.settled",
    1,
    AttendanceSettled,
    {
        **_ATTENDANCE,
        "minutes": 120,
        "was": 0,
        "planned": 120,
        "result": "worked",
        "result_was": None,
        "revision": 1,
        "hourly_won": 10320,
        "direct_job": False,
        "engagement": "participation_allowance",
        "dong": "첨단2동",
    },
)
ATTENDANCE_DELAYED = Contract(
    "placement.attendance.delayed",
    1,
    AttendanceDelayed,
    {**_ATTENDANCE, "missing": "out", "until": "2026-12-09T12:00:00+09:00"},
)
ATTENDANCE_DISPUTED = Contract(
    "placement.attendance.disputed",
    1,
    AttendanceDisputed,
    {**_ATTENDANCE, "dispute": 1, "until": "2026-12-08T18:00:00+09:00", "by_role": "host"},
)
ATTENDANCE_DISPUTE_ANSWERED = Contract(
    "placement.attendance.dispute_answered", 1, DisputeAnswered, {**_ATTENDANCE, "dispute": 1, "answer": "upheld"}
)
PLACEMENT_COMPLETED = Contract(
    "placement.placement.completed",
    1,
    PlacementCompleted,
    {**_PLACEMENT, "minutes": 120, "shifts_worked": 1, "shifts": 1, "day": "2026-12-01", "revision": 1},
)
PLACEMENT_UNWORKED = Contract(
    "placement.placement.unworked", 1, PlacementUnworked, {**_PLACEMENT, "shifts": 1, "revision": 1}
)

CONTRACTS = (
    ATTENDANCE_WITNESSED,
    ATTENDANCE_SETTLED,
    ATTENDANCE_DELAYED,
    ATTENDANCE_DISPUTED,
    ATTENDANCE_DISPUTE_ANSWERED,
    PLACEMENT_COMPLETED,
    PLACEMENT_UNWORKED,
)
