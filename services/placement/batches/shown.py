"""Batches as they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.placement.batches.model import Batch


def shown(batch: Batch) -> dict[str, Any]:
    """Return a batch without its rows, JSON-ready; money in whole won, as it is now.

    ``returned_later``: of what was returned, what the bank had said was paid.
    """
    return {
        "batch_id": batch.id,
        "programme_id": batch.programme_id,
        "district": batch.district,
        "month": batch.month,
        "method": batch.method,
        "layout": batch.layout_id,
        "state": batch.state,
        "created_at": batch.created_at,
        "preparer": batch.preparer,
        "approver": batch.approver,
        "people": batch.people,
        "lines": batch.lines,
        "won": batch.won,
        "paid": batch.paid - batch.reversed,
        "returned": batch.returned + batch.reversed,
        "returned_later": batch.reversed,
        "left_out_people": batch.skipped_people,
        "more": batch.more,
        "approved_on": batch.approved_on,
        "filed_on": batch.filed_on,
        "answered_on": batch.answered_on,
        "file_hash": batch.file_hash,
        "settling": batch.due is not None,
    }


def rows_shown(batch: Batch, start: int) -> Iterator[dict[str, Any]]:
    """Yield the rows after the first ``start``; ``row`` is its number in the file, ``outcome`` None until answered.

    A row that came back after it was paid has the day in ``returned_later_on``, else null. ``word``: what one officer
    said of it that another one has to say too, or null.
    """
    later, words = batch.sent_back, {word.row: word for word in batch.words}
    for seq, row in enumerate(batch.rows[start:], start + 1):
        reversal, word = later.get(seq), words.get(seq)
        yield {
            "row": seq,
            "resident_id": row.resident_id,
            "pay_month_id": row.pay_month_id,
            "won": row.won,
            "lines": row.lines,
            "outcome": row.outcome if reversal is None else reversal.rows[seq],
            "returned_later_on": None if reversal is None else reversal.day,
            "word": None if word is None else {"reason": word.reason, "by": word.by},
        }
