"""Months of pay in the collection ``pay_months``, and the overlapping days that were heard of before the work was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.placement.allowance.lines import CLAIMED, Cap, Line, PaidBack, Payment, Recovery, SentBack, Worked
from services.placement.allowance.model import PayMonth
from services.placement.allowance.overlaps import Overlap, Pair
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Change, Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/pay_months"
OVERLAPS_SOURCE = "/sipbun/placement/pay_overlaps"
#: Documents read and written at once.
AT_ONCE = 500
_PLAIN = ("programme_id", "district", "resident_id", "month", "flagged")


class PayMonthCodec:
    """PayMonth <-> document. Ids are values, never keys of the document: they may hold any character."""

    def to_document(self, month: PayMonth) -> Document:
        """Return the fields to keep; ``owing``, ``claimed`` and ``held`` are there for the indexes, while they hold."""
        document: Document = {
            **{name: getattr(month, name) for name in _PLAIN},
            "cap": None if month.cap is None else vars(month.cap).copy(),
            "counted": [vars(worked).copy() for worked in month.counted.values()],
            "followed": [{"key": key, "version": version} for key, version in month.followed.items()],
            "recoveries": [vars(recovery).copy() for recovery in month.recoveries.values()],
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
        if month.claim_due is not None:
            document["claim_due"] = month.claim_due
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
            lines=tuple(Line(**row) for row in document["lines"]),
            payments=tuple(_read_payment(row) for row in document["payments"]),
            sent_back=tuple(SentBack(**row) for row in document.get("sent_back", ())),
            paid_back=tuple(PaidBack(**row) for row in document["paid_back"]),
            claim_due=document.get("claim_due"),
            **{name: document[name] for name in _PLAIN},
        )


def _payment(payment: Payment) -> Document:
    dongs = [{"dong": dong, "won": won} for dong, won in payment.dongs.items()]
    return {**vars(payment), "dongs": dongs}


def _read_payment(row: Document) -> Payment:
    return Payment(**{**row, "dongs": {part["dong"]: part["won"] for part in row["dongs"]}})


@dataclass(frozen=True)
class Claim:
    """A month that a batch has claimed, as it was at ``version``; ``until`` None: the batch knows of it."""

    pay_month_id: str
    resident_id: str
    version: int
    until: datetime | None
    payment: Payment


def _read_claim(document: Document) -> Claim:
    payment = next(_read_payment(row) for row in document["payments"] if row["state"] == CLAIMED)
    return Claim(
        document["_id"], document["resident_id"], document["version"], document.get("claim_due"), payment
    )


class PayMonths(Aggregates[PayMonth]):
    """All months of pay."""

    named = "pay_month_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, PayMonthCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("owing",), where_exists="owing"),
                Index(("claimed",), where_exists="claimed"),
                Index(("held",), where_exists="held"),
                Index(("claim_due",), where_exists="claim_due"),
                Index(("resident_id",)),
                Index(("programme_id", "month")),
                Index(("payments.batch_id",)),
            ]
        )

    def change_each(
        self,
        ids: Iterable[str],
        decide: Callable[[PayMonth], None],
        *,
        opened: Mapping[str, PayMonth] = MappingProxyType({}),
    ) -> None:
        """Let ``decide`` change each of these months, read and written in bulk.

        Those of ``opened`` that are not there yet are stored as ``decide`` leaves them, by one write. ``decide`` must be
        safe to repeat: where somebody else changed or stored a month meanwhile, it is called again on that one. A month
        that ``decide`` refuses stays as it is, the others are saved; then the first refusal is raised.
        """
        wanted, refusals = list(dict.fromkeys(ids)), []
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            changes: list[Change] = []
            fresh: list[Document] = []
            known = self.get_many(part)
            for name in part:
                try:
                    if name in known:
                        changes += self._changed(known[name], decide)
                    elif name in opened:
                        fresh.append(self._decided(opened[name], decide))
                except Refused as refused:
                    refusals.append(refused)
            again = sorted(self.collection.insert_many(fresh))
            if self.collection.update_each(changes) < len(changes):
                again += [str(change.query["_id"]) for change in changes]
            for name in again:
                self.act(None, name, _telling_nothing(decide))
        if refusals:
            raise refusals[0]

    def owing(self, programme_id: str, until: str) -> list[tuple[str, str]]:
        """Return (id, resident) of every month up to ``until`` (YYYY-MM) that a batch may claim, oldest first."""
        found = self.collection.find({"owing": programme_id}, ["resident_id", "month"])
        rows = sorted((row["month"], row["_id"], row["resident_id"]) for row in found if row["month"] <= until)
        return [(pay_month_id, resident_id) for _, pay_month_id, resident_id in rows]

    def claims(self, batch_id: str, most: int = 0) -> list[Claim]:
        """Return what a batch has claimed and the bank has not answered for; 0 is all. Reads no lines."""
        found = self.collection.find(
            {"claimed": batch_id}, ["version", "resident_id", "claim_due", "payments"], limit=most
        )
        return [_read_claim(document) for document in found]

    def count_claims(self, batch_id: str) -> int:
        """Return how many months a batch has claimed and the bank has not answered for."""
        return self.collection.count({"claimed": batch_id})

    def confirm(self, claims: Iterable[Claim]) -> int:
        """Let these claims wait no more, in bulk: only where the month still is as it was when they were read.

        Return how many were.
        """
        return self.collection.update_each(
            [
                Change(
                    {"_id": claim.pay_month_id, "version": claim.version},
                    {"$set": {"version": claim.version + 1}, "$unset": {"claim_due": ""}},
                )
                for claim in claims
            ]
        )

    def payments_of(self, batch_id: str) -> dict[str, Payment]:
        """Return a batch's payments, by month of pay."""
        found = self.collection.find({"payments.batch_id": batch_id}, ["payments"])
        return {
            document["_id"]: _read_payment(row)
            for document in found
            for row in document["payments"]
            if row["batch_id"] == batch_id
        }

    def sent_back_of(self, batch_id: str) -> dict[str, int]:
        """Return what the bank sent back of a batch after it had said paid, in won by month of pay."""
        found = self.collection.find({"payments.batch_id": batch_id}, ["sent_back"])
        return {
            document["_id"]: row["won"]
            for document in found
            for row in document.get("sent_back", ())
            if row["batch_id"] == batch_id
        }

    def with_overdue_claims(self, now: datetime, most: int) -> list[PayMonth]:
        """Return months whose claim may belong to a batch that does not know of it."""
        return [self.read(document) for document in self.collection.find({"claim_due": {"$lte": now}}, limit=most)]

    def of_resident(self, resident_id: str) -> list[PayMonth]:
        """Return a resident's months, latest first."""
        found = [self.read(document) for document in self.collection.find({"resident_id": resident_id})]
        return sorted(found, key=lambda month: (month.month, month.id), reverse=True)

    def ids_of_resident(self, resident_id: str) -> list[str]:
        """Return the ids of a resident's months."""
        return [document["_id"] for document in self.collection.find({"resident_id": resident_id}, ["_id"])]

    def ids_of(self, programme_id: str, month: str) -> list[str]:
        """Return the ids of a programme's months of pay for a KST month, in order."""
        found = self.collection.find({"programme_id": programme_id, "month": month}, ["_id"])
        return sorted(document["_id"] for document in found)

    def held_ids(self, programme_id: str) -> list[str]:
        """Return the ids of a programme's months with something above the cap, in order."""
        return sorted(document["_id"] for document in self.collection.find({"held": programme_id}, ["_id"]))

    def _changed(self, month: PayMonth, decide: Callable[[PayMonth], None]) -> list[Change]:
        before = self._codec.to_document(month)
        decide(month)
        change = self._change(None, month, before, {})
        return [] if change is None else [Change({"_id": month.id, "version": month.version}, change)]

    def _decided(self, month: PayMonth, decide: Callable[[PayMonth], None]) -> Document:
        decide(month)
        return self._fresh(Act.own(f"open:{month.id}", "open"), month, {})


def _telling_nothing(decide: Callable[[PayMonth], None]) -> Callable[[PayMonth], dict[str, Any]]:
    def decided(month: PayMonth) -> dict[str, Any]:
        decide(month)
        return {}

    return decided


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


class Overlaps(Aggregates[Overlap]):
    """What is known about overlapping days, one document a placement."""

    named = "key"

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)

    def note(self, key: str, tenant: str, other: str, pair: Pair) -> Overlap:
        """Keep what was told about a placement and another one, if it is newer; return what is known then."""
        if self.find(key) is None:
            self.create(Act.own(f"open:{key}", "open"), Overlap(id=key, tenant=tenant), {})

        def decide(overlap: Overlap) -> dict[str, Any]:
            overlap.note(other, pair)
            return {}

        self.act(None, key, decide)
        return self.get(key)


def pay_months(database: Database, *, clock: Clock, serial: Serial) -> PayMonths:
    """Return the months of pay kept in placement's database."""
    return PayMonths(database.collection("pay_months"), clock=clock, serial=serial)


def overlaps(database: Database, *, clock: Clock, serial: Serial) -> Overlaps:
    """Return the overlapping days kept in placement's database."""
    collection = database.collection("pay_overlaps")
    return Overlaps(collection, OverlapCodec(), source=OVERLAPS_SOURCE, clock=clock, serial=serial)
