"""The algebra of spans, against the plain meaning: sets of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spaces.spans import Span, covered, minutes_of, united, without
from tests.services.spaces.makers import a_span

ZERO = datetime(2026, 12, 1, tzinfo=UTC)


def spans() -> st.SearchStrategy[Span]:
    """Return spans of whole minutes within five hours."""
    return st.tuples(st.integers(0, 300), st.integers(1, 90)).map(
        lambda pair: Span(ZERO + timedelta(minutes=pair[0]), ZERO + timedelta(minutes=pair[0] + pair[1]))
    )


def minutes(many: object) -> set[int]:
    """Return the minutes that spans cover."""
    covered_: set[int] = set()
    for span in many:  # type: ignore[attr-defined]
        first = int((span.start - ZERO).total_seconds() // 60)
        covered_ |= set(range(first, first + span.minutes))
    return covered_


@given(st.lists(spans()))
def test_united_spans_cover_the_same_minutes_and_never_touch(many: list[Span]) -> None:
    one = united(many)
    assert minutes(one) == minutes(many)
    assert all(a.end < b.start for a, b in pairwise(one))
    assert minutes_of(many) == len(minutes(many))


@given(st.lists(spans()), st.lists(spans()))
def test_what_is_left_is_the_difference_of_the_minutes(many: list[Span], cut: list[Span]) -> None:
    left = without(many, cut)
    assert minutes(left) == minutes(many) - minutes(cut)
    assert united(left) == left


@given(spans(), st.lists(spans()))
def test_a_span_is_covered_when_every_minute_is(span: Span, by: list[Span]) -> None:
    assert covered(span, by) == (minutes([span]) <= minutes(by))


@given(spans(), spans())
def test_overlap_is_a_common_minute_and_the_common_span_holds_exactly_those(a: Span, b: Span) -> None:
    both = minutes([a]) & minutes([b])
    assert a.overlaps(b) == b.overlaps(a) == bool(both)
    common = a.common(b)
    assert (minutes([common]) if common else set()) == both


def test_touching_spans_do_not_overlap() -> None:
    assert not a_span(10, 12).overlaps(a_span(12, 14))


def test_a_span_over_midnight_touches_both_days_and_one_until_midnight_only_the_first() -> None:
    assert [day.day for day in a_span(23, 25).days] == [1, 2]
    assert [day.day for day in a_span(23, 24).days] == [1]


def test_an_empty_or_backward_or_naive_span_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Span(ZERO, ZERO)
    with pytest.raises(ValueError, match="naive"):
        Span(datetime(2026, 12, 1), datetime(2026, 12, 2))  # noqa: DTZ001
