"""Sees one tenant's events travel through the broker, and asks the services what became of each.

    city.events --a temporary queue of our own--> seen --statistics_figures.event---------> archived
                                                       --notifications_letters.by_event--> letters

The temporary queue is bound to exact types that other queues are bound to as well: one bound to everything would
swallow what has to be parked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo.board import Board, kinds_of
from deploy.demo.desk import Desk
from shared.actors import Actor
from shared.clock import from_iso
from shared.errors import CrossesTheDoor, Unavailable
from shared.events import placement
from shared.events.envelope import Event, Unreadable, decode
from shared.events.registry import CONTRACTS
from shared.messaging.line import Line
from shared.messaging.message import EVENTS
from shared.messaging.topology import queue, routing_keys

#: Seconds between two rounds of looking.
ROUND = 0.1
#: Seconds to wait for the temporary queue.
OPENING = 10.0
#: Letters caused by these are for one person, and come once; those of a publication come for everybody in reach.
PERSONAL = frozenset(
    contract.type
    for contract in (placement.PLACEMENT_SELECTED, placement.PLACEMENT_WITHDRAWN, placement.APPLICATION_CLOSED)
)


@dataclass(frozen=True)
class Seen:
    """An event as it travelled: what it says, and the very bytes that said it."""

    event: Event
    routing_key: str
    body: bytes


class Watcher:
    """Watches one tenant until closed."""

    def __init__(
        self, desk: Desk, board: Board, *, amqp_url: str, tenant: str, operator: Actor, about: str = "jobs"
    ) -> None:
        self._desk = desk
        self._board = board
        self._tenant = tenant
        self._operator = operator
        #: What the figures are about: ``jobs`` or ``rooms``.
        self.about = about
        #: Chapter of the board -> programme whose figures belong to it.
        self.programmes: dict[int, str] = {}
        self._seen: dict[str, Seen] = {}
        self._copies: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._line = Line(amqp_url, "demo", prepare=_temporary_queue, prefetch=0, no_ack=True)
        self._threads = [
            threading.Thread(target=self._line.run, name="demo-line", daemon=True),
            threading.Thread(target=self._listen, name="demo-listen", daemon=True),
            threading.Thread(target=self._look, name="demo-look", daemon=True),
        ]

    def open(self) -> None:
        """Start watching; return when events are delivered. Raise ``Unavailable``."""
        self._line.allow()
        for thread in self._threads:
            thread.start()
        if not self._desk.wait(lambda: self._line.consuming, bool, seconds=OPENING):
            raise Unavailable("broker: the demo's temporary queue could not be opened")

    def close(self) -> None:
        """Stop watching; the broker drops the temporary queue."""
        self._closing.set()
        self._line.close()
        for thread in self._threads:
            thread.join(5)

    def seen(self, name: str, holds: Callable[[Mapping[str, Any]], bool] = lambda _data: True) -> list[Seen]:
        """Return the events of a contract seen so far whose data ``holds``, each once, in order."""
        contract_type = next(contract.type for contract in CONTRACTS.values() if contract.name == name)
        with self._lock:
            return [one for one in self._seen.values() if one.event.type == contract_type and holds(one.event.data)]

    def all(self) -> list[Seen]:
        """Return every event seen so far, each once."""
        with self._lock:
            return list(self._seen.values())

    def copies(self, event: Event) -> int:
        """Return how often an event travelled."""
        with self._lock:
            return self._copies.get(event.key, 0)

    def _listen(self) -> None:
        while not self._closing.is_set():
            self._line.stirred.wait(ROUND)
            self._line.stirred.clear()
            for message in self._line.take(500)[1]:
                self._hear(bytes(message.body or b""), str(message.delivery_info["routing_key"]))

    def _hear(self, body: bytes, routing_key: str) -> None:
        try:
            event = decode(body)
        except Unreadable:
            return  # Somebody else's; the queues that it was meant for refuse it with a reason.
        if event.tenant != self._tenant:
            return
        with self._lock:
            self._seen.setdefault(event.key, Seen(event, routing_key, body))
            self._copies[event.key] = self._copies.get(event.key, 0) + 1
        self._board.heard(event)

    def _look(self) -> None:
        """Ask what became of each event until all of it is there."""
        archived: set[str] = set()
        lettered: set[str] = set()
        while not self._closing.wait(ROUND):
            for seen in self.all():
                event = seen.event
                try:
                    if event.key not in archived and self._look_for_archive(event):
                        archived.add(event.key)
                    wanted = event.type in queue("notifications.letters").types and event.key not in lettered
                    if wanted and self._look_for_letters(event):
                        lettered.add(event.key)
                except (CrossesTheDoor, Unavailable):
                    break  # The next round asks again; the verdict reads everything itself.
            self._look_at_figures()

    def _look_for_archive(self, event: Event) -> bool:
        found = self._call("statistics_figures", "event", event_id=event.id)["events"]
        kept = next((one for one in found if one["event_key"] == event.key), None)
        if kept is None:
            return False
        self._board.archived(event.key, _since(event, kept["known_at"]))
        return True

    def _look_for_letters(self, event: Event) -> bool:
        """Return whether no more letters are to come; those of a publication are looked for until the end."""
        letters = self._call("notifications_letters", "by_event", event_key=event.key)["letters"]
        if letters:
            last = max(_since(event, letter["written"]) for letter in letters)
            self._board.lettered(event.key, kinds_of(letters), last)
        return bool(letters) and event.type in PERSONAL

    def _look_at_figures(self) -> None:
        for chapter, programme_id in list(self.programmes.items()):
            try:
                told = self._call(
                    "statistics_figures", "figures", tenant=self._tenant, programme_id=programme_id, about=self.about
                )
            except (CrossesTheDoor, Unavailable):
                return
            self._board.figures(chapter, told["total"])

    def _call(self, service: str, method: str, /, **asked: Any) -> Any:
        token = self._desk.keys.issue(self._operator, self._desk.clock.now())
        return self._desk.rpc.call(service, method, token=token, timeout=5.0, **asked)


def _temporary_queue(channel: Any) -> str:
    name = str(channel.queue_declare("", exclusive=True, auto_delete=True).queue)
    for key in routing_keys(queue("statistics.archive").hears):
        channel.queue_bind(name, EVENTS, key)
    return name


def _since(event: Event, instant: str) -> int:
    """Return whole milliseconds from the event to an instant."""
    return int((from_iso(instant) - event.time).total_seconds() * 1000)
