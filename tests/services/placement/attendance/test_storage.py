"""Sheets come back from a server as they were, and its lists are the twin's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.placement.wages.pay import Earned
from shared.errors import Refused
from shared.events.placement import work as events
from tests.services.placement.attendance.office import (
    APPLICATION,
    FIRST,
    HOST,
    ME,
    OFFICER,
    OPENING,
    START,
    TENANT,
    Office,
    days_of_work,
    minutes,
)


def test_a_whole_story_is_kept(kept_office: Office) -> None:
    office = kept_office
    office.an_opening(*days_of_work(3))
    selected = office.gives()
    office.hears(selected, selected)
    office.at(0)
    with pytest.raises(Refused, match="attendance_code_wrong"):
        office.checks_in(code="000000")
    office.checks_in()
    office.at(120)
    office.checks_out()
    office.confirms()
    office.at(0, start=START + timedelta(days=1))
    office.checks_in(f"{APPLICATION}:1:1")
    office.at(60, start=START + timedelta(days=1))
    office.hears(office.takes_back())
    office.clock.move(timedelta(days=1, minutes=60))
    office.follower.settle_due()
    before = office.sheet()
    office.disputes()
    office.clock.move(timedelta(days=7))
    office.follower.settle_due()
    office.relays(times=2)

    assert list(office.states().values()).count("void") == 1
    assert before["words"][0]["at"] == "2026-12-01T01:00:00.000Z"
    waiting = office.desk.open_disputes(OFFICER, tenant=TENANT)["disputes"]
    assert [(row["shift"], row["why"], row["escalated"]) for row in waiting] == [
        (0, "dispute", True),
        (1, "unclear", True),
    ]
    office.answers("upheld", 100)
    office.says("out", 24 * 60 + 60, f"{APPLICATION}:1:1")
    office.follower.settle_due()
    office.relays(times=2)

    [completed] = office.facts(events.PLACEMENT_COMPLETED)
    assert (completed["minutes"], completed["revision"]) == (160, 3)
    assert office.desk.sheets.earned(APPLICATION, 1, 3) == Earned(27_520, 3)
    assert [row["shift"] for row in office.desk.my_sheets(ME)["sheets"]] == [2, 1, 0]
    assert [row["shift"] for row in office.desk.sheets_of(HOST, opening_id=OPENING)["sheets"]] == [0, 1, 2]


def test_a_page_of_shifts_that_begin_in_the_same_instant_loses_none(kept_office: Office) -> None:
    """A resident has places in several openings at once: the list goes on where it stopped."""
    office = kept_office
    for number in range(5):
        office.an_opening(id=f"opn-{number}")
        office.hears(office.gives(opening_id=f"opn-{number}"))
    told, cursor = [], None
    while True:
        answer = office.desk.my_sheets(ME, limit=2, cursor=cursor)
        told += [row["opening_id"] for row in answer["sheets"]]
        cursor = answer["cursor"]
        if cursor is None:
            break

    assert sorted(told) == [f"opn-{number}" for number in range(5)]


def test_a_host_s_answer_at_both_ends_is_one_write(kept_office: Office) -> None:
    office = kept_office
    office.placed()
    office.at(121)
    office.confirms(came=START, left=START + minutes(120))

    kept = office.database.collection("sheets").find_one({"_id": FIRST})
    assert kept is not None
    assert kept["version"] == 2
    assert [entry["type"].rpartition(".")[0] for entry in kept["outbox"]] == [
        "kr.sipbun.placement.attendance.witnessed",
        "kr.sipbun.placement.attendance.witnessed",
        "kr.sipbun.placement.attendance.settled",
    ]
