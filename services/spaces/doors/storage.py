"""Doors in the collection ``doors``, one document a space. The secret never leaves it but as a code."""

from __future__ import annotations

from services.spaces.doors.model import Door
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document
from shared.serial import Serial

SOURCE = "/sipbun/spaces/doors"


class DoorCodec:
    """Door <-> document."""

    def to_document(self, door: Door) -> Document:
        """Return the fields to keep."""
        return {"secret": door.secret}

    def from_document(self, document: Document) -> Door:
        """Return the door."""
        return Door(id=document["_id"], tenant=document["tenant"], secret=document["secret"])


class Doors(Aggregates[Door]):
    """All doors."""

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, DoorCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)


def doors(database: Database, *, clock: Clock, serial: Serial) -> Doors:
    """Return the doors kept in spaces' database."""
    return Doors(database.collection("doors"), clock=clock, serial=serial)
