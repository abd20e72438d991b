"""The ports of one process, given to every service's ``build``: the same on real servers and on twins.

def build(town: Town) -> Openings:
    return Openings(storage=OpeningStorage(town.database("placement"), ...), clock=town.clock, ids=town.ids)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.actors import Actor
from shared.auth import GOOD_FOR, Keys
from shared.clock import Clock, SystemClock
from shared.config import Settings
from shared.errors import Unavailable
from shared.ids import Ids, SystemIds
from shared.messaging.nudge import BrokerNudge, Nudge, NudgingDatabase, no_nudge
from shared.messaging.rpc import TIMEOUT, RpcClient
from shared.mongo import real
from shared.mongo.port import Database
from shared.serial import KeyedQueue, Serial


class Ask(Protocol):
    """Asks another service, by name."""

    def call(
        self, service: str, method: str, /, *, token: str | None = None, timeout: float = TIMEOUT, **asked: Any
    ) -> Any:
        """Return the JSON result; ``timeout`` in seconds.

        Raises ``Refused``, ``NotFound`` or ``Conflict`` as the other side told, ``Unavailable`` when it doesn't
        answer in time or isn't there, ``NotUnderstood`` when there is no such method or the arguments don't fit it.
        """


class Nobody:
    """An ``Ask`` in a town where no other service lives."""

    def call(
        self, service: str, method: str, /, *, token: str | None = None, timeout: float = TIMEOUT, **asked: Any
    ) -> Any:
        """Raise ``Unavailable``."""
        raise Unavailable(f"{service}.{method}: no such service listens")


@dataclass(frozen=True)
class Town:
    """What one process stands on. Nothing in it is opened before its first use."""

    settings: Settings
    #: By the service's name: ``town.database("placement")``. A service asks for its own only.
    database: Callable[[str], Database]
    clock: Clock
    ids: Ids
    serial: Serial
    keys: Keys
    ask: Ask
    nudge: Nudge = no_nudge
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict, repr=False, compare=False)

    def service_token(self, name: str) -> str:
        """Return a token with which the service ``name`` speaks for itself, in every tenant."""
        now = self.clock.now()
        token, until = self._tokens.get(name, ("", now))
        if now >= until:
            token = self.keys.issue(Actor(name, frozenset({"service"}), ""), now)
            self._tokens[name] = (token, now + GOOD_FOR - timedelta(minutes=1))
        return token


def town(settings: Settings) -> Town:
    """Return the town on real servers; call it after forking or monkey-patching."""
    mongo = real.client(settings.mongo_url)
    nudge = BrokerNudge(settings.amqp_url)

    def database(service: str) -> Database:
        return NudgingDatabase(mongo, f"{settings.db_prefix}{service}", nudge)

    return Town(
        settings=settings,
        database=database,
        clock=SystemClock(),
        ids=SystemIds(),
        serial=KeyedQueue(),
        keys=Keys.read(settings.token_keys),
        ask=RpcClient(settings.amqp_url),
        nudge=nudge,
    )


def twin_town(
    *,
    database: Callable[[str], Database],
    clock: Clock,
    ids: Ids,
    serial: Serial | None = None,
    keys: Keys | None = None,
    ask: Ask | None = None,
    settings: Settings | None = None,
) -> Town:
    """Return a town on twins, for tests and the simulation."""
    return Town(
        settings=settings or Settings(),
        database=database,
        clock=clock,
        ids=ids,
        serial=serial or KeyedQueue(),
        keys=keys or Keys.new(),
        ask=ask or Nobody(),
    )
