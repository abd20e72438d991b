"""A resident's record with one tenant's rooms. Pure: no I/O, no clock, no framework; time and ids come in.

    strike:  counted --excuse--> excused --accepted--> cleared
                ^  |                +------refused---> counted (may be appealed)
                |  +--appeal--> appealed --accepted, or not answered in time--> cleared
                +-------refused----+
             counted --forgiven (good visits in a row) | corrected (an officer)--> cleared

There is a record only for who missed a booking; visits are noted only while a strike counts. What somebody wrote is kept
until it is answered, and never for long. A strike under appeal has no effect until it is decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import NotFound, Refused
from shared.events import spaces as events

COUNTED, EXCUSED, APPEALED, CLEARED = "counted", "excused", "appealed", "cleared"
CLEARED_BY_EXCUSE, CLEARED_BY_APPEAL, FORGIVEN, CORRECTED = "excuse", "appeal", "forgiven", "corrected"
WARNING, LIMITED, SUSPENDED = 1, 2, 3
#: Why somebody did not come.
REASONS = ("ill", "emergency", "transport", "facility_closed", "was_there", "other")
#: Strikes kept.
MOST_STRIKES = 20
#: Looks by staff kept: who, when, why.
MOST_LOOKS = 50


@dataclass(frozen=True)
class Policy:
    """What follows from a no-show, and how it passes."""

    #: Days for which a strike counts.
    counts_for: int = 90
    #: With two strikes: bookings at most so many days ahead, for so many days after the second.
    limited_ahead: int = 7
    limited_for: int = 30
    #: With three: no bookings for so many days after the last.
    suspended_for: int = 14
    #: Days in which a no-show can be excused, and in which it can be contested.
    excuse_within: int = 7
    appeal_within: int = 30
    #: Days in which an appeal must be answered; unanswered it is decided for the resident.
    answer_within: int = 14
    #: Days after which an unanswered text is dropped.
    text_kept: int = 90
    #: Visits in a row for which the oldest strike is forgiven.
    forgiven_after: int = 5


@dataclass(frozen=True)
class Strike:
    """A booking that nobody came to. ``at``: when it began; ``struck_at``: when the record learnt of it."""

    booking_id: str
    space_id: str
    facility_id: str
    district: str
    at: datetime
    struck_at: datetime
    state: str = COUNTED
    #: Why it is cleared.
    how: str | None = None
    #: What the resident gave as their reason: a code, and words for as long as somebody has to read them.
    reason: str | None = None
    text: str = ""
    text_until: datetime | None = None
    excuse_refused: bool = False
    #: When the excuse was refused.
    refused_at: datetime | None = None
    appeal_refused: bool = False
    #: Until when an appeal must be answered.
    deadline: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it has effect: not while it is under appeal."""
        return self.state in (COUNTED, EXCUSED)


@dataclass(frozen=True)
class Standing:
    """Where a resident stands. ``level`` 0 to 3; ``until`` None for nothing and for a warning."""

    level: int = 0
    until: datetime | None = None


@dataclass(frozen=True)
class Visit:
    """A booking that somebody came to."""

    booking_id: str
    at: datetime


@dataclass(frozen=True)
class Look:
    """Who of the staff read the record, and why."""

    who: str
    at: datetime
    why: str


@dataclass(kw_only=True)
class Record(Aggregate):
    """One resident's no-shows. Its id is ``tenant:resident``."""

    resident_id: str
    strikes: tuple[Strike, ...] = ()
    #: Visits since the last strike or forgiveness, fewer than are needed for the next.
    visits: tuple[Visit, ...] = ()
    #: Visits until then are spent.
    spent_until: datetime | None = None
    looks: tuple[Look, ...] = ()
    policy: Policy = field(default_factory=Policy, repr=False)

    @staticmethod
    def id_of(tenant: str, resident_id: str) -> str:
        """Return the id of a resident's record with a tenant."""
        return f"{tenant}:{resident_id}"

    def standing(self, now: datetime) -> Standing:
        """Return where the resident stands: from the strikes that count, and how long ago the last one was."""
        since = now - timedelta(days=self.policy.counts_for)
        counted = sorted(strike.at for strike in self.strikes if strike.counts and strike.at > since)
        if not counted:
            return Standing()
        suspended = counted[-1] + timedelta(days=self.policy.suspended_for)
        limited = counted[-1] + timedelta(days=self.policy.limited_for)
        if len(counted) >= SUSPENDED and now < suspended:
            return Standing(SUSPENDED, suspended)
        if len(counted) >= LIMITED and now < limited:
            return Standing(LIMITED, limited)
        return Standing(WARNING)

    @property
    def due(self) -> datetime | None:
        """When something must be done: an appeal overdue, or a text kept for long enough."""
        waits = [strike.deadline for strike in self.strikes if strike.deadline is not None]
        texts = [strike.text_until for strike in self.strikes if strike.text_until is not None]
        return min(waits + texts, default=None)

    @property
    def waits(self) -> tuple[str, ...]:
        """Who has something to answer: ``excuse:<facility>``, ``appeal:<tenant>``."""
        excuses = [f"excuse:{strike.facility_id}" for strike in self.strikes if strike.state == EXCUSED]
        appeals = [f"appeal:{self.tenant}" for strike in self.strikes if strike.state == APPEALED]
        return tuple(dict.fromkeys(excuses + appeals))

    def may_book(self, start: datetime, now: datetime) -> None:
        """Raise ``Refused`` ``conduct_suspended`` or ``conduct_limited``."""
        standing = self.standing(now)
        if standing.until is None:
            return
        until = iso(standing.until)
        if standing.level == SUSPENDED:
            raise Refused("conduct_suspended", field="resident_id", until=until)
        ahead = self.policy.limited_ahead
        if start > now + timedelta(days=ahead):
            raise Refused("conduct_limited", field="start", days=ahead, until=until)

    def strike(self, strike: Strike, now: datetime) -> None:
        """Nobody came. The same booking is struck once; only what is recent enough to count is said."""
        if any(known.booking_id == strike.booking_id for known in self.strikes):
            return
        kept = sorted((*self.strikes, strike), key=lambda one: (one.at, one.booking_id))[-MOST_STRIKES:]
        self.strikes = tuple(kept)
        self.visits = tuple(visit for visit in self.visits if visit.at > strike.at)
        standing = self.standing(now)
        if strike not in kept or standing.level == 0:
            return
        self.say(
            events.CONDUCT_STRUCK.fact(
                **self._named(strike.booking_id),
                level=standing.level,
                until=None if standing.until is None else iso(standing.until),
                excuse_until=iso(self.excuse_until(strike)),
            )
        )

    def excuse_until(self, strike: Strike) -> datetime:
        """Return until when a strike can be excused."""
        return strike.struck_at + timedelta(days=self.policy.excuse_within)

    def visit(self, visit: Visit) -> None:
        """Somebody came. Enough visits in a row, and the oldest strike that counts is forgiven."""
        since = visit.at - timedelta(days=self.policy.counts_for)
        counted = [strike for strike in self.strikes if strike.state == COUNTED and strike.at > since]
        last = max((strike.at for strike in self.strikes if strike.counts), default=None)
        if not counted or last is None or visit.at <= max(last, self.spent_until or last):
            return
        if any(known.booking_id == visit.booking_id for known in self.visits):
            return
        self.visits = tuple(sorted((*self.visits, visit), key=lambda one: one.at))
        if len(self.visits) >= self.policy.forgiven_after:
            self.spent_until, self.visits = self.visits[-1].at, ()
            self._clear(counted[0].booking_id, FORGIVEN)

    def excuse(self, booking_id: str, reason: str, text: str, now: datetime) -> None:
        """The resident says why nobody came; it is the facility's to accept."""
        strike = self.find(booking_id)
        if strike.state != COUNTED or strike.excuse_refused:
            raise Refused("strike_not_excusable", field="booking_id", state=strike.state)
        until = self.excuse_until(strike)
        if now >= until:
            raise Refused("excuse_too_late", field="booking_id", until=iso(until))
        self._put(
            replace(strike, state=EXCUSED, reason=reason, text=text, text_until=self._text_until(text, now))
        )

    def answer_excuse(self, booking_id: str, now: datetime, *, accept: bool) -> None:
        """The facility accepts an excuse or not; what was written is dropped."""
        strike = self.find(booking_id)
        if strike.state != EXCUSED:
            raise Refused("nothing_to_answer", field="booking_id", state=strike.state)
        if accept:
            self._clear(booking_id, CLEARED_BY_EXCUSE)
            return
        self._put(_answered(strike, excuse_refused=True, refused_at=now))
        self.say(events.CONDUCT_ANSWERED.fact(**self._named(booking_id), what="excuse"))

    def appeal(self, booking_id: str, text: str, now: datetime) -> None:
        """The resident contests a wrong record, a refused excuse or one that nobody answers; once.

        Until it is decided the strike has no effect.
        """
        strike = self.find(booking_id)
        if strike.state not in (COUNTED, EXCUSED) or strike.appeal_refused:
            raise Refused("strike_not_contestable", field="booking_id", state=strike.state)
        until = (strike.refused_at or strike.struck_at) + timedelta(days=self.policy.appeal_within)
        if now >= until:
            raise Refused("appeal_too_late", field="booking_id", until=iso(until))
        deadline = now + timedelta(days=self.policy.answer_within)
        kept = self._text_until(text, now)
        self._put(replace(strike, state=APPEALED, text=text, text_until=kept, deadline=deadline))
        self.say(events.CONDUCT_APPEALED.fact(**self._named(booking_id), deadline=iso(deadline)))

    def answer_appeal(self, booking_id: str, *, accept: bool) -> None:
        """An officer decides an appeal; what was written is dropped."""
        strike = self.find(booking_id)
        if strike.state != APPEALED:
            raise Refused("nothing_to_answer", field="booking_id", state=strike.state)
        if accept:
            self._clear(booking_id, CLEARED_BY_APPEAL)
            return
        self._put(_answered(strike, appeal_refused=True))
        self.say(events.CONDUCT_ANSWERED.fact(**self._named(booking_id), what="appeal"))

    def correct(self, booking_id: str) -> None:
        """The record was wrong: somebody did come."""
        if self.find(booking_id).how in (None, FORGIVEN):
            self._clear(booking_id, CORRECTED)

    def pass_time(self, now: datetime) -> None:
        """Decide overdue appeals for the resident, and drop what was written long ago."""
        for strike in self.strikes:
            if strike.deadline is not None and now >= strike.deadline:
                self._clear(strike.booking_id, CLEARED_BY_APPEAL)
            elif strike.text_until is not None and now >= strike.text_until:
                self._put(replace(strike, text="", text_until=None))

    def note_look(self, look: Look) -> None:
        """Somebody of the staff read it; the resident sees who and why."""
        self.looks = (*self.looks, look)[-MOST_LOOKS:]

    def find(self, booking_id: str) -> Strike:
        """Return the strike of a booking; raise ``NotFound`` ``no_such_strike``."""
        found = next((strike for strike in self.strikes if strike.booking_id == booking_id), None)
        if found is None:
            raise NotFound("no_such_strike", field="booking_id", id=booking_id)
        return found

    def _clear(self, booking_id: str, how: str) -> None:
        self._put(_answered(self.find(booking_id), state=CLEARED, how=how))
        self.say(events.CONDUCT_CLEARED.fact(**self._named(booking_id), how=how))

    def _put(self, strike: Strike) -> None:
        self.strikes = tuple(strike if known.booking_id == strike.booking_id else known for known in self.strikes)

    def _text_until(self, text: str, now: datetime) -> datetime | None:
        return now + timedelta(days=self.policy.text_kept) if text else None

    def _named(self, booking_id: str) -> dict[str, Any]:
        return {"record_id": self.id, "resident_id": self.resident_id, "booking_id": booking_id}


def _answered(strike: Strike, **changes: Any) -> Strike:
    """Return the strike with nothing to answer any more."""
    return replace(strike, **{"state": COUNTED, "text": "", "text_until": None, "deadline": None, **changes})
