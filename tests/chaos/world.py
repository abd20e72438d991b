"""A whole town of real processes in one folder: its own broker node, its own database, its own mail server.

    <folder>/owner          who started it: a world whose owner died is ended by the next one
    <folder>/run.json       what runs (deploy.running)
    <folder>/log/           what everybody said
    <folder>/mail/          what the mail server received
    <folder>/calendar/      a facility's calendar server, where there is one (tests/chaos/office/)

Two ways to run the servers: the supervisor's own (it restarts them when they are shot), or *held*: kept by us, so that
the database can stay down for as long as a test wants.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pymongo

from deploy.broker import BrokerNode
from deploy.database import EmbeddedDatabase
from deploy.mailsink import Accepted, accepted
from deploy.management import Management, ManagementAway, ManagementRefused, vhost_of
from deploy.pids import PATIENCE, Process
from deploy.radicale import Radicale
from deploy.running import Kept, Running, state_dir
from deploy.server import write_private
from deploy.town import bring_down, launch, wait_until_ready
from services.gateway.publishers import Publisher, written
from shared.actors import Actor
from shared.auth import Keys
from shared.messaging.message import PARKED
from shared.messaging.rpc import RpcClient
from shared.messaging.topology import QUEUES, RPC_DEAD, declarations

Say = Callable[[str], None]

#: Of a facility's calendar server, inside a world's folder.
CALENDAR_FOLDER = "calendar"
#: Names in the supervisor's table; `broker` and `database` are what a person calls them.
SERVERS = {"broker": "rabbitmq", "database": "database"}
#: Two of what must agree with a twin of itself, one of the rest; no gateway, since callers speak RPC.
REPLICAS: Mapping[str, int] = {
    "placement": 2,
    "notifications": 2,
    "statistics": 1,
    "residents": 1,
    "relay": 1,
    "gateway": 0,
}
#: Variables of the caller's own town, which this one must never see.
OTHERS = (
    "SIPBUN_AMQP_URL",
    "SIPBUN_AMQP_ADMIN_URL",
    "SIPBUN_MONGO_URL",
    "SIPBUN_SMTP_URL",
    "SIPBUN_MAIL_LOG",
    "SIPBUN_TOKEN_KEYS",
    "SIPBUN_DB_PREFIX",
    "SIPBUN_PROCESSES",
    "SIPBUN_CALENDAR_NETWORKS",
)
#: Seconds. A sender that was shot is gone with its connection, so a mail in doubt can be looked up at once; the
#: shipped figures (120 and 600) are for senders that only sleep.
MAIL_PACE: Mapping[str, str] = {"SIPBUN_MAIL_CLAIM_S": "10", "SIPBUN_MAIL_GRACE_S": "5"}


@dataclass(frozen=True)
class Shot:
    """A kill -9 that was done."""

    at: datetime
    kind: str
    process: str
    pid: int


class World:
    """One town. `with a_world(...) as world:` starts it and ends it, whatever happens between."""

    def __init__(
        self,
        folder: Path,
        *,
        say: Say = lambda _line: None,
        replicas: Mapping[str, int] = REPLICAS,
        held: bool = False,
        consumer_timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Name the folder; nothing starts. `consumer_timeout`, seconds, only for held servers; `environment`: more of it."""
        self.folder = folder
        self._more = dict(environment or {})
        self.replicas = dict(replicas)
        self.held = held
        self.say = say
        self.node = BrokerNode(folder / "rabbitmq", consumer_timeout=consumer_timeout)
        self.engine = EmbeddedDatabase(folder / "database")
        self._supervisor: Process | None = None
        self._mongo: pymongo.MongoClient[dict[str, Any]] | None = None
        self._keys: Keys | None = None

    # -- its life

    def up(self) -> None:
        """Start everything; return when all of it was ready once. Raises NotUp, NotInstalled."""
        claim(self.folder)
        write_private(self.folder / "publishers.json", written([Publisher("muni1", "kr.muni1", tenants=("corpus",))]))
        environment = dict.fromkeys(OTHERS, "") | MAIL_PACE | {"SIPBUN_MAIL_SINK": "1"} | self._more
        environment["NUMBA_CACHE_DIR"] = os.environ.get("NUMBA_CACHE_DIR") or str(state_dir() / "numba")
        if self.held:
            self._start_held_servers()
            environment["SIPBUN_AMQP_URL"] = self.node.amqp_url
            environment["SIPBUN_AMQP_ADMIN_URL"] = self.node.admin_url
            environment["SIPBUN_MONGO_URL"] = self.engine.url
        self._supervisor = launch(
            self.folder,
            say=self.say,
            replicas=self.replicas,
            own_servers=not self.held,
            environment=environment,
        )
        wait_until_ready(self.folder, self._supervisor, say=self.say)

    def down(self) -> None:
        """End everything that was started, by its pid."""
        if self._mongo is not None:
            self._mongo.close()
            self._mongo = None
        supervisor = self._supervisor
        if supervisor is not None and supervisor.alive:
            supervisor.signal(signal.SIGTERM)
            until = time.monotonic() + PATIENCE
            while self._somebody_works() and time.monotonic() < until:
                time.sleep(0.05)
        # What is kept in them has been read: nobody needs their long goodbye. By now nobody starts them again.
        for server in (self.node, self.engine):
            if server.running:
                server.kill()
        bring_down(self.folder, say=self.say)

    def _somebody_works(self) -> bool:
        found = Running.read(self.folder)
        if found is None:
            return False
        return found.state != "stopping" or any(one.alive for one in found.processes if not one.server)

    def _start_held_servers(self) -> None:
        if self.node.consumer_timeout is not None:
            # Channels look at their consumers' timeouts once a tick, which is a minute unless told otherwise.
            self.node.folder.mkdir(parents=True, exist_ok=True)
            (self.node.folder / "advanced.config").write_text("[{rabbit, [{channel_tick_interval, 1000}]}].\n")
        self.node.start()
        self.engine.start()
        self.engine.wait_ready()
        self.node.wait_ready()

    # -- who is in it

    @property
    def running(self) -> Running:
        """What run.json tells now."""
        found = Running.read(self.folder)
        if found is None:
            raise RuntimeError(f"no town runs in {self.folder}")
        return found

    def processes(self) -> list[Kept]:
        """Every process under the supervisor, servers included where it keeps them."""
        return list(self.running.processes)

    def of_kind(self, kind: str) -> list[Kept]:
        """The processes a kind of victim means: `placement` is every replica of it."""
        name = SERVERS.get(kind, kind)
        return [one for one in self.processes() if one.name == name or one.name.startswith(f"{name}-")]

    def lives(self) -> dict[str, tuple[int, int]]:
        """Name -> (pid, restarts), to be compared later: nobody died meanwhile."""
        return {one.name: (one.process.pid if one.process else 0, one.restarts) for one in self.processes()}

    def last_words(self, name: str, lines: int = 12) -> str:
        """The end of a process's log."""
        log = Path(self.running.find(name).log) if self.running.find(name) else None
        if log is None or not log.is_file():
            return ""
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def shoot(self, kind: str, choose: Callable[[Sequence[Kept]], Kept], patience: float = 40.0) -> Shot:
        """kill -9 one process of that kind, as soon as one is alive; raises RuntimeError when none comes to life."""
        until = time.monotonic() + patience
        while True:
            alive = [one for one in self.of_kind(kind) if one.alive]
            if alive:
                victim = choose(alive)
                process = victim.process
                if process is not None and process.alive:
                    # The whole group: the broker's helpers, a master's workers.
                    process.signal_group(signal.SIGKILL)
                    return Shot(datetime.now(UTC), kind, victim.name, process.pid)
            if time.monotonic() >= until:
                raise RuntimeError(f"no process of {kind} came back to life within {patience:.0f} s")
            time.sleep(0.05)

    # -- what it says and keeps

    @property
    def keys(self) -> Keys:
        """The town's keys: the harness speaks for everybody."""
        if self._keys is None:
            self._keys = Keys.read(Path(self.running.token_keys))
        return self._keys

    def token(self, subject: str, role: str, tenant: str) -> str:
        """A fresh token, good for five minutes."""
        return self.keys.issue(Actor(subject, frozenset({role}), tenant), datetime.now(UTC))

    def client(self, name: str) -> RpcClient:
        """An RPC client of this town."""
        return RpcClient(self.running.amqp_url, name)

    def database(self, service: str) -> pymongo.database.Database[dict[str, Any]]:
        """A service's own database, read past the service."""
        running = self.running
        if self._mongo is None:
            self._mongo = pymongo.MongoClient(
                running.mongo_url, serverSelectionTimeoutMS=5000, socketTimeoutMS=20000, tz_aware=True
            )
        return self._mongo[f"{running.db_prefix}{service}"]

    def mails(self) -> list[Accepted]:
        """What the mail server accepted."""
        return accepted(Path(self.running.mail_log))

    @property
    def management(self) -> Management:
        """The broker's management API."""
        return Management(self.running.amqp_admin_url)

    def depths(self) -> dict[str, int]:
        """Messages (ready and unacknowledged) by queue, at most about a second old.

        Raises ManagementAway or ManagementRefused while the broker is away.
        """
        found = self.management.queues(vhost_of(self.running.amqp_url))
        return {str(one["name"]): int(one["ready"]) + int(one["unacknowledged"]) for one in found}

    def dead(self, depths: Mapping[str, int]) -> dict[str, int]:
        """What is dead or parked, by queue; empty when nothing is."""
        final = (PARKED, RPC_DEAD, *(spec.dead for spec in QUEUES))
        return {name: depths[name] for name in final if depths.get(name)}

    def waiting(self, depths: Mapping[str, int]) -> dict[str, int]:
        """What still waits to be consumed, by queue."""
        final = {PARKED, RPC_DEAD, *(spec.dead for spec in QUEUES)}
        ours = {declaration.name for declaration in declarations()} - final
        return {name: depth for name, depth in depths.items() if depth and (name in ours or name.startswith("rpc-"))}

    def broker_answers(self) -> dict[str, int] | None:
        """The depths, or None while the broker is away."""
        try:
            return self.depths()
        except (ManagementAway, ManagementRefused):
            return None


def claim(folder: Path) -> None:
    """Say that this process is the folder's owner."""
    folder.mkdir(parents=True, exist_ok=True)
    owner = Process.of(os.getpid())
    (folder / "owner").write_text(f"{owner.pid} {owner.born}")


def end_orphans(state: Path, say: Say) -> None:
    """End the worlds under a folder whose owner was shot; their folders stay, to be looked into."""
    for folder in state.glob("chaos-*"):
        try:
            pid, born = (folder / "owner").read_text().split()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        if Process(pid=int(pid), born=float(born)).alive:
            continue
        bring_down(folder, say=say)
        Radicale(folder / CALENDAR_FOLDER).kill()
        (folder / "owner").unlink(missing_ok=True)


def new_folder() -> Path:
    """A folder for a new world, under the state folder."""
    return state_dir() / f"chaos-{secrets.token_hex(3)}"


W = TypeVar("W", bound=World)


@contextmanager
def a_world(folder: Path, **how: Any) -> Iterator[World]:
    """A town that is up; it ends with the block, on Ctrl-C too."""
    with kept_up(World(folder, **how)) as world:
        yield world


@contextmanager
def kept_up(world: W) -> Iterator[W]:
    """Bring a world up; it ends with the block. Worlds whose owner was shot are ended first."""
    end_orphans(world.folder.parent, world.say)
    try:
        world.up()
        yield world
    finally:
        world.down()
        (world.folder / "owner").unlink(missing_ok=True)
