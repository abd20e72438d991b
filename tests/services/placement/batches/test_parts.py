"""A settlement of any size goes part by part: no command grows with it, and whoever dies is carried on exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.placement.allowance.model import PayMonth
from services.placement.batches.file import Account
from shared.errors import Refused, Unavailable
from shared.mongo.twin import TwinCollection, TwinDatabase
from tests.services.placement.batches.paying import OFFICER, PROGRAMME, Accounts, PayOffice, a_pay_office

RESIDENTS = (1, 2, 3, 4, 5)
PART = 2


class Dead(Exception):
    """The process was killed."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.placement.allowance.storage.AT_ONCE", PART)
    monkeypatch.setattr("services.placement.batches.gathering.AT_ONCE", PART)


def test_no_command_is_larger_than_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[str, list[int]] = {"update_each": [], "insert_many": []}

    def watched(name: str) -> Callable[[TwinCollection, Sequence[Any]], Any]:
        act = getattr(TwinCollection, name)

        def acting(self: TwinCollection, some: Sequence[Any]) -> Any:
            sizes[name].append(len(some))
            return act(self, some)

        return acting

    for name in sizes:
        monkeypatch.setattr(TwinCollection, name, watched(name))
    office = a_pay_office()
    office.worked(*RESIDENTS)
    office.pays()
    office.reads(office.answer(failed={1: "0012", 3: "0012", 5: "0012"}))
    office.worked(*RESIDENTS, day="2026-12-02")
    office.prepares("bat-2")
    office.cancels("bat-2")

    assert {name: max(some) for name, some in sizes.items()} == {"update_each": PART, "insert_many": PART}
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]


@pytest.mark.parametrize("error", [Dead, Unavailable], ids=["dies", "waits in vain"])
@pytest.mark.parametrize("after", ["", " done"], ids=["before the part", "after the part"])
def test_whoever_stops_between_two_parts_is_carried_on_exactly_once(error: type[Exception], after: str) -> None:
    part, reached = 0, True
    while reached:
        part += 1
        database = TwinDatabase("placement")
        office = a_pay_office(database)
        office.worked(*RESIDENTS)
        reached = _pays_until(office, database, f"database pay_months.update_each{after}", part, error)

        _goes_on(office)

        for one in RESIDENTS:
            assert [(payment.won, payment.state) for payment in office.month_of(one).payments] == [(20_640, "paid")]
        paid = [fact["payment_id"] for fact in office.said() if fact["type"] == "placement.allowance.paid.v1"]
        assert sorted(paid) == [f"bat-1:{office.month_of(one).id}" for one in RESIDENTS]
        assert office.budgets.get(PROGRAMME).paid == len(RESIDENTS) * 20_640
        assert office.balance.check(OFFICER, programme_id=PROGRAMME)["differences"] == []
    # Claims, their confirmation, and the bank's answers: three parts each.
    assert part == 10


def _pays_until(
    office: PayOffice, database: TwinDatabase, what: str, part: int, error: type[Exception]
) -> bool:
    """Let a process pay everybody and stop at the ``part``th part; return whether it came so far."""
    seen: list[str] = []

    def step(name: str) -> None:
        if name == what:
            seen.append(name)
            if len(seen) == part:
                raise error("stopped here")

    stopped = replace(office).on(database.seen_by(step))
    with suppress(Dead, Unavailable, Refused):
        stopped.pays()
    return len(seen) >= part


def _goes_on(office: PayOffice) -> None:
    """Let the timers and the officers of another process bring the batch to its end."""
    office.rest()
    for act in (office.approves, office.files_it, lambda: office.reads(office.answer())):
        with suppress(Refused):
            act()
        office.rest()
    assert office.state() == "settled"


def test_a_refusal_after_a_lost_race_holds_up_no_other_part() -> None:
    database = TwinDatabase("placement")
    office = a_pay_office(database)
    office.worked(1, 2, 3)
    others = [lambda: office.worked(1, shift=1)]
    calls: list[str] = []

    def step(what: str) -> None:
        if what == "database pay_months.update_each" and others:
            others.pop()()

    def decide(month: PayMonth) -> None:
        calls.append(month.id)
        if calls.count(month.id) > 1 and month.id == office.month_of(1).id:
            raise Refused("month_is_full", field="pay_month_id", most=400)
        month.claim_for("bat-1", "bank", office.clock.now())

    racing = replace(office).on(database.seen_by(step))
    with pytest.raises(Refused, match="month_is_full"):
        racing.months.change_each([office.month_of(one).id for one in (1, 2, 3)], decide)

    assert [office.month_of(one).claim is not None for one in (1, 2, 3)] == [False, True, True]


def test_whoever_gathers_many_is_left_alone_for_as_long_as_it_takes() -> None:
    office = a_pay_office()
    office.worked(*RESIDENTS)
    tried: list[bool] = []

    class Slow(Accounts):
        def payout(
            self, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
        ) -> Mapping[str, Account]:
            office.clock.move(timedelta(seconds=90))
            tried.append(office.gatherer.lease(batch_id))
            return super().payout(resident_ids, batch_id=batch_id, purpose=purpose, officer=officer)

    slow = replace(office, accounts=Slow())
    assert slow.prepares()["people"] == len(RESIDENTS)

    assert tried == [False, False, False]
