"""The relay's process: ``python -m shared.messaging.relaying``. Plain Python: no nameko, no eventlet.

    city.nudge --> wake --> sweep the outboxes it names until empty --> wait for a nudge, at most 1 s
                   every second: sweep them all
    beside it, every 30 s: put back what died only because it was delivered too often

Where acts come one upon another, a round is followed by a rest, so that the next finds a batch: a round that finds one
fact costs the database, and whoever reacts, nearly what one with ten does. An act that comes alone waits for nothing.

One runs; two are harmless. SIGTERM finishes the round at work.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from amqp import exceptions

from shared.clock import Clock, SystemClock
from shared.config import Settings, settings
from shared.errors import Unavailable
from shared.messaging import nudge, topology
from shared.messaging.dead import LimitDeaths
from shared.messaging.line import BackOff, Line
from shared.messaging.outbox import waiting
from shared.messaging.relay import Relay, Swept
from shared.messaging.wire import LOST, NoSuchExchange, PipelinedPublisher, connect, hang_up
from shared.mongo import real
from shared.mongo.port import Collection, Database
from shared.telemetry import log, metrics
from shared.telemetry.doors import Doors
from shared.telemetry.logs import configure

#: Every collection with an outbox, by service.
OUTBOXES: Mapping[str, tuple[str, ...]] = {
    "placement": (
        "programmes",
        "budgets",
        "calls",
        "proposals",
        "agreements",
        "participations",
        "openings",
        "applications",
        "sheets",
        "placements_work",
        "pay_months",
        "batches",
        "evaluations",
    ),
    "spaces": (
        "facilities",
        "spaces",
        "plans",
        "subscriptions",
        "ledgers",
        "seat_plans",
        "diaries",
        "bookings",
        "tallies",
        "wishes",
        "conduct_records",
        "cases",
        "feeds",
    ),
    "residents": ("residents", "group_counts"),
    "notifications": ("letters",),
    "statistics": (),
}
#: Seconds: the safety net when a nudge was lost.
POLL = 1.0
#: A round that found something is followed by a rest of so many times its length, at most so many seconds: the busier
#: the database, the larger the batches. There is no rest after a full batch.
REST, LONGEST_REST = 1.0, 0.02
#: Nudges read in one round; what is left only says again what was said.
NUDGES = 10_000
#: Seconds between looks at how much waits, and how long already.
SAMPLE = 5.0
#: Seconds between replays of what died by the delivery limit.
REPLAY = 30.0
#: Facts looked at per collection when sampling.
SAMPLED = 50


def outboxes(database: Callable[[str], Database]) -> dict[str, Collection]:
    """Return every collection with an outbox, as ``<service>.<collection>``."""
    return {
        f"{service}.{name}": database(service).collection(name) for service, names in OUTBOXES.items() for name in names
    }


class Relaying:
    """The loop around the relay."""

    def __init__(self, told: Settings, clock: Clock) -> None:
        mongo = real.client(told.mongo_url)

        def database(service: str) -> Database:
            return real.RealDatabase(mongo, f"{told.db_prefix}{service}")

        self._clock = clock
        self._amqp_url = told.amqp_url
        self._collections = outboxes(database)
        self._named = {f"{told.db_prefix}{name}": collection for name, collection in self._collections.items()}
        self._answers = database("placement").answers
        self._publisher = PipelinedPublisher(told.amqp_url, "relay")
        self._relay = Relay(list(self._collections.values()), self._publisher)
        self._limit_deaths = LimitDeaths(told.amqp_url)
        self._nudged = Line(told.amqp_url, "relay nudged", prepare=_nudged_queue, prefetch=0, no_ack=True)
        self._stopping = threading.Event()
        self._healthy = False
        #: When all outboxes are to be swept, whatever nudges named.
        self._next_whole = 0.0
        self._next_sample = 0.0
        #: What ended the replaying, if it was not told to stop.
        self._failed: Exception | None = None

    def readiness(self) -> dict[str, bool]:
        """Return what ``/readyz`` asks."""
        return {"database": self._answers(), "relay": self._healthy}

    def stop(self) -> None:
        """Finish the round at work, then end."""
        self._stopping.set()
        self._nudged.stirred.set()

    def run(self) -> None:
        """Relay until stopped; raise what made it stop otherwise."""
        listening = threading.Thread(target=self._nudged.run, name="nudged", daemon=True)
        listening.start()
        self._nudged.allow()
        # Looking through thousands of dead letters takes seconds, which no fact should wait.
        threading.Thread(target=self._replay, name="replaying", daemon=True).start()
        pauses = BackOff()
        more = False
        while not self._stopping.is_set():
            self._nudged.stirred.clear()
            started = time.monotonic()
            named = self._where_nudged()
            try:
                swept = self._round(None if more or started >= self._next_whole else named)
            except Unavailable as error:
                self._healthy, self._next_whole = False, 0.0
                if isinstance(error, NoSuchExchange):
                    self._declare()
                log.warning("relay_waits", why=str(error))
                self._stopping.wait(pauses.next())
                continue
            self._healthy = True
            pauses.reset()
            more = swept.more
            ended = time.monotonic()
            rested = ended + min(REST * (ended - started), LONGEST_REST)
            if not more:
                self._nudged.stirred.wait(POLL)
                if swept.published:
                    self._stopping.wait(max(0.0, rested - time.monotonic()))
        self._nudged.close()
        self._nudged.wait_closed(2.0)
        self._publisher.close()
        if self._failed is not None:
            raise self._failed

    def _declare(self) -> None:
        """Declare the topology on a broker that was reset."""
        try:
            connection = connect(self._amqp_url, "relay declares")
            try:
                topology.declare(connection.channel())
                log.warning("topology_declared", why="the broker knew no exchange")
            finally:
                hang_up(connection)
        except (Unavailable, *LOST, exceptions.AMQPError) as error:
            log.warning("topology_not_declared", why=f"{type(error).__name__}: {error}")

    def _replay(self) -> None:
        """Put limit deaths back now and then, beside the relay; what should not fail ends the process."""
        try:
            while not self._stopping.wait(REPLAY):
                try:
                    replayed = self._limit_deaths.replay()
                except Unavailable as error:
                    log.warning("replay_waits", why=str(error))
                    continue
                if replayed:
                    log.warning("replayed_limit_deaths", count=replayed)
        except Exception as error:  # noqa: BLE001  (raised again by the main thread)
            self._failed = error
            self.stop()

    def _where_nudged(self) -> list[Collection] | None:
        """Return the outboxes that were named since the last round; None: any."""
        _, nudges = self._nudged.take(NUDGES)
        named = [nudge.read(bytes(message.body or b"")) for message in nudges]
        if not named or None in named:
            return None
        told = frozenset().union(*(where for where in named if where is not None))
        return [collection for name, collection in self._named.items() if name in told]

    def _round(self, only: list[Collection] | None) -> Swept:
        """Sweep once, look after the rest."""
        started = time.monotonic()
        swept = self._relay.sweep(only)
        if only is None:
            self._next_whole = started + POLL
        _count(swept)
        if swept.published or swept.stuck:
            metrics.RELAY_ROUND_SECONDS.observe(time.monotonic() - started)
            log.debug("relayed", published=swept.published, stuck=swept.stuck)
        if started >= self._next_sample:
            self._sample()
            self._next_sample = started + SAMPLE
        return swept

    def _sample(self) -> None:
        oldest: datetime | None = None
        for name, collection in self._collections.items():
            found = waiting(collection, SAMPLED)
            metrics.OUTBOX_WAITING.labels(name).set(len(found))
            for item in found:
                at = item.entry["time"]
                oldest = at if oldest is None or at < oldest else oldest
        metrics.OUTBOX_AGE.set(0 if oldest is None else (self._clock.now() - oldest).total_seconds())


def _count(swept: Swept) -> None:
    for key, count in swept.keys.items():
        metrics.RELAY_PUBLISHED.labels(key).inc(count)
    metrics.RELAY_STUCK.inc(swept.stuck)


def _nudged_queue(channel: Any) -> str:
    nudge.declare(channel)
    name = str(channel.queue_declare("", durable=False, exclusive=True, auto_delete=True).queue)
    channel.queue_bind(name, nudge.NUDGE)
    return name


def main() -> int:
    """Relay until SIGTERM; return the exit status."""
    told = settings()
    configure("relay", told.log_level)
    relaying = Relaying(told, SystemClock())
    doors = None if told.metrics_port is None else Doors(told.metrics_port, relaying.readiness, host=told.metrics_host)
    if doors is not None:
        doors.open()

    def stop(signum: int, _frame: Any) -> None:
        log.info("stopping", signal=signal.Signals(signum).name)
        relaying.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    relaying.run()
    if doors is not None:
        doors.close()
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
