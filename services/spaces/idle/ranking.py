"""How well a window suits what was asked. Pure, and told with every row: the points of its parts add up to the score.

    part            points   all of them for
    distance          3500   no way at all; half of them at ten minutes' walk (700 m), a quarter at twice that
    wait              2000   a start when it was asked for; half of them an hour later
    length            2000   twice the minutes asked for, in one piece: there is room to stay or to come late
    fit               1000   as many places as asked for; a hall for a hundred is left to a hundred
    equipment          750   everything wished for; without wishes, five things or more
    accessibility      750   everything wished for; without wishes, four things or more

A shorter or later window of the same space never has more points: what a space would have if nobody had claimed it is
the most that it can have.

What is needed (``equipment``, ``accessibility``, ``capacity``) is a filter and gives no points: what is wished for does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.spaces.facilities.model import Space
from services.spaces.idle.windows import Window, ms
from shared.geo import WALK_RADIUS

POINTS: Mapping[str, int] = {
    "distance": 3500,
    "wait": 2000,
    "length": 2000,
    "fit": 1000,
    "equipment": 750,
    "accessibility": 750,
}
#: Minutes after which half of the points for not waiting are gone.
HALF_WAIT = 60
#: Minutes asked for when nobody said how many.
USUAL_MINUTES = 60
#: Codes that count as well equipped, and as accessible, when nothing in particular is wished for.
WELL_EQUIPPED, WELL_ACCESSIBLE = 5, 4


@dataclass(frozen=True)
class Wishes:
    """What a window is measured against."""

    start: datetime
    minutes: int | None = None
    capacity: int | None = None
    equipment: frozenset[str] = frozenset()
    accessibility: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Score:
    """Points by part."""

    parts: Mapping[str, int]

    @property
    def points(self) -> int:
        """The sum, 0 to 10,000."""
        return sum(self.parts.values())


def score(space: Space, window: Window, metres: float, wishes: Wishes) -> Score:
    """Return how well the window suits."""
    waited = max(0.0, (window.start - ms(wishes.start)) / 60_000)
    shares = {
        "distance": 0.5 ** (metres / WALK_RADIUS),
        "wait": 0.5 ** (waited / HALF_WAIT),
        "length": min(1.0, window.longest / (2 * (wishes.minutes or USUAL_MINUTES))),
        "fit": _fit(space.capacity, wishes.capacity),
        "equipment": _had(space.equipment, wishes.equipment, WELL_EQUIPPED),
        "accessibility": _had(space.accessibility, wishes.accessibility, WELL_ACCESSIBLE),
    }
    return Score({part: round(most * shares[part]) for part, most in POINTS.items()})


def _fit(capacity: int, asked: int | None) -> float:
    if not asked or capacity <= asked:
        return 1.0
    return asked / capacity


def _had(has: Collection[str], wished: frozenset[str], plenty: int) -> float:
    if wished:
        return len(wished.intersection(has)) / len(wished)
    return min(1.0, len(set(has)) / plenty)
