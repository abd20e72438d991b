"""What can be done with minutes: quoted, held, settled and released for bookings; granted, carried and sealed by time.

Each step is one guarded document. A hold is kept past its deadline until the sweeper has made its act impossible; the
booking's side of that is asked through ``Bookings``. Ledgers form a chain: each is opened, at the latest, by the sealing
of the one before, so nothing that was carried is lost in a cycle in which nobody booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from services.spaces.bookings.model import Charge, Paid
from services.spaces.plans.model import Plan
from services.spaces.plans.subscription import ENDED, Subscription
from services.spaces.quota.lines import Line, Owed
from services.spaces.quota.model import QuotaLedger, worth
from services.spaces.quota.storage import Ledgers
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import NotFound, Refused
from shared.telemetry import log

#: Ledgers looked at in one sweep.
SWEPT_AT_ONCE = 50
#: No ledger is opened for a cycle that begins later than this.
FURTHEST = timedelta(days=400)


class Subscriptions(Protocol):
    """Where subscriptions are read."""

    def get(self, aggregate_id: str) -> Subscription:
        """Return the subscription; raise ``NotFound``."""


class Plans(Protocol):
    """Where plans are read."""

    def get(self, aggregate_id: str) -> Plan:
        """Return the plan; raise ``NotFound``."""


class Bookings(Protocol):
    """Whose acts the holds wait for."""

    def make_request_impossible(self, act_id: str, booking_id: str, tenant: str) -> bool:
        """Make the act of a hold impossible; False when it is done."""

    def settle(self, booking_id: str) -> None:
        """Bring the booking and its ledger together."""


@dataclass(frozen=True)
class QuotaDesk:
    """The acts on ledgers."""

    ledgers: Ledgers
    subscriptions: Subscriptions
    plans: Plans
    clock: Clock

    # For bookings.

    def quote(
        self,
        subscription_id: str,
        resident_id: str,
        start: datetime,
        *,
        programme_id: str | None = None,
        facility_id: str = "",
        space_id: str = "",
    ) -> Paid:
        """Return the ledger that pays for a booking that starts then: that of the cycle in which it starts.

        Raises ``Refused`` when the resident may not book on it then, or, for a place that is named, not there;
        ``NotFound`` for an unknown subscription. Nothing is written; ``balance`` says what is left.
        """
        subscription = self.subscriptions.get(subscription_id)
        day = kst_day(start)
        subscription.lets_book(resident_id, day)
        if start > self.clock.now() + FURTHEST:
            raise Refused("too_far_ahead", field="start", days=FURTHEST.days)
        if programme_id is not None:
            plan = self.plans.get(subscription.plan_id)
            if not plan.covers(programme_id=programme_id, facility_id=facility_id, space_id=space_id):
                raise Refused("plan_does_not_cover", field="space_id", plan_id=plan.id)
        cycle = subscription.cycle_around(day)
        return Paid(subscription_id, subscription.plan_id, QuotaLedger.id_of(subscription_id, cycle))

    def still_pays(self, subscription_id: str, start: datetime) -> bool:
        """Return whether the subscription runs, paused or not, on the KST day on which ``start`` lies."""
        return self.subscriptions.get(subscription_id).is_in_force(kst_day(start))

    def balance(self, ledger_id: str) -> int:
        """Return the minutes that can still be held; of a ledger that is not open yet, what it will grant."""
        ledger = self.ledgers.find(ledger_id)
        return (ledger or self.fresh(ledger_id)).available

    def fresh(self, ledger_id: str) -> QuotaLedger:
        """Return the ledger as it would be if it were opened now."""
        subscription_id, _, day = ledger_id.rpartition(":")
        subscription = self.subscriptions.get(subscription_id)
        cycle = subscription.cycle_around(date.fromisoformat(day))
        return QuotaLedger.open(subscription, self.plans.get(subscription.plan_id), cycle, self.clock.now())

    def hold(self, *, act_id: str, booking_id: str, paid: Paid, minutes: int, deadline: datetime) -> None:
        """Set minutes aside for an act; raise ``Refused`` (``quota_exceeded``) when they don't fit.

        Holding again for the same act and booking only moves the deadline.
        """
        line = Line(booking_id, act_id, held=minutes, deadline=deadline)

        def decide(ledger: QuotaLedger) -> dict[str, Any]:
            ledger.hold(line)
            return {}

        try:
            self.ledgers.act(None, paid.ledger_id, decide)
        except NotFound:
            self._open(paid.ledger_id)
            self.ledgers.act(None, paid.ledger_id, decide)

    def settle(self, *, booking_id: str, ledger_id: str, charge: Charge, version: int) -> None:
        """Let the ledger count exactly this charge for the booking, unless it has counted a later version."""

        def decide(ledger: QuotaLedger) -> dict[str, Any]:
            home = self._home(ledger) if ledger.sealed else None
            return {"wrong": ledger.settle(booking_id, charge, version, home), "owes": bool(ledger.owed)}

        outcome = self.ledgers.act(None, ledger_id, decide)
        if outcome["wrong"] is not None:
            log.error(
                outcome["wrong"], ledger=ledger_id, booking=booking_id, held=charge.held, consumed=charge.consumed
            )
        if outcome["owes"]:
            self.hand_over(ledger_id)

    def release(self, *, act_id: str, booking_id: str, ledger_id: str) -> None:
        """Give a hold back after its act was refused; the sweeper does it when nobody else could."""
        self._release(ledger_id, booking_id, act_id, impossible=False)

    def sweep_holds(self, bookings: Bookings) -> bool:
        """Deal with holds past their deadline: first make the act impossible, only then release.

        A hold whose booking turns out to be made is settled instead. One that stays held after that is not what the
        booking is charged to (its act's name was used to ask for something else meanwhile): it is released. Returns
        whether there may be more.
        """
        now = self.clock.now()
        overdue = self.ledgers.with_overdue_holds(now, SWEPT_AT_ONCE)
        for ledger in overdue:
            for line in list(ledger.lines.values()):
                if line.deadline is None or line.deadline > now:
                    continue
                if bookings.make_request_impossible(line.act_id, line.booking_id, ledger.tenant):
                    self._release(ledger.id, line.booking_id, line.act_id, impossible=True)
                else:
                    bookings.settle(line.booking_id)
                    self._release_if_held(ledger.id, line, now)
        return len(overdue) == SWEPT_AT_ONCE

    # When told, and by the clock.

    def open_first(self, subscription_id: str) -> None:
        """Open the first ledger of a subscription that grants minutes from now on."""
        subscription = self.subscriptions.get(subscription_id)
        first = subscription.first_day
        if first is not None and subscription.state != ENDED:
            self._open(QuotaLedger.id_of(subscription_id, subscription.cycle_around(first)))

    def follow_all(self, subscription_id: str) -> None:
        """Let every open ledger follow its subscription: paused, resumed or ended."""
        for ledger in self.ledgers.open_of(subscription_id):
            self.follow(ledger.id)

    def follow(self, ledger_id: str) -> None:
        """Let a ledger grant what its subscription is worth in its cycle, as it is now."""
        ledger = self.ledgers.get(ledger_id)
        subscription = self.subscriptions.get(ledger.subscription_id)
        closed_on = subscription.until if subscription.state == ENDED else None
        minutes = worth(subscription, ledger.cycle, ledger.included)

        def decide(known: QuotaLedger) -> dict[str, Any]:
            known.follow(minutes, closed_on)
            return {}

        self.ledgers.act(None, ledger_id, decide)

    def carry_on(self, ledger_id: str) -> None:
        """Open the ledger after a sealed one, with what was carried; none once the subscription is over."""
        sealed = self.ledgers.get(ledger_id)
        if not sealed.sealed:
            return
        subscription = self.subscriptions.get(sealed.subscription_id)
        over = subscription.until is not None and subscription.until <= sealed.cycle.until
        if over and not sealed.carried_out and self.ledgers.find(sealed.next_id) is None:
            return
        self._open(sealed.next_id)

        def decide(known: QuotaLedger) -> dict[str, Any]:
            known.take_carry(ledger_id, sealed.carried_out)
            return {}

        self.ledgers.act(None, sealed.next_id, decide)

    def hand_over(self, ledger_id: str) -> None:
        """Bring minutes that came back after the sealing to the ledger they are for; safe at any time."""
        for owed in self.ledgers.get(ledger_id).owed:
            key = f"{ledger_id}/{owed.booking_id}/{owed.version}"
            if self._receive(owed, key):
                self._settle_owed(ledger_id, owed)
            else:
                self._redirect(ledger_id, owed)

    def sweep(self) -> bool:
        """Move ledgers on whose time has come: followed, handed over, sealed. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.ledgers.overdue(now, SWEPT_AT_ONCE)
        for ledger in overdue:
            if not ledger.followed:
                self.follow(ledger.id)
            if ledger.owed:
                self.hand_over(ledger.id)
            if ledger.is_ripe(now):
                self._seal(ledger.id, now)
        return len(overdue) == SWEPT_AT_ONCE

    # Steps.

    def _seal(self, ledger_id: str, now: datetime) -> None:
        def decide(known: QuotaLedger) -> dict[str, Any]:
            if known.is_ripe(now):
                subscription = self.subscriptions.get(known.subscription_id)
                known.seal(goes_on=subscription.until is None or subscription.until > known.cycle.until)
            return {}

        self.ledgers.act(None, ledger_id, decide)

    def _receive(self, owed: Owed, key: str) -> bool:
        self._open(owed.to)

        def decide(known: QuotaLedger) -> dict[str, Any]:
            return {"received": known.receive(key, owed.booking_id, owed.minutes)}

        return bool(self.ledgers.act(None, owed.to, decide)["received"])

    def _settle_owed(self, ledger_id: str, owed: Owed) -> None:
        def decide(known: QuotaLedger) -> dict[str, Any]:
            known.forget_owed(owed)
            return {}

        self.ledgers.act(None, ledger_id, decide)

    def _redirect(self, ledger_id: str, owed: Owed) -> None:
        def decide(known: QuotaLedger) -> dict[str, Any]:
            home = self._home(known)
            known.redirect(owed, None if home == owed.to else home)
            return {}

        self.ledgers.act(None, ledger_id, decide)

    def _release(self, ledger_id: str, booking_id: str, act_id: str, *, impossible: bool) -> None:
        def decide(ledger: QuotaLedger) -> dict[str, Any]:
            ledger.release(booking_id, act_id, impossible=impossible)
            return {}

        self.ledgers.act(None, ledger_id, decide)

    def _release_if_held(self, ledger_id: str, seen: Line, now: datetime) -> None:
        line = self.ledgers.get(ledger_id).lines.get(seen.booking_id)
        if line is not None and line.deadline is not None and line.deadline <= now:
            log.error("hold_not_settled", ledger=ledger_id, booking=seen.booking_id)
            self._release(ledger_id, seen.booking_id, seen.act_id, impossible=True)

    def _home(self, ledger: QuotaLedger) -> str | None:
        """Return the ledger of the cycle that runs now, or None when nothing can be spent any more."""
        subscription = self.subscriptions.get(ledger.subscription_id)
        today = kst_day(self.clock.now())
        if not subscription.is_in_force(today):
            return None
        return QuotaLedger.id_of(subscription.id, subscription.cycle_around(today))

    def _open(self, ledger_id: str) -> None:
        """Make the ledger if it is not there, and let it follow what happened to its subscription meanwhile."""
        if self.ledgers.find(ledger_id) is not None:
            return
        self.ledgers.create(Act.own(f"open:{ledger_id}", "open"), self.fresh(ledger_id), {})
        self.follow(ledger_id)
