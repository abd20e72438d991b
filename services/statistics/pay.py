"""Figures of pay (시민수당, 참여수당): earned, above the cap, filed, paid, sent back. Whole won. Pure.

What residents earned counts on the day that was worked; what was filed, paid or sent back on the day of the file.
People are not counted: one person in two months is one, so such counts don't add up.
"""

from __future__ import annotations

from services.statistics.model import Counted, Table
from shared.events.envelope import Event
from shared.events.placement import pay

#: Won: ``earned`` = ``payable`` + ``held_back`` (above the monthly cap), contra lines taken off. ``recovered``: taken
#: back for days that must not have been paid. ``filed``: in payout files; ``paid`` and ``returned``: as the return
#: files say; what came back after it was paid moves from the one to the other that day. Numbers: ``lines``,
#: ``batches`` (filed), ``payments``, ``payments_returned``.
MEASURES = (
    "earned",
    "payable",
    "held_back",
    "recovered",
    "lines",
    "batches",
    "filed",
    "paid",
    "returned",
    "payments",
    "payments_returned",
)


def _earned(event: Event) -> Counted:
    """``placement.allowance.earned``: a line, on the day that was worked."""
    data = event.data
    amounts = {"earned": data["won"], "payable": data["payable"], "held_back": data["held_back"], "lines": 1}
    if data["reason"] in ("recovery", "recovery_lifted"):
        amounts["recovered"] = -data["payable"]
    return Counted(data["day"], amounts)


def _filed(event: Event) -> Counted:
    """``placement.batch.filed``: the payout file was made."""
    return Counted(event.data["day"], {"batches": 1, "filed": event.data["won"]})


def _settled(event: Event) -> Counted:
    """``placement.batch.settled``: the return file was read to its end."""
    return Counted(event.data["day"], {"paid": event.data["paid"], "returned": event.data["returned"]})


def _payment(event: Event) -> Counted:
    """``placement.allowance.paid``: one resident by one batch."""
    return Counted(event.data["day"], {"payments": 1})


def _payment_returned(event: Event) -> Counted:
    """``placement.allowance.returned``: the bank sent it back; what it had paid before is not paid then."""
    won, returned = event.data["won"], {"payments_returned": 1}
    if event.data.get("was_paid", False):
        returned |= {"payments": -1, "paid": -won, "returned": won}
    return Counted(event.data["day"], returned)


#: On one screen: which event counts towards what.
PAY = Table(
    about="pay",
    measures=MEASURES,
    counts={
        pay.ALLOWANCE_EARNED.type: _earned,
        pay.BATCH_FILED.type: _filed,
        pay.BATCH_SETTLED.type: _settled,
        pay.ALLOWANCE_PAID.type: _payment,
        pay.ALLOWANCE_RETURNED.type: _payment_returned,
    },
    ratios={},
)
