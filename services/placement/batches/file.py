"""Composes a payout file, page by page, from sealed rows and accounts. Pure: the same rows and accounts, the same bytes.

Nothing is guessed: a name that the bank's encoding can't write, or a number that is too long, refuses the row by name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.placement.batches.layouts import Column, Layout, Record
from shared.errors import Refused

#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Account:
    """Where a resident is paid, as the residents service tells it; never stored here."""

    method: str
    code: str
    number: str = field(repr=False)
    holder: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Pay:
    """One row of the file. ``seq`` from 1."""

    seq: int
    resident_id: str
    won: int
    reference: str


@dataclass(frozen=True)
class Control:
    """What header and trailer say of the whole file. ``pay_day`` YYYYMMDD."""

    batch_id: str
    count: int
    sum: int
    pay_day: str
    month: str
    memo: str


def pages_of(layout: Layout, count: int) -> int:
    """Return how many pages a file of so many payments has."""
    return max(1, -(-count // layout.page_rows))


def compose(
    layout: Layout, control: Control, pays: Sequence[Pay], accounts: Mapping[str, Account], *, first: bool, last: bool
) -> bytes:
    """Return the bytes of one page; the first has the header, the last the trailer. Raises ``Refused``."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=layout.delimiter, lineterminator=layout.line_end)
    totals: dict[str, Any] = {
        "batch_id": control.batch_id,
        "count": control.count,
        "sum": control.sum,
        "pay_day": control.pay_day,
        "month": control.month,
    }
    if first and layout.payout.header:
        writer.writerow(_cells(layout, layout.payout.header, totals, 0))
    if first and layout.payout.titles:
        writer.writerow([column.name for column in layout.payout.row])
    for pay in pays:
        account = accounts[pay.resident_id]
        values = {
            **totals,
            "memo": control.memo,
            "seq": pay.seq,
            "won": pay.won,
            "reference": pay.reference,
            "code": account.code,
            "number": account.number,
            "holder": account.holder or "",
        }
        writer.writerow(_cells(layout, layout.payout.row, values, pay.seq))
    if last and layout.payout.trailer:
        writer.writerow(_cells(layout, layout.payout.trailer, totals, 0))
    return text.getvalue().encode(layout.encoding)


def _cells(layout: Layout, record: Record, values: Mapping[str, Any], seq: int) -> list[str]:
    return [_cell(layout, column, values, seq) for column in record]


def _cell(layout: Layout, column: Column, values: Mapping[str, Any], seq: int) -> str:
    if column.const is not None:
        return column.const
    text = str(values[str(column.field)])
    if column.digits:
        # Hyphens and blanks are how people write a number; anything else would make it another one.
        text = text.replace("-", "").replace(" ", "")
        if not (text.isascii() and text.isdigit()):
            raise Refused("account_unwritable", field="batch_id", row=seq, column=column.name)
    text = text.zfill(column.pad)
    try:
        size = len(text.encode(layout.encoding))
    except UnicodeEncodeError as error:
        raise Refused("account_unwritable", field="batch_id", row=seq, column=column.name) from error
    if text.startswith(_FORMULA) or any(ord(one) < ord(" ") for one in text):
        raise Refused("account_unwritable", field="batch_id", row=seq, column=column.name)
    if size > column.most and not column.cut:
        raise Refused("account_too_long", field="batch_id", row=seq, column=column.name, most=column.most)
    while len(text.encode(layout.encoding)) > column.most:
        text = text[:-1]
    return text
