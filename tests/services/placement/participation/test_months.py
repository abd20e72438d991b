"""Months of taking part, counted by the day, against a calendar that is walked day by day."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.placement.limits.model import Limit
from services.placement.participation.months import TakenPart, months_before, stretches
from tests.services.placement.participation.makers import DIRECT

REPEAT, RECENT = DIRECT[1], DIRECT[2]
DAY = timedelta(days=1)
Span = tuple[date, date]


def days(span: Span) -> set[date]:
    return {span[0] + number * DAY for number in range((span[1] - span[0]).days + 1)}


def earlier(day: date, months: int) -> date:
    """Walk back month by month, as on a wall calendar, keeping the day of the month where there is one."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first - DAY).replace(day=1)
    last = ((first + 40 * DAY).replace(day=1) - DAY).day
    return first.replace(day=min(day.day, last))


def later(day: date, months: int) -> date:
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + 40 * DAY).replace(day=1)
    last = ((first + 40 * DAY).replace(day=1) - DAY).day
    return first.replace(day=min(day.day, last))


def limited_until(limit: Limit, spans: list[Span], day: date) -> date | None:
    """Look at the day after each stretch, and count the days taken part in one by one."""
    worked = {one for span in spans for one in days(span)}
    ends = {one + DAY for one in worked if one < day and (one + DAY not in worked or one + DAY == day)}
    found = []
    for end in ends:
        since = earlier(end, limit.of_last_months)
        taken = sum(1 for one in worked if since <= one < end)
        most = (end - earlier(end, limit.value)).days
        if (taken > most if limit.kind == "repeat_months" else taken >= most) and later(end, limit.for_months) > day:
            found.append(later(end, limit.for_months))
    return max(found, default=None)


some_days = st.dates(date(2023, 1, 1), date(2029, 12, 31))
some_spans = st.lists(
    st.tuples(some_days, st.integers(0, 500)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * DAY)), max_size=6
)


@settings(deadline=None)
@given(some_spans, some_days, st.integers(0, 900))
def test_stretches_hold_each_day_once(spans: list[Span], since: date, length: int) -> None:
    parts, until = stretches(spans), since + length * DAY
    worked = {one for span in spans for one in days(span)}

    assert {one for part in parts for one in days(part)} == worked
    assert all(first[1] + DAY < second[0] for first, second in itertools.pairwise(parts))
    assert TakenPart(spans).within(since, until) == sum(1 for one in worked if since <= one < until)


@settings(deadline=None)
@given(st.dates(date(2016, 1, 1), date(2036, 12, 31)), st.integers(0, 48))
@example(date(2024, 2, 29), 12)
@example(date(2024, 3, 31), 1)
@example(date(2025, 1, 31), 11)
def test_months_are_those_of_the_calendar(day: date, months: int) -> None:
    assert months_before(day, months) == earlier(day, months)
    assert months_before(day, -months) == later(day, months)


@settings(deadline=None)
@given(some_spans, some_days)
@example([(date(2024, 3, 1), date(2026, 2, 28))], date(2026, 3, 1))
@example([(date(2024, 2, 29), date(2026, 2, 28))], date(2026, 3, 1))
@example([(date(2025, 3, 1), date(2026, 2, 28))], date(2026, 3, 1))
def test_months_counted_agree_with_a_calendar_walked_day_by_day(spans: list[Span], day: date) -> None:
    assert TakenPart(spans).lasts_until(REPEAT, day) == limited_until(REPEAT, spans, day)
    assert TakenPart(spans).lasts_until(RECENT, day) == limited_until(RECENT, spans, day)


@pytest.mark.parametrize(
    ("first", "shut_out"),
    [
        # Two years to the day are not more than two, over a leap day or not.
        (date(2024, 3, 1), False),
        (date(2024, 2, 29), True),
    ],
)
def test_two_years_are_not_more_than_two_and_one_day_more_is(first: date, shut_out: bool) -> None:
    worked, next_day = [(first, date(2026, 2, 28))], date(2026, 3, 1)

    assert TakenPart(worked).lasts_until(REPEAT, next_day) == (date(2027, 3, 1) if shut_out else None)


def test_who_is_shut_out_may_begin_again_a_year_after_the_last_day() -> None:
    worked = [(date(2024, 1, 1), date(2026, 6, 30))]

    assert TakenPart(worked).lasts_until(REPEAT, date(2027, 6, 30)) == date(2027, 7, 1)
    assert TakenPart(worked).lasts_until(REPEAT, date(2027, 7, 1)) is None


def test_one_year_is_one_and_a_day_less_is_none() -> None:
    assert TakenPart([(date(2025, 3, 1), date(2026, 2, 28))]).lasts_until(RECENT, date(2026, 3, 1)) == date(2027, 3, 1)
    assert TakenPart([(date(2025, 3, 2), date(2026, 2, 28))]).lasts_until(RECENT, date(2026, 3, 1)) is None


def test_days_of_two_jobs_at_once_count_once() -> None:
    twice = [(date(2025, 3, 1), date(2025, 9, 30)), (date(2025, 9, 1), date(2026, 2, 27))]

    assert TakenPart(twice).counted(RECENT, date(2026, 3, 1)).days == 364
    assert TakenPart(twice).lasts_until(RECENT, date(2026, 3, 1)) is None
