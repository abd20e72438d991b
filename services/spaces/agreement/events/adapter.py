"""The adapter: their calendar is what they said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.spaces.agreement.calendar import Answer, Question, Seen, There, Unchanged
from services.spaces.agreement.events.entries import Entries
from services.spaces.agreement.events.errors import HearsOnly
from services.spaces.agreement.model import Feed


@dataclass(frozen=True)
class EventsAdapter:
    """Reaches what was heard."""

    entries: Entries
    writes: bool = False

    @contextmanager
    def open(self, feed: Feed, _seconds: float) -> Iterator[EventsCalendar]:
        """Return the calendar of a feed."""
        yield EventsCalendar(self.entries, feed.id)


class EventsCalendar:
    """The words on one calendar."""

    def __init__(self, entries: Entries, feed_id: str) -> None:
        self._entries, self._feed_id = entries, feed_id

    def read(self, asked: Question) -> Answer | Unchanged:
        """Return what was said; the count is read before the entries, so that a late one is seen next time."""
        cursor = f"heard {self._entries.heard(self._feed_id)}"
        if cursor == asked.cursor:
            return Unchanged(cursor)
        seen = tuple(
            Seen(word.uid, "", word.span, word.busy, sequence=word.sequence, hash=word.hash)
            for word in self._entries.of(self._feed_id)
            if word.span is not None and word.span.overlaps(asked.window)
        )
        return Answer(cursor, seen)

    def put(self, _name: str, _content: bytes, _there: There | None) -> There:
        """Refuse."""
        raise HearsOnly

    def remove(self, _there: There) -> None:
        """Refuse."""
        raise HearsOnly
