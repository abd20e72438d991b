"""A request of RPC as it comes from the wire, raw and guarded, and the reply as it goes back.

What can't be answered is None; what can be answered and isn't right is ``Malformed``, ``NoSuchMethod`` or
``WrongArguments``, which the caller is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import amqp
import orjson

from shared.caller import an_address
from shared.messaging import rpc
from shared.messaging.wire import text
from shared.trace import well_formed


@dataclass
class Request:
    """A request that can be answered: ``method`` may still not exist, and the arguments may not fit it."""

    message: Any
    epoch: int
    method: str
    reply_to: str
    correlation_id: str | None
    traceparent: str | None
    address: str | None

    @property
    def tag(self) -> int:
        """Settles it."""
        return int(self.message.delivery_info["delivery_tag"])


class Malformed(Exception):
    """The body is not a request."""


class NoSuchMethod(Exception):
    """Nothing of that name is asked here."""


class WrongArguments(Exception):
    """The arguments don't fit the method."""


def first_fault(faults: Any) -> tuple[str, str]:
    """Return ``("place.lat", "Not a valid number.")`` for marshmallow's nested messages."""
    path: list[str] = []
    while isinstance(faults, Mapping) and faults:
        key, faults = next(iter(faults.items()))
        if key != "_schema":
            path.append(str(key))
    return ".".join(path), str(faults[0] if isinstance(faults, list) and faults else faults)


def request_of(message: Any, epoch: int, service: str) -> Request | None:
    """Return the request, or None when there is nobody to answer. No header but the trace and the address is looked at."""
    properties = message.properties
    reply_to = text(properties.get("reply_to")) or ""
    # A reply goes where the caller says, if replies can go there at all.
    if not rpc.is_reply_address(reply_to):
        return None
    headers = properties.get("application_headers") or {}
    trace = headers.get(rpc.TRACE_HEADER) or headers.get(f"nameko.{rpc.TRACE_HEADER}")
    return Request(
        message=message,
        epoch=epoch,
        method=(text(message.delivery_info["routing_key"]) or "").removeprefix(f"{service}."),
        reply_to=reply_to,
        correlation_id=text(properties.get("correlation_id")),
        traceparent=well_formed(trace),
        address=an_address(headers.get(rpc.ADDRESS_HEADER)),
    )


def arguments_of(message: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments; raise ``Malformed``. JSON only: no tags, no NaN, bounded size."""
    content_type = message.properties.get("content_type")
    if content_type != rpc.CONTENT_TYPE:
        raise Malformed(f"content type: {text(content_type) or 'missing'}; expected {rpc.CONTENT_TYPE}")
    if len(message.body or b"") > rpc.MAX_BYTES:
        raise Malformed(f"{len(message.body)} bytes: at most {rpc.MAX_BYTES}")
    try:
        told_of = orjson.loads(message.body or b"")
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(told_of, dict):
        raise Malformed("not a JSON object")
    args, kwargs = told_of.get("args"), told_of.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Malformed("args must be a list and kwargs an object")
    return args, kwargs


def reply(channel: Any, request: Request, body: bytes) -> None:
    """Ack a request and send its reply to where the caller wants it."""
    properties: dict[str, Any] = {"content_type": rpc.CONTENT_TYPE, "content_encoding": "utf-8", "delivery_mode": 1}
    if request.correlation_id is not None:
        properties["correlation_id"] = request.correlation_id
    exchange = "" if request.reply_to.startswith(rpc.DIRECT_REPLY) else rpc.EXCHANGE
    # The ack goes first: should the broker drop our connection over this address after all, what was not acked by then
    # would come back and do it again, for ever.
    channel.basic_ack(request.tag)
    channel.basic_publish(amqp.Message(body, **properties), exchange=exchange, routing_key=request.reply_to)
