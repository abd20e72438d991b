"""The relay's process: facts saved by anyone are published soon, and survive a broker that is away."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.config import settings
from shared.events.registry import contract_of
from shared.messaging import relaying
from shared.messaging.message import EVENTS
from shared.messaging.nudge import NUDGE, BrokerNudge, NudgingDatabase, declare
from shared.messaging.wire import connect
from shared.mongo.port import Change
from shared.mongo.real import client
from tests.harness import ROOT, eventually
from tests.shared.messaging.conftest import Edge

FILLED = contract_of("kr.sipbun.placement.opening.filled.v1")


def a_fact(fact_id: str, **changes: Any) -> dict[str, Any]:
    assert FILLED is not None
    return {
        "id": fact_id,
        "s": "new",
        "type": FILLED.type,
        "source": "/sipbun/placement/openings",
        "subject": fact_id.partition(".")[0],
        "tenant": "gwangsan",
        "sequence": "0000000001.000",
        "time": SystemClock().now(),
        "trace": None,
        "data": dict(FILLED.sample),
        **changes,
    }


@pytest.fixture
def placement(edge: Edge) -> NudgingDatabase:
    """Placement's database, as its process sees it."""
    nudge = BrokerNudge(edge.amqp_url)
    return NudgingDatabase(client(edge.mongo_url), f"{edge.prefix}placement", nudge)


@pytest.fixture
def relay(edge: Edge) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start the relay's process."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "shared.messaging.relaying"], cwd=ROOT, env=edge.environment()
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(60)


def test_saved_facts_are_published_and_leave_the_outbox(
    edge: Edge, placement: NudgingDatabase, relay: Callable[[], subprocess.Popen[bytes]]
) -> None:
    openings = placement.collection("openings")
    openings.insert_one({"_id": "opening-1", "version": 1, "outbox": [a_fact("opening-1.1.0")], "acts": []})
    process = relay()

    eventually(lambda: edge.depth("placement.openings") == 1)
    eventually(lambda: openings.count({"outbox.s": "new"}) == 0)
    openings.update_one({"_id": "opening-1"}, {"$push": {"outbox": {"$each": [a_fact("opening-1.2.0")]}}})
    eventually(lambda: edge.depth("placement.openings") == 2)
    document = openings.find_one({"_id": "opening-1"})
    assert document is not None
    assert document["version"] == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_fact_that_cannot_be_published_is_stuck_and_the_others_go_on(
    edge: Edge, placement: NudgingDatabase, relay: Callable[[], subprocess.Popen[bytes]]
) -> None:
    openings = placement.collection("openings")
    facts = [a_fact("opening-1.1.0"), a_fact("opening-1.1.1", type="kr.sipbun.placement.moon.landed.v1")]
    openings.insert_one({"_id": "opening-1", "version": 1, "outbox": facts, "acts": []})
    relay()

    eventually(lambda: edge.depth("placement.openings") == 1)
    eventually(lambda: openings.count({"outbox.s": "stuck"}) == 1)


def test_only_writes_that_carry_facts_nudge(edge: Edge, placement: NudgingDatabase) -> None:
    nudged: list[int] = []
    database = NudgingDatabase(client(edge.mongo_url), placement.name, lambda _where="": nudged.append(1))
    openings = database.collection("openings")

    openings.insert_one({"_id": "a", "outbox": []})
    openings.update_one({"_id": "a"}, {"$set": {"title": "별"}})
    openings.update_each([Change({"_id": "a"}, {"$pull": {"outbox": {"id": {"$in": ["x"]}}}})])
    assert nudged == []
    openings.insert_one({"_id": "b", "outbox": [a_fact("b.1.0")]})
    openings.update_one({"_id": "a"}, {"$push": {"outbox": {"$each": [a_fact("a.2.0")]}}})
    assert len(nudged) == 2


def test_a_nudge_arrives_and_a_broker_that_is_away_never_blocks_the_nudger(edge: Edge) -> None:
    connection = connect(edge.amqp_url, "test")
    channel = connection.channel()
    declare(channel)
    queue = channel.queue_declare("", exclusive=True).queue
    channel.queue_bind(queue, NUDGE)
    nudge = BrokerNudge(edge.amqp_url)
    nudge()
    eventually(lambda: channel.basic_get(queue, no_ack=True))
    connection.close()
    nudge.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and never says a word: to wait for it once a nudge would take longer than a test may.
        nowhere = BrokerNudge(f"amqp://sipbun:x@127.0.0.1:{silent.getsockname()[1]}/")
        for _ in range(1000):
            nowhere()
        nowhere.close()


def test_a_broker_that_was_reset_is_told_the_topology_again_and_no_fact_is_stuck(
    edge: Edge, placement: NudgingDatabase, relay: Callable[[], subprocess.Popen[bytes]]
) -> None:
    connection = connect(edge.amqp_url, "test")
    channel = connection.channel()
    channel.exchange_delete(EVENTS)
    channel.queue_delete("placement.openings")
    connection.close()
    openings = placement.collection("openings")
    facts = [a_fact("opening-1.1.0"), a_fact("opening-1.1.1")]
    openings.insert_one({"_id": "opening-1", "version": 1, "outbox": facts, "acts": []})

    relay()

    eventually(lambda: openings.count({"outbox.s": "new"}) == 0)
    assert openings.count({"outbox.s": "stuck"}) == 0
    assert edge.depth("placement.openings") == 2


class LongLook:
    """Replays limit deaths for as long as it is held."""

    def __init__(self) -> None:
        self.looking = threading.Event()
        self.held = threading.Event()

    def replay(self) -> int:
        self.looking.set()
        self.held.wait(30)
        raise ValueError("의외의 일")


def test_a_long_look_at_dead_letters_holds_up_no_fact_and_its_failure_ends_the_process(
    edge: Edge, placement: NudgingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "REPLAY", 0.01)
    look = LongLook()
    process = relaying.Relaying(settings(edge.environment()), SystemClock())
    monkeypatch.setattr(process, "_limit_deaths", look)
    ended: list[BaseException] = []

    def run() -> None:
        try:
            process.run()
        except ValueError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert look.looking.wait(60)
    openings = placement.collection("openings")
    openings.insert_one({"_id": "opening-1", "version": 1, "outbox": [a_fact("opening-1.1.0")], "acts": []})
    try:
        eventually(lambda: edge.depth("placement.openings") == 1)
    finally:
        look.held.set()
        thread.join(10)
        process.stop()
    assert len(ended) == 1
