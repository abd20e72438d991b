"""Whatever happens in whatever order, the ledger's identities hold. Found by trying."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement.budgets.model import Grant, Posting, Sums, faults
from services.placement.budgets.usecases import HOLD_FOR
from shared.errors import Refused
from tests.services.placement.budgets.makers import (
    ALLOWANCE,
    CITY,
    GWANGSAN,
    TENANT,
    TODAY,
    Killed,
    Sleeper,
    a_posting,
    a_treasury,
    dies_at,
)

OPENINGS = st.integers(0, 3)
WON = st.integers(0, 400)
STEPS = st.one_of(st.none(), st.integers(0, 12))
ACTS = st.one_of(
    st.tuples(st.just("give"), st.sampled_from(["state", "city", "other"]), st.integers(-300, 600)),
    st.tuples(st.just("total"), st.one_of(st.none(), WON), st.none()),
    st.tuples(st.just("publish"), OPENINGS, WON),
    st.tuples(st.just("hold"), OPENINGS, WON),
    st.tuples(st.just("commit"), OPENINGS, st.integers(0, 100)),
    st.tuples(st.just("close"), OPENINGS, st.none()),
    st.tuples(st.just("sweep"), st.none(), st.none()),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ACTS, STEPS), max_size=25))
def test_any_acts_with_deaths_between_any_steps_leave_a_budget_that_balances(
    acts: list[tuple[tuple[str, object, object], int | None]],
) -> None:
    treasury = a_treasury()
    treasury.desk.make_sure_of(ALLOWANCE, TENANT)
    for number, ((verb, one, won), dies) in enumerate(acts):
        process = treasury if dies is None else treasury.beside(dies_at(dies))
        opening = f"opn-{one}"
        with suppress(Refused, Killed):
            if verb == "give":
                process.gives(won, one, act_id=f"a-{number}")  # type: ignore[arg-type]
            elif verb == "total":
                process.desk.set_total(CITY, act_id=f"t-{number}", programme_id=ALLOWANCE, total=one)  # type: ignore[arg-type]
            elif verb == "publish" and opening not in treasury.openings.kept:
                process.opens(opening, won, dong=f"동 {one}")  # type: ignore[arg-type]
            elif verb == "hold":
                process.desk.hold(
                    act_id=f"h-{number}",
                    programme_id=ALLOWANCE,
                    tenant=TENANT,
                    opening_id=f"lost-{number}",
                    amount=won,  # type: ignore[arg-type]
                )
            elif verb in ("commit", "close") and opening in treasury.openings.kept:
                wanted = treasury.openings.kept[opening].wanted_grant
                committed = wanted.granted * won // 100 if verb == "commit" else wanted.committed  # type: ignore[operator]
                granted = wanted.granted if verb == "commit" else committed
                treasury.openings.wants(opening, Grant(granted, committed))
                process.desk.settle(opening)
            elif verb == "sweep":
                treasury.clock.move(HOLD_FOR + timedelta(seconds=1))
                process.desk.sweep()
        assert faults(treasury.desk.budgets.get(ALLOWANCE)) == {}

    treasury.clock.move(HOLD_FOR + timedelta(seconds=1))
    treasury.desk.sweep()
    for opening in treasury.openings.kept:
        treasury.desk.settle(opening)
    budget = treasury.budget()
    kept = treasury.openings.kept
    assert (budget.held, budget.moving) == (0, {})
    assert budget.granted == sum(opening.wanted_grant.granted for opening in kept.values())
    assert budget.committed == sum(opening.wanted_grant.committed for opening in kept.values())
    for name, known in kept.items():
        assert budget.dongs.get(f"동 {name[-1]}", Sums()).granted == known.wanted_grant.granted


@pytest.mark.parametrize("step", range(16))
@pytest.mark.parametrize("committed", [50, 200])
def test_who_sleeps_while_settling_wakes_to_an_opening_that_others_settled_and_changed(
    step: int, committed: int
) -> None:
    treasury = a_treasury()
    treasury.gives(1_000)
    treasury.opens("opn-1", 300, 0)
    treasury.openings.wants("opn-1", Grant(300, 100))

    def meanwhile() -> None:
        treasury.desk.settle("opn-1")
        treasury.openings.wants("opn-1", Grant(200, committed))
        treasury.desk.settle("opn-1")

    treasury.beside(Sleeper(step, meanwhile)).desk.settle("opn-1")
    if treasury.openings.kept["opn-1"].wanted_grant.granted != 200:
        meanwhile()

    budget = treasury.budget()
    assert (budget.granted, budget.committed, budget.moving) == (200, committed, {})


BATCHES = st.integers(0, 4)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(BATCHES, st.booleans(), STEPS), max_size=30))
def test_postings_in_any_order_with_repeats_and_deaths_are_each_counted_once(
    postings: list[tuple[int, bool, int | None]],
) -> None:
    treasury = a_treasury()
    treasury.gives(10_000)
    treasury.opens("opn-1", 5_000, 5_000, dong="첨단2동")
    everything: dict[str, Posting] = {}
    for number, back, dies in postings:
        won = 10 ** (number % 3) * (number + 1)
        # What came back is only told of a batch that was paid.
        posting = (
            a_posting(returned=won, batch=f"bat-{number}") if back else a_posting(paid=2 * won, batch=f"bat-{number}")
        )
        if back and f"bat-{number}:paid" not in everything:
            continue
        everything[posting.id] = posting
        process = treasury if dies is None else treasury.beside(dies_at(dies))
        with suppress(Killed):
            process.posts(posting)
    for posting in everything.values():
        treasury.posts(posting)

    budget = treasury.desk.budgets.find(ALLOWANCE)

    assert budget is not None
    assert budget.paid == sum(posting.paid for posting in everything.values())
    assert budget.returned == sum(posting.returned for posting in everything.values())
    assert (budget.dongs["첨단2동"], budget.pending) == (budget.sums, {})
    assert faults(budget) == {}
    said = [event.data["posting_id"] for event in treasury.said() if event.type.endswith("budget.posted.v1")]
    assert sorted(said) == sorted(everything)


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_the_order_and_the_repeats_of_postings_change_nothing(order: list[int], again: list[int]) -> None:
    treasury = a_treasury()
    treasury.opens("opn-1", 5_000, 5_000)
    for number in [*order, *again]:
        treasury.posts(
            Posting(
                f"bat-{number}:paid",
                f"bat-{number}",
                ALLOWANCE,
                TENANT,
                GWANGSAN,
                number,
                0,
                {"수완동": (number, 0)},
                TODAY,
            )
        )

    budget = treasury.desk.budgets.get(ALLOWANCE)

    assert (budget.paid, budget.dongs["수완동"].paid) == (15, 15)
