"""A feed by itself: lease, numbers, trust, silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.spaces.agreement.model import (
    EVERY,
    LATE,
    LEASE,
    LONG_LEASE,
    LONGEST_PAUSE,
    NEEDS_TIME,
    WHOLE_EVERY,
    Feed,
    Reading,
    Secret,
)
from shared.errors import Refused
from tests.services.spaces.agreement.makers import a_feed, later
from tests.services.spaces.makers import NOW

ALARM = timedelta(minutes=180)


def begun(feed: Feed, at: float = 0) -> Reading:
    """Begin a reading so many minutes later."""
    reading = feed.begin_reading(later(at), asked=True)
    assert reading is not None
    return reading


def ended(feed: Feed, reading: Reading, at: float = 0, **told: object) -> bool:
    """End a reading well."""
    known = {"cursor": "c-1", "shelf": b"x" * 16, "differences": {}}
    return feed.end_reading(reading, later(at), **{**known, **told})  # type: ignore[arg-type]


def a_read_feed() -> Feed:
    """Return a feed that was read now."""
    feed = a_feed()
    ended(feed, begun(feed))
    return feed


def said(feed: Feed) -> list[str]:
    """Return the short names of what it said."""
    return [fact.type.split(".spaces.")[1].removesuffix(".v1") for fact in feed.facts]


def test_one_reader_at_a_time_holds_the_lease() -> None:
    feed = a_feed()
    first = begun(feed)
    assert feed.begin_reading(later(0.25), asked=True) is None

    second = feed.begin_reading(NOW + LEASE, asked=True)
    assert second is not None
    assert second.number == first.number + 1


def test_a_reading_that_was_overtaken_leaves_nothing() -> None:
    feed = a_feed()
    first, second = begun(feed), begun(feed, 6)

    assert ended(feed, first, 7) is False
    assert (feed.read_at, feed.cursor) == (None, "")
    assert ended(feed, second, 8) is True
    assert (feed.read_at, feed.cursor) == (later(6), "c-1")


def test_what_a_reading_saw_counts_for_nothing_while_another_may_still_write() -> None:
    feed = a_feed()
    begun(feed)
    second = begun(feed, 6)
    assert ended(feed, second, 6)

    assert (feed.trusted, feed.cursor, feed.shelf) == (False, "", b"")
    assert feed.read_at == later(6)
    third = begun(feed, 30)
    assert third.whole
    ended(feed, third, 30)
    assert not feed.trusted

    fourth = feed.begin_reading(NOW + LATE, asked=True)
    assert fourth is not None
    assert fourth.whole
    ended(feed, fourth, 60)
    assert feed.trusted
    assert not begun(feed, 70).whole


def test_after_a_reading_that_never_ended_the_very_next_is_whole() -> None:
    feed = a_read_feed()
    begun(feed, 10)
    assert begun(feed, 20).whole


def test_the_whole_is_read_once_a_day() -> None:
    feed = a_read_feed()
    assert not begun(feed, 6).whole
    feed = a_read_feed()
    reading = feed.begin_reading(NOW + WHOLE_EVERY, asked=True)
    assert reading is not None
    assert reading.whole


def test_a_failure_before_anything_was_written_keeps_what_is_known() -> None:
    for wrote in (False, True):
        feed = a_read_feed()
        feed.fail_reading(begun(feed, 10), later(10), "no_answer", wrote=wrote, alarm=ALARM)
        assert feed.trusted is not wrote
        assert feed.read_at == NOW


def test_failures_are_tried_again_soon_and_then_more_slowly() -> None:
    feed, pauses = a_read_feed(), []
    for number in range(8):
        reading = begun(feed, 10 + number)
        feed.fail_reading(reading, reading.began, "no_answer", wrote=False, alarm=None)
        assert feed.due is not None
        pauses.append((feed.due - reading.began).total_seconds())
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    assert LONGEST_PAUSE.total_seconds() == 60


def test_a_silence_is_said_once_an_outage_and_so_is_its_end() -> None:
    feed = a_read_feed()
    for minutes in (60, 179, 180, 240, 300):
        feed.fail_reading(begun(feed, minutes), later(minutes), "no_answer", wrote=False, alarm=ALARM)
    assert said(feed) == ["feed.died"]
    assert feed.facts[0].data["silent_since"] == "2026-12-01T00:00:00.000Z"

    ended(feed, begun(feed, 310), 310)
    assert said(feed) == ["feed.died", "feed.recovered"]
    assert feed.facts[1].data["silent_since"] == "2026-12-01T00:00:00.000Z"

    feed.fail_reading(begun(feed, 500), later(500), "no_answer", wrote=False, alarm=ALARM)
    assert said(feed)[2:] == ["feed.died"]


def test_one_that_never_answered_is_silent_since_it_was_connected() -> None:
    feed = a_feed()
    feed.fail_reading(begun(feed, 180), later(180), "no_such_host", wrote=False, alarm=ALARM)
    assert said(feed) == ["feed.died"]
    assert not feed.freshness(NOW, 30).fresh


def test_somebody_asking_during_a_reading_is_not_forgotten() -> None:
    feed = a_read_feed()
    reading = begun(feed, 10)
    feed.hurry(later(10))
    assert feed.due == later(10) + LEASE
    ended(feed, reading, 11)
    assert feed.due == later(11)
    ended(feed, begun(feed, 11), 11)
    assert feed.due == later(11) + timedelta(seconds=EVERY)


def test_hurrying_brings_the_next_reading_forward_but_never_one_that_failed() -> None:
    feed = a_read_feed()
    feed.hurry(later(1))
    assert feed.due == later(1)

    feed.fail_reading(begun(feed, 1), later(1), "no_answer", wrote=False, alarm=None)
    feed.hurry(later(1))
    assert feed.due == later(1) + timedelta(seconds=2)


def test_reading_again_at_once_becomes_slower_when_it_does_not_help() -> None:
    feed, pauses = a_read_feed(), []
    for number in range(12):
        reading = begun(feed, 10 + number * 10)
        ended(feed, reading, 10 + number * 10, again=True)
        assert feed.due is not None
        pauses.append((feed.due - reading.began).total_seconds())
    assert pauses == [0, 1, 3, 7, 15, 31, 63, 127, 255, 300, 300, 300]


def test_another_address_begins_from_nothing() -> None:
    feed = a_read_feed()
    feed.change(later(1), address=None, secret=None, every=60)
    assert (feed.trusted, feed.every) == (True, 60)
    feed.change(later(1), address="http://other.example/", secret=None, every=None)
    assert (feed.trusted, feed.cursor, feed.due) == (False, "", later(1))
    feed.change(later(2), address=None, secret=Secret("facility", "neu"), every=None)
    assert feed.secret.password == "neu"


def test_a_feed_that_was_disconnected_is_read_no_more_and_changed_no_more() -> None:
    feed = a_read_feed()
    feed.disconnect(later(1))
    assert feed.begin_reading(later(1), asked=True) is None
    with pytest.raises(Refused):
        feed.change(later(1), address=None, secret=None, every=60)
    feed.left(later(1))
    assert (feed.state, feed.due) == ("gone", None)


def test_a_feed_is_not_gone_while_a_reader_may_still_write() -> None:
    feed = a_read_feed()
    begun(feed, 10)
    feed.disconnect(later(10))
    feed.left(later(10))
    assert (feed.state, feed.due) == ("leaving", later(11))
    feed.left(later(71))
    assert feed.state == "gone"


def test_a_secret_is_in_no_text_of_a_feed() -> None:
    feed = a_feed()
    assert "비밀" not in repr(feed)
    assert "비밀" not in repr(feed.named())


def test_who_dies_while_reading_keeps_the_others_away_for_half_a_minute_only() -> None:
    feed = a_read_feed()
    begun(feed, 10)

    assert feed.begin_reading(later(10) + LEASE, asked=True) is not None
    assert timedelta(seconds=30) >= LEASE


def test_a_calendar_whose_readings_outlive_their_lease_is_given_more_time() -> None:
    feed = a_feed()
    late = [begun(feed, minutes) for minutes in range(NEEDS_TIME + 1)]
    for number, reading in enumerate(late[:-1]):
        assert not feed.needs_time, number
        assert ended(feed, reading, 10) is False

    patient = begun(feed, 11)

    assert patient.until == later(11) + LONG_LEASE
    assert ended(feed, patient, 12)
    assert not feed.needs_time
