"""Days on which a placement wrongly overlaps another one: kept here, because they may be heard of before its work is."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.aggregate import Aggregate
from shared.errors import Refused

#: Others that one placement may be told to overlap.
MOST_PAIRS = 100


@dataclass(frozen=True)
class Pair:
    """What was told last about a placement and another: the days, ``YYYY-MM-DD``; none: they overlap no more."""

    revision: int
    days: tuple[str, ...]


@dataclass(kw_only=True)
class Overlap(Aggregate):
    """What is known about one placement. Its id is the placement's key, ``application:attempt``."""

    pairs: dict[str, Pair] = field(default_factory=dict)

    @property
    def days(self) -> frozenset[str]:
        """The days that overlap with any other."""
        return frozenset(day for pair in self.pairs.values() for day in pair.days)

    def note(self, other: str, pair: Pair) -> None:
        """Keep what was told, unless something newer is known."""
        known = self.pairs.get(other)
        if known is not None and pair.revision <= known.revision:
            return
        if known is None and len(self.pairs) >= MOST_PAIRS:
            raise Refused("too_many_overlaps", field="other", most=MOST_PAIRS)
        self.pairs[other] = pair
