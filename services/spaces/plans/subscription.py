"""A resident's subscription to a plan. Pure: no I/O, no clock; days are KST days.

    active --end at once--> ended
      |  ^--pause, resume: days without minutes, without bookings
      +--end at the cycle's end: active until that day--> ended

A seat plan's subscriber is seated or waits in line; the seat plan decides that, and ``seat`` follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.plans.cycles import CycleRule, Days, months_after
from services.spaces.plans.model import SEAT, PauseRule, Plan
from shared.aggregate import Aggregate
from shared.clock import start_of_kst_day
from shared.errors import NotFound, Refused
from shared.events import spaces as events

ACTIVE, ENDED = "active", "ended"
#: Ended pauses are kept so long, for the rule of pauses a year and for ledgers that still look at them.
PAUSES_KEPT = timedelta(days=800)
#: A pause lies in the near future, and is no way to park a subscription.
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True)
class Pause:
    """Days without minutes and bookings. ``over``: it has been said that they are."""

    days: Days
    over: bool = False


@dataclass(kw_only=True)
class Subscription(Aggregate):
    """One resident's subscription; ``members`` may book on it as well."""

    plan_id: str
    programme_id: str
    district: str
    kind: str
    resident_id: str
    cycle: CycleRule
    started: date
    requested_at: datetime
    #: The first day on which the resident may leave.
    least_until: date
    members: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    #: The first day on which it is not in force any more; None: no end in sight.
    until: date | None = None
    state: str = ACTIVE
    #: The officer who subscribed for the resident (대리 신청), or None.
    proxy: str | None = None
    #: What the seat plan says: the seat's number, and since when.
    seat: int | None = None
    seated_on: date | None = None

    @staticmethod
    def start(
        *, subscription_id: str, plan: Plan, resident_id: str, day: date, now: datetime, proxy: str | None
    ) -> Subscription:
        """Return a subscription that starts on ``day``."""
        subscription = Subscription(
            id=subscription_id,
            tenant=plan.tenant,
            plan_id=plan.id,
            programme_id=plan.programme_id,
            district=plan.district,
            kind=plan.terms.kind,
            resident_id=resident_id,
            cycle=plan.terms.cycle,
            started=day,
            requested_at=now,
            least_until=months_after(day, plan.terms.least_months),
            proxy=proxy,
        )
        subscription.say(events.SUBSCRIPTION_STARTED.fact(**subscription._named(day)))
        return subscription

    @property
    def live(self) -> str | None:
        """What no other subscription may share while this one runs: one a resident and plan."""
        return f"{self.plan_id}/{self.resident_id}" if self.state == ACTIVE else None

    @property
    def first_day(self) -> date | None:
        """The day from which minutes are granted; None while it waits for a seat."""
        return self.seated_on if self.kind == SEAT else self.started

    @property
    def due(self) -> datetime | None:
        """When it moves on by itself: a pause is over, or its end is there."""
        if self.state == ENDED:
            return None
        days = [pause.days.until for pause in self.pauses if not pause.over]
        if self.until is not None:
            days.append(self.until)
        return start_of_kst_day(min(days)) if days else None

    def cycle_around(self, day: date) -> Days:
        """Return the cycle in which ``day`` lies."""
        return self.cycle.around(self.started, day)

    def is_in_force(self, day: date) -> bool:
        """Return whether it runs on that day, paused or not."""
        return self.started <= day and (self.until is None or day < self.until)

    def pause_on(self, day: date) -> Pause | None:
        """Return the pause in which ``day`` lies, or None."""
        return next((pause for pause in self.pauses if day in pause.days), None)

    def lets_book(self, resident_id: str, day: date) -> None:
        """Raise the first rule's objection to this person's booking on that day."""
        refused = next((found for rule in BOOKING_RULES if (found := rule(self, resident_id, day))), None)
        if refused:
            raise refused

    def pause(self, days: Days, rule: PauseRule, today: date) -> None:
        """Have no minutes and no bookings on these days; raise ``Refused`` where the plan's rule objects."""
        self._must_be_active()
        if rule.most_a_year == 0:
            raise Refused("pause_not_allowed", field="pause_from", plan_id=self.plan_id)
        least = today + timedelta(days=rule.notice_days)
        if days.start < least:
            raise Refused("pause_notice_needed", field="pause_from", days=rule.notice_days, least=least.isoformat())
        if days.until - days.start > LONGEST_PAUSE or days.start > today + LONGEST_PAUSE:
            raise Refused("pause_too_long", field="pause_until", days=LONGEST_PAUSE.days)
        if not self.is_in_force(days.start):
            raise Refused("subscription_not_in_force", field="pause_from", day=days.start.isoformat())
        if any(pause.days.shared_with(days) for pause in self.pauses):
            raise Refused("pauses_overlap", field="pause_from")
        if sum(pause.days.start.year == days.start.year for pause in self.pauses) >= rule.most_a_year:
            raise Refused("too_many_pauses", field="pause_from", most=rule.most_a_year, year=days.start.year)
        kept = [pause for pause in self.pauses if pause.days.until > today - PAUSES_KEPT]
        self.pauses = tuple(sorted([*kept, Pause(days)], key=lambda pause: pause.days))
        self.say(
            events.SUBSCRIPTION_PAUSED.fact(
                **self._named(today), pause_from=days.start.isoformat(), pause_until=days.until.isoformat()
            )
        )

    def resume(self, today: date) -> None:
        """Go on from today: end the pause that runs, or call off the next one."""
        self._must_be_active()
        pause = next((one for one in self.pauses if today < one.days.until and not one.over), None)
        if pause is None:
            raise Refused("subscription_not_paused", field="subscription_id")
        others = tuple(one for one in self.pauses if one is not pause)
        if pause.days.start < today:
            others = (*others, Pause(Days(pause.days.start, today), over=True))
        self.pauses = tuple(sorted(others, key=lambda one: one.days))
        self.say(events.SUBSCRIPTION_RESUMED.fact(**self._named(today)))

    def add_member(self, resident_id: str, most: int) -> None:
        """Let somebody else book on it; raise ``Refused`` beyond the plan's number. Adding again changes nothing."""
        self._must_be_active()
        if resident_id == self.resident_id or resident_id in self.members:
            return
        if most == 0:
            raise Refused("plan_for_one_person", field="resident_id")
        if len(self.members) >= most:
            raise Refused("too_many_members", field="resident_id", most=most)
        self.members = (*self.members, resident_id)

    def remove_member(self, resident_id: str) -> None:
        """Let somebody book on it no more; what they booked stays. Raise ``NotFound`` for who is no member."""
        if resident_id not in self.members:
            raise NotFound("no_such_member", field="resident_id", id=resident_id)
        self.members = tuple(member for member in self.members if member != resident_id)

    def end(self, *, today: date, at_once: bool, must_stay: bool) -> None:
        """End today, or with the cycle; ``must_stay``: not before the months that were agreed on are over.

        An end that is planned already stays, unless this one is earlier.
        """
        self._must_be_active()
        if at_once:
            if must_stay and today < self.least_until:
                raise Refused("subscription_too_young", field="subscription_id", least=self.least_until.isoformat())
            until = today
        else:
            until = self.cycle_around(max(today, self.least_until - timedelta(days=1)) if must_stay else today).until
        self.until = until if self.until is None else min(until, self.until)
        self.pass_time(today)

    def pass_time(self, today: date) -> None:
        """Move on by itself: say that a pause is over, or end."""
        if self.state == ENDED:
            return
        if self.until is not None and self.until <= today:
            self.state, self.seat = ENDED, None
            self.say(events.SUBSCRIPTION_ENDED.fact(**self._named(self.until)))
            return
        for pause in self.pauses:
            if not pause.over and pause.days.until <= today:
                self.say(events.SUBSCRIPTION_RESUMED.fact(**self._named(pause.days.until)))
        self.pauses = tuple(
            replace(pause, over=True) if pause.days.until <= today else pause for pause in self.pauses
        )

    def note_seat(self, seat: int | None, day: date) -> None:
        """Follow the seat plan."""
        if self.state == ENDED or self.seat == seat:
            return
        self.seat = seat
        if seat is not None and self.seated_on is None:
            self.seated_on = day

    def _must_be_active(self) -> None:
        if self.state != ACTIVE:
            raise Refused("subscription_has_ended", field="subscription_id")

    def _named(self, day: date) -> dict[str, Any]:
        return {
            "subscription_id": self.id,
            "plan_id": self.plan_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "day": day.isoformat(),
        }


BookingRule = Callable[[Subscription, str, date], Refused | None]


def is_theirs(subscription: Subscription, resident_id: str, _day: date) -> Refused | None:
    """The owner books on it, and the members."""
    if resident_id == subscription.resident_id or resident_id in subscription.members:
        return None
    return Refused("not_your_subscription", field="subscription_id")


def runs_on_the_day(subscription: Subscription, _resident_id: str, day: date) -> Refused | None:
    """The day lies between its start and its end."""
    if subscription.is_in_force(day):
        return None
    return Refused("subscription_not_in_force", field="start", day=day.isoformat())


def is_not_paused(subscription: Subscription, _resident_id: str, day: date) -> Refused | None:
    """There are no bookings in a pause."""
    pause = subscription.pause_on(day)
    if pause is None:
        return None
    return Refused("subscription_is_paused", field="start", until=pause.days.until.isoformat())


def has_its_seat(subscription: Subscription, _resident_id: str, day: date) -> Refused | None:
    """Who waits for a seat has no minutes yet."""
    if subscription.first_day is not None and subscription.first_day <= day:
        return None
    return Refused("seat_not_yet", field="subscription_id")


BOOKING_RULES: tuple[BookingRule, ...] = (is_theirs, runs_on_the_day, is_not_paused, has_its_seat)
