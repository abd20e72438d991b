"""An index's feed (shared/reach/feed.py) told by events: what ``@fed`` of the entrypoints keeps up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from shared.clock import Clock
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.reach.feed import Change, Feed
from shared.telemetry import log

Item = TypeVar("Item")
Held = TypeVar("Held", bound=Any)

#: Seconds between attempts to read what changed while the database is away; the index meanwhile says it is behind.
AGAIN = 0.5


class EventFeed(Generic[Item, Held]):
    """Feeds an index from events; ``change_of`` says what an event changes, or None."""

    def __init__(
        self, feed: Feed[Item, Held], change_of: Callable[[Event], Change[Item] | None], clock: Clock
    ) -> None:
        self._feed = feed
        self._change_of = change_of
        self._clock = clock
        self._connection = 0

    @property
    def index(self) -> Held:
        """Return the index that was complete last; raise ``Unavailable`` before the first."""
        return self._feed.index

    def opened(self) -> None:
        """Load everything; raise ``Unavailable`` when the database is away."""
        self._feed.opened()
        if not self._feed.catch_up():
            raise Unavailable("the queue of the index went away while it was loaded")

    def told(self, events: Sequence[Event]) -> None:
        """Apply what is newer than what is known; wait for the database when something has to be read."""
        changes = [change for event in events if (change := self._change(event)) is not None]
        try:
            self._feed.told(*changes)
        except Unavailable:
            self._wait()

    def lost(self) -> None:
        """Note that something may have been missed."""
        self._connection += 1
        self._feed.lost()

    def caught_up(self) -> bool:
        """Return whether the index holds everything that was told."""
        return self._feed.ready

    def _change(self, event: Event) -> Change[Item] | None:
        try:
            return self._change_of(event)
        except ValueError as error:
            log.warning("feed_refused", event_id=event.id, why=str(error))
            return None

    def _wait(self) -> None:
        connection = self._connection
        while connection == self._connection and not self._feed.ready:
            self._clock.sleep(AGAIN)
            try:
                self._feed.catch_up()
            except Unavailable:
                continue


def version_of(event: Event) -> int:
    """Return the version of the aggregate that said this: the first part of the event's sequence."""
    return int(event.sequence.partition(".")[0])
