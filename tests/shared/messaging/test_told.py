"""Events that reach a queue are stored, dead with a reason, or still there: on a real broker and database."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amqp
import orjson
import pytest

from deploy.database import EmbeddedDatabase
from deploy.management import Management
from shared.clock import SystemClock
from shared.events.envelope import CONTENT_TYPE, encode
from shared.messaging.dead import DeadLetters
from shared.messaging.message import EVENTS
from shared.messaging.wire import PipelinedPublisher, connect
from shared.mongo.real import RealDatabase, client
from tests.harness import TestBroker, eventually
from tests.shared.messaging.conftest import Edge, Hosted, a_message, an_event, cut_connections

QUEUE = "placement.openings"
KEY = "placement.opening.filled.v1"
TYPE = "kr.sipbun.placement.opening.filled.v1"


def test_what_is_published_is_stored_and_acked(edge: Edge, host: Callable[..., Hosted]) -> None:
    hosted = host()

    edge.publish(*(a_message(an_event(number)) for number in range(500)))

    eventually(lambda: len(edge.heard()) == 500)
    eventually(lambda: edge.depth(QUEUE) == 0)
    assert edge.depth(f"{QUEUE}.dead") == 0
    assert f'sipbun_events_done_total{{queue="{QUEUE}"}} 500.0' in hosted.metrics()


def test_what_is_published_before_the_service_starts_waits_for_it(edge: Edge, host: Callable[..., Hosted]) -> None:
    edge.publish(a_message(an_event(1)))

    host()

    eventually(lambda: edge.heard() == ["opening-1.1.0"])


def test_a_redelivered_event_is_stored_once_and_the_same_id_with_another_body_is_dead(
    edge: Edge, host: Callable[..., Hosted]
) -> None:
    host()
    event = an_event(1)
    edge.publish(a_message(event), a_message(event), a_message(event))
    eventually(lambda: edge.depth(QUEUE) == 0 and edge.heard() == [event.id])

    edge.publish(a_message(an_event(1, subject="opening-2", time=event.time)))

    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 1)
    assert edge.heard() == [event.id]


def raw(body: bytes, **properties: Any) -> tuple[bytes, dict[str, Any]]:
    told = {"content_type": CONTENT_TYPE, "message_id": None, "type": None, "user_id": "sipbun", **properties}
    return body, {name: value for name, value in told.items() if value is not None}


SAID = orjson.loads(encode(an_event(77)))


def good(nonce: int) -> bytes:
    """A good event; the nonce, an unknown field, tells the bodies apart."""
    return orjson.dumps({**SAID, "nonce": nonce})


#: What is wrong -> (body, properties, words that its reason must hold).
POISON: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "broken JSON": (*raw(b"{"), "not JSON"),
    "an empty body": (*raw(b""), "not JSON"),
    "not UTF-8": (*raw(b"\xff\xfe\xfd"), "not JSON"),
    "a list": (*raw(b"[]"), "not a JSON object"),
    "NaN": (*raw(good(1).replace(b'"1.0"', b"NaN", 1)), "not JSON"),
    "deep nesting": (*raw(b"[" * 5000 + b"]" * 5000), ""),
    "no content type": (*raw(good(2), content_type=None), "content type"),
    "plain JSON": (*raw(good(3), content_type="application/json"), "content type"),
    "a pickle": (*raw(b"\x80\x04.", content_type="application/x-python-serialize"), "content type"),
    "a type tag": (*raw(orjson.dumps({**SAID, "data": {"__type__": "datetime", "__value__": "x"}})), "data"),
    "no source": (*raw(orjson.dumps({k: v for k, v in SAID.items() if k != "source"})), "source: missing"),
    "a wrong source": (*raw(orjson.dumps({**SAID, "source": "/muni1/openings"})), "source"),
    "an unknown version": (*raw(orjson.dumps({**SAID, "type": TYPE.replace("v1", "v9")})), "not heard"),
    "a missing field": (*raw(orjson.dumps({**SAID, "data": {}})), "data."),
    "another message id": (*raw(good(4), message_id="다른-이름"), "message id"),
    "another message type": (*raw(good(5), type="kr.sipbun.placement.opening.closed.v1"), "type"),
    "nobody's word": (*raw(good(6), user_id=None), "user_id"),
    "a hostile header": (*raw(b"{ }", application_headers={"nameko.call_id_stack": 7}), "missing"),
    "a compression that is not one": (*raw(b"{  }", application_headers={"compression": "application/x-gzip"}), ""),
    "an encoding that is not one": (*raw(b"{   }", content_encoding="klingon"), ""),
    "half a character": (*raw(b"{}", message_id="\ud800"), ""),
}


def test_each_poison_is_dead_with_a_reason_and_the_good_ones_around_it_pass(
    edge: Edge, host: Callable[..., Hosted]
) -> None:
    hosted = host()
    connection = connect(edge.amqp_url, "hostile")
    channel = connection.channel()
    for number, (body, properties, _) in enumerate(POISON.values()):
        channel.basic_publish(amqp.Message(body, **properties), exchange=EVENTS, routing_key=KEY)
        good = encode(an_event(number))
        channel.basic_publish(amqp.Message(good, **raw(good)[1]), exchange=EVENTS, routing_key=KEY)
    connection.close()

    eventually(lambda: len(edge.heard()) == len(POISON))
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == len(POISON))
    eventually(lambda: edge.depth(QUEUE) == 0)
    assert hosted.process.poll() is None, hosted.log.read_text()
    reasons = {letter.body: letter.reason for letter in dead_letters(edge).look() if letter.queue == QUEUE}
    for name, (body, _, words) in POISON.items():
        assert words in reasons[body], name
    assert all(letter.code == "rejected" for letter in dead_letters(edge).look() if letter.queue == QUEUE)


def dead_letters(edge: Edge) -> DeadLetters:
    mongo = client(edge.mongo_url)
    return DeadLetters(edge.amqp_url, lambda name: RealDatabase(mongo, f"{edge.prefix}{name}"), {}, SystemClock())


def test_properties_that_no_parser_reads_are_dead_too(edge: Edge, host: Callable[..., Hosted]) -> None:
    hosted = host()
    connection = connect(edge.amqp_url, "hostile")
    channel = connection.channel()
    table = b"\x01tT" + b"\xff" * 8
    for properties in (
        (1 << 13).to_bytes(2, "big") + len(table).to_bytes(4, "big") + table,
        (1 << 7).to_bytes(2, "big") + b"\x02\xff\xfe",
    ):
        message = amqp.Message(b"{}")
        message._serialize_properties = lambda raw=properties: raw
        channel.basic_publish(message, exchange=EVENTS, routing_key=KEY)
    connection.close()
    edge.publish(a_message(an_event(1)))

    eventually(lambda: edge.heard() == ["opening-1.1.0"])
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 2)
    assert hosted.process.poll() is None


def test_an_outsider_speaks_only_for_itself(edge: Edge, broker: TestBroker, host: Callable[..., Hosted]) -> None:
    host()
    management = Management(edge.admin_url, timeout=60)
    vhost = edge.vhost.replace("/", "%2F")
    management.ask("PUT", "users/muni1-test", {"password": "별빛", "tags": ""})
    permissions = {"configure": "", "write": r"^city\.events$", "read": ""}
    management.ask("PUT", f"permissions/{vhost}/muni1-test", permissions)
    outside = edge.amqp_url.partition("@")[2]
    try:
        connection = connect(f"amqp://muni1-test:%EB%B3%84%EB%B9%9B@{outside}", "outsider")
        channel = connection.channel()
        body = encode(an_event(1))
        channel.confirm_select()
        channel.basic_publish(
            amqp.Message(body, **{**raw(body)[1], "user_id": "muni1-test"}), exchange=EVENTS, routing_key=KEY
        )
        channel.wait([amqp.spec.Basic.Ack], timeout=60)
        channel.basic_publish(amqp.Message(body, **raw(body)[1]), exchange=EVENTS, routing_key=KEY)
        with pytest.raises(amqp.exceptions.PreconditionFailed):
            channel.wait([amqp.spec.Basic.Ack], timeout=60)
        connection.collect()
    finally:
        management.ask("DELETE", "users/muni1-test")

    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 1)
    assert edge.heard() == []
    assert "muni1-test" in dead_letters(edge).look()[0].reason


def test_our_own_events_are_heard_under_whatever_name_the_broker_knows_us(
    edge: Edge, host: Callable[..., Hosted]
) -> None:
    management = Management(edge.admin_url, timeout=60)
    management.ask("PUT", "users/gwangsan-test", {"password": "byul", "tags": ""})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    management.ask("PUT", f"permissions/{edge.vhost.replace('/', '%2F')}/gwangsan-test", everything)
    url = f"amqp://gwangsan-test:byul@{edge.amqp_url.partition('@')[2]}"
    try:
        host(SIPBUN_AMQP_URL=url)
        publisher = PipelinedPublisher(url, "test")
        publisher.publish([a_message(an_event(1))])
        publisher.close()
        edge.publish(a_message(an_event(2)))

        eventually(lambda: edge.heard() == ["opening-1.1.0"])
        eventually(lambda: edge.depth(f"{QUEUE}.dead") == 1)
    finally:
        management.ask("DELETE", "users/gwangsan-test")


def test_a_service_killed_in_the_middle_loses_and_doubles_nothing(edge: Edge, host: Callable[..., Hosted]) -> None:
    first = host()
    edge.publish(*(a_message(an_event(number)) for number in range(2000)))
    eventually(lambda: len(edge.heard()) > 100)
    first.stop(signal.SIGKILL)
    host()

    eventually(lambda: len(edge.heard()) == 2000)
    eventually(lambda: edge.depth(QUEUE) == 0)
    assert edge.depth(f"{QUEUE}.dead") == 0


def test_connections_cut_in_the_middle_lose_and_double_nothing(edge: Edge, host: Callable[..., Hosted]) -> None:
    hosted = host()
    edge.publish(*(a_message(an_event(number)) for number in range(1500)))

    cut_connections(edge, "told")

    eventually(lambda: len(edge.heard()) == 1500)
    eventually(lambda: edge.depth(QUEUE) == 0)
    eventually(hosted.ready)
    assert hosted.process.poll() is None


def test_a_lost_race_gives_the_batch_back_and_goes_on(edge: Edge, host: Callable[..., Hosted]) -> None:
    host()
    edge.publish(a_message(an_event(1, subject="충돌")))
    eventually(lambda: edge.depth(QUEUE) == 0)
    edge.publish(a_message(an_event(2)))
    assert "opening-1.1.0" not in edge.heard()

    edge.database.collection("heard").insert_one({"_id": "조용"})

    eventually(lambda: edge.heard() == ["opening-1.1.0", "opening-2.1.0"])
    eventually(lambda: edge.depth(QUEUE) == 0)


def test_sigterm_finishes_the_batch_and_leaves_the_rest_in_the_queue(edge: Edge, host: Callable[..., Hosted]) -> None:
    hosted = host()
    edge.publish(*(a_message(an_event(number)) for number in range(3000)))
    eventually(lambda: len(edge.heard()) > 200)

    assert hosted.stop() == 0

    eventually(lambda: edge.depth(QUEUE) + len(edge.heard()) == 3000)
    assert edge.depth(f"{QUEUE}.dead") == 0


def test_a_database_that_goes_away_holds_the_queue_back_and_nothing_dies(
    edge: Edge, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    own = EmbeddedDatabase(tmp_path / "own-database")
    own.start()
    own.wait_ready()
    try:
        hosted = host(SIPBUN_MONGO_URL=own.url)
        edge.publish(*(a_message(an_event(number)) for number in range(50)))
        heard = RealDatabase(client(own.url), f"{edge.prefix}hosted").collection("heard")
        eventually(lambda: heard.count({}) == 50)

        own.kill()
        edge.publish(*(a_message(an_event(number)) for number in range(50, 150)))
        eventually(lambda: not hosted.ready())
        eventually(lambda: edge.depth(QUEUE) == 100)
        assert hosted.process.poll() is None
        own.start()
        own.wait_ready()

        eventually(lambda: heard.count({}) == 150)
        eventually(hosted.ready)
        assert edge.depth(f"{QUEUE}.dead") == 0
    finally:
        own.kill()


def test_a_timer_runs_again_and_again(edge: Edge, host: Callable[..., Hosted]) -> None:
    host()
    started = time.monotonic()

    eventually(lambda: (edge.database.collection("ticks").find_one({"_id": "ticks"}) or {}).get("count", 0) >= 5)

    assert time.monotonic() - started > 0.5


def test_a_feed_is_loaded_then_told_and_loads_again_after_a_lost_connection(
    edge: Edge, host: Callable[..., Hosted]
) -> None:
    from shared.messaging.rpc import RpcClient  # noqa: PLC0415

    host()
    rpc = RpcClient(edge.amqp_url)

    def shelf() -> dict[str, Any]:
        answer: dict[str, Any] = rpc.call("hosted_library", "shelf")
        return answer

    assert shelf()["loads"] == 1
    edge.publish(a_message(an_event(1)))
    eventually(lambda: shelf()["told"] == ["opening-1.1.0"])
    cut_connections(edge, "fed")

    eventually(lambda: shelf()["loads"] == 2 and shelf()["caught_up"])
    edge.publish(a_message(an_event(2)))
    eventually(lambda: shelf()["told"][-1] == "opening-2.1.0")
    rpc.close()
