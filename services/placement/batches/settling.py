"""Brings a batch, its months of pay and the budget together, one guarded step at a time; anybody may do it at any time.

    sealed     claims with a row are confirmed, the others released
    dropped, cancelled   claims without a row are released: the won is due again
    filed      the budget counts what was paid, once
    answered   each month of pay notes paid or returned, once; then the batch is settled, the budget counts what came back
    reversed   each month of pay notes that its payment came back after all, once; then the budget counts it

Releasing is always safe, because rows never become more. Confirming is not: a claim may be confirmed only if it is as it
was before the batch was read, or a late claim for a batch that was cancelled meanwhile would stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.placement.allowance.model import PayMonth
from services.placement.allowance.ports import BudgetPosts
from services.placement.allowance.storage import PayMonths
from services.placement.batches.gathering import CLAIM_FOR, Gatherer
from services.placement.batches.model import (
    APPROVED,
    CANCELLED,
    FILED,
    GATHERING,
    PAID_POSTING,
    PREPARED,
    RETURNED_POSTING,
    SETTLED,
    Batch,
)
from services.placement.batches.rows import WENT_THROUGH, Reversal, Row
from services.placement.batches.storage import Batches
from services.placement.budgets.model import Posting
from shared.clock import Clock
from shared.errors import Conflict, Unavailable
from shared.telemetry import log

#: Batches moved on, and overdue claims looked at, in one sweep.
SWEPT_AT_ONCE = 20
CLAIMS_AT_ONCE = 200
#: Batches up to so many people are moved on within the caller's own request.
SMALL = 200
#: Looks at a batch's claims before the next sweep goes on.
MOST_LOOKS = 5


@dataclass(frozen=True)
class Settler:
    """Moves batches on."""

    batches: Batches
    months: PayMonths
    gatherer: Gatherer
    budget: BudgetPosts
    clock: Clock

    def sweep(self) -> bool:
        """Move on what waits; return whether there may be more. Raises ``Unavailable``, ``Conflict`` once all were tried."""
        waiting = self.batches.overdue(self.clock.now(), SWEPT_AT_ONCE)
        away: Unavailable | Conflict | None = None
        for batch_id in waiting:
            try:
                self.move_on(batch_id)
            except (Unavailable, Conflict) as error:
                # One that waits for somebody who is away holds up no other.
                away = error
        if away is not None:
            raise away
        return len(waiting) == SWEPT_AT_ONCE

    def sweep_claims(self) -> bool:
        """Deal with claims that ran out before their batch knew of them; return whether there may be more."""
        overdue = self.months.with_overdue_claims(self.clock.now(), CLAIMS_AT_ONCE)
        claimers = {month.claim.batch_id: month for month in overdue if month.claim is not None}
        for batch_id in claimers:
            state = self.batches.state_of(batch_id)
            if state == GATHERING:
                self._extend(month.id for month in overdue if month.claim and month.claim.batch_id == batch_id)
            else:
                self._bring_claims(batch_id)
        return len(overdue) == CLAIMS_AT_ONCE

    def try_to_move_on(self, batch_id: str, people: int) -> None:
        """Move a small batch on within the caller's request; where something is away, the sweep does it."""
        if people <= SMALL:
            with suppress(Unavailable, Conflict):
                self.move_on(batch_id)

    def move_on(self, batch_id: str) -> None:
        """Take every step that can be taken now."""
        batch = self.batches.get(batch_id)
        if batch.state == GATHERING:
            if not self.gatherer.lease(batch_id):
                return
            self.gatherer.gather(batch_id)
        clean = self._bring_claims(batch_id)
        if clean is None:
            return
        self._pay(batch_id)
        self._rest(batch_id, clean)

    def _bring_claims(self, batch_id: str) -> Batch | None:
        """Confirm and release until nothing is left to do; return the batch as it was then, None when it isn't over."""
        for _ in range(MOST_LOOKS):
            claims = self.months.claims(batch_id)
            batch = self.batches.find(batch_id)
            if batch is not None and batch.state == GATHERING:
                return None
            rows = {row.pay_month_id for row in batch.rows} if batch and batch.state != CANCELLED else set()
            stray = [claim.pay_month_id for claim in claims if claim.pay_month_id not in rows]
            known = [claim for claim in claims if claim.pay_month_id in rows and claim.until is not None]
            confirmed = self.months.confirm(known)
            if not stray and confirmed == len(known):
                return batch
            self.months.change_each(stray, lambda month: month.release_claim(batch_id))
        return None

    def _extend(self, ids: Iterable[str]) -> None:
        until = self.clock.now() + CLAIM_FOR

        def extend(month: PayMonth) -> None:
            if month.claim is not None and month.claim_due is not None:
                month.claim_due = until

        self.months.change_each(ids, extend)

    def _pay(self, batch_id: str) -> None:
        batch = self.batches.get(batch_id)
        if batch.state not in (FILED, SETTLED):
            return
        self._post(batch, PAID_POSTING, str(batch.filed_on), batch.rows)
        if not batch.is_answered:
            return
        if batch.state == FILED and self._note_answers(batch):
            self.batches.act(None, batch_id, _settle)
            batch = self.batches.get(batch_id)
        if batch.state == SETTLED:
            came_back = [row for row in batch.rows if row.outcome != WENT_THROUGH]
            self._post(batch, RETURNED_POSTING, str(batch.answered_on), came_back)
            for reversal in batch.reversals:
                self._reverse(batch, reversal)

    def _note_answers(self, batch: Batch) -> bool:
        """Let each month of pay note the bank's answer; return whether all have."""
        rows = {row.pay_month_id: row for row in batch.rows}
        day = str(batch.answered_on)

        def note(month: PayMonth) -> None:
            month.note_answer(batch.id, batch.outcome(rows[month.id]), day)

        claimed = {one.pay_month_id for one in self.months.claims(batch.id)} & rows.keys()
        self.months.change_each(sorted(claimed), note)
        # What was claimed just now is noted; of the others, an earlier try has noted it, or something is wrong.
        known = claimed if len(claimed) == len(rows) else self.months.payments_of(batch.id).keys()
        missing = [name for name in rows if name not in known]
        if missing:
            log.error("payment_without_claim", batch=batch.id, count=len(missing))
        return not missing and not self.months.claims(batch.id, most=1)

    def _reverse(self, batch: Batch, reversal: Reversal) -> None:
        """Let each month of pay note what came back later, and the budget count it."""
        rows = {batch.rows[seq - 1].pay_month_id: batch.rows[seq - 1] for seq in reversal.rows}
        reasons = {batch.rows[seq - 1].pay_month_id: reason for seq, reason in reversal.rows.items()}

        def note(month: PayMonth) -> None:
            month.note_sent_back(batch.id, reasons[month.id], reversal.day)

        if reversal.posting not in batch.posted:
            self.months.change_each(sorted(rows), note)
        self._post(batch, reversal.posting, reversal.day, list(rows.values()))

    def _post(self, batch: Batch, what: str, day: str, rows: Sequence[Row]) -> None:
        """Let the budget count it once; also what is noted: who noted it may have died before the budget forgot it."""

        def note() -> None:
            self.batches.act(None, batch.id, lambda known: _note_posted(known, what))

        won = sum(row.won for row in rows)
        if not won:
            note()
            return
        is_paid = what == PAID_POSTING
        posting = Posting(
            id=f"{batch.id}:{what}",
            batch_id=batch.id,
            programme_id=batch.programme_id,
            tenant=batch.tenant,
            district=batch.district,
            paid=won if is_paid else 0,
            returned=0 if is_paid else won,
            dongs={dong: (part, 0) if is_paid else (0, part) for dong, part in _by_dong(rows).items()},
            day=day,
        )
        self.budget.post(posting, noted=lambda: what in self.batches.get(batch.id).posted, note=note)

    def _rest(self, batch_id: str, clean: Batch) -> None:
        """Wait for nothing more, if nothing but our own steps happened since the claims were clean."""
        now = self.clock.now()
        rows = {row.pay_month_id for row in clean.rows}

        def decide(batch: Batch) -> dict[str, Any]:
            same = {row.pay_month_id for row in batch.rows} == rows and (batch.state == CANCELLED) == (
                clean.state == CANCELLED
            )
            if same and _is_quiet(batch):
                batch.due, batch.check_at = None, now
            return {}

        self.batches.act(None, batch_id, decide)


def _is_quiet(batch: Batch) -> bool:
    if batch.state in (PREPARED, APPROVED, CANCELLED):
        return True
    if batch.state == FILED:
        return PAID_POSTING in batch.posted and not batch.is_answered
    return batch.state == SETTLED and RETURNED_POSTING in batch.posted and not batch.unposted


def _settle(batch: Batch) -> dict[str, Any]:
    batch.settle()
    return {}


def _note_posted(batch: Batch, what: str) -> dict[str, Any]:
    batch.note_posted(what)
    return {}


def _by_dong(rows: Sequence[Row]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        for dong, won in row.dongs.items():
            sums[dong] = sums.get(dong, 0) + won
    return sums
