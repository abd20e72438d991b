"""What can be done with seats: a subscription and its seat plan are brought together, offers are answered, seats shown.

A subscription to a seat plan is made first, and says so; only then does it take a seat, or a place in line. ``agree``
looks at both documents and is safe in any order and any number of times; every change of either says a fact that
leads there again, so a process may die between any two steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from services.spaces.plans.model import SEAT, Plan
from services.spaces.plans.subscription import ENDED, Subscription
from services.spaces.seats.model import MOST_WAITING, SeatPlan
from services.spaces.seats.storage import SeatPlans
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso, kst_day
from shared.errors import Refused
from shared.mongo.aggregates import Aggregates

#: Plans looked at in one sweep.
SWEPT_AT_ONCE = 50


class Plans(Protocol):
    """Where plans are read."""

    def get(self, aggregate_id: str) -> Plan:
        """Return the plan; raise ``NotFound``."""


@dataclass(frozen=True)
class SeatDesk:
    """The acts on seats."""

    seats: SeatPlans
    subscriptions: Aggregates[Subscription]
    plans: Plans
    clock: Clock

    # For subscriptions.

    def must_have_room(self, plan: Plan) -> None:
        """Raise ``Refused`` when the line before this plan's seats is full."""
        known = self.seats.find(plan.id) if plan.terms.kind == SEAT else None
        if known is not None and known.free <= 0 and len(known.line) >= MOST_WAITING:
            raise Refused("line_is_full", field="plan_id", most=MOST_WAITING)

    def follow(self, plan_id: str) -> None:
        """Have the seats that the plan says; for an hourly plan there is nothing to do."""
        plan = self.plans.get(plan_id)
        if plan.terms.kind != SEAT:
            return
        self._make_sure_of(plan)
        terms, now = plan.terms, self.clock.now()

        def decide(known: SeatPlan) -> dict[str, Any]:
            known.follow(
                seats=terms.seats,
                promote=terms.promote,
                offer_hours=terms.offer_hours,
                plan_version=plan.version,
                now=now,
            )
            return {}

        self.seats.act(None, plan_id, decide)

    def agree(self, subscription_id: str) -> None:
        """Bring a subscription and its seat together: one that runs has a seat or waits, one that ended has neither."""
        subscription = self.subscriptions.find(subscription_id)
        if subscription is None or subscription.kind != SEAT:
            return
        plan_id, now = subscription.plan_id, self.clock.now()
        self._make_sure_of(self.plans.get(plan_id))

        def leave(known: SeatPlan) -> dict[str, Any]:
            known.leave(subscription_id, now)
            return {}

        def take(known: SeatPlan) -> dict[str, Any]:
            known.take(subscription_id, subscription.resident_id, subscription.requested_at, now)
            return {"seat": known.seat_of(subscription_id)}

        if subscription.state == ENDED:
            self.seats.act(None, plan_id, leave)
            return
        seat = self.seats.act(None, plan_id, take)["seat"]

        def note(known: Subscription) -> dict[str, Any]:
            known.note_seat(seat, kst_day(now))
            return {"ended": known.state == ENDED}

        if self.subscriptions.act(None, subscription_id, note)["ended"]:
            # It ended while we were at it: whoever heard of that may have found no seat to free yet.
            self.seats.act(None, plan_id, leave)

    def where(self, subscription: Subscription) -> dict[str, Any]:
        """Return ``{seat, place_in_line, offered_until}`` of a subscription; all None where there are no seats."""
        known = self.seats.find(subscription.plan_id) if subscription.kind == SEAT else None
        if known is None:
            return {"seat": None, "place_in_line": None, "offered_until": None}
        waiter = next((one for one in known.line if one.subscription_id == subscription.id), None)
        until = None if waiter is None else waiter.offered_until
        return {
            "seat": known.seat_of(subscription.id),
            "place_in_line": known.place_of(subscription.id),
            "offered_until": None if until is None else iso(until),
        }

    # Residents, and officers for them.

    def accept(self, actor: Actor, *, act_id: str, subscription_id: str) -> dict[str, Any]:
        """Take the seat that was offered."""
        subscription = self._for_owner(actor, subscription_id)
        now = self.clock.now()

        def decide(known: SeatPlan) -> dict[str, Any]:
            known.accept(subscription_id, now)
            return {"subscription_id": subscription_id, "seat": known.seat_of(subscription_id)}

        outcome = self.seats.act(Act.of(act_id, "accept", id=subscription_id), subscription.plan_id, decide)
        self.agree(subscription_id)
        return outcome

    def decline(self, actor: Actor, *, act_id: str, subscription_id: str) -> dict[str, Any]:
        """Pass the seat that was offered on to the next, and wait on, last in line."""
        subscription = self._for_owner(actor, subscription_id)
        now = self.clock.now()

        def decide(known: SeatPlan) -> dict[str, Any]:
            known.decline(subscription_id, now)
            return {"subscription_id": subscription_id, "place_in_line": known.place_of(subscription_id)}

        return self.seats.act(Act.of(act_id, "decline", id=subscription_id), subscription.plan_id, decide)

    # Everybody, and officers.

    def read(self, actor: Actor, *, plan_id: str) -> dict[str, Any]:
        """Return ``{seats, taken, offered, waiting}`` of a seat plan; officers of its district also see who."""
        plan = self.plans.get(plan_id)
        if plan.terms.kind != SEAT:
            raise Refused("plan_has_no_seats", field="plan_id", plan_id=plan_id)
        known = self.seats.find(plan_id) or _empty(plan)
        told: dict[str, Any] = {
            "plan_id": plan_id,
            "seats": known.seats,
            "taken": len(known.occupants),
            "offered": sum(one.offered_until is not None for one in known.line),
            "waiting": len(known.line),
        }
        if actor.is_any("officer"):
            must_be(actor, "officer", tenant=plan.tenant, district=plan.district)
            told["occupants"] = [vars(one).copy() for one in sorted(known.occupants, key=lambda one: one.seat)]
            told["line"] = [
                {"place_in_line": place, "subscription_id": one.subscription_id, "resident_id": one.resident_id}
                for place, one in enumerate(known.line, start=1)
            ]
        return told

    # The clock.

    def sweep(self) -> bool:
        """Offer seats on that nobody answered for in time; return whether there may be more."""
        now = self.clock.now()
        overdue = self.seats.overdue(now, SWEPT_AT_ONCE)
        for plan_id in overdue:

            def decide(known: SeatPlan) -> dict[str, Any]:
                known.lapse(now)
                return {}

            self.seats.act(None, plan_id, decide)
        return len(overdue) == SWEPT_AT_ONCE

    def _make_sure_of(self, plan: Plan) -> None:
        """Make the plan's seats if they are not there."""
        if self.seats.find(plan.id) is None:
            self.seats.create(Act.own(f"open:{plan.id}", "open"), _empty(plan), {})

    def _for_owner(self, actor: Actor, subscription_id: str) -> Subscription:
        found = self.subscriptions.get(subscription_id)
        must_be_self(actor, found.resident_id, tenant=found.tenant, or_roles=("officer",), district=found.district)
        if found.kind != SEAT:
            raise Refused("plan_has_no_seats", field="subscription_id", plan_id=found.plan_id)
        self._make_sure_of(self.plans.get(found.plan_id))
        return found


def _empty(plan: Plan) -> SeatPlan:
    terms = plan.terms
    return SeatPlan(
        id=plan.id,
        tenant=plan.tenant,
        programme_id=plan.programme_id,
        district=plan.district,
        seats=terms.seats,
        promote=terms.promote,
        offer_hours=terms.offer_hours,
        plan_version=plan.version,
    )
