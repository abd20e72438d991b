"""What holds for every calendar that is read."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as some
from icalendar import Calendar

from services.spaces.ical.model import hash_of
from services.spaces.ical.reading import Limits, Occurrence, Unreadable, read_calendar, read_resource
from services.spaces.spans import Span
from shared.clock import KST
from tests.services.spaces.ical.calendars import MARCH, NEW_YORK, SEOUL, a_calendar, an_event, at, series, windows

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.ics"))
TEN = datetime(2026, 3, 2, 10)  # noqa: DTZ001
MONDAY = (at("DTSTART", TEN), at("DTEND", TEN + timedelta(hours=2)))
WEEKLY = (*MONDAY, "RRULE:FREQ=WEEKLY")


def spans(raw: bytes, window: Span) -> list[tuple[datetime, datetime]]:
    return [(one.span.start, one.span.end) for one in read_calendar(raw, window=window).occurrences]


def by_the_library(raw: bytes, window: Span) -> list[tuple[datetime, datetime]]:
    # It looks for what a rule never names until the last year there is.
    with mock.patch("dateutil.rrule.datetime.MAXYEAR", 2030):
        events = recurring_ical_events.of(Calendar.from_ical(raw)).between(window.start, window.end)
    found = []
    for event in events:
        ends = [event[name].dt for name in ("DTSTART", "DTEND")]
        start, end = ((end if end.tzinfo else end.replace(tzinfo=KST)).astimezone(UTC) for end in ends)
        if start < window.end and window.start < end:
            found.append((start, end))
    return sorted(found)


@settings(max_examples=120, deadline=None)
@given(series(tzids=(SEOUL, "UTC")), windows())
def test_a_calendar_says_what_the_library_reads_in_it(events: list[str], window: Span) -> None:
    raw = a_calendar(*events)

    assert spans(raw, window) == by_the_library(raw, window)


@settings(max_examples=40, deadline=None)
@given(series(tzids=(NEW_YORK,)), windows())
def test_a_calendar_of_another_zone_begins_when_the_library_says(events: list[str], window: Span) -> None:
    raw = a_calendar(*events)
    # The library ends at the same time on the wall; RFC 5545 3.8.5.3 wants the same length. Starts are compared.
    wide = Span(window.start - timedelta(days=3), window.end + timedelta(days=3))

    ours, theirs = ([start for start, _ in told if window.start <= start < window.end]
                    for told in (spans(raw, wide), by_the_library(raw, wide)))  # fmt: skip

    assert ours == theirs


def told_in(raw: bytes, window: Span) -> set[Occurrence]:
    occurrences = read_calendar(raw, window=window).occurrences
    assert len({one.key for one in occurrences}) == len(occurrences), "each is found by its key"
    return set(occurrences)


@some.composite
def full_calendars(draw: some.DrawFn) -> list[str]:
    """Series of all zones, ranges among them."""
    events = [
        event
        for number in range(draw(some.integers(1, 4)))
        for event in draw(series(uid=f"{number}@x", tzids=(SEOUL, "UTC", "", NEW_YORK)))
    ]
    if draw(some.booleans()):
        moved = TEN + timedelta(days=draw(some.integers(0, 21)), hours=draw(some.integers(-30, 30)))
        more = draw(some.sampled_from(["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "SEQUENCE:1"]))
        events += [
            an_event(*WEEKLY, uid="range@x"),
            an_event(
                at("RECURRENCE-ID;RANGE=THISANDFUTURE", TEN + timedelta(days=14)),
                at("DTSTART", moved), at("DTEND", moved + timedelta(hours=draw(some.integers(1, 40)))), more,
                uid="range@x",
            ),
        ]  # fmt: skip
    return events


@settings(max_examples=40, deadline=None)
@given(full_calendars(), windows(), some.floats(0.01, 0.99))
def test_two_windows_side_by_side_say_what_one_says(events: list[str], window: Span, part: float) -> None:
    raw = a_calendar(*events)
    middle = window.start + (window.end - window.start) * part
    left, right = Span(window.start, middle), Span(middle, window.end)

    assert told_in(raw, left) | told_in(raw, right) == told_in(raw, window)


@settings(max_examples=40, deadline=None)
@given(full_calendars(), windows(), some.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(events: list[str], window: Span, chance: random.Random) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)

    assert told_in(a_calendar(*shuffled), window) == told_in(a_calendar(*events), window)


@settings(max_examples=40, deadline=None)
@given(full_calendars(), windows(), some.text(min_size=1, max_size=40))
def test_what_is_not_ours_to_know_changes_no_hash_and_leaves_no_trace(
    events: list[str], window: Span, text: str
) -> None:
    secret = "비밀" + "".join(letter if letter.isprintable() else "?" for letter in text)
    chatty = [
        event.replace("\nDTSTAMP:20260101T000000Z", f"\nSUMMARY:{secret}\nATTENDEE;CN={secret}:mailto:x@y\nX-NEW:{secret}"
                      "\nDTSTAMP:20260202T000000Z\nSEQUENCE:0")
        for event in events
    ]  # fmt: skip

    plain, told = (read_calendar(a_calendar(*some_), window=window) for some_ in (events, chatty))

    assert {(one.key, one.hash) for one in told.occurrences} == {(one.key, one.hash) for one in plain.occurrences}
    assert "비밀" not in repr(told)


@settings(max_examples=40, deadline=None)
@given(full_calendars(), windows())
def test_reading_twice_gives_the_same(events: list[str], window: Span) -> None:
    assert read_calendar(a_calendar(*events), window=window) == read_calendar(a_calendar(*events), window=window)


@settings(max_examples=300, deadline=None)
@given(some.sampled_from(CORPUS), some.randoms(use_true_random=False))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(path: Path, chance: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 6)):
        if not raw:
            break
        where = chance.randrange(len(raw))
        wound = chance.choice(["change", "drop", "digit", "swap"])
        if wound == "change":
            raw[where] = chance.randrange(256)
        elif wound == "drop":
            del raw[where : where + chance.randint(1, 30)]
        elif wound == "digit":
            raw[where : where + 1] = b"9" * chance.randint(1, 12)
        else:
            lines = bytes(raw).split(b"\n")
            chance.shuffle(lines)
            raw = bytearray(b"\n".join(lines))
    try:
        read_calendar(bytes(raw), window=MARCH)
    except Unreadable as refused:
        code = refused.code
    else:
        return
    assert code in ("empty", "not_a_calendar", "truncated")


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_file_cut_off_anywhere_never_looks_like_an_emptier_calendar(path: Path) -> None:
    raw = path.read_bytes().rstrip()
    try:
        read_calendar(raw, window=MARCH)
    except Unreadable:
        return
    # The end of the first of two calendars is the one place where a cut can't be seen.
    for length in range(0, len(raw) - 1, 7):
        if raw[:length].rstrip().upper().endswith(b"END:VCALENDAR"):
            continue
        if raw.startswith(b"\xff\xfe"):
            continue
        with pytest.raises(Unreadable):
            read_calendar(raw[:length], window=MARCH)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, False),
        ({"STATUS": "CONFIRMED"}, False),
        ({"SEQUENCE": "4"}, False),
        ({"SUMMARY": "은하수 독서 모임"}, False),
        ({"STATUS": "TENTATIVE"}, True),
        ({"STATUS": "CANCELLED"}, True),
        ({"TRANSP": "TRANSPARENT"}, True),
    ],
)
def test_a_hash_differs_when_what_matters_does(change: dict[str, str], differs: bool) -> None:
    (before,) = read_calendar(a_calendar(an_event(*MONDAY)), window=MARCH).occurrences
    (after,) = read_calendar(a_calendar(an_event(*MONDAY, **change)), window=MARCH).occurrences

    assert (after.hash != before.hash) == differs


def test_a_hash_is_kept_in_documents_and_must_never_change() -> None:
    span = Span(datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 2, 3, tzinfo=UTC))

    assert hash_of(span, busy=True, status="CONFIRMED") == "47160008a3ec1e84620e08cf9f8de3d0"


def test_a_file_that_is_too_large_is_refused() -> None:
    raw = a_calendar(an_event(*MONDAY))

    with pytest.raises(Unreadable, match="too_large"):
        read_calendar(raw, window=MARCH, limits=Limits(size=len(raw) - 1))
    assert read_calendar(raw, window=MARCH, limits=Limits(size=len(raw))).events == 1


def test_a_file_of_too_many_events_is_refused_and_not_cut() -> None:
    raw = a_calendar(*(an_event(*MONDAY, uid=f"{number}@x") for number in range(4)))

    with pytest.raises(Unreadable, match="too_many_events"):
        read_calendar(raw, window=MARCH, limits=Limits(events=3))
    assert len(read_calendar(raw, window=MARCH, limits=Limits(events=4)).occurrences) == 4


def test_an_event_of_too_many_times_keeps_the_first_and_says_so() -> None:
    reading = read_calendar(a_calendar(an_event(*WEEKLY), an_event(*MONDAY, uid="b@x")), window=MARCH, limits=Limits(per_event=2))

    assert [one.uid for one in reading.occurrences] == ["b@x", "모임@은하수", "모임@은하수"]
    assert [(fault.uid, fault.code, fault.done) for fault in reading.faults] == [("모임@은하수", "too_many", "skipped")]
    assert reading.unread == {"모임@은하수"}


def test_a_calendar_of_too_many_times_is_cut_at_the_same_place_however_it_is_sorted() -> None:
    events = [an_event(*WEEKLY, uid=f"{number}@x") for number in range(3)]
    limits = Limits(occurrences=7)

    first, second = (
        read_calendar(a_calendar(*told), window=MARCH, limits=limits) for told in (events, list(reversed(events)))
    )

    assert first.occurrences == second.occurrences
    assert len(first.occurrences) == 7
    assert first.unread == second.unread == {"1@x", "2@x"}


def test_faults_beyond_the_limit_are_one_fault_and_their_uids_are_known_all_the_same() -> None:
    raw = a_calendar(*(an_event("DTSTART:soon", uid=f"{number}@x") for number in range(5)))

    reading = read_calendar(raw, window=MARCH, limits=Limits(faults=2))

    assert [fault.code for fault in reading.faults] == ["bad_value", "bad_value", "more_faults"]
    assert len(reading.unread) == 5


def test_a_uid_beyond_all_measure_is_kept_as_its_hash() -> None:
    raw = a_calendar(an_event(*MONDAY, uid="x" * 300), an_event(*MONDAY, uid="x" * 255))

    uids = sorted(one.uid for one in read_calendar(raw, window=MARCH).occurrences)

    assert uids[0].startswith("long-uid-")
    assert len(uids[0]) < 60
    assert uids[1] == "x" * 255


def test_a_made_up_uid_stays_when_an_event_is_cancelled() -> None:
    bare = an_event(*MONDAY).replace("UID:모임@은하수\n", "")
    cancelled = bare.replace("END:VEVENT", "STATUS:CANCELLED\nSEQUENCE:1\nEND:VEVENT")

    keys = [read_calendar(a_calendar(event), window=MARCH).occurrences[0].key for event in (bare, cancelled)]

    assert keys[0] == keys[1]


def test_floating_times_and_days_are_the_facilitys() -> None:
    raw = a_calendar(an_event(at("DTSTART", TEN, ""), at("DTEND", TEN + timedelta(hours=1), "")))

    (one,) = read_calendar(raw, window=MARCH, default_tz=UTC).occurrences

    assert one.span.start == TEN.replace(tzinfo=UTC)


def test_the_sequence_is_that_of_the_event_that_speaks() -> None:
    raw = a_calendar(
        an_event(*MONDAY, "RRULE:FREQ=WEEKLY;COUNT=2", "SEQUENCE:3"),
        an_event(at("RECURRENCE-ID", TEN), *MONDAY, "SEQUENCE:5"),
    )

    assert [one.sequence for one in read_calendar(raw, window=MARCH).occurrences] == [5, 3]


def test_a_resource_with_several_uids_is_named_and_read() -> None:
    resource = a_calendar(an_event(*MONDAY), an_event(*MONDAY, uid="b@x"))

    reading = read_resource(resource, window=MARCH)

    assert [fault.code for fault in reading.faults] == ["several_uids"]
    assert len(reading.occurrences) == 2
    assert not read_resource(a_calendar(an_event(*WEEKLY)), window=MARCH).faults


def test_a_key_finds_the_same_time_again_after_its_series_was_moved() -> None:
    late = TEN + timedelta(hours=4)
    moved = an_event(at("RECURRENCE-ID;RANGE=THISANDFUTURE", TEN), at("DTSTART", late), at("DTEND", late + timedelta(hours=2)))

    before, after = (
        read_calendar(a_calendar(*events), window=MARCH).occurrences
        for events in ([an_event(*WEEKLY)], [an_event(*WEEKLY), moved])
    )

    assert [one.key for one in before] == [one.key for one in after]
    assert [replace(one, hash="") for one in before] != [replace(one, hash="") for one in after]
