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
from services.spaces.agreement.calendar import MOST_SEEN, Adapter, Answer, Question, Silent, Unchanged
from services.spaces.agreement.doing import Doing, Overtaken, Work
from services.spaces.agreement.model import HORIZON_DAYS, Feed, Reading
from services.spaces.agreement.ours import Theirs, wants_a_look
from services.spaces.agreement.ports import BookingDesk, Bookings, Cases, Diaries, DiaryDesk, NoCases, Places, Written
from services.spaces.agreement.storage import Feeds
from services.spaces.bookings.model import Booking
from services.spaces.diary.model import FEED, Claim
from services.spaces.spans import Span
from shared.clock import Clock, kst_day, start_of_kst_day
from shared.errors import Conflict, NotFound, Unavailable
from shared.telemetry import log, metrics

#: Seconds that one calendar may take in all, usually, and once it needs time (``Feed.needs_time``): the first reading of
#: a large one takes long. Both end before the lease.
PATIENCE, LONG_PATIENCE = 10.0, 150.0
#: Of the UID of everything we write (Booking.uid).
OUR_UIDS = "@sipbun"


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
        if len(feed.unfinished) > 1:
            self._note_silence(feed, alarm)
        work = Work(feed, reading, alarm)
        try:
            patience = LONG_PATIENCE if feed.needs_time else PATIENCE
            return self._read(work, patience if seconds is None else seconds)
        except (Silent, Unavailable, Conflict, Overtaken) as error:
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

    def _read(self, work: Work, seconds: float) -> dict[str, int] | None:
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
            doing = Doing(self.places, self.desk, self.diary, self.cases, self.written, self.clock)
            doing.carry_out(work, plan, ours, calendar)
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
        waiting = [booking for booking in ours.values() if wants_a_look(booking)]
        days = sorted({day for booking in waiting if booking.in_calendar for day in booking.span.days})
        base, others = self._base(feed, days)
        return diff.plan(
            room=_room(feed, writes=writes),
            base=base,
            others=others,
            ours=ours.values(),
            theirs=Theirs(kept=diff.Everything()),
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
            theirs=Theirs(answer.seen, answer.kept, answer.unread, answer.unread_uids, answer.partial),
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

    # How it ends.

    def _end(self, work: Work, cursor: str, kept: bytes) -> dict[str, int] | None:
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

    def _note_silence(self, feed: Feed, alarm: timedelta) -> None:
        """Raise the alarm for a feed whose readers die over it, and so never say that they failed."""
        now = self.clock.now()

        def decide(known: Feed) -> dict[str, str]:
            known.note_silence(now, alarm)
            return {}

        self.feeds.act(None, feed.id, decide)

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


_REASONS: Mapping[type[Exception], str] = {
    Unavailable: "database_away",
    Conflict: "changed_meanwhile",
    Overtaken: "too_slow",
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
