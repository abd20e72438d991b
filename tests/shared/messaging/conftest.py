"""A platform's edge on a real broker and database, with one service process that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from shared.auth import Keys, make_keys
from shared.clock import SystemClock
from shared.events.envelope import Event, encode
from shared.events.registry import contract_of
from shared.messaging import topology
from shared.messaging.message import EVENTS, Message
from shared.messaging.wire import PipelinedPublisher, connect
from shared.mongo.real import RealDatabase, client
from tests.harness import ROOT, TestBroker, TestDatabase, eventually

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
        return sorted(document["event"] for document in self.database.collection("heard").find({}) if "event" in document)


@dataclass
class Hosted:
    """One service process."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = field(default=0)

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:  # noqa: S310  (our own process)
                return bool(orjson.loads(answer.read())["ready"])
        except OSError:
            return False

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=2) as answer:  # noqa: S310
            return str(answer.read().decode())

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)


@pytest.fixture
def edge(broker: TestBroker, database: TestDatabase, tmp_path: Path) -> Edge:
    """The topology is declared; no process runs."""
    connection = connect(broker.amqp_url, "test")
    topology.declare(connection.channel())
    connection.close()
    keys = tmp_path / "keys" / "tokens.json"
    make_keys(keys)
    mongo = client(database.url)
    return Edge(
        amqp_url=broker.amqp_url,
        admin_url=broker.admin_url,
        vhost=broker.vhost,
        mongo_url=database.url,
        prefix=database.prefix,
        keys=keys,
        database=RealDatabase(mongo, f"{database.prefix}hosted"),
    )


@pytest.fixture
def host(edge: Edge, tmp_path: Path) -> Iterator[Callable[..., Hosted]]:
    """Start the hosted service: ``host()``; ``host(wait=False, SIPBUN_X=...)``."""
    from deploy.pids import free_port  # noqa: PLC0415

    started: list[Hosted] = []

    def start(module: str = HOSTED, *, wait: bool = True, **changes: str) -> Hosted:
        port = free_port()
        log = tmp_path / f"hosted-{len(started)}.log"
        environment = {**edge.environment(), "SIPBUN_METRICS_PORT": str(port), **changes}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "shared.host", module], cwd=ROOT, env=environment, stderr=out, stdout=out
            )
        hosted = Hosted(process, log, port)
        started.append(hosted)
        if wait:
            eventually(hosted.ready, within=30, until=lambda ready: ready or process.poll() is not None)
            assert process.poll() is None, log.read_text()
        return hosted

    yield start
    for hosted in started:
        hosted.stop(signal.SIGKILL)


@pytest.fixture
def token(edge: Edge) -> str:
    """A resident's token."""
    from shared.actors import Actor  # noqa: PLC0415

    resident = Actor("resident-하나", frozenset({"resident"}), "gwangsan")
    return Keys.read(edge.keys).issue(resident, SystemClock().now())


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


def wait_a_moment() -> float:
    """Return the present, for measuring."""
    return time.monotonic()
