"""The relay: publishing alone beside nameko's confirmed dispatcher, and outbox to broker beside a hand-written loop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shared.config import settings
from shared.events.registry import contract_of
from shared.messaging.message import message_of
from shared.messaging.relay import BATCH, Relay
from shared.messaging.relaying import outboxes
from shared.messaging.wire import PipelinedPublisher, connect
from shared.mongo import real
from shared.mongo.aggregates import INDEXES
from shared.mongo.port import Database
from tests.bench import cast
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.result import Result, take_turns
from tests.bench.stock_nameko import EVENT, SERVICE

QUEUE = "statistics.archive"


class Publishing:
    """Our publisher and our relay, told when to work."""

    def __init__(self) -> None:
        told = settings()
        mongo = real.client(told.mongo_url)

        def database(service: str) -> Database:
            return real.RealDatabase(mongo, f"{told.db_prefix}{service}")

        self._publisher = PipelinedPublisher(told.amqp_url, "relay")
        self._relay = Relay(list(outboxes(database).values()), self._publisher)

    def publish(self, lap: str, count: int) -> dict[str, float]:
        """Write events down and publish them with confirms, by the relay's batch; return when it began and ended."""
        events = [cast.an_event(f"{lap}-{number}") for number in range(count)]
        contract = contract_of(events[0].type)
        assert contract is not None
        began = time.monotonic()
        for start in range(0, count, BATCH):
            messages = [message_of(event, contract.routing_key) for event in events[start : start + BATCH]]
            assert len(self._publisher.publish(messages).confirmed) == len(messages)
        return {"began": began, "ended": time.monotonic()}

    def drain(self) -> dict[str, float]:
        """Relay until nothing waits in any outbox of the town; return when it began and ended."""
        began = time.monotonic()
        count = 0
        while done := self._relay.sweep().published:
            count += done
        return {"began": began, "ended": time.monotonic(), "count": count}


def fill_outboxes(bed: Bed, prefix: str, lap: str, count: int) -> None:
    """Store openings that each have a fact to say."""
    collection = real.connect(bed.engine.url, f"{prefix}placement").collection("openings")
    for start in range(0, count, cast.PAGE):
        names = [f"{lap}-{number}" for number in range(start, min(start + cast.PAGE, count))]
        collection.insert_many(
            [{"_id": cast.opening_id(name), "version": 2, "outbox": [cast.an_entry(name)], "acts": []} for name in names]
        )


def run(bed: Bed, *, quick: bool, scale: float = 1.0) -> list[Result]:
    """Run it; two lines."""
    published, dispatched, facts = (
        int(scale * count) for count in ((4_000, 400, 600) if quick else (20_000, 2_000, 2_000))
    )
    rounds = 2 if quick else 5
    prefixes = {"ours": "relay_ours_", "floor": "relay_floor_"}
    ours_env = bed.environment(bed.a_vhost("ours", (QUEUE,)), prefixes["ours"])
    floor_env = bed.environment(bed.a_vhost("floor", (QUEUE,)), prefixes["floor"])
    nameko_url = bed.a_vhost("nameko", (QUEUE,))
    _bind_the_same_queue(nameko_url)
    ours, floor, nameko = bed.stages(
        [
            ("relay", "tests.bench.relay:Publishing", False, ours_env, {}),
            ("relay", "tests.bench.floor:Relay", False, floor_env, {"run": False}),
            ("dispatcher", "tests.bench.stock_nameko:Writer", False, bed.environment(nameko_url, "relay_nameko_"), {}),
        ]
    )
    for prefix in prefixes.values():
        real.connect(bed.engine.url, f"{prefix}placement").collection("openings").ensure(INDEXES)
    laps = iter(range(10_000))

    def publishing(stage: Stage, do: str, count: int) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [stage])
        told = stage.ask(do, lap=f"p{next(laps)}", count=count)
        return count / _seconds(told), watch.end()

    def draining(stage: Stage, prefix: str) -> tuple[float, Mapping[str, float]]:
        fill_outboxes(bed, prefix, f"d{next(laps)}", facts)
        watch = Watch(bed, [stage])
        told = stage.ask("drain")
        if told["count"] != facts:
            raise AssertionError(f"{told['count']} facts relayed, {facts} waited")
        return facts / _seconds(told), watch.end()

    publishing(ours, "publish", 200)
    publishing(nameko, "dispatch", 50)
    alone = take_turns(
        rounds,
        {
            "ours": lambda: publishing(ours, "publish", published),
            "nameko": lambda: publishing(nameko, "dispatch", dispatched),
        },
    )
    loops = take_turns(
        rounds,
        {
            "ours": lambda: draining(ours, prefixes["ours"]),
            "floor": lambda: draining(floor, prefixes["floor"]),
        },
    )
    return [
        alone.result("publishing alone, confirmed", "ours", "nameko", "events/s", 5.0),
        loops.result("outbox to broker", "ours", "floor", "events/s", 0.8),
    ]


def _seconds(told: Mapping[str, Any]) -> float:
    return float(told["ended"] - told["began"])


def _bind_the_same_queue(url: str) -> None:
    """Let nameko's events go to a quorum queue too, so that the broker's work is the same."""
    connection = connect(url, "bench")
    channel = connection.channel()
    channel.exchange_declare(f"{SERVICE}.events", "topic", durable=True, auto_delete=False)
    channel.queue_bind(QUEUE, f"{SERVICE}.events", EVENT)
    connection.close()
