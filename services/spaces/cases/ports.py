"""What cases ask of the other subjects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from services.spaces.bookings.model import Booking
from services.spaces.diary.model import Diary
from services.spaces.facilities.model import Facility, Place
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.spans import Span
from shared.actors import Actor


class Places(Protocol):
    """Facilities and spaces, read afresh: what is validated again must not be validated against yesterday's hours."""

    def place(self, space_id: str) -> Place:
        """Return the space and its facility; raise ``NotFound``."""

    def facility(self, facility_id: str) -> Facility:
        """Return the facility; raise ``NotFound``."""

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when it is open on these KST days."""


class Bookings(Protocol):
    """Bookings, to read."""

    def find(self, aggregate_id: str) -> Booking | None:
        """Return the booking, or None."""

    def active_of_space(self, space_id: str) -> list[Booking]:
        """Return the active bookings of a space."""

    def active_of_facility(self, facility_id: str) -> list[Booking]:
        """Return the active bookings of a facility's spaces."""


class BookingDesk(Protocol):
    """What a case does to bookings."""

    def displace(self, booking_id: str, reason: str) -> bool:
        """Take the span back; where the state doesn't fit, nothing changes."""

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
        instead_of: str | None = None,
    ) -> dict[str, Any]:
        """Ask for a span."""


class Diaries(Protocol):
    """Diaries, to read."""

    def find(self, aggregate_id: str) -> Diary | None:
        """Return the diary, or None."""

    def of(self, root_ids: Iterable[str], days: Iterable[date]) -> dict[str, Diary]:
        """Return those that exist, by id."""


class DiaryDesk(Protocol):
    """Diaries, to write."""

    def bump(self, diary_ids: Iterable[str], hours_version: int) -> None:
        """Let these days be decided on newer hours."""


class Alternatives(Protocol):
    """What else is free within a walk."""

    def alternatives(self, place: Place, span: Span, *, most: int = 5) -> list[dict[str, Any]]:
        """Return ``{space_id, start, end, metres, walk_minutes}``, the best first."""


@dataclass(frozen=True)
class FreshPlaces:
    """Facilities and spaces as they are this instant: for whoever validates again, and for offers."""

    desk: FacilityDesk

    def place(self, space_id: str) -> Place:
        """Return the space and its facility; raise ``NotFound``."""
        return self.desk.place(space_id, fresh=True)

    def facility(self, facility_id: str) -> Facility:
        """Return the facility; raise ``NotFound``."""
        return self.desk.facilities.get(facility_id)

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when it is open on these KST days."""
        return self.desk.open_spans(place, first, last)
