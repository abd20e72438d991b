"""What must hold in the story of pay when the town has come to rest. Each looks at documents, messages and the bank."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.invariants import Facts, Invariant, effects_once, mails_once
from tests.simulation.pay.groups import GROUPS
from tests.simulation.pay.known import what_was_known_stays_so
from tests.simulation.pay.money import MONEY
from tests.simulation.pay.people import People
from tests.simulation.pay.work import WORK
from tests.simulation.world import World


def nothing_is_dead(world: World, _people: People, _facts: Facts) -> Iterator[str]:
    """Every message was understood by whoever heard it."""
    for name, queue in world.broker.queues.items():
        if name.endswith(".dead") and queue.messages():
            yield f"{len(queue.messages())} messages are dead in {name}"


def read_once_more(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """Now that a month has gone by, more tables are published."""
    people.readers.read(12)
    yield from ()


INVARIANTS: tuple[Invariant, ...] = (
    *WORK,
    *MONEY,
    read_once_more,
    *GROUPS,
    what_was_known_stays_so,
    effects_once,
    mails_once,
    nothing_is_dead,
)
