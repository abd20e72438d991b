"""What tests stand on: a private broker, an embedded database, and waiting without sleeping.

Both servers are started once per test run, on free ports, in a folder of their own; each test gets its own virtual
host and its own database prefix. A run that was killed leaves its servers behind; the next run stops them.

    def test_something(broker, database):
        connect(broker.amqp_url)          # a fresh, empty virtual host
        MongoClient(database.url)[database.prefix + "placement"]
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pymongo

from deploy.broker import BrokerNode
from deploy.database import EmbeddedDatabase
from deploy.management import Management, with_vhost
from deploy.pids import Process

Answer = TypeVar("Answer")

#: Seconds that a test waits for what must come. It is no claim about speed: a machine may be slow, shared or paused.
PATIENCE = 120.0

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class TestBroker:
    """A broker with a virtual host that belongs to one test.

    `amqp_url` names that virtual host; `admin_url` is the management API (user and password inside).
    """

    __test__ = False

    amqp_url: str = field(repr=False)
    admin_url: str = field(repr=False)
    vhost: str

    @property
    def management(self) -> Management:
        """The management API of this broker."""
        return Management(self.admin_url, timeout=60)


@dataclass(frozen=True)
class TestDatabase:
    """A MongoDB-compatible server; the test's databases are those whose names start with `prefix`."""

    __test__ = False

    url: str
    prefix: str


def eventually(
    ask: Callable[[], Answer],
    *,
    within: float = PATIENCE,
    every: float = 0.02,
    until: Callable[[Answer], bool] = bool,
) -> Answer:
    """Ask again and again until the answer satisfies; return it.

    By default any truthy answer satisfies. An AssertionError raised by `ask` counts as "not yet". After `within`
    seconds the last answer (or assertion) is raised.
    """
    end = time.monotonic() + within
    while True:
        failed: AssertionError | None = None
        answer: Any = None
        try:
            answer = ask()
        except AssertionError as not_yet:
            failed = not_yet
        else:
            if until(answer):
                return answer
        if time.monotonic() >= end:
            if failed is not None:
                raise failed
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        time.sleep(every)


class Servers:
    """The servers of one test run, started when the first test asks for them.

    Addresses in the environment win: SIPBUN_AMQP_URL counts only together with SIPBUN_AMQP_ADMIN_URL, since each test
    needs a virtual host of its own.
    """

    def __init__(self, state: Path) -> None:
        """Name the folder under which this run keeps its servers."""
        sweep(state)
        self.folder = state / f"{os.getpid()}-{secrets.token_hex(3)}"
        self._node: BrokerNode | None = None
        self._engine: EmbeddedDatabase | None = None

    def broker(self) -> tuple[str, str]:
        """Return (AMQP address, management address) of the run's broker, starting it on first use."""
        amqp, admin = os.environ.get("SIPBUN_AMQP_URL"), os.environ.get("SIPBUN_AMQP_ADMIN_URL")
        if amqp and admin:
            return amqp, admin
        if self._node is None:
            self._claim()
            self._node = BrokerNode(self.folder / "rabbitmq")
        if not self._node.running:
            self._node.start()
            self._node.wait_ready()
        return self._node.amqp_url, self._node.admin_url

    def database(self) -> str:
        """Return the address of the run's database, starting it on first use."""
        if url := os.environ.get("SIPBUN_MONGO_URL"):
            return url
        if self._engine is None:
            self._claim()
            self._engine = EmbeddedDatabase(self.folder / "database")
        if not self._engine.running:
            self._engine.start()
            self._engine.wait_ready()
        return self._engine.url

    def stop(self) -> None:
        """Stop what was started and remove the run's folder."""
        for server in (self._node, self._engine):
            if server is not None:
                server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _claim(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        owner = Process.of(os.getpid())
        (self.folder / "owner").write_text(f"{owner.pid} {owner.born}")


def sweep(state: Path) -> None:
    """Stop the servers of runs whose process is gone, and remove their folders."""
    for folder in state.glob("*"):
        try:
            pid, born = (folder / "owner").read_text().split()
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        if Process(pid=int(pid), born=float(born)).alive:
            continue
        BrokerNode(folder / "rabbitmq").kill()
        EmbeddedDatabase(folder / "database").kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_vhost(servers: Servers) -> Iterator[TestBroker]:
    """A fresh virtual host, gone afterwards."""
    amqp, admin = servers.broker()
    vhost = f"test-{secrets.token_hex(4)}"
    Management(admin, timeout=60).add_vhost(vhost)
    try:
        yield TestBroker(amqp_url=with_vhost(amqp, vhost), admin_url=admin, vhost=vhost)
    finally:
        Management(admin, timeout=60).drop_vhost(vhost)


@contextmanager
def a_prefix(servers: Servers) -> Iterator[TestDatabase]:
    """A fresh database prefix; databases that begin with it are dropped afterwards."""
    url = servers.database()
    prefix = f"t{secrets.token_hex(4)}_"
    try:
        yield TestDatabase(url=url, prefix=prefix)
    finally:
        client: pymongo.MongoClient[Any] = pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)
        with client:
            for name in client.list_database_names():
                if name.startswith(prefix):
                    client.drop_database(name)
