"""What the bank sends back after it had said paid: told by a later file, or by two officers; paid again, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from services.placement.batches.layouts import Layouts, layout_of
from shared.actors import Actor
from shared.errors import NotFound, Refused
from tests.services.placement.batches.paying import (
    OFFICER,
    OTHER_OFFICER,
    PROGRAMME,
    TENANT,
    PayOffice,
    a_pay_office,
    a_wallet,
    encoded,
)
from tests.services.placement.batches.test_files import a_row
from tests.services.placement.batches.test_races import LONG, Town

CLOSED = "0012"


def a_paid_batch(*residents: int, failed: Mapping[int, str] = {}) -> PayOffice:
    """Return an office whose batch the bank has answered."""
    office = a_pay_office()
    office.worked(*(residents or (1, 2, 3)))
    office.pays(failed=failed)
    return office


def says(office: PayOffice, who: Actor, resident: int, reason: str = "closed_account") -> bool:
    """Let an officer say that a resident's row of bat-1 came back; return whether it counts."""
    told = office.batches.return_row(
        who, act_id=office.act_id(), batch_id="bat-1", pay_month_id=office.month_of(resident).id, reason=reason
    )
    return bool(told["counts"])


def money(office: PayOffice) -> tuple[int, int]:
    """Return what the budget counts as paid, and as returned."""
    budget = office.budgets.get(PROGRAMME)
    return budget.paid, budget.returned


def test_a_later_file_sends_back_what_was_paid_and_it_is_paid_again() -> None:
    office = a_paid_batch(failed={1: "0011"})

    told = office.reads(office.answer(failed={1: "0011", 2: CLOSED}))

    assert (told["state"], told["answered"]) == ("settled", True)
    assert (told["paid"], told["returned"], told["returned_later"]) == (20_640, 41_280, 20_640)
    assert money(office) == (61_920, 41_280)
    assert [office.month_of(one).due_now for one in (1, 2, 3)] == [20_640, 20_640, 0]
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]
    again = office.pays("bat-2")
    assert (again["paid"], office.month_of(2).paid, office.month_of(2).due_now) == (41_280, 20_640, 0)
    checked = office.balance.check(OFFICER, programme_id=PROGRAMME)
    assert (checked["balanced"], checked["paid"] - checked["returned"]) == (True, 61_920)


def test_nothing_that_was_written_is_edited_and_the_contra_entries_stand_beside_it() -> None:
    office = a_paid_batch(1)
    before = office.month_of(1).payments, office.all_batches.get("bat-1").rows

    office.reads(office.answer(failed={1: CLOSED}))

    batch, month = office.all_batches.get("bat-1"), office.month_of(1)
    assert (month.payments, batch.rows) == before
    assert (batch.paid, batch.returned) == (20_640, 0)
    assert [(one.number, one.day, dict(one.rows), one.won, one.by) for one in batch.reversals] == [
        (1, "2027-01-05", {1: "closed_account"}, 20_640, ("officer-1",))
    ]
    assert [(one.batch_id, one.won, one.reason) for one in month.sent_back] == [("bat-1", 20_640, "closed_account")]


def test_the_resident_is_told_as_for_every_payment_that_came_back() -> None:
    office = a_paid_batch(1, 2)
    office.reads(office.answer(failed={2: CLOSED}))

    told = [fact for fact in office.said() if fact["type"] == "placement.allowance.returned.v1"]
    assert [(one["resident_id"], one["reason"], one["won"], one["was_paid"]) for one in told] == [
        ("res-2", "closed_account", 20_640, True)
    ]
    shown = office.allowance.month(OFFICER, pay_month_id=office.month_of(2).id)
    assert shown["payments"] == [
        {
            "batch_id": "bat-1",
            "won": 20_640,
            "state": "returned",
            "method": "bank",
            "day": "2027-01-05",
            "reason": "closed_account",
            "paid_on": "2027-01-05",
        }
    ]
    assert (shown["paid"], shown["due_now"]) == (0, 20_640)


def test_officers_see_what_came_back_later_in_the_batch_and_its_rows() -> None:
    office = a_paid_batch(failed={1: "0011"})
    office.reads(office.answer(failed={1: "0011", 2: CLOSED}))

    told = office.batches.get(OFFICER, batch_id="bat-1")
    rows = office.batches.rows(OFFICER, batch_id="bat-1")["rows"]

    assert (told["paid"], told["returned"], told["returned_later"], told["settling"]) == (20_640, 41_280, 20_640, False)
    assert [(row["outcome"], row["returned_later_on"]) for row in rows] == [
        ("wrong_account", None),
        ("closed_account", "2027-01-05"),
        ("paid", None),
    ]


def test_a_later_file_may_list_only_what_came_back() -> None:
    office = a_paid_batch()

    told = office.reads("H,bat-1\r\nD,2,20640,0012\r\nT,0,0,1,20640\r\n")

    assert (told["returned_later"], told["contradicted"]) == (20_640, 0)
    with pytest.raises(Refused, match="return_totals_differ"):
        office.reads("H,bat-1\r\nD,3,20640,0012\r\nT,0,0,1,20641\r\n")


def test_files_come_twice_and_in_any_order() -> None:
    office = a_paid_batch()
    first, later = office.answer(), office.answer(failed={2: CLOSED})
    last = office.answer(failed={2: CLOSED, 3: "0015"})

    told = [office.reads(file) for file in (last, later, first, last)]

    assert [one["returned_later"] for one in told] == [41_280, 0, 0, 0]
    assert [one["contradicted"] for one in told] == [0, 1, 2, 0]
    assert money(office) == (61_920, 41_280)
    assert len([fact for fact in office.said() if fact["type"] == "placement.allowance.returned.v1"]) == 2


def test_what_was_paid_again_is_not_sent_back_by_the_old_file() -> None:
    office = a_paid_batch(1)
    later = office.answer(failed={1: CLOSED})
    office.reads(later)
    office.pays("bat-2")

    assert office.reads(later)["returned_later"] == 0
    assert (office.month_of(1).paid, office.month_of(1).due_now) == (20_640, 0)


def test_what_is_paid_again_can_come_back_again() -> None:
    office = a_paid_batch(1)
    office.reads(office.answer(failed={1: CLOSED}))
    office.pays("bat-2")
    office.reads(office.answer("bat-2", failed={1: CLOSED}), "bat-2")

    assert office.month_of(1).due_now == 20_640
    assert office.pays("bat-3")["paid"] == 20_640
    assert office.month_of(1).paid == 20_640
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]


WRONG = {
    "H,bat-9\r\nD,1,20640,0012\r\nT,0,0,1,20640\r\n": "return_of_another_batch",
    "H,bat-1\r\nD,9,20640,0012\r\nT,0,0,1,20640\r\n": "return_row_unknown",
    "H,bat-1\r\nD,1,20640,0012\r\nD,1,20640,0012\r\nT,0,0,2,41280\r\n": "return_row_doubled",
    "H,bat-1\r\nD,1,20641,0012\r\nT,0,0,1,20641\r\n": "return_won_differs",
    "H,bat-1\r\nD,1,20640,0012\r\nT,0,0,2,20640\r\n": "return_totals_differ",
    "H,bat-1\r\nD,1,20640,0012\r\n": "return_line_malformed",
}


@pytest.mark.parametrize(("content", "code"), WRONG.items())
def test_a_wrong_later_file_changes_nothing(content: str, code: str) -> None:
    office = a_paid_batch()

    with pytest.raises(Refused, match=code):
        office.reads(content)
    office.rest()

    assert money(office) == (61_920, 0)
    assert all(office.month_of(one).due_now == 0 for one in (1, 2, 3))


def test_a_later_file_in_parts_counts_with_its_last_part() -> None:
    office = a_paid_batch()
    lines = office.answer(failed={1: CLOSED}).splitlines(keepends=True)

    told = office.reads("".join(lines[:2]), part=1, last=False)
    assert (told["answered"], told["returned_later"], office.month_of(1).due_now) == (False, 0, 0)
    told = office.reads("".join(lines[2:]), part=2, last=True)

    assert (told["answered"], told["returned_later"], office.month_of(1).due_now) == (True, 20_640, 20_640)


def test_a_later_file_of_failures_only_leaves_the_others_paid() -> None:
    office = a_pay_office()
    office.accounts.special = {f"res-{one}": a_wallet(f"GJ-0000000{one}") for one in (1, 2)}
    office.worked(1, 2)
    office.prepares(method="local_currency")
    office.approves()
    office.files_it()
    titles = "순번,충전금액,처리결과\r\n"
    office.reads(f"{titles}2,20640,미가입\r\n합계,1,20640,bat-1\r\n")

    told = office.reads(f"{titles}1,20640,이용정지\r\n합계,1,20640,bat-1\r\n")

    assert (told["paid"], told["returned"], told["returned_later"], told["contradicted"]) == (0, 41_280, 20_640, 0)


def test_a_layout_whose_files_name_no_batch_takes_no_later_file() -> None:
    office = a_pay_office()
    office.worked(1)
    own = layout_of({**a_row(), "encoding": "utf-8"})
    known = Layouts((own,))
    office.batches = replace(office.batches, layouts=known)
    office.files = replace(office.files, layouts=known)
    office.prepares(layout=own.id)
    office.approves()
    office.files_it()
    office.reads("1,20640,ok\n")

    with pytest.raises(Refused, match="return_names_no_batch"):
        office.reads("1,20640,closed\n")
    assert office.month_of(1).paid == 20_640


def test_one_line_is_sent_back_by_two_officers_who_say_the_same() -> None:
    office = a_paid_batch(1, 2)

    assert not says(office, OFFICER, 2)
    assert not says(office, OFFICER, 2), "the same eyes again"
    assert office.month_of(2).due_now == 0
    row = office.batches.rows(OFFICER, batch_id="bat-1")["rows"][1]
    assert row["word"] == {"reason": "closed_account", "by": "officer-1"}
    assert not says(office, OTHER_OFFICER, 2, "other"), "another reason is another word"
    assert not says(office, OTHER_OFFICER, 2, "other")
    assert says(office, OFFICER, 2, "other")

    batch = office.all_batches.get("bat-1")
    assert (batch.reversals[0].by, batch.words) == (("officer-2", "officer-1"), ())
    assert (office.month_of(2).due_now, money(office)) == (20_640, (41_280, 20_640))
    with pytest.raises(Refused, match="row_is_not_paid"):
        says(office, OFFICER, 2)
    assert office.reads(office.answer(failed={2: CLOSED}))["returned_later"] == 0


def test_an_act_that_was_done_is_told_again_as_it_was() -> None:
    office = a_paid_batch(1)
    asked = {"batch_id": "bat-1", "pay_month_id": office.month_of(1).id, "reason": "other"}
    says(office, OFFICER, 1, "other")

    first = office.batches.return_row(OTHER_OFFICER, act_id="second", **asked)

    assert office.batches.return_row(OTHER_OFFICER, act_id="second", **asked) == first
    assert first["counts"] is True


def test_nobody_says_of_their_own_pay_that_it_came_back() -> None:
    office = a_paid_batch(1)

    with pytest.raises(Refused, match="own_pay"):
        says(office, Actor("res-1", frozenset({"officer", "resident"}), TENANT), 1)


def test_nobody_reads_a_file_that_sends_their_own_pay_back_after_it_was_paid() -> None:
    office = a_paid_batch(1, 2)
    both = Actor("res-1", frozenset({"officer", "resident"}), TENANT)
    own, others = (encoded(office.answer(failed={row: CLOSED})) for row in (1, 2))

    with pytest.raises(Refused, match="own_pay"):
        office.files.read_returns(both, act_id="own", batch_id="bat-1", content=own)
    told = office.files.read_returns(both, act_id="others", batch_id="bat-1", content=others)

    assert (told["returned_later"], office.month_of(1).due_now, office.month_of(2).due_now) == (20_640, 0, 20_640)


STRANGERS = [
    (Actor("res-2", frozenset({"resident"}), TENANT), "role_not_allowed"),
    (Actor("officer-9", frozenset({"officer"}), "buk"), "other_tenant"),
    (Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"})), "other_district"),
]


@pytest.mark.parametrize(("stranger", "code"), STRANGERS)
def test_only_officers_of_the_tenant_and_district_say_it(stranger: Actor, code: str) -> None:
    office = a_paid_batch(1)

    with pytest.raises(Refused, match=code):
        says(office, stranger, 1)


def test_only_a_settled_batch_has_rows_that_came_back_later() -> None:
    office = a_pay_office()
    office.worked(1)
    office.prepares()
    office.approves()
    office.files_it()

    with pytest.raises(Refused, match="batch_is_not_so_far"):
        says(office, OFFICER, 1)
    office.reads(office.answer(failed={1: CLOSED}))
    with pytest.raises(Refused, match="row_is_not_paid"):
        says(office, OFFICER, 1)
    with pytest.raises(Refused, match="no_such_row"):
        office.batches.return_row(OFFICER, act_id="x", batch_id="bat-1", pay_month_id="nobody", reason="other")


def test_a_later_file_waits_until_the_first_one_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.placement.batches.settling.SMALL", 0)
    office = a_pay_office()
    office.worked(1)
    office.pays()
    later = office.answer(failed={1: CLOSED})

    with pytest.raises(Refused, match="batch_is_answered"):
        office.reads(later)
    office.settler.sweep()

    office.reads(later)
    office.settler.sweep()
    assert office.month_of(1).due_now == 20_640


def test_lines_of_a_payment_that_came_back_are_counted_in_the_next_one_only() -> None:
    office = a_paid_batch(1)
    office.worked(1, day="2026-12-02")
    office.worked(1, day="2026-12-03")
    office.pays("bat-2")
    office.reads(office.answer(failed={1: CLOSED}))

    told = office.prepares("bat-3")

    assert (told["lines"], told["won"]) == (1, 20_640)


def test_a_correction_that_is_on_its_way_does_not_hide_what_came_back() -> None:
    office = a_paid_batch(1)
    office.worked(1, revision=2, minutes=150, was=120)
    office.prepares("bat-2")

    office.reads(office.answer(failed={1: CLOSED}))

    assert (office.month_of(1).due_now, office.month_of(1).owes) == (20_640, False)
    office.approves("bat-2")
    office.files_it("bat-2")
    office.reads(office.answer("bat-2"), "bat-2")
    assert office.pays("bat-3")["paid"] == 20_640
    assert office.month_of(1).paid == 25_800


def test_batches_and_months_of_an_earlier_version_can_come_back_too() -> None:
    office = a_paid_batch(1)
    for collection, names in (("batches", ("reversals", "words")), ("pay_months", ("sent_back",))):
        kept = office.database.collection(collection)
        for document in kept.find({}):
            gone = {"$unset": dict.fromkeys(names, ""), "$set": {"version": document["version"] + 1}}
            assert kept.update_one({"_id": document["_id"], "version": document["version"]}, gone)
    assert office.balance.check(OFFICER, programme_id=PROGRAMME)["balanced"]

    assert office.reads(office.answer(failed={1: CLOSED}))["returned_later"] == 20_640
    assert office.month_of(1).due_now == 20_640


# Races.


def _sends_back(office: PayOffice) -> None:
    office.reads(office.answer(failed={1: CLOSED}))


def _two_say_it(office: PayOffice) -> None:
    for who in (OFFICER, OTHER_OFFICER):
        says(office, who, 1)


def _sweep(office: PayOffice) -> None:
    office.settler.sweep()
    office.settler.sweep_claims()


def _pays_again(office: PayOffice) -> None:
    office.pays("bat-2")


def _works_more(office: PayOffice) -> None:
    office.worked(1, revision=2, minutes=150, was=120)


OTHERS: dict[str, Callable[[PayOffice], object]] = {
    "pay again": _pays_again,
    "the same file": _sends_back,
    "two officers": _two_say_it,
    "work more": _works_more,
}


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "sleeps"])
@pytest.mark.parametrize("act", [_sends_back, _two_say_it], ids=["file", "officers"])
@pytest.mark.parametrize("other", OTHERS)
def test_whoever_stops_while_it_comes_back_pays_nobody_twice(
    act: Callable[[PayOffice], object], other: str, dies: bool
) -> None:
    at, reached = 0, True
    while reached:
        at += 1
        town = Town()
        town.first.pays()

        def meanwhile(town: Town = town) -> None:
            town.first.clock.move(LONG)
            awake = town.process()
            _sweep(awake)
            with suppress(Refused, NotFound):
                OTHERS[other](awake)

        reached = town.stopped(act, at, meanwhile, dies=dies)
        _sweep(town.process())
        with suppress(Refused):
            _sends_back(town.process())
        town.must_agree()
        _came_back_once(town.process())
    assert at > 5


def _came_back_once(office: PayOffice) -> None:
    assert [(one.batch_id, one.won) for one in office.month_of(1).sent_back] == [("bat-1", 20_640)]
    assert office.budgets.get(PROGRAMME).returned == 20_640
    told = [fact["payment_id"] for fact in office.said() if fact["type"] == "placement.allowance.returned.v1"]
    assert told == [f"bat-1:{office.month_of(1).id}"]


def test_what_comes_back_while_something_else_is_being_settled_is_not_forgotten() -> None:
    """Somebody tells of another row, and dies at once; whoever was at the batch must leave it due."""
    at, reached = 0, True
    while reached:
        at += 1
        town = Town()
        town.first.pays()

        def meanwhile(town: Town = town) -> None:
            dying = town.process()
            dying.files = replace(dying.files, settler=_Nobody())
            dying.reads("H,bat-1\r\nD,2,20640,0012\r\nT,0,0,1,20640\r\n")

        reached = town.stopped(_sends_back, at, meanwhile, dies=False)
        if reached:
            town.process().rest()
            assert [town.first.month_of(one).due_now for one in (1, 2)] == [20_640, 20_640]
            assert money(town.first) == (61_920, 41_280)
    assert at > 5


class _Nobody:
    """Settles nothing."""

    def try_to_move_on(self, _batch_id: str, _people: int) -> None:
        """Do nothing."""


def test_a_budget_forgets_what_came_back_later_though_its_poster_died_after_it_was_noted() -> None:
    office = a_paid_batch(1, 2)
    dying = replace(office)
    dying.on(office.database)
    act = dying.budgets.act

    def dies_when_it_forgets(named: Any, budget_id: str, decide: Callable[[Any], Any]) -> Any:
        if any(one.endswith(":returned:1") for one in office.budgets.get(PROGRAMME).pending):
            raise KeyboardInterrupt
        return act(named, budget_id, decide)

    dying.budgets.act = dies_when_it_forgets  # type: ignore[method-assign]
    with suppress(KeyboardInterrupt):
        _sends_back(dying)
    assert list(office.budgets.get(PROGRAMME).pending) == ["bat-1:returned:1"]

    office.rest()

    assert office.budgets.get(PROGRAMME).pending == {}
    assert money(office) == (41_280, 20_640)


# The books.


def test_a_month_that_does_not_know_of_it_is_a_difference() -> None:
    office = a_paid_batch(1)
    _sends_back(office)
    kept = office.database.collection("pay_months")
    month = kept.find({})[0]
    change = {"$set": {"sent_back": [], "version": month["version"] + 1}}
    assert kept.update_one({"_id": month["_id"], "version": month["version"]}, change)

    found = office.balance.check(OFFICER, programme_id=PROGRAMME)["differences"]

    assert found == [
        {"batch_id": "bat-1", "what": "sent_back", "pay_month_id": month["_id"], "row": 20_640, "payment": 0}
    ]


def test_a_content_that_is_not_base64_of_the_bank_s_encoding_is_refused_for_a_settled_batch_too() -> None:
    office = a_paid_batch(1)

    with pytest.raises(Refused, match="return_not_readable"):
        office.files.read_returns(
            OFFICER, act_id="x", batch_id="bat-1", content=encoded("H,bat-1\r\nD,1,20640,끝\r\n", "utf-8")
        )
