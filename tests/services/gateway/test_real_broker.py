"""A publishing system at the real door and at the real broker: what it may, what it may not, and who it is taken for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import amqp
import pytest
import requests
from amqp import exceptions

from deploy.management import ManagementRefused
from deploy.pids import free_port
from shared.auth import make_keys
from shared.errors import Unavailable
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import decode
from shared.messaging import topology
from shared.messaging.wire import connect
from tests.harness import ROOT, TestBroker, eventually
from tests.services.gateway.test_events_in import STRUCTURED, a_shelter_opened

QUEUE = "notifications.letters"
MUNI1 = ("muni1", "--type-prefix", "kr.muni1", "--tenant", "gwangsan")


def an_environment(broker: TestBroker, state: Path) -> dict[str, str]:
    """Return what a gateway or a command needs to join this broker."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIPBUN_")}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "SIPBUN_AMQP_URL": broker.amqp_url,
        "SIPBUN_AMQP_ADMIN_URL": broker.admin_url,
        "SIPBUN_MONGO_URL": "mongodb://none.invalid",
        "SIPBUN_STATE_DIR": str(state),
    }


def sipbun(environment: dict[str, str], *words: str) -> tuple[int, Any]:
    """Run a command of the one door; return its exit status and the JSON it gave."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words, "--json"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def town(broker: TestBroker) -> Iterator[amqp.Channel]:
    """A broker on which everything is declared, and a channel of our own on it."""
    connection = connect(broker.amqp_url, "test")
    channel = connection.channel()
    topology.declare(channel)
    yield channel
    connection.close()


@pytest.fixture
def muni1(broker: TestBroker, town: amqp.Channel, tmp_path: Path) -> Any:
    """The municipal system ``muni1``, added by the command; its broker user is gone afterwards."""
    environment = an_environment(broker, tmp_path)
    with suppress(ManagementRefused):
        broker.management.ask("DELETE", "users/muni1")
    status, told = sipbun(environment, "publishers", "add", *MUNI1)
    assert status == 0, told
    yield told
    with suppress(ManagementRefused):
        broker.management.ask("DELETE", "users/muni1")


def taken_from(channel: amqp.Channel, queue: str) -> amqp.Message:
    """Return the next message of a queue."""
    return eventually(lambda: channel.basic_get(queue, no_ack=True))


# Over AMQP


def as_publisher(broker: TestBroker, muni1: Any) -> amqp.Channel:
    """Return a channel of the publisher's own."""
    password = muni1["amqp"]["password"]
    return connect(re.sub(r"//[^@]*@", f"//muni1:{password}@", broker.amqp_url), "muni1").channel()


def published(channel: amqp.Channel, routing_key: str, *, exchange: str = "city.events", user: str = "muni1") -> None:
    """Publish and wait until the broker took it, or raise what it objected."""
    channel.confirm_select()
    event = a_shelter_opened()
    message = amqp.Message(
        json.dumps(event).encode(), content_type=STRUCTURED, message_id=event["id"], type=event["type"], user_id=user
    )
    channel.basic_publish_confirm(message, exchange=exchange, routing_key=routing_key)


def test_a_publisher_may_speak_under_its_own_prefix(broker: TestBroker, town: amqp.Channel, muni1: Any) -> None:
    published(as_publisher(broker, muni1), HEAT_SHELTER_OPENED.routing_key)

    message = taken_from(town, QUEUE)
    assert message.properties["user_id"] == "muni1"
    assert decode(message.body).source == "/muni1/heat"


def test_the_broker_refuses_a_publisher_everything_else(broker: TestBroker, town: amqp.Channel, muni1: Any) -> None:
    own = HEAT_SHELTER_OPENED.routing_key
    attempts: dict[str, tuple[int, Callable[[amqp.Channel], Any]]] = {
        "another's prefix": (403, lambda channel: published(channel, "placement.opening.filled.v1")),
        "the default exchange": (403, lambda channel: published(channel, QUEUE, exchange="")),
        "a queue of its own": (403, lambda channel: channel.queue_declare("mine", durable=True)),
        "to read": (403, lambda channel: channel.basic_consume(QUEUE)),
        "to be somebody else": (406, lambda channel: published(channel, own, user="sipbun")),
    }

    for what, (status, attempt) in attempts.items():
        channel = as_publisher(broker, muni1)
        with pytest.raises(exceptions.AMQPError) as refused:
            attempt(channel)
        assert refused.value.reply_code == status, what

    assert town.basic_get(QUEUE, no_ack=True) is None


def test_a_publisher_is_added_once_renewed_listed_and_removed(broker: TestBroker, muni1: Any, tmp_path: Path) -> None:
    environment = an_environment(broker, tmp_path)

    assert sipbun(environment, "publishers", "add", *MUNI1)[0] == 1
    renewed = sipbun(environment, "publishers", "add", *MUNI1, "--renew")[1]
    assert renewed["http"]["key"] != muni1["http"]["key"]
    status, listed = sipbun(environment, "publishers", "list")
    assert (status, [one["name"] for one in listed["publishers"]]) == (0, ["muni1"])
    assert muni1["http"]["key"] not in (tmp_path / "publishers.json").read_text()

    assert sipbun(environment, "publishers", "remove", "muni1")[0] == 0

    assert sipbun(environment, "publishers", "list")[1] == {"publishers": []}
    with pytest.raises(Unavailable, match="ACCESS_REFUSED"):
        as_publisher(broker, muni1)


# Over HTTP, at a real gunicorn


@pytest.fixture
def gateway(broker: TestBroker, muni1: Any, tmp_path: Path) -> Iterator[str]:
    """A gateway as it ships, two workers of eight threads, on this broker; its address."""
    port = free_port()
    make_keys(tmp_path / "keys" / "tokens.json")
    environment = an_environment(broker, tmp_path) | {"SIPBUN_HTTP_PORT": str(port), "SIPBUN_DEV_SIGN_IN": "1"}
    log = (tmp_path / "gateway.log").open("w")
    running = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "services.gateway.app:app"],
        env=environment,
        cwd=ROOT,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: answers(address))
        yield address
        running.terminate()
        assert running.wait(60) == 0, (tmp_path / "gateway.log").read_text()
    finally:
        running.kill()
        running.wait()


def answers(address: str) -> bool:
    """Return whether somebody answers there."""
    try:
        return requests.get(f"{address}/healthz", timeout=60).ok
    except requests.RequestException:
        return False


def test_the_gateway_as_it_ships(gateway: str, town: amqp.Channel, muni1: Any) -> None:
    """One gunicorn for all of this: it takes a while to start."""
    key = {"Authorization": f"Bearer {muni1['http']['key']}", "Content-Type": STRUCTURED}

    # A known type reaches its queues, said by the publisher and by nobody else.
    told = requests.post(f"{gateway}/events", json=a_shelter_opened(), headers=key, timeout=60)
    assert (told.status_code, told.json()) == (202, {"id": a_shelter_opened()["id"], "parked": False})
    message = taken_from(town, QUEUE)
    spec = topology.queue(QUEUE)
    event = decode(message.body)
    assert message.properties["user_id"] == "muni1"
    assert (
        topology.objection(
            spec,
            routing_key=message.delivery_info["routing_key"],
            message_type=message.properties["type"],
            event_type=event.type,
            source=event.source,
            user_id=message.properties["user_id"],
        )
        is None
    )

    # An unknown one is parked, and said to be.
    unknown = a_shelter_opened(type="kr.muni1.streetlight.broke.v1", id="가로등-7")
    told = requests.post(f"{gateway}/events", json=unknown, headers=key, timeout=60)
    assert told.json() == {"id": "가로등-7", "parked": True}
    assert decode(taken_from(town, "city.parked").body).id == "가로등-7"

    # A forged one never gets as far as the broker.
    forged = a_shelter_opened(source="/sipbun/placement")
    assert requests.post(f"{gateway}/events", json=forged, headers=key, timeout=60).status_code == 403

    # Without services it lives and is not ready, and asking one is 503, not a hang.
    ready = requests.get(f"{gateway}/readyz", timeout=60)
    assert (ready.status_code, ready.json()["broker"]) == (503, True)
    assert requests.get(f"{gateway}/v1/openings/opn-1", timeout=60).status_code == 503

    # Both workers count together, whoever answers.
    def counted() -> float:
        text = requests.get(f"{gateway}/metrics", timeout=60).text
        found = re.search(r'^sipbun_http_requests_total\{.*route="/events",status="202"\} (\S+)$', text, re.MULTILINE)
        assert found is not None, text
        return float(found.group(1))

    assert [counted() for _ in range(8)] == [2.0] * 8

    # The dev sign-in signs with the keys that the platform made for itself.
    token = requests.post(f"{gateway}/dev/sign-in", json={"persona": "resident"}, timeout=60).json()["token"]
    asked = requests.get(f"{gateway}/v1/residents/x", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert asked.status_code == 503
