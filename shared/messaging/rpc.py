"""RPC on the wire as nameko speaks it, and the only client: every call has a time-out, trouble means a new connection.

    caller --> nameko-rpc (topic), <service>.<method> --> rpc-<service> --> reply_to
               {"args": [], "kwargs": {...}}                               {"result": ..., "error": null | {...}}

Answers come back by RabbitMQ's direct reply-to, on the connection that asked. Calls are queries, and commands that
are safe to repeat: a call may run twice, and one whose answer was lost may have run. A request expires with its
time-out, so that what a caller has given up is not carried out from the queue later.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import amqp
import orjson
from amqp import exceptions

from shared.caller import current_address
from shared.clock import iso
from shared.errors import CrossesTheDoor, Unavailable, from_wire
from shared.messaging.wire import LOST, connect, hang_up
from shared.trace import current_traceparent

EXCHANGE: Final = "nameko-rpc"
CONTENT_TYPE: Final = "application/json"
#: The pseudo-queue of direct reply-to; an answer to it goes through the default exchange.
DIRECT_REPLY: Final = "amq.rabbitmq.reply-to"
TRACE_HEADER: Final = "traceparent"
#: From where a person asked; the gateway says it to who must keep it (shared/caller.py).
ADDRESS_HEADER: Final = "source_address"
#: Seconds a call waits unless told otherwise.
TIMEOUT: Final = 10.0
#: Idle connections that one process keeps for its next calls.
IDLE: Final = 32
#: Bytes. The broker refuses larger messages, so a larger request or answer is an error at once.
MAX_BYTES: Final = 256 * 1024
#: What a direct reply-to looks like; its parts are the broker's own affair.
_DIRECT_ADDRESS: Final = re.compile(rf"{re.escape(DIRECT_REPLY)}\.[A-Za-z0-9+/=_.-]{{1,220}}")
#: Reply addresses kept as found good: one a caller's connection.
_ADDRESSES: Final = 4096
_NOT_UNDERSTOOD: Final = {"MethodNotFound", "IncorrectSignature", "MalformedRequest"}


class NotUnderstood(Exception):
    """The other side has no such method, or its arguments differ: a mistake in a program, not in what a person did."""


class RemoteFailure(Exception):
    """The other side failed in a way it doesn't tell; its log has the trace."""


def queue_of(service: str) -> str:
    """Return the name of the queue on which a service is asked."""
    return f"rpc-{service}"


def written(value: Any) -> bytes:
    """Return JSON; aware instants as RFC 3339 in UTC, days as ISO. Raises ``TypeError`` for anything else."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not cross RPC: give text, numbers, lists and objects")


def error_to_wire(error: Exception) -> dict[str, Any]:
    """Return what an error reply says; only errors that may cross the door say more than their name."""
    name = type(error).__name__
    if isinstance(error, CrossesTheDoor):
        return {
            "exc_type": name,
            "exc_path": f"shared.errors.{name}",
            "exc_args": [error.code],
            "value": str(error),
            "sipbun": error.to_wire(),
        }
    if isinstance(error, Unavailable):
        # Also of a subclass: whoever asks knows this family only.
        said = {"exc_type": "Unavailable", "exc_path": "shared.errors.Unavailable"}
        return {**said, "exc_args": [], "value": "try again later"}
    return {"exc_type": "InternalError", "exc_path": "InternalError", "exc_args": [], "value": "see the service's log"}


def refusal(exc_type: str, value: str) -> dict[str, Any]:
    """Return an error reply of nameko's own kinds: ``MethodNotFound``, ``IncorrectSignature``, ``MalformedRequest``."""
    return {"exc_type": exc_type, "exc_path": f"nameko.exceptions.{exc_type}", "exc_args": [value], "value": value}


def error_from_wire(told: Mapping[str, Any]) -> Exception:
    """Return the error that a reply tells of."""
    sipbun = told.get("sipbun")
    if isinstance(sipbun, Mapping):
        return from_wire(sipbun)
    name, value = str(told.get("exc_type")), str(told.get("value"))
    if name == "Unavailable":
        return Unavailable(value)
    if name in _NOT_UNDERSTOOD:
        return NotUnderstood(f"{name}: {value}")
    return RemoteFailure(f"{name}: {value}")


class RpcClient:
    """Asks services by name. For any number of threads, green or not; each call has a connection to itself.

    Nothing is opened before the first call, and a forked child starts with no connections of its parent.
    """

    def __init__(self, url: str, name: str = "rpc-client") -> None:
        self._url = url
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        self._pid = os.getpid()

    def call(
        self, service: str, method: str, /, *, token: str | None = None, timeout: float = TIMEOUT, **asked: Any
    ) -> Any:
        """Return the JSON result; ``timeout`` in seconds.

        Raises ``Refused``, ``NotFound`` or ``Conflict`` as the service told, ``Unavailable`` (no such service
        listens, no answer in time, broker away), ``NotUnderstood``, ``RemoteFailure``.
        """
        key = f"{service}.{method}"
        body = written({"args": [], "kwargs": {**asked, "token": token}})
        if len(body) > MAX_BYTES:
            raise NotUnderstood(f"{key}: a request of {len(body)} bytes; at most {MAX_BYTES} cross the broker")
        until = time.monotonic() + timeout
        line, used = self._take()
        try:
            reply = line.ask(key, body, until)
        except _Broken as broken:
            # A connection that lay idle may have been closed meanwhile; calls are safe to repeat.
            if not used:
                raise Unavailable(f"{key}: {broken}") from broken
            self.close()
            line = _Line(self._url, self._name)
            try:
                reply = line.ask(key, body, until)
            except _Broken as again:
                raise Unavailable(f"{key}: {again}") from again
        self._give(line)
        try:
            told = orjson.loads(reply)
            error = told["error"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as unreadable:
            raise RemoteFailure(f"{key}: the answer is not a reply") from unreadable
        if error is not None:
            raise error_from_wire(error)
        return told["result"]

    def close(self) -> None:
        """Hang up every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.hang_up()

    def _take(self) -> tuple[_Line, bool]:
        with self._lock:
            if self._pid != os.getpid():
                # The parent's connections; closing them here would say goodbye in its name.
                self._pid, self._idle = os.getpid(), []
            if self._idle:
                return self._idle.pop(), True
        return _Line(self._url, self._name), False

    def _give(self, line: _Line) -> None:
        with self._lock:
            if len(self._idle) < IDLE:
                self._idle.append(line)
                return
        line.hang_up()


def is_reply_address(reply_to: str) -> bool:
    """Return whether this may be an address to answer to: never a service, whose routing keys have a dot.

    >>> is_reply_address("rpc.reply"), is_reply_address("nameko-reply-1"), is_reply_address(f"{DIRECT_REPLY}.g1h2.vg==")
    (False, True, True)
    """
    if "." in reply_to or not reply_to:
        return _DIRECT_ADDRESS.fullmatch(reply_to) is not None
    return True


class ReplyDesk:
    """Finds out whether a direct reply address leads anywhere, on a connection of its own.

    A made-up one makes the broker drop the connection on which it is used, with every answer on its way.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._lock = threading.Lock()
        self._connection: amqp.Connection | None = None
        self._good: dict[str, None] = {}
        self._epoch = -1

    def leads(self, address: str, epoch: int) -> bool:
        """Return whether somebody waits there; what was good stays good for as long as ``epoch`` is the same."""
        if not address.startswith(DIRECT_REPLY):
            return True
        with self._lock:
            if epoch != self._epoch or len(self._good) >= _ADDRESSES:
                self._epoch, self._good = epoch, {}
            if address in self._good:
                return True
            idle = self._connection
            good = self._ask(address)
            if not good and idle is not None and self._connection is None:
                # It may have been lost long before.
                good = self._ask(address)
            if good:
                self._good[address] = None
            return good

    def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        hang_up(connection)

    def _ask(self, address: str) -> bool:
        try:
            if self._connection is None:
                self._connection = connect(self._url, self._name, heartbeat=0)
            channel = self._connection.channel()
            channel.queue_declare(address, passive=True)
            channel.close()
        except exceptions.NotFound:
            return False
        except (Unavailable, *LOST, exceptions.AMQPError):
            self.close()
            return False
        return True


class _Broken(Exception):
    """The connection is lost."""


class _Line:
    """One connection for one call at a time."""

    def __init__(self, url: str, name: str) -> None:
        # Without heartbeats: nobody tends a connection that lies idle, and each call has its own deadline.
        self._connection = connect(url, name, heartbeat=0)
        self._asked = 0
        self._reply: bytes | None = None
        self._returned: str | None = None
        try:
            self._channel = self._connection.channel()
            self._channel.auto_decode = False
            self._channel.events["basic_return"].add(self._on_return)
            self._channel.basic_consume(DIRECT_REPLY, no_ack=True, callback=self._on_reply)
        except (*LOST, exceptions.AMQPError) as error:
            self.hang_up()
            raise Unavailable(f"broker: {type(error).__name__}: {error}") from error

    def ask(self, key: str, body: bytes, until: float) -> bytes:
        """Return the reply's body; raise ``Unavailable`` (late, nobody listens) or ``_Broken``."""
        self._asked += 1
        self._reply, self._returned = None, None
        properties: dict[str, Any] = {
            "content_type": CONTENT_TYPE,
            "content_encoding": "utf-8",
            "reply_to": DIRECT_REPLY,
            "correlation_id": str(self._asked),
            "expiration": str(max(1, int((until - time.monotonic()) * 1000))),
        }
        told = {TRACE_HEADER: current_traceparent(), ADDRESS_HEADER: current_address()}
        headers = {name: value for name, value in told.items() if value is not None}
        if headers:
            properties["application_headers"] = headers
        try:
            self._channel.basic_publish(
                amqp.Message(body, **properties), exchange=EXCHANGE, routing_key=key, mandatory=True
            )
            while self._reply is None and self._returned is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._connection.drain_events(timeout=left)
        except TimeoutError as late:
            self.hang_up()
            raise Unavailable(f"{key}: no answer in time") from late
        except exceptions.NotFound as error:
            # No service has ever listened on this broker: the exchange itself is missing.
            self.hang_up()
            raise Unavailable(f"{key}: no such service listens") from error
        except (*LOST, exceptions.AMQPError) as error:
            self.hang_up()
            raise _Broken(f"{type(error).__name__}: {error}") from error
        if self._reply is None:
            self.hang_up()
            raise Unavailable(f"{key}: no such service listens")
        return self._reply

    def hang_up(self) -> None:
        """Close the connection; it may be broken already."""
        hang_up(self._connection)

    def _on_reply(self, message: Any) -> None:
        if message.properties.get("correlation_id") == str(self._asked):
            self._reply = bytes(message.body or b"")

    def _on_return(self, error: Any, _exchange: str, _key: str, _message: Any) -> None:
        self._returned = str(error.reply_text)
