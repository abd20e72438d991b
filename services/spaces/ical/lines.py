"""From bytes to components: unfolding, and dropping what is nobody's business before anything is decoded.

A line that we have no use for (a title, a description, who comes) is never even turned into text.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.spaces.ical.model import Limits, Unreadable

EVENT, BUSY_TIME, ZONE = "VEVENT", "VFREEBUSY", "VTIMEZONE"
#: What is kept of each kind of component; parts nested in an event (alarms) are not looked at.
_EVENT_LINES = frozenset(
    {
        "UID", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "STATUS", "TRANSP",
        "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE",
    }
)  # fmt: skip
_WANTED = {EVENT: _EVENT_LINES, BUSY_TIME: frozenset({"UID", "FREEBUSY"})}
_CALENDAR_LINES = frozenset({"METHOD", "X-WR-TIMEZONE"})
#: Components that lie directly in a calendar: to meet one inside another says that an END is missing.
_TOP = frozenset({EVENT, BUSY_TIME, ZONE, "VTODO", "VJOURNAL", "VAVAILABILITY"})
#: Their value may hold a colon; in all other lines that are kept the last colon is the separator, which also reads
#: the unquoted ``TZID=(UTC+09:00) Seoul`` that some exporters write.
_COLON_IN_VALUE = frozenset({"UID", "X-WR-TIMEZONE", "METHOD"})

_NAME = re.compile(rb"([A-Za-z0-9-]+)[;:]")
_BREAK = re.compile(rb"\r\n|\n|\r")
_PARAMETERS = re.compile(r'([^";=]+)=((?:"[^"]*"|[^";])*)')


@dataclass(frozen=True)
class Line:
    """One content line that was kept; names in capitals, quotes of parameters taken off."""

    name: str
    parameters: dict[str, str]
    value: str
    number: int


@dataclass
class Component:
    """One component of a calendar, and the lines that were kept of it."""

    name: str
    number: int
    lines: list[Line] = field(default_factory=list)
    #: Its END was found.
    closed: bool = False
    _named: dict[str, list[Line]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Keep a line."""
        self.lines.append(line)
        self._named.setdefault(line.name, []).append(line)

    def all(self, name: str) -> list[Line]:
        """Return the lines of this name, in order."""
        return self._named.get(name, [])


@dataclass
class Scanned:
    """What lies in a file."""

    components: list[Component] = field(default_factory=list)
    zones: list[Component] = field(default_factory=list)
    method: str = ""
    zone: str = ""
    #: A line that was kept is not UTF-8 and was read as CP949.
    not_utf8: bool = False


def scan(raw: bytes, limits: Limits) -> Scanned:
    """Return the components of a calendar; raise ``Unreadable`` when it is none, is cut off, or is too much."""
    if len(raw) > limits.size:
        raise Unreadable("too_large", f"{len(raw)} bytes")
    scanner = _Scanner(limits)
    for number, name, pieces in _logical(_as_utf8(raw)):
        scanner.take(number, name, pieces)
    return scanner.finish()


def _as_utf8(raw: bytes) -> bytes:
    if raw.startswith(BOM_UTF8):
        raw = raw[len(BOM_UTF8) :]
    elif raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raw = raw.decode("utf-16", "replace").encode()
    if not raw.strip():
        raise Unreadable("empty")
    return raw


def _logical(raw: bytes) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Yield number, name in capitals and pieces of every unfolded line.

    The pieces are joined as bytes (RFC 5545 3.1): a fold may lie inside a character. Empty lines are passed over.
    """
    started, pieces = 0, [b""]
    for number, line in enumerate(_BREAK.split(raw), 1):
        if not line:
            continue
        if line[:1] in (b" ", b"\t"):
            pieces.append(line[1:])
            continue
        if pieces[0]:
            yield started, _name_of(pieces), pieces
        started, pieces = number, [line]
    if pieces[0]:
        yield started, _name_of(pieces), pieces


def _name_of(pieces: list[bytes]) -> bytes:
    # A name is folded by nobody but a tester, and is found there too.
    found = _NAME.match(pieces[0]) or (_NAME.match(b"".join(pieces[:80])) if len(pieces) > 1 else None)
    return b"" if found is None else found[1].upper()


class _Scanner:
    """Where we are in a file: outside, in a calendar, in one of its components, or in a part of that."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._found = Scanned()
        self._calendars = 0
        self._open = False
        self._component: Component | None = None
        self._inner: list[str] = []

    def take(self, number: int, name: bytes, pieces: list[bytes]) -> None:
        """Take the next line."""
        if name == b"BEGIN":
            self._begin(number, self._value(pieces))
        elif not self._calendars:
            raise Unreadable("not_a_calendar", "it does not begin with BEGIN:VCALENDAR")
        elif name == b"END":
            self._end(self._value(pieces), number)
        elif self._component is not None:
            self._keep(self._component, number, name.decode("ascii"), pieces)
        elif not self._open:
            if b"BEGIN:VCALENDAR".startswith(b"".join(pieces).strip().upper()):
                raise Unreadable("truncated", "the last calendar is cut in its first line")
        elif name.decode("ascii") in _CALENDAR_LINES:
            line = self._line(number, name.decode("ascii"), pieces)
            if line.name == "METHOD":
                self._found.method = line.value.upper()
            else:
                self._found.zone = line.value

    def finish(self) -> Scanned:
        """Return what was found; raise ``Unreadable`` when the end is missing."""
        if not self._calendars:
            raise Unreadable("not_a_calendar", "it does not begin with BEGIN:VCALENDAR")
        if self._open:
            raise Unreadable("truncated", "END:VCALENDAR is missing")
        return self._found

    def _begin(self, number: int, what: str) -> None:
        if what == "VCALENDAR":
            if self._open:
                raise Unreadable("truncated", "a calendar begins before the one before it has ended")
            self._calendars, self._open = self._calendars + 1, True
            return
        if not self._calendars:
            raise Unreadable("not_a_calendar", "it does not begin with BEGIN:VCALENDAR")
        if not self._open:
            # The beginning of another calendar, cut off; or events that lie in none and would be lost without a word.
            cut = "VCALENDAR".startswith(what)
            raise Unreadable("truncated" if cut else "not_a_calendar", "a component lies outside of all calendars")
        if self._component is None or (what in _TOP and self._component.name in _TOP):
            self._component, self._inner = Component(what, number), []
            if what == ZONE:
                self._found.zones.append(self._component)
            elif what in _WANTED:
                self._found.components.append(self._component)
                if len(self._found.components) > self._limits.events:
                    raise Unreadable("too_many_events", f"more than {self._limits.events}")
        else:
            self._inner.append(what)
            if self._component.name == ZONE:
                self._component.add(Line("BEGIN", {}, what, number))

    def _end(self, what: str, number: int) -> None:
        component = self._component
        if what == "VCALENDAR":
            self._open, self._component, self._inner = False, None, []
        elif component is not None and what == component.name:
            component.closed, self._component, self._inner = True, None, []
        elif component is not None and what in self._inner:
            while self._inner.pop() != what:
                pass
            if component.name == ZONE:
                component.add(Line("END", {}, what, number))

    def _keep(self, component: Component, number: int, name: str, pieces: list[bytes]) -> None:
        if component.name == ZONE or (not self._inner and name in _WANTED.get(component.name, ())):
            component.add(self._line(number, name, pieces))

    def _line(self, number: int, name: str, pieces: list[bytes]) -> Line:
        text = self._text(b"".join(pieces))
        if name in _COLON_IN_VALUE:
            head, value = _split_at_first_colon(text)
        else:
            head, _, value = text.rpartition(":")
        parameters = {}
        if ";" in head:
            for key, told in _PARAMETERS.findall(head.partition(";")[2]):
                parameters[key.strip().upper()] = told.replace('"', "").strip()
        return Line(name, parameters, value.strip(), number)

    def _value(self, pieces: list[bytes]) -> str:
        return self._text(b"".join(pieces)).partition(":")[2].strip().upper()

    def _text(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self._found.not_utf8 = True
            return line.decode("cp949", "replace")


def _split_at_first_colon(text: str) -> tuple[str, str]:
    quoted = False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            return text[:at], text[at + 1 :]
    return text, ""
