"""Seats in the collection ``seat_plans``, one document a seat plan."""

from __future__ import annotations

from datetime import datetime

from services.spaces.seats.model import Occupant, SeatPlan, Waiter
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/seats"
_PLAIN = ("programme_id", "district", "seats", "promote", "offer_hours", "plan_version")


class SeatCodec:
    """SeatPlan <-> document."""

    def to_document(self, plan: SeatPlan) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(plan, name) for name in _PLAIN},
            "occupants": [vars(one).copy() for one in plan.occupants],
            "line": [vars(one).copy() for one in plan.line],
        }
        if plan.due is not None:
            document["due"] = plan.due
        return document

    def from_document(self, document: Document) -> SeatPlan:
        """Return the seats."""
        return SeatPlan(
            id=document["_id"],
            tenant=document["tenant"],
            occupants=tuple(Occupant(**row) for row in document["occupants"]),
            line=tuple(Waiter(**row) for row in document["line"]),
            **{name: document[name] for name in _PLAIN},
        )


class SeatPlans(Aggregates[SeatPlan]):
    """The seats of all plans."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, SeatCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of plans with an offer that has lapsed."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]


def seat_plans(database: Database, *, clock: Clock, serial: Serial) -> SeatPlans:
    """Return the seats kept in spaces' database."""
    return SeatPlans(database.collection("seat_plans"), clock=clock, serial=serial)
