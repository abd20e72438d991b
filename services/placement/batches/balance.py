"""Compares what must be equal: a batch's won, its rows, the payments of its months of pay, and what the budget counted.

    batch.won = sum of rows = sum of payments        paid - returned of the batches = paid - returned of the budget

What is on its way between two steps (``settling``) is not compared. A difference is looked at twice before it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.placement.allowance.lines import CLAIMED, PAID, RETURNED
from services.placement.allowance.ports import Programmes
from services.placement.allowance.storage import PayMonths
from services.placement.batches.model import (
    CANCELLED,
    GATHERING,
    PAID_POSTING,
    RETURNED_POSTING,
    SETTLED,
    Batch,
)
from services.placement.batches.ports import BudgetBook
from services.placement.batches.rows import WENT_THROUGH
from services.placement.batches.storage import Batches
from shared.actors import Actor, must_be
from shared.clock import Clock
from shared.pages import after, checked_limit, cursor_of
from shared.telemetry import log, metrics

Difference = dict[str, Any]
#: Batches compared in one answer.
MOST_BATCHES = 20
#: Differences told of one batch.
MOST_TOLD = 20
SWEPT_AT_ONCE = 5
#: When a batch is compared again: it still moves; it is on its way; it did not agree.
NEXT_DAY, SOON, AFTER_DIFFERENCE = timedelta(days=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Balance:
    """Checks batches, months of pay and budgets against each other."""

    batches: Batches
    months: PayMonths
    budgets: BudgetBook
    programmes: Programmes
    clock: Clock

    def check(
        self, actor: Actor, *, programme_id: str, limit: int = MOST_BATCHES, cursor: str | None = None
    ) -> dict[str, Any]:
        """Compare a programme's batches, latest first, page by page, and (on the first page) its budget."""
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=programme.tenant, district=programme.district.code or "")
        checked_limit(limit, MOST_BATCHES)
        since = after(cursor, 1)
        heads = self.batches.heads_of(programme_id)
        names = [batch.id for batch in heads]
        start = 0 if since is None else names.index(since[0]) + 1 if since[0] in names else len(names)
        those = names[start : start + limit]
        settling: list[str] = []
        differences: list[Difference] = []
        for batch_id in those:
            told = self.differences(batch_id)
            if told is None:
                settling.append(batch_id)
            else:
                differences += told
        if since is None:
            differences += self.budget_differences(programme_id) or []
        following = cursor_of(those[-1]) if start + limit < len(names) else None
        return {
            "programme_id": programme_id,
            "balanced": not differences,
            "differences": differences,
            "settling": settling,
            "batches": len(names),
            "paid": sum(batch.won for batch in heads if PAID_POSTING in batch.posted),
            "returned": sum(map(_returned, heads)),
            "cursor": following,
        }

    def sweep(self) -> bool:
        """Check what moved since; return whether there may be more. A difference is an alarm."""
        waiting = self.batches.to_check(self.clock.now(), SWEPT_AT_ONCE)
        for batch_id in waiting:
            self._check_one(batch_id)
        return len(waiting) == SWEPT_AT_ONCE

    def differences(self, batch_id: str) -> list[Difference] | None:
        """Return what does not agree about a batch, named; None while it is settling."""
        found = self._differences(batch_id)
        if found:
            again = self._differences(batch_id)
            return None if again is None else [one for one in found if one in again]
        return found

    def budget_differences(self, programme_id: str) -> list[Difference] | None:
        """Return what does not agree between a programme's batches and its budget; None while something settles."""
        before = self._moved(programme_id)
        heads = self.batches.heads_of(programme_id)
        if any(batch.due is not None for batch in heads) or self._moved(programme_id) != before:
            return None
        paid = sum(batch.won for batch in heads if PAID_POSTING in batch.posted)
        returned = sum(map(_returned, heads))
        pairs = (("budget_paid", paid, before[0]), ("budget_returned", returned, before[1]))
        return [
            {"what": what, "programme_id": programme_id, "batches": ours, "budget": theirs}
            for what, ours, theirs in pairs
            if ours != theirs
        ]

    def _check_one(self, batch_id: str) -> None:
        found = self.differences(batch_id)
        batch = self.batches.get(batch_id)
        money = self.budget_differences(batch.programme_id)
        every = [*(found or ()), *(money or ())]
        metrics.PAY_UNBALANCED.labels(batch.programme_id).set(len(every))
        for one in every:
            log.error("pay_unbalanced", batch=batch_id, programme=batch.programme_id, difference=one)
        now = self.clock.now()
        self.batches.act(
            None, batch_id, lambda known: _check_again(known, now, differs=bool(every), is_settling=found is None)
        )

    def _moved(self, programme_id: str) -> tuple[int, int]:
        budget = self.budgets.find(programme_id)
        return (0, 0) if budget is None else (budget.paid, budget.returned)

    def _differences(self, batch_id: str) -> list[Difference] | None:
        payments = self.months.payments_of(batch_id)
        sent_back = self.months.sent_back_of(batch_id)
        waiting = {claim.pay_month_id for claim in self.months.claims(batch_id) if claim.until is not None}
        batch = self.batches.get(batch_id)
        if batch.due is not None or batch.state == GATHERING:
            return None
        rows = {} if batch.state == CANCELLED else {row.pay_month_id: row for row in batch.rows}
        known = {name: payment for name, payment in payments.items() if name in rows or name not in waiting}
        found: list[Difference] = list(_in_itself(batch))
        for name, row in rows.items():
            payment = known.get(name)
            if payment is None:
                found.append({"what": "payment_missing", "pay_month_id": name, "row": row.won, "payment": 0})
            elif payment.won != row.won:
                found.append({"what": "payment_differs", "pay_month_id": name, "row": row.won, "payment": payment.won})
            elif payment.state != _expected(batch, row.outcome):
                found.append({"what": "payment_state", "pay_month_id": name, "payment": payment.state})
        found += [
            {"what": "payment_without_row", "pay_month_id": name, "row": 0, "payment": payment.won}
            for name, payment in known.items()
            if name not in rows
        ]
        later = {batch.rows[seq - 1].pay_month_id: batch.rows[seq - 1].won for seq in batch.sent_back}
        found += [
            {"what": "sent_back", "pay_month_id": name, "row": later.get(name, 0), "payment": sent_back.get(name, 0)}
            for name in sorted(later.keys() | sent_back.keys())
            if later.get(name) != sent_back.get(name)
        ]
        return [{"batch_id": batch.id, **one} for one in found[:MOST_TOLD]]


def _in_itself(batch: Batch) -> Iterator[Difference]:
    rows = sum(row.won for row in batch.rows)
    if rows != batch.won:
        yield {"what": "rows", "batch": batch.won, "rows": rows}
    if any(sum(row.dongs.values()) != row.won for row in batch.rows):
        yield {"what": "dongs", "batch": batch.won}
    if batch.is_answered and batch.paid + batch.returned != batch.won:
        yield {"what": "answers", "batch": batch.won, "paid": batch.paid, "returned": batch.returned}
    came_back = sum(batch.rows[seq - 1].won for reversal in batch.reversals for seq in reversal.rows)
    if came_back != batch.reversed or came_back > batch.paid:
        yield {"what": "reversals", "rows": came_back, "batch": batch.reversed, "paid": batch.paid}


def _returned(batch: Batch) -> int:
    """Return what the budget counts that came back of a batch."""
    first = batch.returned if RETURNED_POSTING in batch.posted else 0
    return first + sum(one.won for one in batch.reversals if one.posting in batch.posted)


def _expected(batch: Batch, outcome: str | None) -> str:
    if batch.state != SETTLED:
        return CLAIMED
    return PAID if outcome == WENT_THROUGH else RETURNED


def _check_again(batch: Batch, now: datetime, *, differs: bool, is_settling: bool) -> dict[str, Any]:
    if is_settling:
        batch.check_at = now + SOON
    elif differs:
        batch.check_at = now + AFTER_DIFFERENCE
    else:
        batch.check_at = None if batch.state in (SETTLED, CANCELLED) else now + NEXT_DAY
    return {}
