"""What is said in one database is heard at once, by whoever is at the table: for tests of single subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shared.events.envelope import Event
from shared.messaging.core import Reaction
from shared.messaging.outbox import event_of
from shared.mongo.twin import Step, TwinDatabase


class Killed(BaseException):
    """A process died: nothing catches it."""


def dying_at(step: int) -> Step:
    """Return a process's step that dies at the ``step``-th look at the database, counted from 1."""
    seen = 0

    def look(_what: str) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            raise Killed

    return look


def hear(database: TwinDatabase, *tables: Mapping[str, Reaction], times: int = 1, last_first: bool = False) -> list[str]:
    """Deliver what waits in the outboxes, each event ``times`` over, until nobody says more; return the short types."""
    heard: list[str] = []
    while batch := collected(database):
        for event in reversed(batch) if last_first else batch:
            heard.append(event.type.removeprefix("kr.sipbun.spaces.").removesuffix(".v1"))
            for table in tables:
                if event.type in table:
                    for _ in range(times):
                        table[event.type]([event])
    return heard


def collected(database: TwinDatabase) -> Sequence[Event]:
    """Take every fact out of the outboxes."""
    events = []
    for collection in database.collections().values():
        for document in collection.find({"outbox.s": "new"}, ["outbox"]):
            events += [event_of(entry) for entry in document["outbox"]]
            ids = [entry["id"] for entry in document["outbox"]]
            collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
    return events


def until_killed(act: Callable[[Step], object]) -> int:
    """Run ``act`` with a process that dies at its first step, its second, ...; return how many there were to die at."""
    step = 1
    while True:
        try:
            act(dying_at(step))
        except Killed:
            step += 1
        else:
            return step - 1
