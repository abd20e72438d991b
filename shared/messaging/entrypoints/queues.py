"""``@told``: one queue of the topology, consumed in batches. Nothing is acked before its effect is stored.

    line --> batch --> a worker's table --> core --> settlement --> ack, dead, or back into the queue

While the database is away nothing is consumed; what was fetched goes back once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import amqp
from nameko.extensions import Entrypoint

from shared.errors import Conflict, Unavailable
from shared.messaging.core import Core, Reaction
from shared.messaging.entrypoints.hosting import (
    BATCH,
    GOODBYE,
    LONGEST_PAUSE,
    Method,
    own_thread,
    premises_of,
    wait_for_opening,
)
from shared.messaging.entrypoints.settlement import DEATHS, Settlement
from shared.messaging.line import BackOff, Line
from shared.messaging.message import Delivery
from shared.messaging.topology import queue
from shared.messaging.wire import PipelinedPublisher, delivery_of, user_of
from shared.telemetry import log, metrics

#: Seconds to pause after lost races over one document.
AFTER_CONFLICT = 0.2


def told(queue_name: str) -> Callable[[Method], Method]:
    """Make a method the reaction table of a queue: it returns type -> reaction (shared/messaging/core.py)."""
    return cast(Callable[[Method], Method], Told.decorator(queue_name))


class Told(Entrypoint):  # type: ignore[misc]
    """Consumes one queue of the topology in batches, one worker a batch."""

    def __init__(self, queue_name: str) -> None:
        self.spec = queue(queue_name)
        self.stopping = threading.Event()
        self._pump_ended = threading.Event()
        self._batch_done = threading.Event()
        self._pauses = BackOff(longest=LONGEST_PAUSE)
        super().__init__(expected_exceptions=(Unavailable, Conflict))

    def setup(self) -> None:
        """Find the premises; nothing is opened yet."""
        self._premises = premises_of(self)
        self.spec = replace(self.spec, own_user=user_of(self._premises.town.settings.amqp_url))
        self._reasons = self._premises.reasons(self.spec.service)
        self._line = Line(
            self._premises.town.settings.amqp_url,
            f"told {self.spec.name}",
            prepare=lambda _channel: self.spec.name,
            # The next batch is there when one is done.
            prefetch=2 * BATCH,
        )
        self._hand = PipelinedPublisher(self._premises.town.settings.amqp_url, f"burying for {self.spec.name}")
        self._premises.conditions[f"told {self.spec.name}"] = lambda: self._line.consuming

    def start(self) -> None:
        """Consume, once the process may."""
        own_thread(self._line.run, self, f"line {self.spec.name}")
        own_thread(self._pump, self, f"pump {self.spec.name}")

    def stop(self) -> None:
        """Take no further batch, finish the one at work, ack it, close."""
        self.stopping.set()
        self._line.stirred.set()
        self._pump_ended.wait()
        self._line.close()
        self._hand.close()
        self._line.wait_closed(GOODBYE)

    def kill(self) -> None:
        """Close at once; what is not settled comes again."""
        self.stopping.set()
        self._line.close()

    def _pump(self) -> None:
        try:
            if wait_for_opening(self._premises, self.stopping):
                self._line.allow()
            while not self.stopping.is_set():
                self._line.stirred.wait()
                self._line.stirred.clear()
                while not self.stopping.is_set():
                    epoch, messages = self._line.take(BATCH)
                    if not messages:
                        break
                    self._react(epoch, messages)
        finally:
            self._pump_ended.set()

    def _react(self, epoch: int, messages: Sequence[Any]) -> None:
        batch = [delivery_of(message, message.delivery_info["delivery_tag"]) for message in messages]
        settlement = Settlement(self._line, epoch, messages, self._bury_by_hand)
        self._batch_done.clear()
        outcome: list[Exception] = []

        def react(_worker: Any, table: Mapping[str, Reaction], exc_info: Any) -> tuple[Any, Any]:
            try:
                if exc_info is None:
                    self._take(table, batch, settlement)
            except (Unavailable, Conflict) as error:
                outcome.append(error)
            except Exception:
                # A programming error ends the process. Until it has, no later ack may cover what this batch left.
                self._line.pause()
                raise
            finally:
                self._batch_done.set()
            if exc_info is not None:
                # The table itself can't be made: a programming error, to be seen.
                raise exc_info[1]
            return None, None

        self.container.spawn_worker(self, (), {}, context_data={}, handle_result=react)
        self._batch_done.wait()
        if not outcome:
            self._pauses.reset()
        elif isinstance(outcome[0], Conflict):
            settlement.return_given_back()
            time.sleep(AFTER_CONFLICT)
        else:
            self._hold_back(outcome[0])

    def _take(self, table: Mapping[str, Reaction], batch: Sequence[Delivery], settlement: Settlement) -> None:
        name = self.spec.name
        started = time.monotonic()
        try:
            core = Core(self.spec, table, self._reasons, tenants_of=self._premises.outsiders.tenants_of)
            taken = core.take(batch, settlement)
            metrics.EVENTS_DONE.labels(name).inc(taken.done)
            metrics.EVENTS_DEAD.labels(name).inc(taken.dead)
        finally:
            settlement.flush()
            metrics.BATCH_SIZE.labels(name).observe(len(batch))
            metrics.BATCH_SECONDS.labels(name).observe(time.monotonic() - started)
            metrics.EVENTS_GIVEN_BACK.labels(name).inc(len(settlement.given_back))

    def _bury_by_hand(self, message: Any) -> bool:
        """Put a message into the dead queue ourselves; return whether the broker has it.

        A history of deaths is the broker's to write. One that the publisher made up crashes the part of RabbitMQ 3.10
        that moves what we reject, and then nothing of the whole queue reaches its dead queue any more.
        """
        properties = dict(message.properties)
        headers = properties.pop("application_headers", {})
        properties["application_headers"] = {name: told for name, told in headers.items() if name != DEATHS}
        for user in ({}, {"user_id": None}):
            # Without the user when we may not speak for others; a replay will miss it, and say so.
            kept = {name: told for name, told in {**properties, **user}.items() if told is not None}
            try:
                receipt = self._hand.send([(amqp.Message(message.body, **kept), "", self.spec.dead)])
            except Unavailable:
                return False
            if not receipt.refused:
                return True
        return False

    def _hold_back(self, why: Exception) -> None:
        """Return what is fetched, once, and consume again when the database answers."""
        log.warning("holding_back", queue=self.spec.name, why=str(why))
        self._line.pause()
        while not self.stopping.wait(self._pauses.next()):
            if self._premises.answers():
                log.info("consuming_again", queue=self.spec.name)
                self._line.allow()
                return
