"""What spaces says: facilities, spaces, plans, quota, bookings, waiting, agreement with facilities' calendars, conduct.

Instants are RFC 3339; spans half-open; ``day`` is the KST day on which a span starts. No name or contact of a person,
and no text of a facility's calendar entry, ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from shared.events.contract import PRINTABLE, Contract, DayText, InstantText, name_of_id, number, short, whole

BOOKING_MODES = ("instant", "approval")
#: Who ended a booking before its time.
CANCELLED_BY = ("resident", "officer", "host", "subscription_ended", "moved")
#: Why a facility said no, or why nobody answered.
REFUSED_REASONS = ("host", "calendar_busy", "subscription_ended")
#: Why a facility took a confirmed span back (시설 사정 취소).
DISPLACED_REASONS = ("calendar", "hours", "removed_by_facility", "moved_by_facility", "space_closed", "case")
CHECK_IN_WAYS = ("code", "staff", "door")
QUOTA_KINDS = ("grant", "carry", "hold", "consume", "release", "return", "expire")
WISH_ENDS = ("taken", "declined", "lapsed", "withdrawn", "passed")
#: What is different between our bookings and a facility's calendar: every one has a name.
DIFFERENCES = (
    "theirs_added",
    "theirs_changed",
    "theirs_removed",
    "ours_to_write",
    "ours_to_change",
    "ours_to_remove",
    "ours_adopted",
    "ours_removed_by_them",
    "ours_changed_by_them",
    "calendar_busy",
)
RESOLUTIONS = ("displaced", "kept", "alternative_taken", "declined", "deadline_passed", "booking_ended")


def _one_of(*values: str) -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(values))


def _maybe_id() -> fields.String:
    return fields.String(required=True, allow_none=True, validate=[validate.Length(min=1, max=200), PRINTABLE])


class Where(Schema):
    """Where a public facility stands: not a resident's coordinates."""

    lat = number(-90, 90)
    lon = number(-180, 180)


class FacilityRef(Schema):
    """Which facility."""

    facility_id = name_of_id()
    district = short(20)


class FacilityOpened(FacilityRef):
    """A facility is in the register."""

    name = short(120)
    kind = short(60)
    place = fields.Nested(Where, required=True)
    programme_id = name_of_id()


class HoursChanged(FacilityRef):
    """Opening hours, holidays or exceptions changed; what is booked is validated again."""

    hours_version = whole(1)


class SpaceRef(Schema):
    """Which space, in which facility; ``root_id`` names the hall it is a part of, or itself."""

    space_id = name_of_id()
    facility_id = name_of_id()
    root_id = name_of_id()
    district = short(20)
    programme_id = name_of_id()


class SpaceOpened(SpaceRef):
    """A space can be booked."""

    name = short(120)
    kind = short(60)
    place = fields.Nested(Where, required=True)
    capacity = whole(0)
    mode = _one_of(*BOOKING_MODES)


class PlanOffered(Schema):
    """A plan (구독 상품) can be subscribed to. ``kind``: ``hourly`` 대관형 or ``seat`` 입주형."""

    plan_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    kind = _one_of("hourly", "seat")
    included_minutes = whole(0)
    seats = whole(0)


class SubscriptionRef(Schema):
    """Whose subscription to which plan; ``resident_id`` is its owner."""

    subscription_id = name_of_id()
    plan_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    resident_id = name_of_id()
    day = DayText(required=True)


class SubscriptionPaused(SubscriptionRef):
    """No bookings on the days ``[from, until)``, and a grant that is smaller by them."""

    pause_from = DayText(required=True)
    pause_until = DayText(required=True)


class SeatRef(Schema):
    """A monthly seat (입주형) of a plan, asked for by a subscription."""

    plan_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    subscription_id = name_of_id()
    resident_id = name_of_id()
    day = DayText(required=True)


class SeatTaken(SeatRef):
    """The seat is theirs. ``promoted``: it came from the waiting list."""

    seat = whole(1)
    promoted = fields.Boolean(required=True)


class SeatQueued(SeatRef):
    """No seat is free; they wait. ``place_in_line`` counts from 1."""

    place_in_line = whole(1)


class SeatOffered(SeatRef):
    """A seat came free, and is kept for the first in line until ``until``."""

    until = InstantText(required=True)


class QuotaMoved(Schema):
    """A line of the append-only ledger of one subscription and cycle. ``available`` is the balance after it, minutes."""

    ledger_id = name_of_id()
    subscription_id = name_of_id()
    plan_id = name_of_id()
    district = short(20)
    kind = _one_of(*QUOTA_KINDS)
    minutes = whole(0)
    available = whole(0)
    booking_id = _maybe_id()


class QuotaSealed(Schema):
    """A cycle is over: ``carry`` minutes go to ``next_ledger_id``, the rest expired."""

    ledger_id = name_of_id()
    subscription_id = name_of_id()
    plan_id = name_of_id()
    district = short(20)
    next_ledger_id = name_of_id()
    carry = whole(0)
    expired = whole(0)


class BookingRef(SpaceRef):
    """Which booking, whose, when. ``minutes`` is its length; ``plan_id`` is null where nothing is charged."""

    booking_id = name_of_id()
    resident_id = name_of_id()
    subscription_id = _maybe_id()
    plan_id = _maybe_id()
    start = InstantText(required=True)
    end = InstantText(required=True)
    minutes = whole(1)
    day = DayText(required=True)


class BookingRequested(BookingRef):
    """Somebody asked for a span; ``mode`` says whether it is theirs at once. ``awaits``: until when an answer is due."""

    mode = _one_of(*BOOKING_MODES)
    series_id = _maybe_id()
    awaits = InstantText(required=True, allow_none=True)


class BookingRefused(BookingRef):
    """The facility said no; nothing is charged."""

    reason = _one_of(*REFUSED_REASONS)


class BookingDisplaced(BookingRef):
    """The facility took a span back (시설 사정 취소): nothing is charged. ``was_confirmed`` says whether figures had it."""

    reason = _one_of(*DISPLACED_REASONS)
    was_confirmed = fields.Boolean(required=True)
    charged = whole(0)


class BookingCancelled(BookingRef):
    """Given back by the booker or for them; ``charged`` minutes are forfeit, by the rule that was shown."""

    by = _one_of(*CANCELLED_BY)
    was_confirmed = fields.Boolean(required=True)
    charged = whole(0)


class BookingExpired(BookingRef):
    """Nobody answered in time; nothing is charged."""


class BookingCheckedIn(BookingRef):
    """Somebody came."""

    way = _one_of(*CHECK_IN_WAYS)


class BookingMissed(BookingRef):
    """Nobody came (노쇼); what is left of the span is free again."""

    charged = whole(0)


class BookingUsed(BookingRef):
    """The span is over and was used."""

    charged = whole(0)


class BookingDoubted(BookingRef):
    """The facility's calendar has been silent for too long: the booker is told that nobody can vouch for it."""

    silent_since = InstantText(required=True)


class DiaryOverlapped(Schema):
    """The facility's own entry lies over a booking; a conflict case follows. ``entry_id`` is a key, no text."""

    root_id = name_of_id()
    facility_id = name_of_id()
    district = short(20)
    day = DayText(required=True)
    entry_id = fields.String(required=True, validate=[validate.Length(min=1, max=600), PRINTABLE])
    booking_id = name_of_id()


class DiaryFreed(Schema):
    """A span that was taken is free again; who waits for it is asked."""

    root_id = name_of_id()
    facility_id = name_of_id()
    district = short(20)
    day = DayText(required=True)
    start = InstantText(required=True)
    end = InstantText(required=True)


class DayCounted(SpaceRef):
    """A day of a space is over: minutes it was open, booked by residents, and used by the facility itself."""

    day = DayText(required=True)
    open_minutes = whole(0)
    booked_minutes = whole(0)
    facility_minutes = whole(0)


class WishRef(Schema):
    """A place on the waiting list for a span of a space."""

    wish_id = name_of_id()
    space_id = name_of_id()
    facility_id = name_of_id()
    district = short(20)
    resident_id = name_of_id()
    start = InstantText(required=True)
    end = InstantText(required=True)


class OfferMade(WishRef):
    """The span is free and kept for this resident alone until ``until``; one message per offer. ``round`` from 1."""

    until = InstantText(required=True)
    round = whole(1)


class WishEnded(WishRef):
    """The wait is over."""

    how = _one_of(*WISH_ENDS)


class Alternative(Schema):
    """Another space within a walk. ``metres`` from the space that was booked."""

    space_id = name_of_id()
    start = InstantText(required=True)
    end = InstantText(required=True)
    metres = whole(0)
    walk_minutes = whole(0)


class CaseRef(Schema):
    """A conflict between a booking and its facility's calendar or hours."""

    case_id = name_of_id()
    booking_id = name_of_id()
    resident_id = name_of_id()
    space_id = name_of_id()
    facility_id = name_of_id()
    district = short(20)


class CaseOpened(CaseRef):
    """Who decides (``owner``), until when, and what else there is within a walk."""

    owner = _one_of("facility", "resident", "officer")
    difference = short(60)
    deadline = InstantText(required=True)
    alternatives = fields.List(fields.Nested(Alternative), required=True, validate=validate.Length(max=10))


class CaseResolved(CaseRef):
    """How it ended, recorded."""

    resolution = _one_of(*RESOLUTIONS)
    new_booking_id = _maybe_id()


class FeedRef(Schema):
    """A facility's own calendar of one space (root or part)."""

    feed_id = name_of_id()
    space_id = name_of_id()
    facility_id = name_of_id()
    district = short(20)
    adapter = short(40)


class Found(Schema):
    """So many differences of one of ``DIFFERENCES``."""

    difference = short(60)
    count = whole(1)


class FeedReconciled(FeedRef):
    """Ours and theirs were brought together; how many differences of each name there were. Not said when there were none."""

    differences = fields.List(fields.Nested(Found), required=True, validate=validate.Length(min=1, max=40))


class FeedDied(FeedRef):
    """The calendar has not been read since then, beyond its alarm; staff and affected residents are told."""

    silent_since = InstantText(required=True)
    reason = short(60)


class FeedRecovered(FeedRef):
    """The calendar was read again."""

    silent_since = InstantText(required=True)


class ConductRef(Schema):
    """A resident's record with this tenant's rooms."""

    record_id = name_of_id()
    resident_id = name_of_id()
    booking_id = _maybe_id()


class ConductStruck(ConductRef):
    """A no-show counts. ``level``: 1 warning, 2 limited, 3 suspended; ``until`` null for a warning."""

    level = whole(1)
    until = InstantText(required=True, allow_none=True)
    excuse_until = InstantText(required=True)


class ConductCleared(ConductRef):
    """A no-show doesn't count any more."""

    how = _one_of("excuse", "appeal", "forgiven", "corrected")


class ConductAppealed(ConductRef):
    """A resident contests; an officer must answer until ``deadline``."""

    deadline = InstantText(required=True)


class ConductAnswered(ConductRef):
    """An excuse or an appeal was not accepted."""

    what = _one_of("excuse", "appeal")


# Samples.

_FACILITY: Mapping[str, Any] = {"facility_id": "fac-은하수", "district": "29200"}
_SPACE: Mapping[str, Any] = {
    **_FACILITY,
    "space_id": "spc-은하수-모임방",
    "root_id": "spc-은하수-모임방",
    "programme_id": "gs-subscription-office",
}
_BOOKING: Mapping[str, Any] = {
    **_SPACE,
    "booking_id": "bkg-1",
    "resident_id": "res-1",
    "subscription_id": "sub-1",
    "plan_id": "pln-대관형",
    "start": "2026-12-01T01:00:00.000Z",
    "end": "2026-12-01T03:00:00.000Z",
    "minutes": 120,
    "day": "2026-12-01",
}
_SUBSCRIPTION: Mapping[str, Any] = {
    "subscription_id": "sub-1",
    "plan_id": "pln-대관형",
    "programme_id": "gs-subscription-office",
    "district": "29200",
    "resident_id": "res-1",
    "day": "2026-12-01",
}
_LEDGER: Mapping[str, Any] = {
    "ledger_id": "sub-1:2026-12-01",
    "subscription_id": "sub-1",
    "plan_id": "pln-대관형",
    "district": "29200",
}
_DIARY: Mapping[str, Any] = {**_FACILITY, "root_id": "spc-은하수-모임방", "day": "2026-12-01"}
_WISH: Mapping[str, Any] = {
    **_FACILITY,
    "wish_id": "wsh-1",
    "space_id": "spc-은하수-모임방",
    "resident_id": "res-2",
    "start": "2026-12-01T01:00:00.000Z",
    "end": "2026-12-01T03:00:00.000Z",
}
_CASE: Mapping[str, Any] = {
    **_FACILITY,
    "case_id": "cas-bkg-1",
    "booking_id": "bkg-1",
    "resident_id": "res-1",
    "space_id": "spc-은하수-모임방",
}
_FEED: Mapping[str, Any] = {
    **_FACILITY,
    "feed_id": "fed-은하수-모임방",
    "space_id": "spc-은하수-모임방",
    "adapter": "caldav",
}
_CONDUCT: Mapping[str, Any] = {"record_id": "gwangsan:res-1", "resident_id": "res-1", "booking_id": "bkg-1"}
_POINT: Mapping[str, Any] = {"lat": 35.1457, "lon": 126.7937}

FACILITY_OPENED = Contract(
    "spaces.facility.opened",
    1,
    FacilityOpened,
    {
        **_FACILITY,
        "name": "은하수 작은도서관",
        "kind": "작은도서관",
        "place": _POINT,
        "programme_id": "gs-subscription-office",
    },
)
FACILITY_CHANGED = Contract("spaces.facility.changed", 1, FacilityOpened, FACILITY_OPENED.sample)
FACILITY_CLOSED = Contract("spaces.facility.closed", 1, FacilityRef, _FACILITY)
HOURS_CHANGED = Contract("spaces.hours.changed", 1, HoursChanged, {**_FACILITY, "hours_version": 2})
SPACE_OPENED = Contract(
    "spaces.space.opened",
    1,
    SpaceOpened,
    {**_SPACE, "name": "모임방", "kind": "회의실", "place": _POINT, "capacity": 8, "mode": "approval"},
)
SPACE_CHANGED = Contract("spaces.space.changed", 1, SpaceOpened, SPACE_OPENED.sample)
SPACE_CLOSED = Contract("spaces.space.closed", 1, SpaceRef, _SPACE)
PLAN_OFFERED = Contract(
    "spaces.plan.offered",
    1,
    PlanOffered,
    {
        "plan_id": "pln-대관형",
        "programme_id": "gs-subscription-office",
        "district": "29200",
        "kind": "hourly",
        "included_minutes": 1200,
        "seats": 0,
    },
)
SUBSCRIPTION_STARTED = Contract("spaces.subscription.started", 1, SubscriptionRef, _SUBSCRIPTION)
SUBSCRIPTION_PAUSED = Contract(
    "spaces.subscription.paused",
    1,
    SubscriptionPaused,
    {**_SUBSCRIPTION, "pause_from": "2027-01-01", "pause_until": "2027-02-01"},
)
SUBSCRIPTION_RESUMED = Contract("spaces.subscription.resumed", 1, SubscriptionRef, _SUBSCRIPTION)
SUBSCRIPTION_ENDED = Contract("spaces.subscription.ended", 1, SubscriptionRef, _SUBSCRIPTION)
SEAT_TAKEN = Contract("spaces.seat.taken", 1, SeatTaken, {**_SUBSCRIPTION, "seat": 1, "promoted": False})
SEAT_QUEUED = Contract("spaces.seat.queued", 1, SeatQueued, {**_SUBSCRIPTION, "place_in_line": 1})
SEAT_OFFERED = Contract(
    "spaces.seat.offered", 1, SeatOffered, {**_SUBSCRIPTION, "until": "2026-12-03T01:00:00.000Z"}
)
SEAT_LEFT = Contract("spaces.seat.left", 1, SeatRef, _SUBSCRIPTION)
QUOTA_MOVED = Contract(
    "spaces.quota.moved",
    1,
    QuotaMoved,
    {**_LEDGER, "kind": "hold", "minutes": 120, "available": 1080, "booking_id": "bkg-1"},
)
QUOTA_SEALED = Contract(
    "spaces.quota.sealed",
    1,
    QuotaSealed,
    {**_LEDGER, "next_ledger_id": "sub-1:2027-01-01", "carry": 300, "expired": 120},
)
BOOKING_REQUESTED = Contract(
    "spaces.booking.requested",
    1,
    BookingRequested,
    {**_BOOKING, "mode": "approval", "series_id": None, "awaits": "2026-11-30T01:00:00.000Z"},
)
BOOKING_CONFIRMED = Contract("spaces.booking.confirmed", 1, BookingRef, _BOOKING)
BOOKING_REFUSED = Contract("spaces.booking.refused", 1, BookingRefused, {**_BOOKING, "reason": "host"})
BOOKING_DISPLACED = Contract(
    "spaces.booking.displaced",
    1,
    BookingDisplaced,
    {**_BOOKING, "reason": "calendar", "was_confirmed": True, "charged": 0},
)
BOOKING_CANCELLED = Contract(
    "spaces.booking.cancelled",
    1,
    BookingCancelled,
    {**_BOOKING, "by": "resident", "was_confirmed": True, "charged": 60},
)
BOOKING_EXPIRED = Contract("spaces.booking.expired", 1, BookingExpired, _BOOKING)
BOOKING_CHECKED_IN = Contract("spaces.booking.checked_in", 1, BookingCheckedIn, {**_BOOKING, "way": "code"})
BOOKING_MISSED = Contract("spaces.booking.missed", 1, BookingMissed, {**_BOOKING, "charged": 120})
BOOKING_USED = Contract("spaces.booking.used", 1, BookingUsed, {**_BOOKING, "charged": 120})
BOOKING_DOUBTED = Contract(
    "spaces.booking.doubted", 1, BookingDoubted, {**_BOOKING, "silent_since": "2026-11-28T01:00:00.000Z"}
)
DIARY_OVERLAPPED = Contract(
    "spaces.diary.overlapped",
    1,
    DiaryOverlapped,
    {**_DIARY, "entry_id": "fed-은하수-모임방/20261201-휴관", "booking_id": "bkg-1"},
)
DIARY_FREED = Contract(
    "spaces.diary.freed",
    1,
    DiaryFreed,
    {**_DIARY, "start": "2026-12-01T01:00:00.000Z", "end": "2026-12-01T03:00:00.000Z"},
)
DAY_COUNTED = Contract(
    "spaces.day.counted",
    1,
    DayCounted,
    {**_SPACE, "day": "2026-12-01", "open_minutes": 540, "booked_minutes": 120, "facility_minutes": 60},
)
OFFER_MADE = Contract("spaces.offer.made", 1, OfferMade, {**_WISH, "until": "2026-11-30T01:30:00.000Z", "round": 1})
WISH_MADE = Contract("spaces.wish.made", 1, WishRef, _WISH)
WISH_ENDED = Contract("spaces.wish.ended", 1, WishEnded, {**_WISH, "how": "taken"})
CASE_OPENED = Contract(
    "spaces.case.opened",
    1,
    CaseOpened,
    {
        **_CASE,
        "owner": "resident",
        "difference": "theirs_added",
        "deadline": "2026-11-30T01:00:00.000Z",
        "alternatives": [
            {
                "space_id": "spc-별빛-회의실",
                "start": "2026-12-01T01:00:00.000Z",
                "end": "2026-12-01T03:00:00.000Z",
                "metres": 420,
                "walk_minutes": 6,
            }
        ],
    },
)
CASE_RESOLVED = Contract(
    "spaces.case.resolved", 1, CaseResolved, {**_CASE, "resolution": "alternative_taken", "new_booking_id": "bkg-2"}
)
FEED_CONNECTED = Contract("spaces.feed.connected", 1, FeedRef, _FEED)
FEED_RECONCILED = Contract(
    "spaces.feed.reconciled",
    1,
    FeedReconciled,
    {**_FEED, "differences": [{"difference": "theirs_added", "count": 1}]},
)
FEED_DIED = Contract(
    "spaces.feed.died", 1, FeedDied, {**_FEED, "silent_since": "2026-11-28T01:00:00.000Z", "reason": "no_answer"}
)
FEED_RECOVERED = Contract(
    "spaces.feed.recovered", 1, FeedRecovered, {**_FEED, "silent_since": "2026-11-28T01:00:00.000Z"}
)
CONDUCT_STRUCK = Contract(
    "spaces.conduct.struck",
    1,
    ConductStruck,
    {**_CONDUCT, "level": 1, "until": None, "excuse_until": "2026-12-08T03:00:00.000Z"},
)
CONDUCT_CLEARED = Contract("spaces.conduct.cleared", 1, ConductCleared, {**_CONDUCT, "how": "excuse"})
CONDUCT_APPEALED = Contract(
    "spaces.conduct.appealed", 1, ConductAppealed, {**_CONDUCT, "deadline": "2026-12-15T03:00:00.000Z"}
)
CONDUCT_ANSWERED = Contract("spaces.conduct.answered", 1, ConductAnswered, {**_CONDUCT, "what": "appeal"})

CONTRACTS = (
    FACILITY_OPENED,
    FACILITY_CHANGED,
    FACILITY_CLOSED,
    HOURS_CHANGED,
    SPACE_OPENED,
    SPACE_CHANGED,
    SPACE_CLOSED,
    PLAN_OFFERED,
    SUBSCRIPTION_STARTED,
    SUBSCRIPTION_PAUSED,
    SUBSCRIPTION_RESUMED,
    SUBSCRIPTION_ENDED,
    SEAT_TAKEN,
    SEAT_QUEUED,
    SEAT_OFFERED,
    SEAT_LEFT,
    QUOTA_MOVED,
    QUOTA_SEALED,
    BOOKING_REQUESTED,
    BOOKING_CONFIRMED,
    BOOKING_REFUSED,
    BOOKING_DISPLACED,
    BOOKING_CANCELLED,
    BOOKING_EXPIRED,
    BOOKING_CHECKED_IN,
    BOOKING_MISSED,
    BOOKING_USED,
    BOOKING_DOUBTED,
    DIARY_OVERLAPPED,
    DIARY_FREED,
    DAY_COUNTED,
    OFFER_MADE,
    WISH_MADE,
    WISH_ENDED,
    CASE_OPENED,
    CASE_RESOLVED,
    FEED_CONNECTED,
    FEED_RECONCILED,
    FEED_DIED,
    FEED_RECOVERED,
    CONDUCT_STRUCK,
    CONDUCT_CLEARED,
    CONDUCT_APPEALED,
    CONDUCT_ANSWERED,
)
