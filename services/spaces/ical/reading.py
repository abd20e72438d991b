"""Read a calendar, or one CalDAV resource, into what it says about a window of time.

Pure: bytes in, a ``Reading`` out; the same bytes and window give the same reading. What recurring-ical-events says of
a well-formed file is what this says, but where that library and RFC 5545 differ; each such place names its clause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from services.spaces.ical.events import Event, Notes, Reader
from services.spaces.ical.lines import EVENT, Component, Scanned, scan
from services.spaces.ical.model import SKIPPED, Fault, Limits, Occurrence, Reading, Unreadable, hash_of
from services.spaces.ical.rules import Budget
from services.spaces.ical.series import Series
from services.spaces.ical.values import Broken
from services.spaces.ical.zones import Zones
from services.spaces.spans import Span
from shared.clock import KST, iso

__all__ = ["Fault", "Limits", "Occurrence", "Reading", "Unreadable", "read_calendar", "read_resource"]

USUAL = Limits()
#: The UID of busy times that came without one; their file is the same calendar each time.
_BUSY_TIMES = "no-uid-freebusy"


def read_calendar(raw: bytes, *, window: Span, default_tz: tzinfo = KST, limits: Limits = USUAL) -> Reading:
    """Return everything in ``raw`` that overlaps ``window``; raise ``Unreadable``.

    Floating times and dates are those of ``default_tz``, the facility's. A span is whole, also where it reaches out of
    the window.
    """
    return _File(scan(raw, limits), window, default_tz, limits).reading()


def read_resource(raw: bytes, *, window: Span, default_tz: tzinfo = KST, limits: Limits = USUAL) -> Reading:
    """Return what one CalDAV resource says; raise ``Unreadable``.

    It has one UID with its overrides (RFC 4791 4.1). More are named as ``several_uids`` and read all the same.
    """
    file = _File(scan(raw, limits), window, default_tz, limits)
    if len(file.uids) > 1:
        file.notes.note("", "several_uids", "UID", 0)
    return file.reading()


class _File:
    """One file, its components by UID."""

    def __init__(self, scanned: Scanned, window: Span, default: tzinfo, limits: Limits) -> None:
        self.notes = Notes(limits)
        self._scanned, self._window, self._default, self._limits = scanned, window, default, limits
        self._zones = Zones(default, scanned.zones)
        self._reader = Reader(self._zones, self.notes)
        self._budget = Budget(limits)
        self.uids: dict[str, list[Component]] = {}
        for component in scanned.components:
            if component.name == EVENT:
                self.uids.setdefault(self._reader.uid_of(component), []).append(component)

    def reading(self) -> Reading:
        """Return what the file says."""
        self._note_calendar()
        found: list[Occurrence] = []
        # In order of UID: where a limit cuts, it cuts at the same place, however the file is sorted.
        for uid in sorted(self.uids):
            found += self._of(uid)
            if len(found) > self._limits.occurrences:
                self.notes.note("", "too_many", "", 0, SKIPPED)
                self.notes.unread.update(other for other in self.uids if other >= uid)
                del found[self._limits.occurrences :]
                break
        found += self._busy_times()
        if self._reader.floating and self._zones.find(self._scanned.zone) not in (None, self._default):
            self.notes.note("", "floating_zone", "X-WR-TIMEZONE", 0)
        return Reading(
            occurrences=tuple(sorted(found, key=lambda one: (one.span, one.uid, one.occurrence))),
            faults=self.notes.told(),
            unread=frozenset(self.notes.unread),
            method=self._scanned.method,
            zone=self._scanned.zone,
            events=len(self._scanned.components),
        )

    def _note_calendar(self) -> None:
        if self._scanned.not_utf8:
            self.notes.note("", "not_utf8", "", 0)
        for _, line in self._zones.broken:
            self.notes.note("", "bad_zone", "VTIMEZONE", line)

    def _of(self, uid: str) -> list[Occurrence]:
        masters, overrides = self._sorted(uid)
        for older in masters[:-1]:
            self.notes.note(uid, "superseded", "UID", older.number)
        master = next(self._events(uid, masters[-1:]), None)
        series = Series(
            master,
            self._events(uid, overrides),
            window=self._window,
            default=self._default,
            notes=self.notes,
            budget=self._budget,
        )
        found: list[Occurrence] = []
        try:
            for occurrence in series.occurrences():
                if len(found) == self._limits.per_event:
                    self.notes.note(uid, "too_many", "", self.uids[uid][0].number, SKIPPED)
                    break
                found.append(occurrence)
        except OverflowError:
            self.notes.note(uid, "bad_value", "DURATION", self.uids[uid][0].number, SKIPPED)
        return found

    def _sorted(self, uid: str) -> tuple[list[Component], list[Component]]:
        """Return the events of a UID that stand for themselves and those that replace a time, the newest last."""
        masters, overrides = [], []
        components = self.uids[uid]
        if len(components) > 1:
            components = sorted(components, key=self._reader.version_of)
        for component in components:
            if not component.closed:
                self.notes.note(uid, "unclosed", "", component.number, SKIPPED)
            elif component.all("RECURRENCE-ID"):
                overrides.append(component)
            else:
                masters.append(component)
        return masters, overrides

    def _events(self, uid: str, components: Iterable[Component]) -> Iterator[Event]:
        for component in components:
            try:
                yield self._reader.event(uid, component, cancelled=self._scanned.method == "CANCEL")
            except Broken as broken:
                self.notes.note(uid, broken.code, broken.name, broken.line, broken.done)
            except OverflowError:
                self.notes.note(uid, "bad_value", "DTSTART", component.number, SKIPPED)

    def _busy_times(self) -> Iterable[Occurrence]:
        found: dict[tuple[str, str], Occurrence] = {}
        for component in self._scanned.components:
            if component.name == EVENT:
                continue
            uid = self._reader.uid_of(component) if component.all("UID") else _BUSY_TIMES
            if not component.closed:
                self.notes.note(uid, "unclosed", "", component.number, SKIPPED)
                continue
            for start, end, status in self._reader.periods(uid, component):
                span = Span(start, end)
                if span.overlaps(self._window):
                    told = Occurrence(
                        uid=uid, occurrence=iso(start), span=span, busy=True, cancelled=False, sequence=0,
                        hash=hash_of(span, busy=True, status=status),
                    )  # fmt: skip
                    # The same start twice: the longer one holds.
                    found[told.key] = max(found.get(told.key, told), told, key=lambda one: (one.span, one.hash))
        return found.values()
