"""Batches as they are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from services.placement.batches.model import BEFORE_FILING, Batch
from shared.clock import kst_day


def shown(batch: Batch) -> dict[str, Any]:
    """Return a batch without its rows, JSON-ready; money in whole won, as it is now.

    ``returned_later``: of what was returned, what the bank had said was paid. ``before_month_end``: it was prepared
    before the KST day ``month_over_on``, so that what is worked after it waits for another batch.
    ``contradicted``: rows that came back, and that the last file about them says are paid.
    """
    over_on = month_over_on(batch.month)
    return {
        "batch_id": batch.id,
        "programme_id": batch.programme_id,
        "district": batch.district,
        "month": batch.month,
        "month_over_on": over_on.isoformat(),
        "before_month_end": kst_day(batch.created_at) < over_on,
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
        "contradicted": len(batch.contradictions),
        "left_out_people": batch.skipped_people,
        "more": batch.more,
        "approved_on": batch.approved_on,
        "filed_on": batch.filed_on,
        "answered_on": batch.answered_on,
        "file_hash": batch.file_hash,
        "settling": batch.due is not None,
    }


def doubts_shown(batch: Batch, others: Iterable[Batch]) -> list[dict[str, Any]]:
    """Return what to ask the bank about: of which row of which batch it said both, that it is paid and that it came back.

    Those of the batch itself, and, as long as its file can still be changed, those of others whose won it pays again.
    """
    again = {row.pay_month_id for row in batch.rows} if batch.state in BEFORE_FILING else set()
    return [
        {"batch_id": known.id, **vars(one)}
        for known in others
        for one in known.contradictions
        if known.id == batch.id or one.pay_month_id in again
    ]


def rows_shown(batch: Batch, start: int) -> Iterator[dict[str, Any]]:
    """Yield the rows after the first ``start``; ``row`` is its number in the file, ``outcome`` None until answered.

    A row that came back after it was paid has the day in ``returned_later_on``, else null. ``word``: what one officer
    said of it that another one has to say too, or null. ``contradicted_on``: the day on which a file said that it is paid
    all the same, or null.
    """
    doubts = {one.row: one.day for one in batch.contradictions}
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
            "contradicted_on": doubts.get(seq),
            "word": None if word is None else {"reason": word.reason, "by": word.by},
        }


def month_over_on(month: str) -> date:
    """Return the first KST day after a month.

    >>> month_over_on("2026-12")
    datetime.date(2027, 1, 1)
    """
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1)
