"""Months of pay as they are told: sums, and lines that explain them."""

from __future__ import annotations

from typing import Any

from services.placement.allowance.lines import DISPUTE, RETURNED, Payment, SentBack
from services.placement.allowance.model import PayMonth


def summed(month: PayMonth) -> dict[str, Any]:
    """Return the sums of a month, JSON-ready; ``cap`` None: there is none."""
    return {
        "pay_month_id": month.id,
        "programme_id": month.programme_id,
        "district": month.district,
        "resident_id": month.resident_id,
        "month": month.month,
        "minutes": month.minutes,
        "earned": month.earned,
        "payable": month.payable,
        "held_back": month.held_back,
        "cap": None if month.cap is None else {"won": month.cap.won, "source": month.cap.source},
        "on_its_way": 0 if month.claim is None else month.claim.won,
        "paid": month.paid,
        "paid_back": sum(back.won for back in month.paid_back),
        "in_dispute": month.in_dispute,
        "due_now": max(0, month.due_now),
        "to_recover": month.to_recover,
    }


def shown(month: PayMonth) -> dict[str, Any]:
    """Return a month with all it is made of.

    A line's ``won`` is its minutes times ``hourly_won``, rounded up for the whole shift; a correction is the difference.
    ``waits_for`` "dispute": the shift is disputed, and no payment takes the line along until an officer has answered,
    or should have.
    A payment that the bank sent back after it had said paid is ``returned``, on that day, with ``paid_on`` before it.
    """
    sent_back = {sent.batch_id: sent for sent in month.sent_back}
    waiting = {line.id for line in month.waiting}
    payments = [_payment(payment, sent_back.get(payment.batch_id)) for payment in month.payments]
    return {
        **summed(month),
        "lines": [
            {
                "line_id": line.id,
                "attendance_id": line.attendance_id,
                "day": line.day,
                "minutes": line.minutes,
                "hourly_won": line.hourly_won,
                "won": line.won,
                "reason": line.reason,
                "note": line.note,
                "dong": line.dong,
                "waits_for": DISPUTE if line.id in waiting else None,
            }
            for line in month.lines
        ],
        "payments": payments,
        "paid_back_on": [{"won": back.won, "day": back.day} for back in month.paid_back],
    }


def _payment(payment: Payment, sent: SentBack | None) -> dict[str, Any]:
    return {
        "batch_id": payment.batch_id,
        "won": payment.won,
        "state": payment.state if sent is None else RETURNED,
        "method": payment.method,
        "day": payment.day if sent is None else sent.day,
        "reason": payment.reason if sent is None else sent.reason,
        "paid_on": None if sent is None else payment.day,
    }
