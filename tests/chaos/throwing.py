"""Throws the corpus: raw AMQP with confirms, as any stranger with a broker user could."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import amqp
import orjson

from deploy.management import Management, vhost_of
from shared.messaging.entrypoints import Asked as AskedEntrypoint
from shared.messaging.rpc import DIRECT_REPLY, EXCHANGE
from tests.chaos.corpus import JSON, Thrown

#: Seconds until an answer must be there.
PATIENCE = 15.0
SERVICE_MODULES = tuple(f"services.{name}.service" for name in ("placement", "spaces", "residents", "notifications", "statistics"))


class RawMessage(amqp.Message):  # type: ignore[misc]  # py-amqp has no types
    """A message whose content header says what we want it to say, readable or not."""

    def __init__(self, body: bytes, raw: bytes) -> None:
        super().__init__(body)
        self._raw = raw

    def _serialize_properties(self) -> bytes:
        return self._raw


@dataclass(frozen=True)
class Receipt:
    """What the broker said of one message: taken, or refused with a code (0: nobody is bound) and a text."""

    taken: bool
    code: int = 0
    text: str = ""


class Thrower:
    """One connection of one user. A refusal closes the channel; the next message gets another one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = connect(url)
        self._channel: Any = None
        self._returned: list[str] = []

    def __enter__(self) -> Thrower:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self._connection.collect()

    def throw(self, thrown: Thrown, *, exchange: str, routing_key: str | bytes) -> Receipt:
        """Publish one message and wait for what the broker says."""
        if thrown.raw_properties is not None:
            message = RawMessage(thrown.body, thrown.raw_properties)
        else:
            told = dict(thrown.properties)
            if thrown.headers:
                told["application_headers"] = dict(thrown.headers)
            message = amqp.Message(thrown.body, **told)
        return self.publish(message, exchange=exchange, routing_key=routing_key)

    def publish(self, message: Any, *, exchange: str, routing_key: str | bytes) -> Receipt:
        """Publish anything."""
        channel = self.channel()
        self._returned.clear()
        try:
            channel.basic_publish_confirm(message, exchange=exchange, routing_key=routing_key, mandatory=True)
        except (amqp.exceptions.AMQPError, OSError) as refused:
            self._channel = None
            return Receipt(False, getattr(refused, "reply_code", None) or 0, str(refused))
        return Receipt(False, 0, self._returned[0]) if self._returned else Receipt(True)

    def channel(self) -> Any:
        """The open channel, a new one when the last was closed."""
        if self._channel is None or not self._channel.is_open:
            if not self._connection.connected:
                self._connection = connect(self._url)
            self._channel = self._connection.channel()
            self._channel.events["basic_return"].add(self._on_return)
        return self._channel

    def _on_return(self, error: Any, _exchange: str, _key: str, _message: Any) -> None:
        self._returned.append(str(error))


class Asker:
    """Sends raw RPC requests and waits for the replies, as nameko's own clients would."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._channel = self._connection.channel()
        self._channel.auto_decode = False
        self._replies: dict[str | None, bytes] = {}
        self._returned = False
        self._channel.events["basic_return"].add(self._on_return)
        self._channel.basic_consume(DIRECT_REPLY, no_ack=True, callback=self._on_reply)
        self._asked = 0

    def close(self) -> None:
        """Hang up."""
        self._connection.collect()

    def ask(
        self,
        key: str | bytes,
        body: bytes,
        properties: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        correlation_id: str | None = "",
    ) -> dict[str, Any] | None:
        """Return the reply `{"result", "error"}`, or None when nobody is bound; raise TimeoutError.

        `correlation_id` None sends none, and takes the reply that has none.
        """
        self._asked += 1
        name = f"q{self._asked}" if correlation_id == "" else correlation_id
        told: dict[str, Any] = {"content_type": JSON, "reply_to": DIRECT_REPLY, "correlation_id": name}
        told.update(properties or {})
        if headers:
            told["application_headers"] = dict(headers)
        kept = {key: value for key, value in told.items() if value is not None}
        self._returned = False
        self._replies.pop(name, None)
        self._channel.basic_publish(
            amqp.Message(body, **kept), exchange=EXCHANGE, routing_key=key, mandatory=True
        )
        until = time.monotonic() + PATIENCE
        while name not in self._replies:
            if self._returned:
                return None
            self._connection.drain_events(timeout=max(until - time.monotonic(), 0.01))
        answer: dict[str, Any] = orjson.loads(self._replies.pop(name))
        return answer

    def call(self, key: str, kwargs: Mapping[str, Any], **more: Any) -> dict[str, Any] | None:
        """Ask with these arguments by name."""
        return self.ask(key, orjson.dumps({"args": [], "kwargs": dict(kwargs)}), **more)

    def _on_reply(self, message: Any) -> None:
        self._replies[message.properties.get("correlation_id")] = bytes(message.body or b"")

    def _on_return(self, *_told: Any) -> None:
        self._returned = True


@dataclass(frozen=True)
class Method:
    """An RPC method there is: its key and the arguments it names."""

    key: str
    arguments: tuple[str, ...]


def methods() -> Iterator[Method]:
    """Every RPC method of every service, as the classes themselves say."""
    for name in SERVICE_MODULES:
        for service in importlib.import_module(name).SERVICES:
            for attribute in vars(service).values():
                for entrypoint in getattr(attribute, "nameko_entrypoints", ()):
                    if isinstance(entrypoint, AskedEntrypoint):
                        yield Method(f"{service.name}.{attribute.__name__}", _arguments(entrypoint, attribute))


def _arguments(entrypoint: AskedEntrypoint, method: Any) -> tuple[str, ...]:
    if entrypoint.schema is not None:
        return tuple(field.data_key or name for name, field in entrypoint.schema.fields.items())
    return tuple(name for name in method.__kwdefaults__ or {}) or tuple(
        name for name in method.__annotations__ if name not in ("actor", "return")
    )


def connect(url: str) -> amqp.Connection:
    """An open connection with confirms."""
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port}",
        userid=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        virtual_host=vhost_of(url),
        confirm_publish=True,
    )
    connection.connect()
    return connection


@contextmanager
def a_publishing_system(management: Management, url: str, name: str, password: str) -> Iterator[str]:
    """A broker user that may only publish under its own prefix to `city.events`; yields its address."""
    vhost = quote(vhost_of(url), safe="")
    management.ask("PUT", f"users/{name}", {"password": password, "tags": ""})
    management.ask("PUT", f"permissions/{vhost}/{name}", {"configure": "", "write": "^city\\.events$", "read": ""})
    management.ask(
        "PUT",
        f"topic-permissions/{vhost}/{name}",
        {"exchange": "city.events", "write": f"^{name}\\..*", "read": ""},
    )
    parts = urlsplit(url)
    try:
        yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}"))
    finally:
        management.ask("DELETE", f"users/{name}")
