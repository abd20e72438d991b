"""The door: what is asked for is loaded, and what doesn't fit is refused by field."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError

from services.spaces.facilities import schemas
from tests.services.spaces.facilities.office import LIBRARY, OFFICER, TENANT, Office


def loaded(schema: type[Schema], **asked: Any) -> dict[str, Any]:
    """Return what the door makes of it."""
    told: dict[str, Any] = schema().load({"act_id": schema.__name__, **asked}, unknown=RAISE)
    return told


def test_what_the_door_lets_in_opens_a_facility_and_a_space(office: Office) -> None:
    week = [[{"open": "22:00", "close": "26:00"}]] + [[]] * 6
    facility = loaded(
        schemas.OpenFacility,
        facility_id=LIBRARY,
        tenant=TENANT,
        district="29200",
        programme_id="gs-subscription-office",
        name="은하수 작은도서관",
        kind="작은도서관",
        address={"road_address": "광주광역시 광산구 소촌로85번길 14-9", "zip": "62428"},
        lat=35.1457,
        lon=126.7937,
        weekly=week,
        policy={"forfeit_percent": 30},
    )
    space = loaded(
        schemas.OpenSpace, facility_id=LIBRARY, space_id="spc-모임방", name="모임방", kind="회의실", weekly=None
    )

    office.desk.open_facility(OFFICER, **facility)
    office.desk.open_space(OFFICER, **space)
    office.desk.set_exceptions(
        OFFICER,
        **loaded(
            schemas.SetExceptions,
            facility_id=LIBRARY,
            exceptions=[
                {"day": "2026-12-24", "reason": "내부 공사"},
                {"day": "2026-12-31", "reason": "송년", "windows": [{"open": "09:00", "close": "12:00"}]},
            ],
        ),
    )
    office.desk.set_hours(OFFICER, **loaded(schemas.SetHours, facility_id=LIBRARY, weekly=week, space_id="spc-모임방"))
    office.desk.set_policy(OFFICER, **loaded(schemas.SetPolicy, facility_id=LIBRARY, check_in_needed=True))
    office.desk.change_facility(OFFICER, **loaded(schemas.ChangeFacility, facility_id=LIBRARY, name="은하수 도서관"))
    office.desk.change_space(OFFICER, **loaded(schemas.ChangeSpace, space_id="spc-모임방", capacity=12))

    place = office.desk.place("spc-모임방")
    assert place.hours.weekly[0] == ((1320, 1560),)
    assert place.facility.policy.check_in_needed
    assert [len(one.windows) for one in place.facility.exceptions] == [0, 1]
    assert office.reads()["weekly"] == week
    assert (place.facility.name, place.space.capacity) == ("은하수 도서관", 12)


@pytest.mark.parametrize("clock", ["9:00", "09:60", "50:00", 540, None, "24:00:00"])
def test_a_clock_time_that_is_none_is_refused(clock: Any) -> None:
    with pytest.raises(ValidationError, match="weekly"):
        loaded(
            schemas.SetHours, facility_id=LIBRARY, weekly=[[{"open": clock, "close": "18:00"}]] + [[]] * 6
        )


@pytest.mark.parametrize("space_id", ["spc:1", "spc/1", "spc 1", ""])
def test_an_id_that_would_look_like_two_is_refused(space_id: str) -> None:
    with pytest.raises(ValidationError, match="space_id"):
        loaded(schemas.OpenSpace, facility_id=LIBRARY, space_id=space_id, name="모임방", kind="회의실")
