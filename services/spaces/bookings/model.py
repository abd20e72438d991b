"""A booking, from the request to the use. Pure: no I/O, no clock, no framework; time and ids come in.

    (requested) --instant--> confirmed --+--> checked_in --> used
         |                     ^   |  |  +--> missed (노쇼)
         +--approval--> awaiting   |  +-----> displaced (시설 사정 취소)
                        |  |  |    +--------> cancelled
                        |  |  +--> refused | expired
                        +--+-----> cancelled | displaced

A booking decides only about itself. Whether the span is free is the diary's to say, whether minutes are left the
ledger's: both are held before the booking is made, and follow it afterwards (``wants_span``, ``charge``).
An ended booking never comes back, so a claim or a charge that was given back stays given back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.diary.model import BOOKING, Claim
from services.spaces.spans import Span
from shared.aggregate import Aggregate
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.events import spaces as events

AWAITING, CONFIRMED, CHECKED_IN = "awaiting", "confirmed", "checked_in"
REFUSED, EXPIRED, DISPLACED, CANCELLED, MISSED, USED = (
    "refused",
    "expired",
    "displaced",
    "cancelled",
    "missed",
    "used",
)
#: States in which the span is the booker's.
ACTIVE = frozenset({AWAITING, CONFIRMED, CHECKED_IN})
STATES = (AWAITING, CONFIRMED, CHECKED_IN, REFUSED, EXPIRED, DISPLACED, CANCELLED, MISSED, USED)
INSTANT, APPROVAL = "instant", "approval"
#: A code of six digits is guessed in a million tries, not in five.
MOST_WRONG_CODES = 5
#: Who answers a request: the facility's calendar (free there, and written there), or a person.
BY_CALENDAR, BY_PERSON = "calendar", "person"


@dataclass(frozen=True)
class Charge:
    """What a ledger counts for a booking: ``held`` while it waits, ``consumed`` afterwards; minutes."""

    held: int = 0
    consumed: int = 0


@dataclass(frozen=True)
class Rule:
    """What giving back costs, as it was shown before the act; kept with the booking, whatever the facility changes later.

    Until ``free_until`` minutes before the start everything returns; after that ``forfeit_percent`` of the minutes,
    rounded up, is forfeit. A no-show forfeits everything.
    """

    free_until: int = 60
    forfeit_percent: int = 50

    def forfeit(self, span: Span, now: datetime) -> int:
        """Return the minutes that giving the span back at ``now`` costs."""
        if now <= span.start - timedelta(minutes=self.free_until):
            return 0
        return -(-span.minutes * self.forfeit_percent // 100)


@dataclass(frozen=True)
class CheckIn:
    """Whether somebody must say that they came: from ``opens`` minutes before the start until ``grace`` after it."""

    needed: bool = False
    opens: int = 15
    grace: int = 15


@dataclass(frozen=True)
class CalendarMark:
    """What the facility's calendar has of us: the base of the three-way diff for our own entries.

    ``hash`` "" says that nothing of us is there (any more); ``sequence`` is the SEQUENCE last written (RFC 5545 3.8.7.4).
    """

    feed_id: str
    hash: str = ""
    href: str = ""
    etag: str = ""
    sequence: int = -1


@dataclass(frozen=True)
class Taken:
    """The space as it was when it was booked: what the diary and the figures need of it."""

    space_id: str
    facility_id: str
    root_id: str
    district: str
    programme_id: str
    parts: tuple[str, ...]
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Paid:
    """Which ledger it is charged to; minutes of one cycle of one subscription."""

    subscription_id: str
    plan_id: str
    ledger_id: str


@dataclass(kw_only=True)
class Booking(Aggregate):
    """One span of one space for one resident."""

    resident_id: str
    taken: Taken
    span: Span
    mode: str
    approver: str
    rule: Rule
    check_in_rule: CheckIn
    requested_at: datetime
    #: The act that made it; its holds carry the same name.
    act_id: str
    state: str = AWAITING
    #: Until when an answer to a request is due.
    awaits: datetime | None = None
    paid: Paid | None = None
    series_id: str | None = None
    #: The booking that a facility took back and this one replaces; it was never charged.
    instead_of: str | None = None
    #: Why and by whom it ended, in the words of the contracts.
    reason: str | None = None
    #: Minutes forfeit, once it has ended.
    charged: int = 0
    checked_in_at: datetime | None = None
    #: The officer or host who acted for the resident (대리 신청), or None.
    proxy: str | None = None
    #: What readers of a calendar see change; RFC 5545 SEQUENCE.
    sequence: int = 0
    calendar: CalendarMark | None = None
    #: Wrong codes given at check-in; after ``MOST_WRONG_CODES`` only staff can check it in.
    wrong_codes: int = 0
    #: The facility's calendar has been silent since; None while it can be vouched for.
    doubted_since: datetime | None = None

    @staticmethod
    def request(**known: Any) -> Booking:
        """Return a booking that was asked for; in mode ``instant`` it is confirmed at once."""
        booking = Booking(**known)
        booking.say(
            events.BOOKING_REQUESTED.fact(
                **booking.named(),
                mode=booking.mode,
                series_id=booking.series_id,
                awaits=None if booking.awaits is None else iso(booking.awaits),
            )
        )
        if booking.mode == INSTANT:
            booking.confirm()
        return booking

    @property
    def uid(self) -> str:
        """Its UID in every calendar, stable for ever (RFC 5545 3.8.4.7)."""
        return f"{self.id}@sipbun"

    @property
    def wants_span(self) -> bool:
        """Whether the diary should have its claim; a span that was used stays used."""
        return self.state in ACTIVE or self.state == USED

    @property
    def charge(self) -> Charge:
        """What the ledger should count for it."""
        if self.state == AWAITING:
            return Charge(held=self.span.minutes)
        if self.state in (CONFIRMED, CHECKED_IN):
            return Charge(consumed=self.span.minutes)
        return Charge(consumed=self.charged)

    @property
    def claim(self) -> Claim:
        """Its claim in the diary, settled."""
        taken = self.taken
        return Claim(
            id=self.id,
            kind=BOOKING,
            space_id=taken.space_id,
            parts=taken.parts,
            span=self.span,
            before=taken.before,
            after=taken.after,
            act_id=self.act_id,
        )

    @property
    def days(self) -> tuple[date, ...]:
        """The KST days whose diaries it is in, buffers included."""
        return self.claim.padded.days

    @property
    def due(self) -> datetime | None:
        """When it moves on by itself: an answer overdue, nobody came, or the span is over."""
        if self.state == AWAITING:
            return self.span.start if self.awaits is None else min(self.awaits, self.span.start)
        if self.state == CONFIRMED and self.check_in_rule.needed:
            return min(self.span.start + timedelta(minutes=self.check_in_rule.grace), self.span.end)
        return self.span.end if self.state in (CONFIRMED, CHECKED_IN) else None

    @property
    def in_calendar(self) -> bool:
        """Whether the facility's calendar should show it."""
        return self.state in ACTIVE

    @property
    def watch(self) -> str | None:
        """The feed that must look at it: it should be in that calendar, or still is."""
        if self.calendar is None:
            return None
        return self.calendar.feed_id if self.in_calendar or self.calendar.hash else None

    def confirm(self) -> None:
        """The span is theirs."""
        self._must_be(AWAITING)
        self.state, self.awaits = CONFIRMED, None
        self.say(events.BOOKING_CONFIRMED.fact(**self.named()))

    def refuse(self, reason: str) -> None:
        """The facility says no; nothing is charged."""
        self._must_be(AWAITING)
        self._end(REFUSED, reason)
        self.say(events.BOOKING_REFUSED.fact(**self.named(), reason=reason))

    def displace(self, reason: str) -> None:
        """The facility takes the span back (시설 사정 취소): nothing is charged."""
        self._must_be(AWAITING, CONFIRMED, CHECKED_IN)
        was_confirmed = self.state != AWAITING
        self._end(DISPLACED, reason)
        self.say(
            events.BOOKING_DISPLACED.fact(**self.named(), reason=reason, was_confirmed=was_confirmed, charged=0)
        )

    def cancel(self, by: str, now: datetime) -> None:
        """Give it back, for one of ``events.CANCELLED_BY``; only the resident's own late word forfeits minutes."""
        self._must_be(AWAITING, CONFIRMED)
        if now >= self.span.start:
            raise Refused("booking_has_begun", field="booking_id", start=iso(self.span.start))
        was_confirmed = self.state == CONFIRMED
        charged = self.rule.forfeit(self.span, now) if was_confirmed and by == "resident" else 0
        self._end(CANCELLED, by, charged)
        self.say(
            events.BOOKING_CANCELLED.fact(**self.named(), by=by, was_confirmed=was_confirmed, charged=charged)
        )

    def check_in(self, way: str, now: datetime) -> None:
        """Somebody came; doing it again changes nothing."""
        if self.state == CHECKED_IN:
            return
        self._must_be(CONFIRMED)
        opens = self.span.start - timedelta(minutes=self.check_in_rule.opens)
        if now < opens:
            raise Refused("check_in_too_early", field="booking_id", opens=iso(opens))
        due = self.due
        if due is not None and now >= due:
            raise Refused("check_in_too_late", field="booking_id", closed=iso(due))
        self.state, self.checked_in_at = CHECKED_IN, now
        self.say(events.BOOKING_CHECKED_IN.fact(**self.named(), way=way))

    def note_wrong_code(self) -> None:
        """Count a wrong code; after ``MOST_WRONG_CODES`` only staff can check in."""
        self._must_be(CONFIRMED)
        self.wrong_codes += 1

    def pass_time(self, now: datetime) -> None:
        """Move on by itself when its time has come."""
        due = self.due
        if due is None or now < due:
            return
        if self.state == AWAITING:
            self._end(EXPIRED, None)
            self.say(events.BOOKING_EXPIRED.fact(**self.named()))
        elif self.state == CONFIRMED and self.check_in_rule.needed:
            self._end(MISSED, None, self.span.minutes)
            self.say(events.BOOKING_MISSED.fact(**self.named(), charged=self.charged))
        else:
            self._end(USED, None, self.span.minutes)
            self.say(events.BOOKING_USED.fact(**self.named(), charged=self.charged))

    def correct_missed(self) -> None:
        """A no-show that was none (excuse accepted): the minutes return; the record is conduct's."""
        self._must_be(MISSED)
        self.charged = 0

    def doubt(self, since: datetime) -> bool:
        """The facility's calendar is silent since then; say it once an outage. Return whether it was said now."""
        if self.state not in ACTIVE or self.doubted_since == since:
            return False
        self.doubted_since = since
        self.say(events.BOOKING_DOUBTED.fact(**self.named(), silent_since=iso(since)))
        return True

    def note_calendar(self, mark: CalendarMark) -> None:
        """Note what the facility's calendar has of us now."""
        self.calendar = mark

    def written(self, *, hash_: str, href: str, etag: str) -> None:
        """Note that the facility's calendar shows the booking as it is now."""
        if self.calendar is not None:
            self.calendar = replace(self.calendar, hash=hash_, href=href, etag=etag, sequence=self.sequence)

    def named(self) -> dict[str, Any]:
        """Return what every fact about it carries."""
        taken = self.taken
        return {
            "booking_id": self.id,
            "space_id": taken.space_id,
            "facility_id": taken.facility_id,
            "root_id": taken.root_id,
            "district": taken.district,
            "programme_id": taken.programme_id,
            "resident_id": self.resident_id,
            "subscription_id": None if self.paid is None else self.paid.subscription_id,
            "plan_id": None if self.paid is None else self.paid.plan_id,
            "start": iso(self.span.start),
            "end": iso(self.span.end),
            "minutes": self.span.minutes,
            "day": kst_day(self.span.start).isoformat(),
        }

    def _end(self, state: str, reason: str | None, charged: int = 0) -> None:
        self.state, self.reason, self.charged = state, reason, charged
        self.awaits, self.sequence = None, self.sequence + 1

    def _must_be(self, *states: str) -> None:
        if self.state not in states:
            raise Refused("booking_is_" + self.state, field="booking_id", state=self.state)
