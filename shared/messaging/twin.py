"""The broker's twin: exchanges, bindings, quorum queues, confirms, prefetch, redelivery and dead letters in memory.

It is built from the same ``topology`` as the real one and keeps its promises, no better ones: a message is delivered
at least once; what was delivered to a connection that is gone comes again, marked redelivered; a message that came
too often, or was rejected, goes to the dead queue; what nobody binds is parked. ``step`` is called before and after
each verb: a scheduler stands there and may switch, crash or fail the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shared.errors import Unavailable
from shared.messaging.message import EVENTS, PARKED, Delivery, Message, Receipt
from shared.messaging.topology import DELIVERY_LIMIT, QUEUES, QueueSpec, routing_keys

Step = Callable[[str], None]


@dataclass
class Stored:
    """A message in a queue."""

    delivery: Delivery
    deliveries: int = 0


@dataclass
class TwinQueue:
    """A quorum queue: what waits, and what is out for delivery, by tag."""

    name: str
    ready: deque[Stored] = field(default_factory=deque)
    out: dict[int, Stored] = field(default_factory=dict)

    def messages(self) -> list[Delivery]:
        """Return everything that is in it, waiting or out."""
        return [stored.delivery for stored in [*self.ready, *self.out.values()]]


class TwinBroker:
    """A broker in memory with the town's topology."""

    def __init__(
        self, queues: Sequence[QueueSpec] = QUEUES, *, own_user: str = "sipbun", limit: int = DELIVERY_LIMIT
    ) -> None:
        self.away = False
        self.own_user = own_user
        self.limit = limit
        self.queues = {name: TwinQueue(name) for spec in queues for name in (spec.name, spec.dead)}
        self.queues[PARKED] = TwinQueue(PARKED)
        self._bound: dict[str, list[str]] = {}
        for spec in queues:
            for key in routing_keys(spec.hears):
                self._bound.setdefault(key, []).append(spec.name)
        self._tags = 0
        self._feeds: list[tuple[frozenset[str], TwinQueue]] = []
        #: Every message a publisher was told is safe, by (user, message id): for the invariant "published is somewhere".
        self.confirmed: list[Message] = []

    def connection(self, step: Step, user: str | None = None) -> TwinConnection:
        """Return one process's connection."""
        return TwinConnection(self, step, user or self.own_user)

    def route(self, message: Message, user: str) -> None:
        """Put a message into every queue bound to its key; nobody bound: parked."""
        own = [kept for keys, kept in self._feeds if message.exchange == EVENTS and message.routing_key in keys]
        for queue in [*(self.queues[name] for name in self._targets(message)), *own]:
            self._tags += 1
            delivery = Delivery(
                body=message.body,
                tag=self._tags,
                routing_key=message.routing_key,
                content_type=message.content_type,
                message_id=message.message_id,
                type=message.type,
                user_id=user,
                headers=dict(message.headers),
            )
            queue.ready.append(Stored(delivery))

    def subscribe(self, keys: Iterable[str]) -> TwinQueue:
        """Return a queue of one process alone (exclusive, not durable), bound from now on."""
        own = TwinQueue("")
        self._feeds.append((frozenset(keys), own))
        return own

    def unsubscribe(self, own: TwinQueue) -> None:
        """Forget a process's own queue, and what is in it."""
        self._feeds = [(keys, kept) for keys, kept in self._feeds if kept is not own]

    def deliver(self, name: str, most: int, pick: Callable[[int], int]) -> list[Delivery]:
        """Take up to ``most`` messages out of a queue; ``pick(n)`` chooses which of n comes next."""
        queue = self.queues[name]
        taken: list[Delivery] = []
        while queue.ready and len(taken) < most:
            place = pick(len(queue.ready))
            stored = queue.ready[place]
            del queue.ready[place]
            stored.deliveries += 1
            if stored.deliveries > self.limit:
                self._die(queue.name, stored, "delivery_limit")
                continue
            self._tags += 1
            stored.delivery = replace(stored.delivery, tag=self._tags, redelivered=stored.deliveries > 1)
            queue.out[self._tags] = stored
            taken.append(stored.delivery)
        return taken

    def settle(self, name: str, tags: Iterable[int]) -> None:
        """Forget messages that were acked."""
        for tag in tags:
            self.queues[name].out.pop(tag, None)

    def bury(self, name: str, tag: int) -> None:
        """Move a rejected message to the dead queue."""
        stored = self.queues[name].out.pop(tag, None)
        if stored is not None:
            self._die(name, stored, "rejected")

    def give_back(self, name: str, tags: Iterable[int]) -> None:
        """Put messages back where they were, to be delivered again."""
        for tag in sorted(tags, reverse=True):
            stored = self.queues[name].out.pop(tag, None)
            if stored is not None:
                self.queues[name].ready.appendleft(stored)

    def duplicate(self, name: str, place: int) -> None:
        """Deliver one waiting message twice, as a lost confirm or ack would."""
        stored = self.queues[name].ready[place]
        self.queues[name].ready.append(Stored(stored.delivery, stored.deliveries))

    def _targets(self, message: Message) -> list[str]:
        if message.exchange == "":
            return [message.routing_key]
        if message.exchange != EVENTS:
            raise ValueError(f"no exchange {message.exchange!r}")
        return self._bound.get(message.routing_key, [PARKED])

    def _die(self, name: str, stored: Stored, reason: str) -> None:
        headers = {**stored.delivery.headers, "x-death": [{"queue": name, "reason": reason}]}
        self.queues[f"{name}.dead"].ready.append(Stored(replace(stored.delivery, headers=headers)))


class TwinConnection:
    """One process's connection: publishes with confirms, and settles what it was given."""

    def __init__(self, broker: TwinBroker, step: Step, user: str) -> None:
        self._broker = broker
        self._step = step
        self._user = user
        self._held: dict[str, set[int]] = {}

    def publish(self, messages: Sequence[Message]) -> Receipt:
        """Route the batch and confirm it; raise ``Unavailable`` when the broker is away, before or after."""
        self._reach("publish")
        for message in messages:
            self._broker.route(message, self._user)
            self._broker.confirmed.append(message)
        self._reach("publish done")
        return Receipt(frozenset(range(len(messages))))

    def deliver(self, queue: str, most: int, pick: Callable[[int], int]) -> list[Delivery]:
        """Take up to ``most`` messages; they are this connection's until settled."""
        self._reach(f"deliver {queue}")
        taken = self._broker.deliver(queue, most, pick)
        self._held.setdefault(queue, set()).update(delivery.tag for delivery in taken)
        return taken

    def settlement(self, queue: str) -> TwinSettlement:
        """Return what settles deliveries of a queue on this connection."""
        return TwinSettlement(self, queue)

    def close(self) -> None:
        """Drop the connection: what it held is delivered again, to anybody."""
        for queue, tags in self._held.items():
            self._broker.give_back(queue, tags)
        self._held.clear()

    def settle(self, queue: str, verb: str, tags: Sequence[int]) -> None:
        """Carry out one settlement; raise ``Unavailable`` when the broker is away or the delivery isn't ours."""
        self._reach(f"{verb} {queue}")
        held = self._held.get(queue, set())
        ours = [tag for tag in tags if tag in held]
        held.difference_update(ours)
        if verb == "ack":
            self._broker.settle(queue, ours)
        elif verb == "reject":
            for tag in ours:
                self._broker.bury(queue, tag)
        else:
            self._broker.give_back(queue, ours)
        self._reach(f"{verb} {queue} done")

    def _reach(self, verb: str) -> None:
        self._step(f"broker {verb}")
        if self._broker.away:
            self.close()
            raise Unavailable(f"broker: {verb}: away")


class TwinSettlement:
    """Settles deliveries of one queue on one connection."""

    def __init__(self, connection: TwinConnection, queue: str) -> None:
        self._connection = connection
        self._queue = queue

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget these."""
        self._connection.settle(self._queue, "ack", [delivery.tag for delivery in deliveries])

    def reject(self, delivery: Delivery) -> None:
        """Send this one to the dead queue."""
        self._connection.settle(self._queue, "reject", [delivery.tag])

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Put these back."""
        if deliveries:
            self._connection.settle(self._queue, "give back", [delivery.tag for delivery in deliveries])


def at_rest(broker: TwinBroker) -> Iterator[tuple[str, Delivery]]:
    """Yield everything that waits, is dead or is parked, with the name of its queue."""
    for name, queue in broker.queues.items():
        for delivery in queue.messages():
            yield name, delivery
