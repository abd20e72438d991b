"""CloudEvents in: what other municipal systems tell us, each with its own key and under its own prefix only."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import fields

from services.gateway.asking import at
from services.gateway.event_desk import BATCH_TYPE, accepted, bodies
from services.gateway.problems import Problem
from services.gateway.publishers import Publisher
from services.gateway.subject import Subject, Told
from shared.events.envelope import CONTENT_TYPE, MAX_BYTES
from shared.trace import current_traceparent

events = Subject("events", __name__, description="다른 시스템의 소식 · CloudEvents from publishing systems")

#: Bytes of one request with a batch in it; each event in it is at most ``MAX_BYTES``.
MAX_BATCH_BYTES = 4 * MAX_BYTES
#: What the OpenAPI page says of the body: one event, several, or in binary mode the data alone.
A_BODY = {
    "required": True,
    "content": {
        CONTENT_TYPE: {"schema": {"type": "object"}},
        BATCH_TYPE: {"schema": {"type": "array", "items": {"type": "object"}}},
        "application/json": {"schema": {"type": "object"}},
    },
}


class Taken(Told):
    """``parked``: the event is kept, and nobody hears its type yet."""

    id = fields.String()
    parked = fields.Boolean(
        metadata={"description": "아직 아무도 모르는 유형이라 보관함 · kept until somebody teaches us the type"}
    )


class TakenAll(Taken):
    events = fields.List(fields.Nested(Taken), metadata={"description": "여럿을 한꺼번에 보냈을 때 · for a batch"})


@events.asks(
    "POST",
    "/events",
    "소식 보내기",
    told=TakenAll,
    status=202,
    anyone=True,
    acts=False,
    key="publisher",
    described={"requestBody": A_BODY},
)
def publish() -> Any:
    """Publish events: structured, batch or binary mode. Answered after the broker has confirmed.

    `Authorization: Bearer <the key that ./sipbun publishers add printed>`. Sending an event again under the same id is
    safe.
    """
    publisher = _publisher()
    batch = request.mimetype == BATCH_TYPE
    request.max_content_length = MAX_BATCH_BYTES if batch else MAX_BYTES
    told = bodies(request.content_type or "", dict(request.headers), request.get_data())
    trace = current_traceparent()
    taken = [
        accepted(publisher, body, traceparent=trace, where=f"[{index}]." if batch else "")
        for index, body in enumerate(told)
    ]
    at().desk.publish(publisher, [one.message for one in taken])
    rows = [{"id": one.id, "parked": one.parked} for one in taken]
    return {"events": rows} if batch else rows[0]


def _publisher() -> Publisher:
    """Return who publishes; raise ``Problem`` when the key is missing or unknown."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    publisher = at().publishers.by_key(key.strip()) if scheme.lower() == "bearer" else None
    if publisher is None:
        raise Problem("publisher_unknown", field="Authorization")
    return publisher
