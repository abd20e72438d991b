"""CloudEvents over HTTP in: from a request to messages, and from messages to confirmed publishes.

    structured  Content-Type: application/cloudevents+json          the whole event is the body
    batch       Content-Type: application/cloudevents-batch+json    a list of them
    binary      ce-id, ce-source, ce-type, ... headers              the body is the data

What is published is what came in, extensions included; nothing is filled in, because a repeat under the same id must
say the same. ``202`` is answered after the broker's confirm and never before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import orjson

from services.gateway.problems import Fault, Problem
from services.gateway.publishers import Publisher
from shared.errors import Unavailable
from shared.events.contract import ContractBroken
from shared.events.envelope import CONTENT_TYPE, MAX_BYTES, Event, Unreadable, decode
from shared.events.registry import contract_of
from shared.messaging.message import EVENTS, Message, Receipt
from shared.messaging.message import Publisher as ConfirmingPublisher
from shared.messaging.topology import QUEUES
from shared.messaging.wire import PipelinedPublisher
from shared.telemetry import log

BATCH_TYPE = "application/cloudevents-batch+json"
#: Events in one batch; the whole request is also bounded in bytes.
MAX_BATCH = 100
#: Seconds to wait for the broker's confirms: a person's machine is waiting.
CONFIRM_WITHIN = 5.0


@dataclass(frozen=True)
class Accepted:
    """An event that may be published. ``parked``: no queue knows its type yet; it waits until somebody teaches us."""

    id: str
    message: Message
    parked: bool


class EventDesk(Protocol):
    """Publishes for an outside system, with confirms."""

    def publish(self, publisher: Publisher, messages: Sequence[Message]) -> None:
        """Publish as that system; raise ``Unavailable`` unless the broker confirmed every message."""


# From a request to events


def bodies(content_type: str, headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """Return each event's structured JSON; raise ``Problem`` naming the field."""
    media = content_type.partition(";")[0].strip().lower()
    if media == CONTENT_TYPE:
        return [body]
    if media == BATCH_TYPE:
        return _batch(body)
    if any(name.lower() == "ce-specversion" for name in headers):
        return [_from_binary(media, headers, body)]
    raise Problem("wrong_content_type", field="Content-Type", expected=f"{CONTENT_TYPE}, {BATCH_TYPE}, or ce-* headers")


def _batch(body: bytes) -> list[bytes]:
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed_json") from error
    if not isinstance(events, list) or not 0 < len(events) <= MAX_BATCH:
        raise _wrong("batch", f"a list of 1 to {MAX_BATCH} events is expected")
    return [orjson.dumps(event) for event in events]


def _from_binary(media: str, headers: Mapping[str, str], body: bytes) -> bytes:
    told: dict[str, Any] = {
        name.lower().removeprefix("ce-"): _header_text(value)
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    if media != "application/json" and not media.endswith("+json"):
        raise Problem("wrong_content_type", field="Content-Type", expected="application/json")
    try:
        told["data"] = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed_json", field="data") from error
    return orjson.dumps(told | {"datacontenttype": media})


def _header_text(value: str) -> str:
    """Return a ``ce-`` header's text: percent-encoded by the binding, or UTF-8 that WSGI handed over as latin-1."""
    with suppress(UnicodeEncodeError, UnicodeDecodeError):
        value = value.encode("latin-1").decode("utf-8")
    return unquote(value)


def accepted(publisher: Publisher, body: bytes, *, traceparent: str | None = None, where: str = "") -> Accepted:
    """Return the event as it will be published; raise ``Problem`` naming the field (prefixed with ``where``).

    A publisher speaks under its own prefix and source only, for its own tenants. A type we know must keep its contract: told now, it can be
    mended; told to a queue, it would be dead.
    """
    if len(body) > MAX_BYTES:
        raise Problem("too_large", most=MAX_BYTES)
    try:
        event = decode(body)
    except Unreadable as error:
        raise _wrong(*_split(str(error)), where=where) from error
    key = publisher.routing_key(event.type)
    if key is None:
        raise Problem("type_not_yours", field=f"{where}type", expected=f"{publisher.type_prefix}.<subject>.<past>.vN")
    if not publisher.may_be_source(event.source):
        raise Problem("source_not_yours", field=f"{where}source", expected=f"/{publisher.name}/...")
    if event.tenant not in publisher.tenants:
        raise Problem("tenant_not_yours", field=f"{where}tenant", expected=list(publisher.tenants))
    contract = contract_of(event.type)
    if contract is not None:
        try:
            contract.read(event.data)
        except ContractBroken as error:
            field, why = _split(str(error).removeprefix(f"{event.type}: "))
            raise Problem(
                "event_breaks_contract", field=where + field, faults=[Fault(where + field, why)], why=why
            ) from error
    message = Message(EVENTS, key, _with_trace(body, event, traceparent), message_id=event.id, type=event.type)
    return Accepted(event.id, message, parked=not _heard(event.type))


def _with_trace(body: bytes, event: Event, traceparent: str | None) -> bytes:
    """Return the body with the request's trace, unless the event brought its own or would become too large."""
    if event.traceparent is not None or traceparent is None:
        return body
    traced = orjson.dumps({**orjson.loads(body), "traceparent": traceparent})
    return traced if len(traced) <= MAX_BYTES else body


def _heard(event_type: str) -> bool:
    return any(event_type in spec.types for spec in QUEUES)


def _wrong(field: str, why: str, *, where: str = "") -> Problem:
    named = f"{where}{field}"
    return Problem("event_wrong", field=named, faults=[Fault(named, why)], why=why)


def _split(told: str) -> tuple[str, str]:
    """Return the field and the reason in ``time: naive datetime ...``."""
    field, colon, why = told.partition(": ")
    return (field, why) if colon and " " not in field else ("event", told)


# From messages to confirmed publishes


class BrokerDesk:
    """Publishes over connections of our own, each message marked with the user of the system that sent it.

    The connection's user has the broker's ``impersonator`` tag, so it may set the ``user_id`` that consumers require.
    A connection serves one thread at a time; idle ones wait on a stack. One that had trouble is dropped.
    """

    def __init__(self, amqp_url: str, make: Callable[[str, str], ConfirmingPublisher] | None = None) -> None:
        self._url = amqp_url
        self._make = make or _connection_for
        self._guard = threading.Lock()
        self._idle: dict[str, list[ConfirmingPublisher]] = {}

    def publish(self, publisher: Publisher, messages: Sequence[Message]) -> None:
        """Publish as that system; raise ``Unavailable`` unless the broker confirmed every message.

        An idle connection may have died unnoticed, so the batch is sent a second time on a fresh one: a repeat under
        the same id is harmless.
        """
        with self._guard:
            idle = self._idle.setdefault(publisher.name, [])
            connection = idle.pop() if idle else None
        if connection is not None:
            try:
                self._send(connection, publisher, messages)
                return
            except Unavailable:
                log.info("event_connection_renewed", publisher=publisher.name)
        self._send(self._make(self._url, publisher.name), publisher, messages)

    def _send(self, connection: ConfirmingPublisher, publisher: Publisher, messages: Sequence[Message]) -> None:
        receipt: Receipt = connection.publish(messages)
        if receipt.refused:
            log.error("event_not_taken", publisher=publisher.name, why=next(iter(receipt.refused.values())))
            raise Unavailable(f"{len(receipt.refused)} of {len(messages)} events not taken by the broker")
        with self._guard:
            self._idle[publisher.name].append(connection)


def _connection_for(amqp_url: str, name: str) -> PipelinedPublisher:
    return PipelinedPublisher(amqp_url, f"gateway events of {name}", deadline=CONFIRM_WITHIN, user=name)
