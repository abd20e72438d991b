"""The consumer core: from raw bytes to a stored effect, and only then the ack. It knows no framework.

    deliveries --> decode, agree, contract --> reaction (in batches, by type) --> ack
                        |                          |                   |
                        +--- permanent: keep the reason, reject ------+   infrastructure away: give the batch back

A permanent error in a batch is found by halving: the good ones are stored and acked, the culprit is dead with its
reason. Reactions have natural keys, so doing a half again is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Conflict, CrossesTheDoor, Unavailable
from shared.events.contract import ContractBroken
from shared.events.envelope import CONTENT_TYPE, Event, Unreadable, decode
from shared.events.registry import contract_of
from shared.messaging.message import Delivery, Settlement
from shared.messaging.outsiders import TenantsOf, of_nobody
from shared.messaging.reasons import Reasons
from shared.messaging.topology import QueueSpec, is_ours, objection
from shared.telemetry import log
from shared.trace import within

#: A reaction gets events of one type, in the order they came; it stores their effects before it returns.
Reaction = Callable[[Sequence[Event]], None]


class KeyReused(Exception):
    """An event came under the key of another one, with a different body: dead, not a duplicate."""


@dataclass(frozen=True)
class Taken:
    """What became of a batch."""

    done: int = 0
    dead: int = 0


@dataclass(frozen=True)
class Read:
    """A delivery that turned out to be an event."""

    delivery: Delivery
    event: Event


class Core:
    """Settles the deliveries of one queue with a service's reactions."""

    def __init__(
        self,
        spec: QueueSpec,
        reactions: Mapping[str, Reaction],
        reasons: Reasons,
        *,
        tenants_of: TenantsOf = of_nobody,
    ) -> None:
        """``tenants_of``: for which tenants a publisher outside may speak; for none unless told."""
        missing = spec.types - reactions.keys()
        if missing:
            raise ValueError(f"{spec.name} hears {sorted(missing)} and has no reaction")
        self.spec = spec
        self._reactions = reactions
        self._reasons = reasons
        self._tenants_of = tenants_of

    def take(self, batch: Sequence[Delivery], settlement: Settlement) -> Taken:
        """Store the effects of a batch, then ack; raise ``Unavailable`` after giving back what was not settled."""
        good: list[Read] = []
        done, dead = 0, 0
        rest = {id(delivery): delivery for delivery in batch}
        try:
            for delivery in batch:
                try:
                    good.append(Read(delivery, self.read(delivery)))
                except (Unreadable, ContractBroken) as error:
                    self._bury(delivery, str(error), settlement)
                    del rest[id(delivery)]
                    dead += 1
            for event_type in dict.fromkeys(read.event.type for read in good):
                group = [read for read in good if read.event.type == event_type]
                stored, refused = self._react(group)
                if stored:
                    settlement.ack([read.delivery for read in stored])
                    for read in stored:
                        del rest[id(read.delivery)]
                for read, why in refused:
                    self._bury(read.delivery, why, settlement)
                    del rest[id(read.delivery)]
                done, dead = done + len(stored), dead + len(refused)
        except (Unavailable, Conflict):
            settlement.give_back(list(rest.values()))
            raise
        return Taken(done, dead)

    def read(self, delivery: Delivery) -> Event:
        """Return the event; raise ``Unreadable`` or ``ContractBroken`` with what is wrong, or ``Unavailable``."""
        try:
            return self._read(delivery)
        except (Unreadable, ContractBroken, Unavailable):
            raise
        except Exception as error:
            # A message nobody thought of must not stop those behind it, again and again.
            raise Unreadable(_why(error)) from error

    def _read(self, delivery: Delivery) -> Event:
        if delivery.content_type != CONTENT_TYPE:
            raise Unreadable(f"content type: {delivery.content_type or 'missing'}; expected {CONTENT_TYPE}")
        event = decode(delivery.body)
        if delivery.message_id is not None and delivery.message_id != event.id:
            raise Unreadable(f"message id: the message says {delivery.message_id}, the event says {event.id}")
        wrong = objection(
            self.spec,
            routing_key=delivery.routing_key,
            message_type=delivery.type,
            event_type=event.type,
            source=event.source,
            user_id=delivery.user_id,
        )
        if wrong is not None:
            raise Unreadable(wrong)
        contract = contract_of(event.type)
        assert contract is not None  # noqa: S101  (objection() has just refused unknown types)
        if not is_ours(contract) and event.tenant not in self._tenants_of(contract.publisher):
            raise Unreadable(f"tenant: {contract.publisher} may not speak for {event.tenant}")
        contract.check(event.data)
        return event

    def _react(self, group: list[Read]) -> tuple[list[Read], list[tuple[Read, str]]]:
        """Return what was stored, and what was refused for good with the reason."""
        reaction = self._reactions[group[0].event.type]
        try:
            with within(group[0].event.traceparent):
                reaction([read.event for read in group])
        except (Unavailable, Conflict):
            raise
        except Exception as error:  # noqa: BLE001  (whatever a reaction can't do with an event, an operator must see)
            if len(group) == 1:
                return [], [(group[0], _why(error))]
            middle = len(group) // 2
            first, second = self._react(group[:middle]), self._react(group[middle:])
            return first[0] + second[0], first[1] + second[1]
        return group, []

    def _bury(self, delivery: Delivery, why: str, settlement: Settlement) -> None:
        self._reasons.keep(self.spec.name, delivery, why)
        log.warning("dead", queue=self.spec.name, message_id=delivery.message_id, why=why)
        settlement.reject(delivery)


def _why(error: Exception) -> str:
    if isinstance(error, CrossesTheDoor):
        return f"refused: {error}"
    if isinstance(error, KeyReused):
        return str(error)
    log.error("reaction_failed", exc_info=error)
    return f"{type(error).__name__}: {error}"


def once(field: str, act: Callable[[str], object]) -> Reaction:
    """Return a reaction that acts once for each id that a batch names in ``field``.

    For acts that look at the state, not at the event.
    """

    def react(events: Sequence[Event]) -> None:
        first = {str(event.data[field]): event for event in reversed(events)}
        for one in dict.fromkeys(str(event.data[field]) for event in events):
            with within(first[one].traceparent):
                act(one)

    return react


def both(first: Reaction, second: Reaction) -> Reaction:
    """Return a reaction that does the one, then the other."""

    def react(events: Sequence[Event]) -> None:
        first(events)
        second(events)

    return react


def each(react: Callable[[Event], None]) -> Reaction:
    """Return a reaction that takes events one by one."""

    def one_by_one(events: Sequence[Event]) -> None:
        for event in events:
            with within(event.traceparent):
                react(event)

    return one_by_one


def ignore(_events: Sequence[Event]) -> None:
    """Do nothing: for a type that is heard for the sake of others."""
