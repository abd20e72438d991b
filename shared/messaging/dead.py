"""Dead letters, parked messages and stuck facts: looked at, replayed with the same id and body, or dropped. Never lost.

    <queue>.dead  refused by a service     replay --> straight to that queue
    city.parked   nobody binds the type    replay --> city.events, with the routing key it came with
    rpc.dead      nobody to answer         (can only be dropped)
    outbox        refused by the broker    replay --> marked new, the relay tries again

A look takes the messages out with ``basic_get`` and gives back, unsettled, those that were not chosen. A chosen one is
acked only after its copy was confirmed. Replaying what another publisher said asks for a broker user with the tag
``impersonator``: the copy names the same ``user_id``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import amqp
import orjson
from amqp import exceptions

from shared.clock import Clock, from_iso, iso
from shared.errors import Unavailable
from shared.messaging.message import EVENTS, PARKED, Delivery
from shared.messaging.outbox import NEW, STUCK, Waiting, mark, take_out, waiting
from shared.messaging.premises import reasons_of
from shared.messaging.reasons import AT_ONCE, fingerprint
from shared.messaging.topology import QUEUES, RPC_DEAD
from shared.messaging.wire import LOST, PipelinedPublisher, connect, delivery_of, hang_up
from shared.mongo.port import Collection as Kept
from shared.mongo.port import Database

#: Where stuck facts are listed from: ``outbox <service>.<collection>``.
OUTBOX = "outbox"
#: Messages looked at in one queue at most.
MOST = 10_000
#: Seconds after which a queue is looked through again although its depth is the same: one may have gone, one come.
LOOK_ANYWAY = 900.0
#: What the broker adds when it dead-letters; a replayed message starts without it.
_DEATH_HEADERS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")


@dataclass(frozen=True)
class DeadLetter:
    """One message that waits for an operator."""

    #: Names it among all of them; ``message_id`` may be missing, or used twice.
    id: str
    #: The queue that refused it, ``city.parked``, ``rpc.dead`` or ``outbox <service>.<collection>``.
    queue: str
    message_id: str | None
    type: str | None
    source: str | None
    #: When it happened, RFC 3339, as the event says.
    time: str | None
    #: ``rejected``, ``delivery_limit``, ``unbound``, ``unanswerable`` or ``stuck``.
    code: str
    reason: str
    #: Seconds since it died, or since it happened where the death has no time; None when neither is known, and for
    #: what is parked: nobody notes since when.
    age: float | None
    routing_key: str
    body: bytes = field(repr=False)
    headers: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Settled:
    """What became of the chosen: those done, and those that stay, with the reason."""

    done: tuple[DeadLetter, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


class DeadLetters:
    """All of them, on one broker and the services' databases. Raises ``Unavailable`` when either is away."""

    def __init__(
        self, url: str, database: Callable[[str], Database], outboxes: Mapping[str, Kept], clock: Clock
    ) -> None:
        self._url = url
        self._database = database
        self._outboxes = outboxes
        self._clock = clock

    def look(self, *, dead: bool = True, parked: bool = True) -> list[DeadLetter]:
        """Return what waits: the dead (with unanswerable requests and stuck facts), the parked, or both."""
        found: list[DeadLetter] = []
        for name in self._queues(dead=dead, parked=parked):
            with _window(self._url, name) as (_, messages):
                found.extend(letter for _, letter in self._letters(name, messages))
        if dead:
            found.extend(letter for letter, _ in self._stuck())
        return found

    def show(self, chosen: str) -> list[DeadLetter]:
        """Return those that ``chosen`` names: their id, its first characters (6 or more), or a message id."""
        return [letter for letter in self.look() if _is_chosen(letter, {chosen})]

    def replay(self, chosen: Collection[str] | None = None, *, dead: bool = True, parked: bool = True) -> Settled:
        """Send the chosen ones again (None: all of these) with the same id, body and properties."""
        publisher = PipelinedPublisher(self._url, "replay")
        try:
            return self._settle(chosen, lambda name, message: _replay(publisher, name, message), NEW, dead, parked)
        finally:
            publisher.close()

    def drop(self, chosen: Collection[str], *, dead: bool = True, parked: bool = True) -> Settled:
        """Forget the chosen ones for good."""
        return self._settle(chosen, lambda _name, _message: None, None, dead, parked)

    def _settle(
        self,
        chosen: Collection[str] | None,
        act: Callable[[str, Any], str | None],
        state: str | None,
        dead: bool,
        parked: bool,
    ) -> Settled:
        done: list[DeadLetter] = []
        kept: dict[str, str] = {}
        for name in self._queues(dead=dead, parked=parked):
            with _window(self._url, name) as (channel, messages):
                for message, letter in self._letters(name, messages):
                    if chosen is not None and not _is_chosen(letter, chosen):
                        continue
                    objection = act(name, message)
                    if objection is None:
                        channel.basic_ack(message.delivery_tag)
                        done.append(letter)
                    else:
                        kept[letter.id] = objection
        for letter, item in self._stuck() if dead else ():
            if chosen is None or _is_chosen(letter, chosen):
                if state is None:
                    take_out([item])
                else:
                    mark(item, state, "replayed")
                done.append(letter)
        return Settled(tuple(done), kept)

    def _queues(self, *, dead: bool, parked: bool) -> list[str]:
        return [
            *([spec.dead for spec in QUEUES] if dead else []),
            *([RPC_DEAD] if dead else []),
            *([PARKED] if parked else []),
        ]

    def _letters(self, name: str, messages: Iterable[Any]) -> Iterator[tuple[Any, DeadLetter]]:
        """Give each message with what an operator sees of it; their reasons are read some hundred at a time."""
        queue = name.removesuffix(".dead") if name not in (PARKED, RPC_DEAD) else name
        coming = iter(messages)
        while some := [(message, delivery_of(message, None)) for message in islice(coming, AT_ONCE)]:
            known: Mapping[str, Mapping[str, Any]] = {}
            if queue != name:
                reasons = reasons_of(self._database(queue.partition(".")[0]), self._clock)
                known = reasons.of([fingerprint(queue, delivery) for _, delivery in some])
            for message, delivery in some:
                yield message, self._letter(name, queue, delivery, known.get(fingerprint(queue, delivery)))

    def _letter(self, name: str, queue: str, delivery: Delivery, known: Mapping[str, Any] | None) -> DeadLetter:
        said = _said(delivery.body)
        code, reason, died = _why(name, delivery, known)
        happened = _instant(said.get("time"))
        # The broker notes no instant when it parks a message; an event may be told long after it happened.
        since = None if name == PARKED else died or happened
        return DeadLetter(
            id=fingerprint(queue, delivery),
            queue=queue,
            message_id=delivery.message_id,
            type=delivery.type or said.get("type"),
            source=said.get("source"),
            time=None if happened is None else iso(happened),
            code=code,
            reason=reason,
            age=None if since is None else (self._clock.now() - since).total_seconds(),
            routing_key=_original_key(delivery),
            body=delivery.body,
            headers=delivery.headers,
        )

    def _stuck(self) -> Iterator[tuple[DeadLetter, Waiting]]:
        for name, collection in self._outboxes.items():
            for item in waiting(collection, MOST, STUCK):
                entry = item.entry
                yield (
                    DeadLetter(
                        id=f"{name}:{item.fact_id}",
                        queue=f"{OUTBOX} {name}",
                        message_id=item.fact_id,
                        type=entry["type"],
                        source=entry["source"],
                        time=iso(entry["time"]),
                        code="stuck",
                        reason=str(entry.get("why", "the broker refused it")),
                        age=(self._clock.now() - entry["time"]).total_seconds(),
                        routing_key="",
                        body=orjson.dumps(entry["data"]),
                    ),
                    item,
                )


class LimitDeaths:
    """Puts back what died only because it was delivered too often, once things are well again."""

    def __init__(self, url: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """``seconds`` tells how time passes, from any beginning."""
        self._url = url
        self._seconds = seconds
        #: Queue -> its depth when nothing in it had died that way, and when that was: not looked through again until
        #: the depth changes, or for ``LOOK_ANYWAY``.
        self._barren: dict[str, tuple[int, float]] = {}

    def replay(self) -> int:
        """Replay them; return how many. Raise ``Unavailable``."""
        replayed = 0
        publisher = PipelinedPublisher(self._url, "replay")
        try:
            for spec in QUEUES:
                with _window(self._url, spec.dead, unless_depth=self._known_depth(spec.dead)) as (channel, messages):
                    found = 0
                    for message in messages:
                        if _last_death(delivery_of(message, None).headers).get("reason") != "delivery_limit":
                            continue
                        if _replay(publisher, spec.dead, message) is None:
                            channel.basic_ack(message.delivery_tag)
                            found += 1
                    if found:
                        self._barren.pop(spec.dead, None)
                    elif messages.depth != self._known_depth(spec.dead):
                        self._barren[spec.dead] = (messages.depth, self._seconds())
                    replayed += found
        finally:
            publisher.close()
        return replayed

    def _known_depth(self, queue: str) -> int | None:
        depth, at = self._barren.get(queue, (None, 0.0))
        return None if self._seconds() - at >= LOOK_ANYWAY else depth


@contextmanager
def _window(url: str, queue: str, *, unless_depth: int | None = None) -> Iterator[tuple[Any, _Taken]]:
    """Give the channel and the messages of a queue; those not acked in the block go back when it ends.

    Nothing is taken when the queue holds exactly ``unless_depth`` messages.
    """
    connection = connect(url, f"look at {queue}")
    try:
        channel = connection.channel()
        channel.auto_decode = False
        depth = int(channel.queue_declare(queue, passive=True).message_count)
        yield channel, _Taken(channel, queue, depth, 0 if depth == unless_depth else min(depth, MOST))
        connection.close()
    except (*LOST, exceptions.AMQPError) as error:
        raise Unavailable(f"broker: {queue}: {type(error).__name__}: {error}") from error
    finally:
        hang_up(connection)


@dataclass(frozen=True)
class _Taken:
    """What is in a queue now, not what comes back to it meanwhile; taken one by one."""

    channel: Any
    queue: str
    #: How many there were.
    depth: int
    #: How many are taken at most.
    count: int

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.count):
            message = self.channel.basic_get(self.queue)
            if message is None:
                return
            yield message


def _why(name: str, delivery: Delivery, known: Mapping[str, Any] | None) -> tuple[str, str, datetime | None]:
    """Return the code, the reason and, where it is known, when the message died."""
    if name == PARKED:
        return "unbound", f"nobody binds {delivery.routing_key}", None
    if name == RPC_DEAD:
        return "unanswerable", str(delivery.headers.get("x-sipbun-reason", "the request says no reply_to")), None
    death = _last_death(delivery.headers)
    died = _instant(death.get("time"))
    if death.get("reason") == "delivery_limit":
        return "delivery_limit", "delivered too often without an answer: consumers kept dying or waiting", died
    if known is None:
        return "rejected", "refused; the reason is no longer kept", died
    return "rejected", str(known["why"]), known["at"]


def _replay(publisher: PipelinedPublisher, name: str, message: Any) -> str | None:
    """Send a copy to where the message belongs; return the objection, or None when it was confirmed."""
    if name == RPC_DEAD:
        return "nobody waits for the answer: it can only be dropped"
    properties = dict(message.properties)
    headers = properties.pop("application_headers", None) or {}
    told = {key: value for key, value in headers.items() if not str(key).startswith(_DEATH_HEADERS)}
    if told:
        properties["application_headers"] = told
    copy = amqp.Message(message.body, **properties)
    if name == PARKED:
        receipt = publisher.send([(copy, EVENTS, message.delivery_info["routing_key"])])
    else:
        receipt = publisher.send([(copy, "", name.removesuffix(".dead"))])
    return receipt.refused.get(0)


def _is_chosen(letter: DeadLetter, chosen: Collection[str]) -> bool:
    return any(
        name in (letter.id, letter.message_id) or (len(name) >= 6 and letter.id.startswith(name)) for name in chosen
    )


def _said(body: bytes) -> dict[str, Any]:
    """Return the envelope's texts, as far as the body can be read."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: told[name] for name in ("type", "source", "time") if isinstance(told.get(name), str)}


def _last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the broker's account of the latest death."""
    deaths = headers.get("x-death")
    if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict):
        return deaths[0]
    return {}


def _original_key(delivery: Delivery) -> str:
    keys = _last_death(delivery.headers).get("routing-keys")
    return str(keys[0]) if isinstance(keys, list) and keys else delivery.routing_key


def _instant(told: object) -> datetime | None:
    if isinstance(told, datetime):
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told
    if isinstance(told, str):
        try:
            return from_iso(told)
        except ValueError:
            return None
    return None
