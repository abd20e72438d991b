"""What follows by itself: openings close, applications follow them, places go to the first to come, pay shrinks to what
was earned. Every step looks at the state and is safe in any order and any number of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from services.placement.budgets.usecases import BudgetDesk
from services.placement.openings.again import Again
from services.placement.openings.giving import Giving, LimitsObject
from services.placement.openings.model import OPEN, RUNNING, SELECTED, Application, Opening, Ranking, agreement
from services.placement.openings.ports import (
    Limits,
    NoLimits,
    NoOrders,
    NoSheets,
    Objection,
    Orders,
    Programmes,
    Sheets,
    Tenants,
)
from services.placement.openings.seeds import Seeds, SystemSeeds
from services.placement.openings.shown import unregistered
from services.placement.openings.storage import Applications, Openings
from services.placement.wages.model import WageTable
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Conflict, Refused

#: Openings closed in one sweep.
SWEPT_AT_ONCE = 100

#: Reads the order of an opening's candidates.
OrderOf = Callable[[str], Ranking | None]


@dataclass(frozen=True)
class Followed:
    """The desk's ports, and what it does when told and by the clock."""

    openings: Openings
    applications: Applications
    tenants: Tenants
    programmes: Programmes
    budget: BudgetDesk
    wages: WageTable
    clock: Clock
    limits: Limits = field(default_factory=NoLimits)
    orders: Orders = field(default_factory=NoOrders)
    sheets: Sheets = field(default_factory=NoSheets)
    seeds: Seeds = field(default_factory=SystemSeeds)
    #: Target groups that residents can declare (deploy/data/groups.yaml): code -> whether it is sensitive.
    declarable: Mapping[str, bool] = field(default_factory=dict)

    @property
    def giving(self) -> Giving:
        """How places are given."""
        return Giving(self.openings, self.limits, self.clock)

    @property
    def again(self) -> Again:
        """How openings are looked at while the residents service is away."""
        return Again(self.openings, self.clock)

    # The clock.

    def close_overdue(self) -> bool:
        """Close openings whose deadline is there, or let them select; let offers lapse. Return whether to go on."""
        now = self.clock.now()
        overdue = self.openings.overdue(now, SWEPT_AT_ONCE)
        for opening_id in overdue:

            def decide(opening: Opening) -> dict[str, Any]:
                opening.pass_time(now)
                return {}

            self.openings.act(None, opening_id, decide)
        return len(overdue) == SWEPT_AT_ONCE

    def close_of_tenant(self, tenant: str) -> bool:
        """Close a closed tenant's openings; return whether any was left."""
        left = self.openings.listed({"tenant": tenant, "state": {"$in": list(RUNNING)}}, SWEPT_AT_ONCE)
        for known in left:
            self.openings.act(None, known.id, self._close)
        return bool(left)

    # When told.

    def agree(self, application_id: str) -> None:
        """Bring an application and its opening together: the opening says who has a place, the application follows.

        Safe in any order and any number of times; every change of the application says a fact that leads here again.
        """
        self._agree(application_id, self.orders.find)

    def _agree(self, application_id: str, order_of: OrderOf) -> None:
        application = self.applications.find(application_id)
        if application is None:
            return
        opening = self.openings.get(application.opening_id)
        step = agreement(application, opening, in_order=_is_in_order(application, opening, order_of))
        if step.release_attempt is not None:
            self._release(opening.id, application.resident_id, step.release_attempt)
        elif step.lapse is not None:
            self._lapse(opening.id, application.resident_id, *step.lapse)
        elif step.forget is not None:
            self._forget(opening.id, application_id, step.forget)
            # Nothing is said of it that would lead here again.
            self._agree(application_id, order_of)
        elif step.waitlist:
            rank = self._rank(application, opening, order_of)
            self._step(application, lambda known: known.note_waitlisted(rank))
        elif step.note_selected:
            self._step(application, Application.note_selected)
        elif step.end is not None:
            reason, by = step.end, step.by
            self._step(application, lambda known: known.end(reason, by=by))
        elif step.note_withdrawn:
            self._step(application, Application.withdraw)

    def note_place_lost(self, application_id: str, attempt: int) -> None:
        """End the attempt whose place was taken back, also when nobody had yet noted that it had one."""
        application = self.applications.find(application_id)
        if application is None or application.attempt != attempt or not _may_have_place(application):
            return
        if self.openings.get(application.opening_id).placement_of(application.resident_id) is not None:
            return

        def decide(known: Application) -> dict[str, Any]:
            if known.attempt == attempt and _may_have_place(known):
                known.withdraw()
            return {}

        self.applications.act(None, application_id, decide)

    def note_earned(self, opening_id: str, application_id: str, attempt: int) -> None:
        """Note what a place has earned once its shifts are settled; an older revision changes nothing."""
        opening = self.openings.find(opening_id)
        if opening is None:
            return
        told = self.sheets.earned(application_id, attempt, len(opening.terms.shifts))
        if told is None:
            return
        won, revision = told.won, told.revision

        def decide(known: Opening) -> dict[str, Any]:
            known.note_earned(application_id, attempt, won, revision)
            return {}

        self.openings.act(None, opening_id, decide)

    def close_if_tenant_closed(self, opening_id: str) -> None:
        """Close an opening that was published while its tenant was being closed."""
        opening = self.openings.find(opening_id)
        if opening is None or self.tenants.get(opening.tenant).state == OPEN:
            return
        self.openings.act(None, opening_id, self._close)

    def agree_all(self, opening_id: str) -> None:
        """Bring an opening and the applications that wait for it together.

        They are listed before each is compared with the opening as it then is: those that come later are dealt with
        when their own ``application.submitted`` is heard.
        """
        # An order never changes: it is read once for all of them.
        order_of = cache(self.orders.find)
        for application in self.applications.waiting(opening_id):
            self._agree(application.id, order_of)

    def give_first_come(self, opening_id: str) -> None:
        """Give free places of a first-come opening to those who have waited longest; whom limits refuse is told why."""
        for application in self.applications.waiting(opening_id):
            opening = self.openings.find(opening_id)
            if opening is None or opening.terms.mode != "first_come" or opening.state != OPEN:
                return
            if not _can_come_first(opening, application):
                continue
            # The version names the attempt at giving: one that was made impossible can be made again, later.
            name = f"first_come:{application.id}:{application.attempt}:{opening.version}"
            self._give_next(Act.own(name, "select"), opening, application)

    def end_not_allowed(self, application: Application, objection: Objection) -> None:
        """End an application to which the limits object, unless it changed meanwhile."""
        told = objection.to_wire()

        def decide(known: Application) -> dict[str, Any]:
            if known.version == application.version:
                known.end("not_allowed", told)
            return {}

        self.applications.act(None, application.id, decide)

    # Steps.

    def _select(
        self,
        act: Act,
        application: Application,
        *,
        officer: str = "",
        registered: bool | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        # Kept with the outcome: the same act, sent again, is warned of the same.
        warnings = [] if registered or not officer else [unregistered(registered)]

        def decide(opening: Opening, now: Any) -> dict[str, Any]:
            opening.select(application, now, act.id, registered=registered, reason=reason)
            return {
                "opening_id": opening.id,
                "resident_id": application.resident_id,
                "filled": opening.free == 0,
                "free": opening.free,
                "warnings": warnings,
            }

        return self.giving.give(act, application, decide, officer=officer)

    def _give_next(self, act: Act, opening: Opening, application: Application) -> None:
        try:
            self._select(act, application)
        except LimitsObject as objecting:
            objection = self.giving.objection(opening, application.resident_id, application.attempt)
            if objection is None:
                # The act was made impossible, or the limits changed their mind: again, later.
                raise Conflict("changed_meanwhile", field="opening_id") from objecting
            self.end_not_allowed(application, objection)
        except Refused as refused:
            if refused.code == "act_too_late":
                raise Conflict("changed_meanwhile", field="opening_id") from refused
            # Somebody else gave the place, or ended the opening: the next look at it says so.

    def _rank(self, application: Application, opening: Opening, order_of: OrderOf) -> int:
        order = order_of(opening.id) if opening.terms.goes_in_order else None
        entry = None if order is None else order.entry_of(application.id, application.attempt)
        if entry is not None:
            return entry.rank
        waiting = [one.id for one in self.applications.waiting(opening.id)]
        return waiting.index(application.id) + 1 if application.id in waiting else len(waiting) + 1

    def _step(self, application: Application, change: Any) -> None:
        def decide(known: Application) -> dict[str, Any]:
            if known.version != application.version:
                raise Conflict("changed_meanwhile", field="application_id")
            change(known)
            return {}

        self.applications.act(None, application.id, decide)

    def _release(self, opening_id: str, resident_id: str, attempt: int) -> None:
        def decide(opening: Opening) -> dict[str, Any]:
            opening.release(resident_id, attempt, "application_withdrawn", self.clock.now())
            return {}

        self.openings.act(None, opening_id, decide)

    def _lapse(self, opening_id: str, resident_id: str, attempt: int, reason: str) -> None:
        def decide(opening: Opening) -> dict[str, Any]:
            opening.lapse(resident_id, attempt, reason)
            return {}

        self.openings.act(None, opening_id, decide)

    def _forget(self, opening_id: str, application_id: str, attempt: int) -> None:
        def decide(opening: Opening) -> dict[str, Any]:
            opening.forget_lapse(application_id, attempt)
            return {}

        self.openings.act(None, opening_id, decide)

    def _close(self, opening: Opening) -> dict[str, Any]:
        if opening.is_running:
            opening.close(self.clock.now())
        return {}


def _is_in_order(application: Application, opening: Opening, order_of: OrderOf) -> bool:
    """Return whether the application may be in the candidates' order: there is none yet, or it is in it."""
    if opening.order_hash is None or not application.waits or not opening.is_running:
        return True
    order = order_of(opening.id)
    return order is None or order.entry_of(application.id, application.attempt) is not None


def _may_have_place(application: Application) -> bool:
    return application.waits or application.state == SELECTED


def _can_come_first(opening: Opening, application: Application) -> bool:
    return (
        opening.placement_of(application.resident_id) is None
        and opening.lapse_of(application.id, application.attempt) is None
    )
