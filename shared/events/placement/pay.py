"""The allowance (시민수당, 참여수당): earned, above the cap, batched, paid, sent back. Whole won; contra entries only."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, DayText, name_of_id, short, whole
from shared.events.placement.plans import signed

METHODS = ("bank", "local_currency")
#: Why the bank sent a payment back.
RETURN_REASONS = (
    "wrong_account",
    "closed_account",
    "holder_differs",
    "limit_exceeded",
    "stopped_account",
    "not_a_member",
    "other",
)
#: Why a line was written. ``recovery``: paid for a day that must not have been paid (겹친 날 환수).
LINE_REASONS = ("attendance", "correction", "recovery", "recovery_lifted")


class PayRef(Schema):
    """Whose allowance, of which programme, for the work of which KST month (``YYYY-MM``)."""

    pay_month_id = name_of_id()
    resident_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    month = short(7)


class AllowanceEarned(PayRef):
    """A line was written. ``won`` may be negative (a contra line); the sums of the month are those after it.

    ``payable`` never passes the monthly cap; what is above stays visible as ``held_back``. Both are moves: they add up.
    """

    line_id = name_of_id()
    attendance_id = name_of_id()
    day = DayText(required=True)
    minutes = signed()
    won = signed()
    payable = signed()
    held_back = signed()
    reason = fields.String(required=True, validate=validate.OneOf(LINE_REASONS))
    dong = fields.String(validate=validate.Length(max=40))


class AllowanceHeldBack(PayRef):
    """What was earned passes the monthly cap: flagged for the resident and the officer, never dropped."""

    won = whole(1)
    cap = whole(0)


class BatchRef(Schema):
    """Which batch, of which programme and KST month."""

    batch_id = name_of_id()
    programme_id = name_of_id()
    district = short(20)
    month = short(7)
    method = fields.String(required=True, validate=validate.OneOf(METHODS))


class BatchSummed(BatchRef):
    """What a batch pays to how many people for how many lines."""

    people = whole(0)
    lines = whole(0)
    won = whole(0)
    day = DayText(required=True)


class BatchFiled(BatchSummed):
    """The payout file was made. ``file_hash``: SHA-256 of it, hex."""

    file_hash = short(64)


class BatchSettled(BatchRef):
    """The return file was read to its end: ``paid`` + ``returned`` = what the batch paid out."""

    paid = whole(0)
    returned = whole(0)
    day = DayText(required=True)


class AllowancePaid(PayRef):
    """A resident was paid by a batch. ``payment_id`` = ``batch:pay month``."""

    payment_id = name_of_id()
    batch_id = name_of_id()
    won = whole(1)
    method = fields.String(required=True, validate=validate.OneOf(METHODS))
    day = DayText(required=True)


class AllowanceReturned(AllowancePaid):
    """The bank sent a payment back; it is due again, in a later batch."""

    reason = short(40)
    #: Whether the bank had said before that it was paid (``allowance.paid``): a contra entry to that.
    was_paid = fields.Boolean()


class AllowancePaidBack(PayRef):
    """A resident gave back what was paid too much, as an officer noted it; ``number`` counts from 1 within the month."""

    number = whole(1)
    won = whole(1)
    day = DayText(required=True)


_PAY = {
    "pay_month_id": "gs-citizen-allowance:res-1:2026-12",
    "resident_id": "res-1",
    "programme_id": "gs-citizen-allowance",
    "district": "29200",
    "month": "2026-12",
}
_BATCH = {
    "batch_id": "bat-1",
    "programme_id": "gs-citizen-allowance",
    "district": "29200",
    "month": "2026-12",
    "method": "bank",
}
_SUMMED = {**_BATCH, "people": 3, "lines": 3, "won": 61920, "day": "2027-01-05"}
_PAID = {**_PAY, "payment_id": "bat-1:res-1", "batch_id": "bat-1", "won": 20640, "method": "bank", "day": "2027-01-08"}

ALLOWANCE_EARNED = Contract(
    "placement.allowance.earned",
    1,
    AllowanceEarned,
    {
        **_PAY,
        "line_id": "opn-은하수:res-1:1:0#1",
        "attendance_id": "opn-은하수:res-1:1:0",
        "day": "2026-12-01",
        "minutes": 120,
        "won": 20640,
        "payable": 20640,
        "held_back": 0,
        "reason": "attendance",
        "dong": "첨단2동",
    },
)
ALLOWANCE_HELD_BACK = Contract(
    "placement.allowance.held_back", 1, AllowanceHeldBack, {**_PAY, "won": 12000, "cap": 583444}
)
ALLOWANCE_PAID = Contract("placement.allowance.paid", 1, AllowancePaid, _PAID)
ALLOWANCE_RETURNED = Contract(
    "placement.allowance.returned", 1, AllowanceReturned, {**_PAID, "reason": "wrong_account"}
)
ALLOWANCE_PAID_BACK = Contract(
    "placement.allowance.paid_back", 1, AllowancePaidBack, {**_PAY, "number": 1, "won": 20640, "day": "2027-02-01"}
)
BATCH_PREPARED = Contract("placement.batch.prepared", 1, BatchSummed, _SUMMED)
BATCH_APPROVED = Contract("placement.batch.approved", 1, BatchSummed, _SUMMED)
BATCH_FILED = Contract("placement.batch.filed", 1, BatchFiled, {**_SUMMED, "file_hash": "0" * 64})
BATCH_SETTLED = Contract(
    "placement.batch.settled", 1, BatchSettled, {**_BATCH, "paid": 41280, "returned": 20640, "day": "2027-01-08"}
)
BATCH_CANCELLED = Contract("placement.batch.cancelled", 1, BatchSummed, _SUMMED)

CONTRACTS = (
    ALLOWANCE_EARNED,
    ALLOWANCE_HELD_BACK,
    ALLOWANCE_PAID,
    ALLOWANCE_RETURNED,
    ALLOWANCE_PAID_BACK,
    BATCH_PREPARED,
    BATCH_APPROVED,
    BATCH_FILED,
    BATCH_SETTLED,
    BATCH_CANCELLED,
)
