"""Ledgers in the collection ``ledgers``, one document a subscription and cycle."""

from __future__ import annotations

from datetime import date, datetime

from services.spaces.plans.cycles import Days
from services.spaces.quota.lines import Line, Owed
from services.spaces.quota.model import QuotaLedger
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/ledgers"
#: Kept as they are.
_PLAIN = (
    "subscription_id",
    "plan_id",
    "district",
    "next_id",
    "included",
    "rollover_cap",
    "first",
    "opened_at",
    "granted",
    "carried",
    "expired",
    "carried_out",
    "handed_out",
    "carried_from",
    "followed",
    "sealed",
)


class LedgerCodec:
    """QuotaLedger <-> document. Bookings' ids are values, never keys of the document: they may hold any character."""

    def to_document(self, ledger: QuotaLedger) -> Document:
        """Return the fields to keep."""
        document: Document = {name: getattr(ledger, name) for name in _PLAIN}
        document |= {
            "start": ledger.cycle.start.isoformat(),
            "until": ledger.cycle.until.isoformat(),
            "closed_on": None if ledger.closed_on is None else ledger.closed_on.isoformat(),
            "lines": [vars(line).copy() for line in ledger.lines.values()],
            "owed": [vars(owed).copy() for owed in ledger.owed],
            "received": [{"key": key, "minutes": minutes} for key, minutes in ledger.received.items()],
        }
        if ledger.due is not None:
            document["due"] = ledger.due
        if ledger.holds_due is not None:
            document["holds_due"] = ledger.holds_due
        return document

    def from_document(self, document: Document) -> QuotaLedger:
        """Return the ledger."""
        closed = document["closed_on"]
        return QuotaLedger(
            id=document["_id"],
            tenant=document["tenant"],
            cycle=Days(date.fromisoformat(document["start"]), date.fromisoformat(document["until"])),
            closed_on=None if closed is None else date.fromisoformat(closed),
            lines={row["booking_id"]: Line(**row) for row in document["lines"]},
            owed=tuple(Owed(**row) for row in document["owed"]),
            received={row["key"]: row["minutes"] for row in document["received"]},
            **{name: document[name] for name in _PLAIN},
        )


class Ledgers(Aggregates[QuotaLedger]):
    """The ledgers of all subscriptions."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, LedgerCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("holds_due",), where_exists="holds_due"),
                Index(("subscription_id", "sealed")),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[QuotaLedger]:
        """Return ledgers that move on by themselves: opened, owing, or over."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]

    def with_overdue_holds(self, now: datetime, most: int) -> list[QuotaLedger]:
        """Return ledgers with a hold past its deadline."""
        return [self.read(document) for document in self.collection.find({"holds_due": {"$lte": now}}, limit=most)]

    def open_of(self, subscription_id: str) -> list[QuotaLedger]:
        """Return a subscription's ledgers that are not sealed."""
        found = self.collection.find({"subscription_id": subscription_id, "sealed": False})
        return [self.read(document) for document in found]


def ledgers(database: Database, *, clock: Clock, serial: Serial) -> Ledgers:
    """Return the ledgers kept in spaces' database."""
    return Ledgers(database.collection("ledgers"), clock=clock, serial=serial)
