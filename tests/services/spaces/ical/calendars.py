"""Makers: calendars as text, and rules as hypothesis draws them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as some

from services.spaces.spans import Span
from shared.clock import KST

SEOUL, NEW_YORK = "Asia/Seoul", "America/New_York"
MARCH = Span(datetime(2026, 3, 1, tzinfo=KST), datetime(2026, 4, 1, tzinfo=KST))
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def a_calendar(*components: str, head: str = "") -> bytes:
    lines = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//KO", head, *components, "END:VCALENDAR", ""])
    return lines.replace("\n", "\r\n").encode()


def an_event(*lines: str, uid: str = "모임@은하수", **told: str) -> str:
    more = [f"{name.replace('_', '-')}:{value}" for name, value in told.items()]
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, *more, "END:VEVENT"])


def at(name: str, wall: datetime, tzid: str = SEOUL) -> str:
    if tzid == "UTC":
        return f"{name}:{wall:%Y%m%dT%H%M%S}Z"
    return f"{name};TZID={tzid}:{wall:%Y%m%dT%H%M%S}" if tzid else f"{name}:{wall:%Y%m%dT%H%M%S}"


def walls(first: datetime = datetime(2025, 1, 1), last: datetime = datetime(2026, 12, 31)) -> some.SearchStrategy[datetime]:  # noqa: DTZ001
    """Times on a wall, whole minutes."""
    return some.datetimes(first, last).map(lambda wall: wall.replace(second=0, microsecond=0))


@some.composite
def rules(draw: some.DrawFn, *, fine: bool = False) -> str:
    """A rule as RFC 5545 3.3.10 allows it."""
    freq = draw(some.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", *(["HOURLY", "MINUTELY"] if fine else [])]))
    parts = [f"FREQ={freq}"]
    if draw(some.booleans()) or freq in ("HOURLY", "MINUTELY"):
        longest = {"HOURLY": 50, "MINUTELY": 3000}.get(freq, 5)
        parts.append(f"INTERVAL={draw(some.integers(longest // 3 if longest > 5 else 1, longest))}")
    if draw(some.booleans()):
        parts.append(f"BYMONTH={_listed(draw, some.integers(1, 12), 3)}")
    if freq in ("MONTHLY", "YEARLY") and draw(some.booleans()):
        parts.append(f"BYMONTHDAY={_listed(draw, some.sampled_from([1, 2, 13, 28, 29, 30, 31, -1, -2, -30]), 3)}")
    if fine and freq == "YEARLY" and draw(some.booleans()):
        parts.append(f"BYYEARDAY={_listed(draw, some.sampled_from([1, 59, 60, 61, 100, 365, 366, -1, -366]), 3)}")
    weeks = fine and freq == "YEARLY" and draw(some.booleans())
    if weeks:
        parts.append(f"BYWEEKNO={_listed(draw, some.sampled_from([1, 2, 10, 52, 53, -1, -2, -53]), 3)}")
    if fine and freq not in ("MINUTELY", "HOURLY") and draw(some.booleans()):
        parts.append(f"BYHOUR={_listed(draw, some.integers(0, 23), 3)}")
    if fine and draw(some.booleans()):
        parts.append(f"BYMINUTE={_listed(draw, some.sampled_from([0, 15, 30, 59]), 3)}" if freq != "MINUTELY" else "BYSECOND=0,30")
    if weeks or draw(some.booleans()):
        numbered = freq == "MONTHLY" or (freq == "YEARLY" and draw(some.booleans()))
        # Not mixed: of "MO,1TU" dateutil makes the Mondays that are a first Tuesday.
        number = some.sampled_from(["1", "2", "-1", "5"]) if numbered and draw(some.booleans()) else some.just("")
        days = draw(some.lists(some.tuples(number, some.sampled_from(_DAYS)), min_size=1, max_size=3, unique=True))
        parts.append("BYDAY=" + ",".join(number + day for number, day in days))
        if freq != "WEEKLY" and freq in ("MONTHLY", "YEARLY") and draw(some.booleans()):
            parts.append(f"BYSETPOS={draw(some.sampled_from([1, 2, -1]))}")
    if draw(some.booleans()):
        parts.append(f"WKST={draw(some.sampled_from(_DAYS))}")
    if draw(some.booleans()):
        parts.append(f"COUNT={draw(some.integers(1, 40))}")
    return ";".join(parts)


def _listed(draw: some.DrawFn, one: some.SearchStrategy[int], most: int) -> str:
    return ",".join(map(str, draw(some.lists(one, min_size=1, max_size=most, unique=True))))


@some.composite
def windows(draw: some.DrawFn) -> Span:
    """A window around 2026."""
    start = draw(walls(datetime(2025, 6, 1), datetime(2027, 6, 1))).replace(tzinfo=UTC)  # noqa: DTZ001
    return Span(start, start + timedelta(hours=draw(some.integers(1, 24 * 60))))


@some.composite
def series(draw: some.DrawFn, *, uid: str = "모임@은하수", tzids: tuple[str, ...] = (SEOUL, "UTC", "")) -> list[str]:
    """One UID: an event that may repeat, with EXDATE, RDATE and replaced times."""
    tzid = draw(some.sampled_from(tzids))
    # No zone leaves out nor repeats an hour around noon.
    start = draw(walls()).replace(hour=draw(some.integers(9, 20)))
    length = timedelta(minutes=draw(some.integers(1, 2000)))
    lines = [at("DTSTART", start, tzid), at("DTEND", start + length, tzid)]
    if draw(some.booleans()):
        return [an_event(*lines, uid=uid)]
    lines.append(f"RRULE:{draw(rules())}")
    named = some.integers(0, 60).map(lambda days: start + timedelta(days=days))
    lines += [at("EXDATE", left_out, tzid) for left_out in draw(some.lists(named, max_size=3))]
    lines += [at("RDATE", more, tzid) for more in draw(some.lists(walls().map(_by_day), max_size=2))]
    events = [an_event(*lines, uid=uid)]
    for replaced in draw(some.lists(named, max_size=3, unique=True)):
        moved = draw(walls()).replace(hour=12)
        events.append(
            an_event(at("RECURRENCE-ID", replaced, tzid), at("DTSTART", moved, tzid),
                     at("DTEND", moved + length, tzid), "SEQUENCE:1", uid=uid)
        )  # fmt: skip
    return events


def _by_day(wall: datetime) -> datetime:
    return wall.replace(hour=9 + wall.hour % 12)
