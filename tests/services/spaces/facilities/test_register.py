"""What everybody reads: pages, words of an address, hours, GeoJSON."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import orjson
import pytest

from shared.actors import ANYONE
from shared.errors import Refused
from tests.services.spaces.facilities.office import (
    HALL,
    LIBRARY,
    OFFICER,
    TENANT,
    Office,
)


def found(office: Office, text: str) -> list[str]:
    """Return the names of the facilities that a search finds."""
    told = office.register.find_by_address(ANYONE, tenant=TENANT, text=text)
    return [one["name"] for one in told["facilities"]]


@pytest.mark.parametrize(
    "text",
    [
        "소촌로85번길",
        "소촌로 85번길 14-9",
        "광산구 소촌로",
        "소촌동 543-1",
        "소촌아트",
        "소촌아트팩토리",
        "은하수",
        "  소촌동,543 ",
    ],
)
def test_a_facility_is_found_by_road_by_lot_and_by_building(office: Office, text: str) -> None:
    office.opens_facility()
    office.opens_facility(
        "fac-별빛", name="별빛 경로당", address={"road_address": "광주광역시 광산구 사암로 340"}, lat=35.2
    )

    assert found(office, text) == ["은하수 작은도서관"]


def test_all_words_must_fit_and_nothing_is_found_by_no_words(office: Office) -> None:
    office.opens_facility()

    assert found(office, "소촌로 99") == []
    assert found(office, " , ") == []


def test_a_facility_that_moved_is_found_at_its_new_address_only(office: Office) -> None:
    office.opens_facility()

    office.desk.change_facility(
        OFFICER, act_id="a", facility_id=LIBRARY, address={"road_address": "광주광역시 광산구 사암로 340"}
    )

    assert found(office, "사암로 340") == ["은하수 작은도서관"]
    assert found(office, "소촌로85번길") == []


def test_a_closed_facility_and_one_of_another_tenant_are_not_found(office: Office) -> None:
    office.opens_facility()

    assert office.register.find_by_address(ANYONE, tenant="bukgu", text="은하수") == {"facilities": []}
    office.desk.close_facility(OFFICER, act_id="a", facility_id=LIBRARY)
    assert found(office, "은하수") == []


def test_lists_are_told_page_by_page_and_everything_once(office: Office) -> None:
    office.opens_facility()
    for number in range(7):
        office.opens_space(f"spc-{number}", name=f"모임방 {number}")
        if number % 3 == 0:
            office.clock.move(timedelta(seconds=1))
    office.opens_space("spc-키트", kind="kit")

    told, cursor = [], None
    while True:
        page = office.register.spaces(ANYONE, tenant=TENANT, limit=3, cursor=cursor)
        told += [one["space_id"] for one in page["spaces"]]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert len(told) == len(set(told)) == 8
    kits = office.register.spaces(ANYONE, tenant=TENANT, facility_id=LIBRARY, kind="kit")
    assert [one["space_id"] for one in kits["spaces"]] == ["spc-키트"]
    assert len(office.register.facilities(ANYONE, tenant=TENANT)["facilities"]) == 1
    with pytest.raises(Refused, match="bad_cursor"):
        office.register.spaces(ANYONE, tenant=TENANT, cursor="x")


def test_the_hours_of_days_name_the_holidays(office: Office) -> None:
    office.opens_facility(weekly=[[[540, 1080]]] * 7)
    office.opens_space()

    told = office.register.hours(ANYONE, space_id=HALL, first=date(2026, 12, 24), last=date(2026, 12, 25))

    assert told["open"] == [{"start": "2026-12-24T00:00:00.000Z", "end": "2026-12-24T09:00:00.000Z"}]
    assert told["holidays"] == {"2026-12-25": "성탄절"}


@pytest.mark.parametrize("day", [date.min, date.max, date(2028, 2, 1)])
def test_hours_of_a_day_that_nobody_can_book_are_refused_by_their_field(office: Office, day: date) -> None:
    office.opens_facility()
    office.opens_space()
    with pytest.raises(Refused, match=r"out_of_range \(first\)"):
        office.register.hours(ANYONE, space_id=HALL, first=day, last=day)


@pytest.mark.parametrize("last", [date(2026, 11, 30), date(2027, 3, 1)])
def test_hours_are_told_of_two_months_at_most(office: Office, last: date) -> None:
    with pytest.raises(Refused, match="out_of_range"):
        office.register.hours(ANYONE, space_id=HALL, first=date(2026, 12, 1), last=last)


def test_a_map_has_the_open_spaces_longitude_first(office: Office) -> None:
    office.opens_facility()
    office.opens_space(equipment=["projector"], accessibility=["ramp"], mode="approval")
    office.opens_space("spc-닫힌방")
    office.desk.close_space(OFFICER, act_id="a", space_id="spc-닫힌방")

    told = geojson(office)

    assert told["type"] == "FeatureCollection"
    assert told["features"] == [
        {
            "type": "Feature",
            "id": HALL,
            "geometry": {"type": "Point", "coordinates": [126.7937, 35.1457]},
            "properties": {
                "space_id": HALL,
                "facility_id": LIBRARY,
                "facility": "은하수 작은도서관",
                "name": "강당",
                "kind": "강당",
                "capacity": 60,
                "equipment": ["projector"],
                "accessibility": ["ramp"],
                "mode": "approval",
                "address": "광주광역시 광산구 소촌로85번길 14-9",
                "district": "29200",
            },
        }
    ]


def test_a_map_comes_in_pages(office: Office) -> None:
    office.opens_facility()
    for number in range(5):
        office.opens_space(f"spc-{number}")

    first = geojson(office, limit=3)
    second = geojson(office, limit=3, cursor=first["cursor"])

    assert len(first["features"]) == 3
    assert {one["id"] for one in first["features"] + second["features"]} == {f"spc-{number}" for number in range(5)}
    assert second["cursor"] is None


def geojson(office: Office, **asked: Any) -> dict[str, Any]:
    """Return a page of the map as it crosses the door."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(office.register.geojson(ANYONE, tenant=TENANT, **asked)))
    return told
