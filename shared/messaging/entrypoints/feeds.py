"""``@fed``: an index in memory, kept up to date from a queue of this process alone.

    bind --> load while events wait --> apply what came since --> lost connection: load again
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from nameko.extensions import Entrypoint

from shared.errors import Unavailable
from shared.events.contract import ContractBroken
from shared.events.envelope import Event, Unreadable
from shared.messaging.core import Core, ignore
from shared.messaging.entrypoints.hosting import (
    BATCH,
    GOODBYE,
    LONGEST_PAUSE,
    Method,
    own_thread,
    premises_of,
    wait_for_opening,
)
from shared.messaging.line import BackOff, Line
from shared.messaging.message import EVENTS
from shared.messaging.topology import FEEDS, QueueSpec, routing_keys
from shared.messaging.wire import delivery_of, user_of
from shared.telemetry import log, metrics


def fed(feed_name: str) -> Callable[[Method], Method]:
    """Keep the index that a method returns (a ``Feed``) up to date from a queue of this process alone."""
    return cast(Callable[[Method], Method], Fed.decorator(feed_name))


class Feed(Protocol):
    """An index in memory that can be loaded and kept up to date (shared/reach/feed.py)."""

    def opened(self) -> None:
        """Load: what is published from now on will be told."""

    def told(self, events: Sequence[Event]) -> None:
        """Apply what is newer than what is known."""

    def lost(self) -> None:
        """Forget that it is up to date: something may have been missed."""

    def caught_up(self) -> bool:
        """Return whether it is up to date."""


class Fed(Entrypoint):  # type: ignore[misc]
    """Binds first, then lets the feed load, then applies what came since; a lost connection means loading again."""

    def __init__(self, feed_name: str) -> None:
        self.feed_name = feed_name
        self.hears = FEEDS[feed_name]
        self.stopping = threading.Event()
        self._pauses = BackOff(longest=LONGEST_PAUSE)
        super().__init__()

    def setup(self) -> None:
        """Find the premises."""
        self._premises = premises_of(self)
        self._line = Line(
            self._premises.town.settings.amqp_url,
            f"fed {self.feed_name}",
            prepare=self._declare,
            prefetch=0,
            no_ack=True,
        )
        spec = QueueSpec(self.feed_name, self.hears, user_of(self._premises.town.settings.amqp_url))
        self._core = Core(spec, dict.fromkeys(spec.types, ignore), self._premises.reasons())
        self._feed: Feed | None = None
        name = f"fed {self.feed_name}"
        self._premises.conditions[name] = lambda: self._feed is not None and self._feed.caught_up()

    def start(self) -> None:
        """Get the feed from a worker, then keep it fed."""
        own_thread(self._line.run, self, f"line {self.feed_name}")
        own_thread(self._keep, self, f"feed {self.feed_name}")

    def stop(self) -> None:
        """Close: nothing needs to be finished."""
        self.stopping.set()
        self._line.stirred.set()
        self._line.close()
        self._line.wait_closed(GOODBYE)

    def kill(self) -> None:
        """Close at once."""
        self.stopping.set()
        self._line.close()

    def _declare(self, channel: Any) -> str:
        name = str(channel.queue_declare("", durable=False, exclusive=True, auto_delete=True).queue)
        for key in routing_keys(self.hears):
            channel.queue_bind(name, EVENTS, key)
        return name

    def _keep(self) -> None:
        if not wait_for_opening(self._premises, self.stopping):
            return
        feed = self._ask_for_feed()
        self._line.allow()
        loaded: int | None = None
        while not self.stopping.is_set():
            self._line.stirred.wait()
            self._line.stirred.clear()
            if loaded is not None and loaded != self._line.epoch:
                feed.lost()
                loaded = None
            if loaded is None and self._line.consuming:
                loaded = self._load(feed)
            while loaded is not None and loaded == self._line.epoch and not self.stopping.is_set():
                epoch, messages = self._line.take(BATCH)
                if not messages or epoch != loaded:
                    break
                feed.told(self._events(messages))
                metrics.FEED_APPLIED.labels(self.feed_name).inc(len(messages))

    def _ask_for_feed(self) -> Feed:
        done = threading.Event()

        def note(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            self._feed = result
            done.set()
            return result, exc_info

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=note)
        done.wait()
        if self._feed is None:
            raise TypeError(f"{self.method_name} gave no feed")
        return self._feed

    def _load(self, feed: Feed) -> int | None:
        """Load while what is published meanwhile waits on the line; return the epoch that was loaded."""
        epoch = self._line.epoch
        try:
            feed.opened()
        except Unavailable as error:
            log.warning("feed_not_loaded", feed=self.feed_name, why=str(error))
            self.stopping.wait(self._pauses.next())
            self._line.stirred.set()
            return None
        self._pauses.reset()
        metrics.FEED_LOADS.labels(self.feed_name).inc()
        self._line.stirred.set()
        return epoch

    def _events(self, messages: Sequence[Any]) -> list[Event]:
        events = []
        for message in messages:
            delivery = delivery_of(message, None)
            try:
                events.append(self._core.read(delivery))
            except (Unreadable, ContractBroken) as error:
                log.warning("feed_refused", feed=self.feed_name, message_id=delivery.message_id, why=str(error))
        return events
