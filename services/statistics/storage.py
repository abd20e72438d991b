"""Where every event is kept once.

    archive   _id = event key: the whole event, its hash, what it adds (``fact``), the batch in whose name it was stored
              and, once that is finished (batches.py), since when we knew it
    shelves   one for each ``SHELF`` events: how a rebuild walks the archive, and never holds more than a shelf

The months that are computed from the facts are in months.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.statistics.batches import Batch, Batches
from services.statistics.model import Addition, Bucket, Sums
from services.statistics.tables import addition_of
from shared.clock import iso
from shared.events.envelope import Event
from shared.mongo.port import Change, Database, Document, Index

#: Events that stand on one shelf: as many as a rebuild reads and writes at once.
SHELF = 500
#: Buckets in one question. The embedded engine takes three times as long for each of a hundred, because beyond some
#: fifty it leaves the index (deploy/database.py).
AT_ONCE = 20


class Archive:
    """Every event, once."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("archive")
        self._shelves = database.collection("shelves")
        self.batches = Batches(database)
        #: The shelf that this process fills, and the room left on it.
        self._shelf, self._room = "", 0

    def prepare(self) -> None:
        """Make the indexes, of batches too: by event id, by tenant and type, by shelf, and the facts of a bucket."""
        self._collection.ensure([Index(("event.id",)), Index(("tenant", "event.type")), Index(("shelf",)), Index(("fact.bucket",))])
        self.batches.prepare()

    def put(self, events: Sequence[Event], batch: Batch) -> list[Document]:
        """Store those that are not there yet; return key, hash and batch of the others. ``SHELF`` events at most."""
        if self._room < len(events):
            # Before the events that stand on it: a rebuild must not miss them.
            shelf = f"{iso(batch.known_at)} {events[0].key}"
            self._shelves.insert_many([{"_id": shelf}])
            self._shelf, self._room = shelf, SHELF
        self._room -= len(events)
        shelf = self._shelf
        there = self._collection.insert_many([_document(event, batch, shelf) for event in events])
        return self._collection.find({"_id": {"$in": list(there)}}, ["hash", "batch"]) if there else []

    def take_over(self, events: Mapping[str, str], batch: Batch) -> int:
        """Let events be known by this batch, each if it is still in the one given up; return how many are."""
        known = {"batch": batch.id, "known_at": batch.known_at}
        return self._collection.update_each(
            [Change({"_id": key, "batch": given_up}, {"$set": known}) for key, given_up in events.items()]
        )

    def facts(self, buckets: Sequence[str], known_at: datetime | None = None) -> dict[str, list[Sums]]:
        """Return what was added to each of these buckets, as known at that instant or now."""
        return {
            bucket: [document["fact"]["adds"] for document in found]
            for bucket, found in self._facts(buckets, known_at, ["fact"]).items()
        }

    def heard(self, buckets: Sequence[str], known_at: datetime) -> dict[str, list[tuple[datetime, Sums]]]:
        """Return what was added to each of these buckets, and when we knew it, as known at that instant."""
        return {
            bucket: [(document["known_at"], document["fact"]["adds"]) for document in found]
            for bucket, found in self._facts(buckets, known_at, ["fact", "known_at"]).items()
        }

    def _facts(
        self, buckets: Sequence[str], known_at: datetime | None, fields: Sequence[str]
    ) -> dict[str, list[Document]]:
        left_out = frozenset() if known_at is None else self.batches.settle(known_at)
        found: dict[str, list[Document]] = {}
        for first in range(0, len(buckets), AT_ONCE):
            query: Document = {"fact.bucket": {"$in": list(buckets[first : first + AT_ONCE])}}
            if known_at is not None:
                query["known_at"] = {"$lte": known_at}
            for document in self._collection.find(query, [*fields, "batch"]):
                # What was stored before there were batches has none.
                if document.get("batch") not in left_out:
                    found.setdefault(document["fact"]["bucket"], []).append(document)
        return found

    def with_id(self, event_id: str) -> list[Document]:
        """Return the events of that id; two publishers may both have one."""
        return self._collection.find({"event.id": event_id})

    def count(self, tenant: str, event_type: str | None = None) -> int:
        """Return how many events of a tenant are kept, of all types or of one."""
        query: Document = {"tenant": tenant}
        if event_type is not None:
            query["event.type"] = event_type
        return self._collection.count(query)

    def refold(self, tenant: str | None) -> Iterator[tuple[set[Bucket], list[Event]]]:
        """Derive the facts of all events again, shelf by shelf; yield the buckets each adds to, and its events."""
        for shelf in self._shelves.find({}):
            query = {"shelf": shelf["_id"]} if tenant is None else {"shelf": shelf["_id"], "tenant": tenant}
            events = self._collection.find(query, ["event", "tenant", "hash"])
            yield self._refold(events), [event_of(document) for document in events]

    def _refold(self, documents: Sequence[Document]) -> set[Bucket]:
        changes, touched = [], set()
        for document in documents:
            addition = addition_of(event_of(document))
            if addition is None:
                changes.append(Change({"_id": document["_id"]}, {"$unset": {"fact": ""}}))
            else:
                touched.add(addition.bucket)
                changes.append(Change({"_id": document["_id"]}, {"$set": {"fact": _fact(addition)}}))
        self._collection.update_each(changes)
        return touched


def event_of(document: Mapping[str, Any]) -> Event:
    """Return the event that an archived document keeps."""
    told = document["event"]
    return Event(
        id=told["id"],
        source=told["source"],
        type=told["type"],
        subject=told["subject"],
        tenant=document["tenant"],
        time=told["time"],
        sequence=told["sequence"],
        data=told["data"],
        traceparent=told["trace"],
    )


def _document(event: Event, batch: Batch, shelf: str) -> Document:
    document: Document = {
        "_id": event.key,
        "event": {
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": event.time,
            "sequence": event.sequence,
            "data": dict(event.data),
            "trace": event.traceparent,
        },
        "hash": event.hash,
        "tenant": event.tenant,
        "known_at": batch.known_at,
        "batch": batch.id,
        "shelf": shelf,
    }
    addition = addition_of(event)
    if addition is not None:
        document["fact"] = _fact(addition)
    return document


def _fact(addition: Addition) -> Document:
    return {"bucket": addition.bucket.id, "adds": dict(addition.amounts)}
