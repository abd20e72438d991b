"""When a space can still be booked: every window keeps its promise, and none is missing."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as some

from services.spaces.diary.model import BOOKING, FEED, Claim
from services.spaces.facilities.hours import open_spans
from services.spaces.facilities.model import ENDS, WHOLE_SPAN, Hours, Limits, Place
from services.spaces.facilities.rules import refusal
from services.spaces.idle.windows import Window, diary_ids, stretch, windows
from services.spaces.spans import Span
from shared.clock import KST
from tests.services.spaces.idle.makers import NOW, a_claim, a_facility, a_place, at, span

DAY = span(0, 24)


def idle(place: Place, *claims: Claim, asked: Span = DAY, minutes: int | None = None) -> list[tuple[str, str]]:
    """Return the windows as clock times in Seoul."""
    return [clock(one) for one in found(place, claims, asked, minutes)]


def found(place: Place, claims: tuple[Claim, ...], asked: Span, minutes: int | None = None) -> tuple[Window, ...]:
    opened = open_spans(place, date(2026, 11, 30), date(2026, 12, 5), ())
    return windows(place, [stretch(one) for one in opened], claims, stretch(asked), now=NOW, minutes=minutes)


def clock(window: Window) -> tuple[str, str]:
    times = [f"{instant.astimezone(KST):%d %H:%M}" for instant in (window.span.start, window.span.end)]
    return times[0].removeprefix("01 "), times[1].removeprefix("01 ")


def test_a_day_without_claims_is_idle_while_it_is_open() -> None:
    assert idle(a_place()) == [("09:00", "18:00")]


def test_what_is_claimed_is_not_idle_and_what_only_touches_it_is() -> None:
    place = a_place()

    assert idle(place, a_claim(place, span(10, 12)), a_claim(place, span(12, 13))) == [("09:00", "10:00"), ("13:00", "18:00")]


def test_a_window_keeps_the_longer_of_two_buffers_on_each_side() -> None:
    place = a_place(before=timedelta(minutes=30), after=timedelta(minutes=60))
    entry = a_claim(place, span(12, 13), before=timedelta(0), after=timedelta(minutes=90), kind=FEED)

    # Ours after is 60 and theirs before 0: until 11:00. Theirs after is 90 and ours before 30: from 14:30.
    assert idle(place, entry) == [("09:00", "11:00"), ("14:30", "18:00")]


def test_a_part_is_free_while_another_part_is_taken_and_the_hall_is_not() -> None:
    facility = a_facility()
    hall = a_place("큰방", facility=facility)
    east = a_place("동쪽", facility=facility, root_id=hall.space.id, parts=("동",))
    west = a_place("서쪽", facility=facility, root_id=hall.space.id, parts=("서",))
    taken = a_claim(east, span(9, 17))

    assert idle(west, taken) == [("09:00", "18:00")]
    assert idle(hall, taken) == [("17:00", "18:00")]


def test_windows_are_cut_to_what_is_asked_and_to_the_step() -> None:
    asked = Span(at(10, 10), at(11, 50))

    assert idle(a_place(), asked=asked) == [("10:30", "11:30")]


def test_a_window_shorter_than_asked_is_none() -> None:
    place = a_place()
    taken = a_claim(place, span(10, 17))

    assert idle(place, taken, minutes=61) == []
    assert idle(place, taken, minutes=60) == [("09:00", "10:00"), ("17:00", "18:00")]
    assert idle(place, minutes=481) == []


def test_notice_and_horizon_of_a_space_are_respected() -> None:
    place = a_place(limits=Limits(notice_minutes=120, horizon_days=1))
    days = Span(at(0), at(96))

    # It is 08:10: from 10:10 on, on the step; today and tomorrow.
    assert idle(place, asked=days) == [("10:30", "18:00"), ("02 09:00", "02 18:00")]


def test_a_kit_may_be_out_overnight_but_is_handed_over_in_opening_hours() -> None:
    kit = a_place("캠핑상자", hours_apply=ENDS, limits=Limits(max_minutes=4 * 24 * 60))
    out = a_claim(kit, span(14, 34))

    assert idle(kit, out, asked=Span(at(0), at(72))) == [("09:00", "14:00"), ("02 10:00", "03 18:00")]


def test_nobody_is_sent_overnight_with_a_kit_that_must_be_back_the_same_day() -> None:
    kit = a_place("캠핑상자", hours_apply=ENDS, limits=Limits(max_minutes=8 * 60))
    two_days = found(kit, (), Span(at(0), at(48)))

    assert [one.longest for one in two_days] == [8 * 60]


def test_the_diaries_of_the_neighbouring_days_are_asked_when_buffers_reach_there() -> None:
    place = a_place(before=timedelta(minutes=30), facility=a_facility(hours=Hours.always()))

    assert diary_ids(place.space, [stretch(span(0, 3))]) == {f"{place.space.id}:2026-11-30", f"{place.space.id}:2026-12-01"}
    assert diary_ids(place.space, [stretch(span(1, 24))]) == {f"{place.space.id}:2026-12-01"}


# Whatever the hours, the claims and the limits are.

minutes = some.integers
quarter = some.integers(0, 8).map(lambda n: timedelta(minutes=15 * n))
steps = some.sampled_from([15, 20, 30, 45, 60, 90])


@some.composite
def places(draw: some.DrawFn) -> Place:
    opens = draw(some.integers(0, 80)) * 15
    hours = Hours.daily(opens, min(opens + draw(some.integers(4, 96)) * 15, 48 * 60))
    least = draw(some.sampled_from([15, 30, 60, 120]))
    limits = Limits(
        min_minutes=least,
        max_minutes=max(least, draw(some.sampled_from([60, 120, 480, 1500]))),
        step_minutes=draw(steps),
        notice_minutes=draw(some.sampled_from([0, 90])),
        horizon_days=draw(some.sampled_from([1, 30])),
    )
    return a_place(
        facility=a_facility(hours=hours),
        limits=limits,
        before=draw(quarter),
        after=draw(quarter),
        hours_apply=draw(some.sampled_from([WHOLE_SPAN, ENDS])),
    )


@some.composite
def spans(draw: some.DrawFn) -> Span:
    start = at(0) + timedelta(minutes=15) * draw(some.integers(0, 180))
    return Span(start, start + timedelta(minutes=15) * draw(some.integers(1, 40)))


@some.composite
def claims(draw: some.DrawFn) -> tuple[Claim, ...]:
    place = a_place()
    rows = draw(some.lists(some.tuples(spans(), quarter, quarter), max_size=4))
    return tuple(a_claim(place, one, before=before, after=after) for one, before, after in rows)


def accepted(place: Place, wanted: Span, taken: tuple[Claim, ...]) -> bool:
    """Return whether the desk of bookings would take it: its rules, and its diary."""
    opened = open_spans(place, date(2026, 11, 29), date(2026, 12, 6), ())
    space = place.space
    claim = Claim("bkg-new", BOOKING, space.id, space.parts, wanted, space.before, space.after)
    return refusal(place, wanted, opened, NOW) is None and not any(claim.clashes_with(other) for other in taken)


@settings(max_examples=300, deadline=None)
@given(places(), claims(), spans())
def test_what_the_desk_would_take_lies_in_a_window(place: Place, taken: tuple[Claim, ...], wanted: Span) -> None:
    last_day_ends = at(24 * (1 + place.space.limits.horizon_days))
    shown = found(place, taken, Span(at(0), at(96)), minutes=wanted.minutes)

    if accepted(place, wanted, taken) and wanted.end <= last_day_ends and 24 * 60 % place.space.limits.step_minutes == 0:
        assert any(window.span.contains(wanted) and window.longest >= wanted.minutes for window in shown)


@settings(max_examples=300, deadline=None)
@given(places(), claims(), some.data())
def test_the_desk_would_take_any_part_of_a_window(place: Place, taken: tuple[Claim, ...], data: some.DataObject) -> None:
    shown = found(place, taken, Span(at(0), at(60)))
    if not shown or place.space.hours_apply == ENDS:
        return
    window = data.draw(some.sampled_from(shown))
    step, limits = timedelta(minutes=place.space.limits.step_minutes), place.space.limits
    start = window.span.start + step * data.draw(some.integers(0, (window.span.end - window.span.start) // step - 1))
    longest = min(window.span.end - start, timedelta(minutes=window.longest))
    part = Span(start, start + step * data.draw(some.integers(1, max(1, longest // step))))
    if part.minutes < limits.min_minutes or 24 * 60 % limits.step_minutes:
        return

    assert window.span.contains(part)
    assert accepted(place, part, taken)


@settings(max_examples=300, deadline=None)
@given(places(), claims())
def test_as_long_as_a_window_says_something_of_it_can_be_booked(place: Place, taken: tuple[Claim, ...]) -> None:
    for window in found(place, taken, Span(at(0), at(60))):
        step = timedelta(minutes=5)
        length = timedelta(minutes=window.longest)
        starts = (window.span.start + step * n for n in range((window.span.end - window.span.start) // step))

        assert any(accepted(place, Span(start, start + length), taken) for start in starts)
