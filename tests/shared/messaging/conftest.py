"""A platform's edge on a real broker and database, with one service process that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import orjson
import pytest

from deploy.management import Management, ManagementRefused
from deploy.pids import free_port
from shared.actors import Actor
from shared.auth import Keys, make_keys
from shared.clock import SystemClock
from shared.events.envelope import Event, encode
from shared.events.registry import contract_of
from shared.messaging import topology
from shared.messaging.message import EVENTS, Message
from shared.messaging.wire import PipelinedPublisher, connect
from shared.mongo.real import RealDatabase, client
from tests.harness import ROOT, Servers, TestBroker, TestDatabase, a_prefix, a_vhost, eventually

HOSTED = "tests.shared.messaging.hosted.service"


@dataclass
class Edge:
    """The addresses, and what tests look at."""

    amqp_url: str
    admin_url: str
    vhost: str
    mongo_url: str
    prefix: str
    keys: Path
    database: RealDatabase

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SIPBUN_AMQP_URL": self.amqp_url,
            "SIPBUN_MONGO_URL": self.mongo_url,
            "SIPBUN_DB_PREFIX": self.prefix,
            "SIPBUN_TOKEN_KEYS": str(self.keys),
            "SIPBUN_METRICS_PORT": "0",
        }

    def publish(self, *messages: Message) -> Any:
        publisher = PipelinedPublisher(self.amqp_url, "test")
        receipt = publisher.publish(messages)
        publisher.close()
        return receipt

    def depth(self, queue: str) -> int:
        connection = connect(self.amqp_url, "test")
        depth = int(connection.channel().queue_declare(queue, passive=True).message_count)
        connection.close()
        return depth

    def heard(self) -> list[str]:
        return sorted(
            document["event"] for document in self.database.collection("heard").find({}) if "event" in document
        )


@dataclass
class Hosted:
    """One service process."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = field(default=0)

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=30) as answer:
                return bool(orjson.loads(answer.read())["ready"])
        except OSError:
            return False

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(60)


@contextmanager
def an_edge(broker: TestBroker, database: TestDatabase, folder: Path) -> Iterator[Edge]:
    """The topology is declared; no process runs."""
    connection = connect(broker.amqp_url, "test")
    topology.declare(connection.channel())
    connection.close()
    keys = folder / "keys" / "tokens.json"
    make_keys(keys)
    with client(database.url) as mongo:
        yield Edge(
            amqp_url=broker.amqp_url,
            admin_url=broker.admin_url,
            vhost=broker.vhost,
            mongo_url=database.url,
            prefix=database.prefix,
            keys=keys,
            database=RealDatabase(mongo, f"{database.prefix}hosted"),
        )


@contextmanager
def a_host(edge: Edge, folder: Path) -> Iterator[Callable[..., Hosted]]:
    """Start the hosted service: ``host()``; ``host(wait=False, SIPBUN_X=...)``."""
    started: list[Hosted] = []

    def start(module: str = HOSTED, *, wait: bool = True, **changes: str) -> Hosted:
        port = free_port()
        log = folder / f"hosted-{len(started)}.log"
        environment = {**edge.environment(), "SIPBUN_METRICS_PORT": str(port), **changes}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "shared.host", module], cwd=ROOT, env=environment, stderr=out, stdout=out
            )
        hosted = Hosted(process, log, port)
        started.append(hosted)
        if wait:
            eventually(lambda: process.poll() is not None or hosted.ready())
            assert process.poll() is None, log.read_text()
        return hosted

    try:
        yield start
    finally:
        for hosted in started:
            hosted.stop(signal.SIGKILL)
            # Shown only beside a test that failed.
            print(hosted.log.read_text())


@pytest.fixture
def edge(broker: TestBroker, database: TestDatabase, tmp_path: Path) -> Iterator[Edge]:
    """An edge of this test's own."""
    with an_edge(broker, database, tmp_path) as own:
        yield own


@pytest.fixture
def host(edge: Edge, tmp_path: Path) -> Iterator[Callable[..., Hosted]]:
    """Start service processes on the test's own edge."""
    with a_host(edge, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def town_edge(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One edge for the tests of a module that break nothing."""
    with (
        a_vhost(servers) as broker,
        a_prefix(servers) as database,
        an_edge(broker, database, tmp_path_factory.mktemp("edge")) as shared,
    ):
        yield shared


@pytest.fixture(scope="module")
def town_host(town_edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The service that those tests share."""
    with a_host(town_edge, tmp_path_factory.mktemp("host")) as start:
        yield start()


def a_residents_token(edge: Edge) -> str:
    """A token that this edge's services accept."""
    resident = Actor("resident-하나", frozenset({"resident"}), "gwangsan")
    return Keys.read(edge.keys).issue(resident, SystemClock().now())


def cut_connections(edge: Edge, named: str = "") -> None:
    """Close, from the broker's side, the connections whose client calls itself something with ``named`` in it."""
    management = Management(edge.admin_url, timeout=60)

    def cut() -> int:
        listed: Any = management.ask("GET", f"vhosts/{quote(edge.vhost, safe='')}/connections")
        done = 0
        for one in listed or []:
            if named in str(one.get("client_properties")):
                try:
                    management.ask("DELETE", f"connections/{quote(one['name'], safe='')}")
                    done += 1
                except ManagementRefused as refused:
                    # The list is a few seconds old: this one has closed by itself.
                    if refused.status != 404:
                        raise AssertionError(str(refused)) from refused
        return done

    eventually(cut)


def an_event(number: int, name: str = "placement.opening.filled", **changes: Any) -> Event:
    """An event of one of our own services, with its contract's sample as data."""
    contract = contract_of(f"kr.sipbun.{name}.v1") or contract_of(f"kr.{name}.v1")
    assert contract is not None
    told: dict[str, Any] = {
        "id": f"opening-{number}.1.0",
        "source": f"/{topology.source_root(contract)}/openings",
        "type": contract.type,
        "subject": f"opening-{number}",
        "tenant": "gwangsan",
        "time": SystemClock().now(),
        "sequence": "0000000001.000",
        "data": dict(contract.sample),
    }
    return Event(**{**told, **changes})


def a_message(event: Event, **changes: Any) -> Message:
    """The message that publishes it."""
    contract = contract_of(event.type)
    assert contract is not None
    told: dict[str, Any] = {
        "exchange": EVENTS,
        "routing_key": contract.routing_key,
        "body": encode(event),
        "message_id": event.id,
        "type": event.type,
    }
    return Message(**{**told, **changes})
