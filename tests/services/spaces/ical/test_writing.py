"""What is written of a booking, and that it reads back as itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from icalendar import Calendar

from services.spaces.bookings import model
from services.spaces.ical.reading import read_calendar, read_resource
from services.spaces.ical.writing import calendar_of, content_hash, entry_of, event_of, status_of
from services.spaces.spans import Span

TEN = datetime(2026, 3, 2, 1, tzinfo=UTC)
MARCH = Span(TEN - timedelta(days=1), TEN + timedelta(days=30))


@dataclass(frozen=True)
class ABooking:
    uid: str = "bkg-01@sipbun"
    span: Span = Span(TEN, TEN + timedelta(hours=2))  # noqa: RUF009 - frozen
    state: str = "confirmed"
    requested_at: datetime = TEN - timedelta(days=3)


def test_a_booking_is_written_the_same_every_time() -> None:
    assert event_of(ABooking(), summary="십분 예약", sequence=0) == (
        b"BEGIN:VCALENDAR\r\n"
        b"VERSION:2.0\r\n"
        b"PRODID:-//Sipbun//Spaces//KO\r\n"
        b"CALSCALE:GREGORIAN\r\n"
        b"BEGIN:VEVENT\r\n"
        b"SUMMARY:" + "십분 예약".encode() + b"\r\n"
        b"DTSTART:20260302T010000Z\r\n"
        b"DTEND:20260302T030000Z\r\n"
        b"DTSTAMP:20260227T010000Z\r\n"
        b"UID:bkg-01@sipbun\r\n"
        b"SEQUENCE:0\r\n"
        b"STATUS:CONFIRMED\r\n"
        b"TRANSP:OPAQUE\r\n"
        b"END:VEVENT\r\n"
        b"END:VCALENDAR\r\n"
    )


@settings(max_examples=150, deadline=None)
@given(
    some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=120),
    some.sampled_from(model.STATES),
    some.integers(0, 99),
    some.integers(1, 100_000_000),
    some.booleans(),
)
def test_what_is_written_reads_back_with_the_hash_it_was_given(
    summary: str, state: str, sequence: int, milliseconds: int, cancelled: bool
) -> None:
    booking = ABooking(state=state, span=Span(TEN, TEN + timedelta(milliseconds=milliseconds)))

    raw = event_of(booking, summary=summary, sequence=sequence, cancelled=cancelled)
    reading = read_resource(raw, window=MARCH)

    (one,) = reading.occurrences
    assert (one.uid, one.occurrence, one.sequence) == (booking.uid, "", sequence)
    assert one.hash == content_hash(booking, cancelled=cancelled)
    assert one.span.contains(booking.span)
    assert one.cancelled == (cancelled or state not in ("awaiting", "confirmed", "checked_in", "used", "missed"))
    assert reading.faults == ()
    assert [str(event.get("SUMMARY", "")) for event in Calendar.from_ical(raw).walk("VEVENT")] == [summary]


@pytest.mark.parametrize("state", model.STATES)
def test_a_booking_takes_the_room_in_a_calendar_while_it_takes_it_in_the_diary(state: str) -> None:
    cancelled = status_of(ABooking(state=state)) == "CANCELLED"

    assert cancelled == (state in (model.REFUSED, model.EXPIRED, model.DISPLACED, model.CANCELLED))
    if state in model.ACTIVE:
        assert (status_of(ABooking(state=state)) == "TENTATIVE") == (state == model.AWAITING)


def test_a_calendar_of_bookings_is_the_same_in_whatever_order_they_come() -> None:
    entries = [
        entry_of(ABooking(uid=f"bkg-{hours}@sipbun", span=Span(TEN + timedelta(hours=hours), TEN + timedelta(hours=hours + 1))),
                 summary="십분 예약; 별빛 경로당, 1층", sequence=hours)
        for hours in range(5)
    ]  # fmt: skip

    raw = calendar_of(entries, name="은하수 작은도서관 모임방", again=timedelta(minutes=15))

    assert raw == calendar_of(reversed(entries), name="은하수 작은도서관 모임방", again=timedelta(minutes=15))
    assert [one.hash for one in read_calendar(raw, window=MARCH).occurrences] == [entry.hash for entry in entries]
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\n" in raw
    assert b"X-PUBLISHED-TTL:PT15M\r\n" in raw
    assert b"METHOD" not in raw


def test_a_version_is_stamped_when_it_was_made() -> None:
    raw = event_of(ABooking(), summary="", sequence=2, now=TEN + timedelta(milliseconds=900))

    assert b"DTSTAMP:20260302T010000Z\r\n" in raw
    assert b"SUMMARY" not in raw


def test_an_empty_calendar_is_a_calendar() -> None:
    assert read_calendar(calendar_of([]), window=MARCH).occurrences == ()


def test_a_line_is_never_longer_than_readers_take() -> None:
    raw = event_of(ABooking(), summary="은하수 작은도서관 모임방 " * 20, sequence=0)

    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
