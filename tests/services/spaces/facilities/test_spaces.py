"""Spaces: the tree, whose calendar speaks for which, opening in three steps, and places read a moment ago."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from services.spaces.diary.model import WHOLE
from services.spaces.facilities.recent import GOOD_FOR, MOST_KEPT, RecentPlaces
from shared.errors import Refused
from shared.geo import Point
from shared.mongo.twin import TwinDatabase, no_step
from tests.services.spaces.facilities.office import (
    HALL,
    LIBRARY,
    NINE_TO_SIX,
    NOW,
    OFFICER,
    RESIDENT,
    Crash,
    Office,
    a_place,
    dying_at,
    dying_at_the_first,
)


def test_a_hall_is_its_parts(office: Office) -> None:
    office.has_a_hall_of_parts()

    claims = {one: place.space.parts for one, place in office.desk.places_of_root(HALL).items()}

    assert claims == {
        HALL: WHOLE,
        "spc-동관": ("spc-서재", "spc-작업실"),
        "spc-서재": ("spc-서재",),
        "spc-작업실": ("spc-작업실",),
        "spc-주방": ("spc-주방",),
    }
    assert {place.root.id for place in office.desk.places_of_root(HALL).values()} == {HALL}


def test_halls_with_movable_walls_share_a_part(office: Office) -> None:
    office.has_a_hall_of_parts()

    office.opens_space("spc-북관", parent_id=HALL, leaves=["spc-작업실", "spc-주방"])

    assert office.desk.place("spc-북관").space.parts == ("spc-작업실", "spc-주방")


@pytest.mark.parametrize(
    ("space_id", "changes", "code"),
    [
        ("spc-창고", {"parent_id": "spc-동관"}, "part_not_named"),
        ("spc-창고", {"parent_id": "spc-서재"}, "parent_is_a_leaf"),
        ("spc-창고", {"parent_id": "spc-없음"}, "no_such_parent"),
        ("spc-창고", {"leaves": ["spc-a"]}, "root_has_no_parts"),
        ("spc-창고", {"parent_id": "spc-동관", "leaves": ["spc-주방"]}, "part_not_named"),
        ("spc-창고", {"parent_id": HALL, "leaves": ["spc-동관"]}, "leaves_wrong"),
        ("spc-창고", {"parent_id": HALL, "leaves": ["spc-창고"]}, "leaves_wrong"),
        ("spc-창고", {"parent_id": HALL, "kind": "kit"}, "kit_is_its_own_root"),
        ("spc-서재", {}, "id_taken"),
    ],
)
def test_what_would_change_the_meaning_of_a_claim_is_refused(
    office: Office, space_id: str, changes: dict[str, Any], code: str
) -> None:
    office.has_a_hall_of_parts()

    with pytest.raises(Refused) as refused:
        office.opens_space(space_id, **changes)

    assert refused.value.code == code
    assert len(office.desk.facilities.get(LIBRARY).admitted) == 5


def test_a_part_of_one_hall_is_no_part_of_another(office: Office) -> None:
    office.has_a_hall_of_parts()
    office.opens_space("spc-별관")
    office.opens_space("spc-남관", parent_id=HALL, leaves=["spc-빈방"])

    with pytest.raises(Refused, match="part_of_another_root"):
        office.opens_space("spc-새관", parent_id="spc-별관", leaves=["spc-주방"])
    with pytest.raises(Refused, match="part_of_another_root"):
        office.opens_space("spc-빈방", parent_id="spc-별관")


def test_a_named_part_can_not_be_opened_as_a_root(office: Office) -> None:
    office.opens_facility()
    office.opens_space()
    office.opens_space("spc-동관", parent_id=HALL, leaves=["spc-서재"])

    with pytest.raises(Refused, match="root_has_no_parts"):
        office.opens_space("spc-서재")


def test_an_id_of_another_facility_is_taken(office: Office) -> None:
    office.opens_facility()
    office.opens_space()
    office.opens_facility("fac-별빛", name="별빛 경로당")

    with pytest.raises(Refused, match="id_taken"):
        office.opens_space(HALL, facility_id="fac-별빛")


def test_of_two_facilities_that_race_for_an_id_one_gets_it_and_the_other_is_told_every_time(office: Office) -> None:
    office.opens_facility()
    office.opens_facility("fac-별빛", name="별빛 경로당")
    rival = Office(office.database)

    def the_rival_is_first(what: str) -> None:
        if what == "database facilities.update_one":
            office.step = no_step
            rival.opens_space(facility_id="fac-별빛", act_id="rival")

    office.step = the_rival_is_first
    for _ in range(2):
        with pytest.raises(Refused, match="id_taken"):
            office.opens_space(act_id="ours")

    assert office.desk.place(HALL).facility.id == "fac-별빛"
    assert office.desk.facilities.get(LIBRARY).admitted == {}


def test_a_calendar_speaks_for_what_shares_parts_with_its_space(office: Office) -> None:
    office.has_a_hall_of_parts()

    office.desk.connect_feed("spc-동관", "fed-동관")
    office.desk.connect_feed("spc-동관", "fed-동관")
    assert feeds(office) == {
        HALL: "fed-동관",
        "spc-동관": "fed-동관",
        "spc-서재": "fed-동관",
        "spc-작업실": "fed-동관",
        "spc-주방": None,
    }

    office.desk.connect_feed(HALL, "fed-강당")
    office.desk.connect_feed("spc-서재", "fed-서재")
    assert feeds(office) == {
        HALL: "fed-강당",
        "spc-동관": "fed-동관",
        "spc-서재": "fed-서재",
        "spc-작업실": "fed-동관",
        "spc-주방": "fed-강당",
    }


def test_a_part_opened_later_has_the_calendar_of_its_hall(office: Office) -> None:
    office.opens_facility()
    office.opens_space()
    office.desk.connect_feed(HALL, "fed-강당")

    office.opens_space("spc-주방", parent_id=HALL)

    assert office.desk.place("spc-주방").space.feed_id == "fed-강당"


def feeds(office: Office) -> dict[str, str | None]:
    """Return whose calendar speaks for which space."""
    return {one: place.space.feed_id for one, place in office.desk.places_of_root(HALL).items()}


def test_a_space_with_hours_of_its_own_brings_them(office: Office) -> None:
    office.opens_facility()

    office.opens_space(weekly=[[[0, 1440]]] * 7)

    place = office.desk.place(HALL)
    assert place.hours.weekly[6] == ((0, 1440),)
    assert place.facility.hours_version == 1


def test_changing_a_space_is_told_once_and_only_when_something_changed(office: Office) -> None:
    office.opens_facility()
    office.opens_space()

    for act in ("a", "a", "b"):
        office.desk.change_space(
            OFFICER, act_id=act, space_id=HALL, before_minutes=15, equipment=["projector"], limits={"min_minutes": 60}
        )

    space = office.desk.place(HALL).space
    assert (space.before, space.equipment) == (timedelta(minutes=15), ("projector",))
    assert (space.limits.min_minutes, space.limits.max_minutes) == (60, 480)
    assert office.said().count("space.changed") == 1


@pytest.mark.parametrize(
    ("limits", "field"),
    [({"min_minutes": 0}, "limits.min_minutes"), ({"min_minutes": 60, "max_minutes": 30}, "limits.max_minutes")],
)
def test_limits_that_make_no_sense_are_refused_by_field(office: Office, limits: dict[str, int], field: str) -> None:
    office.opens_facility()

    with pytest.raises(Refused) as refused:
        office.opens_space(limits=limits)

    assert refused.value.field == field


def test_a_closed_space_stays_closed_and_its_parts_stay_open(office: Office) -> None:
    office.has_a_hall_of_parts()

    office.desk.close_space(OFFICER, act_id="a", space_id=HALL)
    office.desk.close_space(OFFICER, act_id="b", space_id=HALL)

    assert office.said().count("space.closed") == 1
    assert office.desk.place("spc-주방").state == "open"
    with pytest.raises(Refused, match="space_closed"):
        office.desk.change_space(OFFICER, act_id="c", space_id=HALL, name="대강당")


def test_only_officers_open_change_and_close_spaces(office: Office) -> None:
    office.opens_facility()
    office.opens_space()

    with pytest.raises(Refused):
        office.opens_space("spc-서재", actor=RESIDENT)
    with pytest.raises(Refused):
        office.desk.change_space(RESIDENT, act_id="a", space_id=HALL, name="내 방")
    with pytest.raises(Refused):
        office.desk.close_space(RESIDENT, act_id="a", space_id=HALL)


# A process may die between any two steps.


def steps_of_opening() -> int:
    """Return how many steps opening a space takes."""
    office = Office()
    office.opens_facility()
    steps = count()
    office.step = lambda _what: (next(steps), None)[1]
    office.opens_space()
    return next(steps)


@pytest.mark.parametrize("died_at", range(1, steps_of_opening() + 1))
@pytest.mark.parametrize("moved", [False, True])
def test_an_opening_that_died_halfway_is_finished_by_the_sweep_or_never_began(died_at: int, moved: bool) -> None:
    database = TwinDatabase("spaces")
    office = Office(database)
    office.opens_facility()
    office.step = dying_at(died_at)
    with pytest.raises(Crash):
        office.opens_space(act_id="open")

    other = Office(database)
    began = HALL in other.desk.facilities.get(LIBRARY).admitted
    if moved:
        other.desk.change_facility(OFFICER, act_id="move", facility_id=LIBRARY, lat=35.15, lon=126.8)
    other.clock.move(timedelta(minutes=1))
    while other.desk.following.sweep():
        pass

    assert (other.desk.spaces.find(HALL) is not None) == began
    assert other.desk.facilities.get(LIBRARY).due is None
    other.opens_space(act_id="open")
    assert other.said().count("space.opened") == 1
    assert other.desk.place(HALL).space.point == (Point(35.15, 126.8) if moved else Point(35.1457, 126.7937))


def test_a_sleeper_who_wakes_with_an_old_point_does_not_put_it_back() -> None:
    database = TwinDatabase("spaces")
    sleeper, other = Office(database), Office(database)
    sleeper.opens_facility()
    sleeper.opens_space()
    sleeper.desk.change_facility(OFFICER, act_id="a", facility_id=LIBRARY, lat=35.14, lon=126.79)

    def sleep_before_the_space_is_read(what: str) -> None:
        if what == "database spaces.find_one":
            sleeper.step = no_step
            other.desk.change_facility(OFFICER, act_id="b", facility_id=LIBRARY, lat=35.15, lon=126.8)
            other.desk.following.settle(LIBRARY)

    sleeper.step = sleep_before_the_space_is_read
    sleeper.desk.following.settle(LIBRARY)

    assert sleeper.step is no_step
    assert other.desk.place(HALL, fresh=True).space.point == Point(35.15, 126.8)


def test_who_settles_while_another_space_is_admitted_does_not_note_that_one_as_made() -> None:
    database = TwinDatabase("spaces")
    first, second = Office(database), Office(database)
    first.opens_facility()

    def another_is_admitted(what: str) -> None:
        if what == "database spaces.insert_one done":
            first.step = no_step
            second.step = dying_at_the_first("database spaces.insert_one")
            with pytest.raises(Crash):
                second.opens_space("spc-모임방", act_id="second")

    first.step = another_is_admitted
    first.opens_space()
    assert first.desk.spaces.find("spc-모임방") is None

    first.clock.move(timedelta(minutes=1))
    first.desk.following.sweep()

    assert first.desk.place("spc-모임방").state == "open"
    assert first.desk.facilities.get(LIBRARY).pending == {}


# Places read a moment ago.


def test_a_place_is_read_once_in_two_seconds(office: Office) -> None:
    office.opens_facility()
    office.opens_space()
    reads = count()
    office.desk.place(HALL)
    office.step = lambda _what: (next(reads), None)[1]

    for _ in range(10):
        office.desk.place(HALL)
    assert next(reads) == 0

    office.clock.move(GOOD_FOR)
    office.desk.place(HALL)
    assert next(reads) > 1


def test_what_this_process_changed_is_seen_at_once_and_the_others_change_when_asked_afresh() -> None:
    database = TwinDatabase("spaces")
    ours, theirs = Office(database), Office(database)
    ours.opens_facility()
    ours.opens_space()
    assert ours.desk.place(HALL).facility.hours_version == theirs.desk.place(HALL).facility.hours_version == 1

    ours.desk.set_hours(OFFICER, act_id="a", facility_id=LIBRARY, weekly=NINE_TO_SIX[::-1])

    assert ours.desk.place(HALL).facility.hours_version == 2
    assert theirs.desk.place(HALL).facility.hours_version == 1
    assert theirs.desk.place(HALL, fresh=True).facility.hours_version == 2


def test_the_memory_is_bounded_and_forgets_the_longest_unused() -> None:
    recent = RecentPlaces()
    for number in range(MOST_KEPT + 1):
        recent.keep(a_place(space={"id": f"spc-{number}"}), NOW)

    assert recent.find("spc-0", NOW) is None
    assert recent.find("spc-1", NOW) is not None


def test_a_clock_that_was_set_back_makes_no_place_younger() -> None:
    recent = RecentPlaces()
    recent.keep(a_place(), NOW)

    assert recent.find("spc-모임방", NOW - timedelta(seconds=1)) is None
