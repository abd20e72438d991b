"""Write a booking as RFC 5545: the same booking, the same bytes, every time.

A title is given by whoever writes; nothing here knows a resident's name. What is written reads back, with
``reading.read_resource``, as one occurrence whose hash is ``content_hash`` of the booking.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from icalendar import Calendar, Event, vDuration

from services.spaces.ical.model import CANCELLED, CONFIRMED, TENTATIVE, hash_of
from services.spaces.spans import Span
from shared.clock import utc

#: RFC 5545 3.7.3.
PRODUCT = "-//Sipbun//Spaces//KO"
#: States of a booking that take the room, by what they are called in a calendar; in all others it is given back.
_STATUSES = {
    "awaiting": TENTATIVE,
    "confirmed": CONFIRMED,
    "checked_in": CONFIRMED,
    # They are over, and the room was theirs.
    "used": CONFIRMED,
    "missed": CONFIRMED,
}


class Booked(Protocol):
    """What is written of a booking; ``bookings.model.Booking`` is one."""

    @property
    def uid(self) -> str:
        """Stable for ever."""

    @property
    def span(self) -> Span:
        """What is booked."""

    @property
    def state(self) -> str:
        """As the booking has it."""

    @property
    def requested_at(self) -> datetime:
        """When it was asked for."""


@dataclass(frozen=True)
class Entry:
    """One event to be written."""

    uid: str
    span: Span
    #: ``TENTATIVE``, ``CONFIRMED`` or ``CANCELLED``.
    status: str
    sequence: int
    #: DTSTAMP, when this version of it was made; whole seconds are written.
    stamp: datetime
    summary: str = ""
    location: str = ""
    description: str = ""
    url: str = ""
    #: TRANSP: whether it takes the reader's time.
    busy: bool = True

    @property
    def hash(self) -> str:
        """The hash that it has when it is read back."""
        return hash_of(self.span, busy=self.busy and self.status != CANCELLED, status=self.status)


def entry_of(
    booking: Booked,
    *,
    summary: str,
    sequence: int,
    now: datetime | None = None,
    cancelled: bool = False,
    location: str = "",
    description: str = "",
    url: str = "",
) -> Entry:
    """Return how a booking stands in a calendar; ``now`` is when this version was made, the request by default."""
    return Entry(
        uid=booking.uid,
        span=_in_seconds(booking.span),
        status=status_of(booking, cancelled=cancelled),
        sequence=sequence,
        stamp=utc(booking.requested_at if now is None else now),
        summary=summary,
        location=location,
        description=description,
        url=url,
    )


def event_of(
    booking: Booked, *, summary: str, sequence: int, now: datetime | None = None, cancelled: bool = False
) -> bytes:
    """Return one CalDAV resource: a VCALENDAR with this booking alone, and no METHOD (RFC 4791 4.1)."""
    return calendar_of([entry_of(booking, summary=summary, sequence=sequence, now=now, cancelled=cancelled)])


def content_hash(booking: Booked, *, cancelled: bool = False) -> str:
    """Return the hash that the booking has in a calendar that shows it as it is; see ``Occurrence.hash``."""
    return entry_of(booking, summary="", sequence=0, cancelled=cancelled).hash


def status_of(booking: Booked, *, cancelled: bool = False) -> str:
    """Return STATUS: tentative while it waits for an answer, cancelled once the span is given back."""
    return CANCELLED if cancelled else _STATUSES.get(booking.state, CANCELLED)


def calendar_of(entries: Iterable[Entry], *, name: str = "", again: timedelta | None = None) -> bytes:
    """Return a VCALENDAR of these, in the order of start and UID.

    ``name`` is shown to whoever subscribes to it; ``again`` asks to come back no sooner (RFC 7986 5.7).
    """
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    if name:
        calendar.add("NAME", name)
        # What most readers know instead.
        calendar.add("X-WR-CALNAME", name)
    if again is not None:
        calendar.add("REFRESH-INTERVAL", again, parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", vDuration(again))
    for entry in sorted(entries, key=lambda one: (one.span, one.uid)):
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical(sorted=True))


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("UID", entry.uid)
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.stamp.replace(microsecond=0))
    event.add("DTSTART", entry.span.start)
    event.add("DTEND", entry.span.end)
    event.add("STATUS", entry.status)
    event.add("TRANSP", "OPAQUE" if entry.busy else "TRANSPARENT")
    for field, value in (("SUMMARY", entry.summary), ("LOCATION", entry.location), ("DESCRIPTION", entry.description)):
        if value:
            event.add(field, value)
    if entry.url:
        event.add("URL", entry.url)
    return event


def _in_seconds(span: Span) -> Span:
    """Return the span that RFC 5545 can write, which knows no parts of a second: never shorter than it is."""
    end = span.end + timedelta(seconds=1) if span.end.microsecond else span.end
    return Span(span.start.replace(microsecond=0), end.replace(microsecond=0))
