"""The relay: every service's outbox -> the broker, with pipelined confirms.

    read a batch --> publish, wait for confirms --> pull what was confirmed

A crash between the last two publishes again: law 2 (every effect has a natural key) makes that harmless. One relay
runs; two are harmless too. A fact that the broker refuses is found by halving the batch, marked ``stuck`` (visible in
``./sipbun dead-letters list``, replayable), and the rest goes on. A nack is the broker's own trouble, so such a fact
waits: it is stuck only when the broker takes others and nacks this one, round after round, for ``NACKED_FOR`` seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.errors import Unavailable
from shared.events.envelope import Unreadable
from shared.messaging.message import Message, Publisher
from shared.messaging.outbox import STUCK, Waiting, mark, take_out, waiting
from shared.mongo.port import Collection

#: Facts a batch: enough to fill the confirm pipeline, little enough to publish again after a crash.
BATCH = 200
#: Seconds: electing a leader, or giving a queue its majority back, takes less.
NACKED_FOR = 120.0


@dataclass
class Swept:
    """What one round did."""

    published: int = 0
    stuck: int = 0
    #: True when an outbox gave a full batch: there is more.
    more: bool = False
    #: Those that the broker could not take just now, with what it said; they stay where they are.
    nacked: list[tuple[Waiting, str]] = field(default_factory=list)
    #: Routing keys published, for the metrics.
    keys: dict[str, int] = field(default_factory=dict)


class Relay:
    """Publishes what waits in the outboxes of ``collections``."""

    def __init__(
        self,
        collections: Sequence[Collection],
        publisher: Publisher,
        *,
        batch: int = BATCH,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """``seconds`` tells how time passes, from any beginning."""
        self._collections = collections
        self._publisher = publisher
        self._batch = batch
        self._seconds = seconds
        #: Fact id -> when it was first nacked while the broker took others.
        self._nacked_since: dict[str, float] = {}

    def sweep(self, only: Sequence[Collection] | None = None) -> Swept:
        """Go once through every outbox, or ``only`` these; raise ``Unavailable`` when broker or database is away."""
        swept = Swept()
        for collection in self._collections if only is None else only:
            found = waiting(collection, self._batch)
            swept.more = swept.more or len(found) >= self._batch
            if found:
                self._send(found, swept)
        if swept.nacked or self._nacked_since:
            self._look_at_nacks(swept, whole=only is None)
        return swept

    def _look_at_nacks(self, swept: Swept, *, whole: bool) -> None:
        """Let nacked facts wait, but set aside those that were nacked alone for too long."""
        if swept.nacked and not swept.published:
            raise Unavailable(f"broker: none of {len(swept.nacked)} facts taken (nack)")
        now = self._seconds()
        known = self._nacked_since
        # What no longer comes back was taken; a round that looked at some outboxes only can't tell.
        self._nacked_since = {} if whole else dict(known)
        for item, why in swept.nacked:
            since = known.get(item.fact_id, now)
            if now - since >= NACKED_FOR:
                self._set_aside(item, f"{why}, for {now - since:.0f} s", swept)
                self._nacked_since.pop(item.fact_id, None)
            else:
                self._nacked_since[item.fact_id] = since
        if swept.nacked:
            # Not at once again: the broker needs the time.
            swept.more = False

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
        refused: list[tuple[Waiting, str]] = []
        for index, why in sorted(receipt.refused.items()):
            (swept.nacked if index in receipt.nacked else refused).append((ready[index][0], why))
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
