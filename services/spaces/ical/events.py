"""What one VEVENT or VFREEBUSY says, with each value's kind kept: a date, floating, in a zone, or UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from services.spaces.ical.lines import Component, Line
from services.spaces.ical.model import CANCELLED, CLAIMS_NOTHING, CONFIRMED, READ, SKIPPED, TENTATIVE, Fault, Limits
from services.spaces.ical.values import (
    DATE,
    FLOATING,
    IN_UTC,
    ZONED,
    Broken,
    Length,
    Moment,
    read_length,
    read_moment,
)
from services.spaces.ical.zones import Zones

#: Of a UID that is longer than RFC 7986 5.3 allows, only the hash is kept.
_LONGEST_UID = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: The same event without a UID is known by these again, whatever else of it changes.
_IDENTITY = ("RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "RRULE")
_ONCE = ("UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION")
_STATUSES = {status: status for status in (CONFIRMED, TENTATIVE, CANCELLED)}
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass
class Notes:
    """What is not as it should be, as it is found."""

    limits: Limits
    unread: set[str] = field(default_factory=set)
    #: A dict for its order: a fault that all times of an event share is told once.
    _faults: dict[Fault, None] = field(default_factory=dict)

    def note(self, uid: str, code: str, name: str, line: int, done: str = READ) -> None:
        """Name a fault; of what is skipped the UID is remembered."""
        if done == SKIPPED and uid:
            self.unread.add(uid)
        self._faults[Fault(uid, code, name, line, done)] = None

    def told(self) -> tuple[Fault, ...]:
        """Return the faults by line; those beyond the limit are one fault together."""
        faults = sorted(self._faults, key=lambda fault: (fault.line, fault.uid, fault.code))
        more = (Fault("", "more_faults", "", 0, READ),) if len(faults) > self.limits.faults else ()
        return (*faults[: self.limits.faults], *more)


@dataclass(frozen=True)
class Event:
    """One VEVENT."""

    uid: str
    number: int
    #: None where a cancellation does not say it.
    start: Moment | None
    length: Length
    status: str
    transparent: bool
    sequence: int
    #: RECURRENCE-ID, and whether it is meant for all later ones too.
    replaces: Moment | None
    onwards: bool
    rules: tuple[Line, ...]
    more: tuple[tuple[Moment, Length | None, Line], ...]
    less: tuple[tuple[Moment, Line], ...]


class Reader:
    """Reads components with one file's zones."""

    def __init__(self, zones: Zones, notes: Notes) -> None:
        self._zones = zones
        self._notes = notes
        #: Whether a time by nobody's clock was met.
        self.floating = False

    def uid_of(self, component: Component) -> str:
        """Return its UID; one that is missing is made of what identifies the event, so that it stays the same."""
        told = component.all("UID")
        if told and told[0].value:
            uid = told[0].value
            # A key that can't be printed or is too long is kept as its digest: it becomes a part of other keys.
            fits = len(uid.encode()) <= _LONGEST_UID and not _CONTROL.search(uid)
            return uid if fits else f"long-uid-{_digest(uid)}"
        lines = [line for name in _IDENTITY for line in component.all(name)]
        text = "\n".join(f"{line.name};{sorted(line.parameters.items())}:{line.value}" for line in lines)
        uid = f"no-uid-{_digest(text)}"
        self._notes.note(uid, "no_uid", "UID", component.number)
        return uid

    def version_of(self, component: Component) -> tuple[int, datetime, datetime]:
        """Return what says which of two is newer: SEQUENCE, then DTSTAMP, then LAST-MODIFIED (RFC 5546 2.1.4)."""
        return self.sequence_of(component), self._stamp(component, "DTSTAMP"), self._stamp(component, "LAST-MODIFIED")

    def sequence_of(self, component: Component) -> int:
        """Return SEQUENCE, 0 when it is missing or is no number."""
        told = component.all("SEQUENCE")
        return int(told[0].value) if told and re.fullmatch(r"\d{1,9}", told[0].value, re.ASCII) else 0

    def event(self, uid: str, component: Component, *, cancelled: bool) -> Event:
        """Return what a VEVENT says; raise ``Broken``."""
        self._check_once(component)
        told = component.all("RECURRENCE-ID")
        replaces = self._moment(uid, told[0], told[0].value) if told else None
        onwards = False
        if replaces is not None:
            reach = told[0].parameters.get("RANGE", "").upper()
            onwards = reach == "THISANDFUTURE"
            if reach and not onwards:
                # THISANDPRIOR went with RFC 2445: nobody may write it any more (RFC 5545 3.2.13).
                self._notes.note(uid, "unknown_range", "RECURRENCE-ID", told[0].number)
        status = CANCELLED if cancelled else _STATUSES.get(_first(component, "STATUS").upper(), CONFIRMED)
        start, length = self._when(uid, component, replaces, status)
        for line in component.all("EXRULE"):
            # Gone with RFC 5545 (A.1). What it would leave out stays busy.
            self._notes.note(uid, "exrule", "EXRULE", line.number)
        return Event(
            uid=uid,
            number=component.number,
            start=start,
            length=length,
            status=status,
            transparent=_first(component, "TRANSP").upper() == "TRANSPARENT",
            sequence=self.sequence_of(component),
            replaces=replaces,
            onwards=onwards,
            rules=tuple(component.all("RRULE")),
            more=tuple(self._more(uid, component)),
            less=tuple(self._less(uid, component)),
        )

    def periods(self, uid: str, component: Component) -> Iterable[tuple[datetime, datetime, str]]:
        """Yield start, end and status of the busy times of a VFREEBUSY, UTC."""
        for line in component.all("FREEBUSY"):
            kind = line.parameters.get("FBTYPE", "BUSY").upper()
            if kind == "FREE":
                continue
            for text in line.value.split(","):
                try:
                    start, length = self._period(uid, line, text.strip())
                    yield start.at, length.after(start.wall, start.zone), TENTATIVE if "TENTATIVE" in kind else CONFIRMED
                except (Broken, OverflowError):
                    self._notes.note(uid, "bad_value", "FREEBUSY", line.number, SKIPPED)

    def _check_once(self, component: Component) -> None:
        for name in _ONCE:
            told = component.all(name)
            if len(told) > 1 and len({(line.value, tuple(sorted(line.parameters.items()))) for line in told}) > 1:
                raise Broken("twice", name, told[1].number)

    def _when(
        self, uid: str, component: Component, replaces: Moment | None, status: str
    ) -> tuple[Moment | None, Length]:
        starts, ends, lengths = (component.all(name) for name in ("DTSTART", "DTEND", "DURATION"))
        if not starts:
            # A cancellation need not say when (RFC 5546 3.2.5): of a single time it is known from the series, and of
            # all of it nothing is left.
            if status == CANCELLED and replaces is not None:
                return None, Length()
            raise Broken("no_start", "DTSTART", component.number, CLAIMS_NOTHING if status == CANCELLED else SKIPPED)
        start = self._moment(uid, starts[0], starts[0].value)
        if ends and lengths:
            self._notes.note(uid, "two_ends", "DURATION", lengths[0].number)
        if ends:
            return self._until(uid, start, ends[0])
        if lengths:
            length = read_length(lengths[0])
            if start.kind == DATE and length.exact:
                # A date takes days or weeks only (RFC 5545 3.6.1): it must be meant as a time.
                self._notes.note(uid, "mixed_kinds", "DURATION", lengths[0].number)
                start = Moment(start.wall, start.zone, FLOATING)
            return start, length
        # RFC 5545 3.6.1: a date takes its day, a time no time at all.
        return start, Length(days=1) if start.kind == DATE else Length()

    def _until(self, uid: str, start: Moment, line: Line) -> tuple[Moment, Length]:
        end = self._moment(uid, line, line.value)
        if (start.kind == DATE) != (end.kind == DATE):
            self._notes.note(uid, "mixed_kinds", "DTEND", line.number)
            if start.kind == DATE:
                start = Moment(start.wall, start.zone, FLOATING)
            else:
                end = Moment(end.wall, start.zone, start.kind)
        if start.kind == DATE:
            days = (end.wall - start.wall).days
            if days == 0:
                # DTEND is not part of it (3.6.1), but many write the last day; a room is not booked for no day.
                self._notes.note(uid, "end_not_after_start", "DTEND", line.number)
                days = 1
            length = Length(days=days)
        else:
            # An end that is told as a time makes all instances equally long, to the second (3.8.5.3), also where the
            # clocks change in between; recurring-ical-events lets them end at the same time on the wall.
            length = Length(exact=end.at - start.at)
        if length.days < 0 or length.exact < timedelta(0):
            raise Broken("end_before_start", "DTEND", line.number)
        return start, length

    def _more(self, uid: str, component: Component) -> Iterable[tuple[Moment, Length | None, Line]]:
        for line in component.all("RDATE"):
            for text in line.value.split(","):
                try:
                    if "/" in text:
                        yield *self._period(uid, line, text.strip()), line
                    else:
                        yield self._moment(uid, line, text.strip()), None, line
                except Broken as broken:
                    self._notes.note(uid, broken.code, broken.name, broken.line, SKIPPED)

    def _less(self, uid: str, component: Component) -> Iterable[tuple[Moment, Line]]:
        for line in component.all("EXDATE"):
            for text in line.value.split(","):
                try:
                    yield self._moment(uid, line, text.strip()), line
                except Broken as broken:
                    # What it would leave out stays busy.
                    self._notes.note(uid, broken.code, broken.name, broken.line)

    def _period(self, uid: str, line: Line, text: str) -> tuple[Moment, Length]:
        told_start, _, told_end = text.partition("/")
        start = self._moment(uid, line, told_start)
        if told_end[:1] in "P+-":
            length = read_length(Line(line.name, {}, told_end, line.number))
        else:
            length = Length(exact=self._moment(uid, line, told_end).at - start.at)
        if start.kind == DATE or (length.days == 0 and length.exact <= timedelta(0)):
            raise Broken("bad_value", line.name, line.number)
        return start, length

    def _stamp(self, component: Component, name: str) -> datetime:
        try:
            told = component.all(name)
            return read_moment(told[0], told[0].value, UTC).at if told else _LONG_AGO
        except (Broken, OverflowError):
            return _LONG_AGO

    def _moment(self, uid: str, line: Line, text: str) -> Moment:
        moment = read_moment(line, text, self._zones.default)
        tzid = line.parameters.get("TZID", "")
        if moment.kind == DATE:
            if line.name in ("DTSTART", "DTEND") and line.parameters.get("VALUE", "").upper() != "DATE":
                self._notes.note(uid, "value_kind", line.name, line.number)
        elif moment.kind == IN_UTC:
            if tzid and tzid.upper() not in ("UTC", "GMT", "ETC/UTC"):
                # TZID must not stand with a time in UTC (3.2.19): the Z is believed.
                self._notes.note(uid, "zone_on_utc", line.name, line.number)
        elif tzid:
            zone = self._zones.find(tzid)
            if zone is None:
                self._notes.note(uid, "unknown_zone", line.name, line.number)
            else:
                moment = Moment(moment.wall, zone, ZONED)
        else:
            self.floating = True
        return moment


def _first(component: Component, name: str) -> str:
    told = component.all(name)
    return told[0].value if told else ""


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
