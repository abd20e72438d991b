"""A conflict between a booking and its facility. Pure: no I/O, no clock, no framework; time and ids come in.

                     +--kept (the facility removes its own entry)--> resolved
    open, facility --+--displaced, or its deadline--> open, resident --+--> alternative_taken | declined
    open, resident ----------------------------------------^           +--> deadline_passed | displaced (nothing to choose)
    (either) --the booking ended by itself--> resolved (booking_ended)

Whose turn it is, is the case's ``owner``: the facility (or an officer, where it has no host) while it may still decide;
the resident from the moment the booking is to be displaced. ``next_step`` looks at both and says what is missing: any
order, any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.spaces.bookings.model import ACTIVE, DISPLACED, Booking
from services.spaces.spans import Span
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces as events

OPEN, RESOLVED = "open", "resolved"
FACILITY, RESIDENT, OFFICER = "facility", "resident", "officer"
BY_DISPLACEMENT, KEPT, ALTERNATIVE_TAKEN, DECLINED, DEADLINE_PASSED, BOOKING_ENDED = events.RESOLUTIONS
#: Differences that no calendar has: the facility is not open then (any more), or takes no bookings at all.
HOURS, SPACE_CLOSED = "hours", "space_closed"
#: In the words of ``booking.displaced``; any other difference: its calendar.
REASONS = {
    HOURS: "hours",
    SPACE_CLOSED: "space_closed",
    "ours_removed_by_them": "removed_by_facility",
    "ours_changed_by_them": "moved_by_facility",
}
#: What the bookings' own reason says of a case that nobody opened before.
DIFFERENCES = {
    "hours": HOURS,
    "space_closed": SPACE_CLOSED,
    "removed_by_facility": "ours_removed_by_them",
    "moved_by_facility": "ours_changed_by_them",
}
#: Notes of what happened that a case keeps.
MOST_NOTES = 30
#: A resident has at least so long to choose, even when the span has begun.
LEAST_TO_CHOOSE = timedelta(hours=1)
#: What ``next_step`` may say.
DISPLACE, HAND_OVER, END, NOTHING_TO_CHOOSE = "displace", "hand_over", "end", "nothing_to_choose"


@dataclass(frozen=True)
class Alternative:
    """Another space within a walk, free as long; ``metres`` from the space that was booked."""

    space_id: str
    span: Span
    metres: int
    walk_minutes: int

    def told(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "space_id": self.space_id,
            "start": iso(self.span.start),
            "end": iso(self.span.end),
            "metres": self.metres,
            "walk_minutes": self.walk_minutes,
        }


@dataclass(frozen=True)
class Note:
    """What happened in a case: a resolution, ``opened`` or ``handed_over``; by whom ("" is ourselves)."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True)
class Cause:
    """What the conflict is: the difference by its name, and the facility's entry if one lies over the booking."""

    difference: str
    entry_id: str = ""


@dataclass(kw_only=True)
class Case(Aggregate):
    """One booking's conflict. Its id is ``cas-<booking>``: one at a time, and opened again when another comes."""

    booking_id: str
    resident_id: str
    space_id: str
    facility_id: str
    district: str
    span: Span
    subscription_id: str | None = None
    cause: Cause
    owner: str
    opened_at: datetime
    deadline: datetime
    alternatives: tuple[Alternative, ...] = ()
    state: str = OPEN
    resolution: str | None = None
    resolved_by: str = ""
    resolved_at: datetime | None = None
    new_booking_id: str | None = None
    #: Why the booking is displaced, in the words of ``booking.displaced``.
    reason: str = "calendar"
    history: tuple[Note, ...] = ()

    @staticmethod
    def id_of(booking_id: str) -> str:
        """Return the id of a booking's case."""
        return f"cas-{booking_id}"

    @staticmethod
    def of(
        booking: Booking,
        cause: Cause,
        *,
        owner: str,
        minutes: int,
        alternatives: tuple[Alternative, ...],
        now: datetime,
    ) -> Case:
        """Return a booking's case, opened; ``minutes`` is how long its owner has, at most until the span begins."""
        case = Case(
            id=Case.id_of(booking.id),
            tenant=booking.tenant,
            booking_id=booking.id,
            resident_id=booking.resident_id,
            space_id=booking.taken.space_id,
            facility_id=booking.taken.facility_id,
            district=booking.taken.district,
            span=booking.span,
            subscription_id=None if booking.paid is None else booking.paid.subscription_id,
            cause=cause,
            owner=owner,
            opened_at=now,
            deadline=now,
        )
        case._open(cause, owner, minutes, alternatives, now)
        return case

    @property
    def due(self) -> datetime | None:
        """When it is decided by itself."""
        return self.deadline if self.state == OPEN else None

    def takes(self, cause: Cause, owner: str) -> bool:
        """Return whether it is opened again by this conflict: after another was kept, or to take the choice away.

        The same one again changes nothing: what was kept stays kept, and whoever was asked has the time they were given.
        """
        same = cause == self.cause or (cause.difference == self.cause.difference and not cause.entry_id)
        takes_over = self.state == OPEN and self.owner != RESIDENT and owner == RESIDENT
        reopens = self.state == RESOLVED and self.resolution == KEPT
        return not same and (takes_over or reopens)

    def open_again(
        self, cause: Cause, *, owner: str, minutes: int, alternatives: tuple[Alternative, ...], now: datetime
    ) -> None:
        """Another conflict came."""
        if self.takes(cause, owner):
            self._open(cause, owner, minutes, alternatives, now)

    def hand_over(
        self, by: str, reason: str, *, minutes: int, alternatives: tuple[Alternative, ...], now: datetime
    ) -> None:
        """The facility has the span; from now on the resident chooses among the alternatives."""
        if self.state != OPEN or self.owner == RESIDENT:
            return
        self._note(now, by, "handed_over")
        self._ask(RESIDENT, reason, minutes, alternatives, now)

    def keep(self, by: str, now: datetime) -> None:
        """The booking stays: the facility gives way, and removes its own entry."""
        self.must_be_the_facility_s()
        self._resolve(KEPT, by, now)

    def take(self, new_booking_id: str, by: str, now: datetime) -> None:
        """The resident booked one of the alternatives instead."""
        if self.state == OPEN:
            self._resolve(ALTERNATIVE_TAKEN, by, now, new_booking_id)

    def decline(self, by: str, now: datetime) -> None:
        """The resident wants none of them."""
        self.must_be_the_resident_s()
        self._resolve(DECLINED, by, now)

    def end(self, resolution: str, now: datetime) -> None:
        """It came to its end by itself."""
        if self.state == OPEN:
            self._resolve(resolution, "", now)

    def must_be_the_facility_s(self) -> None:
        """Raise ``Refused`` unless the facility may decide."""
        self._must_be_open()
        if self.owner == RESIDENT:
            raise Refused("case_is_the_resident_s", field="case_id")

    def must_be_the_resident_s(self) -> None:
        """Raise ``Refused`` unless the resident may choose."""
        self._must_be_open()
        if self.owner != RESIDENT:
            raise Refused("case_waits_for_facility", field="case_id", deadline=iso(self.deadline))

    def alternative(self, space_id: str, start: datetime, end: datetime) -> Alternative:
        """Return the alternative; raise ``Refused`` ``not_an_alternative``."""
        for one in self.alternatives:
            if (one.space_id, one.span.start, one.span.end) == (space_id, start, end):
                return one
        raise Refused("not_an_alternative", field="space_id")

    def named(self) -> dict[str, Any]:
        """Return what every fact about it carries."""
        return {
            "case_id": self.id,
            "booking_id": self.booking_id,
            "resident_id": self.resident_id,
            "space_id": self.space_id,
            "facility_id": self.facility_id,
            "district": self.district,
        }

    def _open(
        self, cause: Cause, owner: str, minutes: int, alternatives: tuple[Alternative, ...], now: datetime
    ) -> None:
        self.cause, self.state, self.opened_at = cause, OPEN, now
        self.resolution, self.resolved_by, self.resolved_at = None, "", None
        self._note(now, "", "opened")
        self._ask(owner, REASONS.get(cause.difference, "calendar"), minutes, alternatives, now)

    def _ask(
        self, owner: str, reason: str, minutes: int, alternatives: tuple[Alternative, ...], now: datetime
    ) -> None:
        last = self.span.start if owner != RESIDENT else max(self.span.start, now + LEAST_TO_CHOOSE)
        self.owner, self.reason, self.alternatives = owner, reason, alternatives
        self.deadline = max(now, min(now + timedelta(minutes=minutes), last))
        self.say(
            events.CASE_OPENED.fact(
                **self.named(),
                owner=owner,
                difference=self.cause.difference,
                deadline=iso(self.deadline),
                alternatives=[one.told() for one in alternatives],
            )
        )

    def _resolve(self, resolution: str, by: str, now: datetime, new_booking_id: str | None = None) -> None:
        self.state, self.resolution, self.resolved_by, self.resolved_at = RESOLVED, resolution, by, now
        self.new_booking_id = new_booking_id
        self._note(now, by, resolution)
        self.say(
            events.CASE_RESOLVED.fact(**self.named(), resolution=resolution, new_booking_id=new_booking_id)
        )

    def _note(self, now: datetime, by: str, what: str) -> None:
        self.history = (*self.history, Note(now, by, what))[-MOST_NOTES:]

    def _must_be_open(self) -> None:
        if self.state != OPEN:
            raise Refused("case_is_resolved", field="case_id", resolution=self.resolution)


def next_step(case: Case, booking: Booking) -> str | None:
    """Return what is missing before the case and its booking agree, or None.

    A resident may have answered before the booking is displaced: it is displaced all the same.
    """
    if booking.state in ACTIVE:
        return DISPLACE if case.owner == RESIDENT else None
    if case.state != OPEN:
        return None
    if booking.state != DISPLACED:
        return END
    if case.owner != RESIDENT:
        return HAND_OVER
    return None if case.alternatives else NOTHING_TO_CHOOSE
