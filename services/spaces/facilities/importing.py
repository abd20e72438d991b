"""Rows of a facility's own list, as facilities and spaces to open, or as errors that name row, column and fix. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.spaces.facilities.columns import CODES, DAYS, KIT_WORDS, MODES, OPERATORS, shown
from services.spaces.facilities.model import APPROVAL, ENDS, KIT, Hours
from services.spaces.facilities.sheets import LONGEST_CELL, Row
from services.spaces.facilities.values import DAY, LONGEST, Window
from shared.errors import Refused
from shared.ids import content_hash

#: Characters by field; what isn't here may have 120.
LONGEST_TEXT = {"road_address": 300, "jibun": 300, "detail": 200, "kind": 60, "space_kind": 60}
#: Of Korea, islands included: a point outside was typed wrongly, or in another order.
KOREA = {"lat": (33.0, 39.0), "lon": (124.0, 132.0)}
#: Codes of one space.
MOST_CODES = 40
#: Minutes to set up or to clean.
LONGEST_BUFFER = 240

_SPAN = re.compile(r"^(\d{1,2})(?:[:시]?(\d{2})분?|시)?\s*[~\-–∼]\s*(?:익일\s*)?(\d{1,2})(?:[:시]?(\d{2})분?|시)?$")
_CLOCK = re.compile(r"^(\d{1,2})(?:[:시]\s?(\d{2})(?::\d{2}|분)?|시)?$")
_ALWAYS = frozenset({"24시간", "24시", "상시", "종일", "연중무휴"})
_CLOSED = frozenset({"휴관", "휴무", "닫음", "없음", "-", "x"})
_LIST = re.compile(r"[,/·;\n+]+")
#: A cell that a spreadsheet would carry out when somebody opens what we export.
_FORMULA = ("=", "@", "\t", "\r")


#: What a facility and a space are where the list says nothing.
NEW_FACILITY: Mapping[str, Any] = {
    "kind": "공공시설",
    "weekly": [[[9 * 60, 18 * 60]]] * 5 + [[]] * 2,
    "holidays": "closed",
}
NEW_SPACE: Mapping[str, Any] = {"kind": "회의실", "mode": APPROVAL, "parent_id": None}


@dataclass(frozen=True)
class Parsed:
    """What a row says, and nothing that it doesn't: arguments of ``open_facility``, of ``open_space`` if it names one."""

    row: int
    facility_id: str
    facility: dict[str, Any]
    space_id: str | None = None
    space: dict[str, Any] | None = None


def parsed(row: Row, *, tenant: str) -> tuple[Parsed | None, list[Refused]]:
    """Return what the row asks for, or everything that is wrong with it."""
    reader = _Reader(row.cells)
    facility = _facility(reader)
    named = [facility.get("name", ""), facility["address"].get("road_address", "")]
    facility_id = _id("fac", tenant, reader.text("facility_number") or named)
    space_id, space = None, None
    space_name = reader.text("space_name")
    if space_name:
        space = _space(reader, facility_id, space_name)
        space_id = space_id_of(facility_id, reader.text("space_number") or space_name)
    if reader.faults:
        return None, reader.faults
    return Parsed(row.number, facility_id, facility, space_id, space), []


def space_id_of(facility_id: str, key: str) -> str:
    """Return the stable id of a space: by its own number, or its name in its facility."""
    return _id("spc", facility_id, key)


def _id(prefix: str, *key: Any) -> str:
    normal = [_normal(one) if isinstance(one, str) else [_normal(text) for text in one] for one in key]
    return f"{prefix}-{content_hash(normal)[:20]}"


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


class _Reader:
    """One row's cells; what is wrong is gathered, and a harmless value goes on in its place."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells
        self.faults: list[Refused] = []

    def wrong(self, code: str, field: str, **values: Any) -> None:
        """Note a fault of a field's cell."""
        self.faults.append(Refused(code, field=shown(field), **values))

    def text(self, field: str, *, needed: bool = False) -> str:
        """Return a cell's text, "" when it is empty or can't be taken."""
        value = self._cells.get(field, "").strip()
        most = LONGEST_TEXT.get(field, LONGEST_CELL if field in ("equipment", "accessibility", "closed_on") else 120)
        if needed and not value:
            self.faults.append(Refused("row_value_missing", field=shown(field)))
        if value.startswith(_FORMULA) or any(ord(one) < 32 and one != "\n" for one in value):
            self.faults.append(Refused("row_formula", field=shown(field)))
            return ""
        if len(value) > most:
            self.faults.append(Refused("row_text_too_long", field=shown(field), most=most))
            return ""
        return value

    def number(self, field: str, low: float, high: float, *, needed: bool = False) -> float | None:
        """Return the number in a cell, or None when it is empty."""
        text = self.text(field, needed=needed)
        plain = re.sub(r"\s*(명|인|분|석|개)$", "", text).replace(",", "")
        if not plain:
            return None
        try:
            value = float(plain)
        except ValueError:
            self.wrong("row_not_a_number", field, value=text[:60])
            return low
        if not low <= value <= high:
            self.wrong("row_out_of_range", field, value=text[:60], low=low, high=high)
            return low
        return value

    def one_of(self, field: str, words: Mapping[str, str]) -> str:
        """Return what a word in a cell stands for, or "" when it is empty."""
        text = self.text(field)
        known = words.get(_normal(text), "")
        if text and not known:
            values = ", ".join(word for word in words if not word.isascii())
            self.wrong("row_not_one_of", field, value=text[:60], values=values)
        return known

    def codes(self, field: str) -> list[str]:
        """Return the codes of the words in a cell."""
        words = [one.strip() for one in _LIST.split(self.text(field))]
        named = [CODES.get(_normal(one), CODES.get(_normal(one).upper(), one)) for one in words if one]
        if len(named) > MOST_CODES or any(len(one) > 60 for one in named):
            self.faults.append(Refused("row_text_too_long", field=shown(field), most=60))
            return []
        return list(dict.fromkeys(named))

    def windows(self, field: str) -> list[Window] | None:
        """Return the windows in a cell, or None when it is empty."""
        text = self.text(field)
        if not text:
            return None
        if _normal(text) in _ALWAYS:
            return [(0, DAY)]
        if _normal(text) in _CLOSED:
            return []
        found = [_window(one.strip()) for one in re.split(r"[,/\n]+", text) if one.strip()]
        windows = [one for one in found if one is not None]
        if len(windows) < len(found):
            self.faults.append(Refused("row_hours_wrong", field=shown(field), value=text[:60]))
        return windows

    def between(self, opens: str, closes: str) -> list[Window] | None:
        """Return the window between two cells, or None when both are empty."""
        first, last = self.text(opens), self.text(closes)
        if not first and not last:
            return None
        start, end = _minutes(first), _minutes(last)
        if start is None or end is None or start >= DAY:
            field, value = (opens, first) if start is None or start >= DAY else (closes, last)
            self.faults.append(Refused("row_hours_wrong", field=shown(field), value=value[:60]))
            return []
        # 00:00 to 00:00 is how lists say that they don't open.
        return [] if start == end == 0 else [(start, end if end > start else end + DAY)]


def _facility(reader: _Reader) -> dict[str, Any]:
    address = {
        "road_address": reader.text("road_address", needed=True),
        **{name: reader.text(name) for name in ("detail", "jibun", "building_name", "zip")},
    }
    if address["zip"] and not re.fullmatch(r"\d{5}", address["zip"]):
        reader.wrong("row_out_of_range", "zip", value=address["zip"][:60], low="00000", high="99999")
    said: dict[str, Any] = {
        "name": reader.text("name", needed=True),
        "kind": reader.text("kind"),
        "operator_kind": reader.one_of("operator_kind", OPERATORS),
        "address": {name: value for name, value in address.items() if value},
        "contact": reader.text("contact"),
        **_hours(reader),
    }
    point = {"lat": reader.number("lat", *KOREA["lat"], needed=True), "lon": reader.number("lon", *KOREA["lon"], needed=True)}
    return {name: value for name, value in said.items() if value or name == "address"} | point


def _hours(reader: _Reader) -> dict[str, Any]:
    """Return the week and what holds on holidays, where the row says so; the most particular column counts."""
    weekdays = reader.windows("weekdays")
    if weekdays is None:
        weekdays = reader.between("weekdays_open", "weekdays_close")
    weekend = reader.windows("weekend")
    if weekend is None:
        weekend = reader.between("weekend_open", "weekend_close")
    single = [reader.windows(f"day_{number}") for number in range(7)]
    closed = reader.text("closed_on")
    told: dict[str, Any] = {}
    if "무휴" in closed or "공휴일" in closed:
        told["holidays"] = "open" if "무휴" in closed else "closed"
    if weekdays is None and weekend is None and all(day is None for day in single):
        return told
    usual = [weekdays or []] * 5 + [weekend or []] * 2
    weekly = [usual[number] if day is None else day for number, day in enumerate(single)]
    for number, name in enumerate(DAYS):
        if re.search(rf"(?:^|[\s,/·]|매주\s*){name}(?:요일|[\s,/·]|$)", closed):
            weekly[number] = []
    try:
        Hours(tuple(tuple(day) for day in weekly))
    except Refused as refused:
        name = DAYS[int(str(refused.field).rpartition(".")[2])]
        reader.faults.append(Refused("row_hours_wrong", field=f"{name}요일", value=""))
    return {**told, "weekly": [[list(window) for window in day] for day in weekly]}


def _space(reader: _Reader, facility_id: str, name: str) -> dict[str, Any]:
    kind = reader.text("space_kind")
    is_kit = _normal(kind) in KIT_WORDS
    parent = reader.text("parent")
    limits = {
        "min_minutes": reader.number("min_minutes", 1, LONGEST),
        "max_minutes": reader.number("max_minutes", 1, LONGEST),
        "step_minutes": reader.number("step_minutes", 1, DAY),
    }
    said = {
        "name": name,
        "kind": KIT if is_kit else kind or None,
        "parent_id": space_id_of(facility_id, parent) if parent else None,
        "capacity": reader.number("capacity", 0, 100_000),
        "equipment": reader.codes("equipment") or None,
        "accessibility": reader.codes("accessibility") or None,
        "mode": reader.one_of("mode", MODES) or None,
        "before_minutes": reader.number("before_minutes", 0, LONGEST_BUFFER),
        "after_minutes": reader.number("after_minutes", 0, LONGEST_BUFFER),
        "limits": {one: int(value) for one, value in limits.items() if value is not None} or None,
        "hours_apply": ENDS if is_kit else None,
    }
    return {one: int(value) if isinstance(value, float) else value for one, value in said.items() if value is not None}


def _window(text: str) -> Window | None:
    found = _SPAN.match(text)
    if found is None:
        return None
    start = int(found[1]) * 60 + int(found[2] or 0)
    end = int(found[3]) * 60 + int(found[4] or 0)
    if start >= DAY or end > 2 * DAY or int(found[2] or 0) > 59 or int(found[4] or 0) > 59:
        return None
    return start, end if end > start else end + DAY


def _minutes(text: str) -> int | None:
    found = _CLOCK.match(text)
    if found is None or int(found[1]) > 48 or int(found[2] or 0) > 59:
        return None
    return int(found[1]) * 60 + int(found[2] or 0)
