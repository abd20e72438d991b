"""Tallies in the collection ``tallies``, one document a root space."""

from __future__ import annotations

from datetime import date, datetime

from services.spaces.occupancy.model import Tally
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/tallies"


class TallyCodec:
    """Tally <-> document."""

    def to_document(self, tally: Tally) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "facility_id": tally.facility_id,
            "root_id": tally.root_id,
            "district": tally.district,
            "programme_id": tally.programme_id,
            "next_day": tally.next_day.isoformat(),
            "closed": tally.closed,
        }
        if tally.due is not None:
            document["due"] = tally.due
        return document

    def from_document(self, document: Document) -> Tally:
        """Return the tally."""
        return Tally(
            id=document["_id"],
            tenant=document["tenant"],
            facility_id=document["facility_id"],
            root_id=document["root_id"],
            district=document["district"],
            programme_id=document["programme_id"],
            next_day=date.fromisoformat(document["next_day"]),
            closed=document["closed"],
        )


class Tallies(Aggregates[Tally]):
    """All tallies."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, TallyCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def overdue(self, now: datetime, most: int) -> list[Tally]:
        """Return tallies with a day to count."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=most)]


def tallies(database: Database, *, clock: Clock, serial: Serial) -> Tallies:
    """Return the tallies kept in spaces' database."""
    return Tallies(database.collection("tallies"), clock=clock, serial=serial)
