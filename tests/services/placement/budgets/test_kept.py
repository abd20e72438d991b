"""Budgets, calls, proposals and agreements come back from a real database as they went in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.placement.agreements.model import Agreement, Partner
from services.placement.agreements.storage import agreements
from services.placement.budgets.model import Budget, Grant, Hold, Move
from services.placement.budgets.storage import budgets
from services.placement.proposals.call import Call, Criterion, Rules
from services.placement.proposals.model import Decision, Plan, Proposal, Review
from services.placement.proposals.storage import calls, proposals
from shared.aggregate import Act
from shared.clock import StoppedClock, kst_day
from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.placement.budgets.makers import ALLOWANCE, GWANGSAN, NOW, TENANT, TODAY, a_posting


@pytest.fixture(params=["twin", "real"])
def kept(request: pytest.FixtureRequest) -> Database:
    """A database in memory, and one on a server."""
    if request.param == "twin":
        return TwinDatabase("placement")
    there = request.getfixturevalue("database")
    database: Database = connect(there.url, f"{there.prefix}placement")
    return database


def comes_back(store: Any, aggregate: Any) -> None:
    """Keep it, and see that it is the same."""
    store.prepare()
    store.create(Act.own("make", "make"), aggregate, {})
    found = store.get(aggregate.id)
    assert (found.version, vars(found)) == (1, {**vars(aggregate), "version": 1, "facts": []})


def test_each_comes_back_as_it_went_in(kept: Database) -> None:
    ports: dict[str, Any] = {"clock": StoppedClock(NOW), "serial": KeyedQueue()}
    budget = Budget(id=ALLOWANCE, tenant=TENANT)
    budget.appropriate("city", 1_000, district=GWANGSAN, day=TODAY)
    budget.hold(Hold("act-1", "opn.은하수$", 10, NOW))
    budget.begin_move("opn.별빛", Grant(), Move(Grant(200, 150), ("act-0",)), "첨단2동")
    budget.post(a_posting(paid=100))
    comes_back(budgets(kept, **ports), budget)

    rules = Rules(("청년",), (Criterion("need.most", "필요성", 2),), 1, 5, (GWANGSAN,), civil_body_needed=True)
    call = Call(
        id="call", tenant=TENANT, programme_id="p", year=2027, title="공모", opens_at=NOW, closes_at=NOW, rules=rules
    )
    comes_back(calls(kept, **ports), call)

    proposal = Proposal(
        id="prop",
        tenant=TENANT,
        call_id="call",
        programme_id="p",
        year=2027,
        code="seo-cooks",
        district=GWANGSAN,
        plan=Plan("제목", "요약", "청년", "dispatch", 5, {"jobs": 3}, "단체", None),
        submitted_by="officer.1",
        submitted_at=NOW,
        reviews={"officer.$2": Review({"need.most": 70}, "좋습니다.", NOW)},
        state="selected",
        decision=Decision("selected", "까닭", "city", NOW, {"city": 5}, {"jobs": 3}),
    )
    comes_back(proposals(kept, **ports), proposal)

    today = kst_day(NOW)
    agreement = Agreement(
        id="agr",
        tenant=TENANT,
        programme_id="p",
        district=None,
        title="협약",
        partners=(Partner("㈜당근마켓", "알린다."),),
        documents=("a" * 64,),
        ends_on=today + timedelta(days=30),
        signed_on=today,
        state="signed",
    )
    comes_back(agreements(kept, **ports), agreement)


def test_the_sweeps_find_what_is_due(kept: Database) -> None:
    ports: dict[str, Any] = {"clock": StoppedClock(NOW), "serial": KeyedQueue()}
    store = budgets(kept, **ports)
    store.prepare()
    store.create(Act.own("make", "make"), Budget(id=ALLOWANCE, tenant=TENANT), {})

    assert [budget.id for budget in store.to_check(NOW, 10)] == [ALLOWANCE]
    store.checked(ALLOWANCE, NOW + timedelta(minutes=5))
    assert store.to_check(NOW, 10) == []
    assert list(store.of_tenant(TENANT)) == [ALLOWANCE]
