"""What of a month's payments still stands: those that the bank did not send back, at once or later. Pure values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.placement.allowance.lines import RETURNED, Line, Payment, SentBack, by_dong


def standing(payments: Sequence[Payment], sent_back: Collection[SentBack]) -> list[Payment]:
    """Return the payments that are on their way or paid, and were not sent back since."""
    gone = {one.batch_id for one in sent_back}
    return [payment for payment in payments if payment.state != RETURNED and payment.batch_id not in gone]


def came_back(payments: Sequence[Payment], sent_back: Sequence[SentBack]) -> bool:
    """Return whether the last that the bank told is that a payment came back, at once or later."""
    if not payments:
        return False
    latest = payments[-1]
    return latest.state == RETURNED or bool(sent_back and sent_back[-1].day >= (latest.day or ""))


def due_by_dong(lines: Sequence[Line], payments: Sequence[Payment]) -> dict[str, int]:
    """Return the won of the lines by 동, less what these payments took from each: what is left may be below 0."""
    left = by_dong(lines)
    for payment in payments:
        for dong, won in payment.dongs.items():
            left[dong] = left.get(dong, 0) - won
    return left


def waiting(
    lines: Sequence[Line], payments: Sequence[Payment], sent_back: Collection[SentBack], disputed: Collection[str]
) -> list[Line]:
    """Return the lines of disputed attendances that no payment which stands took along, where they come to any won."""
    by_batch = taken(lines, payments)
    paid = {place for payment in standing(payments, sent_back) for place in by_batch[payment.batch_id]}
    left: dict[str, list[Line]] = {}
    for place, line in enumerate(lines):
        if line.attendance_id in disputed and place not in paid:
            left.setdefault(line.attendance_id, []).append(line)
    return [line for some in left.values() if sum(line.won for line in some) > 0 for line in some]


def taken(lines: Sequence[Line], payments: Sequence[Payment]) -> dict[str, set[int]]:
    """Return the places of the lines that each payment took along, by batch: also of those that came back since."""
    found: dict[str, set[int]] = {}
    for payment in payments:
        fresh = {
            place for place, line in enumerate(lines[: payment.upto]) if line.attendance_id not in payment.left_out
        }
        found[payment.batch_id] = fresh.difference(*(found.get(one, ()) for one in payment.beside))
    return found
