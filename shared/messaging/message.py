"""What crosses the broker, whatever client carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.events.envelope import CONTENT_TYPE, Event, encode

#: Topic exchange of all facts; what nobody binds goes to its alternate, and is parked.
EVENTS = "city.events"
PARKED = "city.parked"
#: Direct exchange of refused messages, by the name of the queue that refused them.
DEAD = "city.dlx"


@dataclass(frozen=True)
class Message:
    """A message on its way out."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    type: str = ""
    content_type: str = CONTENT_TYPE
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """A message that reached a queue. ``tag`` settles it; every property is what the publisher claimed."""

    body: bytes
    tag: Any
    routing_key: str
    content_type: str | None = None
    message_id: str | None = None
    type: str | None = None
    #: Checked by the broker against the connection's user, when present.
    user_id: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    redelivered: bool = False


@dataclass(frozen=True)
class Receipt:
    """What the broker said of a batch: the indexes it took, and those it refused, each with the reason."""

    confirmed: frozenset[int]
    refused: Mapping[int, str] = field(default_factory=dict)
    #: Those of the refused that the broker could not take just now (nack): trouble of its own, not of the message.
    nacked: frozenset[int] = frozenset()


class Publisher(Protocol):
    """Publishes with confirms."""

    def publish(self, messages: Sequence[Message]) -> Receipt:
        """Send the batch and wait for its confirms; raise ``Unavailable`` when the broker went away meanwhile.

        After ``Unavailable`` each message may have been taken or not: send all of them again.
        """


class Settlement(Protocol):
    """Says what became of deliveries, on the channel they came from."""

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """The effects are stored: forget these messages."""

    def reject(self, delivery: Delivery) -> None:
        """Send this one to the dead queue."""

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Put these back where they were."""


def message_of(event: Event, routing_key: str) -> Message:
    """Return the message that publishes an event."""
    return Message(EVENTS, routing_key, encode(event), message_id=event.id, type=event.type)
