"""What an RRULE names within a window, measured against dateutil without a window, and what it may cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as some

from services.spaces.ical.model import Limits
from services.spaces.ical.rules import Budget, Rule, TooMany
from tests.services.spaces.ical.calendars import rules, walls

START = datetime(2026, 3, 2, 10)  # noqa: DTZ001


def named(text: str, *, start: datetime = START, first: datetime, last: datetime, zone: str = "UTC",
          budget: Budget | None = None) -> list[datetime]:  # fmt: skip
    rule = Rule.read(text)
    tz = ZoneInfo(zone)
    end = rule.end(zone=tz, all_day=False, default=tz)
    return list(rule.walls(start, tz, end=end, first=first, last=last, all_day=False, budget=budget or Budget(Limits())))


def laid_out(text: str, start: datetime, last: datetime) -> list[datetime]:
    # dateutil looks for what a rule never names until the last year there is.
    with mock.patch("dateutil.rrule.datetime.MAXYEAR", 2030):
        return list(takewhile(lambda at: at <= last, rrulestr(text, dtstart=start)))


@settings(max_examples=120, deadline=None)
@given(rules(fine=True), walls(), walls(), some.integers(1, 60))
def test_a_rule_names_in_a_window_what_it_names_laid_out_whole(
    text: str, start: datetime, first: datetime, days: int
) -> None:
    last = first + timedelta(days=days)

    whole = laid_out(text, start, last)

    assert named(text, start=start, first=first, last=last) == [at for at in whole if at >= first]


@settings(max_examples=60, deadline=None)
@given(rules(), walls(), walls(), some.integers(1, 400))
def test_until_is_the_last_instance(text: str, start: datetime, until: datetime, days: int) -> None:
    last = start + timedelta(days=days)
    whole = laid_out(text, start, min(until, last))

    assert named(f"{text};UNTIL={until:%Y%m%dT%H%M%S}Z", start=start, first=start, last=last) == whole


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=1000000000",
        "FREQ=SECONDLY;BYHOUR=23;BYMINUTE=59;BYSECOND=59",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60)))
        + ";BYSECOND=" + ",".join(map(str, range(60))),
    ],
)  # fmt: skip
def test_a_rule_that_costs_too_much_is_refused_before_it_does(text: str) -> None:
    limits = Limits(steps_per_rule=5_000)

    with pytest.raises(TooMany):
        named(text, first=START + timedelta(days=1), last=START + timedelta(days=30), budget=Budget(limits))


@pytest.mark.parametrize("freq", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_names_nothing_is_not_searched_for_until_the_year_9999(freq: str) -> None:
    budget = Budget(Limits())

    told = named(f"FREQ={freq};BYMONTH=2;BYMONTHDAY=30", first=START, last=START + timedelta(days=60), budget=budget)

    assert told == []
    assert budget.spent < 200


def test_the_rules_of_one_file_share_what_they_may_cost() -> None:
    budget = Budget(Limits(steps=150))
    window = {"first": START, "last": START + timedelta(days=59)}

    assert len(named("FREQ=DAILY", **window, budget=budget)) == 60
    with pytest.raises(TooMany):
        named("FREQ=DAILY", **window, budget=budget)


def test_a_class_of_long_ago_costs_a_window_and_not_its_whole_life() -> None:
    budget = Budget(Limits())

    for freq in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        named(f"FREQ={freq}", start=datetime(1996, 3, 2, 10), first=START, last=START + timedelta(days=7), budget=budget)  # noqa: DTZ001

    assert budget.spent < 600


@pytest.mark.parametrize(
    "text",
    ["", "FREQ", "INTERVAL=2", "FREQ=NEVER", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;FREQ=DAILY",
     "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;UNTIL=20261399", "FREQ=DAILY;COUNT=many", "FREQ=DAILY;BYDAY=XX",
     "FREQ=MONTHLY;BYDAY=99MO", "FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTHDAY=0", "FREQ=DAILY;BYHOUR=24",
     "FREQ=DAILY;BYEASTER=1", "FREQ=MONTHLY;RSCALE=CHINESE", "FREQ=DAILY;INTERVAL=99999999"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any wording
        Rule.read(text)


def test_a_time_that_the_clocks_leave_out_is_not_counted() -> None:
    told = named("FREQ=DAILY;COUNT=3", start=datetime(2026, 3, 7, 2, 30), zone="America/New_York",  # noqa: DTZ001
                 first=datetime(2026, 3, 1), last=datetime(2026, 4, 1))  # noqa: DTZ001  # fmt: skip

    assert [at.day for at in told] == [7, 9, 10]


def test_until_in_utc_is_an_instant_also_when_the_clocks_change() -> None:
    # 19:00 in New York is 00:00Z before the change and 23:00Z after it.
    told = named("FREQ=DAILY;UNTIL=20260309T230000Z", start=datetime(2026, 3, 6, 19), zone="America/New_York",  # noqa: DTZ001
                 first=datetime(2026, 3, 1), last=datetime(2026, 4, 1))  # noqa: DTZ001  # fmt: skip

    assert [at.day for at in told] == [6, 7, 8, 9]
    assert datetime(2026, 3, 9, 19, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC).hour == 23
