"""pymongo behind the collection port: journaled majority writes, time-outs on everything, one client a process.

>>> database = connect("mongodb://127.0.0.1:27017", "sipbun_placement")  # opens no socket yet
>>> database.collection("openings").name
'openings'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import MongoClient, UpdateOne, WriteConcern, errors

from shared.errors import Unavailable
from shared.mongo.port import Change, Document, Duplicate, Index, Query, Update

#: Milliseconds. A database that is silent for this long is treated as away; the consumer then holds its batch back.
SILENT_AFTER = 5_000
#: Ids in one question. Beyond some two hundred the embedded engine leaves the index and compares each document with
#: each id: 1,000 ids of 3,000 documents took 2.6 s of its time at once, 0.2 s by the hundred.
IDS_AT_ONCE = 100
#: Updates go in up to so many commands at once, each of ``LEAST`` or more. The embedded engine brings every update of a
#: command to the disk by itself, and those of several commands together: 200 took 5.3 s in one, 0.7 s in eight.
LINES, LEAST = 8, 4
#: Duplicate key, as the server numbers it.
_DUPLICATE = 11000
_AWAY = (errors.ConnectionFailure, errors.WTimeoutError, errors.ExecutionTimeout, errors.WaitQueueTimeoutError)
#: Server answers that mean "not now": shutting down, not primary, interrupted.
_AWAY_CODES = {6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}


def client(url: str) -> MongoClient[Document]:
    """Return a client with a time-out on everything; make it once a process, after forking or monkey-patching."""
    return MongoClient(
        url,
        serverSelectionTimeoutMS=SILENT_AFTER,
        connectTimeoutMS=SILENT_AFTER,
        socketTimeoutMS=2 * SILENT_AFTER,
        waitQueueTimeoutMS=SILENT_AFTER,
        appname="sipbun",
        connect=False,
    )


def connect(url: str, name: str) -> RealDatabase:
    """Return the database ``name`` behind ``url``."""
    return RealDatabase(client(url), name)


@contextmanager
def _reaching(what: str) -> Iterator[None]:
    try:
        yield
    except errors.DuplicateKeyError as error:
        raise Duplicate(str(error.details)) from error
    except _AWAY as error:
        raise Unavailable(f"database: {what}: {error}") from error
    except errors.OperationFailure as error:
        if error.code in _AWAY_CODES or error.has_error_label("RetryableWriteError"):
            raise Unavailable(f"database: {what}: {error}") from error
        raise


class RealDatabase:
    """A database on a MongoDB-compatible server."""

    def __init__(self, mongo: MongoClient[Document], name: str) -> None:
        self.name = name
        self._database = mongo.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            write_concern=WriteConcern("majority", j=True, wtimeout=SILENT_AFTER),
        )

    def collection(self, name: str) -> RealCollection:
        """Return the collection; nothing is opened yet."""
        return RealCollection(self._database[name])

    def answers(self) -> bool:
        """Return whether the server answers a ping."""
        try:
            with _reaching("ping"):
                self._database.command("ping")
        except Unavailable:
            return False
        return True

    def drop(self) -> None:
        """Remove the whole database: tests and rebuilds only."""
        with _reaching("drop"):
            self._database.client.drop_database(self.name)


def _in_parts(query: Query) -> list[Query]:
    """Return queries that together find the same, none of which asks for more than ``IDS_AT_ONCE`` ids."""
    ids = query["_id"].get("$in", ()) if isinstance(query.get("_id"), Mapping) else ()
    if len(ids) <= IDS_AT_ONCE or len(query["_id"]) > 1:
        return [query]
    distinct = list(dict.fromkeys(ids))
    return [
        {**query, "_id": {"$in": distinct[start : start + IDS_AT_ONCE]}}
        for start in range(0, len(distinct), IDS_AT_ONCE)
    ]


def _projection(fields: Sequence[str] | None) -> dict[str, int] | None:
    return None if fields is None else dict.fromkeys(fields, 1)


class RealCollection:
    """A collection on a MongoDB-compatible server."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    @property
    def name(self) -> str:
        """Its name in the database."""
        return str(self._collection.name)

    def ensure(self, indexes: Iterable[Index]) -> None:
        """Make the indexes that are missing."""
        for index in indexes:
            options: dict[str, Any] = {"unique": index.unique} if index.unique else {}
            if index.keys == (index.where_exists,):
                # Holds the same documents as a partial one, which the embedded engine keeps but never reads by.
                options |= {"sparse": True, "name": f"{index.where_exists}_where_it_exists"}
            elif index.where_exists is not None:
                options["partialFilterExpression"] = {index.where_exists: {"$exists": True}}
            if index.expire_after is not None:
                options["expireAfterSeconds"] = index.expire_after
            with _reaching(f"{self.name}.create_index"):
                self._collection.create_index([(key, pymongo.ASCENDING) for key in index.keys], **options)

    def find_one(self, query: Query, fields: Sequence[str] | None = None) -> Document | None:
        """Return one matching document, or None."""
        with _reaching(f"{self.name}.find_one"):
            found: Document | None = self._collection.find_one(query, _projection(fields))
        return found

    def find(
        self, query: Query, fields: Sequence[str] | None = None, *, limit: int = 0, newest: str | None = None
    ) -> list[Document]:
        """Return matching documents, read whole."""
        found: list[Document] = []
        for part in [query] if limit or newest else _in_parts(query):
            with _reaching(f"{self.name}.find"):
                cursor = self._collection.find(part, _projection(fields), limit=limit)
                if newest is not None:
                    cursor = cursor.sort([(newest, pymongo.DESCENDING), ("_id", pymongo.DESCENDING)])
                found += cursor
        return found

    def count(self, query: Query) -> int:
        """Return how many documents match."""
        with _reaching(f"{self.name}.count"):
            return int(self._collection.count_documents(query))

    def insert_one(self, document: Document) -> None:
        """Store it; raise ``Duplicate`` when it is there."""
        with _reaching(f"{self.name}.insert_one"):
            self._collection.insert_one(document)

    def insert_many(self, documents: Sequence[Document]) -> set[Any]:
        """Store all that are not there yet; return the ``_id`` of those that were."""
        if not documents:
            return set()
        try:
            with _reaching(f"{self.name}.insert_many"):
                self._collection.insert_many(documents, ordered=False)
        except errors.BulkWriteError as error:
            return {documents[fault["index"]]["_id"] for fault in _only_duplicates(error)}
        return set()

    def update_one(self, query: Query, update: Update, *, upsert: bool = False) -> int:
        """Change at most one document; return how many matched."""
        with _reaching(f"{self.name}.update_one"):
            result = self._collection.update_one(query, update, upsert=upsert)
        return int(result.matched_count) + (1 if result.upserted_id is not None else 0)

    def update_each(self, changes: Sequence[Change]) -> int:
        """Carry out the changes in no order; return how many matched, in all."""
        lines = min(LINES, max(1, len(changes) // LEAST))
        if lines == 1:
            return self._update(changes) if changes else 0
        with ThreadPoolExecutor(lines) as pool:
            # Each is begun, whatever comes of another.
            answers = [pool.submit(self._update, changes[first::lines]) for first in range(lines)]
        return sum(answer.result() for answer in answers)

    def _update(self, changes: Sequence[Change]) -> int:
        requests = [UpdateOne(change.query, change.update, upsert=change.upsert) for change in changes]
        try:
            with _reaching(f"{self.name}.bulk_write"):
                result = self._collection.bulk_write(requests, ordered=False)
        except errors.BulkWriteError as error:
            raise Duplicate(str(_only_duplicates(error))) from error
        return int(result.matched_count) + int(result.upserted_count)

    def delete_many(self, query: Query) -> int:
        """Remove what matches; return how many."""
        with _reaching(f"{self.name}.delete_many"):
            return int(self._collection.delete_many(query).deleted_count)


def _only_duplicates(error: errors.BulkWriteError) -> list[dict[str, Any]]:
    """Return the write errors when all are duplicates; raise what else went wrong, ``Unavailable`` where it passes."""
    told = error.details or {}
    faults: list[dict[str, Any]] = list(told.get("writeErrors", []))
    lasting = [fault for fault in faults if fault.get("code") not in _AWAY_CODES]
    if any(fault.get("code") != _DUPLICATE for fault in lasting):
        raise error
    if len(lasting) < len(faults) or told.get("writeConcernErrors"):
        raise Unavailable(f"database: {error}") from error
    if not faults:
        raise error
    return faults
