"""What is told of a booking to those who may know it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.spaces.bookings.model import ACTIVE, Booking
from shared.clock import iso


def shown(booking: Booking) -> dict[str, Any]:
    """Return a booking, JSON-ready."""
    return {
        "booking_id": booking.id,
        "space_id": booking.taken.space_id,
        "facility_id": booking.taken.facility_id,
        "resident_id": booking.resident_id,
        "start": iso(booking.span.start),
        "end": iso(booking.span.end),
        "minutes": booking.span.minutes,
        "state": booking.state,
        "active": booking.state in ACTIVE,
        "mode": booking.mode,
        "awaits": None if booking.awaits is None else iso(booking.awaits),
        "reason": booking.reason,
        "charged": booking.charged,
        "subscription_id": None if booking.paid is None else booking.paid.subscription_id,
        "series_id": booking.series_id,
        "instead_of": booking.instead_of,
        "free_until": iso(booking.span.start - timedelta(minutes=booking.rule.free_until)),
        "forfeit_percent": booking.rule.forfeit_percent,
        "check_in_needed": booking.check_in_rule.needed,
        "in_calendar": None if booking.calendar is None else bool(booking.calendar.hash),
        "calendar_silent_since": None if booking.doubted_since is None else iso(booking.doubted_since),
        "proxy": booking.proxy,
    }
