"""The ledger by programme, district, 동 and 시·도, and its continuous check."""

from __future__ import annotations

from typing import Any

import pytest

from services.placement.budgets.ledger import CHECK_EVERY, CHECKED_AT_ONCE, below
from services.placement.budgets.model import MOST_DONGS, Budget, Grant, Hold, Move, Sums, faults
from shared.actors import ANYONE, Actor
from shared.errors import Refused
from shared.telemetry import metrics
from tests.services.placement.budgets.makers import (
    ALLOWANCE,
    BUKGU,
    CITY,
    GWANGSAN,
    LATER,
    LIBRARY,
    OF_BUKGU,
    OF_GWANGSAN,
    RESIDENT,
    STRANGER,
    TENANT,
    UMBRELLA,
    Treasury,
    a_posting,
    a_programme,
    a_treasury,
)


@pytest.fixture
def treasury() -> Treasury:
    ready = a_treasury()
    ready.gives(1_000)
    ready.opens("opn-은하수", 300, 200)
    ready.opens("opn-별빛", 100, 100, dong="수완동")
    ready.opens("opn-작은도서관", 50, 10, programme_id=LIBRARY, dong="용봉동")
    ready.desk.hold(act_id="x", programme_id=ALLOWANCE, tenant=TENANT, opening_id="opn-x", amount=25)
    ready.posts(a_posting(paid=150))
    ready.posts(a_posting(returned=20))
    return ready


def rows(treasury: Treasury, actor: Actor = CITY, **asked: Any) -> list[dict[str, Any]]:
    """Return the ledger's rows."""
    told: list[dict[str, Any]] = treasury.ledger.read(actor, tenant=TENANT, **asked)["rows"]
    return told


def test_each_programme_has_its_row_and_no_ceiling_is_null(treasury: Treasury) -> None:
    told = {row["programme_id"]: row for row in rows(treasury)}

    assert told[ALLOWANCE] == {
        "programme_id": ALLOWANCE,
        "name_ko": "allowance",
        "district": GWANGSAN,
        "appropriated": 1_000,
        "funders": {"city": 1_000},
        "held": 25,
        "granted": 400,
        "committed": 300,
        "paid": 150,
        "returned": 20,
        "recovered": 0,
        "balance": 575,
        "overdrawn": 0,
    }
    assert told[LIBRARY]["appropriated"] is told[LIBRARY]["balance"] is None
    assert told[UMBRELLA]["granted"] == 0


def test_sums_keep_programmes_without_a_ceiling_apart(treasury: Treasury) -> None:
    totals = treasury.ledger.read(CITY, tenant=TENANT)["totals"]

    known, unknown = totals["known"], totals["unknown"]
    assert known["appropriated"] == known["held"] + known["granted"] + known["balance"] == 1_000
    assert unknown == {
        "programmes": 2,
        "appropriated": None,
        "held": 0,
        "granted": 50,
        "committed": 10,
        "paid": 0,
        "returned": 0,
        "recovered": 0,
        "balance": None,
    }


def test_by_dong_what_openings_there_have_and_paid(treasury: Treasury) -> None:
    told = {(row["district"], row["dong"]): row for row in rows(treasury, by="dong")}

    assert told.keys() == {(GWANGSAN, "첨단2동"), (GWANGSAN, "수완동"), (BUKGU, "용봉동")}
    here = told[GWANGSAN, "첨단2동"]
    assert (here["granted"], here["committed"], here["paid"], here["returned"]) == (300, 200, 150, 20)
    assert here["appropriated"] is None


def test_by_district_and_by_municipality(treasury: Treasury) -> None:
    districts = {row["district"]: row for row in rows(treasury, by="district")}
    [whole] = rows(treasury, by="municipality")

    assert districts[GWANGSAN]["known"]["paid"] == 150
    assert districts[BUKGU]["unknown"]["granted"] == 50
    assert whole["municipality"] == "광주광역시"
    assert whole["known"]["granted"] + whole["unknown"]["granted"] == 450


def test_what_is_below_an_umbrella(treasury: Treasury) -> None:
    treasury.programmes["gwangju:apart"] = a_programme("apart", BUKGU)

    assert {row["programme_id"] for row in rows(treasury, umbrella=UMBRELLA)} == {UMBRELLA, ALLOWANCE, LIBRARY}
    assert [row["programme_id"] for row in rows(treasury, programme_id=LIBRARY)] == [LIBRARY]
    assert [row["programme_id"] for row in rows(treasury, district=GWANGSAN)] == [ALLOWANCE]


def test_programmes_that_are_each_others_parents_do_not_hang_the_ledger() -> None:
    loop = [a_programme("one", BUKGU, "two"), a_programme("two", BUKGU, "one")]

    assert below("gwangju:one", loop) == {"gwangju:one", "gwangju:two"}


def test_an_officer_sees_the_own_district_only(treasury: Treasury) -> None:
    told = treasury.ledger.read(OF_BUKGU, tenant=TENANT)

    assert [row["programme_id"] for row in told["rows"]] == [LIBRARY]
    assert told["totals"]["known"]["programmes"] == 0
    assert [row["dong"] for row in rows(treasury, OF_BUKGU, by="dong")] == ["용봉동"]
    with pytest.raises(Refused, match="other_district"):
        rows(treasury, OF_BUKGU, district=GWANGSAN)
    assert treasury.ledger.checked(OF_GWANGSAN, tenant=TENANT)["checked"] == 1


@pytest.mark.parametrize(
    ("actor", "code"),
    [(ANYONE, "sign_in_needed"), (RESIDENT, "role_not_allowed"), (STRANGER, "other_tenant")],
)
def test_the_ledger_is_for_officers_of_the_tenant(treasury: Treasury, actor: Actor, code: str) -> None:
    with pytest.raises(Refused, match=code):
        treasury.ledger.read(actor, tenant=TENANT)
    with pytest.raises(Refused, match=code):
        treasury.ledger.checked(actor, tenant=TENANT)


def test_a_programme_of_another_tenant_is_no_row(treasury: Treasury) -> None:
    for named in ("programme_id", "umbrella"):
        with pytest.raises(Refused, match="programme_of_other_tenant"):
            treasury.ledger.read(CITY, tenant=TENANT, **{named: "incheon:x"})  # type: ignore[arg-type]


def test_everybody_may_know_what_a_programme_was_given_and_paid(treasury: Treasury) -> None:
    assert treasury.ledger.published(ANYONE, programme_id=ALLOWANCE) == {
        "programme_id": ALLOWANCE,
        "appropriated": 1_000,
        "funders": {"city": 1_000},
        "paid": 150,
        "returned": 20,
        "recovered": 0,
    }
    assert treasury.ledger.published(ANYONE, programme_id=LIBRARY)["appropriated"] is None


def test_the_ledger_is_told_page_by_page(treasury: Treasury) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        told = treasury.ledger.read(CITY, tenant=TENANT, limit=1, cursor=cursor)
        seen += [row["programme_id"] for row in told["rows"]]
        assert told["totals"]["known"]["programmes"] == 1
        if (cursor := told["cursor"]) is None:
            break

    assert sorted(seen) == sorted([ALLOWANCE, LIBRARY, UMBRELLA])


# The continuous check.


def test_a_budget_whose_parts_do_not_add_up_is_found_and_counted(
    treasury: Treasury, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "services.placement.budgets.ledger.log.error", lambda event, **told: alarms.append({"event": event, **told})
    )
    before = metrics.BUDGETS_UNBALANCED.labels("dongs_differ")._value.get()
    treasury.ledger.check()
    assert alarms == []

    budgets = treasury.database.collection("budgets")
    budgets.update_one({"_id": ALLOWANCE}, {"$set": {"paid": 151}})
    treasury.ledger.check()
    assert alarms == []  # not its turn yet

    treasury.clock.move(CHECK_EVERY)
    treasury.ledger.check()

    assert alarms == [{"event": "budget_unbalanced", "programme": ALLOWANCE, "fault": "dongs_differ", "won": 1}]
    assert metrics.BUDGETS_UNBALANCED.labels("dongs_differ")._value.get() == before + 1
    told = treasury.ledger.checked(CITY, tenant=TENANT)
    assert told["faults"] == [{"programme_id": ALLOWANCE, "fault": "dongs_differ", "won": 1}]
    assert not told["balanced"]


def test_a_check_leaves_the_budget_at_its_version(treasury: Treasury) -> None:
    before = treasury.budget().version

    treasury.ledger.check()

    assert treasury.budget().version == before


def test_a_sweep_checks_a_bounded_number_and_comes_to_all(treasury: Treasury) -> None:
    for number in range(CHECKED_AT_ONCE + 1):
        treasury.desk.make_sure_of(f"gwangju:p-{number}", TENANT)

    assert treasury.ledger.check() is True
    assert treasury.ledger.check() is False
    treasury.clock.move(LATER)
    assert treasury.ledger.check() is True


@pytest.mark.parametrize(
    ("budget", "fault"),
    [
        ({"sums": Sums(10, 11), "dongs": {"": Sums(10, 11)}}, {"committed_above_granted": 1}),
        ({"sums": Sums(10, 5, 3, 0, 4), "dongs": {"": Sums(10, 5, 3, 0, 4)}}, {"returned_above_paid": 1}),
        ({"sums": Sums(10, 5, 3, 4), "dongs": {"": Sums(10, 5, 3, 4)}}, {"returned_above_paid": 1}),
        (
            {"sums": Sums(10, 5, 6, 4), "dongs": {"a": Sums(10, 5, 1, 3), "b": Sums(0, 0, 5, 1)}},
            {"returned_above_paid": 2},
        ),
        ({"sums": Sums(10), "dongs": {"": Sums(9)}}, {"dongs_differ": 1}),
        ({"sums": Sums(10), "dongs": {"a": Sums(12), "b": Sums(-2)}}, {"below_zero": 2}),
        ({"sums": Sums(10), "dongs": {"": Sums(10)}, "funders": {"city": 9}}, {"above_ceiling": 1}),
        ({"funders": {"city": 9, "state": -3}}, {"funder_below_zero": 3}),
    ],
)
def test_each_broken_identity_is_named(budget: dict[str, Any], fault: dict[str, int]) -> None:
    assert faults(Budget(id="p", tenant=TENANT, **budget)) == fault


def test_the_same_won_can_come_back_from_a_resident_and_then_from_the_bank() -> None:
    both = Sums(20_640, 20_640, 20_640, returned=20_640, recovered=10_320)

    assert faults(Budget(id="p", tenant=TENANT, sums=both, dongs={"": both})) == {}


def test_more_dongs_than_any_district_has_count_together() -> None:
    budget = Budget(id="p", tenant=TENANT)
    for number in range(MOST_DONGS + 5):
        budget.begin_move(f"opn-{number}", Grant(), Move(Grant(10, 0)), f"동 {number}")

    assert len(budget.dongs) == MOST_DONGS + 1
    assert budget.dongs[""].granted == 50

    budget.begin_move("opn-0", Grant(10, 0), Move(Grant(7, 0)), "동 0")
    assert budget.dongs["동 0"].granted == 7
    budget.begin_move(f"opn-{MOST_DONGS}", Grant(10, 0), Move(Grant(4, 4)), f"동 {MOST_DONGS}")
    assert faults(budget) == {}
    assert budget.dongs[""] == Sums(44, 4)


def test_a_budget_kept_before_funders_and_dongs_reads_as_it_was(treasury: Treasury) -> None:
    budgets = treasury.database.collection("budgets")
    budgets.insert_one(
        {
            "_id": "gwangju:old",
            "version": 3,
            "tenant": TENANT,
            "total": 500,
            "granted": 100,
            "committed": 40,
            "holds": [],
            "moving": [],
            "outbox": [],
            "acts": [],
        }
    )

    old = treasury.budget("gwangju:old")

    assert (old.funders, old.balance, old.dongs) == ({"other": 500}, 400, {"": Sums(100, 40)})


def test_a_hold_is_no_grant_yet() -> None:
    budget = Budget(id="p", tenant=TENANT, funders={"city": 10})
    budget.hold(Hold("a", "opn", 7, deadline=a_treasury().clock.now()))

    assert (budget.held, budget.granted, budget.balance) == (7, 0, 3)
