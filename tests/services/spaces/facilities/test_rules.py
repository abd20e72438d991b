"""What must hold before a span may be booked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.spaces.facilities.hours import open_spans
from services.spaces.facilities.model import CLOSED, ENDS, Hours, Limits, Place
from services.spaces.facilities.rules import refusal, standing_refusal
from services.spaces.spans import Span
from shared.errors import Refused
from tests.services.spaces.facilities.office import a_place
from tests.services.spaces.makers import NOW, a_span

DAYTIME = Hours.daily(9 * 60, 18 * 60)


def asked(span: Span, place: Place | None = None) -> Refused | None:
    """Return the objection to a span of a place that is open 09:00-18:00, asked at 09:00."""
    place = place or a_place(DAYTIME)
    return refusal(place, span, open_spans(place, span.days[0], span.days[-1], ()), NOW)


def with_limits(**limits: int) -> Place:
    """Return a place with these limits."""
    return a_place(DAYTIME, space={"limits": Limits(**limits)})


def test_a_span_that_keeps_every_rule_is_not_refused() -> None:
    assert asked(a_span(9, 10)) is None
    assert asked(a_span(17, 18)) is None


@pytest.mark.parametrize(
    ("span", "place", "code", "field", "values"),
    [
        (a_span(10, 11), a_place(DAYTIME, space={"state": CLOSED}), "space_closed", "space_id", {}),
        (a_span(10, 11), a_place(DAYTIME, state=CLOSED), "facility_closed", "space_id", {}),
        (a_span(8, 10), None, "span_in_the_past", "start", {}),
        (a_span(10, 11), with_limits(notice_minutes=120), "span_too_soon", "start", {"notice": 120}),
        (a_span(10, 11, 5), with_limits(horizon_days=3), "span_too_far", "start", {"last": "2026-12-04"}),
        (a_span(10.25, 11), None, "span_off_step", "start", {"step": 30}),
        (a_span(10, 10.75), None, "span_off_step", "end", {"step": 30}),
        (a_span(10, 10.5), with_limits(min_minutes=60), "span_too_short", "end", {"least": 60}),
        (a_span(10, 13), with_limits(max_minutes=120), "span_too_long", "end", {"most": 120}),
        (a_span(19, 20), None, "outside_hours", "start", {"open": "09:00~18:00"}),
        (a_span(17, 19), None, "outside_hours", "end", {"open": "09:00~18:00"}),
        (a_span(10, 11), a_place(), "closed_that_day", "start", {"day": "2026-12-01"}),
    ],
)
def test_the_first_broken_rule_names_the_field_and_the_fix(
    span: Span, place: Place | None, code: str, field: str, values: dict[str, Any]
) -> None:
    refused = asked(span, place)

    assert refused is not None
    assert (refused.code, refused.field) == (code, field)
    assert values.items() <= refused.values.items()


def test_the_last_day_of_the_horizon_may_still_be_booked() -> None:
    assert asked(a_span(10, 11, 4), with_limits(horizon_days=3)) is None


def test_notice_is_kept_to_the_minute() -> None:
    assert asked(a_span(11, 12), with_limits(notice_minutes=120)) is None


def test_a_break_at_noon_is_not_bridged() -> None:
    place = a_place(Hours((((540, 720), (780, 1080)),) * 7))

    refused = asked(a_span(11, 14), place)

    assert refused is not None
    assert refused.values["open"] == "09:00~12:00, 13:00~18:00"


def test_of_a_kit_only_hand_over_and_return_lie_in_opening_hours() -> None:
    limits = Limits(max_minutes=3000)
    overnight = a_span(17, 24 + 10)

    assert asked(overnight, a_place(DAYTIME, space={"hours_apply": ENDS, "limits": limits})) is None
    assert asked(overnight, a_place(DAYTIME, space={"limits": limits})) is not None
    at_closing = asked(a_span(18, 24 + 10), a_place(DAYTIME, space={"hours_apply": ENDS, "limits": limits}))
    assert at_closing is not None
    assert at_closing.field == "start"
    late = asked(a_span(17, 24 + 8), a_place(DAYTIME, space={"hours_apply": ENDS, "limits": limits}))
    assert late is not None
    assert (late.code, late.field) == ("outside_hours", "end")


def test_a_night_that_is_open_may_be_booked_over_midnight() -> None:
    assert asked(a_span(22, 25), a_place(Hours.daily(18 * 60, 26 * 60))) is None


def test_a_closing_at_midnight_is_kept() -> None:
    assert asked(a_span(22, 24), a_place(Hours.daily(18 * 60, 24 * 60))) is None


def test_a_booking_that_stands_is_judged_by_hours_only() -> None:
    place, span = with_limits(min_minutes=60), a_span(9, 9.5)
    spans = open_spans(place, span.days[0], span.days[0], ())

    assert refusal(place, span, spans, NOW) is not None
    assert standing_refusal(place, span, spans, NOW + timedelta(days=3)) is None
    assert standing_refusal(place, span, (), NOW) is not None
