"""How plans, subscriptions, statements and seats are reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.plans import schemas
from services.spaces.plans.reactions import reactions
from services.spaces.quota.statements import StatementDesk
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class PlansService:
    """Plans (구독 상품), subscriptions to them, and the minutes they grant."""

    name = "spaces_plans"
    rooms = desk(furnish)

    @asked(schemas.Offer)
    def offer(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Offer a plan."""
        return self.rooms.plans.offer(actor, **asked_for)

    @asked(schemas.Change)
    def change(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Change what a plan promises from the next ledger on."""
        return self.rooms.plans.change(actor, **asked_for)

    @asked(schemas.PlanAct)
    def withdraw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take no more subscriptions to a plan."""
        return self.rooms.plans.withdraw(actor, **asked_for)

    @asked(schemas.OnePlan)
    def get(self, actor: Actor, *, plan_id: str) -> Mapping[str, Any]:
        """Return a plan."""
        return self.rooms.plans.read(actor, plan_id=plan_id)

    @asked(schemas.ListPlans)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's plans."""
        return self.rooms.plans.listed(actor, **filters)

    @asked(schemas.Subscribe)
    def subscribe(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Subscribe to a plan."""
        return self.rooms.subscriptions.subscribe(actor, **asked_for)

    @asked(schemas.Pause)
    def pause(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Pause a subscription for some days."""
        return self.rooms.subscriptions.pause(actor, **asked_for)

    @asked(schemas.SubscriptionAct)
    def resume(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Go on from today."""
        return self.rooms.subscriptions.resume(actor, **asked_for)

    @asked(schemas.Member)
    def add_member(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let somebody else book on a subscription."""
        return self.rooms.subscriptions.add_member(actor, **asked_for)

    @asked(schemas.Member)
    def remove_member(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let somebody book on a subscription no more."""
        return self.rooms.subscriptions.remove_member(actor, **asked_for)

    @asked(schemas.End)
    def end(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """End a subscription with its cycle, or at once."""
        return self.rooms.subscriptions.end(actor, **asked_for)

    @asked(schemas.OneSubscription)
    def subscription(self, actor: Actor, *, subscription_id: str) -> Mapping[str, Any]:
        """Return a subscription, with its seat or its place in line."""
        return self.rooms.subscriptions.read(actor, subscription_id=subscription_id)

    @asked(schemas.OfResident)
    def subscriptions(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a resident's subscriptions."""
        return self.rooms.subscriptions.of_resident(actor, **filters)

    @asked(schemas.Statement)
    def statement(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the minutes of one cycle: balance, sums, charges."""
        return StatementDesk(self.rooms.quota).statement(actor, **asked_for)

    @told("spaces.plans")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms)

    @due(every=5.0)
    def move_on(self) -> bool:
        """Say that pauses are over; end subscriptions whose end is there."""
        return self.rooms.subscriptions.move_on()

    @due(every=5.0)
    def release_overdue_holds(self) -> bool:
        """Make requests that never came impossible, and release the minutes they held."""
        return self.rooms.quota.sweep_holds(self.rooms.bookings)

    @due(every=5.0)
    def seal_ledgers(self) -> bool:
        """Seal cycles that are over; finish what a process left half done."""
        return self.rooms.quota.sweep()


class SeatsService:
    """Monthly seats (입주형) and the line before them."""

    name = "spaces_seats"
    rooms = desk(furnish)

    @asked(schemas.OnePlan)
    def get(self, actor: Actor, *, plan_id: str) -> Mapping[str, Any]:
        """Return how many seats are taken and how many people wait; officers also see who."""
        return self.rooms.seats.read(actor, plan_id=plan_id)

    @asked(schemas.SubscriptionAct)
    def accept(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take the seat that was offered."""
        return self.rooms.seats.accept(actor, **asked_for)

    @asked(schemas.SubscriptionAct)
    def decline(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Pass the seat that was offered on."""
        return self.rooms.seats.decline(actor, **asked_for)

    @due(every=30.0)
    def lapse_offers(self) -> bool:
        """Offer seats on that nobody answered for in time."""
        return self.rooms.seats.sweep()
