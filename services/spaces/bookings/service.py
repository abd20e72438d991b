"""How bookings are reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.bookings import schemas
from services.spaces.bookings.reactions import reactions
from services.spaces.diary.model import BOOKING, OFFER
from services.spaces.doors import schemas as doors
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class BookingsService:
    """Residents' spans of rooms, and the doors they go through."""

    name = "spaces_bookings"
    rooms = desk(furnish)

    @asked(schemas.Quote)
    def quote(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what a request would mean, before it is made."""
        return self.rooms.bookings.quote(actor, **asked_for)

    @asked(schemas.Request)
    def request(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Ask for a span."""
        return self.rooms.bookings.request(actor, **asked_for)

    @asked(schemas.RequestSeries)
    def request_series(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Ask for a span and its repeats."""
        return self.rooms.series.request(actor, **asked_for)

    @asked(schemas.OneSeries)
    def series(self, actor: Actor, *, series_id: str) -> Mapping[str, Any]:
        """Return the bookings of a series."""
        return self.rooms.series.read(actor, series_id=series_id)

    @asked(schemas.SeriesAct)
    def cancel_series(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Give back what has not begun of a series."""
        return self.rooms.series.cancel(actor, **asked_for)

    @asked(schemas.BookingAct)
    def cancel(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Give a booking back."""
        return self.rooms.bookings.cancel(actor, **asked_for)

    @asked(schemas.Answer)
    def answer(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Accept or refuse a request."""
        return self.rooms.bookings.answer(actor, **asked_for)

    @asked(schemas.CheckIn)
    def check_in(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say that somebody came."""
        return self.rooms.bookings.check_in(actor, **asked_for)

    @asked(schemas.OneBooking)
    def get(self, actor: Actor, *, booking_id: str) -> Mapping[str, Any]:
        """Return a booking."""
        return self.rooms.bookings.read(actor, booking_id=booking_id)

    @asked(schemas.Mine)
    def mine(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a resident's bookings."""
        return self.rooms.bookings.mine(actor, **asked_for)

    @asked(schemas.OfSpace)
    def of_space(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the active bookings of a space."""
        return self.rooms.bookings.of_space(actor, **asked_for)

    @asked(doors.Show)
    def show_code(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the code that a room shows now, and its picture."""
        return self.rooms.doors.show(actor, **asked_for)

    @asked(doors.Change)
    def change_code(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Show other codes from now on."""
        return self.rooms.doors.change(actor, **asked_for)

    @told("spaces.bookings")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.bookings)

    @due(every=1.0)
    def move_on(self) -> bool:
        """Let overdue bookings expire, be missed, or be over."""
        return self.rooms.bookings.move_on()

    @due(every=5.0)
    def release_overdue_claims(self) -> bool:
        """Make acts that never came impossible, and release the spans they held."""
        return self.rooms.diary.sweep({BOOKING: self.rooms.bookings, OFFER: self.rooms.waiting})
