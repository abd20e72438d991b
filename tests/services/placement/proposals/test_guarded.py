"""Whose hands a proposal passes through, and what money it may never bring about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import Refused
from shared.events.contract import LARGEST
from tests.services.placement.proposals.makers import (
    BUPYEONG,
    CITY,
    CITY_TOO,
    GYEYANG,
    HOSTED,
    NAMED,
    OPERATOR,
    SPLIT,
    TENANT,
    YEONSU,
    Hall,
    a_hall,
    a_plan,
    an_officer,
)


@pytest.fixture
def hall() -> Hall:
    ready = a_hall()
    ready.calls_for()
    ready.proposes()
    return ready


# Four eyes.


def test_who_changed_a_proposal_neither_reviews_nor_decides_it(hall: Hall) -> None:
    hall.proposals.revise(CITY, act_id="more", proposal_id=NAMED, **a_plan(won=200_000_000))
    hall.is_reviewed()

    with pytest.raises(Refused, match="own_proposal"):
        hall.reviews(CITY)
    with pytest.raises(Refused, match="own_proposal"):
        hall.decides(by=CITY)
    hall.reviews(CITY_TOO)
    assert hall.decides(by=CITY_TOO)["state"] == "selected"


def test_a_revision_that_changes_nothing_takes_nobody_out_of_the_panel(hall: Hall) -> None:
    hall.proposals.revise(CITY, act_id="same", proposal_id=NAMED, **a_plan())
    hall.is_reviewed()

    assert hall.decides(by=CITY)["state"] == "selected"


def test_a_proposal_that_was_kept_before_its_writers_were_is_read(hall: Hall) -> None:
    hall.database.collection("proposals").update_one({"_id": NAMED}, {"$unset": {"revised_by": ""}})
    hall.is_reviewed()

    assert hall.decides()["state"] == "selected"


# Money.


def test_a_decision_that_no_budget_could_carry_is_refused_before_it_is_final(hall: Hall) -> None:
    hall.calls_for("call-open", most_won=None)
    hall.proposes("bupyeong-big", BUPYEONG, call_id="call-open")
    hall.closes()
    for reviewer in (YEONSU, GYEYANG):
        hall.reviews(an_officer(reviewer), 80, "bupyeong-big")

    with pytest.raises(Refused) as refused:
        hall.decides(proposal_id="bupyeong-big", funders={"city": LARGEST, "state": 1})

    assert (refused.value.code, refused.value.field) == ("out_of_range", "funders")
    hall.decides(proposal_id="bupyeong-big", funders={"city": LARGEST - 1, "state": 1})
    hall.hears()
    assert hall.budgets.budgets.get(f"{TENANT}:bupyeong-big").total == LARGEST


@pytest.mark.parametrize("funders", [SPLIT, {}])
def test_a_programme_that_was_loaded_under_the_code_after_the_decision_gets_none_of_its_money(
    hall: Hall, funders: dict[str, int]
) -> None:
    hall.is_reviewed()
    hall.decides(funders=funders)
    row = {"id": NAMED, "name_ko": "달빛 공부방", "kind": "training_cohort", "role": "hosted", "district_code": GYEYANG}
    hall.programmes.load(OPERATOR, tenant=TENANT, programmes=[row])

    hall.hears(times=2)

    budget = hall.budgets.budgets.find(HOSTED)
    assert budget is None or (budget.total, budget.pending) == (None, {})
    assert hall.programmes.programmes.get(HOSTED).name_ko == "달빛 공부방"
    assert not hall.proposals.proposals.get(NAMED).hosted


def test_a_programme_that_is_loaded_under_the_code_in_the_same_moment_is_not_taken_for_the_proposals(hall: Hall) -> None:
    hall.is_reviewed()
    hall.decides(funders=SPLIT)
    row = {"id": NAMED, "name_ko": "달빛 공부방", "kind": "training_cohort", "role": "hosted", "district_code": GYEYANG}

    class LoadedFirst:
        def host(self, tenant: str, asked: Mapping[str, Any]) -> str:
            hall.programmes.load(OPERATOR, tenant=TENANT, programmes=[row])
            return hall.programmes.host(tenant, asked)

    replace(hall.proposals, hosting=LoadedFirst()).host(NAMED)
    hall.hears(times=2)

    assert not hall.proposals.proposals.get(NAMED).hosted
    # What it was given stays marked as not its own, for whoever looks.
    assert list(hall.budgets.budgets.get(HOSTED).pending) == [f"hosted:{NAMED}"]


def test_a_hosted_programme_may_be_loaded_anew_and_its_money_stays(hall: Hall) -> None:
    hall.is_reviewed()
    hall.decides(funders=SPLIT)
    hall.hears()
    row = {"id": NAMED, "name_ko": "달빛 방송", "kind": "training_cohort", "role": "hosted", "district_code": YEONSU}
    hall.programmes.load(OPERATOR, tenant=TENANT, programmes=[row])

    hall.proposals.host(NAMED)

    budget = hall.budgets.budgets.get(HOSTED)
    assert (budget.funders, budget.pending) == (SPLIT, {})
    assert hall.programmes.programmes.get(HOSTED).name_ko == "달빛 방송"


# A closed tenant.


def test_a_closed_tenant_selects_nothing_any_more(hall: Hall) -> None:
    hall.is_reviewed()
    hall.programmes.close_tenant(OPERATOR, act_id="close", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        hall.decides()


def test_a_closed_tenant_takes_no_other_plan(hall: Hall) -> None:
    hall.programmes.close_tenant(OPERATOR, act_id="close", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        hall.proposals.revise(an_officer(YEONSU), act_id="late", proposal_id=NAMED, **a_plan(won=1))
