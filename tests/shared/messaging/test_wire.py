"""Publishing with pipelined confirms: every message is confirmed, refused with the reason, or all are sent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from amqp import exceptions

from shared.errors import Unavailable
from shared.messaging.message import EVENTS, PARKED, Message
from shared.messaging.wire import NoSuchExchange, PipelinedPublisher, connect
from tests.harness import eventually
from tests.shared.messaging.conftest import Edge, a_message, an_event, cut_connections


@pytest.fixture
def publisher(edge: Edge) -> Iterator[PipelinedPublisher]:
    publisher = PipelinedPublisher(edge.amqp_url)
    yield publisher
    publisher.close()


def test_a_batch_is_confirmed_and_reaches_every_bound_queue(edge: Edge, publisher: PipelinedPublisher) -> None:
    receipt = publisher.publish([a_message(an_event(number)) for number in range(300)])

    assert receipt.confirmed == frozenset(range(300))
    assert edge.depth("placement.openings") == 300
    assert edge.depth("statistics.archive") == 300


def test_what_nobody_binds_is_parked_and_confirmed(edge: Edge, publisher: PipelinedPublisher) -> None:
    unknown = Message(EVENTS, "placement.moon.landed.v1", b"{}", message_id="달-1")

    assert publisher.publish([unknown]).confirmed == frozenset({0})
    assert edge.depth(PARKED) == 1


def test_a_message_for_no_queue_is_refused_and_the_others_go_on(edge: Edge, publisher: PipelinedPublisher) -> None:
    lost = Message("", "no.such.queue", b"{}", message_id="길-잃음")

    receipt = publisher.publish([a_message(an_event(1)), lost, a_message(an_event(2))])

    assert receipt.confirmed == frozenset({0, 2})
    assert "no.such.queue" in receipt.refused[1]


def test_a_message_over_the_brokers_limit_refuses_what_is_pending_so_that_the_caller_can_halve(
    edge: Edge, publisher: PipelinedPublisher
) -> None:
    huge = Message(EVENTS, "placement.opening.filled.v1", b"x" * 400_000, message_id="큰-것")

    receipt = publisher.publish([a_message(an_event(1)), huge, a_message(an_event(2))])
    assert 1 in receipt.refused
    alone = publisher.publish([huge])

    assert alone.confirmed == frozenset()
    assert "406" in alone.refused[0]
    assert publisher.publish([a_message(an_event(3))]).confirmed == frozenset({0})


def test_a_lost_connection_is_unavailable_and_the_next_batch_opens_another(
    edge: Edge, publisher: PipelinedPublisher
) -> None:
    publisher.publish([a_message(an_event(1))])
    cut_connections(edge, "publisher")

    with pytest.raises(Unavailable):
        publisher.publish([a_message(an_event(2))])
    assert publisher.publish([a_message(an_event(2))]).confirmed == frozenset({0})


def test_a_broker_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="broker"):
        PipelinedPublisher("amqp://sipbun:x@127.0.0.1:1/").publish([a_message(an_event(1))])


def test_a_wrong_password_is_unavailable_and_says_why(edge: Edge) -> None:
    at = edge.amqp_url.partition("@")[2]

    with pytest.raises(Unavailable, match="ACCESS_REFUSED"):
        connect(f"amqp://sipbun:wrong@{at}", "test")


def test_a_broker_that_lacks_the_exchange_is_unavailable_and_refuses_nothing(
    edge: Edge, publisher: PipelinedPublisher
) -> None:
    connection = connect(edge.amqp_url, "test")
    connection.channel().exchange_delete(EVENTS)
    connection.close()

    with pytest.raises(NoSuchExchange):
        publisher.publish([a_message(an_event(1)), a_message(an_event(2))])


def test_a_nack_is_told_apart_from_a_refusal(edge: Edge, publisher: PipelinedPublisher) -> None:
    connection = connect(edge.amqp_url, "test")
    arguments = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    channel = connection.channel()
    channel.queue_declare("narrow", durable=True, auto_delete=False, arguments=arguments)
    lost = Message("", "no.such.queue", b"{}", message_id="길-잃음")
    batch = [lost, *(Message("", "narrow", b"{}", message_id=f"달-{number}") for number in range(20))]

    # A quorum queue takes a few more before it notices that it is full.
    receipt = eventually(lambda: publisher.publish(batch), until=lambda answered: bool(answered.nacked))

    assert receipt.nacked
    assert receipt.refused.keys() == {0, *receipt.nacked}
    connection.close()


def test_a_channel_error_while_opening_confirms_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_publisher: PipelinedPublisher) -> Any:
        raise exceptions.AccessRefused("ACCESS_REFUSED")

    monkeypatch.setattr(PipelinedPublisher, "_open", refuse)

    receipt = PipelinedPublisher("amqp://127.0.0.1/").publish([a_message(an_event(1)), a_message(an_event(2))])

    assert receipt.confirmed == frozenset()
    assert receipt.refused.keys() == {0, 1}
