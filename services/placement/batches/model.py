"""A batch: months of pay gathered, approved by another officer, filed with the bank, settled by what the bank answers.

    gathering -> prepared -> approved -> filed -> settled
        |           |  ^        |
        |           |  +--------+  a row dropped: to be approved again
        +-----------+-----------+--> cancelled

The rows are sealed by one write and only ever become fewer until the file is made. A month of pay that is claimed for a
batch which has no row of it is released (settling.py), so what counts is what stands here. What the bank sends back
after it had said paid is added to a settled batch as a reversal, by a later return file or by two officers; the first
answer stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.placement.batches.answers import Part, joined
from services.placement.batches.layouts import ALL, Layout
from services.placement.batches.rows import (
    WENT_THROUGH,
    Contradiction,
    Reading,
    Reversal,
    Row,
    Skipped,
    Word,
    check_answer,
    check_not_own,
    check_totals,
    contradictions_after,
    reference,
    sum_of,
)
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
    #: Won, as the bank answered first.
    paid: int = 0
    returned: int = 0
    #: What came back later of what was paid.
    reversals: tuple[Reversal, ...] = ()
    words: tuple[Word, ...] = ()
    #: Rows that came back, and that the file which was read last of them says are paid.
    contradictions: tuple[Contradiction, ...] = ()
    posted: tuple[str, ...] = ()
    #: When something of it waits to be brought together with months of pay or the budget.
    due: datetime | None = None
    #: When it is to be compared with months of pay and the budget again.
    check_at: datetime | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the bank's answer was taken, whole."""
        return self.answered_on is not None

    @property
    def reversed(self) -> int:
        """Won that the bank sent back after it had said paid."""
        return sum(reversal.won for reversal in self.reversals)

    @property
    def sent_back(self) -> dict[int, Reversal]:
        """The rows that came back later, by their number from 1, with the reversal of each."""
        return {seq: reversal for reversal in self.reversals for seq in reversal.rows}

    @property
    def gone(self) -> set[int]:
        """The rows that came back, at once or later, by their number from 1; only once all is answered."""
        return {seq for seq, row in enumerate(self.rows, 1) if row.outcome != WENT_THROUGH} | self.sent_back.keys()

    @property
    def unposted(self) -> bool:
        """Whether the budget has yet to count something that came back later."""
        return any(reversal.posting not in self.posted for reversal in self.reversals)

    def seal(self, rows: Sequence[Row], skipped: Sequence[Skipped], *, more: bool, day: str, now: datetime) -> None:
        """Close the gathering: these rows, and no others. Does nothing when it is closed already."""
        if self.state != GATHERING:
            return
        self.state, self.more, self.due = PREPARED, more, now
        self.skipped, self.skipped_people = tuple(skipped[:MOST_SKIPPED]), len({one.resident_id for one in skipped})
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
        check_not_own(self.rows, by)
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

    def take_part(
        self, number: int, part: Part, layout: Layout, *, last: bool, by: str, day: str, now: datetime
    ) -> int:
        """Take a part of the return file; the last one closes it. Raises ``Refused`` naming the line, changing nothing.

        Part 1 begins anew, whatever was read of an earlier file; the others are of the same officer. A file for a settled
        batch may list all rows, or some: what it says came back, and was paid, is reversed. What came back is not paid
        by a later file, which may be older than the one before: such rows change nothing; return how many they are.
        """
        self._must_be(FILED, SETTLED)
        if self.state == FILED and self.is_answered:
            raise Refused("batch_is_answered", field="batch_id")
        if self.state == SETTLED and not layout.names_batch:
            # Else another batch's file could send back, and so pay again, what was paid.
            raise Refused("return_names_no_batch", field="content", layout=layout.id)
        known = Reading(0, 0, by=by) if number == 1 else self.reading
        if known is not None and known.by != by:
            # Somebody else's file has begun since: their parts and these are never one file.
            known = None
        if known is None or number != known.parts + 1:
            raise Refused("part_out_of_order", field="part", next=1 if known is None else known.parts + 1)
        outcomes = dict(known.outcomes)
        for answer in part.answers:
            check_answer(self.id, self.rows, answer, outcomes)
            outcomes[answer.seq] = answer.reason or WENT_THROUGH
        totals = joined(known.totals, part.totals)
        self.reading = Reading(number, known.lines + part.lines, outcomes, totals, by)
        return self._close(self.reading, layout, by, day, now) if last else 0

    def return_row(self, pay_month_id: str, reason: str, by: str, day: str, now: datetime) -> bool:
        """Take an officer's word that a paid row came back; return whether it counts: another one has said the same.

        Raises ``Refused`` for a row that isn't paid (any more), and for an officer whom it pays.
        """
        self._must_be(SETTLED)
        seq = next((seq for seq, row in enumerate(self.rows, 1) if row.pay_month_id == pay_month_id), None)
        if seq is None:
            raise Refused("no_such_row", field="pay_month_id", id=pay_month_id)
        check_not_own([self.rows[seq - 1]], by)
        if seq in self.gone:
            raise Refused("row_is_not_paid", field="pay_month_id", id=pay_month_id)
        said = next((word for word in self.words if word.row == seq), None)
        if said is not None and said.reason == reason and said.by != by:
            self._reverse({seq: reason}, (said.by, by), day, now)
            return True
        if said is None or said.reason != reason:
            self.words = (*(word for word in self.words if word.row != seq), Word(seq, reason, by))
        return False

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
        return reference(self.id, seq)

    def row_of(self, pay_month_id: str) -> Row | None:
        """Return the row of a month of pay, or None."""
        return next((row for row in self.rows if row.pay_month_id == pay_month_id), None)

    def _take(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self.people = len({row.resident_id for row in rows})
        self.lines, self.won = sum(row.lines for row in rows), sum(row.won for row in rows)

    def _close(self, reading: Reading, layout: Layout, by: str, day: str, now: datetime) -> int:
        outcomes = dict(reading.outcomes)
        missing = [seq for seq in range(1, len(self.rows) + 1) if seq not in outcomes]
        if layout.returns.lists == ALL and missing and self.state == FILED:
            raise Refused("return_rows_missing", field="content", count=len(missing), row=missing[0])
        if layout.returns.lists != ALL:
            outcomes |= dict.fromkeys(missing, WENT_THROUGH)
        check_totals(self.id, self.rows, reading, outcomes)
        self.reading = None
        if self.state == SETTLED:
            came_back = {seq: outcome for seq, outcome in outcomes.items() if outcome != WENT_THROUGH}
            known = self.contradictions
            self.contradictions = contradictions_after(known, self.rows, self.gone, reading.outcomes, day)
            self._reverse(came_back, (by,), day, now)
            return len(self.gone & reading.outcomes.keys() - came_back.keys())
        self.rows = tuple(replace(row, outcome=outcomes[seq]) for seq, row in enumerate(self.rows, start=1))
        self.paid = sum(row.won for row in self.rows if row.outcome == WENT_THROUGH)
        self.returned = self.won - self.paid
        self.answered_on, self.due = day, now
        return 0

    def _reverse(self, came_back: Mapping[int, str], by: tuple[str, ...], day: str, now: datetime) -> None:
        """Add a reversal of those rows that are paid, if any, each once; raise ``Refused`` for the officer's own pay."""
        gone = self.gone
        rows = {seq: reason for seq, reason in came_back.items() if seq not in gone}
        if not rows:
            return
        check_not_own((self.rows[seq - 1] for seq in rows), by[-1])
        number, won = len(self.reversals) + 1, sum_of(self.rows, rows)
        self.reversals = (*self.reversals, Reversal(number, day, rows, won, by))
        self.words = tuple(word for word in self.words if word.row not in rows)
        self.due = now

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
