"""Whose clock a TZID means, measured against the registry and against dateutil's own reading of a VTIMEZONE."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings

from services.spaces.ical.lines import scan
from services.spaces.ical.model import Limits
from services.spaces.ical.zones import FileZone, Zones, exists, file_zone, instant, wall
from shared.clock import KST
from tests.services.spaces.ical.calendars import a_calendar, walls

EASTERN = """BEGIN:VTIMEZONE
TZID:Eastern
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE"""
NEW_YORK = ZoneInfo("America/New_York")


def a_file_zone(text: str) -> FileZone | None:
    return file_zone(scan(a_calendar(text), Limits()).zones[0])[1]


@settings(max_examples=100, deadline=None)
@given(walls(datetime(2008, 1, 1), datetime(2036, 12, 31)))  # noqa: DTZ001
def test_a_zone_of_a_file_is_the_registered_one_that_it_describes(on_wall: datetime) -> None:
    zone = a_file_zone(EASTERN)
    assert zone is not None

    assert instant(on_wall, zone) == instant(on_wall, NEW_YORK)
    assert wall(on_wall.replace(tzinfo=UTC), zone) == wall(on_wall.replace(tzinfo=UTC), NEW_YORK)
    assert exists(on_wall, zone) == exists(on_wall, NEW_YORK)


@pytest.mark.parametrize("hour", range(-3, 9))
@pytest.mark.parametrize("day", [datetime(2026, 3, 8), datetime(2026, 11, 1)])  # noqa: DTZ001
def test_a_zone_of_a_file_changes_its_clocks_at_the_minute(day: datetime, hour: int) -> None:
    zone = a_file_zone(EASTERN)
    assert zone is not None

    for minute in (0, 1, 30, 59):
        on_wall = day + timedelta(hours=hour, minutes=minute)
        in_utc = on_wall.replace(tzinfo=UTC) + timedelta(hours=4)
        assert instant(on_wall, zone) == instant(on_wall, NEW_YORK)
        assert exists(on_wall, zone) == exists(on_wall, NEW_YORK)
        assert in_utc.astimezone(zone).replace(tzinfo=None) == in_utc.astimezone(NEW_YORK).replace(tzinfo=None)
        assert in_utc.astimezone(zone).fold == in_utc.astimezone(NEW_YORK).fold
        assert on_wall.replace(tzinfo=zone, fold=1).utcoffset() == on_wall.replace(tzinfo=NEW_YORK, fold=1).utcoffset()


@settings(max_examples=100, deadline=None)
@given(walls(datetime(2000, 1, 1), datetime(2036, 12, 31)))  # noqa: DTZ001
def test_a_zone_of_a_file_is_what_dateutil_reads_in_it(on_wall: datetime) -> None:
    zone, theirs = a_file_zone(EASTERN), tzical(StringIO(EASTERN)).get()
    assert zone is not None

    at = on_wall.replace(hour=12)

    assert zone.utcoffset(at) == theirs.utcoffset(at)


def test_a_zone_of_a_file_may_end_its_rule_and_name_changes_by_hand() -> None:
    zone = a_file_zone(
        """BEGIN:VTIMEZONE
TZID:Seoul 1987
BEGIN:DAYLIGHT
DTSTART:19870510T020000
RRULE:FREQ=YEARLY;UNTIL=19880507T170000Z;BYMONTH=5;BYDAY=2SU
TZOFFSETFROM:+0900
TZOFFSETTO:+1000
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19871011T030000
RDATE:19881009T030000
TZOFFSETFROM:+1000
TZOFFSETTO:+0900
END:STANDARD
END:VTIMEZONE"""
    )
    assert zone is not None

    for day in (datetime(1987, 1, 1), datetime(1987, 7, 1), datetime(1987, 12, 1), datetime(1988, 7, 1), datetime(1990, 7, 1)):  # noqa: DTZ001
        assert instant(day, zone) == instant(day, KST)


@pytest.mark.parametrize(
    "text",
    [
        EASTERN.replace("FREQ=YEARLY", "FREQ=SECONDLY"),
        EASTERN.replace("-0500", "-9900"),
        EASTERN.replace("-0500", "five"),
        EASTERN.replace("DTSTART:20070311T020000\n", ""),
        EASTERN.replace("20070311T020000", "20070311T990000"),
        "BEGIN:VTIMEZONE\nTZID:Eastern\nEND:VTIMEZONE",
    ],
)
def test_a_definition_that_cant_be_read_is_none(text: str) -> None:
    assert a_file_zone(text) is None


@pytest.mark.parametrize(
    ("tzid", "hours"),
    [("Asia/Seoul", 9), ("asia/seoul", 9), ("Korea Standard Time", 9), ("korea standard time", 9), ("KST", 9),
     ("서울", 9), ("UTC", 0), ("Etc/GMT-9", 9), ("GMT+0900", 9), ("UTC+9", 9), ("UTC-03:30", -3.5), ("(UTC+09:00) 서울", 9),
     ("/freeassociation.sourceforge.net/Asia/Tokyo", 9), ("China Standard Time", 8)],
)  # fmt: skip
def test_a_name_means_its_zone(tzid: str, hours: float) -> None:
    zone = Zones(KST, ()).find(tzid)

    assert zone is not None
    assert datetime(2026, 3, 2, tzinfo=zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("tzid", ["", "Office", "../../etc/passwd", "/etc/localtime", "localtime", "UTC+99:00", "posixrules"])
def test_a_name_that_means_nothing_is_none(tzid: str) -> None:
    assert Zones(KST, ()).find(tzid) is None
