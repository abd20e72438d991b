"""A file from a public office, as rows of text: CSV (UTF-8, UTF-16 or CP949, as Excel saves it) or XLSX.

Nothing in a file is carried out: of a formula only the value that was saved with it is read. Sizes are bounded before
anything is unpacked, and XML entities are refused (openpyxl reads through defusedxml).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import Any

from openpyxl import load_workbook

from services.spaces.facilities.columns import fields_of
from shared.errors import Refused

#: Bytes of a file: as base64 it has to cross the broker (shared/messaging/rpc.py).
MOST_BYTES = 150 * 1024
#: Bytes that an XLSX may unpack to, and parts it may have.
MOST_UNPACKED = 4 * 1024 * 1024
MOST_PARTS = 200
MOST_ROWS = 2000
MOST_COLUMNS = 80
#: Titles and notes that may stand above the header.
HEADER_WITHIN = 10
#: A row is the header when it names at least so many columns, the facility's name among them.
LEAST_COLUMNS = 3
#: Characters of a cell.
LONGEST_CELL = 1000

_ZIP = b"PK\x03\x04"
#: The bit by which a part of a zip says that it takes a password (APPNOTE 4.4.4).
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Row:
    """A row by its number in the sheet, counted from 1, and its cells by field."""

    number: int
    cells: dict[str, str]


def rows_of(content: bytes) -> list[Row]:
    """Return the rows under the header; raise ``Refused`` when the file can't be taken as a whole."""
    if len(content) > MOST_BYTES:
        raise Refused("file_too_large", field="file", bytes=len(content), most=MOST_BYTES)
    lines = _xlsx(content) if content.startswith(_ZIP) else _csv(content)
    numbered = enumerate(lines, start=1)
    fields: dict[int, str] = {}
    for _number, line in islice(numbered, HEADER_WITHIN):
        fields = fields_of(line)
        if len(fields) >= LEAST_COLUMNS and "name" in fields.values():
            break
    else:
        raise Refused("file_without_header", field="file", rows=HEADER_WITHIN)
    found: list[Row] = []
    for number, line in numbered:
        cells = {field: line[column].strip() for column, field in fields.items() if column < len(line)}
        if not any(cells.values()):
            continue
        if len(found) == MOST_ROWS:
            raise Refused("file_has_too_many_rows", field="file", most=MOST_ROWS)
        found.append(Row(number, cells))
    return found


def _csv(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    head = text[:4096]
    delimiter = max(",\t;", key=head.count)
    try:
        yield from (line[:MOST_COLUMNS] for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise Refused("file_not_understood", field="file", why=str(error)) from error


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("file_not_understood", field="file", why="neither UTF-8 nor CP949")


def _xlsx(content: bytes) -> Iterator[list[str]]:
    try:
        _must_be_small(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        for line in sheet.iter_rows(max_row=HEADER_WITHIN + 2 * MOST_ROWS, max_col=MOST_COLUMNS, values_only=True):
            yield [_text(cell) for cell in line]
    except Refused:
        raise
    except Exception as error:
        # What a damaged or made-up workbook makes openpyxl, zipfile, zlib and the XML parser raise is no family.
        raise Refused("file_not_understood", field="file", why=type(error).__name__) from error


def _must_be_small(content: bytes) -> None:
    """Look at the directory of a zip before unpacking: no more than it declares is ever read of a part."""
    parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise Refused("file_not_understood", field="file", why="protected by a password")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise Refused("file_too_large", field="file", bytes=unpacked, most=MOST_UNPACKED)


def _text(value: Any) -> str:
    """Return a cell as a person reads it: 8.0 is 8, and 0.375 of a day is 09:00 when Excel says that it is a time."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)
