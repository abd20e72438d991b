"""The collection port: the twin keeps the very contract of the real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.mongo.port import Change, Database, Duplicate, Index
from shared.mongo.twin import TwinDatabase, UnsupportedShape

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


def test_an_id_is_taken_once(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "은하수", "books": 3})

    with pytest.raises(Duplicate):
        shelves.insert_one({"_id": "은하수", "books": 4})

    assert shelves.find_one({"_id": "은하수"}) == {"_id": "은하수", "books": 3}


def test_many_are_stored_but_for_those_that_were_there(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "b", "books": 1})

    there = shelves.insert_many([{"_id": "a", "books": 2}, {"_id": "b", "books": 9}, {"_id": "c", "books": 3}])

    assert there == {"b"}
    assert {row["_id"]: row["books"] for row in shelves.find({})} == {"a": 2, "b": 1, "c": 3}


def test_an_update_is_guarded_by_what_it_asks_for(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "a", "version": 1})

    assert shelves.update_one({"_id": "a", "version": 1}, {"$set": {"version": 2}}) == 1
    assert shelves.update_one({"_id": "a", "version": 1}, {"$set": {"version": 3}}) == 0
    assert shelves.find_one({"_id": "a"}) == {"_id": "a", "version": 2}


def test_entries_are_pushed_kept_to_a_number_and_pulled_by_id(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "a", "box": [], "acts": [{"id": "0"}]})

    shelves.update_one(
        {"_id": "a"},
        {
            "$push": {
                "box": {"$each": [{"id": "1", "s": "new"}, {"id": "2", "s": "new"}]},
                "acts": {"$each": [{"id": "1"}, {"id": "2"}], "$slice": -2},
            }
        },
    )
    shelves.update_one({"_id": "a", "box.id": "2"}, {"$set": {"box.$.s": "stuck"}})
    shelves.update_one({"_id": "a"}, {"$pull": {"box": {"id": {"$in": ["1"]}}}})

    assert shelves.find_one({"_id": "a"}) == {
        "_id": "a",
        "box": [{"id": "2", "s": "stuck"}],
        "acts": [{"id": "1"}, {"id": "2"}],
    }


def test_work_is_found_by_equality_inside_an_array(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.ensure([Index(("box.s",))])
    shelves.insert_many([{"_id": "a", "box": [{"s": "new"}, {"s": "stuck"}]}, {"_id": "b", "box": []}])

    assert [row["_id"] for row in shelves.find({"box.s": "new"}, ["box"])] == ["a"]
    assert shelves.count({"box.s": "gone"}) == 0


def test_ranges_need_a_value_of_the_same_kind(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_many([{"_id": "a", "due": NOON}, {"_id": "b", "due": NOON + timedelta(days=1)}, {"_id": "c"}])

    assert [row["_id"] for row in shelves.find({"due": {"$lte": NOON}})] == ["a"]
    assert [row["_id"] for row in shelves.find({"due": {"$exists": False}})] == ["c"]
    assert {row["_id"] for row in shelves.find({"_id": {"$in": ["a", "c", "z"]}})} == {"a", "c"}


def test_a_partial_unique_index_binds_only_those_that_have_the_field(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.ensure([Index(("code",), unique=True, where_exists="code")])
    shelves.insert_many([{"_id": "a"}, {"_id": "b"}])
    shelves.insert_one({"_id": "c", "code": 1})

    with pytest.raises(Duplicate):
        shelves.insert_one({"_id": "d", "code": 1})


def test_a_batch_changes_each_and_counts_what_matched(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "a", "n": 1})

    matched = shelves.update_each(
        [
            Change({"_id": "a"}, {"$inc": {"n": 2}}),
            Change({"_id": "b"}, {"$setOnInsert": {"n": 7}}, upsert=True),
            Change({"_id": "gone"}, {"$set": {"n": 0}}),
        ]
    )

    assert matched == 2
    assert {row["_id"]: row["n"] for row in shelves.find({})} == {"a": 3, "b": 7}


def test_instants_come_back_in_utc_to_the_millisecond(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_one({"_id": "a", "at": NOON.replace(microsecond=123_456)})

    found = shelves.find_one({"_id": "a"})

    assert found is not None
    assert found["at"] == NOON.replace(microsecond=123_000)
    assert found["at"].tzinfo is not None


def test_the_latest_come_first_when_asked(kept: Database) -> None:
    shelves = kept.collection("shelves")
    shelves.insert_many([{"_id": str(n), "at": NOON + timedelta(hours=n)} for n in range(5)])

    assert [row["_id"] for row in shelves.find({}, newest="at", limit=2)] == ["4", "3"]


def test_the_twin_refuses_what_is_not_cheap_everywhere() -> None:
    shelves = TwinDatabase().collection("shelves")
    shelves.insert_one({"_id": "a", "box": []})

    with pytest.raises(UnsupportedShape, match="regex"):
        shelves.find({"_id": {"$regex": "^a"}})
    with pytest.raises(UnsupportedShape, match="addToSet"):
        shelves.update_one({"_id": "a"}, {"$addToSet": {"box": 1}})
    with pytest.raises(ValueError, match="naive"):
        shelves.insert_one({"_id": "b", "at": datetime(2026, 1, 1)})  # noqa: DTZ001  (what is refused)
