"""A batch from gathering to the bank's answer."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from services.placement.allowance.schemas import Check
from services.placement.batches.file import Account
from services.placement.batches.settling import Settler
from shared.actors import Actor
from shared.errors import Refused, Unavailable
from shared.mongo.real import connect
from shared.pages import cursor_of
from tests.services.placement.batches.paying import (
    MONTH,
    OFFICER,
    OTHER_OFFICER,
    PROGRAMME,
    TENANT,
    a_pay_office,
    a_wallet,
)


def test_a_batch_goes_from_attendance_to_the_budget() -> None:
    office = a_pay_office()
    office.worked(1, 2, 3)

    told = office.prepares()
    assert (told["state"], told["people"], told["lines"], told["won"]) == ("prepared", 3, 3, 61_920)
    office.approves()
    office.files_it()
    told = office.reads(office.answer(failed={2: "0012"}))

    assert (told["paid"], told["returned"], told["state"]) == (41_280, 20_640, "settled")
    budget = office.budgets.get(PROGRAMME)
    assert (budget.paid, budget.returned) == (61_920, 20_640)
    assert [office.month_of(one).paid for one in (1, 2, 3)] == [20_640, 0, 20_640]
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
    assert office.all_batches.get("bat-1").due is None


def test_what_each_step_says() -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.pays(failed={1: "0013"})

    assert [fact["type"] for fact in office.said("batches")] == [
        "placement.batch.prepared.v1",
        "placement.batch.approved.v1",
        "placement.batch.filed.v1",
        "placement.batch.settled.v1",
    ]
    returned = [fact for fact in office.said() if fact["type"] == "placement.allowance.returned.v1"]
    paid = [fact for fact in office.said() if fact["type"] == "placement.allowance.paid.v1"]
    assert [(fact["resident_id"], fact["reason"], fact["won"]) for fact in returned] == [
        ("res-1", "holder_differs", 20_640)
    ]
    assert [fact["payment_id"] for fact in paid] == [f"bat-1:{office.month_of(2).id}"]


def test_nobody_approves_what_they_prepared_or_changed() -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()

    with pytest.raises(Refused, match="four_eyes_needed"):
        office.approves(actor=OFFICER)
    office.approves()
    dropped = office.batches.drop_row(
        OTHER_OFFICER, act_id="drop", batch_id="bat-1", pay_month_id=office.month_of(1).id
    )

    assert dropped["state"] == "prepared"
    with pytest.raises(Refused, match="four_eyes_needed"):
        office.approves(actor=OTHER_OFFICER)
    office.approves(actor=Actor("officer-3", frozenset({"officer"}), TENANT))
    assert office.month_of(1).due_now == 20_640


def test_what_is_not_approved_has_no_file() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()

    with pytest.raises(Refused, match="batch_is_not_so_far"):
        office.file()
    with pytest.raises(Refused, match="batch_is_not_so_far"):
        office.files.mark_filed(OFFICER, act_id="file", batch_id="bat-1", file_hash="0" * 64)


def test_a_cancelled_batch_gives_everything_back() -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.cancels()

    assert office.state() == "cancelled"
    assert [office.month_of(one).due_now for one in (1, 2)] == [20_640, 20_640]
    assert office.prepares("bat-2")["won"] == 41_280


def test_a_filed_batch_is_not_cancelled() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()
    office.files_it()

    with pytest.raises(Refused, match="batch_is_not_so_far"):
        office.cancels()


def test_who_has_no_account_is_left_out_and_named() -> None:
    office = a_pay_office()
    office.accounts.special = {"res-2": None, "res-3": a_wallet()}
    office.worked(1, 2, 3)
    office.prepares()
    told = office.batches.get(OFFICER, batch_id="bat-1")

    assert (told["people"], told["left_out_people"]) == (1, 1)
    assert [(one["resident_id"], one["reason"]) for one in told["left_out"]] == [("res-2", "no_account")]
    by_wallet = office.prepares("bat-2", method="local_currency")
    assert (by_wallet["people"], by_wallet["won"]) == (1, 20_640)
    assert office.month_of(2).due_now == 20_640


def test_an_account_that_is_gone_at_filing_is_named_and_its_row_can_be_dropped() -> None:
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    office.approves()
    office.accounts.special = {"res-1": None}

    with pytest.raises(Refused) as refused:
        office.file()
    gone = office.month_of(1).id
    assert (refused.value.code, refused.value.values) == ("accounts_missing", {"count": 1, "pay_month_ids": [gone]})
    office.batches.drop_row(OFFICER, act_id="drop", batch_id="bat-1", pay_month_id=gone)
    office.approves()
    assert office.files_it()


def test_a_returned_payment_is_due_again_in_a_later_batch() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays(failed={1: "0012"})

    assert office.month_of(1).due_now == 20_640
    told = office.pays("bat-2")

    assert (told["paid"], office.month_of(1).paid, office.month_of(1).due_now) == (20_640, 20_640, 0)
    assert [payment.state for payment in office.month_of(1).payments] == ["returned", "paid"]
    assert [payment.lines for payment in office.month_of(1).payments] == [1, 1]
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]


def test_a_correction_after_the_payment_is_paid_later() -> None:
    office = a_pay_office()
    office.worked(1)
    office.pays()
    office.worked(1, revision=2, minutes=150, was=120)

    assert office.pays("bat-2")["paid"] == 5_160
    assert office.month_of(1).paid == 25_800


def test_earlier_months_that_are_still_due_come_along() -> None:
    office = a_pay_office()
    office.worked(1, day="2026-11-30")
    office.worked(1, day="2026-12-01")
    office.worked(1, day="2027-01-04")

    told = office.prepares()

    assert (told["won"], told["people"]) == (41_280, 1)
    assert office.month_of(1, "2027-01").due_now == 20_640


def test_two_batches_never_take_the_same_month() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()

    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-2")


def test_what_came_to_a_month_at_the_bank_waits_for_the_banks_answer_and_says_of_which_batch() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()
    office.files_it()
    office.worked(1, day="2026-12-02")
    assert office.month_of(1).due_now == 20_640

    with pytest.raises(Refused, match="batch_at_the_bank") as refused:
        office.prepares("bat-2")
    assert (refused.value.field, refused.value.values) == (
        "month",
        {"month": MONTH, "batch": "bat-1", "filed_on": "2027-01-05"},
    )
    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-2", month="2026-11")

    office.reads(office.answer())
    assert office.prepares("bat-2")["won"] == 20_640
    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-3")


def test_a_batch_whose_result_is_read_is_at_the_bank_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()
    office.files_it()
    monkeypatch.setattr(Settler, "try_to_move_on", lambda *_: None)
    office.reads(office.answer())
    assert office.state() == "filed"

    with pytest.raises(Refused, match="nothing_to_pay"):
        office.prepares("bat-2")


def test_the_same_act_twice_is_one_batch() -> None:
    office = a_pay_office()
    office.worked(1)
    asked = {"act_id": "prepare", "batch_id": "bat-1", "programme_id": PROGRAMME, "month": MONTH, "method": "bank"}

    first = office.batches.prepare(OFFICER, **asked)
    again = office.batches.prepare(OFFICER, **asked)

    assert first == again
    with pytest.raises(Refused, match="act_id_reused"):
        office.batches.prepare(OFFICER, **{**asked, "month": "2026-11"})


def test_a_month_to_come_is_not_gathered() -> None:
    office = a_pay_office()
    office.worked(1)

    with pytest.raises(Refused, match="month_not_begun"):
        office.prepares(month="2027-02")


def test_gathering_goes_on_when_the_residents_service_is_back() -> None:
    office = a_pay_office()
    office.worked(1)
    office.accounts.away = True
    assert office.prepares()["state"] == "gathering"

    office.accounts.away = False
    office.settler.sweep()

    assert office.state() == "prepared"
    assert office.month_of(1).claim_due is None


def test_a_batch_takes_no_more_than_its_rows_and_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.placement.batches.gathering.MOST_ROWS", 2)
    monkeypatch.setattr("services.placement.batches.gathering.AT_ONCE", 1)
    office = a_pay_office()
    office.worked(1, 2, 3)

    told = office.prepares()

    assert (told["people"], told["more"]) == (2, True)
    assert (office.prepares("bat-2")["people"], office.batches.get(OFFICER, batch_id="bat-2")["more"]) == (1, False)


def test_who_is_paid_is_looked_up_a_hundred_at_a_time() -> None:
    office = a_pay_office()
    office.worked(*range(250))
    office.prepares()

    assert office.accounts.asked == [(100, "batch"), (100, "batch"), (50, "batch")]


def test_rows_and_batches_are_told_page_by_page() -> None:
    office = a_pay_office()
    office.worked(1, 2, 3)
    office.prepares()
    office.cancels()
    office.clock.move(timedelta(seconds=1))
    office.prepares("bat-2")

    first = office.batches.rows(OFFICER, batch_id="bat-2", limit=2)
    rest = office.batches.rows(OFFICER, batch_id="bat-2", limit=2, cursor=first["cursor"])
    assert [row["row"] for row in [*first["rows"], *rest["rows"]]] == [1, 2, 3]
    assert rest["cursor"] is None
    one = office.batches.listed(OFFICER, programme_id=PROGRAMME, limit=1)
    other = office.batches.listed(OFFICER, programme_id=PROGRAMME, limit=1, cursor=one["cursor"])
    assert [one["batches"][0]["batch_id"], other["batches"][0]["batch_id"]] == ["bat-2", "bat-1"]


STRANGERS = [
    (Actor("res-1", frozenset({"resident"}), TENANT), "role_not_allowed"),
    (Actor("host-1", frozenset({"host"}), TENANT), "role_not_allowed"),
    (Actor("officer-9", frozenset({"officer"}), "buk"), "other_tenant"),
    (Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"})), "other_district"),
    (Actor("", frozenset(), ""), "sign_in_needed"),
]


@pytest.mark.parametrize(("stranger", "code"), STRANGERS)
def test_only_officers_of_the_tenant_and_district_touch_a_batch(stranger: Actor, code: str) -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    month = office.month_of(1).id
    asked = {"act_id": "x", "batch_id": "bat-1"}
    content = base64.b64encode(b"H,bat-1").decode()
    for touch in (
        lambda: office.prepares("bat-2", actor=stranger),
        lambda: office.batches.approve(stranger, **asked),
        lambda: office.batches.cancel(stranger, **asked),
        lambda: office.batches.drop_row(stranger, **asked, pay_month_id=month),
        lambda: office.batches.get(stranger, batch_id="bat-1"),
        lambda: office.batches.rows(stranger, batch_id="bat-1"),
        lambda: office.batches.listed(stranger, programme_id=PROGRAMME),
        lambda: office.files.file(stranger, batch_id="bat-1"),
        lambda: office.files.mark_filed(stranger, **asked, file_hash="0" * 64),
        lambda: office.files.read_returns(stranger, **asked, content=content),
        lambda: office.balance.check(stranger, programme_id=PROGRAMME),
    ):
        with pytest.raises(Refused, match=code):
            touch()


def test_an_officer_of_the_district_may() -> None:
    office = a_pay_office()
    office.worked(1)
    local = Actor("officer-7", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    assert office.prepares(actor=local)["state"] == "prepared"


def test_an_account_is_never_shown_by_its_repr() -> None:
    assert "062" not in repr(Account("bank", "034", "062-123456-11", "김은하"))


def test_a_batch_is_paid_on_a_real_database(database: Any) -> None:
    office = a_pay_office(connect(database.url, f"{database.prefix}placement"))
    office.worked(*range(120))
    office.pays(failed={7: "0014"})

    assert office.state() == "settled"
    assert office.budgets.get(PROGRAMME).returned == 20_640
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
    assert office.prepares("bat-2")["people"] == 1
    office.cancels("bat-2")
    assert len(office.months.owing(PROGRAMME, MONTH)) == 1
    assert office.months.with_overdue_claims(office.clock.now() + timedelta(days=1), 10) == []


def test_an_officer_who_is_paid_by_a_batch_does_not_approve_it() -> None:
    """Whoever holds both an officer's and a resident's account under one subject never lets their own pay pass."""
    office = a_pay_office()
    office.worked(1, 2)
    office.prepares()
    paid_themselves = Actor("res-1", frozenset({"officer", "resident"}), TENANT)

    with pytest.raises(Refused, match="own_pay"):
        office.approves(actor=paid_themselves)
    assert office.approves()["state"] == "approved"


def test_one_batch_that_is_stuck_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()
    monkeypatch.setattr("services.placement.batches.settling.SMALL", 0)
    office.files_it()
    office.worked(2)
    office.accounts.away = True
    office.prepares("aaa")
    assert [office.state("aaa"), office.budgets.find(PROGRAMME)] == ["gathering", None]
    monkeypatch.setattr(type(office.all_batches), "overdue", lambda *_: ["aaa", "bat-1"])
    office.clock.move(timedelta(minutes=3))

    with pytest.raises(Unavailable):
        office.settler.sweep()

    assert office.budgets.get(PROGRAMME).paid == 20_640


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1"])
def test_a_forged_cursor_is_refused_and_breaks_nothing(number: str) -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()

    with pytest.raises(Refused, match="bad_cursor"):
        office.batches.rows(OFFICER, batch_id="bat-1", cursor=cursor_of(number))
    with pytest.raises(Refused, match="bad_cursor"):
        office.files.file(OFFICER, batch_id="bat-1", cursor=cursor_of(number))


def test_balances_are_compared_page_by_page_as_the_door_asks_for_them() -> None:
    office = a_pay_office()
    for number in (1, 2, 3):
        office.worked(number)
        office.pays(f"bat-{number}")
    seen, cursor = 0, None
    while True:
        asked = Check().load({"programme_id": PROGRAMME, "limit": 1, "cursor": cursor})
        told = office.balance.check(OFFICER, **asked)
        assert (told["balanced"], told["batches"], told["paid"]) == (True, 3, 61_920)
        seen, cursor = seen + 1, told["cursor"]
        if cursor is None:
            break
    assert seen == 3
