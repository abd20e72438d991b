"""Night rest, back-off, Message-IDs and what becomes of a mail: pure decisions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.letters.matters import letter_of
from services.notifications.letters.model import (
    ADVERTISING,
    BACK_OFF,
    TRANSACTIONAL,
    Answer,
    MailRecord,
    Pace,
    after_answer,
    after_log,
    held_until,
    message_id,
)
from shared.clock import KST, from_iso, utc
from shared.events.placement import PLACEMENT_SELECTED
from tests.services.facts import MORNING, said


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22T07:59:59+09:00", "2026-11-22T08:00:00+09:00"),
        ("2026-11-22T08:00:00+09:00", None),
        ("2026-11-22T20:59:59+09:00", None),
        ("2026-11-22T21:00:00+09:00", "2026-11-23T08:00:00+09:00"),
        ("2026-11-22T23:59:59+09:00", "2026-11-23T08:00:00+09:00"),
        ("2026-11-23T00:00:00+09:00", "2026-11-23T08:00:00+09:00"),
        ("2026-12-31T22:00:00+09:00", "2027-01-01T08:00:00+09:00"),
    ],
)
def test_news_of_openings_rests_from_nine_in_the_evening_to_eight_in_the_morning(now: str, until: str | None) -> None:
    held = held_until(ADVERTISING, from_iso(now), night_news=False)

    assert held == (None if until is None else from_iso(until))


@given(st.datetimes(min_value=datetime(2023, 1, 1), max_value=datetime(2050, 1, 1), timezones=st.just(KST)))  # noqa: DTZ001
def test_held_news_goes_out_at_eight_and_within_eleven_hours(local: datetime) -> None:
    now = utc(local)
    until = held_until(ADVERTISING, now, night_news=False)
    if until is not None:
        assert (until.astimezone(KST).hour, until.minute) == (8, 0)
        assert timedelta() < until - now <= timedelta(hours=11)
        assert held_until(ADVERTISING, until, night_news=False) is None


def test_a_selection_and_a_resident_with_the_night_consent_wait_for_nobody() -> None:
    night = from_iso("2026-11-22T23:00:00+09:00")

    assert held_until(TRANSACTIONAL, night, night_news=False) is None
    assert held_until(ADVERTISING, night, night_news=True) is None


def test_a_message_id_is_ascii_without_a_colon_and_the_same_every_time() -> None:
    letter = letter_of(said(PLACEMENT_SELECTED, resident_id="주민-은하"), written=MORNING)
    other = letter_of(said(PLACEMENT_SELECTED, resident_id="주민-하늘"), written=MORNING)
    assert letter is not None
    assert other is not None

    named = message_id(letter, "sipbun.example")

    assert named.isascii()
    assert ":" not in named
    assert named == message_id(letter, "sipbun.example") != message_id(other, "sipbun.example")


def test_a_busy_server_is_asked_again_later_and_later_and_then_no_more() -> None:
    record, waits = MailRecord(), []
    while True:
        told = after_answer(record, Answer("later", "server_busy"), MORNING, since=MORNING, log_is_kept=True)
        if told.due is None:
            break
        waits.append(told.due - MORNING)
        record = MailRecord(attempts=told.attempts)

    assert tuple(waits) == BACK_OFF
    assert (told.state, told.why) == ("failed", "server_busy")


def test_a_mail_in_doubt_is_never_simply_sent_again() -> None:
    claimed = MORNING - timedelta(seconds=30)
    told = after_answer(MailRecord(), Answer("unknown", "answer_lost"), MORNING, since=claimed, log_is_kept=False)

    assert (told.state, told.due, told.since) == ("unknown", None, claimed)


def test_only_a_readable_log_after_the_grace_period_brings_a_mail_back() -> None:
    pace = Pace()
    doubtful = MailRecord(state="unknown", since=MORNING, attempts=1)

    def looked(after: timedelta, *, taken: bool | None) -> tuple[str, object]:
        told = after_log(doubtful, MORNING + after, pace, taken=taken)
        return told.state, told.due

    assert looked(timedelta(), taken=True) == ("sent", None)
    quiet = pace.claim + pace.grace
    assert looked(timedelta(), taken=False) == ("unknown", MORNING + quiet)
    assert looked(quiet, taken=False) == ("new", MORNING + quiet)
    assert looked(quiet, taken=None) == ("unknown", MORNING + quiet + pace.unreadable)
    assert looked(timedelta(hours=25), taken=None) == ("unknown", None)
    assert looked(timedelta(hours=25), taken=False) == ("unknown", None)
