"""Budgets in the collection ``budgets``, one document a programme."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.placement.budgets.model import Budget, Grant, Hold, Move
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/budgets"


class BudgetCodec:
    """Budget <-> document. Openings' ids are values, never keys of the document: they may hold any character."""

    def to_document(self, budget: Budget) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "total": budget.total,
            "granted": budget.granted,
            "committed": budget.committed,
            "holds": [vars(hold).copy() for hold in budget.holds.values()],
            "moving": [
                {"opening_id": opening_id, **vars(move.to), "acts": list(move.acts)}
                for opening_id, move in budget.moving.items()
            ],
        }
        if budget.due is not None:
            document["due"] = budget.due
        return document

    def from_document(self, document: Document) -> Budget:
        """Return the budget."""
        return Budget(
            id=document["_id"],
            tenant=document["tenant"],
            total=document["total"],
            granted=document["granted"],
            committed=document["committed"],
            holds={hold["act_id"]: Hold(**hold) for hold in document["holds"]},
            moving={row["opening_id"]: _move(row) for row in document["moving"]},
        )


def _move(row: dict[str, Any]) -> Move:
    return Move(Grant(row["granted"], row["committed"]), tuple(row["acts"]))


class Budgets(Aggregates[Budget]):
    """The budgets of all programmes."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, BudgetCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def overdue(self, now: datetime, most: int) -> list[Budget]:
        """Return budgets with a hold past its deadline."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]


def budgets(database: Database, *, clock: Clock, serial: Serial) -> Budgets:
    """Return the budgets kept in placement's database."""
    return Budgets(database.collection("budgets"), clock=clock, serial=serial)
