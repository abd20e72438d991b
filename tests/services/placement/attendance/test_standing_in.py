"""One drops out after the shift began, and another comes for the rest: each is paid what they worked, no minute twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from shared.actors import Actor
from shared.errors import Refused
from shared.events.placement import work as events
from tests.services.placement.attendance.office import (
    FIRST,
    HOST,
    OFFICER,
    OPENING,
    START,
    TENANT,
    Office,
    an_office,
    minutes,
)

STAND_IN = Actor("res-2", frozenset({"resident"}), TENANT)
SECOND = f"{OPENING}:res-2:1:0"


@pytest.fixture
def office() -> Office:
    """An office in which one works from ten o'clock, gives the place back after 30 minutes, and another has it after 40."""
    made = an_office()
    made.placed()
    made.at(0)
    made.checks_in()
    made.at(30)
    gone = made.takes_back()
    made.at(40)
    made.hears(gone, made.gives(STAND_IN.subject))
    return made


def test_both_check_in_and_out_by_the_code_and_are_paid_what_each_worked(office: Office) -> None:
    office.checks_in(SECOND, actor=STAND_IN)
    office.at(120)
    office.checks_out()
    office.checks_out(SECOND, actor=STAND_IN)

    assert (office.confirms()["minutes"], office.confirms(SECOND)["minutes"]) == (30, 80)
    earned = [office.desk.sheets.earned(f"{OPENING}:{who}", 1, 1) for who in ("res-1", STAND_IN.subject)]
    assert [one.won for one in earned if one is not None] == [30 * 172, 80 * 172]


def test_a_host_who_says_that_both_worked_all_of_it_is_counted_for_each_one_s_part(office: Office) -> None:
    office.at(120)
    whole = {"came": START, "left": START + minutes(120)}

    both = (office.confirms(**whole)["minutes"], office.confirms(SECOND, **whole)["minutes"])

    assert both == (30, 80)
    assert "held_in_part" in office.sheet(SECOND)["revisions"][0]["why"]


def test_a_host_does_not_correct_into_the_other_one_s_part(office: Office) -> None:
    office.at(120)
    office.confirms(SECOND, came=START + minutes(60), left=START + minutes(120))

    with pytest.raises(Refused, match="out_of_range") as caught:
        office.corrects(81, SECOND, actor=HOST)
    assert caught.value.values["high"] == 80


@pytest.mark.parametrize("second", [0, 1, 30, 59])
def test_a_minute_that_both_touched_belongs_to_one_of_them(second: int) -> None:
    office = an_office()
    office.placed()
    office.at(30 + second / 60)
    gone = office.takes_back()
    office.hears(gone, office.gives(STAND_IN.subject))
    office.at(120)
    whole = {"came": START, "left": START + minutes(120)}

    assert office.confirms(**whole)["minutes"] + office.confirms(SECOND, **whole)["minutes"] == 120


@pytest.mark.parametrize("minute", [1, 9, 11, 109, 111, 119])
def test_the_grace_at_either_end_gives_nobody_the_other_one_s_minutes(minute: int) -> None:
    office = an_office()
    office.placed()
    office.at(0)
    office.checks_in()
    office.at(minute)
    office.checks_out()
    gone = office.takes_back()
    office.hears(gone, office.gives(STAND_IN.subject))
    office.checks_in(SECOND, actor=STAND_IN)
    office.at(121)
    office.checks_out(SECOND, actor=STAND_IN)

    assert (office.confirms()["minutes"], office.confirms(SECOND)["minutes"]) == (minute, 120 - minute)


def test_an_officer_says_that_somebody_worked_before_the_place_was_written_down_as_theirs(office: Office) -> None:
    office.at(120)
    office.says("in", 35, SECOND, actor=OFFICER)
    office.says("out", 120, SECOND)

    assert office.confirms(SECOND, actor=OFFICER)["minutes"] == 85


@pytest.mark.parametrize("order", list(permutations(("given back", "confirmed", "settled by the clock"))))
def test_what_was_settled_before_the_place_was_heard_to_be_given_back_counts_no_more_than_was_held(
    order: tuple[str, ...],
) -> None:
    office = an_office()
    office.placed()
    office.at(0)
    office.checks_in()
    office.at(30)
    gone = office.takes_back()
    office.at(120)
    office.checks_out()
    for what in order:
        if what == "given back":
            office.hears(gone, gone)
        elif what == "confirmed" and office.sheet()["state"] == "open":
            office.confirms()
        elif what == "settled by the clock":
            office.clock.move(timedelta(days=2))
            office.follower.settle_due()
    office.hears(gone)
    office.relays(times=2)

    told = office.facts(events.ATTENDANCE_SETTLED)
    assert office.sheet()["minutes"] == 30
    assert sum(one["minutes"] - one["was"] for one in told) == 30
    assert [one["minutes"] for one in office.facts(events.PLACEMENT_COMPLETED)][-1] == 30


@pytest.mark.parametrize(("who", "counts"), [(HOST, 30), (OFFICER, 100)])
def test_the_minutes_an_officer_gave_themselves_stay_and_a_host_s_do_not(who: Actor, counts: int) -> None:
    office = an_office()
    office.placed()
    office.at(30)
    gone = office.takes_back()
    office.at(120)
    office.confirms(came=START, left=START + minutes(10))
    office.corrects(100, actor=who)
    office.hears(gone, gone)

    assert office.sheet(FIRST)["minutes"] == counts
