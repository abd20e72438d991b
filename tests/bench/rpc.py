"""One question and its answer, at 1, 8 and 32 callers: ours, stock nameko's, and raw kombu's.

Callers are threads of one or two processes, each with a connection of its own; the answer is the same on every side.
Ours carries and verifies a token with every call, the others none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from shared.actors import Actor
from shared.auth import Keys
from shared.config import settings
from shared.house import House
from shared.messaging.entrypoints import asked
from shared.messaging.rpc import RpcClient
from shared.telemetry.logs import configure
from shared.town import town
from tests.bench import cast
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.hosted import open_house
from tests.bench.result import Result, percentile, take_turns

CALLERS = (1, 8, 32)
GOALS: Mapping[int, float] = {8: 2.0}


class Answering:
    """A service that answers a question."""

    name = "bench_ours"

    @asked
    def read(self, _actor: Actor, *, opening_id: str) -> dict[str, Any]:
        """Return an opening."""
        return {**cast.SHOWN, "opening_id": opening_id}


class Server:
    """Our answering process; green."""

    def __init__(self) -> None:
        told = settings()
        configure("bench", told.log_level)
        self.house = House((Answering,), town=town(told), service="bench")
        open_house(self.house)


class Caller:
    """One of our callers."""

    def __init__(self) -> None:
        told = settings()
        self._client = RpcClient(told.amqp_url, "bench")
        actor = Actor("res-1", frozenset({"resident"}), cast.TENANT)
        self._token = Keys.read(told.token_keys).issue(actor, datetime.now(UTC))

    def call(self, opening_id: str) -> Any:
        """Ask."""
        return self._client.call("bench_ours", "read", token=self._token, opening_id=opening_id)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class Callers:
    """A process full of callers."""

    def __init__(self, kind: str) -> None:
        module, _, name = kind.partition(":")
        self._make = getattr(import_module(module), name)

    def run(self, callers: int, seconds: float) -> dict[str, Any]:
        """Call for so long; return how many calls there were, and what one took (ms) at p50 and p99."""
        start, stop = threading.Event(), threading.Event()
        took: list[list[float]] = [[] for _ in range(callers)]
        faults: list[str] = []
        ready = threading.Semaphore(0)

        def work(mine: list[float]) -> None:
            try:
                caller = self._make()
                caller.call("opn-warm")
                ready.release()
                start.wait()
                while not stop.is_set():
                    since = time.perf_counter()
                    answer = caller.call("opn-1")
                    mine.append(time.perf_counter() - since)
                    assert answer["opening_id"] == "opn-1"
                caller.close()
            except Exception as fault:  # noqa: BLE001  (told below)
                faults.append(repr(fault))
                ready.release()

        threads = [threading.Thread(target=work, args=(mine,), daemon=True) for mine in took]
        for thread in threads:
            thread.start()
        for _ in threads:
            ready.acquire()
        began = time.monotonic()
        start.set()
        time.sleep(seconds)
        stop.set()
        ended = time.monotonic()
        for thread in threads:
            thread.join(15)
        if faults:
            raise RuntimeError(faults[0])
        every = [one for mine in took for one in mine]
        return {
            "calls": len(every),
            "rate": len(every) / (ended - began),
            "p50": percentile(every, 0.5) * 1000,
            "p99": percentile(every, 0.99) * 1000,
        }


SIDES = {
    "ours": ("tests.bench.rpc:Server", True, "tests.bench.rpc:Caller"),
    "nameko": ("tests.bench.stock_nameko:Server", True, "tests.bench.stock_nameko:Caller"),
    "kombu": ("tests.bench.raw_kombu:Server", False, "tests.bench.raw_kombu:Caller"),
}


def run(bed: Bed, *, quick: bool) -> list[Result]:
    """Run it; two lines for each number of callers."""
    sides: dict[str, list[Stage]] = {}
    for name, (server, green, caller) in SIDES.items():
        environment = bed.environment(bed.a_vhost(name), f"rpc_{name}_")
        sides[name] = bed.stages(
            [
                ("server", server, green, environment, {}),
                *((f"{number} callers", "tests.bench.rpc:Callers", False, environment, {"kind": caller}) for number in (1, 2)),
            ]
        )
    results = []
    for callers in CALLERS:

        def lap(stages: list[Stage], callers: int = callers) -> tuple[float, Mapping[str, float]]:
            watch = Watch(bed, stages)
            calling = stages[1:2] if callers == 1 else stages[1:]
            for stage in calling:
                stage.begin("run", callers=callers // len(calling), seconds=1.0 if quick else 3.0)
            told = [stage.answer() for stage in calling]
            return sum(one["rate"] for one in told), watch.end()

        tally = take_turns(1 if quick else 5, {name: lambda s=stages: lap(s) for name, stages in sides.items()})
        what = f"RPC, {callers} caller{'s' if callers > 1 else ''}"
        results += [
            tally.result(f"{what}, against stock nameko", "ours", "nameko", "calls/s", GOALS.get(callers)),
            tally.result(f"{what}, against raw kombu", "ours", "kombu", "calls/s"),
        ]
    return results
