"""Runs towns, seed after seed, and stops at the first that breaks an invariant."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from tests.simulation.faults import Fault, planted
from tests.simulation.invariants import INVARIANTS, facts_told
from tests.simulation.people import People
from tests.simulation.scheduler import Mishaps, Stuck
from tests.simulation.world import World

#: Virtual seconds: people are done by then, and every hold and every opening has passed its deadline.
STORM = 4_000.0
DEADLINES = 700.0


@dataclass
class Report:
    """What a run of seeds found."""

    seeds: int = 0
    violations: int = 0
    #: The first seed that broke an invariant.
    seed: int | None = None
    story: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def shown(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "seeds": self.seeds,
            "violations": self.violations,
            "seed": self.seed,
            "story": self.story,
            "seconds": round(self.seconds, 2),
        }


def simulate(
    seeds: int, *, first: int = 1, fault: Fault | None = None, tell: Callable[[int], None] = lambda _seed: None
) -> Report:
    """Run up to ``seeds`` towns from seed ``first``; stop at the first violation."""
    report = Report()
    began = time.perf_counter()
    with planted(fault), _quietly():
        for seed in range(first, first + seeds):
            broken, story = one_town(seed)
            report.seeds += 1
            tell(seed)
            if broken:
                report.violations = len(broken)
                report.seed = seed
                report.story = [*story[-60:], *(f"BROKEN {line}" for line in broken[:20])]
                break
    report.seconds = time.perf_counter() - began
    return report


def one_town(seed: int) -> tuple[list[str], list[str]]:
    """Run one town; return what was broken, and the story."""
    world = World(seed, Mishaps())
    people = People(world)
    people.arrive()
    scheduler = world.scheduler
    try:
        _weather(world)
        scheduler.run(people.at_home, seconds=STORM)
        world.end_storm()
        calm_at = scheduler.time
        scheduler.run(lambda: scheduler.time > calm_at + DEADLINES and world.at_rest(), seconds=STORM)
    except Stuck as stuck:
        return [str(stuck)], list(scheduler.story)
    broken: list[str] = []

    def inspect() -> None:
        facts = facts_told(world)
        for invariant in INVARIANTS:
            broken.extend(f"{invariant.__name__}: {line}" for line in invariant(world, people, facts))

    inspection = scheduler.spawn(world.people, "inspector", inspect)
    scheduler.run(lambda: inspection.run.dead, seconds=60.0)
    return broken, list(scheduler.story)


def _weather(world: World) -> None:
    """Let the broker and each database be away for a while, now and then, until the storm is over."""
    scheduler, random = world.scheduler, world.random
    servers: list[tuple[str, Any]] = [("broker", world.broker), *world.databases.items()]

    def blow() -> None:
        while scheduler.mishaps.crash > 0:
            scheduler.sleep(random.uniform(2.0, 25.0))
            if scheduler.mishaps.crash == 0:
                break
            _trouble_mail(world)
            name, server = random.choice(servers)
            scheduler.tell(f"{name}: away")
            server.away = True
            scheduler.sleep(random.choice((0.3, 2.0, 8.0)))
            server.away = False
            scheduler.tell(f"{name}: back")
        world.mails.log_unreadable = False

    scheduler.spawn(world.people, "weather", blow)


def _trouble_mail(world: World) -> None:
    """Lose an answer of the mail server, rotate its log, or keep it from being read, now and then."""
    random, mails = world.scheduler.random, world.mails
    if random.random() < 0.3:
        mails.next("lose_answer")
    if random.random() < 0.3:
        mails.rotate()
        world.scheduler.tell("mail log: rotated")
    mails.log_unreadable = random.random() < 0.3


class _quietly:  # noqa: N801  (reads as a verb)
    """Keep the log out of the way: the story is told instead."""

    def __enter__(self) -> None:
        self._before = structlog.get_config()
        structlog.configure(processors=[_drop])

    def __exit__(self, *_: object) -> None:
        structlog.configure(**self._before)


def _drop(_logger: object, _method: str, _event: object) -> Any:
    raise structlog.DropEvent
