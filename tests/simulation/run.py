"""Runs towns, seed after seed, and stops at the first that breaks an invariant."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from tests.simulation.faults import Fault, planted
from tests.simulation.invariants import facts_told
from tests.simulation.scheduler import Stuck
from tests.simulation.stories import STORIES, Story, story_of
from tests.simulation.world import World

#: Virtual seconds: people are done by then, and every hold and every opening has passed its deadline.
STORM = 4_000.0
DEADLINES = 700.0
#: Virtual seconds: what was under way when the storm ended is over, and every timer and every feed has had its turn.
BEFORE_THE_NIGHT, AFTER_THE_NIGHT = 60.0, 150.0
#: Alarms that a storm brings about by itself: a calendar away for long; a repeat of a request, asleep for minutes, that
#: holds a span once more right behind the sweeper's back.
EXPECTED = ("feed_died", "claim_not_settled")


@dataclass
class Report:
    """What a run of seeds found."""

    seeds: int = 0
    violations: int = 0
    #: What the towns play; None: every seed its own.
    played: str | None = None
    #: The first seed that broke an invariant.
    seed: int | None = None
    story: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def shown(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "seeds": self.seeds,
            "violations": self.violations,
            "played": self.played,
            "seed": self.seed,
            "story": self.story,
            "seconds": round(self.seconds, 2),
        }


def simulate(
    seeds: int,
    *,
    first: int = 1,
    fault: Fault | None = None,
    story: str | None = None,
    tell: Callable[[int], None] = lambda _seed: None,
) -> Report:
    """Run up to ``seeds`` towns from seed ``first``; stop at the first violation.

    Seeds take turns over the stories, unless ``story`` names one; a fault is looked for in the story that shows it.
    """
    played = story if story is not None else None if fault is None else fault.story
    report = Report(played=played)
    began = time.perf_counter()
    with planted(fault), _quietly() as alarms:
        for seed in range(first, first + seeds):
            alarms.clear()
            broken, told = one_town(seed, story_of(seed) if played is None else STORIES[played], alarms)
            report.seeds += 1
            tell(seed)
            if broken:
                report.violations = len(broken)
                report.seed = seed
                report.story = [*told[-60:], *(f"BROKEN {line}" for line in broken[:20])]
                break
    report.seconds = time.perf_counter() - began
    return report


def one_town(seed: int, story: Story | None = None, alarms: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Run one town; return what was broken, and what was told. ``alarms`` are the errors it logged until now."""
    story = story or story_of(seed)
    world = World(
        seed, replace(story.mishaps), beginning=story.beginning, idle=story.idle, settings=story.settings()
    )
    people = story.people(world)
    people.arrive()
    scheduler = world.scheduler
    try:
        _weather(world)
        scheduler.run(people.at_home, seconds=STORM)
        world.end_storm()
        if story.night:
            _pass(world, BEFORE_THE_NIGHT)
            scheduler.leap(story.night)
        _rest(world, AFTER_THE_NIGHT if story.night else DEADLINES)
    except Stuck as stuck:
        return [str(stuck)], list(scheduler.story)
    except Exception as error:  # noqa: BLE001  (whatever fell over, the town is what is broken)
        return [f"fell over: {type(error).__name__}: {error}"], list(scheduler.story)
    broken = [f"alarm: {alarm}" for alarm in dict.fromkeys(alarms)]

    def inspect() -> None:
        facts = facts_told(world)
        for invariant in story.invariants:
            broken.extend(f"{invariant.__name__}: {line}" for line in invariant(world, people, facts))

    inspection = scheduler.spawn(world.people, "inspector", inspect)
    scheduler.run(lambda: inspection.run.dead, seconds=60.0)
    return broken, list(scheduler.story)


def _pass(world: World, seconds: float) -> None:
    until = world.scheduler.time + seconds
    world.scheduler.run(lambda: world.scheduler.time > until, seconds=2 * seconds)


def _rest(world: World, seconds: float) -> None:
    scheduler = world.scheduler
    since = scheduler.time
    scheduler.run(lambda: scheduler.time > since + seconds and world.at_rest(), seconds=STORM)


def _weather(world: World) -> None:
    """Let the broker and each database be away for a while, now and then, until the storm is over."""
    scheduler, random = world.scheduler, world.random
    servers: list[tuple[str, Any]] = [("broker", world.broker), *world.databases.items()]
    if "spaces" not in world.idle:
        servers.append(("calendars", world.calendars))

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
    """Keep the log out of the way: the story is told instead. What is logged as an error is an alarm, and kept."""

    def __init__(self) -> None:
        self._alarms: list[str] = []

    def __enter__(self) -> list[str]:
        self._before = structlog.get_config()
        structlog.configure(processors=[self._note])
        return self._alarms

    def __exit__(self, *_: object) -> None:
        structlog.configure(**self._before)

    def _note(self, _logger: object, method: str, event: Any) -> Any:
        if method in ("error", "critical") and event.get("event") not in EXPECTED:
            self._alarms.append(" ".join(str(value) for value in event.values()))
        raise structlog.DropEvent
