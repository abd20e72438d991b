"""py-amqp, the client under everything of ours that talks to the broker, and the publisher with pipelined confirms.

    publish N, mandatory --> ack (up to tag 7)        --> confirmed
                         --> return, then ack          --> refused: nobody is bound
                         --> nack                      --> refused, and nacked: worth another try
                         --> channel closed (403, 406) --> refused, all that is pending: the caller halves
                         --> channel closed (404)      --> NoSuchExchange, which is Unavailable: declare, send again
                         --> silence, connection lost  --> Unavailable: send all of them again

``mandatory`` returns nothing where an alternate exchange exists: there, what nobody binds is parked.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import amqp
from amqp import exceptions
from amqp.method_framing import frame_handler

from shared.errors import Unavailable
from shared.messaging.message import Delivery, Message, Receipt

#: Seconds. The broker and we each give the other up after two of these without a sign of life.
HEARTBEAT = 10
#: Seconds to connect, and to get one answer while opening.
CONNECT_TIMEOUT = 5.0
#: Seconds a single write, or an answer that was asked for, may take before the connection is given up.
SILENCE = 10.0
#: Seconds to wait for a batch's confirms.
CONFIRM_DEADLINE = 10.0
PERSISTENT: Final = 2
#: Channel errors that are a message's own fault, or its user's, and stay so: too large, not allowed, forged. Any other
#: (404: a broker that was reset and knows no exchange) is the broker's state, and passes.
FOR_GOOD: Final = frozenset({311, 403, 406})
#: What a lost or refused connection looks like. ``AMQPError`` is not among them: a channel error is an answer.
LOST: tuple[type[BaseException], ...] = (
    OSError,
    # A green socket says so when another green thread closed it: whoever writes may read the broker's goodbye first.
    EOFError,
    exceptions.ConnectionError,
    exceptions.RecoverableConnectionError,
    exceptions.UnexpectedFrame,
)


class NoSuchExchange(Unavailable):
    """The broker answers, and lacks the exchange: it was reset, or never told of the topology."""


def user_of(url: str) -> str:
    """Return the user an address logs in as.

    >>> user_of("amqp://sipbun:secret@127.0.0.1:5672/town")
    'sipbun'
    """
    return unquote(urlsplit(url).username or "guest")


def connect(url: str, name: str, *, heartbeat: int = HEARTBEAT) -> amqp.Connection:
    """Return an open connection that the broker lists as ``name``; raise ``Unavailable``.

    ``heartbeat`` in seconds; 0 turns heartbeats off, for a connection that nobody tends while it is idle.
    """
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname or '127.0.0.1'}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        login_method="PLAIN",
        connect_timeout=CONNECT_TIMEOUT,
        heartbeat=heartbeat,
        confirm_publish=False,
        frame_handler=unbreakable,
        client_properties={"connection_name": f"{name} (pid {os.getpid()})", "product": "sipbun"},
    )
    try:
        connection.connect()
    except (*LOST, exceptions.AMQPError) as error:
        hang_up(connection)
        raise Unavailable(f"broker: {type(error).__name__}: {error}") from error
    connection.sock.settimeout(SILENCE)
    return connection


def hang_up(connection: amqp.Connection | None) -> None:
    """Close a connection that may be broken already; never raises, never waits for the other side."""
    if connection is not None:
        connection.collect()


class PipelinedPublisher:
    """Publishes batches on one connection of its own, opened when first used. Not for several threads at once."""

    def __init__(
        self, url: str, name: str = "publisher", *, deadline: float = CONFIRM_DEADLINE, user: str | None = None
    ) -> None:
        """``user``: whom messages name as their user, when the connection's own may speak for others."""
        self._url = url
        self._name = name
        self._deadline = deadline
        self._user = user or user_of(url)
        self._connection: amqp.Connection | None = None
        self._channel: Any = None
        self._pending: dict[int, int] = {}
        self._refused: dict[int, str] = {}
        self._nacked: set[int] = set()
        self._ids: dict[str | None, list[int]] = {}
        self._next_tag = 1

    def publish(self, messages: Sequence[Message]) -> Receipt:
        """Send the batch and wait for its confirms; raise ``Unavailable`` when the broker went away meanwhile."""
        return self.send([(self._on_wire(message), message.exchange, message.routing_key) for message in messages])

    def send(self, outgoing: Sequence[tuple[amqp.Message, str, str]]) -> Receipt:
        """Do the same with py-amqp messages and where they go: ``(message, exchange, routing key)``."""
        self._pending, self._refused, self._nacked = {}, {}, set()
        # A returned message is recognised by its own id; two services may use the same one.
        self._ids = {}
        # None of them is on its way yet: a channel error while opening answers for all.
        index = -1
        try:
            channel = self._open()
            for index, (message, exchange, routing_key) in enumerate(outgoing):
                self._pending[self._next_tag] = index
                self._next_tag += 1
                self._ids.setdefault(message.properties.get("message_id"), []).append(index)
                channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)
            self._await_confirms()
        except exceptions.ChannelError as error:
            # Which message broke the channel is not told: all that is unanswered is refused, and the caller halves.
            self.close()
            why = f"broker: {error.reply_code} {error.reply_text}"
            if error.reply_code not in FOR_GOOD:
                raise (NoSuchExchange if error.reply_code == exceptions.NotFound.code else Unavailable)(why) from error
            unanswered = {*self._pending.values(), *range(index + 1, len(outgoing))}
            self._refused.update(dict.fromkeys(unanswered, why))
        except (*LOST, exceptions.AMQPError) as error:
            self.close()
            raise Unavailable(f"broker: {type(error).__name__}: {error}") from error
        confirmed = frozenset(range(len(outgoing))) - self._refused.keys()
        return Receipt(confirmed, dict(self._refused), frozenset(self._nacked))

    def close(self) -> None:
        """Drop the connection; the next batch opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        hang_up(connection)

    def _open(self) -> Any:
        if self._channel is not None:
            return self._channel
        self._connection = connect(self._url, self._name, heartbeat=0)
        channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._next_tag = 1
        self._channel = channel
        return channel

    def _on_wire(self, message: Message) -> amqp.Message:
        properties: dict[str, Any] = {
            "content_type": message.content_type,
            "delivery_mode": PERSISTENT,
            "message_id": message.message_id,
            "user_id": self._user,
        }
        if message.type:
            properties["type"] = message.type
        if message.headers:
            properties["application_headers"] = dict(message.headers)
        return amqp.Message(message.body, **properties)

    def _await_confirms(self) -> None:
        until = time.monotonic() + self._deadline
        connection = self._connection
        assert connection is not None  # noqa: S101  (opened by the same batch)
        while self._pending:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self._pending)} messages not confirmed in {self._deadline} s")
            # A silence ends by the socket's own time-out (SILENCE), which is set once and costs nothing a frame.
            connection.drain_events()

    def _settled(self, tag: int, multiple: bool) -> list[int]:
        if not multiple:
            index = self._pending.pop(tag, None)
            return [] if index is None else [index]
        # Tags rise, and a dict keeps their order: only those that are settled are looked at.
        tags = list(takewhile(lambda pending: pending <= tag, self._pending))
        return [self._pending.pop(settled) for settled in tags]

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settled(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for index in self._settled(tag, multiple):
            self._refused[index] = "broker: not taken (nack)"
            self._nacked.add(index)

    def _on_return(self, error: Any, exchange: str, routing_key: str, message: Any) -> None:
        for index in self._ids.get(message.properties.get("message_id"), ()):
            self._refused[index] = f"broker: {error.reply_text}: nobody is bound to {routing_key} on {exchange!r}"


# What reaches us was written by others. py-amqp raises while it parses some properties (a date beyond the calendar, text
# that is not UTF-8), and would meet the same message again after every reconnect.


def unbreakable(connection: amqp.Connection, callback: Any) -> Any:
    """Return a frame handler that gives a message whose properties can't be read as one without properties.

    What receives it then refuses it for what is missing; in the queue it keeps what it came with.
    """

    def dispatch(channel: int, method: tuple[int, int], arguments: bytes, content: Any) -> None:
        if method == _GOT:
            # Whoever waits for this one is forgotten by a first attempt that fails.
            arguments = _got_readable(arguments)
        try:
            callback(channel, method, arguments, content)
        except UnicodeDecodeError:
            if method != _DELIVER:
                raise
            callback(channel, method, _without_route(arguments), content)

    inner = frame_handler(connection, dispatch)

    def on_frame(frame: tuple[int, int, bytes]) -> Any:
        kind, channel, payload = frame
        if kind != _HEADER:
            return inner(frame)
        try:
            return inner(frame)
        except (ValueError, OverflowError, OSError, struct.error, exceptions.FrameSyntaxError):
            return inner((kind, channel, bytes(payload[:_PROPERTIES]) + b"\0\0"))

    return on_frame


_HEADER: Final = 2
#: Bytes before the property flags in a content header: class, weight, body size.
_PROPERTIES: Final = 12
_DELIVER: Final = amqp.spec.Basic.Deliver
_GOT: Final = amqp.spec.Basic.GetOk


def _without_route(arguments: bytes) -> bytes:
    """Return a delivery's arguments with an empty exchange and routing key, which could not be read."""
    tag_at = 5 + arguments[4]
    return bytes(arguments[: tag_at + 9]) + b"\0\0"


def _got_readable(arguments: bytes) -> bytes:
    """Return the arguments of an answer to ``basic_get``, without a route that can't be read; they end with a count."""
    at, route = 13, bytes(arguments)
    for _ in ("exchange", "routing key"):
        try:
            route[at + 1 : at + 1 + route[at]].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return route[:13] + b"\0\0" + route[-4:]
        at += 1 + route[at]
    return arguments


def text(value: object) -> str | None:
    """Return a property as text that any later step can write, or None when it is no text."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def delivery_of(message: Any, tag: Any) -> Delivery:
    """Return what a py-amqp message says, under the tag that will settle it."""
    properties = message.properties
    told = message.delivery_info
    body = message.body
    return Delivery(
        body=body if isinstance(body, bytes) else bytes(body or b""),
        tag=tag,
        routing_key=text(told["routing_key"]) or "",
        content_type=text(properties.get("content_type")),
        message_id=text(properties.get("message_id")),
        type=text(properties.get("type")),
        user_id=text(properties.get("user_id")),
        headers=properties.get("application_headers") or {},
        redelivered=bool(told["redelivered"]),
    )
