"""What codes of 시·군·구 named, by the day: history keeps its names, and a row without a name shows the one it had."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.placement.programmes.districts import Districts, Named
from services.placement.programmes.files import read_districts
from services.placement.programmes.model import District
from tests.services.placement.programmes.city import DATA, NOBODY, NOW, TENANT, City, a_city, a_row, the_rows

#: A code that has another name from 1 December 2026 on.
RENAMED = """
districts:
  - {code: '29200', municipality: 광주광역시, name: 광산구, valid_to: 2026-12-01}
  - {code: '29200', municipality: 전남광주통합특별시, name: 새광산구, valid_from: 2026-12-01}
"""
BEFORE, AFTER = date(2026, 11, 30), date(2026, 12, 1)


@pytest.fixture
def renamed(tmp_path: Path) -> City:
    """A city whose only district has another name from December on; its programmes don't name it."""
    file = tmp_path / "districts.yaml"
    file.write_text(RENAMED, encoding="utf-8")
    made = a_city(districts=file)
    made.load(
        a_row(id="umbrella", kind="umbrella", district=None, district_code=None),
        a_row(district=None, parent="umbrella"),
        a_row(id="dalbit", district="옛 광산", parent="umbrella"),
    )
    return made


def names(city: City, **asked: Any) -> dict[str, str | None]:
    """Return code -> name of the district, as programmes are listed."""
    told = city.programmes.listed(NOBODY, tenant=TENANT, **asked)["programmes"]
    return {row["code"]: row["district"]["name"] for row in told}


def test_a_programme_whose_row_does_not_name_its_district_shows_the_name_of_the_day_asked_for(renamed: City) -> None:
    assert names(renamed) == {"byeolbit": "광산구", "dalbit": "옛 광산", "umbrella": None}
    assert names(renamed, on=str(BEFORE))["byeolbit"] == "광산구"
    assert names(renamed, on=str(AFTER))["byeolbit"] == "새광산구"

    renamed.clock.at = NOW + timedelta(days=30)
    assert names(renamed)["byeolbit"] == "새광산구"
    assert renamed.read("byeolbit")["district"]["municipality"] == "전남광주통합특별시"


def test_what_a_source_called_a_district_stays_whatever_the_day(renamed: City) -> None:
    renamed.clock.at = NOW + timedelta(days=30)

    assert renamed.read("dalbit")["district"]["name"] == "옛 광산"
    assert names(renamed, on=str(AFTER))["dalbit"] == "옛 광산"


def test_a_dashboard_names_districts_as_of_its_day(renamed: City) -> None:
    def shown(**asked: Any) -> set[str]:
        told = renamed.report("umbrella", **asked)
        assert {row["district"] for row in told["no_figure"]} == {
            row["district"]["name"] for row in told["itemised"]["rows"]
        }
        return {row["district"]["name"] for row in told["itemised"]["rows"]}

    assert shown() == shown(as_of=BEFORE) == {"광산구", "옛 광산"}
    assert shown(as_of=AFTER) == {"새광산구", "옛 광산"}


@pytest.mark.parametrize("row", the_rows(), ids=lambda row: row["id"])
def test_the_table_gives_every_shipped_district_the_name_that_its_source_gave(row: dict[str, Any]) -> None:
    table = read_districts(DATA / "districts.yaml")
    if row["district_code"] is None:
        return

    found = table.of(row["district_code"], date(row["year"] or 2020, 12, 31))

    assert found is not None
    assert (found.name, found.municipality) == (row["district"], row["municipality"])


def test_no_row_loses_its_name_of_2019_in_2026(city: City) -> None:
    # Nobody's row names the district; the code ended on 2026-07-01.
    city.load(a_row(district=None, district_code="28260"))

    assert city.read("byeolbit")["district"] == {
        "code": "28260",
        "name": "서구",
        "municipality": "인천광역시",
        "valid_from": None,
        "valid_to": date(2026, 7, 1),
    }


def test_the_shipped_table_has_the_districts_of_three_cities_once_each() -> None:
    rows = yaml.safe_load((DATA / "districts.yaml").read_text(encoding="utf-8"))["districts"]
    cities = {"서울특별시": 25, "인천광역시": 11, "광주광역시": 5}

    assert {city: sum(row["municipality"] == city for row in rows) for city in cities} == cities
    assert len({row["code"] for row in rows}) == len(rows) == sum(cities.values())
    prefixes = {"서울특별시": "11", "인천광역시": "28", "광주광역시": "29"}
    assert all(row["code"].startswith(prefixes[row["municipality"]]) for row in rows)
    # A day that changes something is not taken for confirmed.
    assert all(row.get("checked") is False for row in rows if "valid_from" in row or "valid_to" in row)


def test_a_code_named_nothing_before_its_time_and_after_it_has_its_first_and_its_last_name() -> None:
    first = Named("남구", "인천광역시", date(1995, 3, 1), date(2018, 7, 1))
    second = Named("미추홀구", "인천광역시", date(2018, 7, 1), date(2030, 1, 1))
    table = Districts({"28170": (first, second)})

    assert [table.of("28170", date(year, 7, 1)) for year in (1990, 2017, 2018, 2040)] == [first, first, second, second]
    assert table.valid("28170") == (date(1995, 3, 1), date(2030, 1, 1))
    assert (table.of(None, BEFORE), table.of("29200", BEFORE)) == (None, None)
    assert table.valid(None) == table.valid("29200") == (None, None)
    unknown = District("29200", None, None)
    assert table.named(unknown, BEFORE) is unknown
