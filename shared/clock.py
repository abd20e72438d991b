"""Time as the town keeps it: UTC at rest, Asia/Seoul for people, days and months counted in KST.

Instants are aware ``datetime`` in UTC, cut to whole milliseconds because that is what the database keeps.
Spans are half-open ``[start, end)``. Naive datetimes are refused.
"""

from __future__ import annotations

import time
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

KST = ZoneInfo("Asia/Seoul")


class Clock(Protocol):
    """Where a use case gets its time, and where it waits."""

    def now(self) -> datetime:
        """Return the present instant, UTC, whole milliseconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, UTC, whole milliseconds."""
        return to_millisecond(datetime.now(UTC))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class StoppedClock:
    """A clock for tests: stands still until told; waiting moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = utc(at)

    def now(self) -> datetime:
        """Return where the clock stands."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self.move(timedelta(seconds=seconds))

    def move(self, by: timedelta) -> None:
        """Move the clock on."""
        self.at = to_millisecond(self.at + by)


def utc(instant: datetime) -> datetime:
    """Return ``instant`` in UTC, whole milliseconds; raise ``ValueError`` for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime {instant.isoformat()}: give an offset, such as +09:00")
    return to_millisecond(instant.astimezone(UTC))


def to_millisecond(instant: datetime) -> datetime:
    """Cut to whole milliseconds."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime) -> str:
    """Return RFC 3339 in UTC, such as ``2026-11-22T01:02:03.004Z``."""
    return utc(instant).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Read RFC 3339; raise ``ValueError`` when it is malformed, naive, or so far off that no calendar has its day."""
    told = datetime.fromisoformat(text)
    # An instant in the first or last year may lie outside the calendar in another time zone, Seoul's for example.
    if not MINYEAR < told.year < MAXYEAR:
        raise ValueError(f"the year {told.year}: give one from {MINYEAR + 1} to {MAXYEAR - 1}")
    return utc(told)


def kst_day(instant: datetime) -> date:
    """Return the calendar day in Seoul."""
    return instant.astimezone(KST).date()


def kst_month(instant: datetime) -> str:
    """Return the calendar month in Seoul, ``YYYY-MM``."""
    return kst_day(instant).strftime("%Y-%m")


def start_of_kst_day(day: date) -> datetime:
    """Return the instant, UTC, at which ``day`` begins in Seoul."""
    return datetime(day.year, day.month, day.day, tzinfo=KST).astimezone(UTC)
