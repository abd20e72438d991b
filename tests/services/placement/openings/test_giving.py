"""Hold, act, settle: no place is given against the limits, and none is lost, whoever races, dies or sleeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.placement.openings.giving import GIVE_WITHIN
from services.placement.openings.model import Placement
from services.placement.participation.usecases import HOLD_FOR
from services.placement.wages.pay import Earned
from shared.errors import Conflict, Refused, Unavailable
from tests.services.placement.office import OFFICER, a_resident
from tests.services.placement.openings.hall import NO_OVERLAP, Hall, a_hall, a_programme


def test_a_place_is_held_before_it_is_given_and_settled_after(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)

    hall.selects(1, act_id="tap")
    assert list(hall.limits.claims["res-1"]["opn-1:res-1:1"]) == ["asked:tap"]
    hall.sweeps()

    assert "" in hall.limits.claims["res-1"]["opn-1:res-1:1"]
    assert hall.opening().placements[0].act_id == "asked:tap"


def test_whom_the_limits_refuse_is_not_selected_and_nothing_is_held(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.limits.refused = {"res-1"}

    with pytest.raises(Refused, match="direct_job_overlap"):
        hall.selects(1)

    assert hall.placed() == []
    assert not hall.limits.claims.get("res-1")


def test_a_hold_is_given_back_when_the_opening_refuses(hall: Hall) -> None:
    hall.an_opening(mode="officer", places=1)
    hall.applies(1, 2)
    # While the second is held for, the first gets the last place.
    def the_first_is_quicker() -> None:
        hall.limits.meanwhile = lambda: None
        hall.selects(1)

    hall.limits.meanwhile = the_first_is_quicker

    with pytest.raises(Refused, match="no_place_left"):
        hall.selects(2, act_id="second")

    assert not hall.limits.claims["res-2"]["opn-1:res-2:1"]
    assert hall.placed() == [1]


def test_a_sleeper_gives_nothing_once_its_hold_was_released(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)

    def sleep() -> None:
        hall.clock.move(timedelta(minutes=5))
        hall.limits.sweep()

    hall.limits.meanwhile = sleep

    with pytest.raises(Refused, match="act_too_late"):
        hall.selects(1, act_id="slow")

    assert hall.placed() == []
    assert not hall.limits.claims["res-1"]["opn-1:res-1:1"]
    hall.limits.meanwhile = lambda: None
    hall.selects(1, act_id="again")
    assert hall.placed() == [1]


def test_a_sleeper_gives_nothing_even_when_a_hundred_acts_have_passed_over_its_name(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)

    def sleep() -> None:
        hall.clock.move(timedelta(minutes=5))
        hall.limits.sweep()
        hall.desk.openings.collection.update_one({"_id": "opn-1"}, {"$set": {"acts": []}})

    hall.limits.meanwhile = sleep

    with pytest.raises(Refused, match="act_too_late"):
        hall.selects(1, act_id="slow")

    assert hall.placed() == []


def test_who_falls_asleep_between_deciding_and_writing_gives_nothing_once_the_hold_was_released() -> None:
    asleep: list[Hall] = []

    def step(what: str) -> None:
        if "openings.update_one" in what and asleep:
            slept = asleep.pop()
            slept.clock.move(timedelta(minutes=5))
            slept.limits.sweep()

    hall = a_hall(step=step)
    hall.an_opening(mode="officer")
    hall.applies(1)
    asleep.append(hall)

    with pytest.raises(Refused, match="act_too_late"):
        hall.selects(1, act_id="slow")

    assert hall.placed() == []
    assert not hall.limits.claims["res-1"]["opn-1:res-1:1"]


def test_an_act_that_was_done_can_not_be_made_impossible_even_when_its_name_is_forgotten(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.selects(1, act_id="tap")
    named = {"opening_id": "opn-1", "tenant": "gwangsan"}
    assert not hall.limits.places.make_impossible(act_id="asked:tap", **named)
    hall.desk.openings.collection.update_one({"_id": "opn-1"}, {"$set": {"acts": []}})

    assert not hall.limits.places.make_impossible(act_id="asked:tap", **named)
    assert hall.limits.places.make_impossible(act_id="asked:other", **named)


def test_an_act_is_given_up_before_any_hold_ends() -> None:
    assert GIVE_WITHIN < HOLD_FOR


def test_a_hold_whose_act_was_done_is_not_released_however_old(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.selects(1, act_id="tap")
    hall.desk.openings.collection.update_one({"_id": "opn-1"}, {"$set": {"acts": []}})
    hall.clock.move(timedelta(minutes=5))

    hall.limits.sweep()

    assert list(hall.limits.claims["res-1"]["opn-1:res-1:1"]) == [""]
    assert hall.placed() == [1]


def test_an_attempt_that_lost_its_place_never_gets_one_again(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.selects(1)
    hall.desk.release_place(OFFICER, act_id="back", opening_id="opn-1", resident_id="res-1")

    with pytest.raises(Refused, match="application_not_pending"):
        hall.selects(1)  # before anybody has heard of it
    hall.sweeps()

    assert hall.states() == {1: "withdrawn"}
    assert hall.opening().lapsed == ()
    hall.applies(1)
    hall.selects(1)
    assert hall.placed() == [1]


# The first to come.


def test_the_first_to_come_whom_the_limits_refuse_makes_way_and_reads_why(hall: Hall) -> None:
    hall.an_opening(mode="first_come", places=1)
    hall.applies(1, 2, 3)
    hall.limits.refused = {"res-1"}

    hall.hears(times=2)

    assert hall.states() == {1: "closed", 2: "selected", 3: "closed"}
    [row] = hall.desk.applications_by(a_resident(1), resident_id="res-1")["applications"]
    assert (row["reason"], row["why"]["code"]) == ("not_allowed", "direct_job_overlap")


def test_giving_to_the_first_to_come_that_was_made_impossible_is_tried_again_under_another_name(hall: Hall) -> None:
    hall.an_opening(mode="first_come", places=1)
    hall.applies(1)

    def sleep() -> None:
        hall.clock.move(timedelta(minutes=5))
        hall.limits.sweep()

    hall.limits.meanwhile = sleep
    with pytest.raises(Conflict):
        hall.desk.give_first_come("opn-1")
    hall.limits.meanwhile = lambda: None

    hall.hears()

    assert hall.placed() == [1]
    assert hall.states() == {1: "selected"}


def test_who_dies_between_hold_and_act_leaves_nothing_behind(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)

    def die() -> None:
        raise Unavailable("killed")

    hall.limits.meanwhile = die
    with pytest.raises(Unavailable):
        hall.selects(1, act_id="killed")
    hall.limits.meanwhile = lambda: None
    hall.clock.move(timedelta(minutes=2))
    hall.limits.sweep()

    assert not hall.limits.claims["res-1"]["opn-1:res-1:1"]
    with pytest.raises(Refused, match="act_too_late"):
        hall.selects(1, act_id="killed")


# Under the shipped limits.


@pytest.fixture
def strict() -> Hall:
    """A hall of direct jobs under the shipped limits."""
    return a_hall(programme=a_programme(direct_job=True), shipped_limits=NO_OVERLAP)


def test_two_openings_on_one_day_give_a_resident_one_direct_job(strict: Hall) -> None:
    for name in ("opn-1", "opn-2"):
        strict.an_opening(name, mode="officer")
        strict.applies(1, opening_id=name)

    strict.selects(1, "opn-1")
    with pytest.raises(Refused, match="direct_job"):
        strict.selects(1, "opn-2")

    assert (strict.placed("opn-1"), strict.placed("opn-2")) == ([1], [])


def test_who_has_a_direct_job_is_told_before_applying_for_another_on_that_day(strict: Hall) -> None:
    strict.an_opening("opn-1", mode="officer")
    strict.an_opening("opn-2", mode="officer")
    strict.applies(1)
    before = strict.desk.quote(a_resident(1), opening_id="opn-2")
    strict.selects(1)
    strict.sweeps()

    told = strict.desk.quote(a_resident(1), opening_id="opn-2")

    assert (before["may_apply"], told["may_apply"]) == (True, False)
    assert told["limits"]["overlap_days"] == ["2026-12-03"]
    assert told["pay"] == {"hourly_won": 10_320, "minutes": 120, "won": 20_640}
    with pytest.raises(Refused, match="direct_job"):
        strict.applies(1, opening_id="opn-2")
    assert strict.desk.applications.find("opn-2:res-1") is None


def test_a_place_that_was_given_back_leaves_room_for_another(strict: Hall) -> None:
    for name in ("opn-1", "opn-2"):
        strict.an_opening(name, mode="officer")
        strict.applies(1, opening_id=name)
    strict.selects(1, "opn-1")
    strict.sweeps()
    strict.withdraws(1, "opn-1")
    strict.sweeps()

    strict.selects(1, "opn-2")

    assert strict.placed("opn-2") == [1]


def test_an_offer_that_the_limits_refuse_by_now_can_not_be_confirmed_but_stands(strict: Hall) -> None:
    strict.an_opening("opn-1", places=1)
    strict.an_opening("opn-2", mode="officer", deadline=strict.clock.now() + timedelta(hours=7))
    strict.applies(1)
    strict.applies(1, opening_id="opn-2")
    strict.passes(hours=6)
    strict.selects(1, "opn-2")

    with pytest.raises(Refused, match="direct_job"):
        strict.accepts(1)

    assert strict.offered() == [1]


# What was really earned.


def test_what_a_place_earned_frees_the_rest_of_what_was_committed(hall: Hall) -> None:
    hall.an_opening(mode="officer", places=1)
    hall.applies(1)
    hall.selects(1)
    hall.passes(hours=6)
    assert hall.budget() == (20_640, 20_640)
    hall.attendance.told["opn-1:res-1:1"] = Earned(10_320, 1)

    hall.desk.note_earned("opn-1", "opn-1:res-1", 1)
    hall.desk.budget.settle("opn-1")

    assert hall.budget() == (10_320, 10_320)


def test_an_older_revision_of_what_was_earned_changes_nothing(hall: Hall) -> None:
    hall.an_opening(mode="officer", places=1)
    hall.applies(1)
    hall.selects(1)
    for won, revision in ((10_320, 2), (20_640, 1), (0, 2)):
        hall.attendance.told["opn-1:res-1:1"] = Earned(won, revision)
        hall.desk.note_earned("opn-1", "opn-1:res-1", 1)

    placement: Placement = hall.opening().placements[0]
    assert (placement.earned, placement.revision) == (10_320, 2)


def test_what_another_attempt_earned_is_not_this_ones(hall: Hall) -> None:
    hall.an_opening(mode="officer", places=1)
    hall.applies(1)
    hall.selects(1)
    hall.attendance.told["opn-1:res-1:2"] = Earned(1, 1)

    hall.desk.note_earned("opn-1", "opn-1:res-1", 2)

    assert hall.opening().placements[0].earned is None
