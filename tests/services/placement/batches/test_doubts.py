"""What an officer should look at before anybody is paid: a month that is not over, a bank that says both."""

from __future__ import annotations

from typing import Any

import pytest

from services.placement.batches.shown import month_over_on
from tests.services.placement.batches.paying import OFFICER, PROGRAMME, PayOffice, a_pay_office


@pytest.mark.parametrize(
    ("month", "day", "over_on", "early"),
    [
        ("2026-12", "2026-12-01", "2027-01-01", False),
        ("2027-01", "2027-01-04", "2027-02-01", True),
    ],
)
def test_a_batch_of_a_month_that_is_not_over_says_so(month: str, day: str, over_on: str, early: bool) -> None:
    office = a_pay_office()
    office.worked(1, day=day)

    told = office.prepares(month=month)

    assert (told["month_over_on"], told["before_month_end"]) == (over_on, early)
    assert month_over_on(month).isoformat() == over_on


def a_bank_that_says_both() -> PayOffice:
    """Return an office whose bank said that a payment failed, and later that it was paid."""
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.approves()
    office.files_it()
    paid = office.answer()
    office.reads(office.answer(failed={2: "0012"}))
    told = office.reads(paid)
    assert (told["contradicted"], told["returned_later"], told["state"]) == (1, 0, "settled")
    return office


def seen(office: PayOffice, batch_id: str) -> list[dict[str, Any]]:
    """Return what an officer is told to ask the bank."""
    doubts: list[dict[str, Any]] = office.batches.get(OFFICER, batch_id=batch_id)["ask_the_bank"]
    return doubts


def test_a_bank_that_says_failed_and_then_paid_moves_nothing_and_is_seen() -> None:
    office = a_bank_that_says_both()

    assert (office.month_of(2).paid, office.month_of(2).due_now) == (0, 20_640)
    assert office.budgets.get(PROGRAMME).returned == 20_640
    doubt = {"batch_id": "bat-1", "row": 2, "pay_month_id": office.month_of(2).id, "day": "2027-01-05"}
    assert seen(office, "bat-1") == [doubt]
    rows = office.batches.rows(OFFICER, batch_id="bat-1")["rows"]
    assert [row["contradicted_on"] for row in rows] == [None, "2027-01-05"]
    listed = office.batches.listed(OFFICER, programme_id=PROGRAMME)["batches"]
    assert [row["contradicted"] for row in listed] == [1]


def test_who_approves_the_next_batch_sees_that_it_may_pay_a_second_time_and_can_leave_it_out() -> None:
    office = a_bank_that_says_both()
    office.worked(1, day="2026-12-02")

    assert office.prepares("bat-2")["people"] == 2
    assert [(one["batch_id"], one["row"]) for one in seen(office, "bat-2")] == [("bat-1", 2)]
    row = office.month_of(2).id
    office.batches.drop_row(OFFICER, act_id="drop", batch_id="bat-2", pay_month_id=row)

    assert seen(office, "bat-2") == []
    assert (office.month_of(2).claim, office.month_of(2).due_now) == (None, 20_640)


def test_a_file_that_says_again_that_it_came_back_ends_the_doubt() -> None:
    office = a_bank_that_says_both()

    office.reads(office.answer(failed={2: "0012"}))

    assert seen(office, "bat-1") == []
    office.pays("bat-2")
    assert (office.month_of(2).paid, office.month_of(2).due_now) == (20_640, 0)
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
