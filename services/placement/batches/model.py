"""A batch: months of pay gathered, approved by another officer, filed with the bank, settled by what the bank answers.

    gathering -> prepared -> approved -> filed -> settled
        |           |  ^        |
        |           |  +--------+  a row dropped: to be approved again
        +-----------+-----------+--> cancelled

The rows are sealed by one write and only ever become fewer until the file is made. A month of pay that is claimed for a
batch which has no row of it is released (settling.py), so what counts is what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.placement.batches.answers import Answer, Part, whole
from services.placement.batches.layouts import ALL, Layout
from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events.placement import pay as events

GATHERING, PREPARED, APPROVED, FILED, SETTLED, CANCELLED = (
    "gathering",
    "prepared",
    "approved",
    "filed",
    "settled",
    "cancelled",
)
#: States in which nothing has left the house.
BEFORE_FILING = (GATHERING, PREPARED, APPROVED)
#: Rows of one batch: its document stays far under what the database holds.
MOST_ROWS = 5_000
#: People who were left out and are named; more are only counted.
MOST_SKIPPED = 500
#: Postings to the budget.
PAID_POSTING, RETURNED_POSTING = "paid", "returned"
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
    """A month of pay that was left out, and why."""

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


@dataclass(kw_only=True)
class Batch(Aggregate):
    """One batch of one programme, for one KST month and what is still due of earlier ones."""

    programme_id: str
    district: str
    month: str
    method: str
    layout_id: str
    preparer: str
    created_at: datetime
    state: str = GATHERING
    #: Who dropped rows: they may not approve.
    changers: tuple[str, ...] = ()
    approver: str | None = None
    rows: tuple[Row, ...] = ()
    people: int = 0
    lines: int = 0
    won: int = 0
    skipped: tuple[Skipped, ...] = ()
    skipped_people: int = 0
    #: Whether more people are due than one batch takes.
    more: bool = False
    #: KST days, YYYY-MM-DD.
    approved_on: str | None = None
    filed_on: str | None = None
    answered_on: str | None = None
    file_hash: str | None = None
    page_hashes: tuple[str, ...] = ()
    reading: Reading | None = None
    paid: int = 0
    returned: int = 0
    posted: tuple[str, ...] = ()
    #: When something of it waits to be brought together with months of pay or the budget.
    due: datetime | None = None
    #: When it is to be compared with months of pay and the budget again.
    check_at: datetime | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the bank's answer was taken, whole."""
        return self.answered_on is not None

    def seal(self, rows: Sequence[Row], skipped: Sequence[Skipped], *, more: bool, day: str, now: datetime) -> None:
        """Close the gathering: these rows, and no others. Does nothing when it is closed already."""
        if self.state != GATHERING:
            return
        self.state, self.more, self.due = PREPARED, more, now
        self.skipped, self.skipped_people = tuple(skipped[:MOST_SKIPPED]), len(skipped)
        self._take(rows)
        self.say(events.BATCH_PREPARED.fact(**self._summed(day)))

    def drop(self, pay_month_id: str, by: str, now: datetime) -> None:
        """Take a row out; an approval is void then."""
        self._must_be(PREPARED, APPROVED)
        kept = tuple(row for row in self.rows if row.pay_month_id != pay_month_id)
        if len(kept) == len(self.rows):
            raise Refused("no_such_row", field="pay_month_id", id=pay_month_id)
        self.state, self.approver, self.approved_on, self.due = PREPARED, None, None, now
        self.changers = tuple(dict.fromkeys((*self.changers, by)))
        self._take(kept)

    def approve(self, by: str, day: str) -> None:
        """Approve it; raise ``Refused`` for whoever prepared or changed it (four eyes), or is paid by it."""
        self._must_be(PREPARED)
        if not self.rows:
            raise Refused("batch_is_empty", field="batch_id")
        if by == self.preparer or by in self.changers:
            raise Refused("four_eyes_needed", field="token")
        if any(row.resident_id == by for row in self.rows):
            raise Refused("own_pay", field="token")
        self.state, self.approver, self.approved_on = APPROVED, by, day
        self.say(events.BATCH_APPROVED.fact(**self._summed(day)))

    def cancel(self, day: str, now: datetime) -> None:
        """Call it off before the file is made; what it claimed is due again."""
        self._must_be(*BEFORE_FILING)
        self.state, self.due = CANCELLED, now
        self.say(events.BATCH_CANCELLED.fact(**self._summed(day)))

    def mark_filed(self, file_hash: str, page_hashes: Sequence[str], day: str, now: datetime) -> None:
        """Know that this very file was given to the bank."""
        if self.state == FILED and self.file_hash == file_hash:
            return
        self._must_be(APPROVED)
        self.state, self.file_hash, self.page_hashes = FILED, file_hash, tuple(page_hashes)
        self.filed_on, self.due = day, now
        self.say(events.BATCH_FILED.fact(**self._summed(day), file_hash=file_hash))

    def take_part(self, number: int, part: Part, layout: Layout, *, last: bool, day: str, now: datetime) -> None:
        """Take a part of the return file; the last one closes it. Raises ``Refused`` naming the line, changing nothing.

        Part 1 begins anew, whatever was read of an earlier file.
        """
        self._must_be(FILED)
        if self.is_answered:
            raise Refused("batch_is_answered", field="batch_id")
        known = Reading(0, 0) if number == 1 else self.reading
        if known is None or number != known.parts + 1:
            raise Refused("part_out_of_order", field="part", next=1 if known is None else known.parts + 1)
        outcomes = dict(known.outcomes)
        for answer in part.answers:
            self._check_answer(answer, outcomes)
            outcomes[answer.seq] = answer.reason or WENT_THROUGH
        totals = {**known.totals, **part.totals}
        self.reading = Reading(number, known.lines + part.lines, outcomes, totals)
        if last:
            self._close(self.reading, layout, day, now)

    def note_posted(self, what: str) -> None:
        """Know that the budget has counted it."""
        if what not in self.posted:
            self.posted = (*self.posted, what)

    def settle(self) -> None:
        """Every month of pay knows the bank's answer."""
        if self.state != FILED or self.answered_on is None:
            return
        self.state = SETTLED
        self.say(
            events.BATCH_SETTLED.fact(
                **self._named(), paid=self.paid, returned=self.returned, day=self.answered_on
            )
        )

    def outcome(self, row: Row) -> str | None:
        """Return the reason for which a row came back, None when it was paid; only once all is answered."""
        if row.outcome is None:
            raise ValueError(f"{self.id}: {row.pay_month_id} is not answered")
        return None if row.outcome == WENT_THROUGH else row.outcome

    def reference(self, seq: int) -> str:
        """Return what a payment is called in the payout file; ``seq`` from 1."""
        return f"{self.id}-{seq:05d}"

    def row_of(self, pay_month_id: str) -> Row | None:
        """Return the row of a month of pay, or None."""
        return next((row for row in self.rows if row.pay_month_id == pay_month_id), None)

    def _take(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self.people = len({row.resident_id for row in rows})
        self.lines, self.won = sum(row.lines for row in rows), sum(row.won for row in rows)

    def _check_answer(self, answer: Answer, outcomes: Mapping[int, str]) -> None:
        if not 1 <= answer.seq <= len(self.rows):
            raise Refused("return_row_unknown", field="content", line=answer.line, row=answer.seq)
        if answer.seq in outcomes:
            raise Refused("return_row_doubled", field="content", line=answer.line, row=answer.seq)
        if answer.reference is not None and answer.reference != self.reference(answer.seq):
            raise Refused(
                "return_of_another_batch", field="content", line=answer.line, told=answer.reference, batch_id=self.id
            )
        row = self.rows[answer.seq - 1]
        if answer.won != row.won:
            raise Refused(
                "return_won_differs", field="content", line=answer.line, row=answer.seq, told=answer.won, won=row.won
            )

    def _close(self, reading: Reading, layout: Layout, day: str, now: datetime) -> None:
        outcomes = dict(reading.outcomes)
        missing = [seq for seq in range(1, len(self.rows) + 1) if seq not in outcomes]
        if layout.returns.lists == ALL and missing:
            raise Refused("return_rows_missing", field="content", count=len(missing), row=missing[0])
        outcomes |= dict.fromkeys(missing, WENT_THROUGH)
        self._check_totals(reading, outcomes)
        self.rows = tuple(replace(row, outcome=outcomes[seq]) for seq, row in enumerate(self.rows, start=1))
        self.paid = sum(row.won for row in self.rows if row.outcome == WENT_THROUGH)
        self.returned = self.won - self.paid
        self.reading, self.answered_on, self.due = None, day, now

    def _check_totals(self, reading: Reading, outcomes: Mapping[int, str]) -> None:
        paid = [seq for seq, outcome in outcomes.items() if outcome == WENT_THROUGH]
        sums = {"paid": self._sum(paid), "all": self.won}
        must: dict[str, int] = {
            "count": len(outcomes),
            "sum": sums["all"],
            "paid_count": len(paid),
            "paid_sum": sums["paid"],
            "failed_count": len(outcomes) - len(paid),
            "failed_sum": sums["all"] - sums["paid"],
        }
        for name, told in reading.totals.items():
            if name == "batch_id" and told != self.id:
                raise Refused("return_of_another_batch", field="content", told=told, batch_id=self.id)
            if name in must and whole(told, reading.lines, name) != must[name]:
                raise Refused("return_totals_differ", field="content", column=name, told=told, must=must[name])

    def _sum(self, seqs: Sequence[int]) -> int:
        return sum(self.rows[seq - 1].won for seq in seqs)

    def _must_be(self, *states: str) -> None:
        if self.state not in states:
            raise Refused("batch_is_not_so_far", field="batch_id", state=self.state, needs=list(states))

    def _named(self) -> dict[str, str]:
        return {
            "batch_id": self.id,
            "programme_id": self.programme_id,
            "district": self.district,
            "month": self.month,
            "method": self.method,
        }

    def _summed(self, day: str) -> dict[str, str | int]:
        return {**self._named(), "people": self.people, "lines": self.lines, "won": self.won, "day": day}
