"""The edges of codes and windows, and whoever tries to gain by them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.actors import Actor
from shared.errors import Refused
from tests.services.placement.attendance.office import (
    FIRST,
    HOST,
    OFFICER,
    RESIDENT,
    START,
    TENANT,
    Office,
    an_office,
    minutes,
)

DAY = timedelta(days=1)


@pytest.fixture
def office() -> Office:
    """An office in which the resident has a place of one shift."""
    made = an_office()
    made.placed()
    return made


class TestClocks:
    """The display and the server have each their own clock."""

    @pytest.mark.parametrize("seconds", [-60, -31, -1, 0, 1, 30, 59])
    def test_a_display_that_is_a_little_slow_or_fast_shows_codes_that_count(self, office: Office, seconds: int) -> None:
        office.at(seconds / 60)
        code = office.shows()
        office.at(0)

        assert office.checks_in(code=code)["said"] == "in"

    @pytest.mark.parametrize("seconds", [-61, 60])
    def test_one_that_is_further_off_is_wrong(self, office: Office, seconds: int) -> None:
        office.at(seconds / 60)
        code = office.shows()
        office.at(0)

        with pytest.raises(Refused, match="attendance_code_wrong"):
            office.checks_in(code=code)

    def test_a_code_seen_before_the_shift_says_nothing_of_the_end_of_it(self, office: Office) -> None:
        office.at(0)
        seen = office.shows()
        office.checks_in(code=seen)
        office.at(120)

        with pytest.raises(Refused, match="attendance_code_wrong"):
            office.checks_out(code=seen)

    def test_codes_of_a_secret_that_was_given_away_are_wrong_once_it_was_changed(self, office: Office) -> None:
        office.at(0)
        seen = office.shows()
        office.desk.change_code(HOST, act_id="change", opening_id="opn-은하수")

        with pytest.raises(Refused, match="attendance_code_wrong"):
            office.checks_in(code=seen)


def test_a_host_who_read_the_secret_before_they_had_a_place_does_not_check_themselves_in() -> None:
    office = an_office()
    office.placed(hosts=(HOST.subject, RESIDENT))
    both = Actor(RESIDENT, frozenset({"host", "resident"}), TENANT)
    office.at(0)

    for check in (office.checks_in, office.checks_out):
        with pytest.raises(Refused, match="not_for_oneself"):
            check(actor=both)
    office.at(121)
    assert office.confirms(came=START, left=START + minutes(120))["minutes"] == 120


class TestDisputes:
    """Neither side's dispute takes the other's days."""

    @pytest.fixture
    def disputed(self, office: Office) -> Office:
        """An office in which the host disputes at once what an officer counted, and nobody answers in time."""
        office.at(121)
        office.confirms(came=START, left=START + minutes(60), actor=OFFICER)
        office.disputes(actor=HOST)
        office.clock.move(8 * DAY)
        return office

    def test_the_resident_s_days_begin_with_the_answer_to_the_host_s(self, disputed: Office) -> None:
        with pytest.raises(Refused, match="dispute_is_open"):
            disputed.disputes()
        disputed.answers("rejected")

        assert disputed.sheet()["disputable_until"] == "2026-12-16T03:01:00.000Z"
        assert disputed.disputes()["dispute"] == 2

    def test_they_end_seven_days_after_it(self, disputed: Office) -> None:
        disputed.answers("rejected")
        disputed.clock.move(7 * DAY)

        with pytest.raises(Refused, match="dispute_over"):
            disputed.disputes()

    def test_nobody_s_own_answer_gives_them_another_dispute(self, disputed: Office) -> None:
        disputed.answers("rejected")

        with pytest.raises(Refused, match="dispute_was_answered"):
            disputed.disputes(actor=HOST)


@pytest.mark.parametrize(("late", "may"), [(timedelta(milliseconds=-1), True), (timedelta(), False)])
def test_a_host_corrects_up_to_the_last_moment_of_the_window_and_not_in_it(
    office: Office, late: timedelta, may: bool
) -> None:
    office.at(121)
    office.confirms(came=START, left=START + minutes(120))
    office.clock.at = START + minutes(120) + 14 * DAY + late

    if may:
        assert office.corrects(60, FIRST, actor=HOST)["minutes"] == 60
        return
    with pytest.raises(Refused, match="correction_over"):
        office.corrects(60, FIRST, actor=HOST)
