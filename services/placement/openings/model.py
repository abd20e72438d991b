"""What is true of an opening and of an application. No I/O, no clock, no framework: time and ids come in.

    Opening:      open <--> filled --> closed         Application:  pending --> selected --> withdrawn
                    |          |                                       |
                    +----------+--> cancelled                          +------> withdrawn | closed

Who is selected is decided on ``Opening`` alone; an ``Application`` follows it (usecases.agree).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from services.placement.budgets.model import Grant
from shared.aggregate import Act, Aggregate
from shared.clock import iso, kst_day
from shared.errors import Refused
from shared.events import placement as events
from shared.geo import Point

OPEN, FILLED, CLOSED, CANCELLED = "open", "filled", "closed", "cancelled"
PENDING, SELECTED, WITHDRAWN, ENDED = "pending", "selected", "withdrawn", "closed"
MODES = ("officer", "first_come")

#: Places one opening may offer; a larger recruitment is several openings.
MOST_PLACES = 300
MOST_SHIFTS = 100
#: Short jobs run from 30 minutes to a month and more; a shift itself is at most a day's work with its breaks.
LONGEST_SHIFT = timedelta(hours=16)


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
class Placement:
    """A resident's place in an opening. ``attempt`` says which application it answered."""

    resident_id: str
    application_id: str
    attempt: int
    selected_at: datetime


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

    @property
    def won_a_place(self) -> int:
        """What one place costs at most: planned minutes x hourly won / 60, rounded up to a whole won."""
        return -(-sum(shift.minutes for shift in self.shifts) * self.hourly_won // 60)

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


TermsRule = Callable[[Terms, datetime], Refused | None]


def has_places(terms: Terms, _now: datetime) -> Refused | None:
    """An opening offers at least one place."""
    if 1 <= terms.places <= MOST_PLACES:
        return None
    return Refused("places_out_of_range", field="places", least=1, most=MOST_PLACES)


def has_shifts(terms: Terms, _now: datetime) -> Refused | None:
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
    return None


def deadline_lies_ahead(terms: Terms, now: datetime) -> Refused | None:
    """Applications can still come, and selection is over before the last shift is."""
    if terms.deadline <= now:
        return Refused("deadline_passed", field="deadline", deadline=iso(terms.deadline))
    if terms.deadline > terms.ends and not terms.rehearsal:
        return Refused("deadline_after_work", field="deadline", ends=iso(terms.ends))
    return None


def mode_is_known(terms: Terms, _now: datetime) -> Refused | None:
    """Somebody selects, or the first to come has the place."""
    return None if terms.mode in MODES else Refused("mode_unknown", field="mode", modes=list(MODES))


TERMS_RULES: tuple[TermsRule, ...] = (has_places, has_shifts, deadline_lies_ahead, mode_is_known)


def objection(terms: Terms, now: datetime) -> Refused | None:
    """Return the first rule's objection to publishing these terms, or None."""
    return next((refused for rule in TERMS_RULES if (refused := rule(terms, now))), None)


@dataclass(kw_only=True)
class Application(Aggregate):
    """A resident's wish for a place. Its id is ``opening:resident``; applying again raises ``attempt``."""

    opening_id: str
    programme_id: str
    district: str
    resident_id: str
    state: str
    attempt: int
    submitted_at: datetime
    #: Why it ended without a place.
    reason: str | None = None
    #: The officer who applied for the resident (대리 신청), or None.
    proxy: str | None = None

    @staticmethod
    def id_of(opening_id: str, resident_id: str) -> str:
        """Return the id of this resident's application for this opening."""
        return f"{opening_id}:{resident_id}"

    @staticmethod
    def submit(opening: Opening, resident_id: str, now: datetime, proxy: str | None) -> Application:
        """Return a first application."""
        application = Application(
            id=Application.id_of(opening.id, resident_id),
            tenant=opening.tenant,
            opening_id=opening.id,
            programme_id=opening.programme_id,
            district=opening.district,
            resident_id=resident_id,
            state=PENDING,
            attempt=1,
            submitted_at=now,
            proxy=proxy,
        )
        application._say_submitted(now)
        return application

    def submit_again(self, now: datetime, proxy: str | None) -> None:
        """Apply once more after the last attempt ended; raise ``Refused`` while it hasn't."""
        if self.state in (PENDING, SELECTED):
            raise Refused("already_applied", field="opening_id", state=self.state)
        self.state, self.attempt, self.submitted_at = PENDING, self.attempt + 1, now
        self.reason, self.proxy = None, proxy
        self._say_submitted(now)

    def withdraw(self) -> None:
        """Take the application back, or the place that it won."""
        if self.state not in (PENDING, SELECTED):
            raise Refused("application_has_ended", field="application_id", state=self.state)
        self.state = WITHDRAWN
        self.say(events.APPLICATION_WITHDRAWN.fact(**self._named()))

    def note_selected(self) -> None:
        """Follow the opening: there is a place."""
        self.state, self.reason = SELECTED, None
        self.say(events.APPLICATION_SELECTED.fact(**self._named()))

    def end(self, reason: str) -> None:
        """End without a place, for one of ``events.CLOSING_REASONS``."""
        if self.state != PENDING:
            raise Refused("application_has_ended", field="application_id", state=self.state)
        self.state, self.reason = ENDED, reason
        self.say(events.APPLICATION_CLOSED.fact(**self._named(), reason=reason))

    def _say_submitted(self, now: datetime) -> None:
        self.say(events.APPLICATION_SUBMITTED.fact(**self._named(), day=kst_day(now).isoformat()))

    def _named(self) -> dict[str, str | int]:
        return {
            "application_id": self.id,
            "opening_id": self.opening_id,
            "programme_id": self.programme_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "attempt": self.attempt,
        }


@dataclass(kw_only=True)
class Opening(Aggregate):
    """A call for N people, with the places given so far."""

    programme_id: str
    district: str
    terms: Terms
    published_at: datetime
    state: str = OPEN
    #: Rises each time a place comes free again; ``opening.filled`` is said once a round.
    round: int = 1
    placements: tuple[Placement, ...] = ()
    #: What the budget has counted for this opening so far, and the acts whose holds it still has to replace.
    grant: Grant = field(default_factory=Grant)
    unsettled: tuple[str, ...] = ()

    @staticmethod
    def publish(
        *, opening_id: str, tenant: str, programme_id: str, district: str, terms: Terms, act: Act, now: datetime
    ) -> Opening:
        """Return an opening that takes applications from now on; raise the first rule's objection."""
        refused = objection(terms, now)
        if refused:
            raise refused
        opening = Opening(
            id=opening_id,
            tenant=tenant,
            programme_id=programme_id,
            district=district,
            terms=terms,
            published_at=now,
            unsettled=(act.id,),
        )
        opening.say(
            events.OPENING_PUBLISHED.fact(
                opening_id=opening_id,
                programme_id=programme_id,
                district=district,
                title=terms.title,
                place={"name": terms.place.name, "lat": terms.place.point.lat, "lon": terms.place.point.lon},
                shifts=[{"start": iso(shift.start), "end": iso(shift.end)} for shift in terms.shifts],
                places=terms.places,
                hourly_won=terms.hourly_won,
                mode=terms.mode,
                deadline=iso(terms.deadline),
                day=kst_day(now).isoformat(),
                cost=terms.cost,
                act_id=act.id,
            )
        )
        return opening

    @property
    def free(self) -> int:
        """Places not given."""
        return self.terms.places - len(self.placements)

    @property
    def due(self) -> datetime | None:
        """When it closes by itself; None once nothing waits for the deadline."""
        return self.terms.deadline if self.state in (OPEN, FILLED) else None

    @property
    def wanted_grant(self) -> Grant:
        """What the budget should count: the whole cost while places may be given, then only the places given."""
        committed = len(self.placements) * self.terms.won_a_place
        return Grant(self.terms.cost if self.state in (OPEN, FILLED) else committed, committed)

    def placement_of(self, resident_id: str) -> Placement | None:
        """Return the resident's place, or None."""
        return next((placement for placement in self.placements if placement.resident_id == resident_id), None)

    def takes_applications(self, now: datetime) -> None:
        """Raise ``Refused`` when nobody can apply any more."""
        if self.state != OPEN:
            raise Refused(f"opening_is_{self.state}", field="opening_id", state=self.state)
        if now >= self.terms.deadline:
            raise Refused("deadline_passed", field="opening_id", deadline=iso(self.terms.deadline))

    def select(self, application: Application, now: datetime) -> None:
        """Give a place to the applicant; raise the first rule's objection."""
        refused = selection_refused(self, application, now)
        if refused:
            raise refused
        placement = Placement(application.resident_id, application.id, application.attempt, now)
        self.placements = (*self.placements, placement)
        self.say(
            events.PLACEMENT_SELECTED.fact(
                **self._named(),
                resident_id=placement.resident_id,
                application_id=placement.application_id,
                won=self.terms.won_a_place,
                day=kst_day(now).isoformat(),
            )
        )
        if self.free == 0:
            self.state = FILLED
            self.say(events.OPENING_FILLED.fact(**self._named()))

    def release(self, resident_id: str, attempt: int, reason: str, now: datetime) -> bool:
        """Take a place back and offer it again; return False when this attempt has no place (any more).

        Before the deadline the opening is open again, in a new round; after it, the opening is closed.
        """
        placement = self.placement_of(resident_id)
        if placement is None or placement.attempt != attempt:
            return False
        self._take_back(placement, reason)
        if self.state == FILLED and now < self.terms.deadline:
            self.state, self.round = OPEN, self.round + 1
            self.say(events.OPENING_REOPENED.fact(**self._named(), free=self.free))
        elif self.state == FILLED:
            self.close()
        return True

    def close(self) -> None:
        """Take no more applications; places given stay."""
        if self.state not in (OPEN, FILLED):
            raise Refused(f"opening_is_{self.state}", field="opening_id", state=self.state)
        self.state = CLOSED
        self.say(events.OPENING_CLOSED.fact(**self._named()))

    def pass_deadline(self, now: datetime) -> None:
        """Close by itself once the deadline is there."""
        if self.state in (OPEN, FILLED) and now >= self.terms.deadline:
            self.close()

    def cancel(self, reason: str, now: datetime) -> None:
        """Call the whole opening off; every place given is taken back, each its own fact. Not after the work."""
        if now >= self.terms.ends and not self.terms.rehearsal:
            raise Refused("work_is_over", field="opening_id")
        if self.state == CANCELLED:
            raise Refused("opening_is_cancelled", field="opening_id", state=self.state)
        for placement in self.placements:
            self._take_back(placement, "opening_cancelled")
        self.state = CANCELLED
        self.say(
            events.OPENING_CANCELLED.fact(
                **self._named(),
                places=self.terms.places,
                published_day=kst_day(self.published_at).isoformat(),
                reason=reason,
            )
        )

    def note_grant(self, grant: Grant, acts: tuple[str, ...]) -> None:
        """Note what the budget now counts for this opening, and which holds it has replaced."""
        self.grant = grant
        self.unsettled = tuple(act_id for act_id in self.unsettled if act_id not in acts)

    def _take_back(self, placement: Placement, reason: str) -> None:
        self.placements = tuple(other for other in self.placements if other is not placement)
        self.say(
            events.PLACEMENT_WITHDRAWN.fact(
                **self._named(),
                resident_id=placement.resident_id,
                application_id=placement.application_id,
                won=self.terms.won_a_place,
                attempt=placement.attempt,
                selected_day=kst_day(placement.selected_at).isoformat(),
                reason=reason,
            )
        )

    def _named(self) -> dict[str, str | int]:
        return {
            "opening_id": self.id,
            "programme_id": self.programme_id,
            "district": self.district,
            "round": self.round,
        }


SelectionRule = Callable[[Opening, Application, datetime], Refused | None]


def opening_is_open(opening: Opening, _application: Application, _now: datetime) -> Refused | None:
    """Only an open opening gives places; a filled one says so, which is how a race for the last place ends."""
    if opening.state == OPEN:
        return None
    code = "no_place_left" if opening.state == FILLED else f"opening_is_{opening.state}"
    return Refused(code, field="opening_id", state=opening.state)


def place_is_left(opening: Opening, _application: Application, _now: datetime) -> Refused | None:
    """No opening is ever over-filled."""
    return None if opening.free > 0 else Refused("no_place_left", field="opening_id")


def applicant_waits(opening: Opening, application: Application, _now: datetime) -> Refused | None:
    """Only a pending application is answered."""
    if application.opening_id == opening.id and application.state == PENDING:
        return None
    return Refused("application_not_pending", field="resident_id", state=application.state)


def applicant_has_no_place(opening: Opening, application: Application, _now: datetime) -> Refused | None:
    """One resident, one place."""
    if opening.placement_of(application.resident_id) is None:
        return None
    return Refused("already_selected", field="resident_id")


def work_is_not_over(opening: Opening, _application: Application, now: datetime) -> Refused | None:
    """Nobody is placed after the last shift."""
    if now < opening.terms.ends or opening.terms.rehearsal:
        return None
    return Refused("work_is_over", field="opening_id")


SELECTION_RULES: tuple[SelectionRule, ...] = (
    applicant_has_no_place,
    opening_is_open,
    place_is_left,
    applicant_waits,
    work_is_not_over,
)


def selection_refused(opening: Opening, application: Application, now: datetime) -> Refused | None:
    """Return the first rule's objection to giving this applicant a place, or None."""
    return next((refused for rule in SELECTION_RULES if (refused := rule(opening, application, now))), None)


#: What an application of an opening in this state ends with.
CLOSING_REASON = {FILLED: "filled", CLOSED: "closed", CANCELLED: "cancelled"}


@dataclass(frozen=True)
class Agreement:
    """What must be done so that an application and its opening agree; at most one of the fields is set."""

    note_selected: bool = False
    note_withdrawn: bool = False
    end: str | None = None
    release_attempt: int | None = None


def agreement(application: Application, opening: Opening) -> Agreement:
    """Return the step that brings an application and its opening together; nothing to do is ``Agreement()``."""
    placement = opening.placement_of(application.resident_id)
    if placement is not None and placement.attempt < application.attempt:
        # Withdrawn and applied for again before the place was given back.
        return Agreement(release_attempt=placement.attempt)
    if placement is not None and placement.attempt == application.attempt:
        if application.state in (PENDING, ENDED):
            # Ended: somebody answered it in the very moment in which a place was given. The opening decides.
            return Agreement(note_selected=True)
        if application.state == WITHDRAWN:
            return Agreement(release_attempt=placement.attempt)
        return Agreement()
    if application.state == SELECTED:
        return Agreement(note_withdrawn=True)
    if application.state == PENDING and opening.state != OPEN:
        return Agreement(end=CLOSING_REASON[opening.state])
    return Agreement()
