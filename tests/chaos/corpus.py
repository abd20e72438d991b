"""Everything that has ever broken a consumer, as data: what it is, how it is sent, and the reason it must die with.

`events_for(contract)` builds bad (and oddly good) messages around one good event; `requests_for(...)` does the same for
RPC. Nothing here talks to a broker; `tests/chaos/throwing.py` does.
"""

from __future__ import annotations

import gzip
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.events.contract import Contract
from shared.events.envelope import CONTENT_TYPE
from shared.messaging.topology import is_ours, source_root, user_of

#: Queues whose effects are kept by event key: the same id with another body is noticed there. Elsewhere reactions look
#: at the state and not at the event, so repeating one in other words changes nothing; and news that reaches nobody leaves
#: nothing by which it could be known again.
KEPT_BY_KEY = frozenset({"statistics.archive", "notifications.letters"})
#: Keeps the whole event, unknown fields too: what cannot be written down at all is dead there.
KEEPS_ALL = frozenset({"statistics.archive"})
#: A notice keeps everything that another municipal system said.
KEEPS_ALL_OF_OTHERS = KEEPS_ALL | {"notifications.letters"}
EVERYWHERE = None
#: Whose events these are; a publishing system must have been given it (shared/messaging/outsiders.py).
TENANT = "corpus"


@dataclass(frozen=True)
class Thrown:
    """A message, and what must become of it.

    `why`: part of the reason with which it dies, or None: odd, but good, and so it must pass. `dies_in`: the queues in
    which it dies; None is every queue that gets it.
    """

    name: str
    body: bytes = field(repr=False)
    why: str | None
    properties: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    #: Instead of properties: the content header as bytes that no client library would write.
    raw_properties: bytes | None = None
    dies_in: frozenset[str] | None = EVERYWHERE

    def must_die_in(self, queue: str) -> bool:
        """Whether it must die in this queue."""
        return self.why is not None and (self.dies_in is None or queue in self.dies_in)


def an_event(contract: Contract, event_id: str, **changes: Any) -> dict[str, Any]:
    """A good event of that contract, as JSON; `changes` replace fields of the envelope."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/{source_root(contract)}/corpus",
        "type": contract.type,
        "subject": "opn-은하수",
        "time": "2026-11-22T01:02:03.004Z",
        "tenant": TENANT,
        "sequence": "0000000001.000",
        "datacontenttype": "application/json",
        "data": deepcopy(dict(contract.sample)),
        **changes,
    }


def good(contract: Contract, event_id: str, name: str = "a good one", **changes: Any) -> Thrown:
    """A good message."""
    event = an_event(contract, event_id, **changes)
    return Thrown(name, orjson.dumps(event), None, properties_of(contract, event_id))


def properties_of(contract: Contract, event_id: str, **changes: Any) -> dict[str, Any]:
    """The properties that our own publisher gives; a change to None leaves one out."""
    usual = {
        "content_type": CONTENT_TYPE,
        "message_id": event_id,
        "type": contract.type,
        "user_id": user_of(contract),
        "delivery_mode": 2,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def events_for(contract: Contract, prefix: str) -> Iterator[Thrown]:
    """Yield the whole corpus around one contract; `prefix` makes the ids unlike any others."""
    make = _Maker(contract, prefix)
    yield from _unreadable(make)
    yield from _wrong_envelopes(make)
    yield from _wrong_data(make)
    yield from _wrong_properties(make)
    yield from _odd_but_good(make)
    yield from _used_twice(make)


class _Maker:
    """Builds messages with ids of their own."""

    def __init__(self, contract: Contract, prefix: str) -> None:
        self.contract = contract
        self._prefix = prefix
        self._made = 0

    def id(self) -> str:
        self._made += 1
        return f"{self._prefix}-{self._made:03d}"

    def bytes(self, name: str, why: str | None, change: Callable[[bytes], bytes], **properties: Any) -> Thrown:
        """A good body, spoiled byte by byte."""
        event_id = self.id()
        body = change(orjson.dumps(an_event(self.contract, event_id)))
        return Thrown(name, body, why, properties_of(self.contract, event_id, **properties))

    def text(self, name: str, why: str | None, old: str, new: str, **more: Any) -> Thrown:
        """A good body, with one piece of its text replaced by what no JSON writer writes."""
        event_id = self.id()
        body = orjson.dumps(an_event(self.contract, event_id, **more))
        changed = body.replace(old.encode(), new.encode(), 1)
        assert changed != body, f"{name}: {old} is not in the body"
        return Thrown(name, changed, why, properties_of(self.contract, event_id))

    def envelope(self, name: str, why: str | None, without: str | None = None, **changes: Any) -> Thrown:
        """Another envelope."""
        event_id = self.id()
        event = an_event(self.contract, event_id, **changes)
        if without is not None:
            del event[without]
        # The message's own id stays that of the event, or the mismatch would be what it dies of.
        message_id = event.get("id") if isinstance(event.get("id"), str) and len(event["id"]) <= 255 else None
        return Thrown(name, orjson.dumps(event), why, properties_of(self.contract, event_id, message_id=message_id))

    def data(self, name: str, why: str | None, dies_in: frozenset[str] | None = EVERYWHERE, **changes: Any) -> Thrown:
        """Other data; a change to `...` leaves a field out."""
        event_id = self.id()
        told = {**deepcopy(dict(self.contract.sample)), **changes}
        told = {key: value for key, value in told.items() if value is not ...}
        event = an_event(self.contract, event_id, data=told)
        return Thrown(name, orjson.dumps(event), why, properties_of(self.contract, event_id), dies_in=dies_in)

    def told(self, name: str, why: str | None, headers: Mapping[str, Any] | None = None, **properties: Any) -> Thrown:
        """A good body under other properties."""
        event_id = self.id()
        return Thrown(
            name,
            orjson.dumps(an_event(self.contract, event_id)),
            why,
            properties_of(self.contract, event_id, **properties),
            headers or {},
        )


def _unreadable(make: _Maker) -> Iterator[Thrown]:
    not_json = "not JSON"
    yield make.bytes("broken JSON", not_json, lambda body: body[:-7])
    yield make.bytes("two documents in one body", not_json, lambda body: body + body)
    yield make.bytes("a trailing null byte", not_json, lambda body: body + b"\0")
    yield make.bytes("a leading byte order mark", not_json, lambda body: b"\xef\xbb\xbf" + body)
    yield make.bytes("text that is not UTF-8", not_json, lambda body: body.replace(b"corpus", b"\xff\xfe"))
    yield make.bytes("UTF-16", not_json, lambda body: body.decode().encode("utf-16"))
    yield make.bytes("a gzip-compressed body", not_json, gzip.compress, content_encoding="gzip")
    yield make.bytes("a pickle that calls itself one of our events", not_json, pickle.dumps)
    yield make.bytes("a list", "not a JSON object", lambda body: b"[" + body + b"]")
    yield make.bytes("a string", "not a JSON object", lambda body: orjson.dumps(body.decode()))
    yield make.bytes("10,000 levels of nesting", not_json, lambda body: b"[" * 10_000 + body + b"]" * 10_000)
    yield make.bytes(
        "10,000 levels of nesting inside the data",
        not_json,
        lambda body: body.replace(b'"data":{', b'"data":{"deep":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b",", 1),
    )
    yield make.bytes(
        "100 levels of nesting inside the data",
        "nested more than 16 levels",
        lambda body: body.replace(b'"data":{', b'"data":{"deep":' + b"[" * 100 + b"]" * 100 + b",", 1),
    )
    yield make.text("NaN", not_json, '"data":{', '"data":{"odd":NaN,')
    yield make.text("Infinity", not_json, '"data":{', '"data":{"odd":-Infinity,')
    yield make.text("half a surrogate pair", not_json, '"tenant":"corpus"', '"tenant":"\\ud800"')


def _wrong_envelopes(make: _Maker) -> Iterator[Thrown]:
    for name in ("specversion", "id", "source", "type", "subject", "time", "tenant", "sequence", "data"):
        yield make.envelope(f"no {name}", f"{name}: missing", without=name)
    yield make.envelope("an old version of CloudEvents", "specversion: must be 1.0", specversion="0.3")
    for name in ("id", "source", "type", "subject", "time", "tenant", "sequence"):
        yield make.envelope(f"{name} is a number", f"{name}: must be text", **{name: 7})
    yield make.envelope("an empty tenant", "tenant: must be text", tenant="")
    yield make.envelope("a subject with a null character", "subject: must not hold control", subject="opn-\0-은하수")
    yield make.envelope("an id of two lines", "id: must not hold control", id="opn-1\nopn-2")
    yield make.envelope("an id of 600 characters", "id: must be text", id="i" * 600)
    yield make.envelope("data is a list", "data: must be a JSON object", data=[1, 2])
    yield make.envelope("data is null", "data: must be a JSON object", data=None)
    tag = {"__type__": "datetime", "__value__": "2026-11-22T01:02:03"}
    yield make.envelope("a __type__ tag for a time", "time: must be text", time=tag)
    yield make.envelope("a whole envelope under a __type__ tag", "id: must be text", id=tag)
    yield make.envelope("no time at all", "time:", time="어제")
    yield make.envelope("a time without an offset", "time: naive", time="2026-11-22T01:02:03")
    yield make.envelope("a time after the last one", "time:", time="9999-12-31T23:59:59-23:59")
    yield make.envelope("a time before the first one", "time:", time="0001-01-01T00:00:00+23:59")
    yield make.envelope("an unknown type under a known routing key", "is not heard by", type="kr.sipbun.a.b.done.v1")
    version = f"{make.contract.type[:-1]}9"
    yield make.envelope("an unknown version under a known routing key", "is not heard by", type=version)
    if not is_ours(make.contract):
        yield make.envelope("a tenant it may not speak for", "may not speak for somebody-else", tenant="somebody-else")
    stranger = "/muni1/corpus" if is_ours(make.contract) else "/sipbun/placement"
    yield make.envelope("somebody else's source", "source: ", source=stranger)
    yield make.envelope("a source that only begins alike", "source: ", source=f"/{source_root(make.contract)}x/corpus")


def _wrong_data(make: _Maker) -> Iterator[Thrown]:
    for name, value in make.contract.sample.items():
        needed = make.contract.schema().fields[name].required
        yield make.data(f"no {name}", f"data.{name}: Missing" if needed else None, **{name: ...})
        if not make.contract.schema().fields[name].allow_none:
            yield make.data(f"{name} is null", f"data.{name}", **{name: None})
        wrong = "많이" if isinstance(value, int) else {"$ne": None}
        yield make.data(f"{name} is of a wrong type", f"data.{name}", **{name: wrong})
        if isinstance(value, int):
            yield make.data(f"{name} is half", f"data.{name}", **{name: 1.5})
            yield make.data(f"{name} does not fit any integer", f"data.{name}", **{name: 2**63})
        elif isinstance(value, str):
            yield make.data(f"{name} is very long", f"data.{name}", **{name: "길" * 5000})
            if name.endswith("_id"):
                yield make.data(f"{name} holds a null character", f"data.{name}: Give no control", **{name: "a\0b"})
        if isinstance(value, str) and value[:2] == "20" and "T" in value:
            yield make.data(f"{name} is after the last time", f"data.{name}", **{name: "9999-12-31T23:59:59-23:59"})
    # What we don't know of is kept as it came, where whole events are kept; if that cannot be, it is dead there.
    keeps_all = KEEPS_ALL if is_ours(make.contract) else KEEPS_ALL_OF_OTHERS
    yield make.data("an unknown field no database can count", "8-byte ints", keeps_all, surprise=2**64 - 1)


def _wrong_properties(make: _Maker) -> Iterator[Thrown]:
    kind = "content type"
    yield make.told("plain JSON", f"{kind}: application/json; expected", content_type="application/json")
    yield make.told("no content type", f"{kind}: missing", content_type=None)
    yield make.told("a content type of pickles", kind, content_type="application/x-python-serialize")
    yield make.told("a content type nobody knows", kind, content_type="은하수/은하수")
    yield make.told("another message id", "message id: the message says", message_id="opn-other.1.0")
    yield make.told("another type on the message", "type: the message says", type="kr.sipbun.x.y.done.v1")
    yield make.told("no user id", "user_id: missing", user_id=None)
    stranger = "somebody" if user_of(make.contract) != "somebody" else "sipbun"
    yield make.told("another user id", f"user_id: {stranger} may not say", user_id=stranger)
    hostile = {"nameko.call_id_stack": 7, "compression": "application/x-bz2"}
    yield make.told("hostile headers on plain JSON", kind, hostile, content_type="application/json")
    yield make.told("a forged history of deaths", kind, {"x-death": 7}, content_type="a/b")
    yield make.told("a forged history of deaths in a list", kind, {"x-death": [7, "은"]}, content_type="a/c")
    forged = {"x-death": [{"reason": "delivery_limit", "queue": "x", "count": 9, "routing-keys": ["y"]}]}
    yield make.told("a forged death by the delivery limit", kind, forged, content_type="a/d")
    event_id = make.id()
    body = orjson.dumps(an_event(make.contract, event_id))
    yield Thrown("a date beyond the calendar", body, "missing", raw_properties=_far_timestamp())
    event_id = make.id()
    body = orjson.dumps(an_event(make.contract, event_id))
    yield Thrown("a message id that is not UTF-8", body, f"{kind}: missing", raw_properties=_unreadable_id())


def _odd_but_good(make: _Maker) -> Iterator[Thrown]:
    yield make.told("nameko.call_id_stack is 7", None, {"nameko.call_id_stack": 7})
    yield make.told("nameko.call_id_stack is [1, 2]", None, {"nameko.call_id_stack": [1, 2]})
    yield make.told("nameko.call_id_stack is huge", None, {"nameko.call_id_stack": ["x" * 100] * 900})
    yield make.told("nameko.language is a table", None, {"nameko.language": {"a": [1, {"b": True}]}})
    yield make.told("claims to be compressed", None, {"compression": "application/x-gzip"}, content_encoding="gzip")
    yield make.told("claims another encoding", None, content_encoding="utf-16")
    yield make.told("nobody to reply to, and a reply asked for", None, correlation_id="7", reply_to="nobody")
    yield make.told("no message id", None, message_id=None)
    yield make.told("no type on the message", None, type=None)
    yield make.told("a message that need not survive", None, delivery_mode=1)
    yield make.data("unknown fields", None, surprise={"은하수": [1, 2.5, None, True]}, other="값")
    yield make.data("an unknown field under a __type__ tag", None, surprise={"__type__": "uuid", "__value__": "x"})
    yield make.data("an unknown field like a query", None, surprise={"$where": "1", "a.b": 1, "": 2})
    yield make.envelope("a subject longer than any index holds", None, subject="은하수" * 100)
    yield make.envelope("a sequence that counts nothing", None, sequence="처음")
    yield make.envelope("a sequence beyond all counting", None, sequence="9" * 100)
    yield make.envelope("a traceparent that is none", None, traceparent={"00": "x"})


def _used_twice(make: _Maker) -> Iterator[Thrown]:
    """An id, then the same with another body."""
    event_id = make.id()
    yield good(make.contract, event_id, "the first of a pair")
    again = an_event(make.contract, event_id, subject="opn-은하수-2")
    why = "came before with another body"
    properties = properties_of(make.contract, event_id)
    yield Thrown("the same id with another body", orjson.dumps(again), why, properties, dies_in=KEPT_BY_KEY)


# Property flags (AMQP 0-9-1, 4.2.6.1): bit 15 is the content type, 7 the message id, 6 the timestamp.


def _far_timestamp() -> bytes:
    """A content type and a time of 2^64 - 1 seconds."""
    return struct.pack(">H", 1 << 15 | 1 << 6) + _short(CONTENT_TYPE.encode()) + struct.pack(">Q", 2**64 - 1)


def _unreadable_id() -> bytes:
    """A content type and a message id of bytes that are no UTF-8."""
    return struct.pack(">H", 1 << 15 | 1 << 7) + _short(CONTENT_TYPE.encode()) + _short(b"\xff\xfe\xfd")


def _short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


# -- RPC


@dataclass(frozen=True)
class Asked:
    """A request, and the error it must be answered with: the `exc_type`, and a part of its text."""

    name: str
    body: bytes = field(repr=False)
    exc_type: str
    says: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)


JSON = "application/json"
#: Values that no argument expects. Whatever a method does with them, it answers, and not with an internal error.
HOSTILE_VALUES: tuple[Any, ...] = (
    None,
    {"$ne": None},
    [{"$gt": ""}],
    7,
    -1,
    2**63 - 1,
    1e308,
    True,
    "",
    "\0",
    "은" * 5000,
    {"__type__": "datetime", "__value__": "x"},
)


def malformed_requests() -> Iterator[Asked]:
    """Requests that are wrong whatever method they name."""
    wrong = "MalformedRequest"
    yield Asked("broken JSON", b'{"args": [], "kwargs"', wrong, "not JSON")
    yield Asked("nothing", b"", wrong, "not JSON")
    yield Asked("NaN", b'{"args": [], "kwargs": {"lat": NaN}}', wrong, "not JSON")
    yield Asked("10,000 levels", b'{"args":[],"kwargs":{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}}", wrong, "not JSON")
    yield Asked("not UTF-8", b'{"args": [], "kwargs": {"a": "\xff"}}', wrong, "not JSON")
    yield Asked("a list", b"[[], {}]", wrong, "not a JSON object")
    yield Asked("args is an object", b'{"args": {}, "kwargs": {}}', wrong, "args must be a list")
    yield Asked("kwargs is a list", b'{"args": [], "kwargs": []}', wrong, "kwargs an object")
    yield Asked("no args", b'{"kwargs": {}}', wrong, "args must be a list")
    yield Asked("a __type__ tag for kwargs", b'{"args": [], "kwargs": "x", "__type__": "uuid"}', wrong, "kwargs")
    pickled = pickle.dumps({"args": [], "kwargs": {}})
    yield Asked("a pickle", pickled, wrong, "content type", {"content_type": "application/x-python-serialize"})
    yield Asked("plain text", b'{"args": [], "kwargs": {}}', wrong, "content type", {"content_type": "text/plain"})
    yield Asked("no content type", b'{"args": [], "kwargs": {}}', wrong, "missing", {"content_type": None})
    for token in ("은하수", "a.b.c", 7, {"sub": "operator"}, "x" * 5000):
        body = orjson.dumps({"args": [], "kwargs": {"token": token}})
        yield Asked(f"a token that is {str(token)[:20]}", body, "Refused", "token_invalid")


def hostile_headers() -> Iterator[Mapping[str, Any]]:
    """Headers that stock nameko dies of."""
    yield {"nameko.call_id_stack": 7}
    yield {"nameko.call_id_stack": [1, 2]}
    yield {"nameko.call_id_stack": ["x" * 100] * 900}
    yield {"nameko.language": {"a": [1]}, "nameko.auth_token": [None]}
    yield {"compression": "application/x-bz2"}
    yield {"traceparent": {"a": 1}}
    yield {"nameko.traceparent": "\0" * 55}
