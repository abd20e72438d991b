"""Months of pay in the collection ``pay_months``, and the overlapping days that were heard of before the work was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.placement.allowance.codecs import OverlapCodec, PayMonthCodec, read_payment
from services.placement.allowance.lines import CLAIMED, Payment
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
#: Documents read and written at once: on a busy machine each update may take a quarter of a second on the disk, and
#: what one command takes must stay far under the time after which the database counts as silent.
AT_ONCE = 200


@dataclass(frozen=True)
class Claim:
    """A month that a batch has claimed, as it was at ``version``; ``until`` None: the batch knows of it."""

    pay_month_id: str
    resident_id: str
    version: int
    until: datetime | None
    payment: Payment


def _read_claim(document: Document) -> Claim:
    payment = next(read_payment(row) for row in document["payments"] if row["state"] == CLAIMED)
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
                Index(("disputed",), where_exists="disputed"),
                Index(("dispute_due",), where_exists="dispute_due"),
                Index(("claim_due",), where_exists="claim_due"),
                Index(("came_back",), where_exists="came_back"),
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
        """Let ``decide`` change each of these months, read and written part by part.

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
                try:
                    self.act(None, name, _telling_nothing(decide))
                except Refused as refused:
                    refusals.append(refused)
        if refusals:
            raise refusals[0]

    def owing(self, programme_id: str, until: str) -> list[tuple[str, str]]:
        """Return (id, resident) of every month up to ``until`` (YYYY-MM) that a batch may claim, oldest first."""
        return self._oldest_first({"owing": programme_id}, until)

    def disputed(self, programme_id: str, until: str) -> list[tuple[str, str]]:
        """Return (id, resident) of every month up to ``until`` of which something waits for a dispute, oldest first."""
        return self._oldest_first({"disputed": programme_id}, until)

    def claims(self, batch_id: str, most: int = 0) -> list[Claim]:
        """Return what a batch has claimed and the bank has not answered for; 0 is all. Reads no lines."""
        found = self.collection.find(
            {"claimed": batch_id}, ["version", "resident_id", "claim_due", "payments"], limit=most
        )
        return [_read_claim(document) for document in found]

    def count_claims(self, batch_id: str) -> int:
        """Return how many months a batch has claimed and the bank has not answered for."""
        return self.collection.count({"claimed": batch_id})

    def has_claim(self, batch_id: str, until: str) -> bool:
        """Return whether a batch has claimed a month up to ``until`` (YYYY-MM) that the bank has not answered for."""
        claimed = {"claimed": batch_id, "month": {"$lte": until}}
        return self.collection.find_one(claimed, ["_id"]) is not None

    def confirm(self, claims: Iterable[Claim]) -> int:
        """Let these claims wait no more, part by part: only where the month still is as it was when they were read.

        Return how many were. Whoever dies between two parts leaves the others as they were, to be read again.
        """
        changes = [
            Change(
                {"_id": claim.pay_month_id, "version": claim.version},
                {"$set": {"version": claim.version + 1}, "$unset": {"claim_due": ""}},
            )
            for claim in claims
        ]
        return sum(
            self.collection.update_each(changes[start : start + AT_ONCE]) for start in range(0, len(changes), AT_ONCE)
        )

    def payments_of(self, batch_id: str) -> dict[str, Payment]:
        """Return a batch's payments, by month of pay."""
        found = self.collection.find({"payments.batch_id": batch_id}, ["payments"])
        return {
            document["_id"]: read_payment(row)
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

    def with_overdue_disputes(self, now: datetime, most: int) -> list[str]:
        """Return the ids of months that wait for an answer which should have come by now."""
        return [document["_id"] for document in self.collection.find({"dispute_due": {"$lte": now}}, ["_id"], limit=most)]

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

    def _oldest_first(self, query: Document, until: str) -> list[tuple[str, str]]:
        found = self.collection.find(query, ["resident_id", "month"])
        rows = sorted((row["month"], row["_id"], row["resident_id"]) for row in found if row["month"] <= until)
        return [(pay_month_id, resident_id) for _, pay_month_id, resident_id in rows]

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
