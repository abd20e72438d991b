"""One act, one document: guarded, remembered, and repeatable."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.aggregate import Act, Aggregate, Fact
from shared.clock import StoppedClock
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.mongo.aggregates import ACTS_KEPT, Aggregates
from shared.mongo.port import Database, Document
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue, no_queue


@dataclass(kw_only=True)
class Shelf(Aggregate):
    """A shelf of a little library."""

    books: int = 0

    def put(self, books: int) -> dict[str, Any]:
        """Put books on it."""
        if self.books + books > 10:
            raise Refused("shelf_is_full", field="books")
        self.books += books
        self.say(Fact("kr.sipbun.library.shelf.grown.v1", {"books": books}))
        return {"books": self.books}


class ShelfCodec:
    """Shelf <-> document."""

    def to_document(self, shelf: Shelf) -> Document:
        """Return the fields."""
        return {"books": shelf.books}

    def from_document(self, document: Document) -> Shelf:
        """Return the shelf."""
        return Shelf(id=document["_id"], tenant=document["tenant"], books=document["books"])


def the_shelves(database: Database, *, queued: bool = True) -> Aggregates[Shelf]:
    serial = KeyedQueue() if queued else no_queue
    clock = StoppedClock(datetime(2026, 12, 1, tzinfo=UTC))
    return Aggregates(database.collection("shelves"), ShelfCodec(), source="/library", clock=clock, serial=serial)


def put(name: str, books: int = 1) -> Act:
    return Act.of(name, "put", books=books)


@pytest.fixture
def shelves(kept: Database) -> Aggregates[Shelf]:
    """Shelves with one empty shelf, ``a``."""
    there = the_shelves(kept)
    there.create(Act.of("new", "new"), Shelf(id="a", tenant="gwangsan"), {"id": "a"})
    return there


def test_an_act_and_its_facts_are_one_write(shelves: Aggregates[Shelf]) -> None:
    shelves.act(put("act-1", 3), "a", lambda shelf: shelf.put(3))

    document = shelves.collection.find_one({"_id": "a"})
    assert document is not None
    assert (document["version"], document["books"]) == (2, 3)
    [fact] = document["outbox"]
    assert fact["id"] == "a.2.0"
    assert fact["sequence"] == "0000000002.000"
    assert (fact["s"], fact["source"], fact["data"]) == ("new", "/library", {"books": 3})


def test_a_repeat_returns_the_outcome_that_was_kept(shelves: Aggregates[Shelf]) -> None:
    first = shelves.act(put("act-1"), "a", lambda shelf: shelf.put(1))
    shelves.act(put("act-2"), "a", lambda shelf: shelf.put(1))

    assert shelves.act(put("act-1"), "a", lambda shelf: shelf.put(1)) == first
    assert shelves.get("a").books == 2


def test_the_same_id_for_another_act_is_refused(shelves: Aggregates[Shelf]) -> None:
    shelves.act(put("act-1", 1), "a", lambda shelf: shelf.put(1))

    with pytest.raises(Refused, match="act_id_reused"):
        shelves.act(put("act-1", 5), "a", lambda shelf: shelf.put(5))


def test_a_refusal_saves_nothing_and_the_act_may_come_again(shelves: Aggregates[Shelf]) -> None:
    with pytest.raises(Refused, match="shelf_is_full"):
        shelves.act(put("act-1", 11), "a", lambda shelf: shelf.put(11))

    document = shelves.collection.find_one({"_id": "a"})
    assert document is not None
    assert (document["version"], document["outbox"]) == (1, [])


def test_racing_writers_lose_nothing(kept: Database) -> None:
    shelves = the_shelves(kept, queued=False)
    shelves.create(Act.of("new", "new"), Shelf(id="a", tenant="gwangsan"), {})
    done: list[str] = []

    def fill(who: str) -> None:
        left = [put(f"{who}-{number}") for number in range(3)]
        while left:
            try:
                shelves.act(left[0], "a", lambda shelf: shelf.put(1))
                done.append(left.pop(0).id)
            except Refused:
                return
            except Conflict:
                continue

    writers = [threading.Thread(target=fill, args=(f"w{n}",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    document = shelves.collection.find_one({"_id": "a"})
    assert document is not None
    assert document["books"] == len(done) == len(document["outbox"]) == 10


def test_a_write_whose_answer_was_lost_is_found_again() -> None:
    database = TwinDatabase()
    shelves = the_shelves(database)
    shelves.create(Act.of("new", "new"), Shelf(id="a", tenant="gwangsan"), {})

    def lose_the_answer(what: str) -> None:
        if what == "database shelves.update_one done":
            raise Unavailable(what)

    deaf = the_shelves(database.seen_by(lose_the_answer))
    with pytest.raises(Unavailable):
        deaf.act(put("act-1", 4), "a", lambda shelf: shelf.put(4))

    assert shelves.act(put("act-1", 4), "a", lambda shelf: shelf.put(4)) == {"books": 4}
    assert shelves.get("a").books == 4


def test_only_the_last_acts_are_kept(shelves: Aggregates[Shelf]) -> None:
    for number in range(ACTS_KEPT + 20):
        books = 1 if number % 2 == 0 else -1
        shelves.act(put(f"act-{number}", books), "a", lambda shelf, books=books: shelf.put(books))

    document = shelves.collection.find_one({"_id": "a"})
    assert document is not None
    assert [entry["id"] for entry in document["acts"]] == [f"asked:act-{number}" for number in range(20, ACTS_KEPT + 20)]


def test_an_act_made_impossible_can_never_be_done(shelves: Aggregates[Shelf]) -> None:
    late = put("late", 2)

    assert shelves.make_impossible(late, "a", tenant="gwangsan", code="act_too_late")

    with pytest.raises(Refused, match="act_too_late"):
        shelves.act(late, "a", lambda shelf: shelf.put(2))


def test_an_act_that_was_done_can_not_be_made_impossible(shelves: Aggregates[Shelf]) -> None:
    done = put("act-1", 2)
    shelves.act(done, "a", lambda shelf: shelf.put(2))

    assert not shelves.make_impossible(done, "a", tenant="gwangsan", code="act_too_late")
    assert shelves.get("a").books == 2


def test_a_document_that_is_not_there_yet_is_kept_away_by_a_tombstone(shelves: Aggregates[Shelf]) -> None:
    late = Act.of("late", "new")

    assert shelves.make_impossible(late, "b", tenant="gwangsan", code="act_too_late")

    with pytest.raises(Refused, match="act_too_late"):
        shelves.create(late, Shelf(id="b", tenant="gwangsan"), {})
    with pytest.raises(NotFound):
        shelves.get("b")
