"""From the districts to the city: submit, revise, withdraw, review, decide; and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.placement.proposals.model import MOST_REVIEWS
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock
from shared.errors import NotFound, Refused
from tests.services.placement.proposals.makers import (
    BUPYEONG,
    CITY,
    CITY_TOO,
    CLOSES,
    GYEYANG,
    NAMED,
    NOW,
    RESIDENT,
    STRANGER,
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
    ready.hears()
    return ready


def said(hall: Hall) -> list[str]:
    """Return what was said since, without prefix and version."""
    return [event.type.removeprefix("kr.sipbun.placement.").removesuffix(".v1") for event in hall.hears()]


def revises(hall: Hall, actor: Actor = an_officer(YEONSU), **changes: Any) -> dict[str, Any]:  # noqa: B008  (frozen)
    """Let an officer revise the proposal."""
    return hall.proposals.revise(actor, act_id=hall.act_id(), proposal_id=NAMED, **a_plan(**changes))


def withdraws(hall: Hall, actor: Actor = an_officer(YEONSU)) -> dict[str, Any]:  # noqa: B008  (frozen)
    """Let an officer withdraw the proposal."""
    return hall.proposals.withdraw(actor, act_id=hall.act_id(), proposal_id=NAMED)


# Proposing.


def test_a_district_proposes_and_revises_while_the_call_is_open(hall: Hall) -> None:
    hall.proposes()

    assert revises(hall, won=100_000_000)["revision"] == 2

    told = hall.proposals.read(an_officer(YEONSU), proposal_id=NAMED)
    assert (told["won"], told["state"], told["revision"]) == (100_000_000, "submitted", 2)
    assert said(hall) == ["proposal.submitted"]


def test_a_revision_that_changes_nothing_is_none(hall: Hall) -> None:
    hall.proposes()

    assert revises(hall)["revision"] == 1


def test_after_the_close_nothing_changes_any_more(hall: Hall) -> None:
    hall.proposes()
    hall.closes()

    with pytest.raises(Refused, match="call_is_closed"):
        revises(hall)
    with pytest.raises(Refused, match="call_is_closed"):
        hall.proposes("late")


def test_a_repeat_after_the_close_still_hears_its_first_answer(hall: Hall) -> None:
    first = hall.proposes(act_id="tap")
    hall.closes()

    assert hall.proposes(act_id="tap") == first


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"field": "우주"}, "proposal_field_unknown", "field"),
        ({"won": 200_000_001}, "proposal_too_expensive", "won"),
        ({"civil_body": None, "agency": None}, "civil_body_needed", "civil_body"),
    ],
)
def test_a_plan_outside_the_call_names_the_fault(hall: Hall, changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refused, match=code) as refused:
        hall.proposes(**changes)
    assert refused.value.field == field

    hall.proposes()
    with pytest.raises(Refused, match=code):
        revises(hall, **changes)


def test_a_call_may_name_its_districts_and_ask_for_a_civil_body(hall: Hall) -> None:
    hall.calls_for("call-few", districts=[BUPYEONG], civil_body_needed=True)

    with pytest.raises(Refused, match="district_may_not_propose"):
        hall.proposes(call_id="call-few")
    with pytest.raises(Refused, match="civil_body_needed"):
        hall.proposes(district=BUPYEONG, call_id="call-few", civil_body=None, agency="부평구시설관리공단")
    hall.proposes(district=BUPYEONG, call_id="call-few")


def test_an_operating_agency_alone_is_enough_when_the_call_asks_for_no_civil_body(hall: Hall) -> None:
    hall.proposes(civil_body=None, agency="연수구시설안전관리공단")


def test_a_proposal_is_not_named_as_a_programme_that_is_there(hall: Hall) -> None:
    with pytest.raises(Refused, match="id_taken"):
        hall.proposes("ic-older")


def test_a_withdrawn_proposal_is_neither_revised_nor_reviewed_nor_decided(hall: Hall) -> None:
    hall.proposes()
    withdraws(hall)

    with pytest.raises(Refused, match="proposal_is_withdrawn"):
        revises(hall)
    hall.closes()
    for act in (lambda: hall.reviews(CITY), hall.decides, lambda: withdraws(hall)):
        with pytest.raises(Refused, match="proposal_is_withdrawn"):
            act()
    assert sorted(said(hall)) == ["call.closed", "proposal.submitted", "proposal.withdrawn"]


# Reviewing.


def test_reviews_wait_for_the_close(hall: Hall) -> None:
    hall.proposes()

    with pytest.raises(Refused, match="call_still_open"):
        hall.reviews(CITY)
    with pytest.raises(Refused, match="call_still_open"):
        hall.decides()


def test_nobody_reviews_for_the_own_district_or_what_they_submitted(hall: Hall) -> None:
    hall.proposes()
    hall.proposals.submit(
        CITY, act_id="proxy", proposal_id="by-the-city", call_id="call-2027", district=GYEYANG, **a_plan()
    )
    hall.closes()
    of_both = Actor("officer-two", frozenset({"officer"}), TENANT, frozenset({YEONSU, BUPYEONG}))

    for actor, named in ((an_officer(YEONSU, 2), NAMED), (of_both, NAMED), (CITY, "by-the-city")):
        with pytest.raises(Refused, match="own_proposal"):
            hall.reviews(actor, proposal_id=named)
    with pytest.raises(Refused, match="own_proposal"):
        hall.decides(proposal_id="by-the-city")


def test_a_reviewer_has_one_review_and_may_change_it_until_the_decision(hall: Hall) -> None:
    hall.proposes()
    hall.closes()
    hall.reviews(an_officer(BUPYEONG), 10)

    assert hall.reviews(an_officer(BUPYEONG), 70)["reviews"] == 1
    assert hall.reviews(CITY_TOO, 80)["reviews"] == 2
    assert said(hall).count("proposal.reviewed") == 2

    hall.decides("rejected")
    with pytest.raises(Refused, match="proposal_is_rejected"):
        hall.reviews(CITY_TOO, 90)


def test_points_are_weighted_and_rounded_half_up(hall: Hall) -> None:
    hall.proposes()
    hall.closes()
    hall.reviews(an_officer(BUPYEONG), scores={"need": 100, "jobs": 70})
    hall.reviews(an_officer(GYEYANG), scores={"need": 81, "jobs": 60})

    [row] = hall.proposals.listed(CITY, call_id="call-2027")["proposals"]

    assert row["score"] == "73.50"  # (100 + 2 x 70 + 81 + 2 x 60) / 6


@pytest.mark.parametrize(
    ("scores", "code"),
    [
        ({"need": 50}, "review_incomplete"),
        ({"need": 50, "jobs": 50, "charm": 50}, "review_incomplete"),
        ({"need": 50, "jobs": 101}, "out_of_range"),
        ({"need": -1, "jobs": 50}, "out_of_range"),
    ],
)
def test_each_criterion_gets_its_points(hall: Hall, scores: dict[str, int], code: str) -> None:
    hall.proposes()
    hall.closes()

    with pytest.raises(Refused, match=code):
        hall.reviews(CITY, scores=scores)


def test_reviews_have_a_bound_and_those_within_it_may_still_change(hall: Hall) -> None:
    hall.proposes()
    hall.closes()
    panel = [Actor(f"panel-{number}", frozenset({"officer"}), TENANT) for number in range(MOST_REVIEWS + 1)]
    for reviewer in panel[:-1]:
        hall.reviews(reviewer)

    with pytest.raises(Refused, match="too_many_reviews"):
        hall.reviews(panel[-1])
    hall.reviews(panel[0], 1)


# Deciding.


def test_a_decision_needs_as_many_reviews_as_the_call_says(hall: Hall) -> None:
    hall.proposes()
    hall.closes()
    hall.reviews(an_officer(BUPYEONG))

    with pytest.raises(Refused, match="reviews_missing") as refused:
        hall.decides()

    assert refused.value.values == {"needs": 2, "has": 1}


def test_two_officers_who_decide_at_once_have_one_outcome(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()
    other: list[dict[str, Any]] = []

    def between(what: str) -> None:
        if what == "database proposals.update_one" and not other:
            other.append(hall.decides("rejected", by=CITY_TOO))

    with pytest.raises(Refused, match="proposal_is_rejected"):
        hall.beside(between).decides("selected")

    assert other[0]["state"] == "rejected"
    assert said(hall).count("proposal.decided") == 1
    assert hall.programmes.programmes.find(f"{TENANT}:{NAMED}") is None


def test_a_withdrawal_and_a_decision_at_once_have_one_outcome(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()
    once: list[str] = []

    def between(what: str) -> None:
        if what == "database proposals.update_one" and not once:
            once.append(what)
            withdraws(hall)

    with pytest.raises(Refused, match="proposal_is_withdrawn"):
        hall.beside(between).decides("selected")

    assert "proposal.decided" not in said(hall)


def test_a_revision_that_slept_past_the_close_and_a_review_is_refused(hall: Hall) -> None:
    hall.proposes()
    once: list[str] = []

    def between(what: str) -> None:
        if what == "database proposals.update_one" and not once:
            once.append(what)
            hall.closes()
            hall.reviews(CITY)

    with pytest.raises(Refused, match="call_is_closed"):
        revises(hall.beside(between), won=1)

    assert hall.proposals.read(CITY, proposal_id=NAMED)["won"] == 120_000_000


def test_a_replica_whose_clock_is_behind_revises_nothing_that_was_reviewed(hall: Hall) -> None:
    hall.proposes()
    behind = hall.beside(lambda _what: None, clock=StoppedClock(NOW))
    hall.clock.at = CLOSES  # and nobody has noted it
    hall.reviews(CITY)

    with pytest.raises(Refused, match="proposal_is_reviewed"):
        revises(behind, won=1)


def test_a_repeated_decision_is_the_same_decision(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()
    first = hall.decides(act_id="tap")
    hall.hears(times=3)

    assert hall.decides(act_id="tap") == first
    with pytest.raises(Refused, match="proposal_is_selected"):
        hall.decides("rejected")


def test_the_city_gives_no_more_than_the_call_allows(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()

    with pytest.raises(Refused, match="proposal_too_expensive"):
        hall.decides(funders={"city": 150_000_000, "district": 50_000_001})


# Who may.


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (STRANGER, "other_tenant"),
        (an_officer(BUPYEONG), "other_district"),
    ],
)
def test_only_officers_of_the_district_propose_for_it(hall: Hall, actor: Actor, code: str) -> None:
    hall.proposes()

    with pytest.raises(Refused, match=code):
        hall.proposals.submit(actor, act_id="x", proposal_id="x1", call_id="call-2027", district=YEONSU, **a_plan())
    acts: tuple[Callable[[], object], ...] = (lambda: revises(hall, actor), lambda: withdraws(hall, actor))
    for act in acts:
        with pytest.raises(Refused, match=code):
            act()


@pytest.mark.parametrize(
    ("actor", "code"), [(ANYONE, "sign_in_needed"), (RESIDENT, "role_not_allowed"), (STRANGER, "other_tenant")]
)
def test_only_officers_of_the_tenant_review_and_read(hall: Hall, actor: Actor, code: str) -> None:
    hall.proposes()
    hall.closes()

    acts: tuple[Callable[[], object], ...] = (
        lambda: hall.reviews(actor),
        lambda: hall.decides(by=actor),
        lambda: hall.proposals.read(actor, proposal_id=NAMED),
        lambda: hall.proposals.listed(actor, call_id="call-2027"),
    )
    for act in acts:
        with pytest.raises(Refused, match=code):
            act()


def test_only_the_city_decides(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()

    for district in (YEONSU, BUPYEONG):
        with pytest.raises(Refused, match="city_officer_needed"):
            hall.decides(by=an_officer(district))


def test_proposals_of_other_districts_are_secret_until_the_close(hall: Hall) -> None:
    hall.proposes()
    hall.proposes("bupyeong-care", BUPYEONG)

    mine = hall.proposals.listed(an_officer(BUPYEONG), call_id="call-2027")["proposals"]
    assert [row["proposal_id"] for row in mine] == ["bupyeong-care"]
    with pytest.raises(Refused, match="other_district"):
        hall.proposals.read(an_officer(BUPYEONG), proposal_id=NAMED)

    hall.closes()
    assert len(hall.proposals.listed(an_officer(BUPYEONG), call_id="call-2027")["proposals"]) == 2
    assert hall.proposals.read(an_officer(BUPYEONG), proposal_id=NAMED)["title"]


def test_the_proposer_reads_points_and_words_once_decided_and_never_names(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()

    before = hall.proposals.read(an_officer(YEONSU), proposal_id=NAMED)
    assert (before["score"], before["given"], before["decision"]) == (None, [], None)

    hall.decides("rejected")
    after = hall.proposals.read(an_officer(YEONSU), proposal_id=NAMED)
    assert after["score"] == "85.00"
    assert [(review["by"], review["comment"]) for review in after["given"]] == [(None, "좋습니다.")] * 2
    assert after["decision"]["reason"] == "일자리가 분명합니다."


def test_a_reviewer_reads_the_own_review_and_the_city_reads_all(hall: Hall) -> None:
    hall.proposes()
    hall.is_reviewed()
    hall.decides("rejected")

    reviewer = hall.proposals.read(an_officer(BUPYEONG), proposal_id=NAMED)
    assert (reviewer["given"], reviewer["score"], reviewer["decision"]) == ([], None, None)
    assert reviewer["own_review"]["scores"] == {"need": 80, "jobs": 80}

    city = hall.proposals.read(CITY, proposal_id=NAMED)
    assert {review["by"] for review in city["given"]} == {an_officer(BUPYEONG).subject, an_officer(GYEYANG).subject}


def test_proposals_are_told_page_by_page_first_come_first(hall: Hall) -> None:
    for number in range(5):
        hall.proposes(f"prop-{number}")

    first = hall.proposals.listed(CITY, call_id="call-2027", limit=3)
    rest = hall.proposals.listed(CITY, call_id="call-2027", limit=3, cursor=first["cursor"])

    told = [row["proposal_id"] for row in first["proposals"] + rest["proposals"]]
    assert told == [f"prop-{number}" for number in range(5)]
    assert rest["cursor"] is None
    assert hall.proposals.listed(CITY, call_id="call-2027", state="selected")["proposals"] == []


def test_a_proposal_that_is_not_there(hall: Hall) -> None:
    with pytest.raises(NotFound, match="no_such_proposal"):
        hall.proposals.read(CITY, proposal_id="nothing")
