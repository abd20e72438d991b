"""A town on twins: two replicas of every service, two relays, one broker, one database a service.

What each service does is read off its ``service.py``: the same table of contents that nameko hosts (asked, told, due).
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from services.notifications import service as notifications
from services.notifications.mail.twin import MailTwin
from services.spaces import wiring as spaces
from services.spaces.agreement.calendar import Silent
from services.spaces.agreement.twin import TwinCalDav, TwinIcs, TwinServer
from shared.actors import Actor
from shared.auth import Keys
from shared.config import Settings
from shared.errors import Conflict, Unavailable
from shared.ids import SeededIds
from shared.messaging.core import Core, ignore
from shared.messaging.entrypoints import Asked, Desk, Due, Fed, Told
from shared.messaging.premises import reasons_of
from shared.messaging.relay import Relay
from shared.messaging.relaying import OUTBOXES
from shared.messaging.topology import QueueSpec, routing_keys
from shared.messaging.twin import TwinBroker, TwinConnection, TwinQueue
from shared.mongo.twin import DatabaseView, TwinCollection, TwinDatabase
from shared.town import Town, twin_town
from tests.simulation.scheduler import BEGINNING, Mishaps, Scheduler, SimProcess, SimSerial, Task

SERVICES = ("placement", "spaces", "residents", "notifications", "statistics")
REPLICAS = 2
#: Seconds a caller waits for an answer; the call may still go on.
PATIENCE = 10.0
#: Systems outside that publish, and for whom.
OUTSIDERS = {"muni1": frozenset({"gwangsan"})}
#: How much slower timers go once the storm is over and hours are waited through.
CALM_PACE = 12.0
#: How much slower the timers of a service go that has no people in a story.
IDLE_PACE = 12.0
#: How often a request to a calendar server, or its answer, is lost: the way there is long.
LOST_ON_THE_WAY = 0.03
#: Messages a simulated batch takes at most.
BATCH = 6
#: States of an opening in which places may still be given.
RUNNING = ("open", "filled", "selecting")


class World:
    """The town and everything in it."""

    def __init__(
        self,
        seed: int,
        mishaps: Mishaps,
        *,
        beginning: datetime = BEGINNING,
        idle: frozenset[str] = frozenset(),
        settings: Settings | None = None,
    ) -> None:
        self.scheduler = Scheduler(seed, mishaps, beginning)
        self.random = self.scheduler.random
        self.databases = {name: TwinDatabase(name) for name in SERVICES}
        self.broker = TwinBroker()
        self.ids = SeededIds(seed)
        self.mails = MailTwin(self.scheduler)
        #: The servers on which facilities keep their own calendars.
        self.calendars = TwinServer()
        #: Services, or desks of one, that nobody asks for anything in this story; they run all the same.
        self.idle = idle
        #: The operator's data, if it is not that which is shipped.
        self.settings = settings
        #: Called with the name of every write of a database, once it is done and before anybody else goes on.
        self.watchers: list[Callable[[str], None]] = []
        #: Won that the narrow programme's openings could cost, whenever an opening was written.
        self.granted_over_time: list[int] = []
        self.replicas: dict[str, list[Replica]] = {
            name: [Replica(self, name, number) for number in range(REPLICAS)] for name in SERVICES
        }
        self.relays = [RelayProcess(self, number) for number in range(REPLICAS)]
        self.people = SimProcess("people", can_fail=False)

    def call(self, service: str, method: str, /, *, token: Any = None, **asked: Any) -> Any:
        """Ask a replica that is up, as the RPC client does; raise ``Unavailable`` when no answer comes in time."""
        up = [one for replicas in self.replicas.values() for one in replicas if one.hosts(service) and one.process.alive]
        if not up:
            raise Unavailable(f"{service}: nobody listens")
        return up[int(self.random.random() * len(up))].answer(service, method, token, asked)

    @property
    def longest_idle(self) -> float:
        """Seconds between two looks of somebody who found nothing: a nudge or a push comes sooner in real life."""
        return 3.0 if self.scheduler.mishaps.crash else 30.0

    def end_storm(self) -> None:
        """Let everything be well again."""
        for database in self.databases.values():
            database.away = False
        self.broker.away = False
        self.calendars.away = False
        self.scheduler.calm()

    def step(self, what: str) -> None:
        """Stand between two steps; who watches sees every write, as what an opening promises is noted here."""
        if what.startswith("database ") and what.endswith(" done"):
            if what.startswith("database openings."):
                self.granted_over_time.append(self._promised())
            for watch in self.watchers:
                watch(what)
        self.scheduler.step(what)

    def calendar_step(self, what: str) -> None:
        """Stand before or after a request to a calendar server; raise ``Silent`` where it or its answer is lost."""
        try:
            self.scheduler.step(what)
        except Unavailable as away:
            raise Silent("no_answer", "lost") from away
        if self.scheduler.mishaps.crash and self.random.random() < LOST_ON_THE_WAY:
            self.scheduler.tell(f"{what}: lost on the way")
            raise Silent("no_answer", "lost")

    def _promised(self) -> int:
        promised = 0
        for opening in self.databases["placement"].collection("openings").everything():
            if not opening.get("tombstone") and opening["programme_id"].endswith(":narrow"):
                minutes = sum((shift["end"] - shift["start"]).total_seconds() // 60 for shift in opening["shifts"])
                may_fill = opening["state"] in RUNNING
                places = opening["places"] if may_fill else len(opening["placements"])
                promised += places * -(-int(minutes) * opening["hourly_won"] // 60)
        return promised

    def at_rest(self) -> bool:
        """Return whether nothing is on its way any more."""
        waiting = any(
            queue.ready or queue.out for name, queue in self.broker.queues.items() if not _is_final(name)
        )
        letters = self.databases["notifications"].collection("letters").everything()
        if waiting or any(letter["mail"].get("due") for letter in letters if not self.is_beyond_the_log(letter)):
            return False
        return not any(
            entry["s"] == "new"
            for service, names in OUTBOXES.items()
            for name in names
            for document in self.databases[service].collection(name).everything()
            for entry in document.get("outbox", ())
        )


    def is_beyond_the_log(self, letter: Mapping[str, Any]) -> bool:
        """Return whether this letter's mail is in doubt, and the log that knew was rotated away: a person must look."""
        mail = letter["mail"]
        if mail["s"] != "unknown":
            return False
        return bool(mail["why"] == "log_too_old" or mail["since"] < self.mails.log_begins)


def _is_final(queue: str) -> bool:
    return queue.endswith(".dead") or queue == "city.parked"


class SimProcessHost:
    """A process with connections of its own."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.process = SimProcess(name, on_lost=self._lose, on_restart=self.start)
        self.connections: list[TwinConnection] = []
        self.own_queue: TwinQueue | None = None

    def start(self) -> None:
        """Begin, or begin again after a crash."""

    def connection(self) -> TwinConnection:
        """Open a connection that dies with the process."""
        connection = self.world.broker.connection(self.world.scheduler.step)
        self.connections.append(connection)
        return connection

    def spawn(self, name: str, do: Callable[[], Any]) -> Task:
        """Start a thread of this process."""
        return self.world.scheduler.spawn(self.process, f"{self.process.name} {name}", do)

    def _lose(self) -> None:
        for connection in self.connections:
            connection.close()
        if self.own_queue is not None:
            self.world.broker.unsubscribe(self.own_queue)
            self.own_queue = None


class RelayProcess(SimProcessHost):
    """A relay over every outbox."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, f"relay-{number}")
        self.start()

    def start(self) -> None:
        """Sweep for ever."""
        self.connections = []
        step = self.world.scheduler.step
        collections = [
            self.world.databases[service].seen_by(step).collection(name)
            for service, names in OUTBOXES.items()
            for name in names
        ]
        outboxes = [self.world.databases[service].collection(name) for service, names in OUTBOXES.items() for name in names]
        relay = Relay(collections, self.connection(), batch=20)

        def run() -> None:
            idle = 0.2
            while True:
                try:
                    # A look into an empty outbox changes nothing, and a step there would show nothing.
                    full = [one for one, there in zip(collections, outboxes, strict=True) if _waits(there)]
                    published = relay.sweep(full).published
                except Unavailable:
                    published = 0
                idle = 0.1 if published else min(idle * 1.7, self.world.longest_idle)
                self.world.scheduler.sleep(idle * (0.5 + self.world.random.random()))

        self.spawn("sweep", run)


def _waits(outbox: TwinCollection) -> bool:
    return any(document.get("outbox") for document in outbox.everything())


class Replica(SimProcessHost):
    """One process of a service, hosting what its service.py lists."""

    def __init__(self, world: World, service: str, number: int) -> None:
        super().__init__(world, f"{service}-{number}")
        self.service = service
        self.module = importlib.import_module(f"services.{service}.service")
        self.hosted: dict[str, Any] = {}
        self.start()

    def hosts(self, name: str) -> bool:
        """Return whether it answers for an RPC service."""
        return name in self.hosted

    def start(self) -> None:
        """Build everything afresh: memory is gone."""
        self.connections = []
        scheduler = self.world.scheduler
        town = self._town()
        built: dict[Any, Any] = {}
        self.hosted = {}
        for hosted_class in self.module.SERVICES:
            service = hosted_class()
            for name, value in vars(hosted_class).items():
                if isinstance(value, Desk):
                    build = value._build
                    if build not in built:
                        built[build] = self._build(build, town)
                    setattr(service, name, built[build])
            self.hosted[hosted_class.name] = service
            for method, entrypoint in _entrypoints(hosted_class):
                if isinstance(entrypoint, Told):
                    self._consume(town, entrypoint, getattr(service, method)())
                elif isinstance(entrypoint, Fed):
                    self._feed(town, entrypoint, getattr(service, method)())
                elif isinstance(entrypoint, Due):
                    self._run_due(hosted_class.name, method, entrypoint.every, getattr(service, method))
        self.spawn("prepare", lambda: _insist(scheduler, lambda: self.module.prepare(town)))

    def answer(self, service: str, method: str, token: Any, asked: Mapping[str, Any]) -> Any:
        """Answer a call in a thread of this process, while the caller waits."""
        scheduler = self.world.scheduler
        caller = scheduler.current
        answer: list[Any] = []
        entrypoint = next(one for name, one in _entrypoints(type(self.hosted[service])) if name == method)

        def do() -> None:
            try:
                result = _call(entrypoint, self.hosted[service], method, token, dict(asked))
                answer.append((result, None))
            except Exception as error:  # noqa: BLE001  (whatever it is, the caller gets it)
                answer.append((None, error))
            scheduler.wake_up(caller)

        task = scheduler.spawn(self.process, f"{self.process.name} {method}", do, is_command=True)
        scheduler.wait_for(lambda: bool(answer) or task.run.dead, PATIENCE)
        if not answer:
            raise Unavailable(f"{service}.{method}: no answer")
        scheduler.step(f"answer of {service}.{method}")
        result, error = answer[0]
        if error is not None:
            raise error
        return result

    def _town(self) -> Town:
        scheduler = self.world.scheduler
        return twin_town(
            database=lambda name: DatabaseView(self.world.databases[name], self.world.step),
            clock=scheduler,
            ids=self.world.ids,
            serial=SimSerial(scheduler),
            keys=ACTORS,
            ask=self.world,
            settings=self.world.settings,
        )

    def _build(self, build: Any, town: Town) -> Any:
        if build is notifications.build:
            post_office = self.world.mails.seen_by(self.world.step)
            return notifications.furnish(town, mail=post_office, mail_log=post_office)
        if build is spaces.furnish:
            server, step = self.world.calendars, self.world.calendar_step
            return spaces.furnish(town, calendars={"caldav": TwinCalDav(server, step), "ics": TwinIcs(server, step)})
        return build(town)

    def _feed(self, town: Town, entrypoint: Fed, feed: Any) -> None:
        scheduler = self.world.scheduler
        spec = QueueSpec(entrypoint.feed_name, entrypoint.hears)
        core = Core(spec, dict.fromkeys(spec.types, ignore), reasons_of(town.database(self.service), scheduler))

        def run() -> None:
            while True:
                if self.own_queue is None:  # at the start, and after the broker gave us up
                    feed.lost()
                    self.own_queue = self.world.broker.subscribe(routing_keys(entrypoint.hears))
                    _insist(scheduler, feed.opened)
                    continue
                ready, self.own_queue.ready = list(self.own_queue.ready), deque()
                if ready:
                    feed.told([core.read(stored.delivery) for stored in ready])
                scheduler.sleep(self.world.longest_idle)

        self.spawn(f"fed {entrypoint.feed_name}", run)

    def _consume(self, town: Town, entrypoint: Told, table: Mapping[str, Any]) -> None:
        scheduler, random = self.world.scheduler, self.world.random
        reasons = reasons_of(town.database(self.service), scheduler)
        core = Core(entrypoint.spec, table, reasons, tenants_of=lambda publisher: OUTSIDERS[publisher])
        name = entrypoint.spec.name
        connection = self.connection()

        def run() -> None:
            idle = 0.05
            while True:
                mishaps = scheduler.mishaps
                waiting = self.world.broker.queues[name].ready
                if waiting and random.random() < mishaps.duplicate:
                    self.world.broker.duplicate(name, int(random.random() * len(waiting)))
                try:
                    # A look into an empty queue changes nothing, as one into an empty outbox.
                    batch = connection.deliver(name, 1 + int(random.random() * BATCH), _any_of(random)) if waiting else []
                    if batch:
                        core.take(batch, connection.settlement(name))
                except Unavailable:
                    connection.close()  # as the line does: whatever was not settled comes again
                    batch = []
                except Conflict:
                    batch = []
                idle = 0.05 if batch else min(idle * 1.7, self.world.longest_idle)
                scheduler.sleep(0.0 if batch else idle)

        self.spawn(f"told {name}", run)

    def _run_due(self, desk: str, name: str, every: float, do: Callable[[], Any]) -> None:
        scheduler = self.world.scheduler

        def run() -> None:
            while True:
                again = False
                try:
                    again = bool(do())
                except (Unavailable, Conflict):
                    again = False
                pace = 1.0 if scheduler.mishaps.crash else CALM_PACE
                if self.world.idle & {self.service, desk}:
                    pace = max(pace, IDLE_PACE)
                scheduler.sleep(0.0 if again else every * pace * (1 + self.world.random.random()))

        self.spawn(f"due {name}", run)


def _remember_data() -> None:
    """Read the operator's data once: every process that starts reads it again, and it never changes in a town."""
    for name in ("services.placement.wiring", "services.residents.groups.service", "services.spaces.wiring"):
        module = importlib.import_module(name)
        for reads in [one for one in vars(module) if one.startswith("read_")]:
            setattr(module, reads, lru_cache(getattr(module, reads)))


def _any_of(random: Any) -> Callable[[int], int]:
    """Return the choice of the next message: mostly in order, often not."""
    return lambda waiting: 0 if random.random() < 0.6 else int(random.random() * waiting)


def _insist(scheduler: Scheduler, do: Callable[[], Any]) -> None:
    while True:
        try:
            do()
        except Unavailable:
            scheduler.sleep(0.5)
        else:
            return


_TABLES: dict[type, list[tuple[str, Any]]] = {}


def _entrypoints(service: type) -> list[tuple[str, Any]]:
    """Return ``(method, entrypoint)`` for everything a service class lists."""
    if service not in _TABLES:
        _TABLES[service] = [
            (name, entrypoint)
            for name, method in vars(service).items()
            for entrypoint in getattr(method, "nameko_entrypoints", ())
        ]
    return _TABLES[service]


def _call(entrypoint: Asked, service: Any, method: str, token: Any, asked: dict[str, Any]) -> Any:
    """Do what the RPC entrypoint does between the wire and the method, tokens aside."""
    if entrypoint.schema is not None:
        asked = entrypoint.schema.load(asked)
    return getattr(service, method)(token or Actor("", frozenset(), ""), **asked)


class Passes(Keys):
    """Issues actors instead of tokens: signatures are tested elsewhere, and cost time here."""

    def __init__(self) -> None:
        """Hold no key."""

    def issue(self, actor: Actor, at: Any) -> Any:
        """Return the actor."""
        return actor


ACTORS = Passes()
_remember_data()
