"""What funders give, and who may say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused
from tests.services.placement.budgets.makers import (
    ALLOWANCE,
    BUKGU,
    CITY,
    GWANGSAN,
    OF_BUKGU,
    OF_GWANGSAN,
    RESIDENT,
    STRANGER,
    TODAY,
    UMBRELLA,
    Treasury,
    a_programme,
    a_treasury,
)


@pytest.fixture
def treasury() -> Treasury:
    return a_treasury()


def test_a_programme_may_spend_what_all_its_funders_gave(treasury: Treasury) -> None:
    treasury.gives(3_000_000_000, "state")
    treasury.gives(2_000_000_000, "city")
    treasury.gives(1_000_000_000, "district")

    budget = treasury.budget()

    assert budget.total == budget.balance == 6_000_000_000
    assert budget.funders == {"state": 3_000_000_000, "city": 2_000_000_000, "district": 1_000_000_000}


def test_no_word_about_money_is_no_ceiling_and_not_zero(treasury: Treasury) -> None:
    treasury.opens("opn-1", 10_000_000_000)

    budget = treasury.budget()

    assert (budget.total, budget.balance, budget.granted) == (None, None, 10_000_000_000)


def test_zero_won_are_a_ceiling(treasury: Treasury) -> None:
    treasury.gives(0)

    with pytest.raises(Refused, match="budget_exceeded"):
        treasury.opens("opn-1", 1)


def test_a_funder_takes_back_no_more_than_it_gave(treasury: Treasury) -> None:
    treasury.gives(500, "city")
    treasury.gives(500, "state")

    treasury.gives(-200, "city")
    with pytest.raises(Refused, match="appropriation_below_zero") as refused:
        treasury.gives(-301, "city")

    assert refused.value.values == {"funder": "city", "most": 300}
    assert treasury.budget().total == 800


def test_nobody_takes_back_what_openings_have(treasury: Treasury) -> None:
    treasury.gives(1_000)
    treasury.opens("opn-1", 700)

    with pytest.raises(Refused, match="budget_below_granted") as refused:
        treasury.gives(-301)

    assert refused.value.values == {"least": 700}


def test_a_repeated_appropriation_is_the_same_one(treasury: Treasury) -> None:
    first = treasury.gives(1_000, act_id="tap")

    assert treasury.gives(1_000, act_id="tap") == first
    assert treasury.budget().total == 1_000
    with pytest.raises(Refused, match="act_id_reused"):
        treasury.gives(2_000, act_id="tap")


def test_a_ceiling_is_carried_by_whoever_else_pays(treasury: Treasury) -> None:
    treasury.gives(300, "city")

    treasury.desk.set_total(CITY, act_id="total", programme_id=ALLOWANCE, total=1_000)
    assert treasury.budget().funders == {"city": 300, "other": 700}

    with pytest.raises(Refused, match="total_below_funders") as refused:
        treasury.desk.set_total(CITY, act_id="less", programme_id=ALLOWANCE, total=299)
    assert refused.value.values == {"least": 300}

    with pytest.raises(Refused, match="total_below_funders"):
        treasury.desk.set_total(CITY, act_id="none", programme_id=ALLOWANCE, total=None)
    assert treasury.budget().funders == {"city": 300, "other": 700}


def test_a_ceiling_that_no_funder_gave_is_taken_back_while_nothing_stands_under_it(treasury: Treasury) -> None:
    treasury.desk.set_total(CITY, act_id="total", programme_id=ALLOWANCE, total=1_000)
    treasury.desk.set_total(CITY, act_id="none", programme_id=ALLOWANCE, total=None)
    assert treasury.budget().funders == {}
    assert treasury.budget().total is None
    treasury.desk.set_total(CITY, act_id="none again", programme_id=ALLOWANCE, total=None)
    assert [event.data["won"] for event in treasury.said()] == [1_000, -1_000]

    budget = treasury.budget()
    budget.set_total(1_000, district=GWANGSAN, day="2026-11-22")
    budget.sums = replace(budget.sums, granted=1)
    with pytest.raises(Refused, match="budget_below_granted"):
        budget.set_total(None, district=GWANGSAN, day="2026-11-22")


def test_what_is_said_adds_up_to_the_ceiling(treasury: Treasury) -> None:
    treasury.gives(300, "city")
    treasury.desk.set_total(CITY, act_id="total", programme_id=ALLOWANCE, total=1_000)
    treasury.gives(-100, "city")
    said = treasury.said()

    assert [event.data["won"] for event in said] == [300, 700, -100]
    assert [event.data["total"] for event in said] == [300, 1_000, 900]
    assert {event.data["district"] for event in said} == {GWANGSAN}

    treasury.gives(-200, "city")
    treasury.desk.set_total(CITY, act_id="none", programme_id=ALLOWANCE, total=None)
    assert sum(event.data["won"] for event in treasury.said()) == 0


def test_a_number_too_large_for_every_reader_is_refused(treasury: Treasury) -> None:
    treasury.gives(2**53 - 1)

    with pytest.raises(Refused, match="out_of_range"):
        treasury.gives(1)


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (Actor("host-1", frozenset({"host"}), "gwangju"), "role_not_allowed"),
        (STRANGER, "other_tenant"),
        (OF_BUKGU, "other_district"),
    ],
)
def test_only_officers_of_the_district_touch_its_money(treasury: Treasury, actor: Actor, code: str) -> None:
    touches: tuple[Callable[[], object], ...] = (
        lambda: treasury.desk.appropriate(actor, act_id="x", programme_id=ALLOWANCE, funder="city", won=1, day=TODAY),
        lambda: treasury.desk.set_total(actor, act_id="x", programme_id=ALLOWANCE, total=1),
        lambda: treasury.desk.read(actor, programme_id=ALLOWANCE),
    )
    for touch in touches:
        with pytest.raises(Refused, match=code):
            touch()

    assert treasury.database.collection("budgets").find({}) == []


def test_an_officer_of_the_district_gives_to_its_programme(treasury: Treasury) -> None:
    treasury.desk.appropriate(OF_GWANGSAN, act_id="x", programme_id=ALLOWANCE, funder="district", won=5, day=TODAY)

    assert treasury.desk.read(OF_GWANGSAN, programme_id=ALLOWANCE)["total"] == 5


def test_a_programme_of_the_whole_city_is_touched_by_the_city_only(treasury: Treasury) -> None:
    treasury.gives(5, programme_id=UMBRELLA)

    with pytest.raises(Refused, match="other_district"):
        treasury.desk.appropriate(OF_BUKGU, act_id="x", programme_id=UMBRELLA, funder="city", won=1, day=TODAY)


def test_a_programme_that_is_not_there_has_no_budget(treasury: Treasury) -> None:
    with pytest.raises(NotFound):
        treasury.gives(1, programme_id="gwangju:nothing")


def test_what_a_document_decided_is_appropriated_once(treasury: Treasury) -> None:
    treasury.programmes["gwangju:new"] = a_programme("new", BUKGU, "win-win")

    def appropriate() -> None:
        treasury.desk.appropriate_once(
            name="hosted:prop-1",
            programme_id="gwangju:new",
            tenant="gwangju",
            district=BUKGU,
            funders={"city": 70, "district": 30},
            day=TODAY,
            noted=treasury.batches.has("prop-1"),
            note=treasury.batches.takes("prop-1"),
        )

    appropriate()
    appropriate()

    assert treasury.budget("gwangju:new").funders == {"city": 70, "district": 30}
    assert treasury.budget("gwangju:new").pending == {}
