"""The nudge: a tiny message that wakes the relay after facts were saved, so that it needn't poll fast.

    a write that carries facts --> city.nudge (fanout, not durable) --> the relay's own queue
                                   names of the collections, by line

It is a courtesy. It is never confirmed, never waited for, and losing one costs at most the relay's next poll (1 s).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import amqp
from pymongo import MongoClient

from shared.errors import Unavailable
from shared.messaging.wire import LOST, connect, hang_up
from shared.mongo.port import Change, Document, Query, Update
from shared.mongo.real import RealCollection, RealDatabase

#: Fanout, not durable: nobody misses a nudge that came while the broker was down.
NUDGE: Final = "city.nudge"
#: Seconds. Facts saved within this long of a nudge share the next one.
COALESCE = 0.005
#: Seconds between attempts to reach a broker that is away.
RETRY = 1.0


class Nudge(Protocol):
    """Wakes the relay."""

    def __call__(self, where: str = "") -> None:
        """Say that there may be facts to publish, in ``<database>.<collection>`` or anywhere; never blocks or fails."""


def no_nudge(where: str = "") -> None:
    """Wake nobody: where the relay is driven by hand."""


def declare(channel: Any) -> None:
    """Declare the exchange on an open py-amqp channel."""
    channel.exchange_declare(NUDGE, "fanout", durable=False, auto_delete=False)


def written(where: Iterable[str]) -> bytes:
    """Return a nudge's body; one that may mean anywhere is empty.

    >>> written(["sipbun_placement.openings", "sipbun_residents.residents"])
    b'sipbun_placement.openings\\nsipbun_residents.residents'
    """
    named = list(where)
    return b"" if "" in named else "\n".join(named).encode()


def read(body: bytes) -> frozenset[str] | None:
    """Return where a nudge says that facts are; None: anywhere."""
    named = frozenset(body.decode("utf-8", "replace").split("\n"))
    return None if "" in named else named


class BrokerNudge:
    """Nudges over a connection of its own, from a thread of its own (green under eventlet)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted = threading.Event()
        #: Where facts were saved since the last nudge; a dict as an ordered set, which no two threads can break.
        self._where: dict[str, None] = {}
        self._closed = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def __call__(self, where: str = "") -> None:
        """Say that there may be facts to publish."""
        if self._thread is None:
            self._start()
        self._where[where] = None
        self._wanted.set()

    def close(self) -> None:
        """Stop nudging."""
        self._closed = True
        self._wanted.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nudge", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        connection: amqp.Connection | None = None
        channel: Any = None
        while not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            try:
                if channel is None:
                    connection = connect(self._url, "nudge", heartbeat=0)
                    channel = connection.channel()
                    declare(channel)
                where, self._where = self._where, {}
                channel.basic_publish(amqp.Message(written(where)), exchange=NUDGE, routing_key="")
                time.sleep(COALESCE)
            except (Unavailable, *LOST, amqp.exceptions.AMQPError):
                hang_up(connection)
                connection, channel = None, None
                time.sleep(RETRY)
        hang_up(connection)


class NudgingDatabase(RealDatabase):
    """A database whose writes nudge the relay when, and only when, they carry facts."""

    def __init__(self, mongo: MongoClient[Document], name: str, nudge: Nudge) -> None:
        super().__init__(mongo, name)
        self._nudge = nudge

    def collection(self, name: str) -> NudgingCollection:
        """Return the collection; nothing is opened yet."""
        return NudgingCollection(self._database[name], self._nudge, f"{self.name}.{name}")


class NudgingCollection(RealCollection):
    """A collection that nudges after saving facts."""

    def __init__(self, collection: Any, nudge: Nudge, where: str) -> None:
        super().__init__(collection)
        self._nudge = nudge
        self._where = where

    def insert_one(self, document: Document) -> None:
        """Store it; raise ``Duplicate`` when it is there."""
        super().insert_one(document)
        if document.get("outbox"):
            self._nudge(self._where)

    def insert_many(self, documents: Sequence[Document]) -> set[Any]:
        """Store all that are not there yet; return the ``_id`` of those that were."""
        there = super().insert_many(documents)
        if any(document.get("outbox") for document in documents):
            self._nudge(self._where)
        return there

    def update_one(self, query: Query, update: Update, *, upsert: bool = False) -> int:
        """Change at most one document; return how many matched."""
        matched = super().update_one(query, update, upsert=upsert)
        if matched and _carries_facts(update):
            self._nudge(self._where)
        return matched

    def update_each(self, changes: Sequence[Change]) -> int:
        """Carry out the changes in no order; return how many matched, in all."""
        matched = super().update_each(changes)
        if matched and any(_carries_facts(change.update) for change in changes):
            self._nudge(self._where)
        return matched


def _carries_facts(update: Mapping[str, Any]) -> bool:
    return "outbox" in update.get("$push", ()) or bool(update.get("$setOnInsert", {}).get("outbox"))
