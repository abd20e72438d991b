"""Facilities: the register, hours, exceptions, policy, and closing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.spaces.facilities.model import Region
from services.spaces.facilities.regions import TwinRegions, from_boundaries
from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused
from shared.geo import Point
from tests.services.spaces.facilities.office import (
    HALL,
    HOST,
    LIBRARY,
    NINE_TO_SIX,
    OFFICER,
    OTHER_HOST,
    RESIDENT,
    TENANT,
    Office,
    a_day,
)

CLOSED_DAY = {"day": a_day("2026-12-24"), "windows": [], "reason": "내부 공사"}


def test_a_facility_is_in_the_register_with_the_names_of_its_point(office: Office) -> None:
    office.opens_facility()

    told = office.reads()

    assert told["name"] == "은하수 작은도서관"
    assert told["address"]["dong"] == "소촌동"
    assert told["weekly"][0] == [{"open": "09:00", "close": "18:00"}]
    assert "managers" not in told
    assert office.said() == ["facility.opened"]


def test_the_boundaries_know_a_point_in_the_district_and_none_at_sea() -> None:
    assert from_boundaries(Point(35.1457, 126.7937)) == Region("광주광역시", "광산구", "소촌동")
    assert from_boundaries(Point(35.0, 130.5)) is None


def test_a_point_that_nobody_knows_leaves_the_names_empty_and_keeps_the_officers_district() -> None:
    office = Office(regions=TwinRegions(None))

    office.opens_facility()

    assert (office.reads()["address"]["sigungu"], office.reads()["district"]) == ("", "29200")


def test_opening_twice_by_the_same_act_is_once(office: Office) -> None:
    first = office.opens_facility(act_id="once")
    office.clock.move(timedelta(minutes=3))

    assert office.opens_facility(act_id="once") == first
    assert office.said() == ["facility.opened"]


@pytest.mark.parametrize(
    "actor",
    [
        *(ANYONE, RESIDENT, HOST),
        Actor("o", frozenset({"officer"}), "other"),
        Actor("o", frozenset({"officer"}), TENANT, frozenset({"29170"})),
    ],
)
def test_only_an_officer_of_the_district_opens_a_facility(office: Office, actor: Actor) -> None:
    with pytest.raises(Refused):
        office.opens_facility(actor=actor)


def test_a_host_keeps_the_hours_of_their_own_facility_and_of_no_other(office: Office) -> None:
    office.opens_facility()

    office.desk.set_exceptions(HOST, act_id="a", facility_id=LIBRARY, exceptions=[CLOSED_DAY])

    with pytest.raises(Refused) as refused:
        office.desk.set_hours(OTHER_HOST, act_id="b", facility_id=LIBRARY, weekly=NINE_TO_SIX)
    assert refused.value.code == "not_your_facility"
    with pytest.raises(Refused):
        office.desk.set_policy(HOST, act_id="c", facility_id=LIBRARY, forfeit_percent=0)


def test_every_change_of_hours_raises_the_version_and_says_so(office: Office) -> None:
    office.opens_facility()
    office.opens_space()
    later: Any = [[[600, 1080]]] * 7

    office.desk.set_hours(OFFICER, act_id="a", facility_id=LIBRARY, weekly=later)
    office.desk.set_hours(OFFICER, act_id="b", facility_id=LIBRARY, weekly=later)
    office.desk.set_hours(OFFICER, act_id="c", facility_id=LIBRARY, weekly=later, holidays="open")
    office.desk.set_hours(OFFICER, act_id="d", facility_id=LIBRARY, weekly=NINE_TO_SIX, space_id=HALL)
    office.desk.set_hours(OFFICER, act_id="e", facility_id=LIBRARY, weekly=None, space_id=HALL)

    assert office.reads()["hours_version"] == 5
    assert office.said().count("hours.changed") == 4
    assert office.desk.place(HALL).space.hours is None


def test_exceptions_of_the_past_are_forgotten_and_do_not_count_as_a_change(office: Office) -> None:
    office.opens_facility()
    yesterday = {"day": a_day("2026-11-30"), "windows": [], "reason": "지난 일"}

    office.desk.set_exceptions(OFFICER, act_id="a", facility_id=LIBRARY, exceptions=[yesterday])
    assert office.reads()["hours_version"] == 1
    assert office.reads()["exceptions"] == []

    office.desk.set_exceptions(OFFICER, act_id="b", facility_id=LIBRARY, exceptions=[CLOSED_DAY, yesterday])
    assert [one["day"] for one in office.reads()["exceptions"]] == ["2026-12-24"]
    assert office.reads()["hours_version"] == 2


def test_a_day_named_twice_is_refused(office: Office) -> None:
    office.opens_facility()

    with pytest.raises(Refused) as refused:
        office.desk.set_exceptions(OFFICER, act_id="a", facility_id=LIBRARY, exceptions=[CLOSED_DAY, CLOSED_DAY])

    assert (refused.value.code, refused.value.values["day"]) == ("exception_named_twice", "2026-12-24")


def test_a_policy_keeps_what_is_not_named(office: Office) -> None:
    office.opens_facility(policy={"conflict": "ask"})

    office.desk.set_policy(OFFICER, act_id="a", facility_id=LIBRARY, forfeit_percent=100)

    policy = office.reads()["policy"]
    assert (policy["conflict"], policy["forfeit_percent"], policy["free_until"]) == ("ask", 100, 60)


@pytest.mark.parametrize(
    ("policy", "field"),
    [({"forfeit_percent": 101}, "policy.forfeit_percent"), ({"stale": "maybe"}, "policy.stale")],
)
def test_a_policy_that_makes_no_sense_is_refused_by_field(
    office: Office, policy: dict[str, Any], field: str
) -> None:
    office.opens_facility()

    with pytest.raises(Refused) as refused:
        office.desk.set_policy(OFFICER, act_id="a", facility_id=LIBRARY, **policy)

    assert refused.value.field == field


def test_a_facility_that_moves_takes_its_spaces_along(office: Office) -> None:
    office.opens_facility()
    office.opens_space()

    office.desk.change_facility(OFFICER, act_id="a", facility_id=LIBRARY, lat=35.15, lon=126.8)
    office.desk.following.sweep()

    assert office.desk.place(HALL).space.point == Point(35.15, 126.8)
    assert sorted(office.said())[:2] == ["facility.changed", "facility.opened"]
    assert office.said().count("space.changed") == 1
    assert office.desk.facilities.get(LIBRARY).due is None


def test_a_change_of_what_nobody_is_told_says_nothing(office: Office) -> None:
    office.opens_facility()

    office.desk.change_facility(OFFICER, act_id="a", facility_id=LIBRARY, contact="062-000-0000")

    assert office.said() == ["facility.opened"]
    assert office.reads()["contact"] == "062-000-0000"


def test_an_officer_may_not_move_a_facility_into_a_district_of_others(office: Office) -> None:
    office.opens_facility()
    officer = Actor("o", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    with pytest.raises(Refused, match="other_district"):
        office.desk.change_facility(officer, act_id="a", facility_id=LIBRARY, district="29170")


def test_a_closed_facility_closes_its_spaces_and_changes_no_more(office: Office) -> None:
    office.has_a_hall_of_parts()

    office.desk.close_facility(OFFICER, act_id="a", facility_id=LIBRARY)

    assert office.said().count("space.closed") == 5
    assert office.desk.place(HALL).state == "closed"
    with pytest.raises(Refused, match="facility_closed"):
        office.opens_space("spc-새방")
    with pytest.raises(Refused, match="facility_closed"):
        office.desk.set_hours(OFFICER, act_id="b", facility_id=LIBRARY, weekly=NINE_TO_SIX)


def test_what_is_not_there_is_called_by_its_name(office: Office) -> None:
    with pytest.raises(NotFound, match="no_such_facility"):
        office.reads("fac-별빛")
    with pytest.raises(NotFound, match="no_such_space"):
        office.desk.place("spc-별빛")
