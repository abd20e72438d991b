"""Bookings as iCalendar (RFC 5545). Pure: the same bookings and names give the same bytes.

- UID and SEQUENCE are the booking's, so a reader knows a changed entry from a new one.
- What was cancelled, displaced, refused or has expired stays as ``STATUS:CANCELLED``: a reader that only adds would
  otherwise show it for ever.
- No METHOD: then DTSTAMP says when the entry was last revised (RFC 5545 3.8.7.2), not when somebody asked for it, and
  an unchanged calendar stays the same to the byte.
- A space's calendar says when it is used, never by whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, Event

from services.spaces.bookings import model as booked
from services.spaces.bookings.model import Booking
from services.spaces.calendars_out.model import RESIDENT
from shared.clock import kst_day, start_of_kst_day
from shared.ids import content_hash

#: Days that a calendar looks back, tombstones included, and ahead.
DAYS_BACK, DAYS_AHEAD = 90, 400
#: Entries of one calendar: those ahead, the soonest first, before those behind, the latest first.
MOST_ENTRIES = 1_000
#: Bytes of text in one answer: with JSON's escapes well under what crosses the broker.
PIECE_BYTES = 128 * 1024
#: Rises whenever the same bookings are written differently, so that no reader keeps the old text.
FORMAT = 1
#: Entries written between two breaths: some ten milliseconds.
_BREATH = 10
#: How often a reader may look again.
REFRESH = timedelta(minutes=15)

TENTATIVE, CONFIRMED, CANCELLED = "TENTATIVE", "CONFIRMED", "CANCELLED"
STATUSES: Mapping[str, str] = {
    booked.AWAITING: TENTATIVE,
    booked.CONFIRMED: CONFIRMED,
    booked.CHECKED_IN: CONFIRMED,
    booked.USED: CONFIRMED,
    booked.MISSED: CONFIRMED,
    booked.REFUSED: CANCELLED,
    booked.EXPIRED: CANCELLED,
    booked.DISPLACED: CANCELLED,
    booked.CANCELLED: CANCELLED,
}
#: What stands before the name of the space, by state.
_MARKS: Mapping[str, str] = {
    booked.AWAITING: "[승인 대기] ",
    booked.REFUSED: "[승인 안 됨] ",
    booked.EXPIRED: "[기한 지남] ",
    booked.DISPLACED: "[시설 사정 취소] ",
    booked.CANCELLED: "[취소] ",
}
#: What a resident is told about their own booking, by state.
_NOTES: Mapping[str, str] = {
    booked.AWAITING: "시설의 승인을 기다리고 있습니다.",
    booked.REFUSED: "시설이 승인하지 않았습니다. 이용 시간은 차감되지 않습니다.",
    booked.EXPIRED: "기한 안에 답이 없어 끝났습니다. 이용 시간은 차감되지 않습니다.",
    booked.DISPLACED: "시설 사정으로 취소되었습니다. 이용 시간은 차감되지 않습니다.",
    booked.CANCELLED: "취소되었습니다.",
}


@dataclass(frozen=True)
class Name:
    """What a calendar says of a space."""

    title: str
    location: str
    degrees: tuple[float, float]


@dataclass(frozen=True)
class Entry:
    """One VEVENT; instants UTC."""

    uid: str
    sequence: int
    status: str
    start: datetime
    end: datetime
    created: datetime
    revised: datetime
    summary: str
    location: str
    degrees: tuple[float, float] | None
    note: str


def entries(bookings: Iterable[Booking], names: Mapping[str, Name], kind: str, now: datetime) -> tuple[Entry, ...]:
    """Return what a calendar of this kind shows, by start."""
    since, until = window(now)
    shown = [booking for booking in bookings if booking.span.end > since and booking.span.start < until]
    if len(shown) > MOST_ENTRIES:
        ahead = sorted((one for one in shown if one.span.end > now), key=_order)
        behind = sorted((one for one in shown if one.span.end <= now), key=_order, reverse=True)
        shown = [*ahead, *behind][:MOST_ENTRIES]
    return tuple(_entry(booking, names.get(booking.taken.space_id), kind) for booking in sorted(shown, key=_order))


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when a calendar reaches; it moves at midnight in Seoul, not with every look."""
    today = start_of_kst_day(kst_day(now))
    return today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD)


def etag_of(title: str, shown: tuple[Entry, ...]) -> str:
    """Return the hash of a calendar, 32 hex characters, without writing it."""
    return content_hash([FORMAT, title, list(shown)])


def _order(booking: Booking) -> tuple[datetime, str]:
    return booking.span.start, booking.uid


def _entry(booking: Booking, name: Name | None, kind: str) -> Entry:
    title = name.title if name is not None else "공간"
    mark, own = _MARKS.get(booking.state, ""), kind == RESIDENT
    return Entry(
        uid=booking.uid,
        sequence=booking.sequence,
        status=STATUSES[booking.state],
        start=booking.span.start,
        end=booking.span.end,
        created=booking.requested_at,
        revised=_revised(booking),
        summary=f"{mark}{title}" if own else f"{mark}예약 · {title}",
        location=name.location if name is not None else "",
        degrees=name.degrees if name is not None else None,
        note=_NOTES.get(booking.state, "") if own else "",
    )


def _revised(booking: Booking) -> datetime:
    """Return the latest instant that a booking knows of itself; what came after it is told by SEQUENCE."""
    known = [booking.requested_at]
    if booking.checked_in_at is not None:
        known.append(booking.checked_in_at)
    if booking.state in (booked.USED, booked.MISSED):
        known.append(booking.span.start if booking.state == booked.MISSED else booking.span.end)
    return max(known)


def written(title: str, shown: Iterable[Entry], breathe: Callable[[], None] = lambda: None) -> bytes:
    """Return the calendar's text, UTF-8 with CRLF; ``breathe`` lets others run while a long one is written."""
    calendar = Calendar()
    calendar.add("prodid", "-//Sipbun//Spaces//KO")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    calendar.add("x-wr-timezone", "Asia/Seoul")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    head, end, _ = calendar.to_ical().partition(b"END:VCALENDAR\r\n")
    events = []
    for number, entry in enumerate(shown):
        if number % _BREATH == 0:
            breathe()
        events.append(event_text(entry))
    return b"".join((head, *events, end))


@lru_cache(maxsize=10_000)
def event_text(entry: Entry) -> bytes:
    """Return one VEVENT's text. It takes a millisecond, and most entries are as they were the last time."""
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("status", entry.status)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("dtstamp", entry.revised)
    event.add("last-modified", entry.revised)
    event.add("created", entry.created)
    event.add("summary", entry.summary)
    event.add("transp", "TRANSPARENT" if entry.status == CANCELLED else "OPAQUE")
    if entry.location:
        event.add("location", entry.location)
    if entry.degrees is not None:
        event.add("geo", entry.degrees)
    if entry.note:
        event.add("description", entry.note)
    return bytes(event.to_ical())


def pieces(text: bytes, most: int = PIECE_BYTES) -> list[str]:
    """Return the text in pieces of at most ``most`` bytes that end where a line ends; joined they are the text."""
    cut: list[str] = []
    start = 0
    while start < len(text):
        end = len(text) if len(text) - start <= most else text.rindex(b"\r\n", start, start + most) + 2
        cut.append(text[start:end].decode())
        start = end
    return cut
