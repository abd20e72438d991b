"""The consumer alone: a full queue, drained into the archive, beside a raw kombu drain with the same effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.events.registry import contract_of
from shared.messaging.message import message_of
from shared.messaging.wire import PipelinedPublisher
from tests.bench import cast
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.result import Result, take_turns

QUEUE = "statistics.archive"


def fill(url: str, lap: str, count: int) -> None:
    """Publish so many facts."""
    publisher = PipelinedPublisher(url, "bench")
    for start in range(0, count, 200):
        events = [cast.an_event(f"{lap}-{number}") for number in range(start, min(start + 200, count))]
        contract = contract_of(events[0].type)
        assert contract is not None
        receipt = publisher.publish([message_of(event, contract.routing_key) for event in events])
        assert not receipt.refused
    publisher.close()


def run(bed: Bed, *, quick: bool, events: int = 0) -> list[Result]:
    """Run it; one line."""
    events = events or (2_000 if quick else 6_000)
    urls = {name: bed.a_vhost(name, (QUEUE,)) for name in ("ours", "kombu")}
    ours, kombu = bed.stages(
        [
            (
                "consumer",
                "tests.bench.hosted:Host",
                True,
                bed.environment(urls["ours"], "drain_ours_"),
                {"module": "services.statistics.service"},
            ),
            ("consumer", "tests.bench.raw_kombu:Drain", False, bed.environment(urls["kombu"], "drain_kombu_"), {}),
        ]
    )
    ours.ask("pause")
    laps = iter(range(10_000))

    def lap(stage: Stage, url: str, count: int, **told: Any) -> tuple[float, Mapping[str, float]]:
        fill(url, f"c{next(laps)}", count)
        watch = Watch(bed, [stage])
        answer = stage.ask("drain", count=count, **told)
        shares = watch.end()
        if told:
            stage.ask("pause")
        return count / (answer["ended"] - answer["began"]), shares

    lap(ours, urls["ours"], 400, queue=QUEUE)
    lap(kombu, urls["kombu"], 400)
    tally = take_turns(
        2 if quick else 5,
        {
            "ours": lambda: lap(ours, urls["ours"], events, queue=QUEUE),
            "kombu": lambda: lap(kombu, urls["kombu"], events),
        },
    )
    return [tally.result("queue to archive", "ours", "kombu", "events/s", 0.8)]
