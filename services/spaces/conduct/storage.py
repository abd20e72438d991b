"""Records in the collection ``conduct_records``, one document a tenant and resident."""

from __future__ import annotations

from datetime import datetime

from services.spaces.conduct.model import Look, Policy, Record, Strike, Visit
from shared.clock import Clock
from shared.errors import NotFound
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/conduct"


class RecordCodec:
    """Record <-> document. ``waits`` is there only while somebody has something to answer."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def to_document(self, record: Record) -> Document:
        """Return the fields to keep."""
        document: Document = {
            "resident_id": record.resident_id,
            "strikes": [vars(strike).copy() for strike in record.strikes],
            "visits": [vars(visit).copy() for visit in record.visits],
            "spent_until": record.spent_until,
            "looks": [vars(look).copy() for look in record.looks],
        }
        if record.waits:
            document["waits"] = list(record.waits)
        if record.due is not None:
            document["due"] = record.due
        return document

    def from_document(self, document: Document) -> Record:
        """Return the record."""
        return Record(
            id=document["_id"],
            tenant=document["tenant"],
            resident_id=document["resident_id"],
            strikes=tuple(Strike(**row) for row in document["strikes"]),
            visits=tuple(Visit(**row) for row in document["visits"]),
            spent_until=document["spent_until"],
            looks=tuple(Look(**row) for row in document["looks"]),
            policy=self._policy,
        )


class Records(Aggregates[Record]):
    """All records."""

    def __init__(self, collection: Collection, policy: Policy, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, RecordCodec(policy), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [*INDEXES, Index(("due",), where_exists="due"), Index(("waits",), where_exists="waits")]
        )

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of records in which something is due."""
        return [document["_id"] for document in self.collection.find({"due": {"$lte": now}}, ["_id"], limit=most)]

    def that_wait(self, what: str) -> list[Record]:
        """Return the records in which ``excuse:<facility>`` or ``appeal:<tenant>`` waits."""
        return [self.read(document) for document in self.collection.find({"waits": what})]

    def _missing(self, aggregate_id: str) -> NotFound:
        return NotFound("no_such_record", field="resident_id", id=aggregate_id)


def records(database: Database, *, clock: Clock, serial: Serial, policy: Policy | None = None) -> Records:
    """Return the records kept in spaces' database; ``policy`` is the shipped one unless told."""
    return Records(database.collection("conduct_records"), policy or Policy(), clock=clock, serial=serial)
