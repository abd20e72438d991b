"""Gathers months of pay into a batch: each is claimed by one guarded write, then the rows are sealed by another.

    owing months --> who has an account of this method? --> claim (until) --> ... --> seal: these claims are the rows

Two batches never take the same month: the second finds the claim. A crash leaves claims and a batch that still gathers;
whoever goes on (a repeat of the act, or the sweep) takes what is left, and the seal reads the claims anew. A claim that
comes after the seal, or after a cancellation, runs out (settling.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.placement.allowance.lines import DISPUTE
from services.placement.allowance.model import PayMonth
from services.placement.allowance.storage import Claim, PayMonths
from services.placement.batches.model import GATHERING, MOST_ROWS, Batch
from services.placement.batches.ports import Accounts, accounts_of
from services.placement.batches.rows import Row, Skipped
from services.placement.batches.storage import Batches
from shared.clock import Clock, kst_day

#: Months of pay claimed at once.
AT_ONCE = 200
#: How long whoever gathers is left alone, before another goes on in its place.
LEASE = timedelta(minutes=2)
#: How long a claim may wait for the batch to know of it.
CLAIM_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Gatherer:
    """Fills batches."""

    batches: Batches
    months: PayMonths
    accounts: Accounts
    clock: Clock

    def lease(self, batch_id: str) -> bool:
        """Take the gathering over if nobody is at it; return whether it was taken."""
        now = self.clock.now()

        def decide(batch: Batch) -> dict[str, Any]:
            taken = batch.state == GATHERING and batch.due is not None and batch.due <= now
            if taken:
                batch.due = now + LEASE
            return {"taken": taken}

        return bool(self.batches.act(None, batch_id, decide)["taken"])

    def give_up(self, batch_id: str) -> None:
        """Let the sweep go on at once."""
        now = self.clock.now()

        def decide(batch: Batch) -> dict[str, Any]:
            if batch.state == GATHERING:
                batch.due = now
            return {}

        self.batches.act(None, batch_id, decide)

    def gather(self, batch_id: str, *, most: int | None = None) -> bool:
        """Claim what is due and seal the rows; return False when ``most`` people were looked at and more are left."""
        batch = self.batches.get(batch_id)
        if batch.state != GATHERING:
            return True
        owing = self.months.owing(batch.programme_id, batch.month)
        room = MOST_ROWS - self.months.count_claims(batch_id)
        skipped: list[Skipped] = []
        looked_at = 0
        for start in range(0, len(owing), AT_ONCE):
            if room <= 0:
                break
            if most is not None and start >= most:
                return False
            if start:
                self._stay(batch_id)
            part = owing[start : start + AT_ONCE]
            looked_at += len(part)
            fitting, left_out = self._fitting(batch, part)
            skipped += left_out
            room -= self._claim(batch, fitting[:room])
        skipped += [
            Skipped(resident_id, pay_month_id, DISPUTE)
            for pay_month_id, resident_id in self.months.disputed(batch.programme_id, batch.month)
        ]
        self._seal(batch, skipped, more=room <= 0 and looked_at < len(owing))
        return True

    def _stay(self, batch_id: str) -> None:
        """Keep the lease while there is more to gather: two who gather the same at once only slow each other."""
        until = self.clock.now() + LEASE

        def decide(batch: Batch) -> dict[str, Any]:
            if batch.state == GATHERING:
                batch.due = until
            return {}

        self.batches.act(None, batch_id, decide)

    def _fitting(self, batch: Batch, owing: Sequence[tuple[str, str]]) -> tuple[list[str], list[Skipped]]:
        """Return the months whose resident is paid this way, and those who are paid in no way at all."""
        residents = [resident_id for _, resident_id in owing]
        known = accounts_of(self.accounts, residents, batch_id=batch.id, purpose="batch")
        fitting = [
            pay_month_id
            for pay_month_id, resident_id in owing
            if resident_id in known and known[resident_id].method == batch.method
        ]
        without = [
            Skipped(resident_id, pay_month_id, "no_account")
            for pay_month_id, resident_id in owing
            if resident_id not in known
        ]
        return fitting, without

    def _claim(self, batch: Batch, ids: Sequence[str]) -> int:
        until = self.clock.now() + CLAIM_FOR
        got: dict[str, bool] = {}

        def claim(month: PayMonth) -> None:
            month.claim_for(batch.id, batch.method, until)
            got[month.id] = month.claim is not None and month.claim.batch_id == batch.id

        self.months.change_each(ids, claim)
        return sum(got.values())

    def _seal(self, seen: Batch, skipped: Sequence[Skipped], *, more: bool) -> None:
        """Make the claims the rows. While a batch gathers no claim of it is released, so each row is backed by one."""
        claimed = sorted(self.months.claims(seen.id), key=lambda claim: claim.pay_month_id)
        rows = [row_of(claim) for claim in claimed[:MOST_ROWS]]
        now = self.clock.now()

        def decide(batch: Batch) -> dict[str, Any]:
            is_more = more or len(claimed) > MOST_ROWS
            batch.seal(rows, skipped, more=is_more, day=kst_day(now).isoformat(), now=now)
            return {}

        self.batches.act(None, seen.id, decide)


def row_of(claim: Claim) -> Row:
    """Return the row that a claim makes."""
    payment = claim.payment
    return Row(claim.resident_id, claim.pay_month_id, payment.won, payment.lines, payment.dongs)
