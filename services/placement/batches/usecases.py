"""What officers do with batches: prepare, approve with other eyes, drop a row, cancel, and look."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.placement.allowance.ports import Programme, Programmes
from services.placement.allowance.storage import PayMonths
from services.placement.batches.gathering import LEASE, Gatherer
from services.placement.batches.layouts import Layouts
from services.placement.batches.model import FILED, MOST_ROWS, Batch
from services.placement.batches.settling import Settler
from services.placement.batches.shown import doubts_shown, rows_shown, shown
from services.placement.batches.storage import Batches
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, iso, kst_day, kst_month
from shared.errors import Conflict, Refused, Unavailable
from shared.pages import after, checked_limit, number_after, page

#: People looked at within the request that prepares a batch; the sweep goes on with the others.
IN_CALL = 1_000
MOST_ROWS_TOLD = 500


@dataclass(frozen=True)
class BatchDesk:
    """The acts on batches."""

    batches: Batches
    months: PayMonths
    programmes: Programmes
    layouts: Layouts
    gatherer: Gatherer
    settler: Settler
    clock: Clock

    def prepare(
        self,
        actor: Actor,
        *,
        act_id: str,
        batch_id: str,
        programme_id: str,
        month: str,
        method: str,
        layout: str | None = None,
    ) -> dict[str, Any]:
        """Gather what is due of a KST month, and of earlier ones, to those who are paid by this method.

        A large batch is still ``gathering`` when this returns; asking again, or the sweep, goes on.
        """
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", tenant=programme.tenant, district=programme.district.code or "")
        self._must_be_payable(batch_id, programme, month)
        now = self.clock.now()
        batch = Batch(
            id=batch_id,
            tenant=programme.tenant,
            programme_id=programme_id,
            district=programme.district.code or "",
            month=month,
            method=method,
            layout_id=self.layouts.chosen(method, layout).id,
            preparer=actor.subject,
            created_at=now,
            due=now + LEASE,
        )
        asked = {"id": batch_id, "programme": programme_id, "month": month, "method": method, "layout": layout}
        self.batches.create(Act.of(act_id, "prepare", **asked, by=actor.subject), batch, {"batch_id": batch_id})
        self._gather(batch_id)
        return shown(self.batches.get(batch_id))

    def approve(self, actor: Actor, *, act_id: str, batch_id: str) -> dict[str, Any]:
        """Approve a batch: another officer than who prepared it or dropped a row (four eyes), and nobody it pays."""
        day = kst_day(self.clock.now()).isoformat()
        return self._act(actor, act_id, "approve", batch_id, lambda batch: batch.approve(actor.subject, day))

    def cancel(self, actor: Actor, *, act_id: str, batch_id: str) -> dict[str, Any]:
        """Call a batch off before its file is made; what it would have paid is due again."""
        now = self.clock.now()
        day = kst_day(now).isoformat()
        outcome = self._act(actor, act_id, "cancel", batch_id, lambda batch: batch.cancel(day, now))
        self.settler.try_to_move_on(batch_id, outcome["people"])
        return outcome

    def drop_row(self, actor: Actor, *, act_id: str, batch_id: str, pay_month_id: str) -> dict[str, Any]:
        """Take one month of pay out of a batch; it is due again, and the batch must be approved (again)."""
        now = self.clock.now()

        def drop(batch: Batch) -> None:
            batch.drop(pay_month_id, actor.subject, now)

        outcome = self._act(actor, act_id, "drop_row", batch_id, drop, pay_month_id=pay_month_id)
        self.settler.try_to_move_on(batch_id, outcome["people"])
        return outcome

    def return_row(
        self, actor: Actor, *, act_id: str, batch_id: str, pay_month_id: str, reason: str
    ) -> dict[str, Any]:
        """Say that the bank sent a row back after it had said paid, where no file tells it; two officers must say it.

        ``counts`` is False for the first of them. Then it is due again, as if a return file had told it.
        """
        self._for_officer(actor, batch_id)
        now = self.clock.now()
        day = kst_day(now).isoformat()

        def decide(batch: Batch) -> dict[str, Any]:
            counts = batch.return_row(pay_month_id, reason, actor.subject, day, now)
            return {"batch_id": batch.id, "pay_month_id": pay_month_id, "reason": reason, "counts": counts}

        asked = {"id": batch_id, "pay_month_id": pay_month_id, "reason": reason, "by": actor.subject}
        outcome = self.batches.act(Act.of(act_id, "return_row", **asked), batch_id, decide)
        if outcome["counts"]:
            self.settler.try_to_move_on(batch_id, 1)
        return outcome

    def get(self, actor: Actor, *, batch_id: str) -> dict[str, Any]:
        """Return a batch without its rows, with whom it left out, and what to ask the bank before anybody is paid again."""
        batch = self._for_officer(actor, batch_id)
        doubts = doubts_shown(batch, self.batches.heads_of(batch.programme_id))
        return {
            **shown(batch),
            "left_out": [vars(one).copy() for one in batch.skipped],
            "ask_the_bank": doubts,
        }

    def rows(self, actor: Actor, *, batch_id: str, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Return a batch's rows in the order of its file, page by page."""
        batch = self._for_officer(actor, batch_id)
        checked_limit(limit, MOST_ROWS_TOLD)
        start = number_after(cursor, MOST_ROWS)
        told, following = page(rows_shown(batch, start), limit, key=lambda row: (str(row["row"]),))
        return {"batch_id": batch_id, "rows": told, "cursor": following}

    def listed(
        self,
        actor: Actor,
        *,
        programme_id: str,
        month: str | None = None,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return a programme's batches, latest first, page by page."""
        programme = self.programmes.get(programme_id)
        must_be(actor, "officer", tenant=programme.tenant, district=programme.district.code or "")
        checked_limit(limit, MOST_ROWS_TOLD)
        since = after(cursor, 2)
        found = [
            batch
            for batch in self.batches.heads_of(programme_id)
            if month in (None, batch.month)
            and state in (None, batch.state)
            and (since is None or [iso(batch.created_at), batch.id] < since)
        ]
        rows = (shown(batch) for batch in found)
        told, following = page(rows, limit, key=lambda row: (iso(row["created_at"]), row["batch_id"]))
        return {"batches": told, "cursor": following}

    def _act(
        self, actor: Actor, act_id: str, verb: str, batch_id: str, change: Callable[[Batch], None], **asked: str
    ) -> dict[str, Any]:
        self._for_officer(actor, batch_id)

        def decide(batch: Batch) -> dict[str, Any]:
            change(batch)
            return {
                "batch_id": batch.id,
                "state": batch.state,
                "people": batch.people,
                "lines": batch.lines,
                "won": batch.won,
            }

        return self.batches.act(Act.of(act_id, verb, id=batch_id, **asked, by=actor.subject), batch_id, decide)

    def _gather(self, batch_id: str) -> None:
        """Go on as far as one request may; where something is away, the sweep goes on."""
        with suppress(Unavailable, Conflict):
            if self.gatherer.gather(batch_id, most=IN_CALL):
                self.settler.try_to_move_on(batch_id, self.batches.get(batch_id).people)
                return
        self.gatherer.give_up(batch_id)

    def _must_be_payable(self, batch_id: str, programme: Programme, month: str) -> None:
        if month > kst_month(self.clock.now()):
            raise Refused("month_not_begun", field="month", month=month)
        if self.batches.find(batch_id) is not None or self.months.owing(programme.id, month):
            return
        for batch in self.batches.heads_of(programme.id):
            # What it has claimed, and what came to it since, is claimed again only once the bank has answered.
            if batch.state == FILED and not batch.is_answered and self.months.has_claim(batch.id, month):
                raise Refused("batch_at_the_bank", field="month", month=month, batch=batch.id, filed_on=batch.filed_on)
        raise Refused("nothing_to_pay", field="month", month=month)

    def _for_officer(self, actor: Actor, batch_id: str) -> Batch:
        batch = self.batches.get(batch_id)
        must_be(actor, "officer", tenant=batch.tenant, district=batch.district)
        return batch
