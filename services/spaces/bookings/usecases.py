"""What can be done with bookings: by residents, by facilities, by the clock; asking for one is requesting.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.spaces.bookings.followed import Followed
from services.spaces.bookings.model import (
    CONFIRMED,
    MOST_WRONG_CODES,
    Booking,
)
from services.spaces.bookings.ports import Codes
from services.spaces.bookings.shown import shown
from services.spaces.facilities.model import Place
from shared.actors import Actor, must_be, must_be_self
from shared.aggregate import Act
from shared.errors import Refused
from shared.pages import checked_limit, instant_after, page

#: Bookings moved on in one sweep.
SWEPT_AT_ONCE = 100
#: Bookings of one resident that are looked at for one answer.
MOST_READ = 5_000
#: Bookings on one page.
MOST_ROWS = 200
#: Who may act for a facility.
STAFF = ("officer", "host")


@dataclass(frozen=True, kw_only=True)
class BookingDesk(Followed):
    """The acts on bookings."""

    codes: Codes

    # Residents, and staff for them.

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

    # The clock.

    def move_on(self) -> bool:
        """Let overdue bookings move on: expired, missed, used. Returns whether there may be more."""
        now = self.clock.now()
        overdue = self.bookings.overdue(now, SWEPT_AT_ONCE)
        for booking_id in overdue:
            self._if(booking_id, lambda _booking: True, lambda booking: booking.pass_time(now))
        return len(overdue) == SWEPT_AT_ONCE

    # Who asks.

    def _count_wrong_code(self, known: Booking) -> None:
        self._if(known.id, lambda booking: booking.state == CONFIRMED, Booking.note_wrong_code)

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
