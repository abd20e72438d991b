"""What can be done with subscriptions: by residents, by officers for them, and by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.spaces.plans.cycles import Days
from services.spaces.plans.model import Plan
from services.spaces.plans.storage import Plans, Subscriptions
from services.spaces.plans.subscription import ACTIVE, Subscription
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso, kst_day
from shared.errors import Refused
from shared.pages import checked_limit, instant_after, page

#: Subscriptions moved on in one sweep.
SWEPT_AT_ONCE = 100
#: Subscriptions of one resident that are told, latest first.
MOST_SUBSCRIPTIONS = 200


class Seating(Protocol):
    """The seats of seat plans."""

    def must_have_room(self, plan: Plan) -> None:
        """Raise ``Refused`` when nobody else can wait."""

    def agree(self, subscription_id: str) -> None:
        """Bring a subscription and its seat together."""

    def where(self, subscription: Subscription) -> dict[str, Any]:
        """Return the seat, or the place in line."""


@dataclass(frozen=True)
class SubscriptionDesk:
    """The acts on subscriptions."""

    subscriptions: Subscriptions
    plans: Plans
    seating: Seating
    clock: Clock

    def subscribe(
        self, actor: Actor, *, act_id: str, subscription_id: str, plan_id: str, resident_id: str | None = None
    ) -> dict[str, Any]:
        """Subscribe to a plan from today, for oneself; an officer may for a resident, and is recorded as proxy.

        On a seat plan the answer says which ``seat`` is theirs, or their ``place_in_line``. Raises ``Refused``:
        ``plan_is_withdrawn``, ``already_subscribed``, ``line_is_full``.
        """
        plan = self.plans.get(plan_id)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=plan.tenant, or_roles=("officer",), district=plan.district)
        act = Act.of(act_id, "subscribe", id=subscription_id, plan=plan_id, resident=resident)
        if self.subscriptions.find(subscription_id) is None:
            plan.must_be_offered()
            self.seating.must_have_room(plan)
        now = self.clock.now()
        fresh = Subscription.start(
            subscription_id=subscription_id,
            plan=plan,
            resident_id=resident,
            day=kst_day(now),
            now=now,
            proxy=None if actor.subject == resident else actor.subject,
        )
        outcome = self.subscriptions.create(act, fresh, {"subscription_id": subscription_id, "state": ACTIVE})
        self.seating.agree(subscription_id)
        return {**outcome, **self.seating.where(self.subscriptions.get(subscription_id))}

    def pause(
        self, actor: Actor, *, act_id: str, subscription_id: str, pause_from: date, pause_until: date
    ) -> dict[str, Any]:
        """Pause on the KST days ``[pause_from, pause_until)``, by the plan's rule.

        There is nothing to book on these days and they grant no minutes; what is booked already stays.
        """
        if pause_until <= pause_from:
            raise Refused("pause_empty", field="pause_until")
        days, today = Days(pause_from, pause_until), kst_day(self.clock.now())
        known = self._for_owner(actor, subscription_id)
        rule = self.plans.get(known.plan_id).terms.pause
        act = Act.of(act_id, "pause", id=subscription_id, days=[pause_from.isoformat(), pause_until.isoformat()])
        return self._act(act, subscription_id, lambda one: one.pause(days, rule, today))

    def resume(self, actor: Actor, *, act_id: str, subscription_id: str) -> dict[str, Any]:
        """Go on from today: the pause that runs ends, or the next one is called off."""
        self._for_owner(actor, subscription_id)
        today = kst_day(self.clock.now())
        return self._act(
            Act.of(act_id, "resume", id=subscription_id), subscription_id, lambda one: one.resume(today)
        )

    def add_member(self, actor: Actor, *, act_id: str, subscription_id: str, resident_id: str) -> dict[str, Any]:
        """Let somebody else book on it (a small company shares its minutes), up to the plan's number."""
        known = self._for_owner(actor, subscription_id)
        most = self.plans.get(known.plan_id).terms.most_members
        act = Act.of(act_id, "add_member", id=subscription_id, resident=resident_id)
        return self._act(act, subscription_id, lambda one: one.add_member(resident_id, most))

    def remove_member(self, actor: Actor, *, act_id: str, subscription_id: str, resident_id: str) -> dict[str, Any]:
        """Let somebody book on it no more; members may leave by themselves."""
        if actor.is_any("resident") and actor.subject == resident_id:
            must_be(actor, "resident", tenant=self.subscriptions.get(subscription_id).tenant)
        else:
            self._for_owner(actor, subscription_id)
        act = Act.of(act_id, "remove_member", id=subscription_id, resident=resident_id)
        return self._act(act, subscription_id, lambda one: one.remove_member(resident_id))

    def end(self, actor: Actor, *, act_id: str, subscription_id: str, at_once: bool = False) -> dict[str, Any]:
        """End with the cycle, or at once; a resident not before the plan's least months are over.

        Minutes that are left when it ends expire; what is booked after the end is cancelled; a seat goes to the next.
        """
        self._for_owner(actor, subscription_id)
        today, must_stay = kst_day(self.clock.now()), not actor.is_any("officer")
        outcome = self._act(
            Act.of(act_id, "end", id=subscription_id, at_once=at_once),
            subscription_id,
            lambda one: one.end(today=today, at_once=at_once, must_stay=must_stay),
        )
        self.seating.agree(subscription_id)
        return outcome

    def read(self, actor: Actor, *, subscription_id: str) -> dict[str, Any]:
        """Return a subscription to its owner, its members and officers."""
        found = self.subscriptions.get(subscription_id)
        if actor.is_any("resident") and actor.subject in found.members:
            must_be(actor, "resident", tenant=found.tenant)
        else:
            self._for_owner(actor, subscription_id)
        return {**shown(found), **self.seating.where(found)}

    def of_resident(
        self, actor: Actor, *, resident_id: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{subscriptions, cursor}`` of a resident, latest first: their own, and those they may book on."""
        checked_limit(limit, MOST_SUBSCRIPTIONS)
        since = instant_after(cursor)
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=actor.tenant, or_roles=("officer",))
        found = [
            one
            for one in self.subscriptions.of_resident(resident, MOST_SUBSCRIPTIONS)
            if _may_see(actor, resident, one)
            and (since is None or (one.requested_at, one.id) < since)
        ]
        rows, further = page(map(shown, found), limit, lambda row: (row["requested_at"], row["subscription_id"]))
        return {"subscriptions": rows, "cursor": further}

    # Our own subjects.

    def leave_all(self, resident_id: str) -> None:
        """End everything of a resident who is erased: own subscriptions at once, and memberships. Safe to repeat."""
        today = kst_day(self.clock.now())

        def leave(one: Subscription) -> None:
            if resident_id in one.members:
                one.remove_member(resident_id)
            if one.resident_id == resident_id and one.state == ACTIVE:
                one.end(today=today, at_once=True, must_stay=False)

        for found in self.subscriptions.of_resident(resident_id, MOST_SUBSCRIPTIONS):
            self._act(None, found.id, leave)

    # The clock.

    def move_on(self) -> bool:
        """Let subscriptions move on whose pause is over, or whose end is there; return whether there may be more."""
        now = self.clock.now()
        overdue = self.subscriptions.overdue(now, SWEPT_AT_ONCE)
        for subscription_id in overdue:
            self._act(None, subscription_id, lambda one: one.pass_time(kst_day(now)))
        return len(overdue) == SWEPT_AT_ONCE

    def _act(self, act: Act | None, subscription_id: str, change: Callable[[Subscription], None]) -> dict[str, Any]:
        def decide(subscription: Subscription) -> dict[str, Any]:
            change(subscription)
            return shown(subscription)

        return self.subscriptions.act(act, subscription_id, decide)

    def _for_owner(self, actor: Actor, subscription_id: str) -> Subscription:
        found = self.subscriptions.get(subscription_id)
        must_be_self(actor, found.resident_id, tenant=found.tenant, or_roles=("officer",), district=found.district)
        return found


def _may_see(actor: Actor, resident: str, one: Subscription) -> bool:
    """Return whether somebody who may ask about a resident may see this one: officers in their own districts."""
    if actor.is_any("service"):
        return True
    everywhere = actor.subject == resident or not actor.districts
    return one.tenant == actor.tenant and (everywhere or one.district in actor.districts)


def shown(subscription: Subscription) -> dict[str, Any]:
    """Return a subscription as its people and officers see it; days are KST days."""
    return {
        "subscription_id": subscription.id,
        "plan_id": subscription.plan_id,
        "programme_id": subscription.programme_id,
        "district": subscription.district,
        "kind": subscription.kind,
        "resident_id": subscription.resident_id,
        "members": list(subscription.members),
        "state": subscription.state,
        "started": subscription.started.isoformat(),
        "least_until": subscription.least_until.isoformat(),
        "until": None if subscription.until is None else subscription.until.isoformat(),
        "pauses": [
            {"from": pause.days.start.isoformat(), "until": pause.days.until.isoformat()}
            for pause in subscription.pauses
        ],
        "seat": subscription.seat,
        "proxy": subscription.proxy,
        "requested_at": iso(subscription.requested_at),
    }
