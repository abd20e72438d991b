"""How long somebody has taken part in direct jobs: months counted by the day. Pure.

The notices count in years, in substance: 최근 3년 중 2년을 초과하여 참여한 자는 1년간 참여 제한, 최근 2년 중 1년 이상 참여한
자는 1년간 후순위 (2025년 지역공동체일자리사업 참여자 모집 공고). People take part by the day. So both sides are counted in
days: those on which somebody took part within the window, each once, against the days of the months allowed that ended on
the same day. Exactly two years within the last three is not more than two; exactly one within the last two is one. It is
looked at on the day after each stretch of taking part (or on the day a new one would begin, when the stretch still runs),
and what it leads to lasts for the months of the notice from that day on.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services.placement.limits.model import Limit

DAY = timedelta(days=1)
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


def days_within(parts: Iterable[Days], since: date, until: date) -> int:
    """Return how many days of these stretches lie in ``[since, until)``."""
    return sum(max(0, (min(last + DAY, until) - max(first, since)).days) for first, last in parts)


def counted(limit: Limit, parts: Iterable[Days], day: date) -> Counted:
    """Return what counts on a day: the window and the months allowed both end on the day before it."""
    days = days_within(parts, months_before(day, limit.of_last_months), day)
    return Counted(days, (day - months_before(day, limit.value)).days)


def lasts_until(limit: Limit, spans: Iterable[Days], day: date) -> date | None:
    """Return the day until which somebody who would begin on ``day`` is limited, or None when they are not."""
    parts = stretches(spans)
    ends = [min(last + DAY, day) for first, last in parts if first < day]
    untils = [months_before(end, -limit.for_months) for end in ends if _objects(limit, counted(limit, parts, end))]
    latest = max(untils, default=None)
    return latest if latest is not None and latest > day else None


def _objects(limit: Limit, found: Counted) -> bool:
    return found.days > found.most if limit.kind == "repeat_months" else found.days >= found.most
