"""The minutes of one subscription in one cycle. Pure: no I/O, no clock; time and ids come in.

    (open) --grant, carry--> hold --consume--> ... --return--> sealed: unused minutes carried (to a cap) or expired
                               +--release

    available = granted + carried + returned - expired - (held + consumed of every line)

Every change is said as ``quota.moved``, and the sums are what folding those facts gives: grant, carry and release raise
what is available, hold and expire lower it; consume turns held minutes into used ones; return gives used ones back,
here or, after the sealing, in the ledger of the cycle that then runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.bookings.model import Charge
from services.spaces.plans.cycles import Days, granted
from services.spaces.plans.model import Plan
from services.spaces.plans.subscription import Subscription
from services.spaces.quota.lines import NOT_MADE, Line, Owed
from shared.aggregate import Aggregate
from shared.clock import start_of_kst_day
from shared.errors import Refused
from shared.events import spaces as events

#: How long a cycle stays open after its last day, for what was used on it to be counted.
GRACE = timedelta(days=1)
#: Bookings of one ledger, those given back included: more says that something books and cancels in a loop.
MOST_LINES = 600


@dataclass(kw_only=True)
class QuotaLedger(Aggregate):
    """One cycle of one subscription. Its id is ``subscription:first day``; what it grants was fixed when it opened."""

    subscription_id: str
    plan_id: str
    district: str
    cycle: Days
    next_id: str
    included: int
    rollover_cap: int
    #: No ledger comes before it, so nothing is carried into it.
    first: bool
    opened_at: datetime
    granted: int = 0
    carried: int = 0
    #: Minutes that came back from sealed ledgers, by what they came back for.
    received: dict[str, int] = field(default_factory=dict)
    expired: int = 0
    #: Passed on to the next ledger by the sealing, and handed to others after it.
    carried_out: int = 0
    handed_out: int = 0
    lines: dict[str, Line] = field(default_factory=dict)
    owed: tuple[Owed, ...] = ()
    carried_from: str | None = None
    #: The subscription ended on this day: nothing new is held.
    closed_on: date | None = None
    #: It has followed its subscription since it was opened.
    followed: bool = False
    sealed: bool = False

    @staticmethod
    def id_of(subscription_id: str, cycle: Days) -> str:
        """Return the id of this cycle's ledger."""
        return f"{subscription_id}:{cycle.start.isoformat()}"

    @staticmethod
    def open(subscription: Subscription, plan: Plan, cycle: Days, now: datetime) -> QuotaLedger:
        """Return the ledger of a cycle with its grant, on the plan's terms of today."""
        included, first = plan.terms.included_minutes, subscription.first_day
        ledger = QuotaLedger(
            id=QuotaLedger.id_of(subscription.id, cycle),
            tenant=subscription.tenant,
            subscription_id=subscription.id,
            plan_id=plan.id,
            district=subscription.district,
            cycle=cycle,
            next_id=QuotaLedger.id_of(subscription.id, subscription.cycle_around(cycle.until)),
            included=included,
            rollover_cap=plan.terms.rollover_cap,
            first=first is None or cycle.start <= first,
            opened_at=now,
            granted=worth(subscription, cycle, included),
        )
        if ledger.granted:
            ledger._say("grant", ledger.granted)
        return ledger

    @property
    def held(self) -> int:
        """Minutes of bookings that wait, and of acts under way."""
        return sum(line.held for line in self.lines.values())

    @property
    def consumed(self) -> int:
        """Minutes of bookings that are made, used or forfeit."""
        return sum(line.consumed for line in self.lines.values())

    @property
    def returned(self) -> int:
        """Minutes that came back from sealed ledgers."""
        return sum(self.received.values())

    @property
    def net(self) -> int:
        """Minutes in, less minutes out: what is available, and below 0 only where a charge came without its hold."""
        came = self.granted + self.carried + self.returned
        return came - self.expired - self.carried_out - self.handed_out - self.held - self.consumed

    @property
    def available(self) -> int:
        """Minutes that can still be held."""
        return max(0, self.net)

    @property
    def holds_due(self) -> datetime | None:
        """When the first hold of an act under way runs out."""
        return min((line.deadline for line in self.lines.values() if line.deadline is not None), default=None)

    @property
    def due(self) -> datetime | None:
        """When it moves on by itself; None while it waits for an open hold, or for what is carried into it."""
        if self.owed or not self.followed:
            return self.opened_at
        if self.sealed or self.held or not (self.first or self.carried_from is not None):
            return None
        last = self.cycle.until if self.closed_on is None else min(self.cycle.until, self.closed_on)
        return start_of_kst_day(max(last, self.cycle.start)) + GRACE

    def follow(self, grant: int, closed_on: date | None) -> None:
        """Grant what the subscription is worth in this cycle as it is now, and hold nothing more once it has ended.

        Minutes that are booked already stay granted. Safe to repeat; a sealed ledger stays as it is.
        """
        self.followed = True
        if self.sealed:
            return
        self.closed_on = closed_on
        now = self.granted - self.expired
        if grant > now:
            self.granted += grant - now
            self._say("grant", grant - now)
        elif grant < now:
            self._expire(min(now - grant, self.available))

    def take_carry(self, from_id: str, minutes: int) -> None:
        """Get what the ledger before left over, once."""
        if self.carried_from is not None:
            return
        self.carried_from = from_id
        if minutes:
            self.carried += minutes
            self._say("carry", minutes)

    def hold(self, line: Line) -> None:
        """Set minutes aside for an act under way.

        A repeat by the same act only moves the deadline. Raises ``Refused``: ``quota_exceeded``, ``cycle_is_over``,
        ``subscription_has_ended``, ``too_many_charges``, ``id_taken`` when another act has this booking, or
        ``act_id_reused`` when the same act asks for other minutes.
        """
        known = self.lines.get(line.booking_id)
        if known is not None:
            self._hold_again(known, line)
            return
        if self.sealed:
            raise Refused("cycle_is_over", field="start", until=self.cycle.until.isoformat())
        if self.closed_on is not None:
            raise Refused("subscription_has_ended", field="subscription_id")
        if len(self.lines) >= MOST_LINES:
            raise Refused("too_many_charges", field="subscription_id", most=MOST_LINES)
        if line.held > self.available:
            raise Refused("quota_exceeded", field="end", needs=line.held, balance=self.available)
        self.lines[line.booking_id] = line
        self._say("hold", line.held, line.booking_id)

    def release(self, booking_id: str, act_id: str, *, impossible: bool = False) -> None:
        """Give a hold back whose booking was not made by this try.

        Another try of the same act may still be under way; ``impossible`` says that none can be done any more.
        A hold whose booking is made, or which another act has, stays.
        """
        line = self.lines.get(booking_id)
        if line is None or line.act_id != act_id or line.version != NOT_MADE:
            return
        if line.tries > 1 and not impossible:
            self.lines[booking_id] = replace(line, tries=line.tries - 1)
            return
        del self.lines[booking_id]
        self._say("release", line.held, booking_id)

    def settle(self, booking_id: str, charge: Charge, version: int, home: str | None) -> str | None:
        """Count exactly this charge for the booking, unless a later version of it has been counted.

        After the sealing the difference goes to the ledger ``home``, or expires when that is None. Returns what is wrong
        and worth an alarm, or None.
        """
        line = self.lines.get(booking_id)
        wrong = None
        if line is None:
            if self.sealed or charge == Charge():
                return None if charge == Charge() else "charge_after_sealing"
            line, wrong = Line(booking_id), "charge_without_hold"
        if version < line.version:
            return None
        if self.sealed:
            return self._settle_late(line, charge.held + charge.consumed, version, home)
        self._count(line, charge, version)
        return wrong if self.net >= 0 else "quota_overdrawn"

    def seal(self, *, goes_on: bool) -> None:
        """End the cycle: what is left is carried, up to the cap, if the subscription goes on; the rest expires."""
        unused = self.available
        carry = min(unused, self.rollover_cap) if goes_on and self.closed_on is None else 0
        self._expire(unused - carry)
        self.carried_out, self.sealed = carry, True
        # A booking that is counted with nothing has ended, and never costs anything again.
        self.lines = {line.booking_id: line for line in self.lines.values() if line.minutes}
        self.say(
            events.QUOTA_SEALED.fact(
                ledger_id=self.id,
                subscription_id=self.subscription_id,
                plan_id=self.plan_id,
                district=self.district,
                next_ledger_id=self.next_id,
                carry=carry,
                expired=unused - carry,
            )
        )

    def is_ripe(self, now: datetime) -> bool:
        """Return whether it can be sealed."""
        return not self.sealed and self.followed and self.due is not None and self.due <= now

    def receive(self, key: str, booking_id: str, minutes: int) -> bool:
        """Get minutes that came back to a sealed ledger, once a key; False when this one is sealed too."""
        if key in self.received:
            return True
        if self.sealed:
            return False
        self.received[key] = minutes
        self._say("return", minutes, booking_id)
        return True

    def forget_owed(self, owed: Owed) -> None:
        """Forget minutes that have arrived."""
        self.owed = tuple(one for one in self.owed if one != owed)

    def redirect(self, owed: Owed, home: str | None) -> None:
        """Send minutes elsewhere: the ledger they were for was sealed before they came."""
        if owed not in self.owed:
            return
        self.forget_owed(owed)
        self.handed_out -= owed.minutes
        self._hand(owed.booking_id, owed.version, owed.minutes, home)

    def _settle_late(self, line: Line, minutes: int, version: int, home: str | None) -> str | None:
        back = line.minutes - minutes
        self.lines[line.booking_id] = replace(line, held=0, consumed=min(minutes, line.minutes), version=version)
        if back > 0:
            self._hand(line.booking_id, version, back, home)
        return "charge_after_sealing" if back < 0 else None

    def _hand(self, booking_id: str, version: int, minutes: int, home: str | None) -> None:
        if home is None:
            self._say("return", minutes, booking_id)
            self._expire(minutes)
            return
        self.handed_out += minutes
        self.owed = (*self.owed, Owed(booking_id, version, minutes, home))

    def _hold_again(self, known: Line, line: Line) -> None:
        if known.act_id != line.act_id:
            raise Refused("id_taken", field="booking_id", id=line.booking_id)
        if known.version == NOT_MADE and known.held != line.held:
            raise Refused("act_id_reused", field="act_id")
        if known.deadline is not None and line.deadline is not None:
            deadline = max(known.deadline, line.deadline)
            self.lines[line.booking_id] = replace(known, deadline=deadline, tries=known.tries + 1)

    def _count(self, line: Line, charge: Charge, version: int) -> None:
        """Move a line to its charge by facts that fold to it: what comes back first, then what is held and used."""
        used = charge.consumed - line.consumed
        line = replace(line, version=version, deadline=None)
        if used < 0:
            line = replace(line, consumed=charge.consumed)
            self._put(line, "return", -used)
        elif used > line.held:
            short, line = used - line.held, replace(line, held=used)
            self._put(line, "hold", short)
        if used > 0:
            line = replace(line, held=line.held - used, consumed=charge.consumed)
            self._put(line, "consume", used)
        more = charge.held - line.held
        self._put(replace(line, held=charge.held), "hold" if more > 0 else "release", abs(more))

    def _put(self, line: Line, kind: str, minutes: int) -> None:
        self.lines[line.booking_id] = line
        if minutes:
            self._say(kind, minutes, line.booking_id)

    def _expire(self, minutes: int) -> None:
        if minutes:
            self.expired += minutes
            self._say("expire", minutes)

    def _say(self, kind: str, minutes: int, booking_id: str | None = None) -> None:
        told: dict[str, Any] = {"kind": kind, "minutes": minutes, "available": self.available, "booking_id": booking_id}
        self.say(
            events.QUOTA_MOVED.fact(
                ledger_id=self.id,
                subscription_id=self.subscription_id,
                plan_id=self.plan_id,
                district=self.district,
                **told,
            )
        )


def worth(subscription: Subscription, cycle: Days, included: int) -> int:
    """Return the minutes that a cycle of a subscription grants, as its pauses and its end are now."""
    return granted(included, cycle, [pause.days for pause in subscription.pauses], subscription.until)
