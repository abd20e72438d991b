"""What has happened so far: acts and events in the order they were seen, and what became of each event.

Written by the story and by the watcher, read by the timeline; safe for all three threads.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.clock import Clock
from shared.events.envelope import Event
from shared.events.registry import contract_of
from shared.messaging.topology import FEEDS, QUEUES


@dataclass
class Line:
    """One row of the timeline: an act somebody did, or all events of one type within a chapter."""

    chapter: int
    #: Milliseconds since the demo began.
    at: int
    who: str
    what: str
    detail: str = ""
    #: An act that turned out as it should (True) or not (False); None for events.
    good: bool | None = None
    #: Events only: the contract's name, such as ``placement.opening.filled``.
    name: str = ""
    queues: tuple[str, ...] = ()
    #: Event keys seen, and how often each was delivered again.
    keys: set[str] = field(default_factory=set)
    again: int = 0
    archived: set[str] = field(default_factory=set)
    #: Milliseconds from the fact to its archive entry, and to its letter; the slowest so far.
    archive_ms: int = 0
    letter_ms: int = 0
    #: Letters by kind that these events caused.
    letters: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def written(self) -> Counter[str]:
        """Letters by kind."""
        return sum(self.letters.values(), Counter())


@dataclass(frozen=True)
class View:
    """The board at one instant."""

    tenant: str
    title: str
    seconds: float
    chapters: tuple[str, ...]
    lines: tuple[Line, ...]
    figures: Mapping[int, Mapping[str, Any]]


class Board:
    """The demo as it goes."""

    def __init__(self, tenant: str, clock: Clock, title: str = "자리 하나가 채워지기까지") -> None:
        self.tenant = tenant
        self.title = title
        self._clock = clock
        self._began = time.monotonic()
        self._began_at = clock.now()
        self._ended: float | None = None
        self._lock = threading.Lock()
        self._chapters: list[tuple[str, datetime]] = []
        self._lines: list[Line] = []
        self._of_key: dict[str, Line] = {}
        self._figures: dict[int, Mapping[str, Any]] = {}

    @property
    def seconds(self) -> float:
        """How long the demo has taken."""
        return (self._ended or time.monotonic()) - self._began

    def end(self) -> None:
        """Stop the clock."""
        self._ended = time.monotonic()

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        with self._lock:
            self._chapters.append((title, self._clock.now()))

    def now(self) -> int:
        """Return milliseconds since the demo began."""
        return int(self.seconds * 1000)

    def act(self, who: str, what: str, detail: str = "", *, good: bool = True, at: int | None = None) -> None:
        """Somebody did something at ``at`` (None: now), and the services answered."""
        with self._lock:
            chapter = max(0, len(self._chapters) - 1)
            self._lines.append(Line(chapter, self.now() if at is None else at, who, what, detail, good))

    def heard(self, event: Event) -> None:
        """An event travelled; one that travelled before counts as delivered again."""
        with self._lock:
            line = self._of_key.get(event.key)
            if line is not None:
                line.again += 1
                return
            contract = contract_of(event.type)
            name = event.type if contract is None else contract.name
            chapter = max(0, sum(began <= event.time for _, began in self._chapters) - 1)
            line = next((known for known in self._lines if known.name == name and known.chapter == chapter), None)
            if line is None:
                line = Line(chapter, self._at(event.time), name.partition(".")[0], "", name=name)
                line.queues = heard_by(event.type)
                self._lines.append(line)
            line.at = min(line.at, self._at(event.time))
            line.keys.add(event.key)
            self._of_key[event.key] = line

    def archived(self, key: str, milliseconds: int) -> None:
        """Statistics keeps the event; that long after it happened."""
        with self._lock:
            line = self._of_key[key]
            line.archived.add(key)
            line.archive_ms = max(line.archive_ms, milliseconds)

    def lettered(self, key: str, kinds: Mapping[str, int], milliseconds: int) -> None:
        """Notifications wrote these letters because of the event; the last that long after it happened."""
        with self._lock:
            line = self._of_key[key]
            line.letters[key] = Counter(kinds)
            line.letter_ms = max(line.letter_ms, milliseconds)

    def figures(self, chapter: int, total: Mapping[str, Any]) -> None:
        """Statistics counts this for a chapter's programme."""
        with self._lock:
            self._figures[chapter] = dict(total)

    def view(self) -> View:
        """Return everything as it is now, in the order in which it happened."""
        with self._lock:
            return View(
                self.tenant,
                self.title,
                self.seconds,
                tuple(title for title, _ in self._chapters),
                tuple(deepcopy(line) for line in sorted(self._lines, key=lambda line: line.at)),
                dict(self._figures),
            )

    def _at(self, instant: datetime) -> int:
        return max(0, int((instant - self._began_at).total_seconds() * 1000))


def heard_by(event_type: str) -> tuple[str, ...]:
    """Return the queues and feeds that hear a type."""
    feeds = [name for name, heard in FEEDS.items() if any(contract.type == event_type for contract in heard)]
    return (*(spec.name for spec in QUEUES if event_type in spec.types), *feeds)


def kinds_of(letters: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return how many letters of each kind there are."""
    return Counter(str(letter["kind"]) for letter in letters)
