"""The relay's process: ``python -m shared.messaging.relaying``. Plain Python: no nameko, no eventlet.

    city.nudge --> wake --> sweep every outbox until empty --> wait for a nudge, at most 1 s
                   every 30 s: put back what died only because it was delivered too often

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

from shared.clock import Clock, SystemClock
from shared.config import Settings, settings
from shared.errors import Unavailable
from shared.messaging import nudge
from shared.messaging.dead import LimitDeaths
from shared.messaging.line import BackOff, Line
from shared.messaging.outbox import waiting
from shared.messaging.relay import Relay, Swept
from shared.messaging.wire import PipelinedPublisher
from shared.mongo import real
from shared.mongo.port import Collection, Database
from shared.telemetry import log, metrics
from shared.telemetry.doors import Doors
from shared.telemetry.logs import configure

#: Every collection with an outbox, by service.
OUTBOXES: Mapping[str, tuple[str, ...]] = {
    "placement": ("programmes", "budgets", "openings", "applications"),
    "residents": ("residents",),
    "notifications": ("letters",),
    "statistics": (),
}
#: Seconds: the safety net when a nudge was lost.
POLL = 1.0
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
        self._collections = outboxes(database)
        self._answers = database("placement").answers
        self._publisher = PipelinedPublisher(told.amqp_url, "relay")
        self._relay = Relay(list(self._collections.values()), self._publisher)
        self._limit_deaths = LimitDeaths(told.amqp_url)
        self._nudged = Line(told.amqp_url, "relay nudged", prepare=_nudged_queue, prefetch=0, no_ack=True)
        self._stopping = threading.Event()
        self._healthy = False
        self._next_sample = 0.0
        self._next_replay = time.monotonic() + REPLAY

    def readiness(self) -> dict[str, bool]:
        """Return what ``/readyz`` asks."""
        return {"database": self._answers(), "relay": self._healthy}

    def stop(self) -> None:
        """Finish the round at work, then end."""
        self._stopping.set()
        self._nudged.stirred.set()

    def run(self) -> None:
        """Relay until stopped."""
        listening = threading.Thread(target=self._nudged.run, name="nudged", daemon=True)
        listening.start()
        self._nudged.allow()
        pauses = BackOff()
        while not self._stopping.is_set():
            self._nudged.arrived.clear()
            self._nudged.stirred.clear()
            try:
                more = self._round()
            except Unavailable as error:
                self._healthy = False
                log.warning("relay_waits", why=str(error))
                self._stopping.wait(pauses.next())
                continue
            self._healthy = True
            pauses.reset()
            if not more:
                self._nudged.stirred.wait(POLL)
        self._nudged.close()
        self._nudged.wait_closed(2.0)
        self._publisher.close()

    def _round(self) -> bool:
        """Sweep once, look after the rest; return whether there may be more."""
        started = time.monotonic()
        swept = self._relay.sweep()
        _count(swept)
        if swept.published or swept.stuck:
            metrics.RELAY_ROUND_SECONDS.observe(time.monotonic() - started)
            log.debug("relayed", published=swept.published, stuck=swept.stuck)
        if started >= self._next_sample:
            self._sample()
            self._next_sample = started + SAMPLE
        if started >= self._next_replay:
            self._next_replay = started + REPLAY
            replayed = self._limit_deaths.replay()
            if replayed:
                log.warning("replayed_limit_deaths", count=replayed)
        return bool(swept.published)

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
