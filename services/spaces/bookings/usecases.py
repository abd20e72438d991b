"""What can be done with bookings: by residents, by facilities, by the clock, and when told.

A request is hold, act, settle (DECISIONS.md 16): minutes are held on the ledger and the span in the diary, both in the
name of the act and until the same deadline; then the booking is created; its fact lets both follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.spaces.bookings.model import (
    AWAITING,
    BY_CALENDAR,
    CHECKED_IN,
    CONFIRMED,
    INSTANT,
    MISSED,
    MOST_WRONG_CODES,
    Booking,
    CalendarMark,
    CheckIn,
    Paid,
    Rule,
    Taken,
)
from services.spaces.bookings.ports import Codes, Conduct, Offers, Places, Quota, Vouching
from services.spaces.bookings.shown import shown
from services.spaces.bookings.storage import Bookings
from services.spaces.diary.model import BOOKING, Claim
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Place
from services.spaces.facilities.rules import asked_span, refusal
from services.spaces.spans import Span
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.clock import Clock, iso
from shared.errors import NotFound, Refused
from shared.pages import checked_limit, instant_after, page
from shared.telemetry import log

#: How long a request may take between its holds and its write; the sweeper then makes it impossible.
HOLD_FOR = timedelta(seconds=60)
#: Bookings moved on in one sweep.
SWEPT_AT_ONCE = 100
#: Bookings of one resident that are looked at for one answer.
MOST_READ = 5_000
#: Bookings on one page.
MOST_ROWS = 200
#: Who may act for a facility.
STAFF = ("officer", "host")


@dataclass(frozen=True)
class Wanted:
    """A request that passed the rules: where, when, on which terms."""

    place: Place
    span: Span
    mode: str
    approver: str
    awaits: datetime | None


@dataclass(frozen=True)
class BookingDesk:
    """The acts on bookings."""

    bookings: Bookings
    places: Places
    diary: DiaryDesk
    quota: Quota
    vouching: Vouching
    conduct: Conduct
    offers: Offers
    codes: Codes
    clock: Clock

    # Residents, and staff for them.

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

    def cancel(self, actor: Actor, *, act_id: str, booking_id: str) -> dict[str, Any]:
        """Give a booking back; late, the resident forfeits what the rule said. Staff cancel without a charge."""
        known = self.bookings.get(booking_id)
        by = self._by(actor, known)
        now = self.clock.now()

        def decide(booking: Booking) -> dict[str, Any]:
            booking.cancel(by, now)
            return {"booking_id": booking_id, "state": booking.state, "charged": booking.charged}

        return self.bookings.act(Act.of(act_id, "cancel", id=booking_id), booking_id, decide)

    def check_in(
        self, actor: Actor, *, act_id: str, booking_id: str, code: str | None = None
    ) -> dict[str, Any]:
        """Say that somebody came: a resident with the code that the room shows, staff without one."""
        known = self.bookings.get(booking_id)
        by = self._by(actor, known)
        now = self.clock.now()
        right = by != "resident" or self.codes.is_right(known.taken.space_id, code or "", now)

        def decide(booking: Booking) -> dict[str, Any]:
            if by == "resident" and booking.wrong_codes >= MOST_WRONG_CODES:
                raise Refused("check_in_by_staff_only", field="code", most=MOST_WRONG_CODES)
            if not right:
                raise Refused("check_in_code_wrong", field="code")
            booking.check_in("code" if by == "resident" else "staff", now)
            return {"booking_id": booking_id, "state": booking.state}

        try:
            return self.bookings.act(Act.of(act_id, "check_in", id=booking_id), booking_id, decide)
        except Refused as refused:
            if refused.code == "check_in_code_wrong":
                self._count_wrong_code(known)
            raise

    def read(self, actor: Actor, *, booking_id: str) -> dict[str, Any]:
        """Return a booking to its resident or to staff."""
        booking = self.bookings.get(booking_id)
        self._by(actor, booking)
        return shown(booking)

    def mine(
        self, actor: Actor, *, resident_id: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> dict[str, Any]:
        """Return ``{bookings}`` of a resident that end after ``since`` (now), by their start, at most ``limit``.

        An officer sees those in their own districts.
        """
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=actor.tenant, or_roles=("officer",))
        if not 1 <= limit <= 200:
            raise Refused("out_of_range", field="limit", low=1, high=200)
        found = self.bookings.of_resident(resident, since or self.clock.now(), MOST_READ)
        return {"bookings": [shown(booking) for booking in found if self._may_see(actor, booking)][:limit]}

    # Facilities.

    def answer(self, actor: Actor, *, act_id: str, booking_id: str, accept: bool) -> dict[str, Any]:
        """Accept or refuse a request that waits for a person."""
        self._for_staff(actor, self.bookings.get(booking_id))

        def decide(booking: Booking) -> dict[str, Any]:
            if accept:
                booking.confirm()
            else:
                booking.refuse("host")
            return {"booking_id": booking_id, "state": booking.state}

        return self.bookings.act(Act.of(act_id, "answer", id=booking_id, accept=accept), booking_id, decide)

    def of_space(
        self, actor: Actor, *, space_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{bookings, cursor}``: the active ones of a space, by their start; staff."""
        checked_limit(limit, MOST_ROWS)
        since = instant_after(cursor)
        must_be_staff(actor, self.places.place(space_id))
        found = sorted(self.bookings.active_of_space(space_id), key=lambda booking: (booking.span.start, booking.id))
        fresh = (booking for booking in found if since is None or (booking.span.start, booking.id) > since)
        rows, further = page(map(shown, fresh), limit, lambda row: (row["start"], row["booking_id"]))
        return {"bookings": rows, "cursor": further}

    # Our own subjects: each changes nothing, and returns False, where the state does not fit.

    def confirm(self, booking_id: str) -> bool:
        """The facility's calendar took it."""
        return self._if(booking_id, lambda booking: booking.state == AWAITING, Booking.confirm)

    def refuse(self, booking_id: str, reason: str) -> bool:
        """The facility said no."""
        return self._if(
            booking_id, lambda booking: booking.state == AWAITING, lambda booking: booking.refuse(reason)
        )

    def displace(self, booking_id: str, reason: str) -> bool:
        """The facility took the span back; nothing is charged."""
        live = (AWAITING, CONFIRMED, CHECKED_IN)
        return self._if(
            booking_id, lambda booking: booking.state in live, lambda booking: booking.displace(reason)
        )

    def cancel_for(self, booking_id: str, by: str) -> bool:
        """End a booking that has not begun, without a charge."""
        now = self.clock.now()
        return self._if(
            booking_id,
            lambda booking: booking.state in (AWAITING, CONFIRMED) and booking.span.start > now,
            lambda booking: booking.cancel(by, now),
        )

    def check_in_by_door(self, booking_id: str, space_id: str, opened_at: datetime, tenant: str) -> bool:
        """The room's door was opened with the pass of this booking; a door speaks for its own tenant only."""

        def fits(booking: Booking) -> bool:
            opens = booking.span.start - timedelta(minutes=booking.check_in_rule.opens)
            due = booking.due
            here = (booking.tenant, booking.taken.space_id) == (tenant, space_id) and booking.state == CONFIRMED
            return here and opens <= opened_at and (due is None or opened_at < due)

        return self._if(booking_id, fits, lambda booking: booking.check_in("door", opened_at))

    def correct_missed(self, booking_id: str) -> bool:
        """A no-show that was none: the minutes return."""
        corrected = self._if(
            booking_id, lambda booking: booking.state == MISSED and booking.charged > 0, Booking.correct_missed
        )
        self.settle(booking_id)
        return corrected

    def doubt(self, booking_id: str, since: datetime) -> bool:
        """Its facility's calendar is silent."""
        return self._if(booking_id, lambda _booking: True, lambda booking: booking.doubt(since))

    def note_written(self, booking_id: str, *, sequence: int, hash_: str, href: str, etag: str) -> bool:
        """Note what the facility's calendar has of us."""

        def note(booking: Booking) -> None:
            if booking.calendar is not None:
                mark = CalendarMark(booking.calendar.feed_id, hash_, href, etag, sequence)
                booking.note_calendar(mark)

        return self._if(booking_id, lambda booking: booking.calendar is not None, note)

    def note_unwritten(self, booking_id: str) -> bool:
        """Note that the facility's calendar has nothing of us any more."""

        def note(booking: Booking) -> None:
            if booking.calendar is not None:
                booking.note_calendar(CalendarMark(booking.calendar.feed_id, sequence=booking.calendar.sequence))

        return self._if(booking_id, lambda booking: booking.calendar is not None, note)

    def note_feed(self, booking_id: str, feed_id: str) -> bool:
        """Note that another calendar speaks for its space now; an entry in the old one stays, for its people to remove."""

        def fits(booking: Booking) -> bool:
            return booking.in_calendar and (booking.calendar is None or booking.calendar.feed_id != feed_id)

        return self._if(booking_id, fits, lambda booking: booking.note_calendar(CalendarMark(feed_id)))

    def cancel_of_subscription(self, subscription_id: str) -> None:
        """A subscription ended: what it would have paid for ends with it."""
        for booking in self.bookings.active_of_subscription(subscription_id):
            self.cancel_for(booking.id, "subscription_ended")

    def cancel_if_unpaid(self, booking_id: str) -> None:
        """A subscription that ended while a request was under way pays for nothing after its end."""
        booking = self.bookings.find(booking_id)
        paid = None if booking is None else booking.paid
        if booking is None or paid is None:
            return
        if not self.quota.still_pays(paid.subscription_id, booking.span.start):
            self.cancel_for(booking_id, "subscription_ended")

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

    # The clock.

    def move_on(self) -> bool:
        """Let overdue bookings move on: expired, missed, used. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.bookings.overdue(now, SWEPT_AT_ONCE)
        for booking_id in overdue:
            self._if(booking_id, lambda _booking: True, lambda booking: booking.pass_time(now))
        return len(overdue) == SWEPT_AT_ONCE

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

    def _count_wrong_code(self, known: Booking) -> None:
        self._if(known.id, lambda booking: booking.state == CONFIRMED, Booking.note_wrong_code)

    def _alarm_if_without_span(self, booking_id: str) -> None:
        booking = self.bookings.find(booking_id)
        if booking is not None and booking.wants_span:
            log.error("booking_without_span", booking=booking_id)

    def _resident(self, actor: Actor, resident_id: str | None, place: Place) -> str:
        resident = resident_id or actor.subject
        must_be_self(actor, resident, tenant=place.space.tenant, or_roles=("officer",), district=place.space.district)
        return resident

    def _by(self, actor: Actor, booking: Booking) -> str:
        """Return as what the caller acts on a booking: ``resident``, ``officer`` or ``host``; raise ``Refused``."""
        if actor.is_any("resident") and actor.subject == booking.resident_id:
            must_be(actor, "resident", tenant=booking.tenant)
            return "resident"
        if not actor.is_any(*STAFF, "service"):
            must_be_self(actor, booking.resident_id, tenant=booking.tenant)
        self._for_staff(actor, booking)
        return "host" if actor.is_any("host") else "officer"

    def may_read(self, actor: Actor, booking: Booking) -> bool:
        """Return whether the caller is its resident, or staff of its facility."""
        try:
            self._by(actor, booking)
        except Refused:
            return False
        return True

    def _may_see(self, actor: Actor, booking: Booking) -> bool:
        """Return whether somebody who may ask about this resident may see this one."""
        if actor.is_any("service"):
            return True
        everywhere = actor.subject == booking.resident_id or not actor.districts
        return booking.tenant == actor.tenant and (everywhere or booking.taken.district in actor.districts)

    def _for_staff(self, actor: Actor, booking: Booking) -> None:
        must_be_staff(actor, self.places.place(booking.taken.space_id))


def must_be_staff(actor: Actor, place: Place) -> None:
    """Raise ``Refused`` unless the caller is an officer of the district, or a host of this very facility."""
    must_be(actor, *STAFF, "service", tenant=place.space.tenant, district=place.space.district)
    if actor.is_any("officer", "service"):
        return
    if actor.subject not in place.facility.managers:
        raise Refused("not_your_facility", field="token", facility_id=place.facility.id)
