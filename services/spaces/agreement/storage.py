"""Feeds in the collection ``feeds``, one document each.

A feed that answered last time waits in ``due``, one that failed in ``due_slow``: two lines, so that calendars that
don't answer hold up nobody but each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.spaces.agreement.model import CONNECTED, READ, Feed, Freshness, Secret, Unfinished, freshness
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/spaces/feeds"
DUE, DUE_SLOW = "due", "due_slow"

_PLAIN = (
    "district",
    "facility_id",
    "space_id",
    "root_id",
    "adapter",
    "address",
    "every",
    "connected_at",
    "state",
    "trusted",
    "cursor",
    "shelf",
    "read_at",
    "whole_at",
    "reading",
    "lease_until",
    "again",
    "hurries",
    "failures",
    "reason",
    "died",
)


@dataclass(frozen=True)
class ReadAt:
    """When a feed was last read."""

    feed_id: str
    read_at: datetime | None

    def freshness(self, now: datetime, budget_minutes: int) -> Freshness:
        """Return how old our knowledge of it is."""
        return freshness(self.feed_id, self.read_at, now, budget_minutes)


class FeedCodec:
    """Feed <-> document. Differences are a list: their names are data."""

    def to_document(self, feed: Feed) -> Document:
        """Return the fields to keep."""
        document: Document = {
            **{name: getattr(feed, name) for name in _PLAIN},
            "parts": list(feed.parts),
            "secret": vars(feed.secret).copy(),
            "unfinished": [vars(one).copy() for one in feed.unfinished],
            "differences": [{"name": name, "count": count} for name, count in sorted(feed.differences.items())],
        }
        if feed.due is not None:
            document[DUE_SLOW if feed.slow else DUE] = feed.due
        return document

    def from_document(self, document: Document) -> Feed:
        """Return the feed."""
        fields: dict[str, Any] = {name: document[name] for name in _PLAIN}
        return Feed(
            id=document["_id"],
            tenant=document["tenant"],
            parts=tuple(document["parts"]),
            secret=Secret(**document["secret"]),
            unfinished=tuple(Unfinished(**row) for row in document["unfinished"]),
            differences={row["name"]: row["count"] for row in document["differences"]},
            due=document.get(DUE, document.get(DUE_SLOW)),
            **fields,
        )


class Feeds(Aggregates[Feed]):
    """All feeds."""

    named = "feed_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, FeedCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(
            [
                *INDEXES,
                Index((DUE,), where_exists=DUE),
                Index((DUE_SLOW,), where_exists=DUE_SLOW),
                Index(("facility_id",)),
                Index(("space_id",)),
            ]
        )

    def due(self, now: datetime, most: int, *, slow: bool) -> list[str]:
        """Return the ids of feeds that are to be read, of one of the two lines."""
        found = self.collection.find({DUE_SLOW if slow else DUE: {"$lte": now}}, ["_id"], limit=most)
        return [document["_id"] for document in found]

    def read_at(self, feed_id: str) -> ReadAt | None:
        """Return when a feed was last read, or None where there is no calendar to read; few fields of it."""
        found = self.collection.find_one({"_id": feed_id}, ["state", "adapter", "read_at"])
        if found is None or found.get("state") != CONNECTED or found["adapter"] not in READ:
            return None
        return ReadAt(feed_id, found["read_at"])

    def of_facility(self, facility_id: str) -> list[Feed]:
        """Return a facility's feeds, latest first."""
        found = [self.read(document) for document in self.collection.find({"facility_id": facility_id})]
        return sorted(found, key=lambda feed: (feed.connected_at, feed.id), reverse=True)

    def of_space(self, space_id: str) -> list[Feed]:
        """Return the feeds that were ever connected to a space."""
        return [self.read(document) for document in self.collection.find({"space_id": space_id})]


def feeds(database: Database, *, clock: Clock, serial: Serial) -> Feeds:
    """Return the feeds kept in spaces' database."""
    return Feeds(database.collection("feeds"), clock=clock, serial=serial)
