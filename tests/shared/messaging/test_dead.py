"""Dead letters, parked messages and stuck facts are listed with a reason, replayed with the same id, never lost."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from rich.console import Console

from deploy.cli.waiting import listed
from shared.clock import SystemClock
from shared.events.envelope import encode
from shared.messaging.dead import LOOK_ANYWAY, DeadLetters, LimitDeaths
from shared.messaging.message import EVENTS, PARKED, Delivery, Message
from shared.messaging.premises import reasons_of
from shared.messaging.topology import DELIVERY_LIMIT
from shared.messaging.wire import connect
from shared.mongo.real import RealDatabase, client
from tests.harness import eventually
from tests.shared.messaging.conftest import Edge, a_message, an_event
from tests.shared.messaging.test_relaying import a_fact

QUEUE = "placement.openings"


@pytest.fixture
def letters(edge: Edge) -> DeadLetters:
    openings = a_database(edge, "placement").collection("openings")
    return DeadLetters(
        edge.amqp_url, lambda name: a_database(edge, name), {"placement.openings": openings}, SystemClock()
    )


def a_database(edge: Edge, service: str) -> RealDatabase:
    return RealDatabase(client(edge.mongo_url), f"{edge.prefix}{service}")


def refuse_everything(edge: Edge, why: str) -> None:
    """Refuse what is in the queue, as the consumer does: reason kept, then rejected."""
    reasons = reasons_of(a_database(edge, "placement"), SystemClock())
    connection = connect(edge.amqp_url, "test")
    channel = connection.channel()
    while (message := channel.basic_get(QUEUE)) is not None:
        told = message.properties
        reasons.keep(QUEUE, Delivery(message.body, None, "", message_id=told.get("message_id")), why)
        channel.basic_reject(message.delivery_tag, requeue=False)
    connection.close()


def test_a_dead_letter_is_listed_with_its_reason_and_looking_loses_nothing(edge: Edge, letters: DeadLetters) -> None:
    edge.publish(*(a_message(an_event(number)) for number in range(5)))
    refuse_everything(edge, "refused: the moon is full")
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 5)

    for _ in range(3):
        found = [letter for letter in letters.look() if letter.queue == QUEUE]
        assert len(found) == 5
    letter = next(letter for letter in found if letter.message_id == "opening-3.1.0")
    assert (letter.code, letter.reason) == ("rejected", "refused: the moon is full")
    assert (letter.type, letter.source) == (an_event(3).type, "/sipbun/placement/openings")
    assert letter.age is not None
    assert 0 <= letter.age < 120
    for name in ("opening-3.1.0", letter.id, letter.id[:8]):
        assert [shown.id for shown in letters.show(name)] == [letter.id]
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 5)


def test_a_replayed_letter_is_the_same_message_in_its_queue(edge: Edge, letters: DeadLetters) -> None:
    event = an_event(1)
    edge.publish(a_message(event), a_message(an_event(2)))
    refuse_everything(edge, "not today")
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 2)

    settled = letters.replay([event.id])

    assert [letter.message_id for letter in settled.done] == [event.id]
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 1)
    message = taken(edge, QUEUE)
    assert message.body == encode(event).decode() or message.body == encode(event)
    assert message.properties["message_id"] == event.id
    assert message.properties["user_id"] == "sipbun"
    assert message.properties["delivery_mode"] == 2
    assert "x-death" not in message.properties.get("application_headers", {})


def taken(edge: Edge, queue: str) -> Any:
    connection = connect(edge.amqp_url, "test")
    message = connection.channel().basic_get(queue, no_ack=True)
    connection.close()
    return message


def test_a_dropped_letter_is_gone_and_the_others_stay(edge: Edge, letters: DeadLetters) -> None:
    edge.publish(*(a_message(an_event(number)) for number in range(3)))
    refuse_everything(edge, "not today")
    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 3)

    letters.drop(["opening-1.1.0"])

    eventually(lambda: edge.depth(f"{QUEUE}.dead") == 2)
    assert {letter.message_id for letter in letters.look()} == {"opening-0.1.0", "opening-2.1.0"}


def test_how_long_ago_a_parked_event_happened_is_not_how_long_it_is_parked(edge: Edge, letters: DeadLetters) -> None:
    long_ago = orjson.dumps({"type": "kr.sipbun.placement.moon.landed.v1", "time": "2026-07-21T02:56:15Z"})
    edge.publish(Message(EVENTS, "placement.moon.landed.v1", long_ago, message_id="달-1"))

    (parked,) = letters.look(dead=False)

    assert parked.time == "2026-07-21T02:56:15.000Z"
    assert parked.age is None
    table = Console(width=160)
    with table.capture() as told:
        table.print(listed([parked], title="보류함", nothing="없음", aging=False))
    assert "2026-07-21 11:56" in told.get()
    assert "나이" not in told.get()


def test_a_parked_message_says_which_key_nobody_binds_and_replays_to_the_exchange(
    edge: Edge, letters: DeadLetters
) -> None:
    edge.publish(Message(EVENTS, "placement.moon.landed.v1", b"{}", message_id="달-1"))
    (parked,) = letters.look(dead=False)
    assert (parked.code, parked.routing_key) == ("unbound", "placement.moon.landed.v1")

    connection = connect(edge.amqp_url, "test")
    channel = connection.channel()
    channel.queue_declare("moon", durable=True)
    channel.queue_bind("moon", EVENTS, "placement.moon.landed.v1")
    letters.replay()

    eventually(lambda: edge.depth("moon") == 1)
    assert edge.depth(PARKED) == 0
    connection.close()


def test_a_parked_message_that_still_nobody_binds_is_parked_again(edge: Edge, letters: DeadLetters) -> None:
    edge.publish(Message(EVENTS, "placement.moon.landed.v1", b"{}", message_id="달-1"))

    letters.replay(dead=False)

    eventually(lambda: edge.depth(PARKED) == 1)


def test_an_unanswerable_request_can_only_be_dropped(edge: Edge, letters: DeadLetters) -> None:
    edge.publish(Message("", "rpc.dead", b"{}", message_id="물음", headers={"x-sipbun-reason": "reply_to: missing"}))

    kept = letters.replay(["물음"]).kept

    assert len(kept) == 1
    (letter,) = letters.look()
    assert (letter.code, letter.reason) == ("unanswerable", "reply_to: missing")
    assert len(letters.drop(["물음"]).done) == 1
    assert letters.look() == []


def test_a_stuck_fact_is_listed_and_replayed_to_the_relay(edge: Edge, letters: DeadLetters) -> None:
    openings = a_database(edge, "placement").collection("openings")
    stuck = a_fact("opening-1.1.0", s="stuck", why="broker: 406 too large")
    openings.insert_one({"_id": "opening-1", "version": 1, "outbox": [stuck], "acts": []})

    (letter,) = letters.look()
    assert (letter.code, letter.reason, letter.queue) == ("stuck", "broker: 406 too large", "outbox placement.openings")
    letters.replay(["opening-1.1.0"])

    assert openings.count({"outbox.s": "new"}) == 1
    assert letters.look() == []


def test_what_died_by_the_delivery_limit_replays_by_itself_and_the_refused_stay(
    edge: Edge, letters: DeadLetters
) -> None:
    edge.publish(a_message(an_event(1)))
    refuse_everything(edge, "not today")
    edge.publish(a_message(an_event(2)))
    connection = connect(edge.amqp_url, "test")
    channel = connection.channel()

    def worn_out() -> bool:
        message = channel.basic_get(QUEUE)
        if message is not None:
            channel.basic_reject(message.delivery_tag, requeue=True)
        return edge.depth(f"{QUEUE}.dead") == 2

    deaths = LimitDeaths(edge.amqp_url)
    for _ in range(DELIVERY_LIMIT):
        message = eventually(lambda: channel.basic_get(QUEUE))
        channel.basic_reject(message.delivery_tag, requeue=True)
    eventually(worn_out)
    connection.close()
    codes = {letter.message_id: letter.code for letter in letters.look()}
    assert codes == {"opening-1.1.0": "rejected", "opening-2.1.0": "delivery_limit"}

    assert eventually(deaths.replay) == 1

    eventually(lambda: edge.depth(QUEUE) == 1)
    assert deaths.replay() == 0
    assert [letter.message_id for letter in letters.look()] == ["opening-1.1.0"]


def lay_down(edge: Edge, number: int, reason: str) -> None:
    """Put a message among the dead, as the broker does."""
    headers = {"x-death": [{"reason": reason, "queue": QUEUE}]}
    edge.publish(a_message(an_event(number), exchange="", routing_key=f"{QUEUE}.dead", headers=headers))


def test_a_limit_death_replays_after_the_refused_letter_beside_it_was_dropped(edge: Edge, letters: DeadLetters) -> None:
    deaths = LimitDeaths(edge.amqp_url)
    lay_down(edge, 1, "rejected")
    assert deaths.replay() == 0
    letters.drop(["opening-1.1.0"])
    assert eventually(lambda: edge.depth(f"{QUEUE}.dead") == 0)
    assert deaths.replay() == 0

    lay_down(edge, 2, "delivery_limit")

    assert deaths.replay() == 1


def test_a_dead_queue_of_the_same_depth_is_looked_through_again_after_a_while(edge: Edge, letters: DeadLetters) -> None:
    passed = [0.0]
    deaths = LimitDeaths(edge.amqp_url, seconds=lambda: passed[0])
    lay_down(edge, 1, "rejected")
    assert deaths.replay() == 0
    letters.drop(["opening-1.1.0"])
    assert eventually(lambda: edge.depth(f"{QUEUE}.dead") == 0)
    lay_down(edge, 2, "delivery_limit")
    assert deaths.replay() == 0

    passed[0] += LOOK_ANYWAY

    assert deaths.replay() == 1
