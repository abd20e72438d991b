"""Months of pay, and overlapping days, as documents."""

from __future__ import annotations

from services.placement.allowance.lines import (
    Cap,
    Dispute,
    Line,
    PaidBack,
    Payment,
    Recovery,
    SentBack,
    Worked,
)
from services.placement.allowance.model import PayMonth
from services.placement.allowance.overlaps import Overlap, Pair
from services.placement.allowance.payments import came_back
from shared.mongo.port import Document

_PLAIN = ("programme_id", "district", "resident_id", "month", "flagged")
#: Of a payment; payments of an earlier version have none.
_LISTS = ("left_out", "beside")


class PayMonthCodec:
    """PayMonth <-> document. Ids are values, never keys of the document: they may hold any character."""

    def to_document(self, month: PayMonth) -> Document:
        """Return the fields to keep; ``owing``, ``claimed``, ``held``, ``disputed`` are for the indexes, while they hold."""
        document: Document = {
            **{name: getattr(month, name) for name in _PLAIN},
            "cap": None if month.cap is None else vars(month.cap).copy(),
            "counted": [vars(worked).copy() for worked in month.counted.values()],
            "followed": [{"key": key, "version": version} for key, version in month.followed.items()],
            "recoveries": [vars(recovery).copy() for recovery in month.recoveries.values()],
            "disputes": [vars(dispute).copy() for dispute in month.disputes.values()],
            "lines": [vars(line).copy() for line in month.lines],
            "payments": [_payment(payment) for payment in month.payments],
            "sent_back": [vars(sent).copy() for sent in month.sent_back],
            "paid_back": [vars(back).copy() for back in month.paid_back],
        }
        if month.owes:
            document["owing"] = month.programme_id
        if month.claim is not None:
            document["claimed"] = month.claim.batch_id
        if month.held_back > 0:
            document["held"] = month.programme_id
        if month.in_dispute > 0:
            document["disputed"] = month.programme_id
        if month.dispute_due is not None:
            document["dispute_due"] = month.dispute_due
        if month.claim_due is not None:
            document["claim_due"] = month.claim_due
        if month.owes and came_back(month.payments, month.sent_back):
            document["came_back"] = month.tenant
        return document

    def from_document(self, document: Document) -> PayMonth:
        """Return the month of pay."""
        cap = document["cap"]
        return PayMonth(
            id=document["_id"],
            tenant=document["tenant"],
            cap=None if cap is None else Cap(**cap),
            counted={row["attendance_id"]: Worked(**row) for row in document["counted"]},
            followed={row["key"]: row["version"] for row in document["followed"]},
            recoveries={row["attendance_id"]: Recovery(**row) for row in document["recoveries"]},
            # Months of an earlier version have none.
            disputes={row["attendance_id"]: Dispute(**row) for row in document.get("disputes", ())},
            lines=tuple(Line(**row) for row in document["lines"]),
            payments=tuple(read_payment(row) for row in document["payments"]),
            sent_back=tuple(SentBack(**row) for row in document.get("sent_back", ())),
            paid_back=tuple(PaidBack(**row) for row in document["paid_back"]),
            claim_due=document.get("claim_due"),
            **{name: document[name] for name in _PLAIN},
        )


def _payment(payment: Payment) -> Document:
    dongs = [{"dong": dong, "won": won} for dong, won in payment.dongs.items()]
    return {**vars(payment), "dongs": dongs, **{name: list(getattr(payment, name)) for name in _LISTS}}


def read_payment(row: Document) -> Payment:
    """Return a payment as it is kept."""
    dongs = {part["dong"]: part["won"] for part in row["dongs"]}
    return Payment(**{**row, "dongs": dongs, **{name: tuple(row.get(name, ())) for name in _LISTS}})


class OverlapCodec:
    """Overlap <-> document."""

    def to_document(self, overlap: Overlap) -> Document:
        """Return the fields to keep."""
        return {
            "pairs": [
                {"other": other, "revision": pair.revision, "days": list(pair.days)}
                for other, pair in overlap.pairs.items()
            ]
        }

    def from_document(self, document: Document) -> Overlap:
        """Return what is known about a placement."""
        pairs = {row["other"]: Pair(row["revision"], tuple(row["days"])) for row in document["pairs"]}
        return Overlap(id=document["_id"], tenant=document["tenant"], pairs=pairs)
