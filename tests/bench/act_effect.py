"""An act, its fact relayed, its effect stored: writers, relay and consumer together, in processes of their own.

    writer, writer --select--> database <--relay--> city.events --> statistics.archive --> consumer --> database

The act is ``select`` of the shipped use cases; its effect is the archived fact and the bucket that it makes stale.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.bed import Bed, Stage, Watch
from tests.bench.hosted import prepare_lap
from tests.bench.result import Result, take_turns

QUEUE = "statistics.archive"
WRITERS = 2


class Side:
    """Writers, a relay perhaps, and a consumer."""

    def __init__(self, bed: Bed, name: str, parts: dict[str, tuple[str, bool, dict[str, object]]]) -> None:
        self._bed = bed
        self.name = name
        self._prefix = f"act_{name}_"
        environment = bed.environment(bed.a_vhost(name, (QUEUE,)), self._prefix)
        self.stages = bed.stages(
            [(part, target, green, environment, told) for part, (target, green, told) in parts.items()]
        )
        self._writers: Sequence[Stage] = [stage for stage in self.stages if stage.name.endswith("writers")]
        self._consumer = next(stage for stage in self.stages if stage.name == "consumer")
        self._told = {"queue": QUEUE} if name == "ours" else {}
        self._laps = 0

    def lap(self, count: int) -> tuple[float, dict[str, float]]:
        """Do ``count`` acts; return effects a second, from the first act to the last effect, and the CPU shares."""
        self._laps += 1
        lap = f"{self.name}{self._laps}"
        prepare_lap(self._bed.engine.url, self._prefix, lap, count)
        wanted = self._consumer.ask("done", **self._told) + count
        watch = Watch(self._bed, self.stages)
        began = watch.began
        self._consumer.begin("wait_done", count=wanted, **self._told)
        each = count // len(self._writers)
        for number, writer in enumerate(self._writers):
            writer.begin("select", lap=lap, first=number * each, count=each)
        for writer in self._writers:
            writer.answer()
        ended = self._consumer.answer(120)
        return count / (ended - began), watch.end()


def run(bed: Bed, *, quick: bool, acts: int = 0, rounds: int = 0) -> list[Result]:
    """Run it; two lines."""
    acts = acts or (400 if quick else 1_000)
    sides = {
        "ours": Side(bed, "ours", {
            **{f"{number} writers": ("tests.bench.hosted:Writer", False, {}) for number in range(WRITERS)},
            "relay": ("tests.bench.hosted:Relayer", False, {}),
            "consumer": ("tests.bench.hosted:Host", True, {"module": "services.statistics.service"}),
        }),
        "floor": Side(bed, "floor", {
            **{f"{number} writers": ("tests.bench.floor:Writer", False, {}) for number in range(WRITERS)},
            "relay": ("tests.bench.floor:Relay", False, {"run": True}),
            "consumer": ("tests.bench.floor:Consumer", False, {}),
        }),
        "nameko": Side(bed, "nameko", {
            **{f"{number} writers": ("tests.bench.stock_nameko:Writer", False, {}) for number in range(WRITERS)},
            "consumer": ("tests.bench.stock_nameko:Handler", True, {}),
        }),
    }  # fmt: skip
    for side in sides.values():
        side.lap(40)
    tally = take_turns(rounds or (2 if quick else 5), {name: lambda s=side: s.lap(acts) for name, side in sides.items()})
    return [
        tally.result("act to effect, against the bare floor", "ours", "floor", "effects/s", 0.7),
        tally.result("act to effect, against stock nameko", "ours", "nameko", "effects/s", 1.3),
    ]
