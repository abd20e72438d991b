"""Hold, act, settle for openings and their programme's budget (DECISIONS.md 3).

Each step is one guarded document. ``settle`` may be called at any time by anybody: it looks at both documents and takes
the one next step, until the budget counts exactly what the opening wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from services.placement.budgets.model import NOWHERE, Budget, Grant, Hold, Move, Posting
from services.placement.budgets.once import count_once
from services.placement.budgets.storage import Budgets
from services.placement.programmes.model import Programme
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused, Unavailable
from shared.events.contract import LARGEST
from shared.telemetry import log

#: How long an act may take between its hold and its write; the sweeper then makes it impossible.
HOLD_FOR = timedelta(seconds=60)
#: Overdue budgets looked at in one sweep.
SWEPT_AT_ONCE = 50


class Granted(Protocol):
    """What a settlement needs to know of an opening."""

    @property
    def version(self) -> int:
        """The version that was read."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def programme_id(self) -> str:
        """Whose budget it lives on."""

    @property
    def grant(self) -> Grant:
        """What it knows that the budget counts."""

    @property
    def wanted_grant(self) -> Grant:
        """What the budget should count."""

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Acts that are done and whose holds are still there."""

    @property
    def dong(self) -> str | None:
        """The 동 of its workplace; never changes."""


class Openings(Protocol):
    """The openings, as far as their money goes."""

    def granted(self, opening_id: str) -> Granted | None:
        """Return the opening, or None."""

    def note_grant(self, opening_id: str, version: int, grant: Grant, acts: tuple[str, ...]) -> None:
        """Note what the budget counts, if the opening still is at this version."""

    def make_impossible(self, hold: Hold, tenant: str) -> bool:
        """Make the act of a hold impossible; False when it is done."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


@dataclass(frozen=True)
class BudgetDesk:
    """The acts on budgets."""

    budgets: Budgets
    openings: Openings
    programmes: Programmes
    clock: Clock

    def set_total(self, actor: Actor, *, act_id: str, programme_id: str, total: int | None) -> Mapping[str, Any]:
        """Set a programme's ceiling in won, or None for 자료 없음; officers of the tenant and district.

        Beside funders the funder ``other`` carries what is missing. None takes back what no other funder gave.
        """
        programme = self._for_officer(actor, programme_id)
        if total is not None and total < 0:
            raise Refused("out_of_range", field="total", low=0, high=LARGEST)
        self.make_sure_of(programme_id, programme.tenant)
        today = kst_day(self.clock.now()).isoformat()

        def decide(budget: Budget) -> dict[str, Any]:
            budget.set_total(total, district=programme.district.code, day=today)
            return {"programme_id": programme_id, "total": total}

        return self.budgets.act(Act.of(act_id, "set_total", id=programme_id, total=total), programme_id, decide)

    def appropriate(
        self, actor: Actor, *, act_id: str, programme_id: str, funder: str, won: int, day: str
    ) -> Mapping[str, Any]:
        """Let a funder (국비, 시비, 구비, 기타) give ``won`` on a KST day, or take it back (negative: 감액).

        Officers of the tenant and district; of the whole tenant for a programme without a district.
        """
        programme = self._for_officer(actor, programme_id)
        self.make_sure_of(programme_id, programme.tenant)

        def decide(budget: Budget) -> dict[str, Any]:
            budget.appropriate(funder, won, district=programme.district.code, day=day)
            return {"programme_id": programme_id, "funder": funder, "won": won, "total": budget.total}

        act = Act.of(act_id, "appropriate", id=programme_id, funder=funder, won=won, day=day)
        return self.budgets.act(act, programme_id, decide)

    def appropriate_once(
        self,
        *,
        name: str,
        programme_id: str,
        tenant: str,
        district: str | None,
        funders: Mapping[str, int],
        day: str,
        noted: Callable[[], bool],
        note: Callable[[], None],
    ) -> None:
        """Appropriate what another document decided, exactly once under its name (budgets/once.py)."""
        self.make_sure_of(programme_id, tenant)
        counted = ",".join(f"{funder}={won}" for funder, won in sorted(funders.items()))

        def count(budget: Budget) -> None:
            for funder, won in funders.items():
                budget.appropriate(funder, won, district=district, day=day)
            budget.pending[name] = counted

        count_once(self.budgets, programme_id, name, counted=counted, count=count, noted=noted, note=note)

    def post(self, posting: Posting, *, noted: Callable[[], bool], note: Callable[[], None]) -> None:
        """Count what a batch paid, or what came back, exactly once (budgets/once.py).

        ``noted`` says whether the batch has noted this posting, ``note`` lets it; call it also for one that is noted.
        What passes the committed won has moved all the same: it is counted, and shown as overdrawn until it is given
        back. Whether something was paid twice is what batches/balance.py looks for.
        """
        self.make_sure_of(posting.programme_id, posting.tenant)

        def count(budget: Budget) -> None:
            budget.post(posting)
            if posting.paid and budget.overdrawn:
                log.warning("budget_overdrawn", programme=budget.id, posting=posting.id, won=budget.overdrawn)

        count_once(
            self.budgets,
            posting.programme_id,
            posting.id,
            counted=posting.counted,
            count=count,
            noted=noted,
            note=note,
        )

    def read(self, actor: Actor, *, programme_id: str) -> dict[str, Any]:
        """Return ``{total, held, granted, committed, paid, returned, recovered, balance, overdrawn}``
        in won.

        Total and balance None: no ceiling. Officers of the tenant and district.
        """
        programme = self._for_officer(actor, programme_id)
        budget = self.budgets.find(programme_id) or Budget(id=programme_id, tenant=programme.tenant)
        return {
            "programme_id": programme_id,
            "total": budget.total,
            "held": budget.held,
            "granted": budget.granted,
            "committed": budget.committed,
            "paid": budget.paid,
            "returned": budget.returned,
            "recovered": budget.sums.recovered,
            "balance": budget.balance,
            "overdrawn": budget.overdrawn,
        }

    def hold(self, *, act_id: str, programme_id: str, tenant: str, opening_id: str, amount: int) -> None:
        """Set an amount aside for an act; raise ``Refused`` when it does not fit or the act was made impossible.

        Holding again for the same act changes nothing.
        """
        self.make_sure_of(programme_id, tenant)
        hold = Hold(act_id, opening_id, amount, self.clock.now() + HOLD_FOR)

        def decide(budget: Budget) -> dict[str, Any]:
            budget.hold(hold)
            return {"held": amount}

        asked = Act.own(f"hold:{act_id}", "hold", opening=opening_id, amount=amount)
        self.budgets.act(asked, programme_id, decide)

    def release(self, *, act_id: str, programme_id: str) -> None:
        """Give a hold back after its act was refused; the sweeper does it when nobody else could."""

        def decide(budget: Budget) -> dict[str, Any]:
            budget.release(act_id)
            return {}

        self.budgets.act(Act.own(f"release:{act_id}", "release"), programme_id, decide)

    def settle(self, opening_id: str) -> None:
        """Bring the budget and the opening together, one guarded step at a time."""
        while (step := self._step(opening_id)) is not None:
            step()

    def sweep(self) -> bool:
        """Deal with holds past their deadline: first make the act impossible, only then release.

        A hold whose act turns out to be done is settled instead. Returns whether there may be more.
        """
        now = self.clock.now()
        overdue = self.budgets.overdue(now, SWEPT_AT_ONCE)
        for budget in overdue:
            for hold in list(budget.holds.values()):
                if hold.deadline > now:
                    continue
                if self.openings.make_impossible(hold, budget.tenant):
                    self.release(act_id=hold.act_id, programme_id=budget.id)
                else:
                    self.settle(hold.opening_id)
                    self._release_if_counted(hold, budget.id)
        return len(overdue) == SWEPT_AT_ONCE

    def release_unless_done(self, *, act_id: str, opening_id: str, programme_id: str) -> None:
        """Give a hold back whose act was refused, but never that of an opening which still waits to be counted."""
        opening = self.openings.granted(opening_id)
        if opening is None or act_id not in opening.unsettled:
            self.release(act_id=act_id, programme_id=programme_id)

    def _for_officer(self, actor: Actor, programme_id: str) -> Programme:
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=programme.tenant, district=programme.area)
        return programme

    def _release_if_counted(self, hold: Hold, programme_id: str) -> None:
        """Release a hold that came after its opening had been counted: a late repeat, worth an alarm."""
        opening = self.openings.granted(hold.opening_id)
        budget = self.budgets.get(programme_id)
        if opening is not None and hold.act_id not in opening.unsettled and hold.act_id in budget.holds:
            log.error("hold_after_settlement", programme=programme_id, opening=hold.opening_id)
            self.release(act_id=hold.act_id, programme_id=programme_id)

    def make_sure_of(self, programme_id: str, tenant: str) -> None:
        """Make the programme's budget, without a ceiling, if it has none."""
        if self.budgets.find(programme_id) is None:
            budget = Budget(id=programme_id, tenant=tenant)
            self.budgets.create(Act.own(f"open:{programme_id}", "open"), budget, {})

    def _step(self, opening_id: str) -> Any:
        """Return the one next step, seen on a moment at which both documents were as read; None when they agree."""
        for _ in range(100):
            first = self.openings.granted(opening_id)
            if first is None:
                return None
            programme_id = first.programme_id
            budget = self.budgets.get(programme_id)
            opening = self.openings.granted(opening_id)
            if opening is None or self.budgets.get(programme_id).version != budget.version:
                continue
            return self._next(opening_id, opening, budget)
        raise Unavailable("the budget changes faster than it can be settled")

    def _next(self, opening_id: str, opening: Granted, budget: Budget) -> Any:
        move = budget.moving.get(opening_id)
        if move is None:
            acts = tuple(act_id for act_id in opening.unsettled)
            if opening.grant == opening.wanted_grant and not acts:
                return None
            return lambda: self._begin(opening_id, budget.version, opening, Move(opening.wanted_grant, acts))
        if opening.grant == move.to and not set(move.acts) & set(opening.unsettled):
            return lambda: self._end(opening_id, budget)
        return lambda: self.openings.note_grant(opening_id, opening.version, move.to, move.acts)

    def _begin(self, opening_id: str, version: int, opening: Granted, move: Move) -> None:
        def decide(budget: Budget) -> dict[str, Any]:
            if budget.version == version:
                budget.begin_move(opening_id, opening.grant, move, opening.dong or NOWHERE)
            return {}

        self.budgets.act(None, opening.programme_id, decide)

    def _end(self, opening_id: str, seen: Budget) -> None:
        def decide(budget: Budget) -> dict[str, Any]:
            if budget.version == seen.version:
                budget.end_move(opening_id)
            return {}

        self.budgets.act(None, seen.id, decide)
