"""What every scenario does alike: people are held back, processes are shot, all comes to rest, and a run ends."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.killing import Kill, Killer
from tests.chaos.load import People, Tries
from tests.chaos.world import Shot, World

#: Seconds after the last kill within which everything must have come to rest.
DRAINED_WITHIN = 60.0
#: Seconds to go on watching when that was not enough: whether it comes to rest at all is worth knowing.
WATCHED_FOR = 180.0
#: Seconds that it must stay at rest to count: longer than the broker's figures are old.
AT_REST_FOR = 1.5
#: Seconds that something may still be held, after everything else is at rest, for an act that never came: the sweepers
#: make it impossible when its minute is over.
HELD_FOR = 90.0
#: Messages that may wait before people are held back: a few seconds' work.
BEHIND = 120
#: Seconds between two words on how the draining goes.
TOLD_EVERY = 3.0

Note = Callable[[str], None]


@dataclass(frozen=True)
class Ending:
    """How a run ended, whatever was played in it."""

    shots: Sequence[Shot]
    tries: Tries
    #: Seconds from the last kill until everything was at rest; None when it never was.
    drained: float | None
    unrest: Sequence[str]
    seconds: float
    killer_failed: str | None
    restarts: Mapping[str, int]

    @property
    def well(self) -> bool:
        """Whether everybody was shot who should be, and all came to rest in time."""
        return self.killer_failed is None and self.drained is not None and self.drained <= DRAINED_WITHIN

    def kills(self) -> dict[str, int]:
        """How many of each kind were shot."""
        return dict(Counter(shot.kind for shot in self.shots))

    def drained_seconds(self) -> float | None:
        """``drained``, as it is shown."""
        return None if self.drained is None else round(self.drained, 1)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints last, of every scenario."""
        return {
            "calls": self.tries.calls,
            "asked_again": self.tries.again,
            "restarts": dict(self.restarts),
            "seconds": round(self.seconds, 1),
        }

    def complaints(self) -> list[str]:
        """What was not well, in words."""
        told = [] if self.killer_failed is None else [self.killer_failed]
        if self.drained is None:
            told.append(f"never at rest: {', '.join(self.unrest)}")
        elif self.drained > DRAINED_WITHIN:
            told.append(f"at rest only {self.drained:.0f} s after the last kill")
        return told


def ending(
    world: World, people: People, killer: Killer, rest: tuple[float | None, Sequence[str]], *, started: float
) -> Ending:
    """Say how a run ended that began at ``started`` (monotonic); ``rest`` is what ``drain`` returned."""
    drained, restless = rest
    return Ending(
        shots=tuple(killer.shots),
        tries=people.tries,
        drained=drained,
        unrest=restless,
        seconds=time.monotonic() - started,
        killer_failed=killer.failed,
        restarts={name: restarts for name, (_, restarts) in world.lives().items() if restarts},
    )


@contextmanager
def under_fire(world: World, people: People, plan: Sequence[Kill], *, seed: int, note: Note) -> Iterator[Killer]:
    """Shoot processes while the block plays; it ends when the last shot of the plan was fired."""
    begun = time.monotonic()

    def shot_down(shot: Shot) -> None:
        note(f"kill -9 {shot.process} (pid {shot.pid}), {time.monotonic() - begun:.1f} s")

    killer = Killer(world, plan, seed=seed, tell=shot_down)
    with watching_the_backlog(world, people):
        killer.start()
        try:
            yield killer
            killer.join()
        finally:
            killer.stop()


@contextmanager
def watching_the_backlog(world: World, people: People) -> Iterator[None]:
    """Hold people back while more than `BEHIND` messages wait; a broker that is away holds nobody back."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            depths = world.broker_answers()
            if depths is not None and sum(world.waiting(depths).values()) > BEHIND:
                people.behind.set()
            else:
                people.behind.clear()

    watcher = threading.Thread(target=watch, name="backlog", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        people.behind.clear()
        watcher.join()


def drain(
    unrest_of: Callable[[], list[str]], shots: Sequence[Shot], *, note: Note
) -> tuple[float | None, list[str]]:
    """Wait until everything is at rest; return the seconds since the last kill, or None and what still moves.

    ``unrest_of`` says in words what has not come to rest yet.
    """
    since = shots[-1].at if shots else datetime.now(UTC)
    begun = time.monotonic()
    rested: tuple[float, datetime] | None = None
    told, tell_again = "", begun
    while True:
        restless = unrest_of()
        now = time.monotonic()
        if restless:
            rested = None
        elif rested is None:
            rested = (now, datetime.now(UTC))
        elif now - rested[0] >= AT_REST_FOR:
            return (rested[1] - since).total_seconds(), []
        saying = ", ".join(restless)
        if saying != told and now >= tell_again:
            note(f"가라앉는 중 (draining): {saying or 'at rest'}")
            told, tell_again = saying, now + TOLD_EVERY
        if now - begun >= WATCHED_FOR:
            return None, restless
        time.sleep(0.3)


def until_nothing_is_held(
    held: Callable[[], tuple[int, timedelta]], unrest_of: Callable[[], list[str]], *, note: Note
) -> None:
    """Wait for the sweepers; what comes free by that is offered to others, and comes to rest again.

    ``held`` says how much is held for acts that never came, and for how long the longest still may be.
    """
    until, told = time.monotonic() + HELD_FOR, False
    while time.monotonic() < until:
        count, longest = held()
        if count and not told:
            note(f"아직 잡아 둔 것 (held for acts that never came): {count}, {longest.total_seconds():.0f} s")
            told = True
        if not count and not unrest_of():
            return
        time.sleep(0.5)
