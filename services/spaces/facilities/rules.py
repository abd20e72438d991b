"""What must hold before a span of a place may be booked: named rules, the first that objects gives the reason. Pure.

Whether the span is free is the diary's to say, whether minutes are left the ledger's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.spaces.facilities.model import ENDS, OPEN, Place
from services.spaces.facilities.values import LONGEST
from services.spaces.spans import Span, covered
from shared.clock import KST, iso, kst_day, start_of_kst_day
from shared.errors import Refused


@dataclass(frozen=True)
class Wanted:
    """A span somebody wants. ``open_spans`` covers at least the KST days that the span touches."""

    place: Place
    span: Span
    open_spans: Sequence[Span]
    now: datetime


Rule = Callable[[Wanted], Refused | None]


def asked_span(start: datetime, end: datetime) -> Span:
    """Return the span that somebody asks for; raise ``Refused`` when it is empty or longer than any space allows.

    Whoever asks for a thousand years is refused here, before anybody works out their opening hours.
    """
    try:
        span = Span(start, end)
    except ValueError as error:
        raise Refused("span_empty", field="end") from error
    if span.end - span.start > timedelta(minutes=LONGEST):
        raise Refused("span_too_long", field="end", most=LONGEST)
    return span


def space_is_open(wanted: Wanted) -> Refused | None:
    """The space takes bookings."""
    return None if wanted.place.space.state == OPEN else Refused("space_closed", field="space_id")


def facility_is_open(wanted: Wanted) -> Refused | None:
    """Its facility takes bookings."""
    return None if wanted.place.facility.state == OPEN else Refused("facility_closed", field="space_id")


def starts_later_than_now(wanted: Wanted) -> Refused | None:
    """What has begun can't be booked any more."""
    if wanted.span.start >= wanted.now:
        return None
    return Refused("span_in_the_past", field="start", now=iso(wanted.now))


def is_asked_early_enough(wanted: Wanted) -> Refused | None:
    """The facility wants to know so many minutes before."""
    notice = wanted.place.space.limits.notice_minutes
    least = wanted.now + timedelta(minutes=notice)
    if wanted.span.start >= least:
        return None
    return Refused("span_too_soon", field="start", notice=notice, least=iso(least))


def is_not_too_far_ahead(wanted: Wanted) -> Refused | None:
    """So many days ahead, counted in Seoul, and no further."""
    days = wanted.place.space.limits.horizon_days
    last = kst_day(wanted.now) + timedelta(days=days)
    if kst_day(wanted.span.start) <= last:
        return None
    return Refused("span_too_far", field="start", days=days, last=last.isoformat())


def is_long_enough(wanted: Wanted) -> Refused | None:
    """At least so many minutes."""
    least = wanted.place.space.limits.min_minutes
    length = wanted.span.end - wanted.span.start
    return None if length >= timedelta(minutes=least) else Refused("span_too_short", field="end", least=least)


def is_short_enough(wanted: Wanted) -> Refused | None:
    """At most so many minutes."""
    most = wanted.place.space.limits.max_minutes
    length = wanted.span.end - wanted.span.start
    return None if length <= timedelta(minutes=most) else Refused("span_too_long", field="end", most=most)


def is_on_the_step(wanted: Wanted) -> Refused | None:
    """Both ends lie on the step, counted from midnight in Seoul."""
    step = wanted.place.space.limits.step_minutes
    for field, instant in (("start", wanted.span.start), ("end", wanted.span.end)):
        if (instant - start_of_kst_day(kst_day(instant))) % timedelta(minutes=step):
            return Refused("span_off_step", field=field, step=step)
    return None


def lies_in_opening_hours(wanted: Wanted) -> Refused | None:
    """The whole span lies in opening hours; of a kit that may be out overnight, hand-over and return do."""
    span, spans = wanted.span, wanted.open_spans
    starts = any(one.start <= span.start < one.end for one in spans)
    ends = any(one.start < span.end <= one.end for one in spans)
    if starts and ends and (wanted.place.space.hours_apply == ENDS or covered(span, spans)):
        return None
    field, instant = ("end", span.end) if starts else ("start", span.start)
    day = kst_day(instant if field == "start" else instant - timedelta(milliseconds=1))
    opened = _clock_times(day, spans)
    if not opened:
        return Refused("closed_that_day", field=field, day=day.isoformat())
    return Refused("outside_hours", field=field, day=day.isoformat(), open=opened)


def _clock_times(day: object, spans: Sequence[Span]) -> str:
    """Return ``09:00~12:00, 13:00~18:00`` of one KST day."""
    shown = [
        f"{one.start.astimezone(KST):%H:%M}~{one.end.astimezone(KST):%H:%M}" for one in spans if day in one.days
    ]
    return ", ".join(shown)


BOOKING_RULES: tuple[Rule, ...] = (
    space_is_open,
    facility_is_open,
    starts_later_than_now,
    is_asked_early_enough,
    is_not_too_far_ahead,
    is_on_the_step,
    is_long_enough,
    is_short_enough,
    lies_in_opening_hours,
)
#: What stays true of a booking, whatever the clock says: those that are validated again when hours change.
STANDING_RULES: tuple[Rule, ...] = (space_is_open, facility_is_open, lies_in_opening_hours)


def refusal(place: Place, span: Span, open_spans: Sequence[Span], now: datetime) -> Refused | None:
    """Return the first rule's objection to a new booking, or None."""
    return _first(BOOKING_RULES, Wanted(place, span, open_spans, now))


def standing_refusal(place: Place, span: Span, open_spans: Sequence[Span], now: datetime) -> Refused | None:
    """Return why a booking that was made may not stay, or None."""
    return _first(STANDING_RULES, Wanted(place, span, open_spans, now))


def _first(rules: Sequence[Rule], wanted: Wanted) -> Refused | None:
    return next((objection for rule in rules if (objection := rule(wanted)) is not None), None)
