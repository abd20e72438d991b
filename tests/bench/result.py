"""What a bench found: laps taken in turns, ratios by pairs, and the figure with its goal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

#: One turn of one side: it returns its figure and, for each part, the share of a core that it used.
Lap = Callable[[], tuple[float, Mapping[str, float]]]


@dataclass(frozen=True)
class Result:
    """One line of the table. ``ratio`` is ours over the peer's, so that more is better whatever the unit."""

    name: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    #: The least ratio, or None where nothing is promised.
    goal: float | None = None
    #: The most that ``ours`` may be, for figures without a peer.
    most: float | None = None
    limits: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is not None:
            return self.ratio is not None and self.ratio >= self.goal
        return None if self.most is None else self.ours <= self.most

    @property
    def goal_text(self) -> str | None:
        """The goal in words."""
        if self.goal is not None:
            return f">= {self.goal:g} x"
        return None if self.most is None else f"<= {self.most:g} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        """Return the line for machines."""
        return {
            "name": self.name,
            "ours": _short(self.ours),
            "peer": None if self.peer is None else _short(self.peer),
            "peer_name": self.peer_name,
            "unit": self.unit,
            "ratio": None if self.ratio is None else _short(self.ratio),
            "goal": self.goal_text,
            "met": self.met,
            "limits": self.limits,
        }


@dataclass(frozen=True)
class Skipped:
    """A peer that could not be had here."""

    name: str
    why: str


@dataclass
class Tally:
    """The laps of every side."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, list[Mapping[str, float]]] = field(default_factory=dict)

    def median(self, side: str) -> float:
        """Return a side's median figure."""
        return median(self.figures[side])

    def ratio(self, side: str, peer: str, *, less_is_better: bool = False) -> float:
        """Return the median of the pairs' ratios: how many times better ``side`` is."""
        pairs = zip(self.figures[side], self.figures[peer], strict=True)
        return median((b / a if less_is_better else a / b) for a, b in pairs)

    def limits(self, side: str) -> str:
        """Say how much of a core each part of a side used; the busiest first."""
        told = self.shares[side]
        names = {name for lap in told for name in lap}
        shares = {name: median(lap.get(name, 0.0) for lap in told) for name in names}
        ordered = sorted(shares.items(), key=lambda pair: -pair[1])
        return ", ".join(f"{name} {share:.2f}" for name, share in ordered if share >= 0.01)

    def result(self, name: str, side: str, peer: str, unit: str, goal: float | None = None) -> Result:
        """Return the line that sets ``side`` beside ``peer``; more is better."""
        return Result(
            name=name,
            ours=self.median(side),
            peer=self.median(peer),
            peer_name=peer,
            unit=unit,
            ratio=self.ratio(side, peer),
            goal=goal,
            limits=f"CPU, cores: {self.limits(side)} | {peer}: {self.limits(peer)}",
        )


def take_turns(rounds: int, sides: Mapping[str, Lap]) -> Tally:
    """Let every side run once a round, in an order that turns around with each round."""
    tally = Tally()
    for number in range(rounds):
        names = list(sides)
        for name in names if number % 2 == 0 else reversed(names):
            figure, shares = sides[name]()
            tally.figures.setdefault(name, []).append(figure)
            tally.shares.setdefault(name, []).append(shares)
    return tally


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` (0 to 1) of the values do not exceed.

    >>> percentile([3, 1, 2, 4], 0.5)
    2
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def _short(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))
