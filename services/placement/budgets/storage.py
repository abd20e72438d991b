"""Budgets in the collection ``budgets``, one document a programme."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.placement.budgets.model import NOWHERE, OTHER, Budget, Grant, Hold, Move, Sums
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/budgets"
#: What a reader of many budgets needs: neither the acts nor the outbox.
FIELDS = (
    *("tenant", "version", "total", "funders", "granted", "committed", "paid", "returned", "recovered"),
    *("dongs", "holds", "moving", "pending"),
)


class BudgetCodec:
    """Budget <-> document. Openings' ids and 동 are values, never keys of the document: they may hold any character."""

    def to_document(self, budget: Budget) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "total": budget.total,
            "funders": [{"funder": funder, "won": won} for funder, won in budget.funders.items()],
            **vars(budget.sums),
            "dongs": [{"dong": dong, **vars(sums)} for dong, sums in budget.dongs.items()],
            "holds": [vars(hold).copy() for hold in budget.holds.values()],
            "moving": [
                {"opening_id": opening_id, **vars(move.to), "acts": list(move.acts)}
                for opening_id, move in budget.moving.items()
            ],
            "pending": [{"id": pending_id, "counted": counted} for pending_id, counted in budget.pending.items()],
        }
        if budget.due is not None:
            document["due"] = budget.due
        return document

    def from_document(self, document: Document) -> Budget:
        """Return the budget; one that was kept before funders and 동 were has its ceiling from ``other``."""
        sums = _sums(document)
        total = document["total"]
        return Budget(
            id=document["_id"],
            tenant=document["tenant"],
            funders={row["funder"]: row["won"] for row in document["funders"]}
            if "funders" in document
            else ({} if total is None else {OTHER: total}),
            sums=sums,
            dongs={row["dong"]: _sums(row) for row in document["dongs"]} if "dongs" in document else {NOWHERE: sums},
            holds={hold["act_id"]: Hold(**hold) for hold in document["holds"]},
            moving={row["opening_id"]: _move(row) for row in document["moving"]},
            pending={row["id"]: row["counted"] for row in document.get("pending", ())},
        )


def _sums(row: dict[str, Any]) -> Sums:
    return Sums(row["granted"], row["committed"], row.get("paid", 0), row.get("returned", 0), row.get("recovered", 0))


def _move(row: dict[str, Any]) -> Move:
    return Move(Grant(row["granted"], row["committed"]), tuple(row["acts"]))


class Budgets(Aggregates[Budget]):
    """The budgets of all programmes. ``check_at`` is the sweep's own mark and no part of a budget."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, BudgetCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index(("due",), where_exists="due"),
                Index(("check_at",), where_exists="check_at"),
                Index(("tenant",)),
            ]
        )

    def overdue(self, now: datetime, most: int) -> list[Budget]:
        """Return budgets with a hold past its deadline."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]

    def of_tenant(self, tenant: str) -> dict[str, Budget]:
        """Return a tenant's budgets by programme."""
        found = self.collection.find({"tenant": tenant}, FIELDS)
        return {document["_id"]: self.read(document) for document in found}

    def to_check(self, now: datetime, most: int) -> list[Budget]:
        """Return budgets that have not been checked for a while."""
        return [self.read(row) for row in self.collection.find({"check_at": {"$lte": now}}, FIELDS, limit=most)]

    def checked(self, budget_id: str, again: datetime) -> None:
        """Put off the next check; the budget itself stays as it is, at its version."""
        self.collection.update_one({"_id": budget_id}, {"$set": {"check_at": again}})

    def _insert(self, document: Document) -> None:
        super()._insert({**document, "check_at": self._clock.now()})


def budgets(database: Database, *, clock: Clock, serial: Serial) -> Budgets:
    """Return the budgets kept in placement's database."""
    return Budgets(database.collection("budgets"), clock=clock, serial=serial)
