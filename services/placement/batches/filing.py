"""The payout file out, the return file in.

    approved --> file, page by page --> mark_filed(hash): composed again here, and only the same bytes are sealed
    filed --> read_returns, part by part --> the last part agrees with the rest --> answered (settling.py)
    settled --> read_returns, the same --> what had been paid and came back is due again

The file is composed whenever it is asked for, from the sealed rows and the accounts of that moment; it is never stored,
its hashes are. Once it is filed, other bytes are an error, never another file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.placement.batches.answers import decoded, read_part
from services.placement.batches.file import Account, Control, Pay, compose, pages_of
from services.placement.batches.layouts import Layout, Layouts
from services.placement.batches.model import APPROVED, FILED, SETTLED, Batch
from services.placement.batches.ports import Accounts, accounts_of
from services.placement.batches.rows import Row
from services.placement.batches.settling import Settler
from services.placement.batches.storage import Batches
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.ids import content_hash
from shared.pages import cursor_of, number_after

#: Rows without an account that are named; more are only counted.
MOST_NAMED = 20


@dataclass(frozen=True)
class FileDesk:
    """The acts on files."""

    batches: Batches
    layouts: Layouts
    accounts: Accounts
    settler: Settler
    clock: Clock

    def file(self, actor: Actor, *, batch_id: str, cursor: str | None = None) -> dict[str, Any]:
        """Return one page of the payout file: ``{content (base64), page, pages, cursor, ...}``; officers only.

        The pages in their order, decoded and joined, are the file; ``mark_filed`` wants the SHA-256 of it. Raises
        ``Refused``: ``accounts_missing`` (drop those rows), ``file_differs`` (an account changed after the filing).
        """
        batch = self._for_officer(actor, batch_id)
        if batch.state not in (APPROVED, FILED, SETTLED):
            raise Refused("batch_is_not_so_far", field="batch_id", state=batch.state, needs=[APPROVED])
        layout = self.layouts.get(batch.layout_id)
        pages = pages_of(layout, len(batch.rows))
        page = _page_of(cursor, pages)
        content = self._page(batch, layout, page, pages, actor.subject)
        page_hash = sha256(content).hexdigest()
        if batch.page_hashes and (pages != len(batch.page_hashes) or batch.page_hashes[page] != page_hash):
            raise Refused("file_differs", field="batch_id", page=page + 1)
        return {
            "batch_id": batch.id,
            "name": f"{batch.id}-{layout.id}.csv",
            "encoding": layout.encoding,
            "people": batch.people,
            "rows": len(batch.rows),
            "won": batch.won,
            "page": page + 1,
            "pages": pages,
            "content": base64.b64encode(content).decode(),
            "sha256": page_hash,
            "file_hash": batch.file_hash,
            "cursor": cursor_of(str(page + 1)) if page + 1 < pages else None,
        }

    def mark_filed(self, actor: Actor, *, act_id: str, batch_id: str, file_hash: str) -> dict[str, Any]:
        """Know that the file with this SHA-256 (hex) was given to the bank; it must be what is composed now."""
        seen = self._for_officer(actor, batch_id)
        act = Act.of(act_id, "mark_filed", id=batch_id, file_hash=file_hash, by=actor.subject)
        page_hashes: list[str] = []
        if seen.state == APPROVED:
            try:
                page_hashes = self._composed(seen, file_hash, actor.subject)
            except Refused:
                # An earlier try of this act may still sleep, with accounts of then: what is refused is not done later.
                if self.batches.make_impossible(act, batch_id, tenant=seen.tenant, code="file_hash_differs"):
                    raise
        now = self.clock.now()

        def decide(batch: Batch) -> dict[str, Any]:
            if batch.state == APPROVED and (batch.rows != seen.rows or batch.approved_on != seen.approved_on):
                raise Refused("file_hash_differs", field="file_hash")
            batch.mark_filed(file_hash, page_hashes, kst_day(now).isoformat(), now)
            return {"batch_id": batch.id, "state": batch.state, "file_hash": batch.file_hash}

        outcome = self.batches.act(act, batch_id, decide)
        self.settler.try_to_move_on(batch_id, seen.people)
        return outcome

    def read_returns(
        self,
        actor: Actor,
        *,
        act_id: str,
        batch_id: str,
        content: str,
        part: int = 1,
        last: bool = True,
        is_text: bool = False,
    ) -> dict[str, Any]:
        """Read a part of the return file (base64 of its bytes, or text), cut at the end of a line.

        Part 1 begins anew. Nothing counts before the ``last`` part agrees with all the others; what is wrong is refused
        with its line and column. A file for a settled batch tells what came back after it was paid (``returned_later``,
        in won); files may come twice and in any order. ``contradicted``: rows that it says are paid though they came back.
        """
        known = self._for_officer(actor, batch_id)
        layout = self.layouts.get(known.layout_id)
        text = content if is_text else decoded(layout, _bytes_of(content))
        now = self.clock.now()

        def decide(batch: Batch) -> dict[str, Any]:
            before = 0 if part == 1 or batch.reading is None else batch.reading.lines
            read = read_part(layout, text, after=before, first=part == 1, last=last)
            day, reversed_before = kst_day(now).isoformat(), batch.reversed
            contradicted = batch.take_part(part, read, layout, last=last, by=actor.subject, day=day, now=now)
            return {
                "batch_id": batch.id,
                "part": part,
                "answered": batch.is_answered and batch.reading is None,
                "paid": batch.paid - batch.reversed,
                "returned": batch.returned + batch.reversed,
                "returned_later": batch.reversed - reversed_before,
                "contradicted": contradicted,
            }

        asked = {"id": batch_id, "content": content_hash([text]), "part": part, "last": last, "by": actor.subject}
        outcome = self.batches.act(Act.of(act_id, "read_returns", **asked), batch_id, decide)
        if outcome["answered"]:
            self.settler.try_to_move_on(batch_id, known.people)
        return {**outcome, "state": self.batches.state_of(batch_id)}

    def _composed(self, batch: Batch, file_hash: str, officer: str) -> list[str]:
        """Return the hash of each page of the file as it is now; raise ``Refused`` where it isn't the one that is meant."""
        layout = self.layouts.get(batch.layout_id)
        pages = pages_of(layout, len(batch.rows))
        whole, hashes = sha256(), []
        for page in range(pages):
            content = self._page(batch, layout, page, pages, officer)
            whole.update(content)
            hashes.append(sha256(content).hexdigest())
        if whole.hexdigest() != file_hash:
            raise Refused("file_hash_differs", field="file_hash")
        return hashes

    def _page(self, batch: Batch, layout: Layout, page: int, pages: int, officer: str) -> bytes:
        start = page * layout.page_rows
        rows = batch.rows[start : start + layout.page_rows]
        accounts = self._accounts(batch, rows, officer)
        pays = [
            Pay(seq, row.resident_id, row.won, batch.reference(seq)) for seq, row in enumerate(rows, start + 1)
        ]
        control = Control(
            batch_id=batch.id,
            count=len(batch.rows),
            sum=batch.won,
            pay_day=str(batch.approved_on).replace("-", ""),
            month=batch.month,
            memo=f"{int(batch.month[5:])}월 참여수당",
        )
        return compose(layout, control, pays, accounts, first=page == 0, last=page + 1 == pages)

    def _accounts(self, batch: Batch, rows: Sequence[Row], officer: str) -> dict[str, Account]:
        residents = [row.resident_id for row in rows]
        known = accounts_of(self.accounts, residents, batch_id=batch.id, purpose="payout_file", officer=officer)
        missing = [
            row.pay_month_id
            for row in rows
            if row.resident_id not in known or known[row.resident_id].method != batch.method
        ]
        if missing:
            raise Refused(
                "accounts_missing", field="batch_id", count=len(missing), pay_month_ids=missing[:MOST_NAMED]
            )
        return known

    def _for_officer(self, actor: Actor, batch_id: str) -> Batch:
        batch = self.batches.get(batch_id)
        must_be(actor, "officer", tenant=batch.tenant, district=batch.district)
        return batch


def _page_of(cursor: str | None, pages: int) -> int:
    page = number_after(cursor, pages)
    if page >= pages:
        raise Refused("bad_cursor", field="cursor")
    return page


def _bytes_of(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("input_invalid", field="content", why="Not base64.") from error
