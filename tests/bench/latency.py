"""From an act to its letter in the inbox on an idle platform: how long, and which stage takes which share.

    save      the officer's act, until it is stored with its fact
    relay     until the fact is handed to the broker
    queue     until the reaction begins
    reaction  until the letter is stored, which is when the inbox shows it

Placement, notifications, statistics, residents and the relay each run in a process of their own; one act at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from shared.clock import SystemClock
from shared.config import settings
from shared.messaging.core import Core
from shared.messaging.message import Message
from shared.messaging.relaying import Relaying
from shared.messaging.topology import QUEUES
from shared.messaging.wire import PipelinedPublisher
from shared.telemetry.logs import configure
from tests.bench import cast
from tests.bench.bed import Bed, Watch
from tests.bench.hosted import Host, Writer, prepare_lap
from tests.bench.result import Result, percentile

STAGES = ("save", "relay", "queue", "reaction")
#: Seconds between acts: long enough that nothing of the last is still under way.
PAUSE = 0.15


class Officer(Writer):
    """Acts, one at a time."""

    def act(self, lap: str, number: int) -> tuple[float, float]:
        """Select one applicant; return when it began and when it was saved."""
        began = time.monotonic()
        self.select(lap, number, 1)
        return began, time.monotonic()


class Relayer:
    """The relay as it ships, with a look at what it hands to the broker."""

    def __init__(self) -> None:
        told = settings()
        configure("relay", told.log_level)
        self._handed: dict[str, float] = {}
        shipped = PipelinedPublisher.publish

        def publish(publisher: PipelinedPublisher, messages: Sequence[Message]) -> Any:
            at = time.monotonic()
            for message in messages:
                self._handed[message.message_id] = at
            return shipped(publisher, messages)

        PipelinedPublisher.publish = publish  # type: ignore[method-assign]
        self._relaying = Relaying(told, SystemClock())
        threading.Thread(target=self._relaying.run, daemon=True).start()
        while not self._relaying.readiness()["relay"]:
            time.sleep(0.01)

    def handed(self) -> dict[str, float]:
        """Return when each event was handed over, by its id."""
        return self._handed

    def close(self) -> None:
        """Stop."""
        self._relaying.stop()


class Letters(Host):
    """The notifications process as it ships, with a look at when its reactions begin and end; green."""

    def __init__(self, module: str) -> None:
        self._reacted: dict[str, tuple[float, float]] = {}
        shipped = Core.take

        def take(core: Core, batch: Any, settlement: Any) -> Any:
            began = time.monotonic()
            taken = shipped(core, batch, settlement)
            ended = time.monotonic()
            for delivery in batch:
                self._reacted[delivery.message_id] = (began, ended)
            return taken

        Core.take = take  # type: ignore[method-assign]
        super().__init__(module)

    def wait_reacted(self, event_id: str) -> tuple[float, float]:
        """Return when the reaction to an event began and when its effect was stored."""
        while event_id not in self._reacted:
            time.sleep(0.001)
        return self._reacted[event_id]


def run(bed: Bed, *, quick: bool, acts: int = 0) -> list[Result]:
    """Run it; two lines."""
    acts = acts or (40 if quick else 200)
    url = bed.a_vhost("town", tuple(spec.name for spec in QUEUES))
    environment = bed.environment(url, "late_")
    stages = bed.stages(
        [
            ("officer", "tests.bench.latency:Officer", False, environment, {}),
            ("relay", "tests.bench.latency:Relayer", False, environment, {}),
            ("notifications", "tests.bench.latency:Letters", True, environment, {"module": "services.notifications.service"}),
            *(
                (name, "tests.bench.hosted:Host", True, environment, {"module": f"services.{name}.service"})
                for name in ("placement", "statistics", "residents")
            ),
        ]
    )
    officer, relay, letters = stages[:3]
    prepare_lap(bed.engine.url, "late_", "l", acts + 3)
    took: dict[str, list[float]] = {name: [] for name in (*STAGES, "all")}
    told = []
    watch = Watch(bed, stages)
    for number in range(acts + 3):
        began, saved = officer.ask("act", lap="l", number=number)
        event_id = f"{cast.opening_id(f'l-{number}')}.2.0"
        told.append((event_id, began, saved, letters.ask("wait_reacted", event_id=event_id)))
        time.sleep(PAUSE)
    shares = watch.end()
    handed = relay.ask("handed")
    for event_id, began, saved, (reacting, stored) in told[3:]:
        # The nudge may be faster than the answer to the act: the relay then has waited for nothing.
        given = max(handed[event_id], saved)
        for name, length in zip(
            (*STAGES, "all"),
            (saved - began, given - saved, max(reacting - given, 0.0), stored - max(reacting, given), stored - began),
            strict=True,
        ):
            took[name].append(length * 1000)
    whole = sum(sum(took[name]) for name in STAGES)
    parts = ", ".join(
        f"{name} {percentile(took[name], 0.5):.1f} ms ({sum(took[name]) / whole * 100:.0f} %)" for name in STAGES
    )
    cores = ", ".join(f"{name} {share:.2f}" for name, share in sorted(shares.items(), key=lambda pair: -pair[1])[:4])
    return [
        Result("act to letter, idle, p50", percentile(took["all"], 0.5), "ms", limits=f"median (share): {parts}"),
        Result("act to letter, idle, p99", percentile(took["all"], 0.99), "ms", limits=f"CPU, cores: {cores}"),
    ]
