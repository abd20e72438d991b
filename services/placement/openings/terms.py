"""What an opening offers and asks, and the rules that terms must keep. Pure: time comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from services.placement.openings.scores import SCORE_RULES, Score
from services.placement.participation.wanted import ANYONE
from services.placement.wages.pay import won_for
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.events.placement import MODES
from shared.geo import Point

OFFICER, FIRST_COME, RANKED, DRAW = MODES
#: Modes in which candidates get an order once nobody can apply any more, and are asked in that order.
IN_ORDER = (RANKED, DRAW)

#: Places one opening may offer; a larger recruitment is several openings.
MOST_PLACES = 300
MOST_SHIFTS = 100
#: Short jobs run from 30 minutes to a month and more; a shift itself is at most a day's work with its breaks.
LONGEST_SHIFT = timedelta(hours=16)
#: Days within which all work of one opening lies, and within which it is over; limits are looked at day by day.
MOST_DAYS = 1_200
#: Minutes in which who is offered a place must confirm it: at least ten, at most a week; a day unless told.
LEAST_OFFER, MOST_OFFER, USUAL_OFFER = 10, 10_080, 1_440
#: A rehearsal's work may lie in the past; its places are given for so long after the deadline.
REHEARSED_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Shift:
    """A half-open span of work, UTC."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """Planned minutes; shifts begin and end on whole ones."""
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def days(self) -> tuple[date, ...]:
        """Every KST day it touches."""
        first, last = kst_day(self.start), kst_day(self.end - timedelta(milliseconds=1))
        return tuple(date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))


@dataclass(frozen=True)
class Workplace:
    """The public facility where the work is."""

    name: str
    address: str
    point: Point


@dataclass(frozen=True)
class Terms:
    """What an opening offers and asks."""

    title: str
    place: Workplace
    shifts: tuple[Shift, ...]
    places: int
    hourly_won: int
    mode: str
    deadline: datetime
    #: Of a rehearsal tenant (시연·훈련): its work may lie in the past, so that it can use the last known wage year.
    rehearsal: bool = False
    #: 동 of the place of work, as the town's list has it; None where it is not known.
    dong: str | None = None
    #: 예비: who got no place when it was filled waits for one that comes free.
    waitlist: bool = False
    #: Minutes in which an offer of a place must be confirmed.
    offer_minutes: int = USUAL_OFFER
    #: Of a ranked opening: the rules that give points, in the order in which they are explained.
    scores: tuple[Score, ...] = ()
    #: For whom the opening is; the programme must name the legal basis.
    target_group: str | None = None
    #: Whether one must be known to belong to whom it is for (``MEMBERSHIPS``); the limits may be stricter.
    membership: str = ANYONE

    @property
    def won_a_place(self) -> int:
        """What one place costs at most: the pay of its shifts, each rounded up to a whole won."""
        return sum(won_for(shift.minutes, self.hourly_won) for shift in self.shifts)

    @property
    def cost(self) -> int:
        """What the whole opening costs at most, in won."""
        return self.places * self.won_a_place

    @property
    def begins(self) -> datetime:
        """When the first shift starts."""
        return min(shift.start for shift in self.shifts)

    @property
    def ends(self) -> datetime:
        """When the last shift ends."""
        return max(shift.end for shift in self.shifts)

    @property
    def over(self) -> datetime:
        """From when on nobody is placed any more."""
        return max(self.ends, self.deadline + REHEARSED_FOR) if self.rehearsal else self.ends

    @property
    def goes_in_order(self) -> bool:
        """Whether candidates are ranked, or drawn, and asked in that order."""
        return self.mode in IN_ORDER

    def confirm_by(self, now: datetime) -> datetime:
        """Return until when an offer that is made now must be confirmed.

        Before the work begins if that is sooner, but never in less than ten minutes, and never after the work.
        """
        until = now + timedelta(minutes=self.offer_minutes)
        if now < self.begins:
            until = max(min(until, self.begins), now + timedelta(minutes=LEAST_OFFER))
        return min(until, self.over)


TermsRule = Callable[[Terms, datetime], Refused | None]


def has_places(terms: Terms, _now: datetime) -> Refused | None:
    """An opening offers at least one place."""
    if 1 <= terms.places <= MOST_PLACES:
        return None
    return Refused("places_out_of_range", field="places", least=1, most=MOST_PLACES)


def has_shifts(terms: Terms, now: datetime) -> Refused | None:
    """Work has a beginning and an end, and nobody is in two shifts at once."""
    if not 1 <= len(terms.shifts) <= MOST_SHIFTS:
        return Refused("shifts_out_of_range", field="shifts", least=1, most=MOST_SHIFTS)
    for number, shift in enumerate(terms.shifts):
        if not timedelta(0) < shift.end - shift.start <= LONGEST_SHIFT:
            return Refused("shift_too_long_or_empty", field=f"shifts.{number}.end", hours=16)
        if any(instant.second or instant.microsecond for instant in (shift.start, shift.end)):
            return Refused("shift_not_on_the_minute", field=f"shifts.{number}")
    ordered = sorted(terms.shifts, key=lambda shift: shift.start)
    if any(later.start < earlier.end for earlier, later in pairwise(ordered)):
        return Refused("shifts_overlap", field="shifts")
    if terms.ends - min(terms.begins, now) > timedelta(days=MOST_DAYS):
        return Refused("out_of_range", field="shifts", low=1, high=MOST_DAYS)
    return None


def work_lies_ahead(terms: Terms, now: datetime) -> Refused | None:
    """Work that is over can't be given any more; said before the deadline is, as no deadline would do."""
    if now < terms.ends or terms.rehearsal:
        return None
    return Refused("work_in_the_past", field="shifts.0.end", ends=iso(terms.shifts[0].end))


def deadline_lies_ahead(terms: Terms, now: datetime) -> Refused | None:
    """Applications can still come, and selection is over before the last shift is."""
    if terms.deadline <= now:
        return Refused("deadline_in_the_past", field="deadline", deadline=iso(terms.deadline))
    if terms.deadline > terms.ends and not terms.rehearsal:
        return Refused("deadline_after_work", field="deadline", ends=iso(terms.ends))
    return None


def mode_is_known(terms: Terms, _now: datetime) -> Refused | None:
    """Somebody selects, the first to come has the place, the best ranked, or who is drawn."""
    return None if terms.mode in MODES else Refused("mode_unknown", field="mode", modes=list(MODES))


def offers_can_be_confirmed(terms: Terms, _now: datetime) -> Refused | None:
    """Who is offered a place has time to answer, and does not block it for ever."""
    if LEAST_OFFER <= terms.offer_minutes <= MOST_OFFER:
        return None
    return Refused("out_of_range", field="offer_minutes", low=LEAST_OFFER, high=MOST_OFFER)


def scores_can_be_explained(terms: Terms, _now: datetime) -> Refused | None:
    """A ranked opening ranks by rules that we know, each once; no other opening has any."""
    if terms.mode != RANKED:
        return Refused("scores_need_ranked", field="scores") if terms.scores else None
    if not terms.scores:
        return Refused("scores_missing", field="scores", rules=sorted(SCORE_RULES))
    for number, score in enumerate(terms.scores):
        if score.rule not in SCORE_RULES:
            return Refused("score_rule_unknown", field=f"scores.{number}.rule", rules=sorted(SCORE_RULES))
        if not 1 <= score.weight <= 100:
            return Refused("out_of_range", field=f"scores.{number}.weight", low=1, high=100)
    if len({score.rule for score in terms.scores}) < len(terms.scores):
        return Refused("score_rule_twice", field="scores")
    return None


TERMS_RULES: tuple[TermsRule, ...] = (
    has_places,
    has_shifts,
    work_lies_ahead,
    deadline_lies_ahead,
    mode_is_known,
    offers_can_be_confirmed,
    scores_can_be_explained,
)


def objection(terms: Terms, now: datetime) -> Refused | None:
    """Return the first rule's objection to publishing these terms, or None."""
    return next((refused for rule in TERMS_RULES if (refused := rule(terms, now))), None)
