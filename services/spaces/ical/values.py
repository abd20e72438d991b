"""Times and lengths as they were written, with what decides their meaning kept beside them.

A date, a time on nobody's wall, one by the clocks of a zone, one in UTC; a length in days of the calendar or in hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from services.spaces.ical.lines import Line
from services.spaces.ical.model import SKIPPED
from services.spaces.ical.zones import instant

DATE, FLOATING, ZONED, IN_UTC = "date", "floating", "zoned", "utc"

_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"([+-])?P(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
#: Years that have an instant in every zone. Outlook dates its zones to 1601; nobody books a room then.
_YEARS = range(1601, 9001)


class Broken(Exception):
    """The component can't be read: the fault's code, property and line, and what is known all the same."""

    def __init__(self, code: str, name: str, line: int, done: str = SKIPPED) -> None:
        super().__init__(code, name, line, done)
        self.code, self.name, self.line, self.done = code, name, line, done


@dataclass(frozen=True)
class Moment:
    """A value as it was written: what a wall clock shows, and which clock."""

    wall: datetime
    zone: tzinfo
    kind: str

    @property
    def at(self) -> datetime:
        """The instant, UTC; a date's is its midnight."""
        return instant(self.wall, self.zone)


@dataclass(frozen=True)
class Length:
    """How long it takes: days by the calendar, and exact time on top (RFC 5545 3.3.6)."""

    days: int = 0
    exact: timedelta = timedelta(0)

    def after(self, on_wall: datetime, zone: tzinfo) -> datetime:
        """Return the end, UTC, of what starts then."""
        return instant(on_wall + timedelta(days=self.days), zone) + self.exact

    @property
    def about(self) -> timedelta:
        """At least as long as it ever is."""
        return timedelta(days=self.days + 1) + self.exact


def read_moment(line: Line, text: str, default: tzinfo) -> Moment:
    """Return a date or a time as it was written; raise ``Broken``. Without a Z it is on the wall of ``default``."""
    found = _TIME.fullmatch(text.upper())
    if found is None or int(found[1]) not in _YEARS:
        raise Broken("bad_value", line.name, line.number)
    try:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        if found[4] is None:
            return Moment(datetime(year, month, day), default, DATE)  # noqa: DTZ001 - a wall clock
        # Who knows no leap seconds counts 60 as 59 (3.3.12).
        on_wall = datetime(year, month, day, int(found[4]), int(found[5]), min(int(found[6]), 59))  # noqa: DTZ001
    except ValueError as wrong:
        raise Broken("bad_value", line.name, line.number) from wrong
    return Moment(on_wall, UTC, IN_UTC) if found[7] else Moment(on_wall, default, FLOATING)


def read_length(line: Line) -> Length:
    """Return a duration; raise ``Broken``."""
    found = _DURATION.fullmatch(line.value.upper())
    if found is None or not any(found.groups()[1:]):
        raise Broken("bad_value", line.name, line.number)
    weeks, days, hours, minutes, seconds = (int(told or 0) for told in found.groups()[1:])
    length = Length(weeks * 7 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))
    if found[1] == "-" and length != Length():
        raise Broken("end_before_start", line.name, line.number)
    return length
