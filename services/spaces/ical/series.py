"""All times of one UID within a window: the event, what repeats it, and what replaces single times of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo

from services.spaces.ical.events import Event, Notes
from services.spaces.ical.model import CANCELLED, CLAIMS_NOTHING, SKIPPED, Occurrence, hash_of
from services.spaces.ical.rules import Budget, Rule, TooMany
from services.spaces.ical.values import DATE, FLOATING, Length, Moment
from services.spaces.ical.zones import instant, wall
from services.spaces.spans import Span
from shared.clock import iso

#: Wall clocks of two zones are never further apart, and no change of clocks is longer.
_SLACK = timedelta(days=2)


class Series:
    """One UID: the event that repeats (if the file has it), and the ones that replace times of it, the newest last."""

    def __init__(
        self, master: Event | None, overrides: Iterable[Event], *, window: Span, default: tzinfo, notes: Notes,
        budget: Budget,
    ) -> None:
        self._master, self._window, self._default = master, window, default
        self._notes, self._budget = notes, budget
        self._singles: dict[datetime, Event] = {}
        ranges: dict[datetime, Event] = {}
        for event in overrides:
            chosen, at = ranges if event.onwards else self._singles, self._replaced(event)
            if at in chosen:
                notes.note(event.uid, "superseded", "RECURRENCE-ID", chosen[at].number)
            if event.rules or event.more:
                # It is one time of a set, and has no set of its own (3.8.4.4).
                notes.note(event.uid, "rule_in_override", "RRULE", event.number)
            chosen[at] = event
        #: In order; each holds until the next (RFC 5545 3.2.13).
        self._ranges = sorted(ranges.items(), key=lambda pair: pair[0])
        self._starts = [at for at, _ in self._ranges]

    def occurrences(self) -> Iterator[Occurrence]:
        """Yield what overlaps the window, in no order, each time once."""
        if self._master is None:
            yield from self._orphans()
            return
        instants, days = self._left_out(self._master)
        seen: set[datetime] = set()
        repeated = bool(self._master.rules or self._master.more)
        for on_wall, own_length in sorted(self._walls(self._master).items()):
            at = instant(on_wall, self._master_start.zone)
            if at in seen or at in instants or on_wall.date() in days or at in self._singles:
                continue
            seen.add(at)
            governing = self._governing(at)
            if governing is not None and governing[0] == at:
                continue
            event = self._master if governing is None else governing[1]
            start, end = self._moved(event, on_wall, None if governing is None else governing[0], own_length)
            yield from self._told(event, iso(at) if repeated else "", start, end)
        for at, event in [*self._singles.items(), *((at, e) for at, e in self._ranges if at not in self._singles)]:
            # What EXDATE leaves out is not in the set (3.8.5.1), whoever replaced it before.
            if at not in instants and wall(at, self._master_start.zone).date() not in days:
                yield from self._replacing(event, at)

    @property
    def _master_start(self) -> Moment:
        assert self._master is not None and self._master.start is not None  # noqa: S101, PT018 - only an override lacks it
        return self._master.start

    def _orphans(self) -> Iterator[Occurrence]:
        for at, event in self._ranges:
            self._notes.note(event.uid, "range_without_master", "RECURRENCE-ID", event.number)
            yield from self._replacing(event, at)
        for at, event in self._singles.items():
            yield from self._replacing(event, at)

    def _replaced(self, event: Event) -> datetime:
        """Return which time an override replaces, UTC; of another kind than DTSTART it is read as DTSTART's."""
        told = event.replaces
        assert told is not None  # noqa: S101 - an override has it
        if self._master is None:
            return told.at
        start = self._master_start
        if (told.kind == DATE) != (start.kind == DATE):
            self._notes.note(event.uid, "mixed_kinds", "RECURRENCE-ID", event.number)
        return instant(self._as_start(told), start.zone)

    def _as_start(self, told: Moment) -> datetime:
        """Return a value on the master's wall: a date at its time of day, a time of an all-day event on its day."""
        start = self._master_start
        if start.kind == DATE:
            on_wall = told.wall if told.kind in (DATE, FLOATING) else wall(told.at, start.zone)
            return datetime.combine(on_wall.date(), start.wall.time())
        if told.kind == DATE:
            return datetime.combine(told.wall.date(), start.wall.time())
        # A floating time beside a time in a zone must be meant by the same clock.
        return told.wall if told.kind == FLOATING else wall(told.at, start.zone)

    def _left_out(self, master: Event) -> tuple[set[datetime], set[date]]:
        instants, days = set(), set()
        start = self._master_start
        for told, line in master.less:
            if told.kind == DATE and start.kind != DATE:
                # EXDATE should be of DTSTART's kind; a bare day is meant to leave out that day's.
                self._notes.note(master.uid, "mixed_kinds", "EXDATE", line.number)
                days.add(told.wall.date())
                continue
            if start.kind == DATE and told.kind != DATE:
                self._notes.note(master.uid, "mixed_kinds", "EXDATE", line.number)
            instants.add(instant(self._as_start(told), start.zone))
        return instants, days

    def _walls(self, master: Event) -> dict[datetime, Length | None]:
        """Return every start on the master's wall that may matter to the window, with a length of its own if it has one."""
        start = self._master_start
        if not master.rules and not master.more:
            return {start.wall: None}
        first, last = self._bounds(master)
        walls: dict[datetime, Length | None] = {}
        begins = True
        for line in master.rules:
            try:
                rule = Rule.read(line.value)
                end = rule.end(zone=start.zone, all_day=start.kind == DATE, default=self._default)
                if end.mixed:
                    self._notes.note(master.uid, "mixed_kinds", "RRULE", line.number)
                if rule.odd_count:
                    self._notes.note(master.uid, "bad_count", "RRULE", line.number)
                if not end.within(start.wall):
                    # How calendars cut a series off before its first time: DTSTART is not in it then.
                    self._notes.note(master.uid, "until_before_start", "RRULE", line.number, CLAIMS_NOTHING)
                    begins = False
                for at in rule.walls(
                    start.wall, start.zone, end=end, first=first, last=last, all_day=start.kind == DATE,
                    budget=self._budget,
                ):  # fmt: skip
                    walls[at] = None
            except TooMany:
                self._notes.note(master.uid, "too_many", "RRULE", line.number, SKIPPED)
            except (ValueError, OverflowError):
                self._notes.note(master.uid, "bad_rule", "RRULE", line.number, SKIPPED)
        if begins:
            # DTSTART is the first of the set, in step with the rule or not (3.8.5.3).
            walls.setdefault(start.wall, None)
        for told, length, line in master.more:
            if length is None and (told.kind == DATE) != (start.kind == DATE):
                self._notes.note(master.uid, "mixed_kinds", "RDATE", line.number)
            walls[self._as_start(told)] = length
        return walls

    def _bounds(self, master: Event) -> tuple[datetime, datetime]:
        """Return from when until when, on the master's wall, a start can matter, moved ones included."""
        longest = max(
            [event.length.about for _, event in self._ranges]
            + [length.about for _, length, _ in master.more if length is not None]
            + [master.length.about]
        )
        shifts = [self._shift(event, at) for at, event in self._ranges]
        early, late = min([timedelta(0), *shifts]), max([timedelta(0), *shifts])
        zone = self._master_start.zone
        return (
            wall(self._window.start, zone) - longest - late - _SLACK,
            wall(self._window.end, zone) - early + _SLACK,
        )

    def _governing(self, at: datetime) -> tuple[datetime, Event] | None:
        index = bisect_right(self._starts, at)
        return self._ranges[index - 1] if index else None

    def _shift(self, event: Event, replaced: datetime) -> timedelta:
        """Return by how much a range moves each later time: as the hands of the master's clock were moved.

        "The same time difference" (3.2.13) by the clock on the wall: a class moved from ten to twelve stays at twelve
        when the clocks change.
        """
        if event.start is None:
            return timedelta(0)
        zone = self._master_start.zone
        on_wall = event.start.wall if event.start.kind in (DATE, FLOATING) else wall(event.start.at, zone)
        return on_wall - wall(replaced, zone)

    def _moved(
        self, event: Event, on_wall: datetime, replaced: datetime | None, own_length: Length | None
    ) -> tuple[datetime, datetime]:
        zone = self._master_start.zone
        length = event.length
        if replaced is not None:
            on_wall += self._shift(event, replaced)
            if event.start is None and self._master is not None:
                length = self._master.length
        return instant(on_wall, zone), (own_length or length).after(on_wall, zone)

    def _replacing(self, event: Event, at: datetime) -> Iterator[Occurrence]:
        """Yield the one time that an override speaks of."""
        if event.start is not None:
            start = event.start
            yield from self._told(event, iso(at), start.at, event.length.after(start.wall, start.zone))
        elif self._master is not None:
            # A cancellation need not say when it would have been: then it is where it was.
            before = [pair for pair in self._ranges if pair[0] < at and pair[1] is not event]
            governing = before[-1] if before else None
            start_, end = self._moved(
                self._master if governing is None else governing[1],
                wall(at, self._master_start.zone), None if governing is None else governing[0], None,
            )  # fmt: skip
            yield from self._told(event, iso(at), start_, end)
        else:
            self._notes.note(event.uid, "no_start", "DTSTART", event.number, SKIPPED)

    def _told(self, event: Event, occurrence: str, start: datetime, end: datetime) -> Iterator[Occurrence]:
        if end <= start:
            self._notes.note(event.uid, "no_length", "DTEND", event.number, CLAIMS_NOTHING)
            return
        span = Span(start, end)
        if not span.overlaps(self._window):
            return
        status = event.status
        if self._master is not None and self._master.status == CANCELLED and event.sequence < self._master.sequence:
            # All of it was cancelled after this time had been replaced (RFC 5546 3.2.5).
            status = CANCELLED
        busy = status != CANCELLED and not event.transparent
        yield Occurrence(
            event.uid, occurrence, span, busy, status == CANCELLED, event.sequence,
            hash_of(span, busy=busy, status=status),
        )  # fmt: skip
