"""Figures as a file: CSV, XLSX or JSON. Pure: what is in a file depends on the figures alone.

A file names its day (기준일) and the instant it was known at, says 자료 없음 where nothing is known and 5 미만 where a
cell is masked. Text that a spreadsheet would run as a formula is kept text (OWASP, CSV Injection): in CSV by a leading
apostrophe, in XLSX by the type of the cell.
"""

from __future__ import annotations

import csv
import io
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from services.statistics.headings import EVERY_DAY, MASKED, MEASURED, NOTES, TITLES, TOTAL, UNKNOWN, heading
from shared.clock import KST, from_iso, kst_day

FORMATS = ("csv", "xlsx", "json")
MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
#: Excel reads CSV as UTF-8 only with it.
BOM = "\ufeff"
#: What makes a spreadsheet take text for a formula, full-width forms among it.
_RUNS = tuple("=+-@\t\r\n＝＋－＠")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Value = str | int | float


@dataclass(frozen=True)
class Sheet:
    """A page of figures, ready to be written. ``answer``: what ``figures`` or ``outcomes`` returned."""

    about: str
    answer: Mapping[str, Any]
    #: Whether pages come before it: headings and notes are on the first, the total is on the last.
    continued: bool = False

    @property
    def known_at(self) -> datetime:
        """The instant at which these figures were known."""
        return from_iso(self.answer["known_at"])

    @property
    def columns(self) -> list[str]:
        """The columns, of the rows or, without any, of the total."""
        rows, total = self.answer["rows"], self.answer["total"]
        if rows:
            return list(rows[0])
        if self.about == "outcomes":
            return ["programme_id", "parent", "measure", "target", "outcome", "achieved"]
        return ["programme_id", "district", "month", *total]

    def before(self) -> list[list[Value]]:
        """The lines above the figures."""
        if self.continued:
            return []
        return [
            [TITLES[self.about]],
            # Without a day also what is to come is counted: rooms that are booked, targets that begin later.
            ["기준일", self.answer["through"] or EVERY_DAY],
            ["자료 시점", _minute(self.known_at)],
            *([note] for note in dict.fromkeys((NOTES.get(self.about, NOTES[""]), NOTES[""]))),
            [heading(self.about, name) for name in self.columns],
        ]

    def lines(self) -> list[list[Value]]:
        """A line a row, then the totals."""
        lines = [[_shown(self.about, name, row) for name in self.columns] for row in self.answer["rows"]]
        if self.answer["cursor"] is None:
            lines += [self._total(one) for one in self._totals()]
        return lines

    def _totals(self) -> list[Mapping[str, Any]]:
        total = self.answer["total"]
        if self.about != "outcomes":
            return [total]
        return [{"measure": measure, **found} for measure, found in total.items() if set(found.values()) != {None}]

    def _total(self, total: Mapping[str, Any]) -> list[Value]:
        return [
            TOTAL if number == 0 else _shown(self.about, name, total) if name in total else ""
            for number, name in enumerate(self.columns)
        ]


def _minute(instant: datetime) -> str:
    """Return what people in Seoul read on a clock; JSON has the whole instant, with which it can be asked for again."""
    return f"{instant.astimezone(KST):%Y-%m-%d %H:%M} (KST)"


def _shown(about: str, name: str, row: Mapping[str, Any]) -> Value:
    value = row[name]
    if name == "masked":
        return "가림" if value else ""
    if name == "measure":
        return MEASURED[value]
    if name in ("district", "parent", "plan_id", "call_id"):
        return value or ""
    if value is None:
        return MASKED if about == "groups" else UNKNOWN
    shown: Value = value
    return shown


def written(sheet: Sheet, form: str) -> str:
    """Return the file as text: CSV with its BOM, JSON, or XLSX in base64."""
    if form == "csv":
        return _csv(sheet)
    if form == "json":
        return _json(sheet)
    return b64encode(_xlsx(sheet)).decode()


def _csv(sheet: Sheet) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in (*sheet.before(), *sheet.lines()):
        writer.writerow([_harmless(value) for value in line])
    return ("" if sheet.continued else BOM) + out.getvalue()


def _harmless(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    text = _UNSEEN.sub("", value)
    return f"'{text}" if text.lstrip(" ").startswith(_RUNS) else text


def _json(sheet: Sheet) -> str:
    answer = sheet.answer
    names = {name: heading(sheet.about, name) for name in sheet.columns}
    note = NOTES.get(sheet.about, NOTES[""])
    return orjson.dumps({"title": TITLES[sheet.about], "note": note, "headings": names, **answer}).decode()


def _xlsx(sheet: Sheet) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet(TITLES[sheet.about])
    before = sheet.before() or [[heading(sheet.about, name) for name in sheet.columns]]
    for number, line in enumerate((*before, *sheet.lines())):
        page.append([_cell(page, value, bold=number in (0, len(before) - 1)) for value in line])
    book.properties.created = sheet.known_at.replace(tzinfo=None)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(page: Any, value: Value, *, bold: bool) -> Any:
    cell = WriteOnlyCell(page, value=_UNSEEN.sub("", value) if isinstance(value, str) else value)
    if isinstance(value, str):
        # openpyxl takes what begins with "=" for a formula.
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def name_of(sheet: Sheet, form: str, asked: Sequence[str | None], *, as_known: bool = False) -> str:
    """Return a name for the file, without what a file system or a header minds.

    ``as_known``: an earlier instant was asked for, and the name has its KST day, too.
    """
    known = kst_day(sheet.known_at).isoformat()
    days = [sheet.answer["through"], f"known-{known}"] if as_known else [sheet.answer["through"] or known]
    parts = [one for one in (sheet.about, *asked, *days) if one]
    return re.sub(r"[^\w.-]+", "-", "_".join(parts)) + f".{form}"
