"""A selected proposal becomes a programme with its money, once, whoever dies, sleeps or hears it again."""

from __future__ import annotations

import pytest

from services.placement.proposals.reactions import reactions
from shared.errors import Refused
from shared.messaging.topology import QUEUES
from tests.services.placement.budgets.makers import Killed, Sleeper, dies_at
from tests.services.placement.proposals.makers import (
    BUPYEONG,
    CITY,
    GYEYANG,
    HOSTED,
    NAMED,
    SPLIT,
    TENANT,
    UMBRELLA,
    YEONSU,
    Hall,
    a_hall,
    an_officer,
)


@pytest.fixture
def hall() -> Hall:
    ready = a_hall()
    ready.calls_for()
    ready.proposes()
    ready.is_reviewed()
    return ready


def test_row_13_a_district_and_a_civil_body_propose_and_the_city_selects(hall: Hall) -> None:
    told = hall.decides(funders=SPLIT)
    hall.hears(times=3)

    assert told["hosted_id"] == HOSTED
    programme = hall.programmes.programmes.get(HOSTED)
    assert (programme.parent, programme.district.code, programme.district.name) == ("ic-sangsaeng", YEONSU, "연수구")
    assert (programme.year, programme.kind, programme.role) == (2027, "training_cohort", "hosted")
    assert {name: target.value for name, target in programme.targets.items()} == {"jobs": 20, "trained": 30}
    assert programme.partners == ("연수 미디어 협동조합",)
    budget = hall.budgets.budgets.get(HOSTED)
    assert (budget.funders, budget.total, budget.pending) == (SPLIT, 120_000_000, {})
    assert hall.proposals.read(an_officer(YEONSU), proposal_id=NAMED)["hosted_id"] == HOSTED
    assert hall.proposals.read(CITY, proposal_id=NAMED)["programme_id"] == UMBRELLA


def test_unless_told_the_city_pays_what_was_asked_for(hall: Hall) -> None:
    hall.decides()
    hall.hears()

    assert hall.budgets.budgets.get(HOSTED).funders == {"city": 120_000_000}


def test_no_funder_is_no_ceiling(hall: Hall) -> None:
    hall.decides(funders={}, targets={"jobs": 5})
    hall.hears(times=2)

    assert hall.budgets.budgets.find(HOSTED) is None
    assert {name: one.value for name, one in hall.programmes.programmes.get(HOSTED).targets.items()} == {"jobs": 5}


def test_a_rejected_proposal_becomes_nothing(hall: Hall) -> None:
    hall.decides("rejected", funders=SPLIT)
    hall.hears(times=2)

    assert hall.programmes.programmes.find(HOSTED) is None
    assert hall.budgets.budgets.find(HOSTED) is None


def a_decided_hall(funders: dict[str, int]) -> Hall:
    """Return a hall whose proposal was selected, and nobody has heard of it."""
    hall = a_hall()
    hall.calls_for()
    hall.proposes()
    hall.is_reviewed()
    hall.decides(funders=funders)
    return hall


def test_the_reaction_may_die_at_any_step_and_come_again() -> None:
    for step in range(100):
        hall = a_decided_hall(SPLIT)
        try:
            hall.beside(dies_at(step)).proposals.host(NAMED)
        except Killed:
            hall.proposals.host(NAMED)
        else:
            break

        budget = hall.budgets.budgets.get(HOSTED)
        assert (budget.funders, budget.pending) == (SPLIT, {})
        assert hall.programmes.programmes.get(HOSTED).parent == "ic-sangsaeng"
        appropriated = [event for event in hall.hears() if event.type.endswith("budget.appropriated.v1")]
        assert [event.data["won"] for event in appropriated] == list(SPLIT.values())
    assert step >= 15


def test_a_reaction_that_dies_without_money_to_give_leaves_the_programme_to_the_next() -> None:
    for step in range(100):
        hall = a_decided_hall({})
        try:
            hall.beside(dies_at(step)).proposals.host(NAMED)
        except Killed:
            hall.proposals.host(NAMED)
        else:
            break
        assert hall.programmes.programmes.get(HOSTED).parent == "ic-sangsaeng"
    assert step >= 5


@pytest.mark.parametrize("step", range(40))
def test_the_reaction_may_sleep_at_any_step_while_others_finish_and_officers_go_on(step: int) -> None:
    hall = a_decided_hall(SPLIT)

    def meanwhile() -> None:
        hall.proposals.host(NAMED)
        hall.programmes.set_wage_floor(CITY, act_id="floor", programme_id=HOSTED, wage_floor="living")
        hall.budgets.appropriate(CITY, act_id="more", programme_id=HOSTED, funder="state", won=1_000, day="2027-01-04")

    sleeper = Sleeper(step, meanwhile)
    hall.beside(sleeper).proposals.host(NAMED)
    if not sleeper.slept:
        meanwhile()

    budget = hall.budgets.budgets.get(HOSTED)
    assert budget.funders == {"state": 1_000, **SPLIT}
    assert budget.pending == {}
    assert hall.programmes.programmes.get(HOSTED).wage_floor == "living"


def test_a_decision_of_a_proposal_that_is_gone_is_nothing_to_do(hall: Hall) -> None:
    hall.proposals.host("never-was")


def test_proposals_react_to_what_their_queue_hears(hall: Hall) -> None:
    spec = next((queue for queue in QUEUES if queue.name == "placement.proposals"), None)

    if spec is not None:
        assert spec.types == set(reactions(hall.proposals))


# Two proposals, one code.


def two_with_one_code(hall: Hall) -> None:
    """Let two districts propose under one code, and both be reviewed."""
    hall.calls_for()
    hall.proposes("yeonsu-cups", code="cups")
    hall.proposes("bupyeong-cups", BUPYEONG, code="cups")
    hall.closes()
    for reviewer in (GYEYANG, "28260"):
        for proposal in ("yeonsu-cups", "bupyeong-cups"):
            hall.reviews(an_officer(reviewer), 80, proposal)


def test_of_two_proposals_under_one_code_one_is_selected() -> None:
    hall = a_hall()
    two_with_one_code(hall)
    hall.decides(proposal_id="yeonsu-cups", funders=SPLIT)

    with pytest.raises(Refused, match="id_taken"):
        hall.decides(proposal_id="bupyeong-cups", funders=SPLIT)


def test_two_selected_in_one_moment_never_pour_their_money_into_one_programme() -> None:
    hall = a_hall()
    two_with_one_code(hall)
    sleeper = Sleeper(3, lambda: hall.decides(proposal_id="bupyeong-cups", funders={"city": 70_000_000}))
    free = hall.beside(sleeper).proposals
    object.__setattr__(free, "_must_be_free", lambda _proposal: None)
    free.decide(CITY, act_id="one", proposal_id="yeonsu-cups", outcome="selected", reason="좋음", funders=SPLIT)
    assert sleeper.slept

    hall.hears(times=2)
    hall.proposals.host("yeonsu-cups")

    programme, budget = hall.programmes.programmes.get(f"{TENANT}:cups"), hall.budgets.budgets.get(f"{TENANT}:cups")
    given = {"yeonsu-cups": SPLIT, "bupyeong-cups": {"city": 70_000_000}}
    assert budget.funders == given[str(programme.row["proposal"])]
    assert sorted(hall.proposals.proposals.get(one).hosted for one in given) == [False, True]
