"""What a span of work pays. Whole won, rounded up shift by shift, so that no place pays more than was held for it."""

from __future__ import annotations

from dataclasses import dataclass


def won_for(minutes: int, hourly_won: int) -> int:
    """Return what these minutes of one shift pay.

    >>> won_for(50, 10_320)
    8600
    >>> won_for(1, 10_321)
    173
    """
    return -(-minutes * hourly_won // 60)


@dataclass(frozen=True)
class Earned:
    """What a place has earned once all its shifts are settled; a correction has a higher revision."""

    won: int
    revision: int
