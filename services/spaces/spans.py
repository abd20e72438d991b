"""The algebra of spans: half-open ``[start, end)``, UTC, whole minutes or milliseconds alike. Pure.

Two spans that only touch do not overlap: 10:00-12:00 and 12:00-14:00 are both free to be booked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.clock import kst_day, utc


@dataclass(frozen=True, order=True)
class Span:
    """``[start, end)``; raises ``ValueError`` when naive, or when the end is not after the start."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.end <= self.start:
            raise ValueError(f"a span ends after it starts: {self.start} .. {self.end}")

    @property
    def minutes(self) -> int:
        """Whole minutes, begun ones counted."""
        return -(-int((self.end - self.start).total_seconds()) // 60)

    @property
    def days(self) -> tuple[date, ...]:
        """Every KST day it touches, in order."""
        first, last = kst_day(self.start), kst_day(self.end - timedelta(milliseconds=1))
        return tuple(date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))

    def overlaps(self, other: Span) -> bool:
        """Return whether they have an instant in common."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Return whether ``other`` lies within."""
        return self.start <= other.start and other.end <= self.end

    def padded(self, before: timedelta, after: timedelta) -> Span:
        """Return it with time to set up before and to clean after."""
        return Span(self.start - before, self.end + after)

    def common(self, other: Span) -> Span | None:
        """Return what they have in common, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the fewest spans that cover the same instants, in order; touching ones become one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            if span.end > merged[-1].end:
                merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return tuple(merged)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """Return what is left of ``spans`` once ``taken`` is cut out, in order."""
    cuts = united(taken)
    left: list[Span] = []
    for span in united(spans):
        start = span.start
        for cut in cuts:
            if cut.end <= start:
                continue
            if cut.start >= span.end:
                break
            if cut.start > start:
                left.append(Span(start, cut.start))
            start = max(start, cut.end)
        if start < span.end:
            left.append(Span(start, span.end))
    return tuple(left)


def covered(span: Span, by: Sequence[Span]) -> bool:
    """Return whether every instant of ``span`` lies in one of ``by``."""
    return not without((span,), by)


def minutes_of(spans: Iterable[Span]) -> int:
    """Return the minutes covered, instants in several spans counted once."""
    return sum(span.minutes for span in united(spans))
