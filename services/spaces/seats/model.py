"""The seats of one plan (입주형) and the line before them. Pure: no I/O, no clock; time and ids come in.

    (comes) --a seat is free--> seated --leaves--> (gone): the first in line follows in the same write
       +--none is--> in line --seated, promoted
                        +--offered until ... --accepts--> seated, promoted
                                 +--declines, or lets it lapse--> in line, last

A subscriber is seated or in line, never both. The line is ordered by when each asked for the seat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.spaces.plans.model import AT_ONCE
from shared.aggregate import Aggregate
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.events import spaces as events

#: People in one line; a longer one is no promise any more.
MOST_WAITING = 300


@dataclass(frozen=True)
class Occupant:
    """Whose a seat is."""

    seat: int
    subscription_id: str
    resident_id: str


@dataclass(frozen=True)
class Waiter:
    """Who waits, since when; ``offered_until`` while a free seat is kept for them."""

    subscription_id: str
    resident_id: str
    since: datetime
    offered_until: datetime | None = None


@dataclass(kw_only=True)
class SeatPlan(Aggregate):
    """One plan's seats. Its id is the plan's."""

    programme_id: str
    district: str
    seats: int
    promote: str
    offer_hours: int
    #: The version of the plan whose terms these are.
    plan_version: int
    occupants: tuple[Occupant, ...] = ()
    line: tuple[Waiter, ...] = ()

    @property
    def free(self) -> int:
        """Seats that are neither taken nor offered; below 0 when the plan gave up seats that are taken."""
        return self.seats - len(self.occupants) - sum(waiter.offered_until is not None for waiter in self.line)

    @property
    def due(self) -> datetime | None:
        """When the first offer lapses."""
        return min((one.offered_until for one in self.line if one.offered_until is not None), default=None)

    def seat_of(self, subscription_id: str) -> int | None:
        """Return the number of their seat, or None."""
        return next((one.seat for one in self.occupants if one.subscription_id == subscription_id), None)

    def place_of(self, subscription_id: str) -> int | None:
        """Return their place in line, from 1, or None."""
        places = enumerate(self.line, start=1)
        return next((place for place, one in places if one.subscription_id == subscription_id), None)

    def take(self, subscription_id: str, resident_id: str, asked_at: datetime, now: datetime) -> None:
        """Take a free seat, or a place in line. Whoever is here already stays where they are."""
        if self.seat_of(subscription_id) is not None or self.place_of(subscription_id) is not None:
            return
        newcomer = Waiter(subscription_id, resident_id, asked_at)
        if self.free > 0:
            self._seat(newcomer, now, promoted=False)
            return
        self._queue(newcomer)
        self._say_waits(newcomer, now)

    def leave(self, subscription_id: str, now: datetime) -> None:
        """Give the seat, or the place in line, back; who is first in line follows at once. Safe to repeat."""
        leaver = next((one for one in self.occupants if one.subscription_id == subscription_id), None)
        self.occupants = tuple(one for one in self.occupants if one.subscription_id != subscription_id)
        self.line = tuple(one for one in self.line if one.subscription_id != subscription_id)
        if leaver is not None:
            self.say(events.SEAT_LEFT.fact(**self._named(leaver.subscription_id, leaver.resident_id, now)))
        self._fill(now)

    def follow(self, *, seats: int, promote: str, offer_hours: int, plan_version: int, now: datetime) -> None:
        """Have as many seats as the plan says now; nobody who is seated loses a seat. An older plan changes nothing."""
        if plan_version <= self.plan_version:
            return
        self.seats, self.promote, self.offer_hours = seats, promote, offer_hours
        self.plan_version = plan_version
        asked = [one for one in self.line if one.offered_until is not None]
        while self.free < 0 and asked:
            # The seat that was offered is gone: the last who was asked waits on, in the same place.
            waiter = asked.pop()
            self._swap(waiter, replace(waiter, offered_until=None))
        self._fill(now)

    def accept(self, subscription_id: str, now: datetime) -> None:
        """Take the seat that was offered; raise ``Refused`` without an offer, or too late."""
        waiter = self._offered(subscription_id)
        if waiter.offered_until is not None and now >= waiter.offered_until:
            raise Refused("seat_offer_lapsed", field="subscription_id", until=iso(waiter.offered_until))
        self._drop(waiter)
        self._seat(waiter, now, promoted=True)

    def decline(self, subscription_id: str, now: datetime) -> None:
        """Let the next in line have the seat that was offered, and wait on, last in line."""
        self._back(self._offered(subscription_id), now)
        self._fill(now)

    def lapse(self, now: datetime) -> None:
        """Offer seats on that nobody answered for in time."""
        late = [one for one in self.line if one.offered_until is not None and one.offered_until <= now]
        for waiter in late:
            self._back(waiter, now)
        self._fill(now)

    def _offered(self, subscription_id: str) -> Waiter:
        for waiter in self.line:
            if waiter.subscription_id == subscription_id and waiter.offered_until is not None:
                return waiter
        raise Refused("no_seat_offer", field="subscription_id")

    def _fill(self, now: datetime) -> None:
        """Give, or offer, every free seat to the first in line."""
        while self.free > 0:
            first = next((one for one in self.line if one.offered_until is None), None)
            if first is None:
                return
            if self.promote == AT_ONCE:
                self._drop(first)
                self._seat(first, now, promoted=True)
            else:
                asked = replace(first, offered_until=now + timedelta(hours=self.offer_hours))
                self._swap(first, asked)
                self._say_waits(asked, now)

    def _seat(self, waiter: Waiter, now: datetime, *, promoted: bool) -> None:
        taken = {one.seat for one in self.occupants}
        seat = next(number for number in range(1, self.seats + 1) if number not in taken)
        self.occupants = (*self.occupants, Occupant(seat, waiter.subscription_id, waiter.resident_id))
        named = self._named(waiter.subscription_id, waiter.resident_id, now)
        self.say(events.SEAT_TAKEN.fact(**named, seat=seat, promoted=promoted))

    def _queue(self, waiter: Waiter) -> None:
        # Of those who asked in the same instant, who came first stays first.
        self.line = tuple(sorted((*self.line, waiter), key=lambda one: one.since))

    def _swap(self, waiter: Waiter, by: Waiter) -> None:
        self.line = tuple(by if one == waiter else one for one in self.line)

    def _back(self, waiter: Waiter, now: datetime) -> None:
        self._drop(waiter)
        self._queue(replace(waiter, since=now, offered_until=None))

    def _drop(self, waiter: Waiter) -> None:
        self.line = tuple(one for one in self.line if one != waiter)

    def _say_waits(self, waiter: Waiter, now: datetime) -> None:
        named = self._named(waiter.subscription_id, waiter.resident_id, now)
        if waiter.offered_until is None:
            self.say(events.SEAT_QUEUED.fact(**named, place_in_line=self.place_of(waiter.subscription_id)))
        else:
            self.say(events.SEAT_OFFERED.fact(**named, until=iso(waiter.offered_until)))

    def _named(self, subscription_id: str, resident_id: str, now: datetime) -> dict[str, Any]:
        return {
            "plan_id": self.id,
            "programme_id": self.programme_id,
            "district": self.district,
            "subscription_id": subscription_id,
            "resident_id": resident_id,
            "day": kst_day(now).isoformat(),
        }
