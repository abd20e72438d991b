"""Batches as they are told."""

from __future__ import annotations

from typing import Any

from services.placement.batches.model import Batch, Row


def shown(batch: Batch) -> dict[str, Any]:
    """Return a batch without its rows, JSON-ready; money in whole won."""
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
        "paid": batch.paid,
        "returned": batch.returned,
        "left_out_people": batch.skipped_people,
        "more": batch.more,
        "approved_on": batch.approved_on,
        "filed_on": batch.filed_on,
        "answered_on": batch.answered_on,
        "file_hash": batch.file_hash,
        "settling": batch.due is not None,
    }


def row_shown(seq: int, row: Row) -> dict[str, Any]:
    """Return a row; ``row`` is its number in the file, ``outcome`` None until the bank answered."""
    return {
        "row": seq,
        "resident_id": row.resident_id,
        "pay_month_id": row.pay_month_id,
        "won": row.won,
        "lines": row.lines,
        "outcome": row.outcome,
    }
