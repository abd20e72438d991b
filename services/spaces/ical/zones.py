"""Whose clock a TZID means: an IANA zone, a Windows zone, or the definition that the file brings along.

``instant`` and ``wall`` are the only ways between a clock on a wall and an instant, so that the rule for hours that
do not exist or exist twice (RFC 5545 3.3.5) is kept in one place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from services.spaces.ical.lines import Component, Line
from services.spaces.ical.repeats import YEARLY, Repeat, read_parts
from shared.clock import KST

#: What Korean exporters write instead of a name that anybody registered.
_KOREAN = {"kst": KST, "대한민국 표준시": KST, "한국 표준시": KST, "서울": KST, "seoul": KST}
_OFFSET = re.compile(r"\(?(?:UTC|GMT)\s*([+-])(\d{1,2}):?(\d{2})?\)?", re.IGNORECASE)
_UTC_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?")
#: Until when the rules of a zone in a file are laid out.
_HORIZON = datetime(2100, 1, 1)  # noqa: DTZ001 - a wall clock
#: From when on: what a zone did before is one offset.
_DAWN = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
#: Real zones have a dozen changes by hand, and rules by the year.
_MOST_CHANGES = 2_000


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant, UTC, at which a clock in ``zone`` shows ``wall``.

    An hour that comes twice means its first time; one that is left out is counted with the offset before the gap
    (RFC 5545 3.3.5). Raises ``OverflowError`` at the ends of the calendar.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall(at: datetime, zone: tzinfo) -> datetime:
    """Return what a clock in ``zone`` shows at an instant, naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def exists(on_wall: datetime, zone: tzinfo) -> bool:
    """Return whether a clock in ``zone`` ever shows this."""
    return wall(instant(on_wall, zone), zone) == on_wall


class FileZone(tzinfo):
    """A zone as a VTIMEZONE defines it: offsets that change at instants; RFC 5545 3.6.5."""

    def __init__(self, name: str, changes: Iterable[tuple[datetime, timedelta, timedelta]]) -> None:
        """Take for each change the wall clock before it, the offset before, and the offset after."""
        ordered = sorted((at - before, before, after) for at, before, after in changes)
        if not ordered:
            raise ValueError("a zone needs a STANDARD or a DAYLIGHT part")
        self._name = name
        self._offsets = [ordered[0][1], *(after for _, _, after in ordered)]
        self._instants = [at for at, _, _ in ordered]
        pairs = list(zip(self._instants, self._offsets, self._offsets[1:], strict=False))
        self._walls = ([at + max(a, b) for at, a, b in pairs], [at + min(a, b) for at, a, b in pairs])

    def utcoffset(self, at: datetime | None) -> timedelta:
        """Return the offset at a wall clock; ``fold`` chooses as PEP 495 says."""
        if at is None:
            return self._offsets[-1]
        return self._offsets[bisect_right(self._walls[at.fold], at.replace(tzinfo=None, fold=0))]

    def fromutc(self, at: datetime) -> datetime:
        """Return the wall clock at an instant."""
        index = bisect_right(self._instants, at.replace(tzinfo=None))
        shown = at + self._offsets[index]
        again = index > 0 and shown.replace(tzinfo=None) < self._walls[0][index - 1]
        return shown.replace(fold=1 if again else 0)

    def dst(self, _at: datetime | None) -> None:
        """Return None: it is not asked for."""

    def tzname(self, _at: datetime | None) -> str:
        """Return its TZID."""
        return self._name


def file_zone(component: Component) -> tuple[str, FileZone | None]:
    """Return the TZID of a VTIMEZONE and its zone, None when the definition can't be read."""
    tzid = next((line.value for line in component.all("TZID")), "")
    try:
        changes: list[tuple[datetime, timedelta, timedelta]] = []
        part: list[Line] = []
        for line in component.lines:
            if line.name == "BEGIN":
                part = []
            elif line.name == "END":
                changes += _changes(part)
                if len(changes) > _MOST_CHANGES:
                    return tzid, None
            else:
                part.append(line)
        return tzid, FileZone(tzid, changes) if component.closed else None
    except (ValueError, OverflowError):
        return tzid, None


def _changes(part: list[Line]) -> list[tuple[datetime, timedelta, timedelta]]:
    told = {line.name: line.value for line in part}
    if not {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"} <= told.keys():
        raise ValueError("DTSTART, TZOFFSETFROM and TZOFFSETTO are needed")
    before, after = _utc_offset(told["TZOFFSETFROM"]), _utc_offset(told["TZOFFSETTO"])
    start = _onset(told["DTSTART"])
    walls = {start}
    for line in part:
        if line.name == "RDATE":
            walls |= {_onset(text) for text in line.value.split(",")}
        elif line.name == "RRULE":
            walls |= _yearly(line.value, start, before)
    return [(at, before, after) for at in walls]


def _yearly(rule: str, start: datetime, before: timedelta) -> set[datetime]:
    """Lay a rule out. Only yearly ones: no zone needs another, and they bound what a hostile file costs."""
    parts = read_parts(rule)
    until, count = parts.pop("UNTIL", ""), int(parts.pop("COUNT", "0"))
    last = _HORIZON
    if until:
        last = min(last, _onset(until) + (before if until.endswith("Z") else timedelta(0)))
    repeat = Repeat.read(parts, start)
    if repeat.freq != YEARLY:
        raise ValueError(f"the rule of a zone: {rule}")
    number, walls = 0 if count else repeat.first_period(_DAWN), set[datetime]()
    while (begin := repeat.begin(number)) <= last:
        walls |= {at for at in islice(repeat.period(begin), _MOST_CHANGES) if start <= at <= last}
        number += 1
        if len(walls) > _MOST_CHANGES:
            raise ValueError(f"the rule of a zone: {rule}")
    return set(sorted(walls)[:count]) if count else walls


def _onset(text: str) -> datetime:
    day, _, time = text.strip().removesuffix("Z").partition("T")
    return datetime.strptime(day + (time or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall clock


def _utc_offset(text: str) -> timedelta:
    found = _UTC_OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"an offset from UTC: {text}")
    sign = -1 if found[1] == "-" else 1
    offset = sign * timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if abs(offset) >= timedelta(hours=24):
        raise ValueError(f"an offset from UTC: {text}")
    return offset


@cache
def _iana() -> dict[str, str]:
    names = available_timezones() - {"localtime", "posixrules", "Factory"}
    return {name.casefold(): name for name in names}


@cache
def _windows() -> dict[str, str]:
    return {name.casefold(): olson for name, olson in WINDOWS_TO_OLSON.items()}


class Zones:
    """The zones of one file."""

    def __init__(self, default: tzinfo, definitions: Iterable[Component]) -> None:
        self.default = default
        self._own: dict[str, FileZone] = {}
        #: TZIDs whose definition can't be read, and where it stands.
        self.broken: list[tuple[str, int]] = []
        self._known: dict[str, tzinfo | None] = {}
        for component in definitions:
            tzid, zone = file_zone(component)
            if zone is None:
                self.broken.append((tzid, component.number))
            else:
                self._own.setdefault(tzid, zone)

    def find(self, tzid: str) -> tzinfo | None:
        """Return the zone that a TZID means, or None.

        A registered name means what the registry says, not what the file says of it: files carry old rules along for
        years. Any other name means the file's own definition, and only then what it looks like.
        """
        if tzid not in self._known:
            self._known[tzid] = self._look_up(tzid)
        return self._known[tzid]

    def _look_up(self, tzid: str) -> tzinfo | None:
        name = tzid.strip().casefold()
        if name in _iana():
            return ZoneInfo(_iana()[name])
        if tzid in self._own:
            return self._own[tzid]
        if name in _windows():
            return ZoneInfo(_windows()[name])
        if name in _KOREAN:
            return _KOREAN[name]
        # "/mozilla.org/20050126_1/Asia/Seoul", "/freeassociation.sourceforge.net/Asia/Seoul"
        parts = name.strip("/").split("/")
        for first in range(1, len(parts)):
            tail = "/".join(parts[first:])
            if tail in _iana():
                return ZoneInfo(_iana()[tail])
        found = _OFFSET.match(tzid.strip())
        if found is None or int(found[2]) > 14 or int(found[3] or 0) > 59:
            return None
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-offset if found[1] == "-" else offset)
