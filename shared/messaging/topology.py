"""Every exchange and queue there is, declared from one table; a queue's name is a published name.

    services --relay--> city.events --exact type and version--> <service>.<purpose> --refused--> city.dlx
    outsiders --------^      |                                                                     |
                             +--nobody binds it--> city.parked                  <service>.<purpose>.dead

Queues are quorum queues without a length limit (a bounded one nacks a publish that other queues took); their depth
raises an alarm instead. Dead-lettering is at-least-once. ``python -m shared.messaging.topology declare`` declares it
all on ``SIPBUN_AMQP_URL``, and may be run again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.events import city, placement, residents, spaces
from shared.events.contract import Contract
from shared.events.placement import participation, pay, plans, trust, work
from shared.events.registry import CONTRACTS, contract_of
from shared.messaging.message import DEAD, EVENTS, PARKED

#: Deliveries before a message is dead. Each crash of a consumer counts one for every message it had prefetched, so
#: this is generous; deaths by this limit replay by themselves (shared/messaging/dead.py).
DELIVERY_LIMIT = 200
#: Deliveries of a dead or parked message: looking at one is a delivery, and RabbitMQ 4 would forget it after 20.
LOOKS = 1_000_000
#: RPC requests that can't even be answered.
RPC_DEAD = "rpc.dead"
#: The broker user of our own relay and services unless the broker's address names another; each publishing system has
#: its own.
OWN_USER = "sipbun"


@dataclass(frozen=True)
class QueueSpec:
    """A queue of one service, and the exact contracts it hears."""

    name: str
    hears: tuple[Contract, ...]
    #: The broker user that says our own events: who consumes names the user of its broker's address.
    own_user: str = OWN_USER

    @property
    def service(self) -> str:
        """The service that owns it; its database keeps the reasons of what died."""
        return self.name.partition(".")[0]

    @property
    def dead(self) -> str:
        """The queue of what was refused."""
        return f"{self.name}.dead"

    @cached_property
    def types(self) -> frozenset[str]:
        """The types it hears."""
        return frozenset(contract.type for contract in self.hears)


QUEUES: tuple[QueueSpec, ...] = (
    QueueSpec(
        "placement.openings",
        (
            placement.OPENING_PUBLISHED,
            placement.OPENING_FILLED,
            placement.OPENING_REOPENED,
            placement.OPENING_CLOSED,
            placement.OPENING_CANCELLED,
            placement.APPLICATION_SUBMITTED,
            placement.APPLICATION_SELECTED,
            placement.APPLICATION_WITHDRAWN,
            placement.APPLICATION_CLOSED,
            placement.PLACEMENT_SELECTED,
            placement.PLACEMENT_WITHDRAWN,
            placement.OPENING_RANKED,
            placement.OFFER_MADE,
            placement.OFFER_LAPSED,
            placement.APPLICATION_WAITLISTED,
            work.ATTENDANCE_SETTLED,
            work.PLACEMENT_COMPLETED,
            work.PLACEMENT_UNWORKED,
        ),
    ),
    QueueSpec("placement.proposals", (plans.PROPOSAL_DECIDED,)),
    QueueSpec("placement.participation", (placement.PLACEMENT_SELECTED, placement.PLACEMENT_WITHDRAWN)),
    QueueSpec(
        "placement.attendance",
        (placement.PLACEMENT_SELECTED, placement.PLACEMENT_WITHDRAWN, work.ATTENDANCE_SETTLED),
    ),
    QueueSpec(
        "placement.allowance",
        (
            work.ATTENDANCE_SETTLED,
            work.ATTENDANCE_DISPUTED,
            work.ATTENDANCE_DISPUTE_ANSWERED,
            participation.OVERLAPPED,
            pay.ALLOWANCE_PAID_BACK,
        ),
    ),
    QueueSpec(
        "placement.trust", (work.ATTENDANCE_SETTLED, work.PLACEMENT_COMPLETED, residents.CONSENT_WITHDRAWN)
    ),
    QueueSpec(
        "notifications.letters",
        (
            placement.PLACEMENT_SELECTED,
            placement.PLACEMENT_WITHDRAWN,
            placement.APPLICATION_CLOSED,
            placement.APPLICATION_WITHDRAWN,
            placement.APPLICATION_WAITLISTED,
            placement.OFFER_MADE,
            placement.OFFER_LAPSED,
            placement.OPENING_PUBLISHED,
            work.ATTENDANCE_SETTLED,
            work.ATTENDANCE_DELAYED,
            work.ATTENDANCE_DISPUTED,
            work.ATTENDANCE_DISPUTE_ANSWERED,
            pay.ALLOWANCE_EARNED,
            pay.ALLOWANCE_HELD_BACK,
            pay.ALLOWANCE_PAID,
            pay.ALLOWANCE_RETURNED,
            trust.EVALUATION_OPENED,
            trust.EVALUATION_REVEALED,
            trust.APPEAL_ANSWERED,
            spaces.FACILITY_OPENED,
            spaces.FACILITY_CHANGED,
            spaces.SPACE_OPENED,
            spaces.SPACE_CHANGED,
            spaces.BOOKING_CONFIRMED,
            spaces.BOOKING_REFUSED,
            spaces.BOOKING_EXPIRED,
            spaces.BOOKING_DISPLACED,
            spaces.BOOKING_CANCELLED,
            spaces.BOOKING_MISSED,
            spaces.BOOKING_DOUBTED,
            spaces.OFFER_MADE,
            spaces.WISH_ENDED,
            spaces.SEAT_TAKEN,
            spaces.SEAT_QUEUED,
            spaces.SEAT_OFFERED,
            spaces.CONDUCT_STRUCK,
            spaces.CONDUCT_CLEARED,
            spaces.CONDUCT_ANSWERED,
            spaces.CASE_OPENED,
            spaces.CASE_RESOLVED,
            city.HEAT_SHELTER_OPENED,
        ),
    ),
    # Apart from letters: a fan-out is long and waits for residents, and must not hold up anybody's own letter.
    QueueSpec("notifications.news", (placement.OPENING_PUBLISHED,)),
    QueueSpec(
        "spaces.bookings",
        (
            spaces.BOOKING_REQUESTED,
            spaces.BOOKING_CONFIRMED,
            spaces.BOOKING_REFUSED,
            spaces.BOOKING_DISPLACED,
            spaces.BOOKING_CANCELLED,
            spaces.BOOKING_EXPIRED,
            spaces.BOOKING_MISSED,
            spaces.BOOKING_USED,
            spaces.CONDUCT_CLEARED,
            spaces.SUBSCRIPTION_ENDED,
            city.DOOR_OPENED,
        ),
    ),
    QueueSpec(
        "spaces.plans",
        (
            spaces.PLAN_OFFERED,
            spaces.SUBSCRIPTION_STARTED,
            spaces.SUBSCRIPTION_PAUSED,
            spaces.SUBSCRIPTION_RESUMED,
            spaces.SUBSCRIPTION_ENDED,
            spaces.SEAT_TAKEN,
            spaces.SEAT_QUEUED,
            spaces.QUOTA_SEALED,
        ),
    ),
    QueueSpec(
        "spaces.waiting",
        (
            spaces.DIARY_FREED,
            spaces.BOOKING_REQUESTED,
            spaces.OFFER_MADE,
            spaces.WISH_ENDED,
        ),
    ),
    QueueSpec(
        "spaces.conduct",
        (
            spaces.BOOKING_MISSED,
            spaces.BOOKING_USED,
            spaces.BOOKING_CHECKED_IN,
        ),
    ),
    QueueSpec(
        "spaces.cases",
        (
            spaces.DIARY_OVERLAPPED,
            spaces.HOURS_CHANGED,
            spaces.FACILITY_CLOSED,
            spaces.SPACE_CLOSED,
            spaces.BOOKING_REQUESTED,
            spaces.BOOKING_CONFIRMED,
            spaces.BOOKING_REFUSED,
            spaces.BOOKING_DISPLACED,
            spaces.BOOKING_CANCELLED,
            spaces.BOOKING_EXPIRED,
            spaces.BOOKING_MISSED,
            spaces.BOOKING_USED,
            spaces.CASE_OPENED,
        ),
    ),
    QueueSpec(
        "spaces.agreement",
        (
            spaces.BOOKING_REQUESTED,
            spaces.BOOKING_CONFIRMED,
            spaces.BOOKING_REFUSED,
            spaces.BOOKING_DISPLACED,
            spaces.BOOKING_CANCELLED,
            spaces.BOOKING_EXPIRED,
            spaces.BOOKING_MISSED,
            spaces.CASE_RESOLVED,
            spaces.FEED_CONNECTED,
            spaces.FEED_DIED,
            city.CALENDAR_ENTRY_SET,
            city.CALENDAR_ENTRY_REMOVED,
        ),
    ),
    QueueSpec(
        "spaces.occupancy",
        (
            spaces.SPACE_OPENED,
            spaces.SPACE_CLOSED,
        ),
    ),
    QueueSpec("residents.withdrawals", (residents.CONSENT_WITHDRAWN,)),
    QueueSpec("residents.accounts", (residents.CONSENT_WITHDRAWN,)),
    QueueSpec(
        "residents.groups",
        (
            placement.APPLICATION_SUBMITTED,
            placement.PLACEMENT_SELECTED,
            placement.PLACEMENT_WITHDRAWN,
            work.PLACEMENT_COMPLETED,
            residents.CONSENT_WITHDRAWN,
        ),
    ),
    QueueSpec("statistics.archive", tuple(CONTRACTS.values())),
)
#: Queues of one process each (exclusive, not durable), that feed an index: name of the feed -> what it hears.
FEEDS: Mapping[str, tuple[Contract, ...]] = {
    "placement.nearby": (
        placement.OPENING_PUBLISHED,
        placement.OPENING_FILLED,
        placement.OPENING_REOPENED,
        placement.OPENING_CLOSED,
        placement.OPENING_CANCELLED,
    ),
    "spaces.nearby": (
        spaces.SPACE_OPENED,
        spaces.SPACE_CHANGED,
        spaces.SPACE_CLOSED,
        spaces.FACILITY_CHANGED,
        spaces.FACILITY_CLOSED,
        spaces.HOURS_CHANGED,
        spaces.FEED_CONNECTED,
    ),
    "residents.reach": (residents.INTEREST_SET, residents.INTEREST_REMOVED, residents.CONSENT_WITHDRAWN),
}


def queue(name: str) -> QueueSpec:
    """Return the queue of that name; raise ``KeyError``."""
    return next(spec for spec in QUEUES if spec.name == name) if name in queue_names() else _unknown(name)


def queue_names() -> tuple[str, ...]:
    """Return the names of all service queues."""
    return tuple(spec.name for spec in QUEUES)


def _unknown(name: str) -> QueueSpec:
    raise KeyError(f"no queue {name!r}; there are {', '.join(queue_names())}")


def objection(
    spec: QueueSpec, *, routing_key: str, message_type: str | None, event_type: str, source: str, user_id: str | None
) -> str | None:
    """Return why this combination can't be true, or None.

    A publisher may only speak under its own prefix: routing key, message type, event type, source and the broker user
    (which the broker has verified) must all name the same one.
    """
    contract = contract_of(event_type)
    if contract is None or event_type not in spec.types:
        return f"type: {event_type} is not heard by {spec.name}"
    if routing_key not in (contract.routing_key, spec.name):
        return f"routing key: {routing_key} does not belong to {event_type}; expected {contract.routing_key}"
    if message_type is not None and message_type != event_type:
        return f"type: the message says {message_type}, the event says {event_type}"
    if not source.startswith(f"/{source_root(contract)}/"):
        return f"source: {source} may not say {event_type}; expected /{source_root(contract)}/..."
    user = user_of(contract, spec.own_user)
    if user_id != user:
        return f"user_id: {user_id or 'missing'} may not say {event_type}; expected {user}"
    return None


def source_root(contract: Contract) -> str:
    """Return the first step of a source that may say this: ``sipbun/placement`` for our own, else the publisher."""
    return f"sipbun/{contract.publisher}" if is_ours(contract) else contract.publisher


def user_of(contract: Contract, own_user: str = OWN_USER) -> str:
    """Return the broker user that may say this; ``own_user`` says our own events."""
    return own_user if is_ours(contract) else contract.publisher


def is_ours(contract: Contract) -> bool:
    """Return whether one of our own services says this."""
    return contract.prefix == "kr.sipbun"


@dataclass(frozen=True)
class Exchange:
    """An exchange to declare."""

    name: str
    kind: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class QueueDeclaration:
    """A queue to declare, with its arguments and its bindings ``(exchange, routing key)``."""

    name: str
    arguments: Mapping[str, Any]
    bindings: tuple[tuple[str, str], ...]


EXCHANGES: tuple[Exchange, ...] = (
    Exchange(PARKED, "fanout", {}),
    Exchange(DEAD, "direct", {}),
    Exchange(EVENTS, "topic", {"alternate-exchange": PARKED}),
)


def declarations() -> Iterator[QueueDeclaration]:
    """Yield every durable queue."""
    quorum: Mapping[str, Any] = {"x-queue-type": "quorum"}
    kept = {**quorum, "x-delivery-limit": LOOKS}
    yield QueueDeclaration(PARKED, kept, ((PARKED, ""),))
    yield QueueDeclaration(RPC_DEAD, kept, ())
    for spec in QUEUES:
        yield QueueDeclaration(spec.dead, kept, ((DEAD, spec.name),))
        yield QueueDeclaration(
            spec.name,
            {
                **quorum,
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": DEAD,
                "x-dead-letter-routing-key": spec.name,
                "x-dead-letter-strategy": "at-least-once",
                # Asked for by at-least-once dead-lettering; without a length limit it never refuses anything.
                "x-overflow": "reject-publish",
            },
            tuple((EVENTS, key) for key in routing_keys(spec.hears)),
        )


def routing_keys(contracts: Iterable[Contract]) -> list[str]:
    """Return the exact routing keys to bind."""
    return sorted({contract.routing_key for contract in contracts})


def declare(channel: Any) -> None:
    """Declare everything on an open py-amqp channel. Safe to repeat."""
    for exchange in EXCHANGES:
        channel.exchange_declare(
            exchange.name, exchange.kind, durable=True, auto_delete=False, arguments=dict(exchange.arguments)
        )
    for declaration in declarations():
        channel.queue_declare(
            declaration.name, durable=True, auto_delete=False, arguments=dict(declaration.arguments)
        )
        for exchange_name, key in declaration.bindings:
            channel.queue_bind(declaration.name, exchange_name, key)


def main() -> None:
    """Declare everything on ``SIPBUN_AMQP_URL``."""
    from shared.config import settings  # noqa: PLC0415  (a module that only describes must not need an environment)
    from shared.messaging.wire import connect  # noqa: PLC0415

    connection = connect(settings().amqp_url, name="topology")
    declare(connection.channel())
    connection.close()


if __name__ == "__main__":
    main()
