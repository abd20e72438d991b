"""A line to one queue: it connects, consumes, and when the connection is lost, connects again with back-off.

Only the thread that runs the line (green under eventlet) opens, reads and closes; other threads may settle and send,
which only writes. Each connection has its own epoch; a delivery of an earlier one is not settled, it comes again.

    run:  wait until allowed --> connect, prepare, consume --> read ... --> lost, paused or closed --> again
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

import amqp
from amqp import exceptions

from shared.errors import Unavailable
from shared.messaging.wire import LOST, connect
from shared.telemetry import log

#: Seconds between looks at the flags and the heartbeat while nothing comes.
TICK = 0.5
#: Messages read before others get their turn.
TURN = 200
#: Seconds: the first pause after a failure, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0


class BackOff:
    """Pauses that double up to a bound, each shortened by up to a quarter so that processes don't march in step."""

    def __init__(self, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> None:
        self._first = first
        self._longest = longest
        self._next = first
        self._random = Random()

    def next(self) -> float:
        """Return the next pause in seconds."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause * self._random.uniform(0.75, 1.0)

    def reset(self) -> None:
        """Start again with the first."""
        self._next = self._first


class Line:
    """One queue's connection. ``prepare`` gets the open channel and returns the queue's name.

    Messages collect in ``arrived`` until somebody takes them; ``stirred`` is set whenever there is something to see:
    a message, a new epoch, or the end.
    """

    def __init__(
        self, url: str, name: str, *, prepare: Callable[[Any], str], prefetch: int, no_ack: bool = False
    ) -> None:
        self.name = name
        self.epoch = 0
        #: The epoch that was paused: from then on nothing of it is taken or settled, even if it is allowed again before
        #: the line's own thread has closed the connection.
        self._given_up = -1
        self.arrived: deque[Any] = deque()
        self.stirred = threading.Event()
        #: Whether the broker delivers to us right now.
        self.consuming = False
        self._url = url
        self._prepare = prepare
        self._prefetch = prefetch
        self._no_ack = no_ack
        self._ended = threading.Event()
        self._allowed = threading.Event()
        self._changed = threading.Event()
        self._closing = False
        self._connection: amqp.Connection | None = None
        self._channel: Any = None

    # -- for other threads

    def allow(self) -> None:
        """Let it connect and consume."""
        self._allowed.set()
        self._changed.set()

    def pause(self) -> None:
        """Stop consuming and return everything unsettled, once, by closing the connection."""
        self._given_up = self.epoch
        self._allowed.clear()
        self._changed.set()

    def close(self) -> None:
        """Stop for good, closing the connection politely; what is not settled goes back."""
        self._closing = True
        self._changed.set()

    def wait_closed(self, seconds: float) -> bool:
        """Wait until the connection has been closed; return whether it was."""
        return self._ended.wait(seconds)

    def take(self, most: int) -> tuple[int, list[Any]]:
        """Return up to ``most`` messages that have arrived, with the epoch they belong to."""
        epoch = self.epoch
        taken: list[Any] = []
        try:
            while len(taken) < most:
                taken.append(self.arrived.popleft())
        except IndexError:
            pass
        return epoch, taken if epoch == self.epoch != self._given_up else []

    def write(self, epoch: int, do: Callable[[Any], None]) -> bool:
        """Let ``do`` write to the channel if ``epoch`` is still the present one; return whether it was written."""
        channel = self._channel
        if epoch != self.epoch or epoch == self._given_up or channel is None:
            return False
        try:
            do(channel)
        except (*LOST, exceptions.AMQPError, AttributeError) as error:
            # AttributeError: py-amqp takes a lost connection apart while others write to it.
            log.info("line_lost_while_writing", line=self.name, why=f"{type(error).__name__}: {error}")
            return False
        return True

    # -- the line's own thread

    def run(self) -> None:
        """Keep consuming until closed."""
        back_off = BackOff()
        while not self._closing:
            if not self._allowed.is_set():
                self._rest(TICK)
                continue
            try:
                self._open()
                back_off.reset()
                self._read()
            except (Unavailable, *LOST, exceptions.AMQPError) as error:
                log.warning("line_lost", line=self.name, why=f"{type(error).__name__}: {error}")
            finally:
                self._end()
            if not self._closing and self._allowed.is_set():
                self._rest(back_off.next())
        self._ended.set()
        self.stirred.set()

    def _open(self) -> None:
        self._connection = connect(self._url, self.name)
        channel = self._connection.channel()
        channel.auto_decode = False
        queue = self._prepare(channel)
        if not self._no_ack:
            channel.basic_qos(0, self._prefetch, a_global=False)
        self.epoch += 1
        self._channel = channel
        channel.basic_consume(
            queue, no_ack=self._no_ack, callback=self._on_message, on_cancel=self._on_cancel, consumer_tag="line"
        )
        self.consuming = True
        self.stirred.set()

    def _read(self) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101  (opened just before)
        tended = time.monotonic()
        turn = 0
        while not self._closing and self._allowed.is_set() and self._given_up != self.epoch:
            try:  # noqa: SIM105  (once a frame: a context manager costs more than the frame)
                connection.drain_events(timeout=TICK)
            except TimeoutError:
                pass
            turn += 1
            if turn % TURN == 0:
                # Where threads are green, a stream that never dries up would let nobody else work.
                time.sleep(0)
            now = time.monotonic()
            if now - tended >= TICK:
                connection.heartbeat_tick()
                tended = now

    def _end(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self.consuming = False
        self.epoch += 1
        self.arrived.clear()
        self.stirred.set()
        if connection is not None:
            try:
                connection.close()
            except (*LOST, exceptions.AMQPError, AttributeError):
                connection.collect()

    def _on_message(self, message: Any) -> None:
        self.arrived.append(message)
        if not self.stirred.is_set():
            self.stirred.set()

    def _on_cancel(self, _tag: str) -> None:
        raise exceptions.RecoverableConnectionError("the broker cancelled the consumer: the queue is gone")

    def _rest(self, seconds: float) -> None:
        self._changed.wait(seconds)
        self._changed.clear()
