"""When a place is open."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spaces.facilities.hours import open_spans
from services.spaces.facilities.model import Hours, SpecialDay
from services.spaces.facilities.values import DAY
from services.spaces.spans import Span, minutes_of, united
from shared.clock import KST
from shared.errors import Refused
from tests.services.spaces.facilities.office import a_day, a_place

TUESDAY = a_day("2026-12-01")
NIGHTS = Hours.daily(22 * 60, 26 * 60)


def shown(spans: tuple[Span, ...]) -> list[str]:
    """Return spans as people in Seoul read them."""
    return [f"{one.start.astimezone(KST):%d %H:%M}-{one.end.astimezone(KST):%d %H:%M}" for one in spans]


def windows() -> st.SearchStrategy[tuple[int, int]]:
    """Return any window."""
    return st.integers(0, DAY - 1).flatmap(lambda opens: st.tuples(st.just(opens), st.integers(opens + 1, 2 * DAY)))


def days() -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    """Return the windows of any day."""
    return st.lists(windows(), max_size=3).map(tuple)


WEEKS = st.lists(days(), min_size=7, max_size=7).map(lambda week: Hours(tuple(week)))
OFFSETS = st.integers(-2, 10)


@given(
    week=WEEKS,
    own=st.none() | WEEKS,
    special=st.dictionaries(OFFSETS, days(), max_size=4),
    holidays=st.sets(OFFSETS),
    first=st.integers(0, 5),
    length=st.integers(0, 5),
)
def test_days_asked_for_together_are_the_union_of_days_asked_for_one_by_one(
    week: Hours,
    own: Hours | None,
    special: dict[int, tuple[tuple[int, int], ...]],
    holidays: set[int],
    first: int,
    length: int,
) -> None:
    exceptions = tuple(SpecialDay(_day(one), windows, "공사") for one, windows in special.items())
    place = a_place(week, own, exceptions=exceptions)
    off = {_day(one) for one in holidays}

    together = open_spans(place, _day(first), _day(first + length), off)
    one_by_one = united(
        span for n in range(first, first + length + 1) for span in open_spans(place, _day(n), _day(n), off)
    )

    assert together == one_by_one
    assert together == united(together)
    if together:
        assert _day(first) <= together[0].days[0]
        assert together[-1].days[-1] <= _day(first + length)


def _day(offset: int) -> date:
    return TUESDAY + timedelta(days=offset)


@given(first=OFFSETS, length=st.integers(0, 9))
def test_open_always_is_open_every_minute_in_one_span(first: int, length: int) -> None:
    place = a_place(Hours.always(), holidays="open")

    spans = open_spans(place, _day(first), _day(first + length), {_day(first)})

    assert len(spans) == 1
    assert minutes_of(spans) == (length + 1) * DAY


@given(opens=st.integers(0, DAY - 1), length=st.integers(1, DAY))
def test_a_window_over_midnight_is_as_long_over_two_days_as_it_is_in_the_week(opens: int, length: int) -> None:
    week = Hours(((), ((opens, min(opens + length, 2 * DAY)),), (), (), (), (), ()))

    spans = open_spans(a_place(week), TUESDAY, TUESDAY + timedelta(days=1), ())

    assert minutes_of(spans) == min(opens + length, 2 * DAY) - opens


def test_a_night_flows_into_the_next_day() -> None:
    place = a_place(NIGHTS)

    assert shown(open_spans(place, TUESDAY, TUESDAY, ())) == ["01 00:00-01 02:00", "01 22:00-02 00:00"]


def test_the_night_before_a_closed_day_still_belongs_to_the_evening_it_began() -> None:
    place = a_place(NIGHTS, exceptions=(SpecialDay(TUESDAY, (), "정전"),))

    assert shown(open_spans(place, TUESDAY, TUESDAY + timedelta(days=1), ())) == [
        "01 00:00-01 02:00",
        "02 22:00-03 00:00",
    ]


def test_a_holiday_is_closed_unless_the_facility_says_otherwise() -> None:
    christmas = a_day("2026-12-25")
    week = Hours.daily(540, 1080)

    assert open_spans(a_place(week), christmas, christmas, {christmas}) == ()
    assert shown(open_spans(a_place(week, holidays="open"), christmas, christmas, {christmas})) == ["25 09:00-25 18:00"]


def test_an_exception_counts_more_than_a_holiday_and_more_than_a_spaces_own_hours() -> None:
    short = SpecialDay(TUESDAY, ((600, 780),), "송년 행사")
    place = a_place(Hours.daily(540, 1080), own=Hours.always(), exceptions=(short,))

    assert shown(open_spans(place, TUESDAY, TUESDAY, {TUESDAY})) == ["01 10:00-01 13:00"]


def test_a_space_with_hours_of_its_own_keeps_them() -> None:
    place = a_place(Hours.daily(540, 1080), own=Hours.daily(600, 720))

    assert shown(open_spans(place, TUESDAY, TUESDAY, ())) == ["01 10:00-01 12:00"]


def test_no_days_give_no_spans() -> None:
    assert open_spans(a_place(Hours.always()), TUESDAY, TUESDAY - timedelta(days=1), ()) == ()


@pytest.mark.parametrize("window", [(-1, 60), (540, 540), (600, 540), (1440, 1500), (0, 2881)])
def test_a_window_that_no_clock_shows_is_refused_by_name(window: tuple[int, int]) -> None:
    with pytest.raises(Refused) as refused:
        Hours(((window,), (), (), (), (), (), ()))

    assert (refused.value.code, refused.value.field) == ("hours_out_of_range", "hours.weekly.0")


def test_a_week_has_seven_days() -> None:
    with pytest.raises(Refused, match="hours_need_seven_days"):
        Hours(((),) * 6)
