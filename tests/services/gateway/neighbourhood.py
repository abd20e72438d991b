"""Placement and residents behind the door, in one process: they ask each other, and hear what is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from services.placement import service as placement
from services.residents import service as residents
from shared.actors import Actor
from shared.auth import Keys
from shared.clock import KST, StoppedClock, iso
from shared.ids import SeededIds
from shared.messaging.entrypoints import Desk, Told
from shared.messaging.outbox import event_of
from shared.mongo.twin import TwinDatabase
from shared.town import Town, twin_town
from tests.services.gateway.hosted import Hosted
from tests.services.gateway.twins import KEYS, Door, a_gateway, an_opening
from tests.services.placement.office import a_row

TENANT, DISTRICT = "gwangsan", "29200"
PROGRAMME = f"{TENANT}:gs-citizen-allowance"
#: Where a resident is paid.
ACCOUNT = {"method": "bank", "code": "004", "number": "000-00-000000", "holder": "은하"}


def somebody(subject: str, role: str, *districts: str, tenant: str = TENANT) -> Actor:
    """Return an actor of one role."""
    return Actor(subject, frozenset({role}), tenant, frozenset(districts))


OPERATOR = somebody("operator-1", "operator")
OFFICER, SECOND = somebody("officer-다온", "officer", DISTRICT), somebody("officer-새롬", "officer", DISTRICT)
ELSEWHERE = somebody("officer-북구", "officer", "29170")
OTHER_TOWN = somebody("officer-전주", "officer", tenant="jeonju")
HOST, OTHER_HOST = somebody("host-은하수", "host"), somebody("host-별빛", "host")
EUNHA, BYEOL = somebody("res-은하", "resident"), somebody("res-별", "resident")


class Process(Hosted):
    """Services that share what they stand on, as those of one process do."""

    def __init__(self, services: Iterable[type], town: Town, keys: Keys) -> None:
        self._built: dict[Any, Any] = {}
        super().__init__(services, town, keys)

    def _furnished(self, service: type) -> Any:
        hosted = service()
        for name, given in vars(service).items():
            if isinstance(given, Desk):
                if given._build not in self._built:
                    self._built[given._build] = given._build(self.town)
                setattr(hosted, name, self._built[given._build])
        return hosted


@dataclass
class Both:
    """Asks whoever hosts the service."""

    hosted: list[Hosted] = field(default_factory=list)

    def call(self, service: str, method: str, /, *, token: str | None = None, timeout: float = 10.0, **named: Any) -> Any:
        """Return what it answers."""
        (one,) = (one for one in self.hosted if service in one._services)
        return one.call(service, method, token=token, timeout=timeout, **named)


@dataclass
class Neighbourhood:
    """A town behind its door, whose clock stands still."""

    door: Door
    clock: StoppedClock
    both: Both
    databases: tuple[TwinDatabase, ...]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def asks(self, by: Actor | None, method: str, path: str, /, **body: Any) -> Any:
        """Ask at the door and let everybody hear what followed; return the response."""
        answer = self.door.ask(method, path, by=by, json=body or None)
        self.hears()
        return answer

    def does(self, by: Actor | None, method: str, path: str, /, **body: Any) -> Any:
        """Ask at the door for what must succeed; return its JSON."""
        answer = self.asks(by, method, path, **body)
        assert answer.status_code < 300, answer.json
        return answer.json

    def status(self, by: Actor | None, method: str, path: str, /, **body: Any) -> tuple[int, str | None]:
        """Return the status, and the code of the problem if it is one."""
        answer = self.asks(by, method, path, **body)
        return answer.status_code, (answer.json or {}).get("code") if answer.status_code >= 400 else None

    def hears(self) -> None:
        """Relay what waits in the outboxes until nobody says more."""
        while events := list(self._said()):
            for event in events:
                for table in self._tables():
                    if event.type in table:
                        table[event.type]([event])

    def passes(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**span))

    def sweeps(self, service: str, *timers: str) -> None:
        """Let a service's timers do what is due, and let everybody hear of it."""
        (hosted,) = (one for one in self.both.hosted if service in one._services)
        for timer in timers:
            getattr(hosted._services[service], timer)()
            self.hears()

    def works(self) -> str:
        """Publish an opening with a host, let a resident get a place, and return the id of the shift's sheet."""
        start = (self.clock.now() + timedelta(days=2)).astimezone(KST).replace(hour=10, minute=0)
        shift = {"start": iso(start), "end": iso(start + timedelta(hours=2))}
        opening = an_opening(
            opening_id="opn-1",
            shifts=[shift],
            hosts=[HOST.subject],
            deadline=iso(self.clock.now() + timedelta(days=1)),
            dong="첨단2동",
        )
        self.does(OFFICER, "POST", "/v1/openings", **opening)
        for one in (EUNHA, BYEOL):
            self.does(one, "POST", "/v1/openings/opn-1/applications")
        self.does(OFFICER, "POST", "/v1/openings/opn-1/placements", resident_id=EUNHA.subject)
        return f"opn-1:{EUNHA.subject}:1:0"

    def _said(self) -> Iterator[Any]:
        for database in self.databases:
            for collection in database.collections().values():
                for document in list(collection.find({"outbox.s": "new"}, ["outbox"])):
                    yield from [event_of(entry) for entry in document["outbox"]]
                    ids = [entry["id"] for entry in document["outbox"]]
                    collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})

    def _tables(self) -> Iterator[Any]:
        for hosted in self.both.hosted:
            for service in hosted._services.values():
                for name, method in vars(type(service)).items():
                    if any(isinstance(one, Told) for one in getattr(method, "nameko_entrypoints", ())):
                        yield getattr(service, name)()


def a_neighbourhood(tmp_path: Path, also: Sequence[ModuleType] = ()) -> Neighbourhood:
    """Return a town with an open tenant, one programme with a budget, two residents, and nobody at work yet.

    ``also``: further processes of it, by the modules that say which services they host.
    """
    door = a_gateway(tmp_path)
    clock = StoppedClock(door.ports.clock.now())
    both = Both()
    processes: tuple[Any, ...] = (placement, residents, *also)
    databases = tuple(TwinDatabase(process.__name__.split(".")[1]) for process in processes)
    for number, (process, database) in enumerate(zip(processes, databases, strict=True)):
        ids = SeededIds(number + 1)
        town = twin_town(database=_always(database), clock=clock, ids=ids, keys=KEYS, ask=both)
        process.prepare(town)
        both.hosted.append(Process(process.SERVICES, town, KEYS))
    ports = dataclasses.replace(door.ports, ask=both, clock=clock)
    there = Neighbourhood(Door(ports, door.services, door.desk, door.publisher_key), clock, both, databases)
    there.does(OPERATOR, "POST", "/v1/tenants", tenant=TENANT, name="광주광역시 광산구")
    if also:
        # Letters ask who lives near, and that is an index that is loaded first.
        both.hosted[1]._services["residents_interests"].index().opened()
    token = KEYS.issue(OPERATOR, clock.now())
    both.call("placement_programmes", "load", token=token, tenant=TENANT, programmes=[a_row()])
    for one in (EUNHA, BYEOL):
        consents = [{"purpose": purpose, "text_version": "2026-01"} for purpose in ("service", "payout", "target_groups")]
        there.does(one, "POST", "/v1/residents", name="은하", over_14=True, consents=consents)
    return there


def _always(database: TwinDatabase) -> Callable[[str], TwinDatabase]:
    return lambda _name: database
