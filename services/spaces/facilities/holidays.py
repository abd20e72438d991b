"""Public holidays in Korea (공휴일): those of the law and their substitutes, and the operator's table of temporary ones.

The law's days come from the ``holidays`` package, which knows 2026's new 노동절 and 제헌절 and all 대체공휴일 from 0.109 on.
The days the government names shortly before (임시공휴일) are data: ``deploy/data/holidays.yaml``, a source each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from holidays import country_holidays

#: The package's words, and those that people here know.
KNOWN_AS = {"신정연휴": "1월 1일", "기독탄신일": "성탄절"}
SUBSTITUTE, KNOWN_AS_SUBSTITUTE = " 대체 휴일", " 대체공휴일"


@dataclass(frozen=True)
class HolidayTable:
    """``day in table``, and what the day is called. Years are worked out when first asked for."""

    temporary: Mapping[date, str] = field(default_factory=dict)
    _years: dict[int, dict[date, str]] = field(default_factory=dict, repr=False, compare=False)

    def __contains__(self, day: object) -> bool:
        """Return whether it is a public holiday."""
        return isinstance(day, date) and self.name(day) is not None

    def name(self, day: date) -> str | None:
        """Return the name people know, such as ``성탄절``, or None for any other day."""
        return self.temporary.get(day) or self._year(day.year).get(day)

    def _year(self, year: int) -> dict[date, str]:
        if year not in self._years:
            found = country_holidays("KR", years=year, language="ko")
            self._years[year] = {day: _known_as(str(name)) for day, name in found.items()}
        return self._years[year]


def _known_as(name: str) -> str:
    for ours, theirs in (*KNOWN_AS.items(), (SUBSTITUTE, KNOWN_AS_SUBSTITUTE)):
        name = name.replace(ours, theirs)
    return name


def read_holidays(file: Path) -> HolidayTable:
    """Return the table with the operator's rows; raise ``ValueError`` that names the row and the fix."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["holidays"] or []
    return HolidayTable(dict(_row(number, row) for number, row in enumerate(rows, start=1)))


def _row(number: int, row: dict[str, Any]) -> tuple[date, str]:
    try:
        day, name, _source = row["day"], str(row["name"]), str(row["source"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"holidays row {number}: {error}: give day, name and source") from error
    if type(day) is not date:
        raise ValueError(f"holidays row {number}: day {day!r}: give it as YYYY-MM-DD")
    return day, name
