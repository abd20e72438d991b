"""Where the points of the big indexes lie: evenly over a square of 37 km, so that a million puts some 1,100 in a walk."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

SOUTH, NORTH, WEST, EAST = 34.973, 35.306, 126.590, 126.997
#: Coprime to ten: numbers scattered by it stay different.
_SCATTER = 11_400_714_819_323_198_487


def name(prefix: str, number: int) -> str:
    """Return the id of the n-th thing: a ULID that says nothing of its neighbours."""
    return f"{prefix}-01{number * _SCATTER % 10**22:024d}"


def points(count: int, seed: int) -> Iterator[tuple[float, float]]:
    """Yield latitude and longitude of so many things; the same for the same seed."""
    roll = Random(seed).random
    for _ in range(count):
        yield round(SOUTH + (NORTH - SOUTH) * roll(), 7), round(WEST + (EAST - WEST) * roll(), 7)
