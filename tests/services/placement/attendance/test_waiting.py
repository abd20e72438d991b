"""A shift that nobody said enough about: it waits for a person, says so once, and is never lost from sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.placement.attendance.deciding import Rules
from services.placement.attendance.storage import read_rules
from shared.config import Settings
from shared.events.placement import work as events
from tests.services.placement.attendance.office import FIRST, ME, OFFICER, START, TENANT, Office, an_office, minutes

DAY = timedelta(days=1)
#: A day after the shift, and seven more.
UNTIL = "2026-12-09T03:00:00.000Z"


@pytest.fixture
def office() -> Office:
    """An office in which the resident came by the code, and nobody said when they left."""
    made = an_office()
    made.placed()
    made.at(0)
    made.checks_in()
    made.at(120)
    made.clock.move(DAY)
    made.follower.settle_due()
    return made


def waiting(office: Office) -> list[dict[str, Any]]:
    """Return what waits for the officers."""
    return list(office.desk.open_disputes(OFFICER, tenant=TENANT)["disputes"])


def test_it_is_said_once_with_what_is_missing_and_until_when(office: Office) -> None:
    for _ in range(3):
        office.follower.settle_due()
    office.relays(times=2)

    [told] = office.facts(events.ATTENDANCE_DELAYED)
    assert (told["attendance_id"], told["missing"], told["until"]) == (FIRST, "out", UNTIL)
    assert office.facts(events.ATTENDANCE_SETTLED) == []


def test_the_resident_sees_what_it_waits_for_and_until_when(office: Office) -> None:
    [row] = office.desk.my_sheets(ME)["sheets"]

    assert (row["state"], row["unclear"], row["waits_for"], row["answer_until"]) == ("open", True, "out", UNTIL)
    assert (row["settles_at"], row["minutes"], row["escalated"]) == (None, None, False)
    assert office.desk.sheet(ME, attendance_id=FIRST)["waits_for"] == "out"


def test_who_said_when_they_left_but_not_when_they_came_waits_for_the_coming() -> None:
    office = an_office()
    office.placed()
    office.at(120)
    office.checks_out()
    office.clock.move(DAY)
    office.follower.settle_due()
    office.relays()

    assert [told["missing"] for told in office.facts(events.ATTENDANCE_DELAYED)] == ["in"]


def test_after_its_time_operators_are_told_once_and_it_stays_in_the_officers_list(office: Office) -> None:
    office.clock.move(7 * DAY - timedelta(seconds=1))
    office.follower.settle_due()
    assert (office.late, [row["escalated"] for row in waiting(office)]) == ([], [False])

    office.clock.move(timedelta(seconds=1))
    for _ in range(3):
        assert not office.follower.settle_due()

    [row] = waiting(office)
    assert (row["why"], row["answer_until"], row["escalated"]) == ("unclear", UNTIL, True)
    assert (office.late, office.escalations) == ([1], [])


def test_a_word_that_decides_it_settles_it_also_when_it_is_late(office: Office) -> None:
    office.clock.move(8 * DAY)
    office.follower.settle_due()
    office.says("out", 120)
    office.follower.settle_due()
    office.relays()

    [settled] = office.facts(events.ATTENDANCE_SETTLED)
    assert (settled["minutes"], waiting(office)) == (120, [])
    assert office.desk.my_sheets(ME)["sheets"][0]["waits_for"] is None


def test_a_word_that_decides_nothing_moves_no_deadline_and_is_not_told_again(office: Office) -> None:
    office.clock.move(3 * DAY)
    office.says("in", 10)
    assert office.desk.my_sheets(ME)["sheets"][0]["settles_at"] is not None
    office.follower.settle_due()
    office.relays()

    [row] = waiting(office)
    assert (row["answer_until"], len(office.facts(events.ATTENDANCE_DELAYED))) == (UNTIL, 1)

    office.clock.move(5 * DAY)
    office.follower.settle_due()
    office.says("in", 5)
    office.follower.settle_due()
    office.follower.settle_due()
    office.relays()
    assert (office.late, [row["escalated"] for row in waiting(office)]) == ([1], [True])
    assert len(office.facts(events.ATTENDANCE_DELAYED)) == 1


def test_the_deadline_is_the_operator_s_and_what_was_told_of_it_stays(office: Office) -> None:
    rules = read_rules(Settings().data_dir / "attendance.yaml")
    assert rules.unclear_days == 7
    other = an_office(database=office.database)
    other.openings.all, other.clock.at = office.openings.all, office.clock.now()

    assert waiting(other)[0]["answer_until"] == UNTIL


def test_one_that_was_unclear_before_deadlines_were_kept_is_not_lost(office: Office) -> None:
    sheets = office.database.collection("sheets")
    sheets.update_one({"_id": FIRST}, {"$unset": {"unclear_until": "", "due": ""}})

    office.clock.move(8 * DAY)
    office.follower.settle_due()
    assert [(row["attendance_id"], row["why"]) for row in waiting(office)] == [(FIRST, "unclear")]
    office.says("out", 120)
    office.follower.settle_due()
    assert office.sheet()["minutes"] == 120


def test_two_replicas_that_sweep_in_the_same_instant_tell_it_once(office: Office) -> None:
    other = an_office(database=office.database)
    other.clock.at = office.clock.at = START + minutes(120) + 8 * DAY
    office.follower.settle_due()
    other.follower.settle_due()
    other.relays()

    assert office.late + other.late == [1]
    assert len(other.facts(events.ATTENDANCE_DELAYED)) == 1


def test_sheets_that_a_change_of_the_rules_put_off_do_not_keep_the_others_from_being_settled() -> None:
    office = an_office()
    office.placed()
    office.at(120)
    office.clock.move(DAY)
    later = an_office(database=office.database, rules=Rules(settle_after_hours=72))
    later.clock.at = office.clock.at
    later.follower.settle_due()

    assert later.desk.sheets.overdue(later.clock.now(), 1) == []
    assert later.states() == {FIRST: "open"}
    later.clock.move(2 * DAY)
    later.follower.settle_due()
    assert later.states() == {FIRST: "settled"}
