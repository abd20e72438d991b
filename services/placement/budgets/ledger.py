"""The ledger (예산 원장): what was appropriated, held, granted, committed, paid and returned, row by row, and checked.

A row without a ceiling says null for what is not known (자료 없음), and sums keep such programmes apart (``known``,
``unknown``): appropriated = held + granted + balance holds in every row and in every ``known`` sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from services.placement.budgets.model import Budget, Sums, faults
from services.placement.budgets.storage import Budgets
from services.placement.programmes.districts import Districts
from services.placement.programmes.model import Programme
from shared.actors import Actor, must_be
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.pages import after, checked_limit, page
from shared.telemetry import log, metrics

#: What rows can be told by.
BY = ("programme", "district", "dong", "municipality")
#: Rows of one answer.
MOST_ROWS = 200
#: Unbalanced programmes told at once.
MOST_FAULTS = 100
#: Budgets checked in one sweep, and how long one is left alone then.
CHECKED_AT_ONCE = 50
CHECK_EVERY = timedelta(minutes=5)


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""

    def of_tenant(self, tenant: str, district: str | None = None) -> Sequence[Programme]:
        """Return a tenant's programmes, by code."""


@dataclass(frozen=True)
class Account:
    """A programme and its budget."""

    programme: Programme
    budget: Budget


@dataclass(frozen=True)
class Ledger:
    """Reads and checks the budgets."""

    budgets: Budgets
    programmes: Programmes
    clock: Clock
    districts: Districts = field(default_factory=Districts)

    def read(
        self,
        actor: Actor,
        *,
        tenant: str,
        by: str = "programme",
        programme_id: str | None = None,
        umbrella: str | None = None,
        district: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{rows, totals, cursor}`` in won, by one of ``BY``, at most ``limit`` (1 to 200) rows.

        ``umbrella``: that programme and what is below it, by id; ``district``: its code. Officers of the tenant; one
        limited to districts sees those only. The totals are of all rows, not of the page.
        """
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 2)
        accounts = self._accounts(actor, tenant, programme_id=programme_id, umbrella=umbrella, district=district)
        every = sorted(_ROWS[by](accounts), key=_key)
        rows, further = page((row for row in every if since is None or _key(row) > tuple(since)), limit, _key)
        return {"by": by, "rows": rows, "totals": _summed(accounts), "cursor": further}

    def published(self, _actor: Actor, *, programme_id: str) -> dict[str, Any]:
        """Return what everybody may know of a programme's money: who gave how much, and what was paid, in won."""
        programme = self.programmes.get(programme_id)
        budget = self.budgets.find(programme_id) or Budget(id=programme_id, tenant=programme.tenant)
        return {
            "programme_id": programme_id,
            "appropriated": budget.total,
            "funders": dict(budget.funders),
            "paid": budget.paid,
            "returned": budget.returned,
            "recovered": budget.sums.recovered,
        }

    def checked(self, actor: Actor, *, tenant: str) -> dict[str, Any]:
        """Return ``{checked, balanced, faults, more}``: the identities that each of a tenant's budgets keeps or breaks.

        ``faults`` has ``{programme_id, fault, won}``, the first 100 programmes; officers see those of their districts.
        """
        accounts = self._accounts(actor, tenant)
        broken = [(account.budget.id, faults(account.budget)) for account in accounts]
        broken = [(programme_id, found) for programme_id, found in broken if found]
        return {
            "tenant": tenant,
            "checked": len(accounts),
            "balanced": not broken,
            "faults": [
                {"programme_id": programme_id, "fault": fault, "won": won}
                for programme_id, found in broken[:MOST_FAULTS]
                for fault, won in found.items()
            ],
            "more": len(broken) > MOST_FAULTS,
        }

    def check(self) -> bool:
        """Check budgets that have not been checked for a while; say what does not balance. Returns whether more wait."""
        now = self.clock.now()
        waiting = self.budgets.to_check(now, CHECKED_AT_ONCE)
        for budget in waiting:
            for fault, won in faults(budget).items():
                log.error("budget_unbalanced", programme=budget.id, fault=fault, won=won)
                metrics.BUDGETS_UNBALANCED.labels(fault).inc()
            self.budgets.checked(budget.id, now + CHECK_EVERY)
        return len(waiting) == CHECKED_AT_ONCE

    def _accounts(
        self,
        actor: Actor,
        tenant: str,
        *,
        programme_id: str | None = None,
        umbrella: str | None = None,
        district: str | None = None,
    ) -> list[Account]:
        must_be(actor, "officer", "operator", tenant=tenant, district=district)
        every = self.programmes.of_tenant(tenant)
        chosen: set[str] | None = None
        if umbrella is not None:
            chosen = below(umbrella, every)
        for named, one in (("programme_id", programme_id), ("umbrella", umbrella)):
            if one is not None and one not in {programme.id for programme in every}:
                raise Refused("programme_of_other_tenant", field=named, programme_id=one)
        limited = frozenset() if actor.is_any("service") else actor.districts
        budgets, today = self.budgets.of_tenant(tenant), kst_day(self.clock.now())
        return [
            Account(
                replace(programme, district=self.districts.named(programme.district, today)),
                budgets.get(programme.id) or Budget(id=programme.id, tenant=tenant),
            )
            for programme in every
            if (programme_id is None or programme.id == programme_id)
            and (chosen is None or programme.id in chosen)
            and (district is None or programme.district.code == district)
            and (not limited or programme.district.code in limited)
        ]


def below(umbrella: str, programmes: Sequence[Programme]) -> set[str]:
    """Return the ids of a programme and of all below it, however deep; a row's ``parent`` is a code."""
    children: dict[str, list[Programme]] = {}
    for programme in programmes:
        if programme.parent is not None:
            children.setdefault(Programme.id_of(programme.tenant, programme.parent), []).append(programme)
    found: set[str] = set()
    waiting = [umbrella]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [child.id for child in children.get(one, ())]
    return found


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["district"] or "", row.get("programme_id") or row.get("dong") or row.get("municipality") or ""


def _by_programme(accounts: Sequence[Account]) -> Iterator[dict[str, Any]]:
    for account in accounts:
        programme, budget = account.programme, account.budget
        yield {
            "programme_id": programme.id,
            "name_ko": programme.name_ko,
            "district": programme.district.code,
            "appropriated": budget.total,
            "funders": dict(budget.funders),
            "held": budget.held,
            **vars(budget.sums),
            "balance": budget.balance,
            "overdrawn": budget.overdrawn,
        }


def _by_district(accounts: Sequence[Account]) -> Iterator[dict[str, Any]]:
    for code, group in _grouped(accounts, lambda account: account.programme.district.code):
        yield {"district": code, "name_ko": group[-1].programme.district.name, **_summed(group)}


def _by_municipality(accounts: Sequence[Account]) -> Iterator[dict[str, Any]]:
    for name, group in _grouped(accounts, lambda account: account.programme.district.municipality):
        yield {"district": None, "municipality": name, **_summed(group)}


def _by_dong(accounts: Sequence[Account]) -> Iterator[dict[str, Any]]:
    """Yield what is known by 동: money is appropriated and held for a programme, never for a 동."""
    for code, group in _grouped(accounts, lambda account: account.programme.district.code):
        dongs: dict[str, Sums] = {}
        for account in group:
            for dong, sums in account.budget.dongs.items():
                dongs[dong] = dongs.get(dong, Sums()) + sums
        for dong, sums in dongs.items():
            yield {"district": code, "dong": dong, "appropriated": None, "held": None, **vars(sums), "balance": None}


def _grouped(
    accounts: Sequence[Account], by: Callable[[Account], str | None]
) -> Iterator[tuple[str | None, list[Account]]]:
    groups: dict[str | None, list[Account]] = {}
    for account in accounts:
        groups.setdefault(by(account), []).append(account)
    yield from groups.items()


def _summed(accounts: Sequence[Account]) -> dict[str, Any]:
    """Return ``{known, unknown}``: sums of the programmes with a ceiling, and of those without."""
    known = [account.budget for account in accounts if account.budget.total is not None]
    unknown = [account.budget for account in accounts if account.budget.total is None]
    return {"known": _sum(known, ceiling=True), "unknown": _sum(unknown, ceiling=False)}


def _sum(budgets: Sequence[Budget], *, ceiling: bool) -> dict[str, Any]:
    return {
        "programmes": len(budgets),
        "appropriated": sum(budget.total or 0 for budget in budgets) if ceiling else None,
        "held": sum(budget.held for budget in budgets),
        **vars(sum((budget.sums for budget in budgets), Sums())),
        "balance": sum(budget.balance or 0 for budget in budgets) if ceiling else None,
    }


_ROWS: Mapping[str, Callable[[Sequence[Account]], Iterator[dict[str, Any]]]] = {
    "programme": _by_programme,
    "district": _by_district,
    "dong": _by_dong,
    "municipality": _by_municipality,
}
