"""What a facility's system said of each of its entries: one document a (feed, uid), in ``feed_entries``.

``rank`` orders what was said of one entry: its sequence, and at the same sequence a removal after a setting. A
document of its own a feed (``feed_words``) counts what was heard, so that nothing new is one look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.spaces.ical.model import CONFIRMED, hash_of
from services.spaces.spans import Span
from shared.mongo.port import Collection, Database, Document, Duplicate, Index


@dataclass(frozen=True)
class Word:
    """The last word on one entry; ``span`` None: it was removed."""

    uid: str
    sequence: int
    span: Span | None = None
    busy: bool = False

    @property
    def rank(self) -> int:
        """Higher is newer."""
        return 2 * self.sequence + (self.span is None)

    @property
    def hash(self) -> str:
        """Of what matters to us."""
        return "" if self.span is None else hash_of(self.span, busy=self.busy, status=CONFIRMED)


@dataclass(frozen=True)
class Entries:
    """What was said, of all feeds."""

    entries: Collection
    words: Collection

    def prepare(self) -> None:
        """Make the indexes."""
        self.entries.ensure([Index(("feed_id",))])

    def hear(self, feed_id: str, word: Word) -> None:
        """Keep a word unless a newer one is known; safe to repeat."""
        kept: Document = {"feed_id": feed_id, "uid": word.uid, "rank": word.rank, "sequence": word.sequence}
        kept |= {"start": None, "end": None, "busy": word.busy}
        if word.span is not None:
            kept |= {"start": word.span.start, "end": word.span.end}
        key = f"{feed_id}/{word.uid}"
        try:
            self.entries.insert_one({"_id": key, **kept})
        except Duplicate:
            self.entries.update_one({"_id": key, "rank": {"$lt": word.rank}}, {"$set": kept})
        # After the entry: who sees the new count sees the entry too.
        self.words.update_one({"_id": feed_id}, {"$inc": {"heard": 1}}, upsert=True)

    def heard(self, feed_id: str) -> int:
        """Return how often something was heard; it rises with every change."""
        found = self.words.find_one({"_id": feed_id})
        return 0 if found is None else int(found["heard"])

    def of(self, feed_id: str) -> Sequence[Word]:
        """Return the last word on every entry, the removed ones included."""
        return [_read(document) for document in self.entries.find({"feed_id": feed_id})]


def _read(document: Document) -> Word:
    start: datetime | None = document["start"]
    span = None if start is None else Span(start, document["end"])
    return Word(document["uid"], document["sequence"], span, document["busy"])


def entries(database: Database) -> Entries:
    """Return what was said, kept in spaces' database."""
    return Entries(database.collection("feed_entries"), database.collection("feed_words"))
