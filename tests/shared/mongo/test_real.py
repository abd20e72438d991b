"""What a server says of a bulk write: taken by somebody else, away for now, or a mistake."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import BulkWriteError

from shared.errors import Unavailable
from shared.mongo.port import Change, Duplicate
from shared.mongo.real import LINES, RealCollection

TIMED_OUT: dict[str, Any] = {"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "waiting timed out"}]}
STEPPED_DOWN: dict[str, Any] = {"writeErrors": [{"index": 0, "code": 10107}], "writeConcernErrors": []}
TAKEN: dict[str, Any] = {"writeErrors": [{"index": 0, "code": 11000}], "writeConcernErrors": []}
MISTAKEN: dict[str, Any] = {
    "writeErrors": [{"index": 0, "code": 9}],
    "writeConcernErrors": TIMED_OUT["writeConcernErrors"],
}


class Answering:
    """A pymongo collection whose server answers every bulk write like this."""

    name = "shelves"

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def bulk_write(self, *_requests: Any, **_how: Any) -> Any:
        raise BulkWriteError(self._told)

    def insert_many(self, *_documents: Any, **_how: Any) -> Any:
        raise BulkWriteError(self._told)


def update(shelves: RealCollection) -> object:
    return shelves.update_each([Change({"_id": "은하수"}, {"$set": {"books": 3}}, upsert=True)])


def insert(shelves: RealCollection) -> object:
    return shelves.insert_many([{"_id": "은하수"}])


@pytest.mark.parametrize("write", [update, insert])
@pytest.mark.parametrize("told", [TIMED_OUT, STEPPED_DOWN])
def test_a_bulk_write_that_was_not_acknowledged_in_time_is_tried_again(
    told: dict[str, Any], write: Callable[[RealCollection], object]
) -> None:
    with pytest.raises(Unavailable):
        write(RealCollection(Answering(told)))


@pytest.mark.parametrize("write", [update, insert])
def test_a_mistake_in_a_bulk_write_is_seen_whatever_else_went_wrong(write: Callable[[RealCollection], object]) -> None:
    with pytest.raises(BulkWriteError):
        write(RealCollection(Answering(MISTAKEN)))


def test_what_somebody_else_stored_first_is_a_duplicate() -> None:
    with pytest.raises(Duplicate):
        update(RealCollection(Answering(TAKEN)))
    assert insert(RealCollection(Answering(TAKEN))) == {"은하수"}


class Counting:
    """A pymongo collection that matches every update; ``away`` names a document for which the server steps down."""

    name = "shelves"

    def __init__(self, away: str | None = None) -> None:
        self.commands: list[list[str]] = []
        self._away = away

    def bulk_write(self, requests: list[Any], **_how: Any) -> Any:
        names = [request._filter["_id"] for request in requests]
        self.commands.append(names)
        if self._away in names:
            raise BulkWriteError(STEPPED_DOWN)
        return SimpleNamespace(matched_count=len(names), upserted_count=0)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 33, 500])
def test_many_changes_go_in_several_commands_at_once_each_change_in_one(count: int) -> None:
    shelves = Counting()
    changes = [Change({"_id": f"책-{number}"}, {"$set": {"lent": True}}) for number in range(count)]

    assert RealCollection(shelves).update_each(changes) == count
    assert sorted(name for names in shelves.commands for name in names) == sorted(one.query["_id"] for one in changes)
    assert len(shelves.commands) <= LINES


def test_one_command_that_was_not_acknowledged_is_told_once_all_are_back() -> None:
    shelves = Counting(away="책-3")

    with pytest.raises(Unavailable):
        RealCollection(shelves).update_each([Change({"_id": f"책-{number}"}, {"$set": {"lent": True}}) for number in range(64)])
    assert len(shelves.commands) == LINES
