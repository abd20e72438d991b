"""A batch of pay from settled attendance to the bank's answer: counted, prepared, approved, filed, returned, settled.

    ours    the shipped desks on the shipped storage: months of pay, batches, files and the budget. Attendance comes as
            the consumer gives it, ``BATCH`` events of one type at once, shift by shift of everybody; a batch that one
            request does not finish is moved on by its sweep
    floor   the same documents, lines and facts, hand-written in pymongo: read the months, write each back guarded by
            its version, in bulk; claim each month once, seal one batch, file it, answer it. No lease, no claim that
            runs out, no posting that survives a crash between batch and budget, no balance

The accounts are told at once on both sides (another service's answer is on neither). Nothing comes back from the bank.
Outboxes are emptied between laps of events, outside the time, as if the relay kept up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.bench.bed import Bed, Stage, Watch
from tests.bench.result import Result, Tally
from tests.bench.settling import PHASES

#: Days of work counted between two words of progress.
EACH = 5


def run(bed: Bed, *, quick: bool, rounds: int = 0, sizes: Sequence[tuple[int, int]] = ()) -> list[Result]:
    """Run it; a line each size."""
    rounds = rounds or (1 if quick else 2)
    sizes = sizes or ([(50, 20), (500, 2)] if quick else [(500, 20), (5_000, 2)])
    url = bed.a_vhost("settlement")
    stages = {
        side: bed.stage(f"{side} payers", part, environment=bed.environment(url, f"settle_{side}_"))
        for side, part in (("ours", "tests.bench.settling:Ours"), ("floor", "tests.bench.settling_floor:Floor"))
    }
    for side, stage in stages.items():
        _pay(stage, f"{side}-warm", 10, 2, lambda _told: None)
    return [_line_of(bed, stages, people, lines, rounds) for people, lines in sizes]


def _line_of(bed: Bed, stages: Mapping[str, Stage], people: int, lines: int, rounds: int) -> Result:
    told: dict[str, list[dict[str, Any]]] = {side: [] for side in stages}
    tally = Tally()
    for number in range(rounds):
        for side in stages if number % 2 == 0 else reversed(list(stages)):
            def say(what: str, side: str = side, number: int = number) -> None:
                bed.say(f"  {people:,} people x {lines} lines, round {number + 1} of {rounds}, {side}: {what}")

            watch = Watch(bed, [stages[side]])
            lap = _pay(stages[side], f"{side}-{people}-{number}", people, lines, say)
            told[side].append(lap)
            tally.figures.setdefault(side, []).append(people * lines / sum(lap["seconds"].values()))
            tally.shares.setdefault(side, []).append(watch.end())
    result = tally.result(f"settlement, {people:,} people x {lines} lines", "ours", "floor", "lines/s", 0.6)
    each = " | ".join(f"{side}: {_of(laps[-1], people)}" for side, laps in told.items())
    return replace(result, limits=f"{each} | {result.limits}")


def _pay(stage: Stage, lap: str, people: int, lines: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Let a stage pay a lap, phase by phase; return the seconds, calls and documents of each."""
    seconds: dict[str, float] = {}
    asked: dict[str, list[int]] = {}
    stage.ask("begin", lap=lap, people=people, lines=lines)
    for phase in PHASES:
        parts = []
        for part in range(lines if phase == "count" else 1):
            parts.append(stage.ask("phase", name=phase, part=part))
            if phase == "count" and (lines < EACH or (part + 1) % EACH == 0):
                say(f"{part + 1} of {lines} days counted")
        seconds[phase] = sum(part["seconds"] for part in parts)
        asked[phase] = [sum(some) for some in zip(*(part["asked"] for part in parts), strict=True)]
        say(f"{phase} {seconds[phase]:.2f} s")
    return {"seconds": seconds, "asked": asked, "too_slow": stage.ask("end")}


def _of(lap: Mapping[str, Any], people: int) -> str:
    seconds = ", ".join(f"{phase} {lap['seconds'][phase]:.2f} s" for phase in PHASES)
    calls, read, written = (sum(asked[part] for asked in lap["asked"].values()) / people for part in range(3))
    slow = f"; too slow {lap['too_slow']} times, and done again" if lap["too_slow"] else ""
    return f"{seconds}; a person: {calls:.2f} calls, {read:.1f} documents read, {written:.1f} written{slow}"
