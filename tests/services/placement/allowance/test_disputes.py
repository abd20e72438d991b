"""What a disputed shift earned waits until an officer has answered, or should have; the rest of the month is paid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st

from services.placement.allowance.lines import Cap, Worked
from services.placement.allowance.model import PayMonth
from services.placement.allowance.payments import taken
from services.placement.allowance.shown import shown
from shared.errors import Refused
from tests.services.placement.batches.paying import (
    DISTRICT,
    MONTH,
    OFFICER,
    PROGRAMME,
    TENANT,
    PayOffice,
    a_pay_office,
    disputed,
    settled,
)

FIRST, SECOND = "2026-12-01", "2026-12-02"
NOW = datetime(2027, 1, 5, 5, 0, tzinfo=UTC)
#: When a dispute should have been answered (paying.py).
UNTIL = datetime(2026, 12, 8, 9, 0, tzinfo=UTC)


def a_disputed_shift() -> PayOffice:
    """Return an office where 김은하 worked two days, and the first one is disputed; another resident worked one."""
    office = a_pay_office()
    office.worked(1, 2)
    office.worked(1, day=SECOND)
    office.disputes(1)
    return office


def test_a_disputed_shift_waits_and_the_others_go_on() -> None:
    office = a_disputed_shift()

    told = office.prepares()

    assert (told["people"], told["lines"], told["won"], told["left_out_people"]) == (2, 2, 41_280, 1)
    left_out = office.batches.get(OFFICER, batch_id="bat-1")["left_out"]
    assert left_out == [{"resident_id": "res-1", "pay_month_id": office.month_of(1).id, "reason": "dispute"}]
    month = shown(office.month_of(1))
    assert (month["earned"], month["payable"], month["on_its_way"]) == (41_280, 41_280, 20_640)
    assert (month["in_dispute"], month["due_now"], month["to_recover"]) == (20_640, 0, 0)
    assert [(line["day"], line["waits_for"]) for line in month["lines"]] == [(FIRST, "dispute"), (SECOND, None)]


def test_whoever_is_left_out_for_two_reasons_is_one_of_the_people_left_out() -> None:
    office = a_disputed_shift()
    office.accounts.special = {"res-1": None}

    told = office.prepares()

    assert (told["people"], told["left_out_people"]) == (1, 1)
    left_out = office.batches.get(OFFICER, batch_id="bat-1")["left_out"]
    assert [row["reason"] for row in left_out] == ["no_account", "dispute"]


def test_it_is_paid_once_when_the_dispute_is_answered() -> None:
    office = a_disputed_shift()
    office.pays()
    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-2")

    office.answers(1)
    office.pays("bat-2")

    month = office.month_of(1)
    assert [(payment.won, payment.lines) for payment in month.payments] == [(20_640, 1), (20_640, 1)]
    assert (month.paid, month.due_now, month.in_dispute) == (41_280, 0, 0)
    assert office.batches.get(OFFICER, batch_id="bat-2")["left_out"] == []
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-3")


def test_what_the_answer_corrects_is_what_is_paid() -> None:
    office = a_disputed_shift()
    office.pays()

    office.worked(1, revision=2, minutes=60, was=120)
    office.answers(1)
    office.pays("bat-2")

    assert (office.month_of(1).paid, office.month_of(1).earned) == (30_960, 30_960)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_words_of_a_dispute_come_twice_and_in_any_order(order: tuple[int, ...]) -> None:
    office = a_pay_office()
    tell = [
        lambda: office.hears(settled(1)),
        lambda: office.allowance.note_disputed(disputed(1)),
        lambda: office.allowance.note_dispute_answered(disputed(1, answered=True)),
    ]
    for number in (*order, *order):
        tell[number]()

    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (20_640, 0)
    office.disputes(1, 2)
    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (0, 20_640)
    office.answers(1, 1)
    assert office.month_of(1).in_dispute == 20_640


def test_what_is_paid_already_neither_waits_nor_comes_back() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()

    office.disputes(1)
    office.worked(1, day=SECOND)

    month = office.month_of(1)
    assert (month.due_now, month.in_dispute, month.to_recover) == (20_640, 0, 0)
    office.pays("bat-2")
    assert office.month_of(1).paid == 41_280


def test_what_came_back_from_the_bank_waits_when_it_is_disputed_by_then() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.disputes(1)
    office.approves()
    office.files_it()
    office.reads(office.answer(failed={1: "0012"}))

    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (0, 20_640)


def test_what_came_back_after_it_was_paid_waits_too_though_a_later_payment_stands() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    office.worked(1, day=SECOND)
    office.pays("bat-2")
    office.reads(office.answer("bat-1", failed={1: "0012"}), "bat-1")
    assert office.month_of(1).due_now == 20_640

    office.disputes(1)

    month = office.month_of(1)
    assert (month.due_now, month.in_dispute, month.paid) == (0, 20_640, 20_640)
    office.worked(1, revision=2, minutes=60, was=120)
    office.answers(1)
    office.pays("bat-3")
    month = office.month_of(1)
    assert [(payment.won, payment.lines) for payment in month.payments] == [(20_640, 1), (20_640, 1), (10_320, 2)]
    assert (month.paid, month.earned, month.due_now) == (30_960, 30_960, 0)


def test_nothing_waits_that_could_be_paid_without_the_disputed_shift() -> None:
    office = a_pay_office(cap=30_000)
    office.worked(1)
    for day in (SECOND, "2026-12-03"):
        office.worked(1, day=day)
    office.disputes(1)

    month = office.month_of(1)
    assert (month.payable, month.due_now, month.in_dispute) == (30_000, 30_000, 0)
    office.pays()
    office.answers(1)
    assert (office.month_of(1).due_now, office.month_of(1).held_back) == (0, 31_920)


def test_pay_does_not_wait_for_ever_for_an_answer_that_nobody_gives() -> None:
    office = a_disputed_shift()
    office.pays()
    office.clock.at = UNTIL - timedelta(seconds=1)
    office.allowance.end_waiting()
    assert office.month_of(1).in_dispute == 20_640

    office.clock.move(timedelta(seconds=1))
    assert not office.allowance.end_waiting()

    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (20_640, 0)
    assert [line["waits_for"] for line in shown(office.month_of(1))["lines"]] == [None, None]
    assert office.months.with_overdue_disputes(office.clock.now(), 10) == []
    office.pays("bat-2")
    assert office.month_of(1).paid == 41_280


def test_an_answer_that_comes_too_late_still_counts_and_another_dispute_waits_anew() -> None:
    office = a_disputed_shift()
    office.clock.at = UNTIL
    office.allowance.end_waiting()
    # Told again, and the sweep of another process comes late.
    office.disputes(1)
    office.allowance.end_waiting()
    assert office.month_of(1).due_now == 41_280

    office.disputes(1, 2)
    office.disputes(1)
    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (20_640, 20_640)
    office.worked(1, revision=2, minutes=60, was=120)
    office.answers(1, 2)
    assert (office.month_of(1).due_now, office.month_of(1).in_dispute) == (30_960, 0)
    assert office.months.with_overdue_disputes(office.clock.now(), 10) == []


def test_a_dispute_that_is_heard_after_its_answer_waits_for_no_time_to_pass() -> None:
    office = a_pay_office()
    office.worked(1)
    office.answers(1)
    office.disputes(1)
    office.clock.at = UNTIL

    assert (office.month_of(1).due_now, office.months.with_overdue_disputes(UNTIL, 10)) == (20_640, [])


def test_what_is_answered_in_time_is_looked_at_no_more() -> None:
    office = a_pay_office()
    for resident in (1, 2, 3):
        office.worked(resident)
        office.disputes(resident)
    office.answers(2)
    office.clock.at = UNTIL

    assert sorted(office.months.with_overdue_disputes(UNTIL, 10)) == [office.month_of(1).id, office.month_of(3).id]
    assert office.months.with_overdue_disputes(UNTIL - timedelta(seconds=1), 10) == []


STEPS = st.tuples(
    st.sampled_from(["count", "dispute", "answer", "claim", "paid", "failed", "release", "send back", "too late"]),
    st.integers(min_value=0, max_value=3),
    st.sampled_from([0, 30, 60, 120]),
)


@given(st.lists(STEPS, max_size=25), st.sampled_from([None, 25_000, 60_000]))
@running(max_examples=150, deadline=None)
def test_whatever_is_disputed_when_all_is_paid_in_the_end_and_nothing_twice(
    steps: list[tuple[str, int, int]], most: int | None
) -> None:
    cap = None if most is None else Cap(most, "focusi.co.kr 232418")
    month = PayMonth(
        id="pay", tenant=TENANT, programme_id=PROGRAMME, district=DISTRICT, resident_id="res-1", month=MONTH
    )
    revisions, numbers = [0] * 4, [0] * 4

    def step(what: str, shift: int, minutes: int, number: int) -> None:
        name = f"opn:res-1:1:{shift}"
        if what == "count":
            revisions[shift] += 1
            won = -(-minutes * 10_320 // 60)
            worked = Worked(name, revisions[shift], f"2026-12-0{shift + 1}", minutes, 10_320, won, "첨단2동")
            month.count(worked, cap, NOW)
        elif what == "dispute":
            numbers[shift] += 1
            month.note_dispute(name, numbers[shift], UNTIL)
        elif what == "answer":
            month.note_dispute_answered(name, numbers[shift])
        elif what == "claim":
            month.claim_for(f"bat-{number}", "bank", NOW)
        elif what == "too late":
            month.end_waiting(UNTIL)
        elif what == "send back":
            for payment in month.payments[shift : shift + 1]:
                month.note_sent_back(payment.batch_id, "closed_account", "2027-01-07")
        elif month.claim is not None and what == "release":
            month.release_claim(month.claim.batch_id)
        elif month.claim is not None:
            month.note_answer(month.claim.batch_id, None if what == "paid" else "other", "2027-01-06")

    for number, (what, shift, minutes) in enumerate(steps):
        step(what, shift, minutes, number)
        assert 0 <= month.in_dispute <= max(0, month.payable - month.out)
        assert month.due_now == month.payable - month.out - month.in_dispute
        for payment in month.payments:
            assert payment.won > 0
            assert sum(payment.dongs.values()) == payment.won
            assert payment.lines == len(taken(month.lines, month.payments)[payment.batch_id])
        stand = {one.attendance_id for one in month.disputes.values() if one.stands}
        assert {line.attendance_id for line in month.waiting} <= stand
    step("paid", 0, 0, 0)
    for shift in range(4):
        step("answer", shift, 0, 0)
    step("claim", 0, 0, 1_000)
    step("paid", 0, 0, 0)
    assert (month.due_now, month.in_dispute) == (min(0, month.payable - month.out), 0)
