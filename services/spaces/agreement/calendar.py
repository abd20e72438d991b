"""The port to a facility's calendar: what every adapter answers, whatever it speaks.

    with adapter.open(feed, seconds) as calendar:
        answer = calendar.read(question)             # Unchanged, or an Answer
        there = calendar.put(href, content, etag)    # etag "": must not be there yet
        calendar.remove(there.href, there.etag)

Times are UTC. Every call may raise ``Silent`` (nothing is known; what was known stays) or ``ChangedThere`` (somebody
else changed that entry: read again before deciding).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from services.spaces.agreement.model import Feed
from services.spaces.spans import Span

#: Entries of one calendar, expanded up to the horizon; more than that is no calendar of a room.
MOST_SEEN = 50_000


class Silent(Exception):
    """The calendar can't be read or written now. ``reason``: a short code, no text of the other side."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class ChangedThere(Exception):
    """The entry is not as we knew it (HTTP 412); nothing was done."""


@dataclass(frozen=True)
class Seen:
    """One occurrence as their calendar has it now."""

    uid: str
    #: RECURRENCE-ID of one occurrence, UTC ISO text, or "".
    occurrence: str
    span: Span
    busy: bool = True
    cancelled: bool = False
    sequence: int = 0
    #: Of the content that matters to us.
    hash: str = ""
    href: str = ""
    etag: str = ""

    @property
    def keeps_out(self) -> bool:
        """Whether nobody else can have the room then."""
        return self.busy and not self.cancelled


@dataclass(frozen=True)
class Question:
    """What is to be read: everything that is not ``known``, unless nothing changed since ``cursor`` was given."""

    window: Span
    cursor: str = ""
    #: Whether a resource at this version needs not be read again: (href, etag).
    known: Callable[[str, str], bool] = field(default=lambda _href, _etag: False)


@dataclass(frozen=True)
class Unchanged:
    """Nothing is different since the cursor was given."""

    cursor: str


@dataclass(frozen=True)
class Answer:
    """What their calendar has, as far as it had to be read."""

    cursor: str
    seen: tuple[Seen, ...]
    #: Every resource there, href -> etag ("" where the server gives none); empty for a calendar in one piece.
    listed: Mapping[str, str] = field(default_factory=dict)
    #: Resources that are there at a known version, and were not read.
    kept: frozenset[str] = frozenset()
    #: Resources, and entries by UID, that nobody can read: nothing of them is dropped.
    unread: frozenset[str] = frozenset()
    unread_uids: frozenset[str] = frozenset()
    #: Something that nobody can read, of which not even the name is known: nothing at all is dropped.
    partial: bool = False


@dataclass(frozen=True)
class There:
    """Where an entry lies now; ``etag`` "" when the server didn't say."""

    href: str
    etag: str


class Calendar(Protocol):
    """One conversation with one calendar."""

    def read(self, asked: Question, /) -> Answer | Unchanged:
        """Return what it has; raise ``Silent``."""

    def put(self, name: str, content: bytes, there: There | None, /) -> There:
        """Write an entry under a new name, or over the one that is there; raise ``Silent``, ``ChangedThere``."""

    def remove(self, there: There, /) -> None:
        """Take an entry out; one that is gone already is fine. Raise ``Silent``, ``ChangedThere``."""


class Adapter(Protocol):
    """How calendars of one kind are reached."""

    @property
    def writes(self) -> bool:
        """Whether our bookings can be written there."""

    def open(self, feed: Feed, seconds: float, /) -> AbstractContextManager[Calendar]:
        """Return a conversation that takes at most so long in all; opens nothing before its first use."""
