"""One reading: look at a facility's calendar, name the differences, put both sides right.

    begin (lease) --> read --> unchanged? only what our side wants
                       |       else diff(base, ours, theirs)
                       v
        refusals -> cases -> diaries, a day each -> our entries there, one by one --> end (cursor, facts)

Killed anywhere, the next reading is whole and finds what is left to do; done twice, nothing changes. Bookings are
loaded before the calendar is read: what a booking notes of the calendar was then there before we looked, so that
"it is gone" is never a race of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.spaces.agreement import diff, shelf
from services.spaces.agreement.calendar import (
    MOST_SEEN,
    Adapter,
    Answer,
    Calendar,
    ChangedThere,
    Question,
    Silent,
    There,
    Unchanged,
)
from services.spaces.agreement.model import HORIZON_DAYS, Feed, Reading
from services.spaces.agreement.ports import BookingDesk, Bookings, Cases, Diaries, DiaryDesk, NoCases, Places, Written
from services.spaces.agreement.storage import Feeds
from services.spaces.bookings.model import Booking
from services.spaces.diary.model import FEED, Claim
from services.spaces.spans import Span
from shared.clock import Clock, kst_day, start_of_kst_day
from shared.errors import Conflict, NotFound, Unavailable
from shared.telemetry import log, metrics

#: Seconds that one calendar may take in all, when it answered last time, and when it did not: the first reading of a
#: large one takes long. Both end before the lease.
PATIENCE, LONG_PATIENCE = 10.0, 150.0
#: Entries of ours written in one reading; the rest follows at once in the next.
MOST_WRITES = 100
#: Of the UID of everything we write (Booking.uid).
OUR_UIDS = "@sipbun"


class _Overtaken(Exception):
    """The lease is over: nothing more may be written."""


@dataclass
class _Work:
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
class Reader:
    """Reads feeds."""

    feeds: Feeds
    places: Places
    bookings: Bookings
    desk: BookingDesk
    diaries: Diaries
    diary: DiaryDesk
    adapters: Mapping[str, Adapter]
    written: Written
    clock: Clock
    cases: Cases = field(default_factory=NoCases)

    def reconcile(self, feed_id: str, *, asked: bool = False, seconds: float | None = None) -> dict[str, int] | None:
        """Read one feed if it is due, or ``asked`` for; return the differences, or None when it was not read."""
        begun = self._begin(feed_id, asked=asked)
        if begun is None:
            return None
        feed, reading = begun
        try:
            alarm = timedelta(minutes=self.places.place(feed.space_id).facility.policy.alarm_minutes)
        except NotFound as error:
            self._fail(feed, reading, error.code, wrote=False, alarm=None)
            return None
        work = _Work(feed, reading, alarm)
        try:
            patience = LONG_PATIENCE if feed.slow else PATIENCE
            return self._read(work, patience if seconds is None else seconds)
        except (Silent, Unavailable, Conflict, _Overtaken) as error:
            reason = error.reason if isinstance(error, Silent) else _REASONS[type(error)]
            log.warning("feed_not_read", feed=feed_id, reason=reason, why=str(error), wrote=work.wrote)
            self._fail(feed, work.reading, reason, wrote=work.wrote, alarm=alarm)
            if isinstance(error, Unavailable | Conflict):
                raise
            return None

    def _begin(self, feed_id: str, *, asked: bool) -> tuple[Feed, Reading] | None:
        begun: list[tuple[Feed, Reading]] = []

        def begin(feed: Feed) -> dict[str, str]:
            begun.clear()
            reading = feed.begin_reading(self.clock.now(), asked=asked)
            if reading is not None:
                begun.append((feed, reading))
            return {}

        self.feeds.act(None, feed_id, begin)
        return begun[0] if begun else None

    def _read(self, work: _Work, seconds: float) -> dict[str, int] | None:
        feed, reading = work.feed, work.reading
        adapter = self.adapters[feed.adapter]
        ours = {booking.id: booking for booking in self.bookings.watched(feed.id)}
        marks = {
            (mark.href, mark.etag)
            for booking in ours.values()
            if (mark := booking.calendar) is not None and mark.hash and mark.href and mark.etag
        }
        known = shelf.Shelf(feed.shelf)
        window = self._window(feed, reading)
        question = Question(window)
        if not reading.whole:
            question = Question(
                window, feed.cursor, lambda href, etag: (href, etag) in marks or known.has(href, etag)
            )
        with adapter.open(feed, seconds) as calendar:
            answer = calendar.read(question)
            if isinstance(answer, Unchanged):
                plan = self._plan_ours(feed, ours, window, writes=adapter.writes)
            else:
                if len(answer.seen) > MOST_SEEN:
                    raise Silent("too_many_events", str(len(answer.seen)))
                ours |= self._strays(answer, ours)
                plan = self._plan(feed, ours, answer, window, writes=adapter.writes)
            self._carry_out(work, plan, ours, calendar)
        kept = feed.shelf if isinstance(answer, Unchanged) else _on_the_shelf(answer, ours, known, whole=reading.whole)
        return self._end(work, "" if work.again or work.wrote_there else answer.cursor, kept)

    def _window(self, feed: Feed, reading: Reading) -> Span:
        """Return the days that are read: from today, and as far as the last whole reading went."""
        today = kst_day(reading.began)
        horizon = today if reading.whole or feed.whole_at is None else kst_day(feed.whole_at)
        return Span(start_of_kst_day(today), start_of_kst_day(horizon + timedelta(days=HORIZON_DAYS)))

    # What to do.

    def _plan_ours(self, feed: Feed, ours: Mapping[str, Booking], window: Span, *, writes: bool) -> diff.Plan:
        """Return what our side alone wants: their side is as noted, and no more of it is loaded than needed."""
        waiting = [booking for booking in ours.values() if diff.wants_a_look(booking)]
        days = sorted({day for booking in waiting if booking.in_calendar for day in booking.span.days})
        base, others = self._base(feed, days)
        return diff.plan(
            room=_room(feed, writes=writes),
            base=base,
            others=others,
            ours=ours.values(),
            theirs=diff.Theirs(kept=diff.Everything()),
            window=window,
            now=self.clock.now(),
        )

    def _plan(
        self, feed: Feed, ours: Mapping[str, Booking], answer: Answer, window: Span, *, writes: bool
    ) -> diff.Plan:
        base, others = self._base(feed, window.days)
        return diff.plan(
            room=_room(feed, writes=writes),
            base=base,
            others=others,
            ours=ours.values(),
            theirs=diff.Theirs(answer.seen, answer.kept, answer.unread, answer.unread_uids, answer.partial),
            window=window,
            now=self.clock.now(),
        )

    def _base(self, feed: Feed, days: Sequence[date]) -> tuple[dict[date, dict[str, Claim]], list[Claim]]:
        """Return this feed's claims by day, and those of other feeds on the same root."""
        base: dict[date, dict[str, Claim]] = {}
        others: list[Claim] = []
        for diary in self.diaries.of([feed.root_id], days).values():
            for claim in diary.claims.values():
                if claim.kind != FEED or claim.entry is None:
                    continue
                if claim.entry.feed_id == feed.id:
                    base.setdefault(diary.day, {})[claim.id] = claim
                else:
                    others.append(claim)
        return base, others

    def _strays(self, answer: Answer, ours: Mapping[str, Booking]) -> dict[str, Booking]:
        """Return bookings that their calendar shows and that nobody watches: ended ones, or another calendar's."""
        shown = {seen.uid.removesuffix(OUR_UIDS) for seen in answer.seen if seen.uid.endswith(OUR_UIDS)}
        return self.bookings.get_many(sorted(shown - set(ours)))

    # Doing it.

    def _carry_out(self, work: _Work, plan: diff.Plan, ours: Mapping[str, Booking], calendar: Calendar) -> None:
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

    def _take_note(self, step: diff.Step, booking: Booking) -> None:
        """Deal with what the facility did to a booking of ours."""
        if step.name == "calendar_busy":
            self.desk.refuse(booking.id, "calendar_busy")
            return
        self.cases.open_for(booking.id, step.name)
        mark = booking.calendar
        assert mark is not None  # noqa: S101  (the diff plans for marked bookings only)
        sequence = max(mark.sequence, booking.sequence)
        if step.name == "ours_removed_by_them":
            noted = mark.hash or diff.hash_of(booking)
            self.desk.note_written(booking.id, sequence=sequence, hash_=noted, href="", etag="")
        elif step.seen is not None:
            noted = diff.THEIRS + step.seen.hash
            self.desk.note_written(
                booking.id, sequence=sequence, hash_=noted, href=step.seen.href, etag=step.seen.etag
            )

    def _bring_over(self, step: diff.Step, booking: Booking, calendar: Calendar) -> None:
        """Bring one booking and its entry together; raise ``ChangedThere``."""
        seen = step.seen
        if step.name == diff.FORGET:
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
            there = calendar.put(booking.id, self.written(diff.as_shown(booking), sequence), there)
        if there is not None:
            self.desk.note_written(
                booking.id, sequence=sequence, hash_=diff.hash_of(booking), href=there.href, etag=there.etag
            )
        if step.confirm:
            self.desk.confirm(booking.id)

    def _may_write(self, work: _Work) -> None:
        if self.clock.now() >= work.reading.until:
            raise _Overtaken(f"{work.feed.id}: reading {work.reading.number}")

    def _end(self, work: _Work, cursor: str, kept: bytes) -> dict[str, int] | None:
        now = self.clock.now()
        ended: list[bool] = []

        def decide(feed: Feed) -> dict[str, str]:
            ended.append(
                feed.end_reading(
                    work.reading,
                    now,
                    cursor=cursor,
                    shelf=kept,
                    differences=work.differences,
                    again=work.again,
                    trouble=work.trouble,
                )
            )
            return {}

        self.feeds.act(None, work.feed.id, decide)
        metrics.CALENDAR_READINGS.labels(work.feed.adapter, "read" if ended[-1] else "overtaken").inc()
        return work.differences if ended[-1] else None

    def _fail(self, feed: Feed, reading: Reading, reason: str, *, wrote: bool, alarm: timedelta | None) -> None:
        now = self.clock.now()
        died: list[bool] = []

        def decide(known: Feed) -> dict[str, str]:
            was = known.died
            known.fail_reading(reading, now, reason, wrote=wrote, alarm=alarm)
            died.append(known.died and not was)
            return {}

        self.feeds.act(None, feed.id, decide)
        metrics.CALENDAR_READINGS.labels(feed.adapter, reason).inc()
        if died[-1]:
            log.error("feed_died", feed=feed.id, reason=reason)
            metrics.CALENDARS_DIED.labels(feed.adapter).inc()


_BEFORE_DIARIES = frozenset({"calendar_busy", "ours_removed_by_them", "ours_changed_by_them"})
_NOTES = frozenset({diff.CONFIRM, diff.NOTE, diff.FORGET, "ours_adopted"})
_REASONS: Mapping[type[Exception], str] = {
    Unavailable: "database_away",
    Conflict: "changed_meanwhile",
    _Overtaken: "too_slow",
}


def _room(feed: Feed, *, writes: bool) -> diff.Room:
    return diff.Room(feed.id, feed.space_id, feed.parts, writes)


def _on_the_shelf(answer: Answer, ours: Mapping[str, Booking], known: shelf.Shelf, *, whole: bool) -> bytes:
    """Return the shelf after this answer: what was read, and what was known; never ours, which bookings note."""
    our_uids = {booking.uid for booking in ours.values()}
    our_places = {seen.href for seen in answer.seen if seen.uid in our_uids}
    resources = []
    for href, etag in answer.listed.items():
        if href in answer.unread or href in our_places:
            continue
        if href not in answer.kept or (not whole and known.has(href, etag)):
            resources.append((href, etag))
    return shelf.written(resources)
