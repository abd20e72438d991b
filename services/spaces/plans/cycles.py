"""Cycles of a subscription, in whole KST days. Pure; spans of days are half-open ``[start, until)``."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.clock import start_of_kst_day


@dataclass(frozen=True, order=True)
class Days:
    """Whole KST days ``[start, until)``; raises ``ValueError`` when there is none."""

    start: date
    until: date

    def __post_init__(self) -> None:
        if self.until <= self.start:
            raise ValueError(f"days end after they start: {self.start} .. {self.until}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.until

    @property
    def count(self) -> int:
        """How many days."""
        return (self.until - self.start).days

    @property
    def ends(self) -> datetime:
        """The instant, UTC, at which the first day after them begins in Seoul."""
        return start_of_kst_day(self.until)

    def shared_with(self, other: Days) -> int:
        """Return how many days both have."""
        return max(0, (min(self.until, other.until) - max(self.start, other.start)).days)


@dataclass(frozen=True)
class CycleRule:
    """How minutes come round: every so many days from the start, or (0) by the calendar month in Seoul."""

    days: int = 0

    def around(self, started: date, day: date) -> Days:
        """Return the cycle in which ``day`` lies. A month is whole, also the one in which it started."""
        if self.days:
            start = started + timedelta(days=(day - started).days // self.days * self.days)
            return Days(start, start + timedelta(days=self.days))
        first = day.replace(day=1)
        return Days(first, months_after(first, 1))


def months_after(day: date, months: int) -> date:
    """Return the same day so many months on; the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def granted(included: int, cycle: Days, pauses: Iterable[Days], until: date | None) -> int:
    """Return the minutes that a cycle grants: ``included``, less its paused days' share, rounded down.

    The cycle in which a subscription starts or ends has its whole grant; one that begins after the end has none.
    """
    if until is not None and until <= cycle.start:
        return 0
    paused = sum(cycle.shared_with(pause) for pause in pauses)
    return included * (cycle.count - min(paused, cycle.count)) // cycle.count
