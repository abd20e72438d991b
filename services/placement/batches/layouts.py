"""What a payout file looks like, and the file that comes back: rows of an operator's data, checked when read.

    header?   rows, one a payment   trailer?      in one encoding, with control totals
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import Refused
from shared.events.placement.pay import METHODS, RETURN_REASONS

LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
PAYOUT_FIELDS = frozenset(
    {"seq", "won", "reference", "code", "number", "holder", "memo", "count", "sum", "pay_day", "month", "batch_id"}
)
#: What a header or a trailer can say: nothing of one payment.
TOTALS = frozenset({"count", "sum", "pay_day", "month", "batch_id"})
RETURN_FIELDS = frozenset({"seq", "won", "result", "reference", "ignored"})
RETURN_TOTALS = frozenset(
    {"count", "sum", "paid_count", "paid_sum", "failed_count", "failed_sum", "batch_id", "ignored"}
)
ANY_CODE = "*"
ALL, FAILED = "all", "failed"
#: Payments a page of a payout file has at most, and its bytes: as base64 a page stays under 200 KiB.
PAGE_ROWS = 500
PAGE_BYTES = 144 * 1024


@dataclass(frozen=True)
class Column:
    """One column of a record: a field of ours, or always the same text. ``most`` in bytes."""

    name: str
    field: str | None = None
    const: str | None = None
    most: int = 200
    pad: int = 0
    digits: bool = False
    cut: bool = False


Record = tuple[Column, ...]


@dataclass(frozen=True)
class PayoutFile:
    """What we write."""

    row: Record
    header: Record = ()
    trailer: Record = ()
    titles: bool = False


@dataclass(frozen=True)
class ReturnFile:
    """What comes back. ``lists``: every payment, or only those that failed."""

    row: Record
    paid: frozenset[str]
    reasons: Mapping[str, str]
    lists: str = ALL
    header: Record = ()
    trailer: Record = ()
    titles: bool = False


@dataclass(frozen=True)
class Layout:
    """One institution's files."""

    id: str
    method: str
    name: str
    payout: PayoutFile
    returns: ReturnFile
    encoding: str = "cp949"
    line_end: str = "\r\n"
    delimiter: str = ","

    @property
    def names_batch(self) -> bool:
        """Whether a file that comes back says which batch it is about."""
        fields = {column.field for column in (*self.returns.header, *self.returns.trailer)}
        return "batch_id" in fields or "reference" in {column.field for column in self.returns.row}

    @property
    def page_rows(self) -> int:
        """Payments on one page of the payout file: as many as always fit."""
        widest = sum(2 * column.most + 3 for column in self.payout.row) + len(self.line_end)
        return max(1, min(PAGE_ROWS, PAGE_BYTES // widest))


@dataclass(frozen=True)
class Layouts:
    """All layouts an operator has entered."""

    rows: tuple[Layout, ...]

    def get(self, layout_id: str) -> Layout:
        """Return the layout; raise ``Refused``."""
        found = next((layout for layout in self.rows if layout.id == layout_id), None)
        if found is None:
            raise Refused("layout_unknown", field="layout", layout=layout_id)
        return found

    def chosen(self, method: str, layout_id: str | None) -> Layout:
        """Return the named layout, or the first of the method; raise ``Refused`` when it pays otherwise."""
        if layout_id is None:
            found = next((layout for layout in self.rows if layout.method == method), None)
            if found is None:
                raise Refused("layout_unknown", field="layout", layout=method)
            return found
        layout = self.get(layout_id)
        if layout.method != method:
            raise Refused("layout_pays_otherwise", field="layout", layout=layout_id, method=layout.method)
        return layout


def read_layouts(file: Path) -> Layouts:
    """Return the layouts in a YAML file; raise ``ValueError`` that names the layout, the place and the fix."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["layouts"]
    layouts = tuple(layout_of(row) for row in rows)
    if len({layout.id for layout in layouts}) != len(layouts):
        raise ValueError("payout layouts: an id stands there twice: give each layout its own")
    return Layouts(layouts)


def layout_of(row: Mapping[str, Any]) -> Layout:
    """Return the layout that a row describes; raise ``ValueError``."""
    name = f"payout layout {row.get('id')!r}"
    try:
        payout, returns = row["payout"], row["returns"]
        layout = Layout(
            id=str(row["id"]),
            method=str(row["method"]),
            name=str(row["name"]),
            encoding=codecs.lookup(str(row.get("encoding", "cp949"))).name,
            line_end=LINE_ENDS[str(row.get("line_end", "crlf"))],
            delimiter=str(row.get("delimiter", ",")),
            payout=PayoutFile(
                row=_record(payout["row"], PAYOUT_FIELDS),
                header=_record(payout.get("header", ()), TOTALS),
                trailer=_record(payout.get("trailer", ()), TOTALS),
                titles=bool(payout.get("titles", False)),
            ),
            returns=ReturnFile(
                row=_record(returns["row"], RETURN_FIELDS),
                header=_record(returns.get("header", ()), RETURN_TOTALS),
                trailer=_record(returns.get("trailer", ()), RETURN_TOTALS),
                titles=bool(returns.get("titles", False)),
                lists=str(returns.get("lists", ALL)),
                paid=frozenset(str(code) for code in returns.get("paid", ())),
                reasons={str(code): str(reason) for code, reason in returns["reasons"].items()},
            ),
        )
    except (KeyError, TypeError, LookupError) as error:
        raise ValueError(f"{name}: {error}: give it as the first layout has it") from error
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    _check(layout, name)
    return layout


def _record(columns: Any, known: frozenset[str]) -> Record:
    record = tuple(Column(**column) for column in columns)
    for column in record:
        if (column.field is None) == (column.const is None):
            raise ValueError(f"column {column.name!r}: give either field or const")
        if column.field is not None and column.field not in known:
            raise ValueError(f"column {column.name!r}: field {column.field!r}: give one of {sorted(known)}")
        if column.pad > column.most:
            raise ValueError(f"column {column.name!r}: pad {column.pad}: give at most {column.most}")
    return record


def _check(layout: Layout, name: str) -> None:
    pays = {column.field for column in layout.payout.row}
    answers = {column.field for column in layout.returns.row}
    if layout.method not in METHODS:
        raise ValueError(f"{name}: method {layout.method!r}: give one of {list(METHODS)}")
    if not {"seq", "won", "number"} <= pays:
        raise ValueError(f"{name}: payout rows need the fields seq, number and won")
    if "reference" in answers and any(one.field == "reference" and one.cut for one in layout.payout.row):
        raise ValueError(f"{name}: a reference that comes back is never cut in the payout file")
    if not {"seq", "won", "result"} <= answers:
        raise ValueError(f"{name}: return rows need the fields seq, won and result")
    if layout.returns.lists not in (ALL, FAILED):
        raise ValueError(f"{name}: lists {layout.returns.lists!r}: give {ALL} or {FAILED}")
    totals = {column.field for column in (*layout.returns.header, *layout.returns.trailer)}
    if layout.returns.lists == FAILED and not {"failed_count", "failed_sum"} & totals:
        # Who is not in such a file is paid: one that was cut off must not look whole.
        raise ValueError(f"{name}: lists {FAILED!r}: give failed_count or failed_sum in the header or trailer that comes back")
    if layout.returns.lists == FAILED and "batch_id" not in totals and "reference" not in answers:
        # Else another batch's file without failures would pay everybody.
        raise ValueError(f"{name}: lists {FAILED!r}: give batch_id in the header or trailer that comes back, or reference in its rows")
    if layout.returns.lists == ALL and not layout.returns.paid:
        raise ValueError(f"{name}: give the codes of payments that went through, under paid")
    wrong = [reason for reason in layout.returns.reasons.values() if reason not in RETURN_REASONS]
    if wrong:
        raise ValueError(f"{name}: reason {wrong[0]!r}: give one of {list(RETURN_REASONS)}")
    if len(layout.delimiter) != 1 or layout.delimiter in '"\r\n':
        raise ValueError(f"{name}: delimiter {layout.delimiter!r}: give one character")
    for record in (layout.returns.header, layout.returns.trailer):
        if record and record[0].const is None:
            raise ValueError(f"{name}: a header or trailer that comes back begins with a const, to be told from a row")
