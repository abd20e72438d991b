"""One process's nameko containers: opened in order, watched through their doors, closed in order.

Imported only after monkey-patching (shared/host.py): it brings nameko, pymongo and py-amqp with it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from shared.config import Settings, settings
from shared.messaging.premises import PREMISES, Premises
from shared.telemetry import log
from shared.telemetry.doors import Doors
from shared.telemetry.logs import configure
from shared.town import Town, town

#: Workers a service class may run at once: those of RPC, one for each queue, timer and feed, and some to spare.
MAX_WORKERS = 32


class House:
    """The nameko containers of one process, their doors, and the order in which they open and close."""

    def __init__(
        self,
        classes: Sequence[type],
        *,
        town: Town,
        service: str,
        prepare: Callable[[Town], None] | None = None,
    ) -> None:
        self.premises = Premises(town=town, service=service, prepare=prepare)
        self._runner = ServiceRunner(
            {
                "AMQP_URI": town.settings.amqp_url,
                "max_workers": MAX_WORKERS,
                "parent_calls_tracked": 1,
                PREMISES: self.premises,
            }
        )
        for cls in classes:
            self._runner.add_service(cls)
        port = town.settings.metrics_port
        self.doors = None if port is None else Doors(port, self.premises.readiness, host=town.settings.metrics_host)

    def open(self) -> None:
        """Open the doors, start the containers, and open the intakes as soon as the database answers."""
        if self.doors is not None:
            self.doors.open()
        self._runner.start()
        threading.Thread(target=self._open_intakes, name="opening", daemon=True).start()

    def _open_intakes(self) -> None:
        """Open them; what can't be waited for (an index that conflicts, a wrong password) ends the process."""
        try:
            self.premises.open()
        except Exception as error:  # noqa: BLE001  (raised again by ``wait``)
            log.critical("cannot_open", of=self.premises.service, exc_info=error)
            for container in self._runner.containers:
                container.kill((type(error), error, error.__traceback__))

    def close(self) -> None:
        """Stop intake, let what is at work finish, hang up."""
        self.premises.closing.set()
        self._runner.stop()
        self.premises.close()
        if self.doors is not None:
            self.doors.close()

    def wait(self) -> None:
        """Wait until everything has stopped; raise what made it stop."""
        self._runner.wait()


def house_of(module: ModuleType, told: Settings) -> House:
    """Return the house of a service module: ``SERVICES``, its ``prepare`` if it has one, its package's name."""
    return House(
        module.SERVICES,
        town=town(told),
        service=module.__name__.split(".")[-2],
        prepare=getattr(module, "prepare", None),
    )


def serve(name: str) -> None:
    """Host the module of that name until SIGTERM; raise what made it stop otherwise."""
    told = settings()
    configure(name.split(".")[-2], told.log_level)
    house = house_of(import_module(name), told)

    def stop(signum: int, _frame: Any) -> None:
        log.info("stopping", signal=signal.Signals(signum).name)
        eventlet.spawn_n(house.close)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    house.open()
    house.wait()
    log.info("stopped")
