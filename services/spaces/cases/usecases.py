"""What can be done with cases: opened when told of a conflict, decided by facilities, answered by residents, or by time.

    diary.overlapped, hours.changed, space.closed, agreement --> case.opened --> the booking is displaced --> case.resolved

The case is one document, its booking another; ``advance`` brings them together, one step at a time, and may be called by
anybody at any time. A booking is displaced when its ``case.opened`` is heard, and so never before that was published:
the letter about the displacement knows the alternatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.bookings.model import ACTIVE, DISPLACED, Booking
from services.spaces.cases.model import (
    BOOKING_ENDED,
    BY_DISPLACEMENT,
    DEADLINE_PASSED,
    DIFFERENCES,
    DISPLACE,
    END,
    FACILITY,
    HAND_OVER,
    HOURS,
    NOTHING_TO_CHOOSE,
    OFFICER,
    RESIDENT,
    SPACE_CLOSED,
    Alternative,
    Case,
    Cause,
    next_step,
)
from services.spaces.cases.ports import Alternatives, BookingDesk, Bookings, Diaries, DiaryDesk, Places
from services.spaces.cases.shown import shown
from services.spaces.cases.storage import Cases
from services.spaces.diary.model import Diary
from services.spaces.facilities.model import Facility, Place
from services.spaces.facilities.rules import standing_refusal
from services.spaces.facilities.values import FARTHEST
from services.spaces.spans import Span
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, from_iso, kst_day
from shared.errors import Conflict, NotFound, Refused
from shared.pages import checked_limit, instant_after, page

#: Cases moved on in one sweep.
SWEPT_AT_ONCE = 50
MOST_ROWS = 200
#: Cases of one resident that are told, latest first, page by page.
MOST_READ = 1_000
MOST_ALTERNATIVES = 5
STAFF = ("officer", "host")
#: Steps between a case and its booking; more say that others keep changing them.
MOST_STEPS = 10


@dataclass(frozen=True)
class CaseDesk:
    """The acts on cases."""

    cases: Cases
    bookings: Bookings
    desk: BookingDesk
    diaries: Diaries
    diary: DiaryDesk
    places: Places
    alternatives: Alternatives
    clock: Clock

    # When told of a conflict.

    def note_overlapped(self, root_id: str, day: date, entry_id: str, booking_id: str) -> None:
        """The facility's own entry lies over a booking, if it still does."""
        diary = self.diaries.find(Diary.id_of(root_id, day))
        entry = None if diary is None else diary.claims.get(entry_id)
        if diary is not None and entry is not None and booking_id in diary.bookings_under(entry):
            self._conflict(booking_id, Cause("theirs_added", entry_id))

    def open_for(self, booking_id: str, difference: str) -> None:
        """Open the case of a booking that the facility took out of its calendar, or moved; safe to repeat."""
        self._conflict(booking_id, Cause(difference))

    def note_hours_changed(self, facility_id: str) -> None:
        """Decide every day on the new hours, then validate again what is booked.

        In this order: what is booked on older hours from now on is refused in the diary, and what was booked before is
        found here, or when its own ``booking.requested`` is heard.
        """
        facility = self.places.facility(facility_id)
        today = kst_day(self.clock.now())
        days = [today + timedelta(days=ahead) for ahead in range(-1, FARTHEST + 1)]
        for root_id in sorted({known.root_id for known in facility.admitted.values()}):
            behind = [
                diary.id
                for diary in self.diaries.of([root_id], days).values()
                if diary.hours_version < facility.hours_version
            ]
            self.diary.bump(behind, facility.hours_version)
        for booking in self.bookings.active_of_facility(facility_id):
            self.validate(booking.id)

    def note_facility_closed(self, facility_id: str) -> None:
        """Nothing that is booked there can be used."""
        for booking in self.bookings.active_of_facility(facility_id):
            self.validate(booking.id)

    def note_space_closed(self, space_id: str) -> None:
        """Nothing that is booked there can be used."""
        for booking in self.bookings.active_of_space(space_id):
            self.validate(booking.id)

    def validate(self, booking_id: str) -> None:
        """Compare a booking with the hours as they are now; what has begun may be used to its end, unless it is closed."""
        booking, now = self.bookings.find(booking_id), self.clock.now()
        if booking is None or booking.state not in ACTIVE or booking.span.end <= now:
            return
        place = self.places.place(booking.taken.space_id)
        days = booking.span.days
        refused = standing_refusal(place, booking.span, self.places.open_spans(place, days[0], days[-1]), now)
        if refused is None:
            return
        if refused.code in ("space_closed", "facility_closed"):
            self._conflict(booking_id, Cause(SPACE_CLOSED))
        elif booking.span.start > now:
            self._conflict(booking_id, Cause(HOURS))

    # When told of a booking.

    def note_requested(self, booking_id: str) -> None:
        """A booking was asked for: perhaps one of the alternatives, perhaps on hours that have just changed."""
        booking = self.bookings.find(booking_id)
        if booking is not None and booking.instead_of is not None:
            self._take(Case.id_of(booking.instead_of), booking.id, booking.resident_id)
        self.validate(booking_id)

    def note_ended(self, booking_id: str) -> None:
        """A booking ended: its case follows; whoever was displaced without one learns what else there is."""
        case_id = Case.id_of(booking_id)
        booking = self.bookings.find(booking_id)
        if booking is not None and booking.state == DISPLACED and self.cases.find(case_id) is None:
            cause = Cause(DIFFERENCES.get(booking.reason or "", "theirs_added"))
            self._open(booking, cause, RESIDENT, self.places.place(booking.taken.space_id))
        self.advance(case_id)

    def advance(self, case_id: str) -> None:
        """Bring a case and its booking together, one step at a time."""
        for _ in range(MOST_STEPS):
            case = self.cases.find(case_id)
            booking = None if case is None else self.bookings.find(case.booking_id)
            if case is None or booking is None:
                return
            step, now = next_step(case, booking), self.clock.now()
            if step is None or (step == DISPLACE and booking.span.end <= now):
                return
            if step == DISPLACE:
                self.desk.displace(booking.id, case.reason)
            elif step == HAND_OVER:
                self._hand_over(case, "", booking.reason or "case")
            elif step == END:
                self._end(case_id, BOOKING_ENDED)
            elif step == NOTHING_TO_CHOOSE:
                self._end(case_id, BY_DISPLACEMENT)
        raise Conflict("changed_meanwhile", field="case_id")

    # The clock.

    def move_on(self) -> bool:
        """Decide what nobody decided in time. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.cases.overdue(now, SWEPT_AT_ONCE)
        for case_id in overdue:
            self.advance(case_id)
            case = self.cases.get(case_id)
            if case.due is None or now < case.due:
                continue
            if case.owner != RESIDENT:
                self._hand_over(case, "", "case")
            elif not self._is_active(case.booking_id):
                self._end(case_id, DEADLINE_PASSED)
        return len(overdue) == SWEPT_AT_ONCE

    # Facilities.

    def decide(self, actor: Actor, *, act_id: str, case_id: str, decision: str) -> dict[str, Any]:
        """Let the booking stay (``keep``: the facility removes its own entry) or not (``displace``); its staff."""
        known = self.cases.get(case_id)
        place = self._for_staff(actor, known)
        if decision not in ("keep", "displace"):
            raise Refused("not_one_of", field="decision", values=["keep", "displace"])
        now = self.clock.now()
        others = self._alternatives(place, known.span) if decision == "displace" else ()
        minutes = place.facility.policy.case_minutes

        def decide(case: Case) -> dict[str, Any]:
            case.must_be_the_facility_s()
            if decision == "keep":
                case.keep(actor.subject, now)
            else:
                case.hand_over(actor.subject, "case", minutes=minutes, alternatives=others, now=now)
            return {"case_id": case_id, "state": case.state, "owner": case.owner, "resolution": case.resolution}

        return self.cases.act(Act.of(act_id, "decide", id=case_id, decision=decision), case_id, decide)

    def of_facility(
        self, actor: Actor, *, facility_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{cases, cursor}``: a facility's open ones, the most urgent first; its staff."""
        checked_limit(limit, MOST_ROWS)
        since = instant_after(cursor)
        _must_be_staff(actor, self.places.facility(facility_id))
        found = self.cases.open_of(facility_id, since, limit + 1)
        rows, further = page(map(shown, found), limit, lambda row: (row["deadline"], row["case_id"]))
        return {"cases": rows, "cursor": further}

    # Residents.

    def take_alternative(
        self,
        actor: Actor,
        *,
        act_id: str,
        case_id: str,
        booking_id: str,
        space_id: str,
        start: datetime,
        end: datetime,
    ) -> dict[str, Any]:
        """Book one of the alternatives instead, on the same subscription; ``booking_id`` is the new booking's."""
        known = self._for_resident(actor, case_id)
        if known.new_booking_id != booking_id:
            known.must_be_the_resident_s()
        chosen = known.alternative(space_id, start, end)
        booked = self.desk.request(
            actor,
            act_id=act_id,
            booking_id=booking_id,
            space_id=chosen.space_id,
            start=chosen.span.start,
            end=chosen.span.end,
            subscription_id=known.subscription_id,
            resident_id=known.resident_id,
            instead_of=known.booking_id,
        )
        self._take(case_id, booking_id, actor.subject)
        case = self.cases.get(case_id)
        return {"case_id": case_id, "state": case.state, "resolution": case.resolution, "booking": booked}

    def decline(self, actor: Actor, *, act_id: str, case_id: str) -> dict[str, Any]:
        """Want none of the alternatives."""
        self._for_resident(actor, case_id)
        now = self.clock.now()

        def decide(case: Case) -> dict[str, Any]:
            case.decline(actor.subject, now)
            return {"case_id": case_id, "state": case.state, "resolution": case.resolution}

        return self.cases.act(Act.of(act_id, "decline", id=case_id), case_id, decide)

    def mine(self, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
        """Return ``{cases, cursor}`` of the caller, latest first, at most ``limit`` (1 to 200)."""
        checked_limit(limit, MOST_ROWS)
        since = instant_after(cursor)
        must_be_self(actor, actor.subject, tenant=actor.tenant)
        found = sorted(
            self.cases.of_resident(actor.subject, MOST_READ), key=lambda case: (case.opened_at, case.id), reverse=True
        )
        mine = (
            case
            for case in found
            if case.tenant == actor.tenant and (since is None or (case.opened_at, case.id) < since)
        )
        rows, further = page(map(shown, mine), limit, lambda row: (row["opened_at"], row["case_id"]))
        return {"cases": rows, "cursor": further}

    def read(self, actor: Actor, *, case_id: str) -> dict[str, Any]:
        """Return a case to its resident or to the facility's staff."""
        case = self.cases.get(case_id)
        if actor.is_any("resident") and actor.subject == case.resident_id:
            must_be(actor, "resident", tenant=case.tenant)
        else:
            self._for_staff(actor, case)
        return shown(case)

    # Steps.

    def _conflict(self, booking_id: str, cause: Cause) -> None:
        """Open the case of a booking, or open it again; what follows is done when ``case.opened`` is heard."""
        booking = self.bookings.find(booking_id)
        if booking is not None and booking.state in ACTIVE and booking.span.end > self.clock.now():
            place = self.places.place(booking.taken.space_id)
            self._open(booking, cause, _owner(cause, place.facility), place)

    def _open(self, booking: Booking, cause: Cause, owner: str, place: Place) -> None:
        case_id = Case.id_of(booking.id)
        known = self.cases.find(case_id)
        if known is not None and not known.takes(cause, owner):
            return
        told: dict[str, Any] = {
            "owner": owner,
            "minutes": place.facility.policy.case_minutes,
            "alternatives": self._alternatives(place, booking.span),
            "now": self.clock.now(),
        }
        if known is None:
            self.cases.create(Act.own(f"open:{case_id}", "open"), Case.of(booking, cause, **told), {})
            return

        def decide(case: Case) -> dict[str, Any]:
            case.open_again(cause, **told)
            return {}

        self.cases.act(None, case_id, decide)

    def _hand_over(self, case: Case, by: str, reason: str) -> None:
        place = self.places.place(case.space_id)
        others, now = self._alternatives(place, case.span), self.clock.now()
        minutes = place.facility.policy.case_minutes

        def decide(known: Case) -> dict[str, Any]:
            known.hand_over(by, reason, minutes=minutes, alternatives=others, now=now)
            return {}

        self.cases.act(None, case.id, decide)

    def _take(self, case_id: str, new_booking_id: str, by: str) -> None:
        now = self.clock.now()

        def decide(case: Case) -> dict[str, Any]:
            case.take(new_booking_id, by, now)
            return {}

        try:
            self.cases.act(None, case_id, decide)
        except NotFound:
            return

    def _end(self, case_id: str, resolution: str) -> None:
        now = self.clock.now()

        def decide(case: Case) -> dict[str, Any]:
            case.end(resolution, now)
            return {}

        self.cases.act(None, case_id, decide)

    def _alternatives(self, place: Place, span: Span) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(
                row["space_id"],
                Span(from_iso(row["start"]), from_iso(row["end"])),
                int(row["metres"]),
                int(row["walk_minutes"]),
            )
            for row in self.alternatives.alternatives(place, span, most=MOST_ALTERNATIVES)
        )

    def _is_active(self, booking_id: str) -> bool:
        booking = self.bookings.find(booking_id)
        return booking is not None and booking.state in ACTIVE

    def _for_staff(self, actor: Actor, case: Case) -> Place:
        place = self.places.place(case.space_id)
        _must_be_staff(actor, place.facility)
        return place

    def _for_resident(self, actor: Actor, case_id: str) -> Case:
        case = self.cases.get(case_id)
        must_be_self(actor, case.resident_id, tenant=case.tenant, or_roles=("officer",), district=case.district)
        return case


def _owner(cause: Cause, facility: Facility) -> str:
    """Return who decides: nobody needs to where the building is closed, or where the facility's calendar wins."""
    if cause.difference in (HOURS, SPACE_CLOSED) or facility.policy.conflict == "facility_first":
        return RESIDENT
    return FACILITY if facility.managers else OFFICER


def _must_be_staff(actor: Actor, facility: Facility) -> None:
    must_be(actor, *STAFF, "service", tenant=facility.tenant, district=facility.district)
    if not actor.is_any("officer", "service") and actor.subject not in facility.managers:
        raise Refused("not_your_facility", field="token", facility_id=facility.id)
