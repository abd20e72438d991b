"""Where every event is kept once, and the day buckets that are computed from them.

    archive   _id = event key: the whole event, its hash, when we knew it, and what it adds (``fact``)
    buckets   _id = tenant|programme|district|day: sums, recomputed from the archive when ``stale``, never incremented;
              those of jobs. What is about rooms has ``room_buckets``, a bucket a plan
    shelves   one for each ``SHELF`` events: how a rebuild walks the archive, and never holds more than a shelf

A bucket's ``generation`` is new whenever a fact came, and its sums are stored only if it is still the one that was
read before the facts were: a fact that comes in between leaves the bucket stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.statistics.model import Addition, Bucket
from services.statistics.tables import TABLES, addition_of
from shared.clock import iso
from shared.events.envelope import Event
from shared.messaging.core import KeyReused
from shared.mongo.port import Change, Collection, Database, Document, Index

#: Events that stand on one shelf: as many as a rebuild reads and writes at once.
SHELF = 500
_COLLECTIONS = {"jobs": "buckets", "rooms": "room_buckets"}


@dataclass(frozen=True)
class Kept:
    """A bucket as it is kept."""

    bucket: Bucket
    stale: bool
    generation: str
    sums: Mapping[str, int]


class Archive:
    """Every event, once."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("archive")
        self._shelves = database.collection("shelves")
        #: The shelf that this process fills, and the room left on it.
        self._shelf, self._room = "", 0

    def prepare(self) -> None:
        """Make the indexes: by event id, by tenant, by shelf, and the facts of a bucket."""
        self._collection.ensure([Index(("event.id",)), Index(("tenant",)), Index(("shelf",)), Index(("fact.bucket",))])

    def keep(self, events: Sequence[Event], known_at: datetime) -> None:
        """Store those that are not there yet; raise ``KeyReused`` when one is there with another body."""
        for first in range(0, len(events), SHELF):
            self._put(events[first : first + SHELF], known_at)

    def _put(self, events: Sequence[Event], known_at: datetime) -> None:
        if self._room < len(events):
            # Before the events that stand on it: a rebuild must not miss them.
            shelf = f"{iso(known_at)} {events[0].key}"
            self._shelves.insert_many([{"_id": shelf}])
            self._shelf, self._room = shelf, SHELF
        self._room -= len(events)
        shelf = self._shelf
        there = self._collection.insert_many([_document(event, known_at, shelf) for event in events])
        if there:
            self._refuse_reused(there, events)

    def _refuse_reused(self, there: set[Any], events: Sequence[Event]) -> None:
        kept = {found["_id"]: found["hash"] for found in self._collection.find({"_id": {"$in": list(there)}}, ["hash"])}
        for event in events:
            if kept.get(event.key, event.hash) != event.hash:
                raise KeyReused(f"event {event.id} came before with another body")

    def facts(self, buckets: Sequence[str], known_at: datetime | None = None) -> dict[str, list[Mapping[str, int]]]:
        """Return what was added to each of these buckets, as known at that instant or now."""
        if not buckets:
            return {}
        query: Document = {"fact.bucket": {"$in": list(buckets)}}
        if known_at is not None:
            query["known_at"] = {"$lte": known_at}
        found: dict[str, list[Mapping[str, int]]] = {}
        for document in self._collection.find(query, ["fact"]):
            found.setdefault(document["fact"]["bucket"], []).append(document["fact"]["adds"])
        return found

    def with_id(self, event_id: str) -> list[Document]:
        """Return the events of that id; two publishers may both have one."""
        return self._collection.find({"event.id": event_id})

    def count(self, tenant: str) -> int:
        """Return how many events of a tenant are kept."""
        return self._collection.count({"tenant": tenant})

    def refold(self, tenant: str | None) -> Iterator[set[Bucket]]:
        """Derive the facts of all events again, shelf by shelf; yield the buckets to which each shelf adds."""
        for shelf in self._shelves.find({}):
            query = {"shelf": shelf["_id"]} if tenant is None else {"shelf": shelf["_id"], "tenant": tenant}
            yield self._refold_page(self._collection.find(query, ["event", "tenant", "hash"]))

    def _refold_page(self, documents: Sequence[Document]) -> set[Bucket]:
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


class Buckets:
    """The day buckets: a cache; a collection for each subject, so that no question reads another's."""

    def __init__(self, database: Database) -> None:
        self._collections: Mapping[str, Collection] = {
            about: database.collection(name) for about, name in _COLLECTIONS.items()
        }

    def prepare(self) -> None:
        """Make the index of a tenant's buckets."""
        for collection in self._collections.values():
            collection.ensure([Index(("tenant",))])

    def mark_stale(self, buckets: set[Bucket], generation: str) -> None:
        """Note that facts came: whoever is computing these buckets right now will not be believed."""
        for about, collection in self._collections.items():
            mine = [bucket for bucket in buckets if bucket.about == about]
            if mine:
                _mark_stale(collection, mine, generation)

    def find(
        self,
        about: str,
        tenant: str,
        *,
        programme: str | None,
        district: str | None,
        month: str | None,
        through: str | None,
    ) -> list[Kept]:
        """Return the buckets that a question is about; ``through`` is a KST day, inclusive."""
        query: Document = {"tenant": tenant}
        for name, value in (("programme", programme), ("district", district), ("month", month)):
            if value is not None:
                query[name] = value
        if through is not None:
            query["day"] = {"$lte": through}
        return [_kept(about, found) for found in self._collections[about].find(query)]

    def store(self, about: str, computed: Sequence[tuple[Kept, Mapping[str, int]]]) -> None:
        """Store sums, unless a fact came since the bucket was read."""
        self._collections[about].update_each(
            [
                Change(
                    {"_id": kept.bucket.id, "generation": kept.generation},
                    {"$set": {"stale": False, "sums": dict(sums)}},
                )
                for kept, sums in computed
            ]
        )

    def mark_all_stale(self, tenant: str | None, generation: str) -> int:
        """Let every bucket of a tenant, or of all, be computed again; return how many there were."""
        others: Document = {"generation": {"$ne": generation}}
        if tenant is not None:
            others["tenant"] = tenant
        marked = 0
        for collection in self._collections.values():
            while found := collection.find(others, ["stale"], limit=SHELF):
                marked += collection.update_each(
                    [Change({"_id": one["_id"]}, {"$set": {"stale": True, "generation": generation}}) for one in found]
                )
        return marked


def _mark_stale(collection: Collection, buckets: Sequence[Bucket], generation: str) -> None:
    changes = [Change({"_id": bucket.id}, {"$set": {"stale": True, "generation": generation}}) for bucket in buckets]
    if collection.update_each(changes) < len(changes):
        # Two processes may both find a bucket missing: inserting skips what the other has stored meanwhile.
        collection.insert_many([_empty(bucket, generation) for bucket in buckets])
        collection.update_each(changes)


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


def _document(event: Event, known_at: datetime, shelf: str) -> Document:
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
        "known_at": known_at,
        "shelf": shelf,
    }
    addition = addition_of(event)
    if addition is not None:
        document["fact"] = _fact(addition)
    return document


def _fact(addition: Addition) -> Document:
    return {"bucket": addition.bucket.id, "adds": dict(addition.amounts)}


def _empty(bucket: Bucket, generation: str) -> Document:
    return {
        "_id": bucket.id,
        "tenant": bucket.tenant,
        "programme": bucket.programme,
        "district": bucket.district,
        "day": bucket.day,
        "month": bucket.month,
        "stale": True,
        "generation": generation,
        "sums": dict.fromkeys(TABLES[bucket.about].measures, 0),
        **({"plan": bucket.plan} if bucket.plan else {}),
    }


def _kept(about: str, document: Mapping[str, Any]) -> Kept:
    plan = document.get("plan", "")
    return Kept(
        Bucket(about, document["tenant"], document["programme"], document["district"], document["day"], plan),
        document["stale"],
        document["generation"],
        document["sums"],
    )
