"""Facilities and spaces from a file: every good row is taken, every wrong one named. Safe to repeat.

A row's ids come from its own keys (its number, or its name and address), so the same file again changes nothing, and a
corrected one changes what it corrects. A long file is taken in pieces: ``next_row`` says where the next one starts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.spaces.facilities.columns import FACILITY_FIELDS, FIELD_OF, plain_header, shown
from services.spaces.facilities.importing import NEW_FACILITY, NEW_SPACE, Parsed, parsed
from services.spaces.facilities.model import Facility, Space
from services.spaces.facilities.sheets import MOST_ROWS, Row, rows_of
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.facilities.values import plain
from shared.actors import Actor, must_be
from shared.errors import Refused
from shared.pages import checked_limit

#: Rows taken in one call, each up to a handful of writes: some seconds, well within a caller's patience.
MOST_AT_ONCE = 100
#: Faults told of one row: the rest is told once these are repaired.
MOST_FAULTS = 5
Answer = dict[str, Any]


@dataclass(frozen=True)
class Intake:
    """Takes rows through the same acts that an officer uses one by one."""

    desk: FacilityDesk

    def import_rows(
        self,
        actor: Actor,
        *,
        act_id: str,
        tenant: str,
        district: str,
        programme_id: str,
        file: str | None = None,
        rows: Sequence[Mapping[str, Any]] | None = None,
        dry_run: bool = False,
        limit: int = MOST_AT_ONCE,
        first_row: int = 0,
    ) -> Answer:
        """Take rows from ``file`` (base64 of CSV or XLSX) or ``rows`` (column -> cell); officers of the district.

        Returns ``{opened, changed, unchanged, wrong, errors: [{row, column, code, values}], next_row}``. ``row`` is the
        number in the sheet; of ``rows`` the first is 1. ``next_row`` is None at the end. A ``dry_run`` writes nothing.
        """
        must_be(actor, "officer", tenant=tenant, district=district)
        checked_limit(limit, MOST_AT_ONCE)
        given = _rows(file, rows)
        todo = [row for row in given if row.number >= first_row]
        counts = {"opened": 0, "changed": 0, "unchanged": 0, "wrong": 0}
        errors: list[Answer] = []
        about = {"tenant": tenant, "district": district, "programme_id": programme_id}
        seen = _seen_before(given, first_row, tenant)
        for row in todo[:limit]:
            faults, done = self._take(actor, act_id, row, about, seen, dry_run=dry_run)
            counts["wrong" if faults else done] += 1
            errors += [_told(row.number, fault) for fault in faults[:MOST_FAULTS]]
        further = todo[limit].number if len(todo) > limit else None
        return {**counts, "rows": len(given), "errors": errors, "next_row": further, "dry_run": dry_run}

    def _take(
        self, actor: Actor, act_id: str, row: Row, about: Answer, seen: _Seen, *, dry_run: bool
    ) -> tuple[list[Refused], str]:
        asked, faults = parsed(row, tenant=about["tenant"])
        if asked is None:
            return faults, ""
        try:
            seen.note(asked)
            done = [self._facility(actor, act_id, asked, about, dry_run=dry_run)]
            if asked.space_id is not None and asked.space is not None:
                done.append(self._space(actor, act_id, asked, asked.space_id, asked.space, seen, dry_run=dry_run))
        except Refused as refused:
            return [refused], ""
        return [], next((what for what in ("opened", "changed") if what in done), "unchanged")

    def _facility(self, actor: Actor, act_id: str, asked: Parsed, about: Answer, *, dry_run: bool) -> str:
        known = self.desk.facilities.find(asked.facility_id)
        act = f"{act_id}/{asked.row}/facility"
        if known is None:
            if not dry_run:
                told = {"facility_id": asked.facility_id, **about, **NEW_FACILITY, **asked.facility}
                self.desk.open_facility(actor, act_id=act, **told)
            return "opened"
        known.must_be_open()
        now = _as_told(known)
        told = {**asked.facility, **about, "address": {**now["address"], **asked.facility["address"]}}
        if {**now, **told} == now:
            return "unchanged"
        if not dry_run:
            weekly, holidays = told.pop("weekly", now["weekly"]), told.pop("holidays", now["holidays"])
            told.pop("tenant")
            self.desk.change_facility(actor, act_id=act, facility_id=known.id, **told)
            self.desk.set_hours(
                actor, act_id=f"{act}/hours", facility_id=known.id, weekly=weekly, holidays=holidays
            )
        return "changed"

    def _space(
        self, actor: Actor, act_id: str, asked: Parsed, space_id: str, said: Answer, seen: _Seen, *, dry_run: bool
    ) -> str:
        act = f"{act_id}/{asked.row}/space"
        known = self.desk.spaces.find(space_id)
        parent = said.get("parent_id")
        if parent is not None and parent not in seen.rows and self.desk.spaces.find(parent) is None:
            raise Refused("row_without_parent", field="상위공간")
        if known is None:
            if not dry_run:
                told = {"space_id": space_id, "facility_id": asked.facility_id, **NEW_SPACE, **said}
                self.desk.open_space(actor, act_id=act, **told)
            return "opened"
        known.must_be_open()
        now = _space_as_told(known)
        if parent is not None and parent != known.parent_id:
            raise Refused("row_moves_space", field="상위공간")
        told = {**said, "limits": {**now["limits"], **said.get("limits", {})}}
        told.pop("parent_id", None)
        if {**now, **told} == now:
            return "unchanged"
        if not dry_run:
            self.desk.change_space(actor, act_id=act, space_id=space_id, **told)
        return "changed"


class _Seen:
    """What the rows before said: a row named twice, or a facility described in two ways, is somebody's mistake."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._facilities: dict[str, Parsed] = {}

    def note(self, asked: Parsed) -> None:
        """Remember a row; raise ``Refused`` ``row_named_twice`` or ``row_facility_differs``."""
        first = self._facilities.setdefault(asked.facility_id, asked)
        known = first.facility
        column = next((one for one, value in asked.facility.items() if known.get(one, value) != value), None)
        if column is not None:
            raise Refused("row_facility_differs", field=_column(column), other=first.row)
        key = asked.space_id or asked.facility_id
        if key in self.rows:
            raise Refused("row_named_twice", field="행", other=self.rows[key])
        self.rows[key] = asked.row


def _rows(file: str | None, rows: Sequence[Mapping[str, Any]] | None) -> list[Row]:
    if (file is None) == (rows is None):
        raise Refused("file_or_rows", field="file")
    if rows is not None:
        if len(rows) > MOST_ROWS:
            raise Refused("file_has_too_many_rows", field="rows", most=MOST_ROWS)
        return _filled([Row(number, _by_field(row)) for number, row in enumerate(rows, start=1)])
    try:
        content = base64.b64decode(file or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("file_not_understood", field="file", why="not base64") from error
    return _filled(rows_of(content))


def _filled(rows: Sequence[Row]) -> list[Row]:
    """Give spaces under a merged facility cell, which is empty in every row but its first, their facility."""
    filled: list[Row] = []
    above: dict[str, str] = {}
    for row in rows:
        cells = row.cells
        if cells.get("name") or cells.get("road_address") or not cells.get("space_name"):
            above = {field: cell for field, cell in cells.items() if field in FACILITY_FIELDS}
        else:
            cells = {**cells, **{field: cell for field, cell in above.items() if not cells.get(field)}}
        filled.append(Row(row.number, cells))
    return filled


def _by_field(row: Mapping[str, Any]) -> dict[str, str]:
    named = ((FIELD_OF.get(plain_header(str(header))), cell) for header, cell in row.items())
    return {field: "" if cell is None else str(cell) for field, cell in named if field is not None}


def _column(argument: str) -> str:
    """Return the column that an argument came from, or the first of them."""
    return shown({"weekly": "weekdays", "holidays": "closed_on", "address": "road_address"}.get(argument, argument))


def _seen_before(given: Sequence[Row], first_row: int, tenant: str) -> _Seen:
    """Return what earlier pieces of the file said, so that every piece is judged like the whole."""
    seen = _Seen()
    for row in given:
        asked = parsed(row, tenant=tenant)[0] if row.number < first_row else None
        if asked is not None:
            with suppress(Refused):
                seen.note(asked)
    return seen


def _as_told(facility: Facility) -> Answer:
    """Return a facility as rows describe it."""
    address = facility.address
    return {
        "tenant": facility.tenant,
        "district": facility.district,
        "programme_id": facility.programme_id,
        "name": facility.name,
        "kind": facility.kind,
        "operator_kind": facility.operator_kind,
        "address": {
            name: getattr(address, name) for name in ("road_address", "detail", "jibun", "building_name", "zip")
        },
        "lat": facility.point.lat,
        "lon": facility.point.lon,
        "contact": facility.contact,
        "weekly": [[list(window) for window in day] for day in facility.hours.weekly],
        "holidays": facility.holidays,
    }


def _space_as_told(space: Space) -> Answer:
    """Return a space as rows describe it."""
    return {
        "name": space.name,
        "kind": space.kind,
        "capacity": space.capacity,
        "equipment": list(space.equipment),
        "accessibility": list(space.accessibility),
        "mode": space.mode,
        "before_minutes": int(space.before.total_seconds()) // 60,
        "after_minutes": int(space.after.total_seconds()) // 60,
        "limits": plain(space.limits),
        "hours_apply": space.hours_apply,
    }


def _told(number: int, fault: Refused) -> Answer:
    return {"row": number, "column": fault.field, "code": fault.code, "values": fault.values}
