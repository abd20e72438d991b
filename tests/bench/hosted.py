"""Our own processes as stages: a service's host, the relay, and the writers of acts."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import Any

from shared.clock import SystemClock
from shared.config import settings
from shared.house import House, house_of
from shared.messaging.entrypoints import Told
from shared.messaging.relaying import Relaying
from shared.mongo.real import connect
from shared.telemetry import metrics
from shared.telemetry.logs import configure
from shared.town import town
from tests.bench import cast

#: Seconds between looks at a counter.
LOOK = 0.005


class Host:
    """A service module, hosted as ``shared.host`` does it; green."""

    def __init__(self, module: str) -> None:
        told = settings()
        configure(module, told.log_level)
        self.house: House = house_of(import_module(module), told)
        open_house(self.house)

    def done(self, queue: str) -> int:
        """Return how many events of a queue have had their effect."""
        return int(metrics.EVENTS_DONE.labels(queue)._value.get())

    def wait_done(self, queue: str, count: int) -> float:
        """Return the instant at which so many events have had their effect."""
        while self.done(queue) < count:
            time.sleep(LOOK)
        return time.monotonic()

    def pause(self) -> None:
        """Stop consuming."""
        for line in self._lines():
            line.pause()
            while line.consuming:
                time.sleep(LOOK)

    def drain(self, queue: str, count: int) -> dict[str, float]:
        """Consume what waits; return when it was told to and when the last effect was stored."""
        wanted = self.done(queue) + count
        began = time.monotonic()
        for line in self._lines():
            line.allow()
        return {"began": began, "ended": self.wait_done(queue, wanted)}

    def _lines(self) -> list[Any]:
        return [
            extension._line
            for container in self.house._runner.service_map.values()
            for extension in container.extensions
            if isinstance(extension, Told)
        ]


def open_house(house: House) -> None:
    """Open a house and wait until it takes work."""
    house.open()
    while not all(house.premises.readiness().values()):
        time.sleep(0.05)


class Relayer:
    """The relay's process."""

    def __init__(self) -> None:
        told = settings()
        configure("relay", told.log_level)
        self._relaying = Relaying(told, SystemClock())
        threading.Thread(target=self._relaying.run, daemon=True).start()
        while not self._relaying.readiness()["relay"]:
            time.sleep(LOOK)

    def close(self) -> None:
        """Stop."""
        self._relaying.stop()


class Writer:
    """Selects applicants, by the shipped use case, on the shipped storage."""

    def __init__(self) -> None:
        from services.placement.wiring import furnish  # noqa: PLC0415  (only this part needs placement)
        from shared.actors import Actor  # noqa: PLC0415

        self._town = town(settings())
        self._desk = furnish(self._town).openings
        self._officer = Actor("officer-1", frozenset({"officer"}), cast.TENANT)
        self._desk.openings.prepare()
        self._desk.applications.prepare()

    def select(self, lap: str, first: int, count: int) -> None:
        """Select one applicant for each of these openings."""

        def act(number: int) -> None:
            name = f"{lap}-{number}"
            self._desk.select(
                self._officer,
                act_id=f"act-{name}",
                opening_id=cast.opening_id(name),
                resident_id=cast.resident_id(name),
            )

        cast.at_once(act, first, count)


def prepare_lap(mongo_url: str, prefix: str, lap: str, count: int) -> None:
    """Store the openings that a lap's writers will select for."""
    cast.prepare_openings(connect(mongo_url, f"{prefix}placement"), [f"{lap}-{number}" for number in range(count)])
