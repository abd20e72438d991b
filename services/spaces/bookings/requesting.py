"""A request: hold, act, settle (DECISIONS.md 16).

Minutes are held on the ledger and the span in the diary, both in the name of the act and until the same deadline; then
the booking is created; its fact lets both follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.spaces.bookings.model import (
    BY_CALENDAR,
    INSTANT,
    Booking,
    CalendarMark,
    CheckIn,
    Paid,
    Rule,
    Taken,
)
from services.spaces.bookings.ports import Conduct, Offers, Places, Quota, Vouching
from services.spaces.bookings.storage import Bookings
from services.spaces.diary.model import BOOKING, Claim
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Place
from services.spaces.facilities.rules import asked_span, refusal
from services.spaces.spans import Span
from shared.actors import Actor, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.telemetry import log

#: How long a request may take between its holds and its write; the sweeper then makes it impossible.
HOLD_FOR = timedelta(seconds=60)


@dataclass(frozen=True)
class Wanted:
    """A request that passed the rules: where, when, on which terms."""

    place: Place
    span: Span
    mode: str
    approver: str
    awaits: datetime | None


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What bookings are made of, and how one is asked for."""

    bookings: Bookings
    places: Places
    diary: DiaryDesk
    quota: Quota
    vouching: Vouching
    conduct: Conduct
    offers: Offers
    clock: Clock

    def quote(
        self,
        actor: Actor,
        *,
        space_id: str,
        start: datetime,
        end: datetime,
        subscription_id: str | None = None,
        resident_id: str | None = None,
    ) -> dict[str, Any]:
        """Return what a request would mean, before it is made: mode, minutes, balance, the return-or-forfeit rule.

        ``objection`` is the code of the first rule that objects, or null; nothing is held.
        """
        place = self.places.place(space_id)
        resident = self._resident(actor, resident_id, place)
        span = asked_span(start, end)
        vouched = self.vouching.freshness(place)
        objection: Refused | None = None
        mode, paid = place.space.mode, None
        try:
            mode = self._wanted(place, span, resident).mode
            paid = self._paid(place, subscription_id, resident, span)
        except Refused as refused:
            objection = refused
        if objection is None and self._is_taken(place, span):
            objection = Refused("span_taken", field="start")
        policy = place.facility.policy
        return {
            "space_id": space_id,
            "start": iso(span.start),
            "end": iso(span.end),
            "mode": mode,
            "objection": None if objection is None else objection.to_wire(),
            "minutes": span.minutes,
            "balance": None if paid is None else self.quota.balance(paid.ledger_id),
            "rule": {
                "free_until": iso(span.start - timedelta(minutes=policy.free_until)),
                "forfeit_percent": policy.forfeit_percent,
                "no_show_percent": 100,
            },
            "check_in_needed": policy.check_in_needed,
            "calendar_read_at": None if vouched is None or vouched.read_at is None else iso(vouched.read_at),
            "calendar_fresh": None if vouched is None else vouched.fresh,
        }

    def request(
        self,
        actor: Actor,
        *,
        act_id: str,
        booking_id: str,
        space_id: str,
        start: datetime,
        end: datetime,
        subscription_id: str | None = None,
        resident_id: str | None = None,
        offer_id: str | None = None,
        instead_of: str | None = None,
        series_id: str | None = None,
    ) -> dict[str, Any]:
        """Ask for a span; it is theirs at once, or waits for the facility's answer.

        Raises ``Refused``: a rule of the place, ``span_taken``, ``quota_exceeded``, ``calendar_stale``, the no-show
        policy's, or ``act_too_late`` when the sweeper was faster.
        """
        place = self.places.place(space_id)
        resident = self._resident(actor, resident_id, place)
        span = asked_span(start, end)
        act = Act.of(
            act_id,
            "request",
            booking=booking_id,
            space=space_id,
            start=iso(span.start),
            end=iso(span.end),
            subscription=subscription_id,
            resident=resident,
        )
        now = self.clock.now()
        held: list[Callable[[], None]] = []
        try:
            if offer_id is not None:
                self.offers.must_be_for(offer_id, resident, space_id, span)
            wanted = self._wanted(place, span, resident)
            paid = self._paid(place, subscription_id, resident, span)
            booking = self._booking(
                act,
                booking_id,
                wanted,
                paid,
                resident_id=resident,
                proxy=None if actor.subject == resident else actor.subject,
                instead_of=instead_of,
                series_id=series_id,
                now=now,
            )
            self._hold(booking, place, now + HOLD_FOR, offer_id, held)
            outcome = {
                "booking_id": booking_id,
                "state": booking.state,
                "start": iso(span.start),
                "end": iso(span.end),
                "minutes": span.minutes,
                "awaits": None if booking.awaits is None else iso(booking.awaits),
            }
            return self.bookings.create(act, booking, outcome)
        except Refused:
            kept = self._kept(act, booking_id)
            if kept is not None:
                return kept
            for give_back in reversed(held):
                give_back()
            raise

    # Whoever dies in between is cleaned up after by the sweepers of what was held.

    def settle(self, booking_id: str) -> None:
        """Bring the booking, the diary and the ledger together; may be called at any time by anybody."""
        booking = self.bookings.find(booking_id)
        if booking is None:
            return
        root, days = booking.taken.root_id, booking.days
        if not booking.wants_span:
            self.diary.drop(root, booking_id, days)
        elif not self.diary.settle(root, booking_id, days):
            self._alarm_if_without_span(booking_id)
        if booking.paid is not None:
            self.quota.settle(
                booking_id=booking_id,
                ledger_id=booking.paid.ledger_id,
                charge=booking.charge,
                version=booking.version,
            )

    def make_impossible(self, claim: Claim, tenant: str) -> bool:
        """Make the request of a held claim impossible; False when it is done."""
        return self.make_request_impossible(claim.act_id, claim.id, tenant)

    def make_request_impossible(self, act_id: str, booking_id: str, tenant: str) -> bool:
        """Make a request impossible before what it holds is released; False when it is done."""
        return self.bookings.make_impossible(
            Act(act_id, hash=""),
            booking_id,
            tenant=tenant,
            code="act_too_late",
            done=lambda document: document.get("act_id") == act_id,
        )

    # Steps.

    def _wanted(self, place: Place, span: Span, resident: str) -> Wanted:
        """Return the terms of a request; raise the first rule's objection."""
        now = self.clock.now()
        days = span.days
        refused = refusal(place, span, self.places.open_spans(place, days[0], days[-1]), now)
        if refused:
            raise refused
        space, policy = place.space, place.facility.policy
        self.conduct.may_book(space.tenant, resident, start=span.start, now=now)
        most = space.limits.most_active
        if most and self.bookings.count_active(resident, space.id) >= most:
            raise Refused("too_many_bookings", field="space_id", most=most)
        mode, approver = space.mode, space.approver
        vouched = self.vouching.freshness(place)
        if mode == INSTANT and vouched is not None and not vouched.fresh:
            if policy.stale == "closed":
                read_at = None if vouched.read_at is None else iso(vouched.read_at)
                raise Refused("calendar_stale", field="space_id", read_at=read_at)
            mode, approver = "approval", BY_CALENDAR
        awaits = None if mode == INSTANT else min(now + timedelta(minutes=policy.answer_minutes), span.start)
        return Wanted(place, span, mode, approver, awaits)

    def _paid(self, place: Place, subscription_id: str | None, resident: str, span: Span) -> Paid | None:
        if subscription_id is None:
            if place.space.plan_needed:
                raise Refused("subscription_needed", field="subscription_id")
            return None
        space = place.space
        return self.quota.quote(
            subscription_id,
            resident,
            span.start,
            programme_id=space.programme_id,
            facility_id=space.facility_id,
            space_id=space.id,
        )

    def _booking(
        self,
        act: Act,
        booking_id: str,
        wanted: Wanted,
        paid: Paid | None,
        *,
        resident_id: str,
        proxy: str | None,
        instead_of: str | None,
        series_id: str | None,
        now: datetime,
    ) -> Booking:
        space, policy = wanted.place.space, wanted.place.facility.policy
        return Booking.request(
            id=booking_id,
            tenant=space.tenant,
            resident_id=resident_id,
            taken=Taken(
                space_id=space.id,
                facility_id=space.facility_id,
                root_id=space.root_id,
                district=space.district,
                programme_id=space.programme_id,
                parts=space.parts,
                before=space.before,
                after=space.after,
            ),
            span=wanted.span,
            mode=wanted.mode,
            approver=wanted.approver,
            rule=Rule(policy.free_until, policy.forfeit_percent),
            check_in_rule=CheckIn(policy.check_in_needed, policy.check_in_opens, policy.check_in_grace),
            requested_at=now,
            act_id=act.id,
            awaits=wanted.awaits,
            paid=paid,
            series_id=series_id,
            instead_of=instead_of,
            proxy=proxy,
            calendar=None if space.feed_id is None else CalendarMark(space.feed_id),
        )

    def _hold(
        self, booking: Booking, place: Place, deadline: datetime, offer_id: str | None, held: list[Callable[[], None]]
    ) -> None:
        """Hold the minutes, then the span; ``held`` learns how to give each back."""
        paid = booking.paid
        if paid is not None:
            self.quota.hold(
                act_id=booking.act_id,
                booking_id=booking.id,
                paid=paid,
                minutes=booking.span.minutes,
                deadline=deadline,
            )
            held.append(
                lambda: self.quota.release(act_id=booking.act_id, booking_id=booking.id, ledger_id=paid.ledger_id)
            )
        taken = booking.taken
        claim = Claim(
            id=booking.id,
            kind=BOOKING,
            space_id=taken.space_id,
            parts=taken.parts,
            span=booking.span,
            before=taken.before,
            after=taken.after,
            deadline=deadline,
            act_id=booking.act_id,
        )
        self.diary.hold(
            place.root, claim, hours_version=place.facility.hours_version, instead_of=offer_id
        )
        held.append(lambda: self.diary.give_back(taken.root_id, booking.id, booking.days, booking.act_id))

    def _kept(self, act: Act, booking_id: str) -> dict[str, Any] | None:
        """Return the outcome of this very act if it was done before; None when not, or when its name asked for another."""
        booking = self.bookings.find(booking_id)
        if booking is None or booking.act_id != act.id:
            return None
        self.settle(booking_id)
        try:
            return self.bookings.create(act, booking, {})  # finds its own act, and the outcome that was kept
        except Refused:
            return None

    def _is_taken(self, place: Place, span: Span) -> bool:
        space = place.space
        padded = span.padded(space.before, space.after)
        claim = Claim("", BOOKING, space.id, space.parts, span, space.before, space.after)
        days = self.diary.diaries.of([space.root_id], padded.days)
        return any(claim.clashes_with(other) for diary in days.values() for other in diary.claims.values())

    def _if(
        self, booking_id: str, fits: Callable[[Booking], bool], change: Callable[[Booking], object]
    ) -> bool:
        """Change a booking if it still fits; a booking that is not there doesn't."""

        def decide(booking: Booking) -> dict[str, Any]:
            if not fits(booking):
                return {"changed": False}
            change(booking)
            return {"changed": True}

        try:
            return bool(self.bookings.act(None, booking_id, decide)["changed"])
        except NotFound:
            return False

    def _alarm_if_without_span(self, booking_id: str) -> None:
        booking = self.bookings.find(booking_id)
        if booking is not None and booking.wants_span:
            log.error("booking_without_span", booking=booking_id)

    def _resident(self, actor: Actor, resident_id: str | None, place: Place) -> str:
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=place.space.tenant, or_roles=("officer",), district=place.space.district)
        return resident
