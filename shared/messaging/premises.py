"""What the nameko extensions of one process share: the town, the built use cases, and when work may begin.

Nothing here knows nameko; a process's extensions find it in their container's configuration under ``PREMISES``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.clock import Clock
from shared.errors import Unavailable
from shared.messaging.line import BackOff
from shared.messaging.outsiders import FILE, Outsiders
from shared.messaging.reasons import Reasons
from shared.messaging.rpc import RpcClient
from shared.mongo.port import Database
from shared.telemetry import log
from shared.town import Town

#: Key in a nameko container's configuration.
PREMISES = "sipbun"
#: Collection, in each service's own database, of why messages died.
DEAD_REASONS = "dead_reasons"


@dataclass
class Premises:
    """One process: its town, the service it is, and the conditions under which it is ready."""

    town: Town
    #: Whose database must answer before any intake opens.
    service: str
    #: Makes indexes; called once the database answers.
    prepare: Callable[[Town], None] | None = None
    #: Set once the database has answered and ``prepare`` has run.
    opened: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    #: Name -> whether it holds; what ``/readyz`` asks.
    conditions: dict[str, Callable[[], bool]] = field(default_factory=dict)
    _built: dict[Callable[[Town], Any], Any] = field(default_factory=dict)
    _building: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def outsiders(self) -> Outsiders:
        """For which tenants outside systems may speak."""
        return Outsiders(self.town.settings.state_dir / FILE)

    def built(self, build: Callable[[Town], Any]) -> Any:
        """Return what ``build`` makes of the town; the same object for everyone in this process."""
        with self._building:
            if build not in self._built:
                self._built[build] = build(self.town)
            return self._built[build]

    def reasons(self, service: str | None = None) -> Reasons:
        """Return where a service (this one, unless named) keeps why messages died."""
        return reasons_of(self.town.database(service or self.service), self.town.clock)

    def answers(self) -> bool:
        """Return whether the service's database answers."""
        return self.town.database(self.service).answers()

    def open(self) -> None:
        """Wait until the database answers, prepare, then let the intakes open."""
        pauses = BackOff()
        while not self.closing.is_set():
            try:
                if self.answers():
                    self.reasons().prepare()
                    if self.prepare is not None:
                        self.prepare(self.town)
                    self.opened.set()
                    log.info("open", of=self.service)
                    return
            except Unavailable as error:
                log.warning("waiting_for_database", why=str(error))
            self.closing.wait(pauses.next())

    def close(self) -> None:
        """Hang up what the town opened."""
        self.closing.set()
        if isinstance(self.town.ask, RpcClient):
            self.town.ask.close()

    def readiness(self) -> dict[str, bool]:
        """Return each condition and whether it holds."""
        return {
            "opened": self.opened.is_set(),
            "database": self.answers(),
            **{name: holds() for name, holds in self.conditions.items()},
        }


def reasons_of(database: Database, clock: Clock) -> Reasons:
    """Return where a service keeps why messages died, in its own database."""
    return Reasons(database.collection(DEAD_REASONS), clock)
