"""What can be done with plans: offered, changed and withdrawn by officers, read by everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.spaces.plans.cycles import CycleRule
from services.spaces.plans.model import OFFERED, PauseRule, Plan, Terms, objection
from services.spaces.plans.storage import Plans
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.pages import checked_limit, instant_after, page

#: Rows of one answer, which must cross the broker.
MOST_PLANS = 100


class Seating(Protocol):
    """The seats of seat plans."""

    def follow(self, plan_id: str) -> None:
        """Have the seats that the plan says."""


@dataclass(frozen=True)
class PlanDesk:
    """The acts on plans."""

    plans: Plans
    seating: Seating
    clock: Clock

    def offer(
        self,
        actor: Actor,
        *,
        act_id: str,
        plan_id: str,
        tenant: str,
        district: str,
        programme_id: str,
        **terms: Any,
    ) -> dict[str, Any]:
        """Offer a plan; officers of the tenant and district. ``terms`` as in ``schemas.TermsFields``."""
        must_be(actor, "officer", tenant=tenant, district=district)
        wanted = _checked(terms)
        plan = Plan.offer(
            plan_id=plan_id,
            tenant=tenant,
            district=district,
            programme_id=programme_id,
            terms=wanted,
            now=self.clock.now(),
        )
        act = Act.of(
            act_id, "offer", id=plan_id, district=district, programme=programme_id, terms=_spelled(wanted)
        )
        outcome = self.plans.create(act, plan, {"plan_id": plan_id, "state": OFFERED})
        self.seating.follow(plan_id)
        return outcome

    def change(self, actor: Actor, *, act_id: str, plan_id: str, **terms: Any) -> dict[str, Any]:
        """Promise something else from the next ledger on: every term anew, kind and cycle as they were."""
        known = self.plans.get(plan_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        wanted = _checked(terms)

        def decide(plan: Plan) -> dict[str, Any]:
            plan.change(wanted)
            return {"plan_id": plan_id, "state": plan.state}

        outcome = self.plans.act(Act.of(act_id, "change", id=plan_id, terms=_spelled(wanted)), plan_id, decide)
        self.seating.follow(plan_id)
        return outcome

    def withdraw(self, actor: Actor, *, act_id: str, plan_id: str) -> dict[str, Any]:
        """Take no more subscriptions; those that run go on."""
        known = self.plans.get(plan_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)

        def decide(plan: Plan) -> dict[str, Any]:
            plan.withdraw()
            return {"plan_id": plan_id, "state": plan.state}

        return self.plans.act(Act.of(act_id, "withdraw", id=plan_id), plan_id, decide)

    def read(self, _actor: Actor, *, plan_id: str) -> dict[str, Any]:
        """Return what everybody may know of a plan."""
        return shown(self.plans.get(plan_id))

    def listed(
        self, _actor: Actor, *, tenant: str, state: str = OFFERED, limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{plans, cursor}`` of a tenant, latest first, at most ``limit`` (1 to 100)."""
        checked_limit(limit, MOST_PLANS)
        found = self.plans.latest({"tenant": tenant, "state": state}, instant_after(cursor), limit + 1)
        rows, further = page(map(shown, found), limit, lambda row: (row["offered_at"], row["plan_id"]))
        return {"plans": rows, "cursor": further}


def _checked(terms: Mapping[str, Any]) -> Terms:
    """Return the terms; raise the first rule's objection."""
    plain = {**terms, "facility_ids": _ids(terms["facility_ids"]), "space_ids": _ids(terms["space_ids"])}
    cycle = CycleRule(plain.pop("cycle_days"))
    pause = PauseRule(plain.pop("most_pauses"), plain.pop("pause_notice_days"))
    wanted = Terms(cycle=cycle, pause=pause, **plain)
    refused = objection(wanted)
    if refused:
        raise refused
    return wanted


def _ids(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ids)))


def _spelled(terms: Terms) -> dict[str, Any]:
    """Return the terms JSON-ready."""
    return {
        "name": terms.name,
        "kind": terms.kind,
        "cycle_days": terms.cycle.days,
        "included_minutes": terms.included_minutes,
        "rollover_cap": terms.rollover_cap,
        "facility_ids": list(terms.facility_ids),
        "space_ids": list(terms.space_ids),
        "most_pauses": terms.pause.most_a_year,
        "pause_notice_days": terms.pause.notice_days,
        "most_members": terms.most_members,
        "seats": terms.seats,
        "least_months": terms.least_months,
        "promote": terms.promote,
        "offer_hours": terms.offer_hours,
    }


def shown(plan: Plan) -> dict[str, Any]:
    """Return what everybody may know of a plan; minutes of one cycle, ``cycle_days`` 0 is the calendar month."""
    return {
        "plan_id": plan.id,
        "tenant": plan.tenant,
        "district": plan.district,
        "programme_id": plan.programme_id,
        **_spelled(plan.terms),
        "state": plan.state,
        "offered_at": iso(plan.offered_at),
        "version": plan.version,
    }
