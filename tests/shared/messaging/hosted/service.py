"""A small service for tests of the edge, hosted as every service is: ``python -m shared.host ...hosted.service``.

What it hears it keeps in ``heard`` (one document an event), and its timer counts in ``ticks``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields

from shared.actors import Actor, must_be
from shared.caller import current_address
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.events.envelope import Event
from shared.messaging.core import KeyReused, Reaction
from shared.messaging.entrypoints import asked, desk, due, fed, told
from shared.messaging.topology import queue
from shared.mongo.port import Collection, Index
from shared.town import Town
from shared.trace import current_traceparent

QUEUE = "placement.openings"


@dataclass
class Shelf:
    """A feed that remembers what it was told."""

    told_of: list[str] = field(default_factory=list)
    loads: int = 0
    up_to_date: bool = False

    def opened(self) -> None:
        self.loads += 1
        self.up_to_date = True

    def told(self, events: Sequence[Event]) -> None:
        self.told_of.extend(event.id for event in events)

    def lost(self) -> None:
        self.up_to_date = False

    def caught_up(self) -> bool:
        return self.up_to_date


@dataclass(frozen=True)
class Library:
    """The use cases."""

    heard: Collection
    ticks: Collection
    clock: Clock
    shelf: Shelf

    def keep(self, events: Sequence[Event]) -> None:
        if any(event.data.get("slowly") for event in events):
            time.sleep(1.0)
        if any(event.subject == "충돌" for event in events) and self.heard.count({"_id": "조용"}) == 0:
            raise Conflict("changed_meanwhile")
        there = self.heard.insert_many([{"_id": event.key, "event": event.id, "hash": event.hash} for event in events])
        if there:
            kept = {known["_id"]: known["hash"] for known in self.heard.find({"_id": {"$in": list(there)}})}
            if any(kept.get(event.key, event.hash) != event.hash for event in events):
                raise KeyReused("the same id came with another body")

    def tick(self) -> int:
        self.ticks.update_one({"_id": "ticks"}, {"$inc": {"count": 1}}, upsert=True)
        return 0


def build(town: Town) -> Library:
    database = town.database("hosted")
    return Library(database.collection("heard"), database.collection("ticks"), town.clock, Shelf())


def prepare(town: Town) -> None:
    town.database("hosted").collection("heard").ensure([Index(("event",))])


class Borrow(Schema):
    """What borrowing needs."""

    book = fields.String(required=True)
    days = fields.Integer(required=True, strict=True)


class HostedLibrary:
    """은하수 작은도서관."""

    name = "hosted_library"
    library = desk(build)

    @asked
    def echo(self, actor: Actor, *, said: Any = None) -> dict[str, Any]:
        return {"said": said, "by": actor.subject, "trace": current_traceparent()}

    @asked
    def whence(self, _actor: Actor) -> str | None:
        return current_address()

    @asked
    def now(self, actor: Actor) -> dict[str, Any]:
        return {"at": self.library.clock.now(), "day": self.library.clock.now().date()}

    @asked(Borrow)
    def borrow(self, actor: Actor, *, book: str, days: int) -> dict[str, Any]:
        must_be(actor, "resident")
        return {"book": book, "days": days, "by": actor.subject}

    @asked
    def fail(self, actor: Actor, *, how: str) -> Any:
        errors: Mapping[str, Exception] = {
            "refused": Refused("no_place_left", field="opening", places=3),
            "not_found": NotFound("no_such_book", field="book"),
            "conflict": Conflict("changed_meanwhile"),
            "unavailable": Unavailable("database: secret address"),
            "crash": RuntimeError("010-1234-5678"),
        }
        if how == "set":
            return {1, 2}
        if how == "large":
            return "책" * 200_000
        raise errors[how]

    @asked
    def sleep(self, actor: Actor, *, seconds: float) -> str:
        self.library.ticks.update_one({"_id": "asleep"}, {"$set": {"seconds": seconds}}, upsert=True)
        time.sleep(seconds)
        return "slept"

    @asked
    def shelf(self, actor: Actor) -> dict[str, Any]:
        shelf = self.library.shelf
        return {"told": shelf.told_of, "loads": shelf.loads, "caught_up": shelf.up_to_date}

    @told(QUEUE)
    def hears(self) -> Mapping[str, Reaction]:
        return dict.fromkeys(queue(QUEUE).types, self.library.keep)

    @due(every=0.2)
    def tick(self) -> int:
        return self.library.tick()

    @fed("placement.nearby")
    def index(self) -> Shelf:
        return self.library.shelf


SERVICES = (HostedLibrary,)
