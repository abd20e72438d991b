"""What of a month's payments still stands: those that the bank did not send back, at once or later. Pure values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.placement.allowance.lines import RETURNED, Line, Payment, SentBack, by_dong


def standing(payments: Sequence[Payment], sent_back: Collection[SentBack]) -> list[Payment]:
    """Return the payments that are on their way or paid, and were not sent back since."""
    gone = {one.batch_id for one in sent_back}
    return [payment for payment in payments if payment.state != RETURNED and payment.batch_id not in gone]


def due_by_dong(lines: Sequence[Line], payments: Sequence[Payment]) -> dict[str, int]:
    """Return the won of the lines by 동, less what these payments took from each: what is left may be below 0."""
    left = by_dong(lines)
    for payment in payments:
        for dong, won in payment.dongs.items():
            left[dong] = left.get(dong, 0) - won
    return left
