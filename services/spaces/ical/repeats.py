"""Which wall clocks a repeat rule names, one period at a time (RFC 5545 3.3.10). Pure: no zone, no end, no count.

The libraries for this can't be told where to stop: a rule that names nothing (30 February) is searched for until the
year 9999, and one by the second is laid out from its start. Here the n-th period is found at once, whatever lies
before it, and costs what it names. ``dateutil`` is what it is measured against.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from math import prod

YEARLY, MONTHLY, WEEKLY, DAILY = "YEARLY", "MONTHLY", "WEEKLY", "DAILY"
#: Periods that are equally long on a wall clock.
_EQUAL = {
    "SECONDLY": timedelta(seconds=1), "MINUTELY": timedelta(minutes=1), "HOURLY": timedelta(hours=1),
    DAILY: timedelta(days=1), WEEKLY: timedelta(weeks=1),
}  # fmt: skip
FREQUENCIES = frozenset({*_EQUAL, MONTHLY, YEARLY})
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
#: The values a part may have. A second 60 is left out: nobody books a leap second.
_RANGES = {
    "BYSECOND": range(60), "BYMINUTE": range(60), "BYHOUR": range(24), "BYMONTH": range(1, 13),
    "BYMONTHDAY": range(1, 32), "BYYEARDAY": range(1, 367), "BYWEEKNO": range(1, 54), "BYSETPOS": range(1, 367),
}  # fmt: skip
_FROM_THE_END = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
#: Beyond this an interval is a mistake of whoever wrote it.
_LONGEST_INTERVAL = 1_000_000
#: Of which days of a period the rule speaks, where it says nothing else.
_SAY_THE_DAY = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")


def read_parts(text: str) -> dict[str, str]:
    """Return the parts of a rule in capitals; raise ``ValueError``."""
    parts: dict[str, str] = {}
    for part in text.upper().strip().strip(";").split(";"):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if not value or key in parts:
            raise ValueError(f"the part {key} of a rule")
        parts[key] = value
    return parts


@dataclass(frozen=True)
class Repeat:
    """A rule from its start on."""

    start: datetime
    freq: str
    interval: int
    #: Of each part that is a list of numbers, those numbers.
    by: dict[str, frozenset[int]]
    #: BYDAY: number (0 for every) and day of the week, Monday is 0.
    by_day: frozenset[tuple[int, int]]
    week_start: int

    @staticmethod
    def read(parts: dict[str, str], start: datetime) -> Repeat:
        """Return the repeat; raise ``ValueError`` for a part that RFC 5545 does not know.

        What the rule leaves open comes from its start: the day of the week, of the month, of the year.
        """
        parts = dict(parts)
        freq, interval = parts.pop("FREQ", ""), int(parts.pop("INTERVAL", "1"))
        if freq not in FREQUENCIES or not 1 <= interval <= _LONGEST_INTERVAL:
            raise ValueError("FREQ or INTERVAL of a rule")
        week_start = _DAYS.index(parts.pop("WKST", "MO"))
        by_day = frozenset(_day(told, freq) for told in parts.pop("BYDAY", "").split(",") if told)
        by = {key: _numbers(key, value) for key, value in parts.items()}
        if not by_day and not by.keys() & set(_SAY_THE_DAY):
            if freq in (YEARLY, MONTHLY):
                by["BYMONTHDAY"] = frozenset({start.day})
            if freq == YEARLY:
                by.setdefault("BYMONTH", frozenset({start.month}))
            if freq == WEEKLY:
                by_day = frozenset({(0, start.weekday())})
        elif freq == YEARLY and not by_day and by.keys() & set(_SAY_THE_DAY) == {"BYWEEKNO"}:
            # dateutil takes all seven days of the week; 3.3.10 takes what is left open from DTSTART.
            by_day = frozenset({(0, start.weekday())})
        return Repeat(start, freq, interval, by, by_day, week_start)

    def first_period(self, first: datetime) -> int:
        """Return a period before which nothing lies after ``first``."""
        if first <= self.start:
            return 0
        if self.freq in _EQUAL:
            return max((first - self.start) // (_EQUAL[self.freq] * self.interval) - 1, 0)
        years, months = first.year - self.start.year, first.month - self.start.month
        return (years if self.freq == YEARLY else years * 12 + months) // self.interval

    @cached_property
    def cost(self) -> int:
        """What a period costs, in steps of about a time that is named."""
        finer = {"HOURLY": ("BYMINUTE", "BYSECOND"), "MINUTELY": ("BYSECOND",), "SECONDLY": ()}
        times = prod(len(self.by.get(name, "1")) for name in finer.get(self.freq, ("BYHOUR", "BYMINUTE", "BYSECOND")))
        months = {YEARLY: len(self.by.get("BYMONTH", range(12))), MONTHLY: 1}.get(self.freq, 0)
        # Days are looked at one by one, and a day's week number takes the longest.
        looked_at = months * len(self.by.get("BYMONTHDAY", range(31))) * (4 if "BYWEEKNO" in self.by else 1)
        return times + looked_at // 6

    def begin(self, number: int) -> datetime:
        """Return when a period begins; the 0th is the one of the start. Raises ``OverflowError`` or ``ValueError``."""
        start, ahead = self.start, number * self.interval
        if self.freq == YEARLY:
            return datetime(start.year + ahead, 1, 1)  # noqa: DTZ001 - a wall clock
        if self.freq == MONTHLY:
            years, month = divmod(start.month - 1 + ahead, 12)
            return datetime(start.year + years, month + 1, 1)  # noqa: DTZ001 - a wall clock
        if self.freq == WEEKLY:
            start -= timedelta(days=(start.weekday() - self.week_start) % 7)
        if self.freq in (WEEKLY, DAILY):
            start = datetime.combine(start.date(), time())
        else:
            start = start.replace(second=start.second if self.freq == "SECONDLY" else 0,
                                  minute=0 if self.freq == "HOURLY" else start.minute)  # fmt: skip
        return start + ahead * _EQUAL[self.freq]

    def period(self, begin: datetime) -> Iterator[datetime]:
        """Yield what the rule names of the period that begins then, in order, also what lies before the start."""
        days, times = self._days(begin.date()), self._times(begin)
        positions = self.by.get("BYSETPOS")
        if positions is None:
            yield from (datetime.combine(day, at) for day, at in product(days, times))
            return
        size = len(days) * len(times)
        for index in sorted({at - 1 if at > 0 else size + at for at in positions}):
            if 0 <= index < size:
                yield datetime.combine(days[index // len(times)], times[index % len(times)])

    def _days(self, begin: date) -> list[date]:
        if self.freq == YEARLY:
            months = sorted(self.by.get("BYMONTH", range(1, 13)))
            days = [day for month in months for day in self._of_month(begin.year, month)]
        elif self.freq == MONTHLY:
            days = self._of_month(begin.year, begin.month)
        elif self.freq == WEEKLY:
            days = [begin + timedelta(days=ahead) for ahead in range(7)]
        else:
            days = [begin]
        return [day for day in days if self._is_named(day)]

    def _of_month(self, year: int, month: int) -> list[date]:
        """Return the days of a month, only those that can be meant."""
        length = calendar.monthrange(year, month)[1]
        told = self.by.get("BYMONTHDAY")
        numbers = range(1, length + 1) if told is None else sorted({at if at > 0 else length + 1 + at for at in told})
        return [date(year, month, number) for number in numbers if 1 <= number <= length]

    def _is_named(self, day: date) -> bool:
        by = self.by
        if "BYMONTH" in by and day.month not in by["BYMONTH"]:
            return False
        if self.by_day and day.weekday() not in self._weekdays:
            return False
        length = calendar.monthrange(day.year, day.month)[1]
        if "BYMONTHDAY" in by and by["BYMONTHDAY"].isdisjoint((day.day, day.day - length - 1)):
            return False
        # Any of BYDAY's names will do; dateutil wants a plain and a numbered one at once where both are listed.
        if self.by_day and (0, day.weekday()) not in self.by_day and not self._is_numbered(day, length):
            return False
        if "BYYEARDAY" in by:
            of_year, in_year = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
            if by["BYYEARDAY"].isdisjoint((of_year, of_year - in_year - 1)):
                return False
        return "BYWEEKNO" not in by or not by["BYWEEKNO"].isdisjoint(self._week_numbers(day))

    def _is_numbered(self, day: date, length: int) -> bool:
        """Return whether BYDAY names it by number: of the month, or of the year in a yearly rule without BYMONTH."""
        if self.freq == YEARLY and "BYMONTH" not in self.by:
            at, of = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
        else:
            at, of = day.day, length
        numbers = {(at - 1) // 7 + 1, -((of - at) // 7 + 1)}
        return any((number, day.weekday()) in self.by_day for number in numbers)

    def _week_numbers(self, day: date) -> tuple[int, int]:
        """Return the number of its week, from the front and from the end: a week is the year's that has four of it."""
        middle = day - timedelta(days=(day.weekday() - self.week_start) % 7 - 3)
        last = date(middle.year, 12, 28)
        last_middle = last - timedelta(days=(last.weekday() - self.week_start) % 7 - 3)
        number = (middle.timetuple().tm_yday - 1) // 7 + 1
        return number, number - ((last_middle.timetuple().tm_yday - 1) // 7 + 1) - 1

    def _times(self, begin: datetime) -> list[time]:
        """Return the times of day; what the rule's own step says is its limit, and what is finer is laid out."""
        if self.freq in (YEARLY, MONTHLY, WEEKLY, DAILY):
            return self._of_day
        by, begun = self.by, begin.time()
        if begun.hour not in by.get("BYHOUR", {begun.hour}):
            return []
        if self.freq == "HOURLY":
            minutes, seconds = by.get("BYMINUTE", {self.start.minute}), by.get("BYSECOND", {self.start.second})
            return [time(begun.hour, minute, second) for minute, second in product(sorted(minutes), sorted(seconds))]
        if begun.minute not in by.get("BYMINUTE", {begun.minute}):
            return []
        if self.freq == "MINUTELY":
            return [begun.replace(second=at) for at in sorted(by.get("BYSECOND", {self.start.second}))]
        return [begun] if begun.second in by.get("BYSECOND", {begun.second}) else []

    @cached_property
    def _weekdays(self) -> frozenset[int]:
        return frozenset(weekday for _, weekday in self.by_day)

    @cached_property
    def _of_day(self) -> list[time]:
        start = self.start
        told = (("BYHOUR", start.hour), ("BYMINUTE", start.minute), ("BYSECOND", start.second))
        hours, minutes, seconds = (sorted(self.by.get(name, {own})) for name, own in told)
        return [time(*at) for at in product(hours, minutes, seconds)]


def _day(told: str, freq: str) -> tuple[int, int]:
    found = _DAY.fullmatch(told.strip())
    if found is None or (found[1] and not 1 <= abs(int(found[1])) <= 53):
        raise ValueError("BYDAY of a rule")
    # A number means something only where there are months or years to count in.
    return int(found[1] or 0) if freq in (YEARLY, MONTHLY) else 0, _DAYS.index(found[2])


def _numbers(key: str, value: str) -> frozenset[int]:
    numbers = frozenset(int(told) for told in value.split(","))
    if key not in _RANGES or not {abs(at) if key in _FROM_THE_END else at for at in numbers} <= set(_RANGES[key]):
        raise ValueError(f"{key} of a rule")
    return numbers
