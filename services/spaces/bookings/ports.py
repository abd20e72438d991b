"""What bookings ask of the other subjects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from services.spaces.bookings.model import Charge, Paid
from services.spaces.facilities.model import Place
from services.spaces.spans import Span


class Places(Protocol):
    """Facilities and spaces."""

    def place(self, space_id: str) -> Place:
        """Return the space and its facility; raise ``NotFound``."""

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when it is open on these KST days."""


class Quota(Protocol):
    """Subscriptions' ledgers."""

    def quote(
        self,
        subscription_id: str,
        resident_id: str,
        start: datetime,
        *,
        programme_id: str | None = None,
        facility_id: str = "",
        space_id: str = "",
    ) -> Paid:
        """Return the ledger of the cycle in which ``start`` lies; raise ``Refused`` or ``NotFound``."""

    def still_pays(self, subscription_id: str, start: datetime) -> bool:
        """Return whether the subscription runs on that day."""

    def balance(self, ledger_id: str) -> int:
        """Return the minutes left."""

    def hold(self, *, act_id: str, booking_id: str, paid: Paid, minutes: int, deadline: datetime) -> None:
        """Set minutes aside; raise ``Refused`` when they don't fit."""

    def settle(self, *, booking_id: str, ledger_id: str, charge: Charge, version: int) -> None:
        """Let the ledger count exactly this charge."""

    def release(self, *, act_id: str, booking_id: str, ledger_id: str) -> None:
        """Give a hold back whose booking was never made."""


class Vouched(Protocol):
    """How fresh our knowledge of a facility's calendar is."""

    @property
    def feed_id(self) -> str:
        """The feed."""

    @property
    def read_at(self) -> datetime | None:
        """When the calendar was last read."""

    @property
    def fresh(self) -> bool:
        """Whether that is within the facility's budget."""


class Vouching(Protocol):
    """Agreement with facilities' calendars."""

    def freshness(self, place: Place) -> Vouched | None:
        """Return how fresh we are, or None where there is no calendar to read."""


class Conduct(Protocol):
    """Residents' records."""

    def may_book(self, tenant: str, resident_id: str, *, start: datetime, now: datetime) -> None:
        """Raise ``Refused`` when the no-show policy keeps them from it."""


class Offers(Protocol):
    """The waiting list."""

    def must_be_for(self, offer_id: str, resident_id: str, space_id: str, span: Span) -> None:
        """Raise ``Refused`` unless this offer keeps that span for that resident."""


class Codes(Protocol):
    """Rotating check-in codes."""

    def is_right(self, space_id: str, code: str, now: datetime) -> bool:
        """Return whether that is what the space shows now."""
