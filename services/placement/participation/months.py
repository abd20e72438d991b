"""How long somebody has taken part in direct jobs: months counted by the day. Pure.

The notices count in years, in substance: 최근 3년 중 2년을 초과하여 참여한 자는 1년간 참여 제한, 최근 2년 중 1년 이상 참여한
자는 1년간 후순위 (2025년 지역공동체일자리사업 참여자 모집 공고). People take part by the day. So both sides are counted in
days: those on which somebody took part within the window, each once, against the days of the months allowed that ended on
the same day. Exactly two years within the last three is not more than two; exactly one within the last two is one. It is
looked at on the day after each stretch of taking part (or on the day a new one would begin, when the stretch still runs),
and what it leads to lasts for the months of the notice from that day on.

Places are not given in the order in which their work begins. So a place is looked at on the day on which it would begin,
and every one that begins later, too, on its own first day with the new one counted: who has what is then the same,
whichever was given first.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from services.placement.limits.model import Limit

DAY = timedelta(days=1)
#: Days.
SHORTEST_MONTH, LONGEST_MONTH = 28, 31
Days = tuple[date, date]


@dataclass(frozen=True)
class Counted:
    """Days taken part in within the window that ended on a day, against the days of the months allowed."""

    days: int
    most: int


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last day of a shorter month.

    >>> months_before(date(2024, 2, 29), 12)
    datetime.date(2023, 2, 28)
    """
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def stretches(spans: Iterable[Days]) -> list[Days]:
    """Return the union of spans of days (both inclusive) in order; those that touch are one.

    >>> stretches([(date(2026, 1, 3), date(2026, 1, 4)), (date(2026, 1, 1), date(2026, 1, 2))])
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 4))]
    """
    joined: list[Days] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + DAY:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


class TakenPart:
    """The days on which somebody took part, each once; counted before a day without walking through them all."""

    def __init__(self, spans: Iterable[Days]) -> None:
        self._parts = stretches(spans)
        self._firsts = [first for first, _ in self._parts]
        #: How many days lie before each stretch, and in all of them.
        self._sums = list(accumulate(((last - first).days + 1 for first, last in self._parts), initial=0))
        self._found: dict[tuple[Limit, date], bool] = {}

    def within(self, since: date, until: date) -> int:
        """Return how many of the days lie in ``[since, until)``."""
        return max(0, self._before(until) - self._before(since))

    def counted(self, limit: Limit, day: date) -> Counted:
        """Return what counts on a day: the window and the months allowed both end on the day before it."""
        days = self.within(months_before(day, limit.of_last_months), day)
        return Counted(days, (day - months_before(day, limit.value)).days)

    def lasts_until(self, limit: Limit, day: date) -> date | None:
        """Return the day until which somebody who would begin on ``day`` is limited, or None when they are not."""
        if self._before(day) < limit.value * SHORTEST_MONTH:
            return None
        for _, last in reversed(self._parts[: bisect_left(self._firsts, day)]):
            end = min(last + DAY, day)
            if (day - end).days >= limit.for_months * LONGEST_MONTH:
                return None
            if self._objects(limit, end):
                until = months_before(end, -limit.for_months)
                return until if until > day else None
        return None

    def _before(self, day: date) -> int:
        """Return how many of the days lie before a day."""
        number = bisect_left(self._firsts, day)
        over = (self._parts[number - 1][1] + DAY - day).days if number else 0
        return self._sums[number] - max(0, over)

    def _objects(self, limit: Limit, day: date) -> bool:
        known = self._found.get((limit, day))
        if known is None:
            found = self.counted(limit, day)
            known = found.days > found.most if limit.kind == "repeat_months" else found.days >= found.most
            self._found[limit, day] = known
        return known
