"""The few verbs a ``storage.py`` may use: what is cheap on every engine, and safe to repeat.

Queries are equality (also into arrays of documents, by a dotted path), ``$in``, ``$lte``, ``$lt``, ``$gte``, ``$gt``,
``$ne`` and ``$exists``. Updates are ``$set``, ``$unset``, ``$inc``, ``$push`` (with ``$each`` and ``$slice``),
``$pull`` and ``$setOnInsert``. The twin refuses every other shape, so that none reaches the real engine by accident.
Every verb raises ``shared.errors.Unavailable`` when the engine doesn't answer; a write may then be done or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]
Query = Mapping[str, Any]
Update = Mapping[str, Any]


class Duplicate(Exception):
    """A document with this ``_id``, or this unique key, is there already."""


@dataclass(frozen=True)
class Index:
    """An index that a collection promises: keys in order, unique or not, partial on the fields that must exist."""

    keys: tuple[str, ...]
    unique: bool = False
    where_exists: str | None = None
    #: Seconds after the instant in the (single) key at which a document goes away by itself.
    expire_after: int | None = None


@dataclass(frozen=True)
class Change:
    """One guarded update in a batch."""

    query: Query
    update: Update
    upsert: bool = False


class Collection(Protocol):
    """One collection of one service's own database."""

    @property
    def name(self) -> str:
        """Its name in the database."""

    def ensure(self, indexes: Iterable[Index]) -> None:
        """Make the indexes that are missing."""

    def find_one(self, query: Query, fields: Sequence[str] | None = None) -> Document | None:
        """Return one matching document, whole or those fields (and ``_id``), or None."""

    def find(
        self, query: Query, fields: Sequence[str] | None = None, *, limit: int = 0, newest: str | None = None
    ) -> list[Document]:
        """Return matching documents; ``newest`` sorts them by that field, latest first; ``limit`` 0 is all."""

    def count(self, query: Query) -> int:
        """Return how many documents match."""

    def insert_one(self, document: Document) -> None:
        """Store it; raise ``Duplicate`` when it is there."""

    def insert_many(self, documents: Sequence[Document]) -> set[Any]:
        """Store all that are not there yet; return the ``_id`` of those that were."""

    def update_one(self, query: Query, update: Update, *, upsert: bool = False) -> int:
        """Change at most one document; return how many matched (an upsert that inserts counts as 1)."""

    def update_each(self, changes: Sequence[Change]) -> int:
        """Carry out the changes in no order; return how many matched, in all."""

    def delete_many(self, query: Query) -> int:
        """Remove what matches; return how many."""


class Database(Protocol):
    """A service's own database."""

    def collection(self, name: str) -> Collection:
        """Return the collection; nothing is opened yet."""

    def answers(self) -> bool:
        """Return whether it answers right now."""
