"""Who is shot, and when: a plan made from the seed, carried out while places are filled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.world import Shot, World

#: Each of these dies at least once, in this order of importance, as far as there are kills.
KINDS = ("placement", "relay", "broker", "database", "notifications", "statistics", "residents")
#: Seconds after its moment at which a kill may come: not always between two acts.
LATE = 0.8


@dataclass(frozen=True)
class Kill:
    """`kind` dies once `after` fills are done, and `late` seconds have passed."""

    kind: str
    after: int
    late: float


def plan_of(
    *, fills: int, kills: int, seed: int, kinds: Sequence[str] = KINDS, again: Sequence[str] = ()
) -> tuple[Kill, ...]:
    """Return who dies when: each kind once, and then whoever of ``again`` (or of all).

    The last one dies when nearly everything is filled, so that only draining is left. Some die at the same moment as the
    one before: two faults at once.
    """
    random = Random(f"kills/{seed}")
    victims = list(kinds[:kills]) + [random.choice(again or kinds) for _ in range(kills - len(kinds))]
    random.shuffle(victims)
    moments = sorted(random.uniform(0.03, 0.95) for _ in victims)
    for number in range(1, len(moments)):
        if random.random() < 0.25:
            moments[number] = moments[number - 1]
    if moments:
        moments[-1] = 0.98
    return tuple(
        Kill(kind, after=min(round(moment * fills), max(fills - 1, 0)), late=random.uniform(0, LATE))
        for kind, moment in zip(victims, sorted(moments), strict=True)
    )


class Killer(threading.Thread):
    """Carries out a plan. `note_fill` moves it on."""

    def __init__(self, world: World, plan: Sequence[Kill], *, seed: int, tell: Callable[[Shot], None]) -> None:
        super().__init__(name="killer", daemon=True)
        self.shots: list[Shot] = []
        self.failed: str | None = None
        self._world = world
        self._plan = plan
        self._random = Random(f"victims/{seed}")
        self._tell = tell
        self._filled = 0
        self._moved = threading.Condition()
        self._stopping = threading.Event()

    def note_fill(self) -> None:
        """Another place was filled (or given up)."""
        with self._moved:
            self._filled += 1
            self._moved.notify_all()

    def stop(self) -> None:
        """Shoot nobody any more."""
        self._stopping.set()
        with self._moved:
            self._moved.notify_all()

    def run(self) -> None:
        """Shoot everybody in the plan, each at its moment."""
        for kill in self._plan:
            with self._moved:
                self._moved.wait_for(lambda kill=kill: self._filled >= kill.after or self._stopping.is_set())
            if self._stopping.wait(kill.late):
                return
            try:
                shot = self._world.shoot(kill.kind, self._random.choice)
            except RuntimeError as missing:
                self.failed = str(missing)
                return
            self.shots.append(shot)
            self._tell(shot)
