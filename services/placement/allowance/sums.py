"""What a month of pay holds, and what it comes to.

    earned      = sum of its lines            (attendance, corrections, recoveries)
    payable     = min(earned, monthly cap)    held_back = earned - payable: seen and flagged, never dropped
    out         = payments that a batch has claimed or paid, less what the bank sent back later, less what was paid back
    in_dispute  = of what is payable and not out, the lines of disputed shifts: until an officer answers, or should have
    due_now     = payable - out - in_dispute  negative: to be recovered
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.placement.allowance.lines import (
    CLAIMED,
    PAID,
    RETURNED,
    Cap,
    Dispute,
    Line,
    PaidBack,
    Payment,
    Recovery,
    SentBack,
    Worked,
)
from services.placement.allowance.payments import waiting
from shared.aggregate import Aggregate

#: Payments of a month: one, and one more for each correction and each return.
MOST_PAYMENTS = 60


@dataclass(kw_only=True)
class PaySums(Aggregate):
    """One month of pay as it is: a resident's allowance of one programme for the work of one KST month."""

    programme_id: str
    district: str
    resident_id: str
    month: str
    cap: Cap | None = None
    counted: dict[str, Worked] = field(default_factory=dict)
    recoveries: dict[str, Recovery] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    #: By placement, the version of what is known about its overlapping days.
    followed: dict[str, int] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    #: What the bank sent back after it had said paid; at most one for each payment.
    sent_back: tuple[SentBack, ...] = ()
    paid_back: tuple[PaidBack, ...] = ()
    #: Until then a claim may belong to a batch that does not know of it.
    claim_due: datetime | None = None
    #: Whether it has been said that something is held back; said again only after nothing was.
    flagged: bool = False

    @property
    def minutes(self) -> int:
        """Minutes that count."""
        return sum(line.minutes for line in self.lines)

    @property
    def earned(self) -> int:
        """The sum of the lines."""
        return sum(line.won for line in self.lines)

    @property
    def payable(self) -> int:
        """What of it may be paid."""
        return self.earned if self.cap is None else min(self.earned, self.cap.won)

    @property
    def held_back(self) -> int:
        """What is above the cap."""
        return self.earned - self.payable

    @property
    def claim(self) -> Payment | None:
        """The payment that waits for the bank's answer, or None."""
        return next((payment for payment in self.payments if payment.state == CLAIMED), None)

    @property
    def paid(self) -> int:
        """What the bank paid, and did not send back since."""
        paid = sum(payment.won for payment in self.payments if payment.state == PAID)
        return paid - sum(sent.won for sent in self.sent_back)

    @property
    def out(self) -> int:
        """What is on its way or paid, less what came back."""
        gone = sum(payment.won for payment in self.payments if payment.state != RETURNED)
        return gone - sum(sent.won for sent in self.sent_back) - sum(back.won for back in self.paid_back)

    @property
    def dispute_due(self) -> datetime | None:
        """When the next dispute should have been answered, and pay waits for it no more; None while it waits for none."""
        return min((one.until for one in self.disputes.values() if one.stands and one.until is not None), default=None)

    @property
    def waiting(self) -> list[Line]:
        """The lines of disputed shifts that no payment has taken along."""
        disputed = {one.attendance_id for one in self.disputes.values() if one.stands}
        return waiting(self.lines, self.payments, self.sent_back, disputed) if disputed else []

    @property
    def in_dispute(self) -> int:
        """What is payable, and waits until a dispute is answered: nothing that could not be paid without it waits."""
        sure = self.earned - sum(line.won for line in self.waiting)
        return max(0, min(self.payable - sure, self.payable - self.out))

    @property
    def due_now(self) -> int:
        """What a batch could still pay; negative: to be recovered."""
        return self.payable - self.out - self.in_dispute

    @property
    def to_recover(self) -> int:
        """What was paid, or is on its way, and must come back."""
        return max(0, self.out - self.payable)

    @property
    def owes(self) -> bool:
        """Whether a batch may claim it."""
        return self.due_now > 0 and self.claim is None and len(self.payments) < MOST_PAYMENTS
