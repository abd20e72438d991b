"""The adapter that reads nothing and writes nothing; such a feed is never due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.spaces.agreement.calendar import Answer, Question, There, Unchanged
from services.spaces.agreement.model import Feed
from services.spaces.agreement.person.errors import NoCalendar


@dataclass(frozen=True)
class PersonAdapter:
    """Reaches nobody."""

    writes: bool = False

    @contextmanager
    def open(self, _feed: Feed, _seconds: float) -> Iterator[PersonCalendar]:
        """Return a calendar that isn't there."""
        yield PersonCalendar()


class PersonCalendar:
    """No calendar."""

    def read(self, asked: Question) -> Answer | Unchanged:
        """Say that nothing changed: nothing is there."""
        return Unchanged(asked.cursor or "person")

    def put(self, _name: str, _content: bytes, _there: There | None) -> There:
        """Refuse."""
        raise NoCalendar

    def remove(self, _there: There) -> None:
        """Refuse."""
        raise NoCalendar
