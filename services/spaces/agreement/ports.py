"""What agreement asks of the other subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from services.spaces.bookings.model import Booking
from services.spaces.diary.model import Claim, Diary
from services.spaces.diary.usecases import Root
from services.spaces.facilities.model import Place

#: Writes the calendar entry of a booking with a SEQUENCE, as bytes of a whole iCalendar object.
Written = Callable[[Booking, int], bytes]


class Places(Protocol):
    """Facilities and spaces."""

    def place(self, space_id: str, *, fresh: bool = False) -> Place:
        """Return the space and its facility, ``fresh`` as they are this instant; raise ``NotFound``."""

    def connect_feed(self, space_id: str, feed_id: str | None) -> None:
        """Let a calendar speak for a space; None: no more."""


class Bookings(Protocol):
    """Bookings, to read."""

    def watched(self, feed_id: str) -> list[Booking]:
        """Return the bookings that a calendar should have, or still has."""

    def active_of_facility(self, facility_id: str) -> list[Booking]:
        """Return the active bookings of a facility's spaces."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Booking]:
        """Return those that are there, by id."""


class BookingDesk(Protocol):
    """What a calendar says of bookings; where the state doesn't fit, nothing changes."""

    def confirm(self, booking_id: str) -> bool:
        """The calendar took it."""

    def refuse(self, booking_id: str, reason: str) -> bool:
        """The facility says no."""

    def doubt(self, booking_id: str, since: datetime) -> bool:
        """Its calendar is silent."""

    def note_written(self, booking_id: str, *, sequence: int, hash_: str, href: str, etag: str) -> bool:
        """Note what the calendar has of it."""

    def note_feed(self, booking_id: str, feed_id: str) -> bool:
        """Note that this calendar speaks for its space now."""

    def note_unwritten(self, booking_id: str) -> bool:
        """Note that the calendar has nothing of it."""


class Diaries(Protocol):
    """Diaries, to read."""

    def of(self, root_ids: Iterable[str], days: Iterable[date]) -> dict[str, Diary]:
        """Return those that exist, by id."""


class DiaryDesk(Protocol):
    """Diaries, to write."""

    def agree(self, root: Root, day: date, put: Iterable[Claim], gone: Iterable[str]) -> None:
        """Take a facility's own entries of one day as they are now."""


class Cases(Protocol):
    """Conflict cases: who decides, until when, what else there is."""

    def open_for(self, booking_id: str, difference: str) -> None:
        """Open the case of a booking that the facility took out of its calendar, or moved; safe to repeat."""


class NoCases:
    """Where nobody keeps cases: a booking stays as it is."""

    def open_for(self, booking_id: str, difference: str) -> None:
        """Do nothing."""
