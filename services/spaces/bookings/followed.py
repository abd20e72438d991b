"""What our own subjects do to bookings: each verb changes nothing, and returns False, where the state does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.spaces.bookings.model import (
    AWAITING,
    CHECKED_IN,
    CONFIRMED,
    MISSED,
    Booking,
    CalendarMark,
)
from services.spaces.bookings.requesting import Requests


@dataclass(frozen=True, kw_only=True)
class Followed(Requests):
    """Bookings as calendars, cases, doors, plans and conduct change them."""

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
