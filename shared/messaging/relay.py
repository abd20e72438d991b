"""The relay: every service's outbox -> the broker, with pipelined confirms.

    read a batch --> publish, wait for confirms --> pull what was confirmed

A crash between the last two publishes again: law 2 (every effect has a natural key) makes that harmless. One relay
runs; two are harmless too. A fact that the broker refuses is found by halving the batch, marked ``stuck`` (visible in
``./sipbun dead-letters list``, replayable), and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.events.envelope import Unreadable
from shared.messaging.message import Message, Publisher
from shared.messaging.outbox import STUCK, Waiting, mark, take_out, waiting
from shared.mongo.port import Collection

#: Facts a batch: enough to fill the confirm pipeline, little enough to publish again after a crash.
BATCH = 200


@dataclass
class Swept:
    """What one round did."""

    published: int = 0
    stuck: int = 0
    #: True when an outbox gave a full batch: there is more.
    more: bool = False
    #: Routing keys published, for the metrics.
    keys: dict[str, int] = field(default_factory=dict)


class Relay:
    """Publishes what waits in the outboxes of ``collections``."""

    def __init__(self, collections: Sequence[Collection], publisher: Publisher, *, batch: int = BATCH) -> None:
        self._collections = collections
        self._publisher = publisher
        self._batch = batch

    def sweep(self) -> Swept:
        """Go once through every outbox; raise ``Unavailable`` when the broker or the database is away."""
        swept = Swept()
        for collection in self._collections:
            found = waiting(collection, self._batch)
            swept.more = swept.more or len(found) >= self._batch
            if found:
                self._send(found, swept)
        return swept

    def _send(self, batch: Sequence[Waiting], swept: Swept) -> None:
        ready: list[tuple[Waiting, Message]] = []
        for item in batch:
            try:
                ready.append((item, item.message()))
            except Unreadable as error:
                self._set_aside(item, str(error), swept)
        if not ready:
            return
        receipt = self._publisher.publish([message for _, message in ready])
        take_out(ready[index][0] for index in sorted(receipt.confirmed))
        swept.published += len(receipt.confirmed)
        for index in receipt.confirmed:
            key = ready[index][1].routing_key
            swept.keys[key] = swept.keys.get(key, 0) + 1
        refused = [(ready[index][0], why) for index, why in sorted(receipt.refused.items())]
        if len(ready) == 1 and refused:
            self._set_aside(refused[0][0], refused[0][1], swept)
            return
        for half in _halves([item for item, _ in refused]):
            self._send(half, swept)

    def _set_aside(self, item: Waiting, why: str, swept: Swept) -> None:
        mark(item, STUCK, why)
        swept.stuck += 1


def _halves(items: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    middle = (len(items) + 1) // 2
    return [half for half in (items[:middle], items[middle:]) if half]
