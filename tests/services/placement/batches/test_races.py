"""However processes interleave, sleep or die: no won is paid twice, none is lost, and everything agrees at rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from services.placement.allowance.lines import CLAIMED, PAID
from services.placement.allowance.model import PayMonth
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.mongo.twin import TwinDatabase
from tests.services.placement.batches.paying import OFFICER, OTHER_OFFICER, PROGRAMME, PayOffice, a_pay_office

RESIDENTS = (1, 2, 3)
#: Longer than a lease and than a claim may wait.
LONG = timedelta(minutes=6)


class Dead(Exception):
    """The process was killed."""


class Town:
    """One database, and as many processes as are asked for."""

    def __init__(self) -> None:
        self.database = TwinDatabase("placement")
        self.first = a_pay_office(self.database)
        self.first.worked(*RESIDENTS)

    def process(self) -> PayOffice:
        """Return another process on the same database, with the same clock."""
        return replace(self.first)

    def stopped(self, act: Act, at: int, meanwhile: Callable[[], None], *, dies: bool) -> bool:
        """Let a process act, stop it before its step number ``at``, and do something else meanwhile.

        It dies there or goes on. Returns whether it came so far.
        """
        left = [at]
        asleep = self.process()

        def step(_what: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                meanwhile()
                if dies:
                    raise Dead

        asleep.on(self.database.seen_by(step))
        with suppress(Refused, NotFound, Conflict, Unavailable, Dead):
            act(asleep)
        return left[0] <= 0

    def must_agree(self) -> None:
        """At rest: claims are rows, payments are answers, the budget is their sum, and what is due can be paid."""
        office = self.process()
        office.rest()
        for batch in office.all_batches.heads_of(PROGRAMME):
            assert batch.due is None, batch
            if batch.state == "filed":
                office.reads(office.answer(batch.id), batch.id)
        office.rest()
        assert _differences(office) == []
        for batch in office.all_batches.heads_of(PROGRAMME):
            if batch.state in ("gathering", "prepared", "approved"):
                office.cancels(batch.id)
        office.rest()
        assert not office.database.collection("pay_months").find({"claimed": {"$exists": True}})
        with suppress(Refused):
            office.pays("bat-last")
        office.rest()
        assert _differences(office) == []
        for resident in RESIDENTS:
            month = office.month_of(resident)
            assert month.paid == month.payable == month.earned
            sent_back = sum(sent.won for sent in month.sent_back)
            gone = sum(payment.won for payment in month.payments if payment.state in (PAID, CLAIMED))
            assert gone - sent_back == month.payable
        budget = office.budgets.get(PROGRAMME)
        assert budget.paid - budget.returned == sum(office.month_of(one).paid for one in RESIDENTS)
        paid = [fact["payment_id"] for fact in office.said() if fact["type"] == "placement.allowance.paid.v1"]
        assert len(paid) == len(set(paid))


def _differences(office: PayOffice) -> list[Any]:
    checked = office.balance.check(OFFICER, programme_id=PROGRAMME)
    assert checked["settling"] == []
    differences: list[Any] = checked["differences"]
    return differences


Act = Callable[[PayOffice], object]


def _file(office: PayOffice) -> None:
    with suppress(Refused):
        office.approves()
    office.files_it()


def _answer(office: PayOffice) -> None:
    _file(office)
    office.reads(office.answer(failed={1: "0012"}))


def _drop(office: PayOffice) -> None:
    office.batches.drop_row(OFFICER, act_id="drop", batch_id="bat-1", pay_month_id=office.month_of(1).id)


def _corrected(office: PayOffice) -> None:
    office.worked(1, revision=2, minutes=150, was=120)


def _sent_back(office: PayOffice) -> None:
    office.reads(office.answer(failed={2: "0012"}))


def _said_to_be_back(office: PayOffice) -> None:
    row = office.month_of(3).id
    for who in (OFFICER, OTHER_OFFICER):
        asked = {"batch_id": "bat-1", "pay_month_id": row, "reason": "closed_account"}
        office.batches.return_row(who, act_id=office.act_id(), **asked)


def _swept(office: PayOffice) -> None:
    office.settler.sweep()
    office.settler.sweep_claims()


ACTS: dict[str, Act] = {
    "prepare": lambda office: office.prepares(),
    "prepare another": lambda office: office.prepares("bat-2"),
    "cancel": lambda office: office.cancels(),
    "drop": _drop,
    "file": _file,
    "answer": _answer,
    "send back": _sent_back,
    "say it is back": _said_to_be_back,
    "correct": _corrected,
    "sweep": _swept,
}


PAIRS = [
    ("prepare", "prepare another"),
    ("prepare", "cancel"),
    ("prepare", "sweep"),
    ("file", "cancel"),
    ("file", "drop"),
    ("file", "correct"),
    ("answer", "sweep"),
    ("answer", "correct"),
    ("cancel", "prepare another"),
    ("cancel", "sweep"),
    ("drop", "prepare another"),
    ("drop", "cancel"),
]


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "sleeps"])
@pytest.mark.parametrize(("act", "other"), PAIRS)
def test_whoever_stops_before_any_step(act: str, other: str, dies: bool) -> None:
    at, reached = 0, True
    while reached:
        at += 1
        town = Town()
        if act != "prepare":
            town.first.prepares()

        def meanwhile(town: Town = town) -> None:
            town.first.clock.move(LONG)
            awake = town.process()
            with suppress(Refused, NotFound, Conflict):
                ACTS[other](awake)
            _swept(awake)

        reached = town.stopped(ACTS[act], at, meanwhile, dies=dies)
        town.must_agree()
    assert at > 3


STEPS = st.tuples(
    st.sampled_from(sorted(ACTS)),
    st.integers(min_value=1, max_value=60),
    st.lists(st.sampled_from(sorted(ACTS)), max_size=3),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(STEPS, min_size=1, max_size=5))
@running(max_examples=100, deadline=None)
def test_no_interleaving_pays_twice_or_loses_won(steps: list[tuple[str, int, list[str], bool, bool]]) -> None:
    town = Town()
    for act, at, others, dies, takes_long in steps:

        def meanwhile(others: list[str] = others, takes_long: bool = takes_long) -> None:
            for other in others:
                if takes_long:
                    town.first.clock.move(LONG)
                with suppress(Refused, NotFound, Conflict):
                    ACTS[other](town.process())

        town.stopped(ACTS[act], at, meanwhile, dies=dies)
    town.must_agree()


def test_a_claim_that_comes_after_the_cancellation_is_never_confirmed() -> None:
    town = Town()
    office = town.first
    office.accounts.away = True
    office.prepares()
    office.accounts.away = False
    office.gatherer.gather("bat-1")
    late = office.month_of(1).id
    came = []

    def step(what: str) -> None:
        if what == "database pay_months.update_each" and not came:
            came.append(late)
            office.cancels()
            until = office.clock.now() + LONG
            office.months.change_each([late], lambda month: _claim(month, until))
        elif what == "database pay_months.update_each done":
            raise Dead

    confirming = town.process()
    confirming.on(town.database.seen_by(step))
    with pytest.raises(Dead):
        confirming.settler.move_on("bat-1")

    assert came
    office.rest()
    assert office.month_of(1).claim is None
    assert office.month_of(1).due_now == 20_640


def _claim(month: PayMonth, until: datetime) -> None:
    month.claim_for("bat-1", "bank", until)


def test_no_claim_is_released_while_its_batch_gathers() -> None:
    office = Town().first
    office.accounts.away = True
    office.prepares()
    one = office.month_of(1).id
    office.months.change_each([one], lambda month: _claim(month, office.clock.now()))
    office.settler._bring_claims("bat-1")

    assert office.month_of(1).claim is not None


def test_a_change_that_lost_its_race_in_bulk_is_made_all_the_same() -> None:
    town = Town()
    others = [lambda: town.first.worked(1, shift=1)]

    def step(what: str) -> None:
        if what == "database pay_months.update_each" and others:
            others.pop()()

    counting = town.process()
    counting.on(town.database.seen_by(step))
    counting.worked(1, 2, shift=2)

    assert [town.first.month_of(one).minutes for one in (1, 2)] == [360, 240]


@pytest.mark.parametrize("what", ["paid", "returned"])
def test_a_budget_forgets_a_posting_whose_poster_died_after_it_was_noted(what: str) -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.approves()
    if what == "returned":
        office.files_it()
    dying, budget = replace(office), office.budgets
    dying.on(office.database)
    act = dying.budgets.act

    def dies_when_it_forgets(named: Any, budget_id: str, decide: Callable[[Any], Any]) -> Any:
        if any(one.endswith(f":{what}") for one in budget.get(PROGRAMME).pending):
            raise Dead
        return act(named, budget_id, decide)

    dying.budgets.act = dies_when_it_forgets  # type: ignore[method-assign]
    with suppress(Dead):
        dying.files_it() if what == "paid" else dying.reads(dying.answer("bat-1", {1: "0001"}))
    assert list(budget.get(PROGRAMME).pending) == [f"bat-1:{what}"]
    assert what in office.all_batches.get("bat-1").posted

    office.rest()

    assert budget.get(PROGRAMME).pending == {}
    assert (budget.get(PROGRAMME).paid, budget.get(PROGRAMME).returned) == (41_280, 20_640 if what == "returned" else 0)
