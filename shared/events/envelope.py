"""The envelope: CloudEvents 1.0, structured JSON, with our extensions ``tenant``, ``sequence`` and ``traceparent``.

``decode`` is the one place where bytes from the broker become an event. It never trusts them: JSON only, no NaN,
no ``__type__`` tags, bounded depth and size; every objection is ``Unreadable`` with a reason a person understands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from shared.clock import from_iso, iso
from shared.ids import content_hash, event_key
from shared.trace import well_formed

CONTENT_TYPE = "application/cloudevents+json"
#: Bytes. The broker refuses larger messages too (deploy/rabbitmq).
MAX_BYTES = 256 * 1024
#: Levels of nesting; no contract comes near it.
MAX_DEPTH = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REQUIRED = ("specversion", "id", "source", "type", "subject", "time", "tenant", "sequence", "data")


class Unreadable(Exception):
    """These bytes are not an event; the message says why."""


@dataclass(frozen=True)
class Event:
    """A fact that was published. ``time`` is when it happened; ``sequence`` orders the facts of one subject."""

    id: str
    source: str
    type: str
    subject: str
    tenant: str
    time: datetime
    sequence: str
    data: Mapping[str, Any]
    traceparent: str | None = field(default=None, compare=False)

    @cached_property
    def key(self) -> str:
        """The natural key of every effect of this event: a hash of (source, id)."""
        return event_key(self.source, self.id)

    @cached_property
    def hash(self) -> str:
        """The hash of what it says; the same key with another hash is a mistake, not a duplicate."""
        return content_hash(
            {
                "type": self.type,
                "subject": self.subject,
                "tenant": self.tenant,
                "time": iso(self.time),
                "sequence": self.sequence,
                "data": self.data,
            }
        )


def encode(event: Event) -> bytes:
    """Return the structured JSON; raise ``Unreadable`` when it is over ``MAX_BYTES``."""
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": iso(event.time),
        "tenant": event.tenant,
        "sequence": event.sequence,
        "datacontenttype": "application/json",
        "data": event.data,
    }
    if event.traceparent is not None:
        told["traceparent"] = event.traceparent
    body = orjson.dumps(told)
    if len(body) > MAX_BYTES:
        raise Unreadable(f"{len(body)} bytes: an event is at most {MAX_BYTES}")
    return body


def decode(body: bytes) -> Event:
    """Return the event in these bytes; raise ``Unreadable`` with the reason."""
    told = _json(body)
    missing = [name for name in _REQUIRED if name not in told]
    if missing:
        raise Unreadable(f"{', '.join(missing)}: missing; CloudEvents 1.0 with tenant and sequence is expected")
    if told["specversion"] != "1.0":
        raise Unreadable("specversion: must be 1.0")
    for name in _REQUIRED[1:-1]:
        if not isinstance(told[name], str) or not 0 < len(told[name]) <= 512:
            raise Unreadable(f"{name}: must be text of 1 to 512 characters")
        if _CONTROL.search(told[name]):
            raise Unreadable(f"{name}: must not hold control characters")
    if not isinstance(told["data"], dict):
        raise Unreadable("data: must be a JSON object")
    try:
        instant = from_iso(told["time"])
    except ValueError as error:
        raise Unreadable(f"time: {error}") from error
    return Event(
        id=told["id"],
        source=told["source"],
        type=told["type"],
        subject=told["subject"],
        tenant=told["tenant"],
        time=instant,
        sequence=told["sequence"],
        data=told["data"],
        traceparent=well_formed(told.get("traceparent")),
    )


def _json(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise Unreadable(f"{len(body)} bytes: an event is at most {MAX_BYTES}")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(told, dict):
        raise Unreadable("not a JSON object")
    # Most events have fewer brackets than levels are allowed, and need no walk.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _too_deep(told, MAX_DEPTH):
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep")
    return told


def _too_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_too_deep(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return left == 0 or any(_too_deep(item, left - 1) for item in value)
    return False
