"""The bare floor: the same database operations and the same pipelined confirms in hand-written loops.

No framework, no contract, no codec, no metrics, and no care: it doesn't survive a bad message, a lost connection or a
second replica. What it can do in a second is what the platform's care is measured against.
"""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import UTC, datetime
from typing import Any

import amqp
import orjson
import pymongo
from bson.codec_options import CodecOptions

from shared.config import settings
from shared.messaging.wire import connect
from tests.bench import cast

BATCH = 200
#: Seconds between looks at an empty outbox.
LOOK = 0.01
KEY = "placement.placement.selected.v1"
TYPE = "kr.sipbun.placement.placement.selected.v1"


def database(service: str) -> Any:
    """Return a database with the platform's own write concern."""
    told = settings()
    return pymongo.MongoClient(told.mongo_url).get_database(
        f"{told.db_prefix}{service}",
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=pymongo.WriteConcern("majority", j=True),
    )


def now() -> datetime:
    """Return the present, whole milliseconds."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def rfc3339(at: datetime) -> str:
    """Return an instant as text."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def select(kept: Any, name: str, *, outbox: bool = True) -> dict[str, Any]:
    """Give a place: read the application, read the opening, write it guarded by its version; return the fact."""
    opening_id, resident_id = cast.opening_id(name), cast.resident_id(name)
    application = kept.applications.find_one({"_id": f"{opening_id}:{resident_id}"})
    opening = kept.openings.find_one({"_id": opening_id})
    if application["state"] != "pending" or opening["state"] != "open":
        raise RuntimeError("not open")
    at, version = now(), opening["version"] + 1
    placement = {
        "resident_id": resident_id,
        "application_id": application["_id"],
        "attempt": application["attempt"],
        "selected_at": at,
    }
    fact = {
        "id": f"{opening_id}.{version}.0",
        "s": "new",
        "type": TYPE,
        "source": "/sipbun/placement/openings",
        "subject": opening_id,
        "tenant": opening["tenant"],
        "sequence": f"{version:010d}.000",
        "time": at,
        "trace": None,
        "data": cast.selected(name, at.date().isoformat()),
    }
    outcome = {"opening_id": opening_id, "resident_id": resident_id, "filled": False, "free": 1}
    act = {"id": f"act-{name}", "hash": hashlib.sha256(orjson.dumps(outcome)).hexdigest()[:32], "out": outcome}
    push: dict[str, Any] = {"acts": {"$each": [act], "$slice": -100}}
    if outbox:
        push["outbox"] = {"$each": [fact]}
    done = kept.openings.update_one(
        {"_id": opening_id, "version": opening["version"]},
        {"$set": {"placements": [*opening["placements"], placement], "version": version}, "$push": push},
    )
    if not done.matched_count:
        raise RuntimeError("lost a race")
    return fact


def archived(told: dict[str, Any]) -> dict[str, Any]:
    """Return the document that statistics keeps of an event."""
    said = {name: told[name] for name in ("type", "subject", "tenant", "time", "sequence", "data")}
    data = told["data"]
    return {
        "_id": hashlib.sha256(f"{told['source']}\n{told['id']}".encode()).hexdigest()[:32],
        "event": {
            "id": told["id"],
            "source": told["source"],
            "type": told["type"],
            "subject": told["subject"],
            "time": datetime.fromisoformat(told["time"]),
            "sequence": told["sequence"],
            "data": data,
            "trace": told.get("traceparent"),
        },
        "hash": hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32],
        "tenant": told["tenant"],
        "known_at": now(),
        "shelf": "2026-01-01T00",
        "fact": {
            "bucket": f"{told['tenant']}|{data['programme_id']}|{data['district']}|{data['day']}",
            "adds": {"filled": 1},
        },
    }


def prepare_archive(kept: Any) -> None:
    """Make the indexes that the archive has."""
    for keys in (("event.id",), ("tenant", "event.type"), ("shelf",), ("fact.bucket",)):
        kept.archive.create_index([(key, 1) for key in keys])


def keep(kept: Any, documents: list[dict[str, Any]]) -> None:
    """Store a batch's effect: the events, and that the buckets of their figures are stale."""
    try:
        kept.archive.insert_many(documents, ordered=False)
    except pymongo.errors.BulkWriteError as error:
        if any(fault["code"] != 11000 for fault in error.details["writeErrors"]):
            raise
    stale = {"$set": {"stale": True, "generation": str(time.monotonic_ns())}}
    buckets = {document["fact"]["bucket"] for document in documents}
    kept.buckets.bulk_write([pymongo.UpdateOne({"_id": bucket}, stale, upsert=True) for bucket in buckets])


class Writer:
    """Selects applicants in a loop."""

    def __init__(self) -> None:
        self._kept = database("placement")
        self._kept.openings.create_index([("outbox.s", 1)])
        self._kept.openings.create_index([("tenant", 1), ("state", 1)])
        self._kept.openings.create_index([("programme_id", 1)])
        self._kept.openings.create_index([("due", 1)], sparse=True)

    def select(self, lap: str, first: int, count: int) -> None:
        """Select one applicant for each of these openings."""
        cast.at_once(lambda number: select(self._kept, f"{lap}-{number}"), first, count)


class Relay:
    """Reads a batch, publishes it, pulls it."""

    def __init__(self, run: bool) -> None:
        self._kept = database("placement")
        self._connection = connect(settings().amqp_url, "floor relay", heartbeat=0)
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._pending: set[int] = set()
        self._tag = 0
        self._channel.events["basic_ack"].add(self._on_ack)
        self._stopping = False
        if run:
            threading.Thread(target=self._run, daemon=True).start()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._pending = {pending for pending in self._pending if pending > tag}
        else:
            self._pending.discard(tag)

    def _run(self) -> None:
        while not self._stopping:
            if not self.sweep():
                time.sleep(LOOK)

    def sweep(self) -> int:
        """Relay one batch; return how many facts it held."""
        found = [
            (document["_id"], entry)
            for document in self._kept.openings.find({"outbox.s": "new"}, {"outbox": 1}).limit(BATCH)
            for entry in document["outbox"]
        ]
        for _, fact in found:
            body = orjson.dumps(
                {
                    "specversion": "1.0",
                    "id": fact["id"],
                    "source": fact["source"],
                    "type": fact["type"],
                    "subject": fact["subject"],
                    "time": rfc3339(fact["time"]),
                    "tenant": fact["tenant"],
                    "sequence": fact["sequence"],
                    "datacontenttype": "application/json",
                    "data": fact["data"],
                }
            )
            message = amqp.Message(
                body,
                content_type="application/cloudevents+json",
                delivery_mode=2,
                message_id=fact["id"],
                type=fact["type"],
                user_id="sipbun",
            )
            self._tag += 1
            self._pending.add(self._tag)
            self._channel.basic_publish(message, exchange="city.events", routing_key=KEY, mandatory=True)
        while self._pending:
            self._connection.drain_events()
        if found:
            self._kept.openings.bulk_write(
                [
                    pymongo.UpdateOne({"_id": document_id}, {"$pull": {"outbox": {"id": {"$in": [fact["id"]]}}}})
                    for document_id, fact in found
                ],
                ordered=False,
            )
        return len(found)

    def drain(self) -> dict[str, float]:
        """Relay until nothing waits; return when it began and ended."""
        began = time.monotonic()
        count = 0
        while done := self.sweep():
            count += done
        return {"began": began, "ended": time.monotonic(), "count": count}

    def close(self) -> None:
        """Stop."""
        self._stopping = True


class Consumer:
    """Takes batches from the queue, stores them, acks them."""

    def __init__(self) -> None:
        self._kept = database("statistics")
        prepare_archive(self._kept)
        self._done = 0
        self._waiting: list[Any] = []
        self._stopping = False
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        connection = connect(settings().amqp_url, "floor consumer", heartbeat=0)
        channel = connection.channel()
        channel.auto_decode = False
        channel.basic_qos(0, 2 * BATCH, a_global=False)
        channel.basic_consume("statistics.archive", callback=self._waiting.append)
        while not self._stopping:
            connection.drain_events()
            # What has arrived by now is the batch.
            connection.sock.settimeout(0.0005)
            try:
                while len(self._waiting) < BATCH:
                    connection.drain_events()
            except TimeoutError:
                pass
            connection.sock.settimeout(None)
            batch, self._waiting[:] = self._waiting[:BATCH], self._waiting[BATCH:]
            if batch:
                keep(self._kept, [archived(orjson.loads(message.body)) for message in batch])
                channel.basic_ack(batch[-1].delivery_info["delivery_tag"], multiple=True)
                self._done += len(batch)

    def done(self) -> int:
        """Return how many events have had their effect."""
        return self._done

    def wait_done(self, count: int) -> float:
        """Return the instant at which so many events have had their effect."""
        while self._done < count:
            time.sleep(0.005)
        return time.monotonic()

    def close(self) -> None:
        """Stop."""
        self._stopping = True
