"""Real services behind the door, in one process: the door asks, the use cases answer, on twins of their databases.

What crosses between them is what crosses the broker: JSON, a token, and the arguments that the service's schema lets in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from marshmallow import RAISE, ValidationError

from shared.auth import Keys
from shared.clock import StoppedClock
from shared.errors import Refused
from shared.ids import SeededIds
from shared.messaging.entrypoints import Asked, Desk
from shared.messaging.entrypoints.request import first_fault
from shared.mongo.twin import TwinDatabase
from shared.town import Town, twin_town
from tests.services.gateway.twins import KEYS, Door, TwinDesk, TwinServices, a_gateway


class Hosted:
    """Answers RPC as the processes of these services would."""

    def __init__(self, services: Iterable[type], town: Town, keys: Keys) -> None:
        self.town, self._keys = town, keys
        self._services = {service.name: self._furnished(service) for service in services}  # type: ignore[attr-defined]

    def call(
        self, service: str, method: str, /, *, token: str | None = None, timeout: float = 10.0, **named: Any
    ) -> Any:
        """Return what the method answers; raise what it refuses."""
        kwargs = orjson.loads(orjson.dumps(named))
        hosted = self._services[service]
        (entrypoint,) = (one for one in getattr(hosted, method).nameko_entrypoints if isinstance(one, Asked))
        actor = self._keys.verify(token, self.town.clock.now())
        if entrypoint.schema is not None:
            try:
                kwargs = entrypoint.schema.load(kwargs, unknown=RAISE)
            except ValidationError as error:
                field, why = first_fault(error.messages)
                raise Refused("input_invalid", field=field, why=why) from error
        return orjson.loads(orjson.dumps(getattr(hosted, method)(actor, **kwargs)))

    def _furnished(self, service: type) -> Any:
        hosted = service()
        for name, given in vars(service).items():
            if isinstance(given, Desk):
                setattr(hosted, name, given._build(self.town))
        return hosted


def a_door_to(tmp_path: Path, services: Iterable[type], *, name: str) -> Door:
    """Return the door of a town in which these services, whose database is ``name``, really are there."""
    door = a_gateway(tmp_path)
    database = TwinDatabase(name)
    clock = door.ports.clock
    assert isinstance(clock, StoppedClock)
    town = twin_town(database=lambda _name: database, clock=clock, ids=SeededIds(1), keys=KEYS)
    hosted = Hosted(services, town, KEYS)
    return Door(
        dataclasses.replace(door.ports, ask=hosted),
        TwinServices({}),
        TwinDesk(),
        door.publisher_key,
    )
