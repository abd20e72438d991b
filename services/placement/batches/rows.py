"""Rows of a batch, what the bank said of each, and what it sent back later. Pure values, and what a return file must meet.

    Row.outcome     what the bank answered first: it never changes
    Reversal        rows that it sent back after it had said paid: added beside, each row at most once
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.placement.batches.answers import Answer, whole
from shared.errors import Refused

#: What a row says once the bank paid it; otherwise the reason.
WENT_THROUGH = "paid"


@dataclass(frozen=True)
class Row:
    """One payment: what is paid for which month of pay. ``dongs`` add up to ``won``."""

    resident_id: str
    pay_month_id: str
    won: int
    lines: int
    dongs: Mapping[str, int]
    #: ``WENT_THROUGH``, or why the bank sent it back; None until all is answered.
    outcome: str | None = None


@dataclass(frozen=True)
class Skipped:
    """A month of pay that was left out, or a part of it, and why: ``no_account``, or ``dispute`` (those shifts only)."""

    resident_id: str
    pay_month_id: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """The parts of the return file that were read so far: nothing of it counts before the last one agrees."""

    parts: int
    lines: int
    #: Row of the batch (from 1) -> ``WENT_THROUGH`` or the reason.
    outcomes: Mapping[int, str] = field(default_factory=dict)
    totals: Mapping[str, str] = field(default_factory=dict)
    #: Whose parts they are.
    by: str = ""


@dataclass(frozen=True)
class Reversal:
    """Rows that came back after they were paid, as one file or two officers told it; ``number`` from 1."""

    number: int
    #: KST, YYYY-MM-DD.
    day: str
    #: Row of the batch (from 1) -> the reason.
    rows: Mapping[int, str]
    won: int
    #: Who told it: one officer with the bank's file, two without.
    by: tuple[str, ...]

    @property
    def posting(self) -> str:
        """What the budget's counting of it is called."""
        return f"returned:{self.number}"


@dataclass(frozen=True)
class Word:
    """What one officer says of a row that was paid: it counts when another says the same."""

    row: int
    reason: str
    by: str


@dataclass(frozen=True)
class Contradiction:
    """A row that came back, and that a file read on ``day`` (KST) says is paid: an older file, or the bank is wrong."""

    row: int
    pay_month_id: str
    day: str


def contradictions_after(
    known: Sequence[Contradiction], rows: Sequence[Row], gone: Collection[int], told: Mapping[int, str], day: str
) -> tuple[Contradiction, ...]:
    """Return what stands after a file has told ``told`` of rows of which ``gone`` came back; what it confirms stands no more."""
    kept = tuple(one for one in known if one.row not in told)
    new = sorted(seq for seq in gone if told.get(seq) == WENT_THROUGH)
    return (*kept, *(Contradiction(seq, rows[seq - 1].pay_month_id, day) for seq in new))


def reference(batch_id: str, seq: int) -> str:
    """Return what a payment is called in the payout file; ``seq`` from 1."""
    return f"{batch_id}-{seq:05d}"


def sum_of(rows: Sequence[Row], seqs: Collection[int]) -> int:
    """Return the won of these rows, numbered from 1."""
    return sum(rows[seq - 1].won for seq in seqs)


def check_not_own(rows: Iterable[Row], by: str) -> None:
    """Raise ``Refused`` for an officer whom one of the rows pays."""
    if any(row.resident_id == by for row in rows):
        raise Refused("own_pay", field="token")


def check_answer(batch_id: str, rows: Sequence[Row], answer: Answer, outcomes: Collection[int]) -> None:
    """Raise ``Refused`` for an answer that is about no row, or one in ``outcomes``, another batch, or other won."""
    if not 1 <= answer.seq <= len(rows):
        raise Refused("return_row_unknown", field="content", line=answer.line, row=answer.seq)
    if answer.seq in outcomes:
        raise Refused("return_row_doubled", field="content", line=answer.line, row=answer.seq)
    if answer.reference is not None and answer.reference != reference(batch_id, answer.seq):
        raise Refused(
            "return_of_another_batch", field="content", line=answer.line, told=answer.reference, batch_id=batch_id
        )
    row = rows[answer.seq - 1]
    if answer.won != row.won:
        raise Refused(
            "return_won_differs", field="content", line=answer.line, row=answer.seq, told=answer.won, won=row.won
        )


def check_totals(batch_id: str, rows: Sequence[Row], reading: Reading, outcomes: Mapping[int, str]) -> None:
    """Raise ``Refused`` when header or trailer tell something else than the outcomes do."""
    paid = [seq for seq, outcome in outcomes.items() if outcome == WENT_THROUGH]
    every, went_through = sum_of(rows, outcomes), sum_of(rows, paid)
    must: dict[str, int] = {
        "count": len(outcomes),
        "sum": every,
        "paid_count": len(paid),
        "paid_sum": went_through,
        "failed_count": len(outcomes) - len(paid),
        "failed_sum": every - went_through,
    }
    for name, told in reading.totals.items():
        if name == "batch_id" and told != batch_id:
            raise Refused("return_of_another_batch", field="content", told=told, batch_id=batch_id)
        if name in must and whole(told, reading.lines, name) != must[name]:
            raise Refused("return_totals_differ", field="content", column=name, told=told, must=must[name])
