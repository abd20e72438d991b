"""nameko as it comes: its event dispatcher and ``event_handler``, its ``rpc`` and its standalone client."""

from __future__ import annotations

import threading
import time
from typing import Any

from nameko.events import event_handler
from nameko.rpc import rpc
from nameko.runners import ServiceRunner
from nameko.standalone.events import event_dispatcher
from nameko.standalone.rpc import ClusterRpcProxy

from shared.config import settings
from tests.bench import cast, floor

#: The names under which events go out; nameko makes the exchange ``<service>.events``.
SERVICE, EVENT = "bench_placement", "placement_selected"


def configuration() -> dict[str, Any]:
    """Return nameko's configuration; everything else is its default."""
    return {"AMQP_URI": settings().amqp_url}


class Archivist:
    """Stores the effect of each event: the same document, one by one, as a handler gets them."""

    name = "bench_archivist"
    kept: Any = None
    #: An object whose length is how many are done: append is safe between green threads.
    done: list[None] = []  # noqa: RUF012  (shared on purpose: nameko makes a new instance for each event)

    @event_handler(SERVICE, EVENT)
    def keep(self, payload: dict[str, Any]) -> None:
        """Store it."""
        floor.keep(self.kept, [floor.archived(payload)])
        self.done.append(None)


class Handler:
    """The consumer's process; green."""

    def __init__(self) -> None:
        Archivist.kept = floor.database("statistics")
        floor.prepare_archive(Archivist.kept)
        self._runner = ServiceRunner(configuration())
        self._runner.add_service(Archivist)
        self._runner.start()

    def done(self) -> int:
        """Return how many events have had their effect."""
        return len(Archivist.done)

    def wait_done(self, count: int) -> float:
        """Return the instant at which so many events have had their effect."""
        while len(Archivist.done) < count:
            time.sleep(0.005)
        return time.monotonic()


def message(fact: dict[str, Any]) -> dict[str, Any]:
    """Return what is dispatched: the event, without what the outbox adds."""
    return {
        "id": fact["id"],
        "source": fact["source"],
        "type": fact["type"],
        "subject": fact["subject"],
        "tenant": fact["tenant"],
        "sequence": fact["sequence"],
        "time": floor.rfc3339(fact["time"]),
        "data": fact["data"],
    }


class Writer:
    """Selects applicants, then dispatches: what happens between the two is lost, which is nameko's bargain."""

    def __init__(self) -> None:
        self._kept = floor.database("placement")
        self._dispatch = event_dispatcher(configuration())

    def select(self, lap: str, first: int, count: int) -> None:
        """Select one applicant for each of these openings."""

        def act(number: int) -> None:
            self._dispatch(SERVICE, EVENT, message(floor.select(self._kept, f"{lap}-{number}", outbox=False)))

        cast.at_once(act, first, count)

    def dispatch(self, lap: str, count: int) -> dict[str, float]:
        """Only dispatch; return when it began and ended."""
        facts = [message(cast.an_entry(f"{lap}-{number}")) for number in range(count)]
        began = time.monotonic()
        for fact in facts:
            self._dispatch(SERVICE, EVENT, fact)
        return {"began": began, "ended": time.monotonic()}


class Answering:
    """A service that answers a question; the method is ours' twin."""

    name = "bench_stock"

    @rpc
    def read(self, opening_id: str) -> dict[str, Any]:
        """Return an opening."""
        return {**cast.SHOWN, "opening_id": opening_id}


class Server:
    """The answering process; green."""

    def __init__(self) -> None:
        self._runner = ServiceRunner(configuration())
        self._runner.add_service(Answering)
        self._runner.start()


class Caller:
    """One caller's own proxy: nameko's is for one thread."""

    def __init__(self) -> None:
        self._cluster = ClusterRpcProxy(configuration(), timeout=10)
        self._proxy = self._cluster.start()

    def call(self, opening_id: str) -> Any:
        """Ask."""
        return self._proxy.bench_stock.read(opening_id=opening_id)

    def close(self) -> None:
        """Hang up."""
        stopping = threading.Thread(target=self._cluster.stop, daemon=True)
        stopping.start()
        stopping.join(2)
