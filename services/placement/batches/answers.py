"""Reads the file that comes back, part by part. Pure; every fault names its line and column, and nothing is half done.

A part ends at the end of a line. What stands in several parts (totals, rows named twice) is checked by the batch.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.placement.batches.layouts import ANY_CODE, Layout, Record
from shared.errors import Refused

#: What spreadsheets write before UTF-8.
BOM = "\ufeff"
#: A whole number as files write it: 1234 or 1,234.
_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(,[0-9]{3})+")


@dataclass(frozen=True)
class Answer:
    """What the bank did with one payment: ``reason`` None: paid."""

    line: int
    seq: int
    won: int
    reason: str | None
    #: Our reference of the payment, where the layout has it come back.
    reference: str | None = None


@dataclass(frozen=True)
class Part:
    """One part of a return file, read. ``lines``: how many it has; ``totals`` as header and trailer tell them."""

    lines: int
    answers: tuple[Answer, ...]
    totals: Mapping[str, str] = field(default_factory=dict)


def decoded(layout: Layout, content: bytes) -> str:
    """Return the text; raise ``Refused`` when it is not in the layout's encoding."""
    if content.startswith(codecs.BOM_UTF8) and not layout.encoding.startswith("utf"):
        # Saved anew by a spreadsheet: in another encoding its mark would be read as a part of the first cell.
        raise Refused("return_not_readable", field="content", line=1, encoding=layout.encoding)
    try:
        return content.decode(layout.encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Refused("return_not_readable", field="content", line=line, encoding=layout.encoding) from error


def read_part(layout: Layout, text: str, *, after: int, first: bool, last: bool) -> Part:
    """Return what a part says; ``after``: the lines of the parts before it. Raises ``Refused``."""
    returns = layout.returns
    numbered, lines = _rows(layout, text.removeprefix(BOM) if first else text, after)
    totals: dict[str, str] = {}
    if first and returns.header:
        totals = _take(numbered, 0, returns.header, after + 1)
    if first and returns.titles:
        _take_titles(numbered, returns.row, after + 1)
    if last and returns.trailer:
        totals = joined(totals, _take(numbered, -1, returns.trailer, after + lines))
    answers = tuple(_answer(layout, line, _values(cells, returns.row, line)) for line, cells in numbered)
    return Part(lines, answers, totals)


def joined(totals: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return what both tell; raise ``Refused`` where header and trailer contradict each other."""
    for name, told in more.items():
        if totals.get(name, told) != told:
            raise Refused("return_totals_differ", field="content", column=name, told=told, must=totals[name])
    return {**totals, **more}


def _rows(layout: Layout, text: str, after: int) -> tuple[list[tuple[int, list[str]]], int]:
    """Return the records that are not empty, each with the line it begins on, and how many lines there are."""
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((after + line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Refused("return_line_malformed", field="content", line=after + line, column="") from error
    return rows, reader.line_num


def _take(numbered: list[tuple[int, list[str]]], index: int, record: Record, line: int) -> dict[str, str]:
    if not numbered:
        raise Refused("return_line_malformed", field="content", line=line, column=record[0].name)
    number, cells = numbered.pop(index)
    return _values(cells, record, number)


def _take_titles(numbered: list[tuple[int, list[str]]], record: Record, line: int) -> None:
    number, cells = numbered.pop(0) if numbered else (line, [])
    for position, column in enumerate(record):
        if position >= len(cells) or cells[position] != column.name:
            raise Refused("return_line_malformed", field="content", line=number, column=column.name)


def _values(cells: list[str], record: Record, line: int) -> dict[str, str]:
    """Return field -> text; raise ``Refused`` when the record isn't of that shape."""
    values = {}
    for position, column in enumerate(record):
        text = cells[position] if position < len(cells) else None
        if text is None or (column.const is not None and text != column.const):
            raise Refused("return_line_malformed", field="content", line=line, column=column.name)
        if column.field is not None:
            values[column.field] = text
    if any(cells[len(record) :]):
        raise Refused("return_line_malformed", field="content", line=line, column=str(len(record) + 1))
    return values


def _answer(layout: Layout, line: int, values: Mapping[str, str]) -> Answer:
    code = values["result"]
    named = {column.field: column.name for column in layout.returns.row}
    reason = None
    if code not in layout.returns.paid:
        reason = layout.returns.reasons.get(code, layout.returns.reasons.get(ANY_CODE))
        if reason is None or not code or _looks_paid(layout, code):
            raise Refused("return_code_unknown", field="content", line=line, column=named["result"], result=code)
    return Answer(
        line=line,
        seq=whole(values["seq"], line, named["seq"] or ""),
        won=whole(values["won"], line, named["won"] or ""),
        reason=reason,
        reference=values.get("reference"),
    )


def _looks_paid(layout: Layout, code: str) -> bool:
    """Whether an unknown code is one of a payment that went through but for its zeros or its case.

    A spreadsheet makes 0 of 0000: to take it for one of the codes that ``*`` stands for would pay everybody again.
    """
    if code in layout.returns.reasons:
        return False
    return _bare(code) in {_bare(paid) for paid in layout.returns.paid}


def _bare(code: str) -> str:
    return code.casefold().lstrip("0")


def whole(text: str, line: int, column: str) -> int:
    """Return the whole number in a cell (``1,234`` too); raise ``Refused``."""
    plain = text.replace(",", "")
    if not _WHOLE.fullmatch(text) or len(plain) > 15:
        raise Refused("return_line_malformed", field="content", line=line, column=column)
    return int(plain)
