"""Public holidays and the operator's table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.spaces.facilities.holidays import HolidayTable, read_holidays
from shared.config import Settings
from tests.services.spaces.facilities.office import a_day


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-01-01", "1월 1일"),
        ("2026-12-25", "성탄절"),
        ("2026-05-01", "노동절"),
        ("2026-07-17", "제헌절"),
        ("2026-03-02", "삼일절 대체공휴일"),
        ("2026-08-17", "광복절 대체공휴일"),
        ("2026-10-05", "개천절 대체공휴일"),
        ("2026-06-03", "지방선거일"),
        ("2027-12-27", "성탄절 대체공휴일"),
    ],
)
def test_holidays_are_called_what_people_call_them(day: str, name: str) -> None:
    assert HolidayTable().name(a_day(day)) == name


def test_a_weekday_is_no_holiday_and_memorial_day_has_no_substitute() -> None:
    assert a_day("2026-12-01") not in HolidayTable()
    assert a_day("2026-06-08") not in HolidayTable()


def test_the_operator_adds_a_temporary_holiday() -> None:
    table = HolidayTable({a_day("2026-11-30"): "임시공휴일"})

    assert a_day("2026-11-30") in table
    assert table.name(a_day("2026-11-30")) == "임시공휴일"


def test_the_shipped_table_can_be_read() -> None:
    assert a_day("2025-01-27") in read_holidays(Settings.data_dir / "holidays.yaml")


@pytest.mark.parametrize("row", ["{name: 임시공휴일, source: 관보}", "{day: 내일, name: 임시공휴일, source: 관보}"])
def test_a_wrong_row_is_named(tmp_path: Path, row: str) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text(f"holidays:\n  - {{day: 2026-11-30, name: 임시공휴일, source: 관보}}\n  - {row}\n", encoding="utf-8")

    with pytest.raises(ValueError, match="row 2"):
        read_holidays(file)


def test_an_empty_table_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text("holidays:\n", encoding="utf-8")

    assert date(2026, 12, 1) not in read_holidays(file)
