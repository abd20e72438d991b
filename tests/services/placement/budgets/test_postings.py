"""What batches pay is counted once, whoever dies, sleeps or comes again."""

from __future__ import annotations

from functools import partial

import pytest

from services.placement.budgets.model import Posting, faults
from shared.errors import Refused, Unavailable
from tests.services.placement.budgets.makers import (
    ALLOWANCE,
    GWANGSAN,
    TENANT,
    TODAY,
    Killed,
    Sleeper,
    Treasury,
    a_posting,
    a_treasury,
    dies_at,
)


@pytest.fixture
def treasury() -> Treasury:
    ready = a_treasury()
    ready.gives(1_000_000)
    ready.opens("opn-1", 300_000, 200_000)
    return ready


def test_a_batch_pays_and_the_bank_sends_some_back(treasury: Treasury) -> None:
    treasury.posts(a_posting(paid=150_000))
    treasury.posts(a_posting(returned=20_000))

    budget = treasury.budget()

    assert (budget.granted, budget.committed, budget.paid, budget.returned) == (300_000, 200_000, 150_000, 20_000)
    assert budget.dongs["첨단2동"] == budget.sums
    assert budget.balance == 700_000
    assert budget.pending == {}


def test_each_posting_is_said_once(treasury: Treasury) -> None:
    for _ in range(3):
        treasury.posts(a_posting(paid=150_000))

    said = [event for event in treasury.said() if event.type == "kr.sipbun.placement.budget.posted.v1"]

    assert [(event.data["posting_id"], event.data["paid"]) for event in said] == [("bat-1:paid", 150_000)]


def test_a_poster_may_die_at_any_step_and_the_next_one_finishes(treasury: Treasury) -> None:
    died = 0
    for step in range(100):
        posting = a_posting(paid=1_000, batch=f"bat-{step}")
        try:
            treasury.beside(dies_at(step)).posts(posting)
        except Killed:
            died += 1
        else:
            break
        treasury.posts(posting)
        assert treasury.budget().paid == (step + 1) * 1_000
        assert treasury.budget().pending == {}
    assert died >= 6


def test_a_batch_that_did_not_answer_notes_the_posting_when_it_comes_again(treasury: Treasury) -> None:
    posting = a_posting(paid=1_000)

    def away() -> None:
        raise Unavailable("the batch's database is away")

    with pytest.raises(Unavailable):
        treasury.desk.post(posting, noted=treasury.batches.has(posting.id), note=away)
    assert list(treasury.budget().pending) == ["bat-1:paid"]

    treasury.posts(posting)

    assert (treasury.budget().paid, treasury.budget().pending) == (1_000, {})
    assert treasury.batches.noted == {"bat-1:paid"}


def test_who_sleeps_at_any_step_wakes_to_a_posting_that_others_counted_noted_and_forgot(treasury: Treasury) -> None:
    slept = 0
    for step in range(100):
        posting = a_posting(paid=1_000, batch=f"bat-{step}")
        sleeper = Sleeper(step, partial(treasury.posts, posting))

        treasury.beside(sleeper).posts(posting)

        assert treasury.budget().paid == (step + 1) * 1_000
        assert treasury.budget().pending == {}
        if not sleeper.slept:
            break
        slept += 1
    assert slept >= 6


def test_who_sleeps_after_asking_the_batch_does_not_count_again(treasury: Treasury) -> None:
    posting = a_posting(paid=1_000)
    asked: list[bool] = []

    def noted() -> bool:
        answer = posting.id in treasury.batches.noted
        if not asked:
            asked.append(answer)
            treasury.posts(posting)  # counted, noted and forgotten while this one sleeps
        return answer

    treasury.desk.post(posting, noted=noted, note=treasury.batches.takes(posting.id))

    assert asked == [False]
    assert treasury.budget().paid == 1_000


def test_what_passes_the_committed_won_is_counted_and_shown(treasury: Treasury) -> None:
    treasury.posts(a_posting(paid=200_001))

    budget = treasury.desk.budgets.get(ALLOWANCE)

    assert (budget.paid, budget.overdrawn) == (200_001, 1)
    assert faults(budget) == {}


def test_money_is_posted_for_a_programme_without_a_ceiling(treasury: Treasury) -> None:
    treasury.opens("opn-2", 100, 100, programme_id="gwangju:little-library")

    treasury.posts(a_posting(paid=100, programme_id="gwangju:little-library"))

    assert treasury.budget("gwangju:little-library").paid == 100


def test_a_posting_id_never_stands_for_another_amount(treasury: Treasury) -> None:
    def away() -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable):
        treasury.desk.post(a_posting(paid=1_000), noted=lambda: False, note=away)

    with pytest.raises(Refused, match="act_id_reused"):
        treasury.posts(a_posting(paid=2_000))


def test_a_posting_is_the_sum_of_its_dongs() -> None:
    with pytest.raises(ValueError, match="by dong"):
        Posting("bat:paid", "bat", ALLOWANCE, TENANT, GWANGSAN, 3, 0, {"첨단2동": (1, 0), "수완동": (1, 0)}, TODAY)
