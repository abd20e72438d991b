"""Carrying out a plan: one booking and one diary at a time, each step safe to repeat, none after the lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.spaces.agreement.calendar import Calendar, ChangedThere, Silent, There
from services.spaces.agreement.diff import Plan
from services.spaces.agreement.model import Feed, Reading
from services.spaces.agreement.ours import CONFIRM, FORGET, NOTE, THEIRS, Step, as_shown, hash_of
from services.spaces.agreement.ports import BookingDesk, Cases, DiaryDesk, Places, Written
from services.spaces.bookings.model import Booking
from shared.clock import Clock
from shared.telemetry import log

#: Entries of ours written in one reading; the rest follows at once in the next.
MOST_WRITES = 100
_BEFORE_DIARIES = frozenset({"calendar_busy", "ours_removed_by_them", "ours_changed_by_them"})
_NOTES = frozenset({CONFIRM, NOTE, FORGET, "ours_adopted"})


class Overtaken(Exception):
    """The lease is over: nothing more may be written."""


@dataclass
class Work:
    """One reading under way."""

    feed: Feed
    reading: Reading
    alarm: timedelta
    #: Something was written on our side, or may have been.
    wrote: bool = False
    #: Something was written on theirs, or may have been.
    wrote_there: bool = False
    #: Somebody changed an entry under our hands, or more is left to do.
    again: bool = False
    #: Why our entries could not be written there, though the calendar was read.
    trouble: str | None = None
    differences: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Doing:
    """Whoever acts on a plan."""

    places: Places
    desk: BookingDesk
    diary: DiaryDesk
    cases: Cases
    written: Written
    clock: Clock

    def carry_out(self, work: Work, plan: Plan, ours: Mapping[str, Booking], calendar: Calendar) -> None:
        """Do what the plan says, in its order; note in ``work`` what came of it. Raises ``Overtaken``."""
        if plan.is_empty:
            return
        work.wrote = True
        for step in plan.steps:
            if step.name in _BEFORE_DIARIES:
                self._may_write(work)
                self._take_note(step, ours[step.booking_id])
        root = self.places.place(work.feed.space_id).root
        for day in plan.days:
            self._may_write(work)
            self.diary.agree(root, day, plan.put.get(day, ()), plan.gone.get(day, ()))
        left = MOST_WRITES
        done = dict(plan.differences)
        for step in plan.steps:
            if step.name in _BEFORE_DIARIES:
                continue
            if step.name not in _NOTES:
                left -= 1
            if left < 0 or (work.trouble is not None and step.name not in _NOTES):
                work.again = True
                done[step.name] -= 1
                continue
            self._may_write(work)
            work.wrote_there = work.wrote_there or step.name not in _NOTES
            try:
                self._bring_over(step, ours[step.booking_id], calendar)
            except ChangedThere:
                log.info("changed_there", feed=work.feed.id, booking=step.booking_id, step=step.name)
                work.again = True
                done[step.name] -= 1
            except Silent as silent:
                # What was read is in the diaries, and is as fresh as it can be; only our own entries must wait.
                log.warning("feed_not_written", feed=work.feed.id, reason=silent.reason, why=str(silent))
                work.again, work.trouble = True, silent.reason
                done[step.name] -= 1
        work.differences = {name: count for name, count in done.items() if count > 0}

    def _take_note(self, step: Step, booking: Booking) -> None:
        """Deal with what the facility did to a booking of ours."""
        if step.name == "calendar_busy":
            self.desk.refuse(booking.id, "calendar_busy")
            return
        self.cases.open_for(booking.id, step.name)
        mark = booking.calendar
        assert mark is not None  # noqa: S101  (the diff plans for marked bookings only)
        sequence = max(mark.sequence, booking.sequence)
        if step.name == "ours_removed_by_them":
            noted = mark.hash or hash_of(booking)
            self.desk.note_written(booking.id, sequence=sequence, hash_=noted, href="", etag="")
        elif step.seen is not None:
            noted = THEIRS + step.seen.hash
            self.desk.note_written(
                booking.id, sequence=sequence, hash_=noted, href=step.seen.href, etag=step.seen.etag
            )

    def _bring_over(self, step: Step, booking: Booking, calendar: Calendar) -> None:
        """Bring one booking and its entry together; raise ``ChangedThere``."""
        seen = step.seen
        if step.name == FORGET:
            self.desk.note_unwritten(booking.id)
            return
        if step.name == "ours_to_remove" and seen is not None:
            calendar.remove(There(seen.href, seen.etag))
            self.desk.note_unwritten(booking.id)
            return
        mark = booking.calendar
        known = -1 if mark is None else mark.sequence
        # A reader believes the higher SEQUENCE (RFC 5545 3.8.7.4): ours is never below what stands there.
        sequence = max(booking.sequence, known, 0 if seen is None else seen.sequence)
        there = None if seen is None else There(seen.href, seen.etag)
        if step.name in ("ours_to_write", "ours_to_change"):
            there = calendar.put(booking.id, self.written(as_shown(booking), sequence), there)
        if there is not None:
            self.desk.note_written(
                booking.id, sequence=sequence, hash_=hash_of(booking), href=there.href, etag=there.etag
            )
        if step.confirm:
            self.desk.confirm(booking.id)

    def _may_write(self, work: Work) -> None:
        if self.clock.now() >= work.reading.until:
            raise Overtaken(f"{work.feed.id}: reading {work.reading.number}")
