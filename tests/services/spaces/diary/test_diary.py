"""One day of one root: claims never overlap, a hall is its parts, buffers count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spaces.diary.model import FEED, OFFER, Claim, Diary, Entry
from shared.errors import Refused
from tests.services.spaces.makers import a_claim, a_span, at

TEN = timedelta(minutes=10)


def a_diary() -> Diary:
    return Diary(
        id="spc-강당:2026-12-01",
        tenant="gwangsan",
        root_id="spc-강당",
        facility_id="fac-은하수",
        district="29200",
        day=date(2026, 12, 1),
    )


def an_entry(claim_id: str, start: float, end: float, **changes: object) -> Claim:
    entry = Entry("fed-1", claim_id, "", 0, f"hash-{start}-{end}")
    return a_claim(claim_id, start, end, kind=FEED, entry=entry, **changes)


def said(diary: Diary) -> list[tuple[str, str]]:
    return [(fact.type.split(".")[-2], fact.data.get("booking_id", "")) for fact in diary.facts]


def test_two_that_only_touch_are_both_taken() -> None:
    diary = a_diary()
    diary.hold(a_claim("a", 10, 12), hours_version=1)
    diary.hold(a_claim("b", 12, 14), hours_version=1)
    assert list(diary.claims) == ["a", "b"]


@pytest.mark.parametrize(("start", "end"), [(10, 12), (11, 13), (9, 11), (10.5, 11), (8, 14)])
def test_one_that_lies_over_another_is_refused(start: float, end: float) -> None:
    diary = a_diary()
    diary.hold(a_claim("a", 10, 12), hours_version=1)
    with pytest.raises(Refused, match="span_taken"):
        diary.hold(a_claim("b", start, end), hours_version=1)
    assert list(diary.claims) == ["a"]


def test_a_hall_is_its_parts_and_parts_don_t_know_each_other() -> None:
    diary = a_diary()
    diary.hold(a_claim("east", 10, 12, parts=("a", "b")), hours_version=1)
    diary.hold(a_claim("west", 10, 12, parts=("c",)), hours_version=1)
    for parts in (("*",), ("b",), ("b", "d")):
        with pytest.raises(Refused, match="span_taken"):
            diary.hold(a_claim("x", 11, 13, parts=parts), hours_version=1)


def test_between_two_uses_lies_the_longer_buffer_whoever_has_it() -> None:
    diary = a_diary()
    diary.hold(a_claim("a", 10, 12, after=TEN), hours_version=1)
    with pytest.raises(Refused, match="span_taken"):
        diary.hold(a_claim("b", 12, 13), hours_version=1)
    with pytest.raises(Refused, match="span_taken"):
        diary.hold(a_claim("c", 9, 10, after=TEN), hours_version=1)
    later = a_claim("d", 12, 13, before=TEN)
    diary.hold(replace(later, span=a_span(12 + 1 / 6, 13)), hours_version=1)
    assert list(diary.claims) == ["a", "d"]


def test_holding_again_changes_nothing_but_another_act_under_the_same_id_is_refused() -> None:
    diary = a_diary()
    claim = a_claim("a", 10, 12, deadline=at(9.1))
    diary.hold(claim, hours_version=1)
    diary.settle("a")
    diary.hold(claim, hours_version=1)
    assert diary.claims["a"].deadline is None
    with pytest.raises(Refused, match="id_taken"):
        diary.hold(replace(claim, act_id="another"), hours_version=1)
    diary.drop("a", act_id="another")
    assert "a" in diary.claims


def test_an_act_that_holds_one_span_can_t_hold_another_by_the_same_name() -> None:
    diary = a_diary()
    claim = a_claim("a", 10, 12, deadline=at(9.1))
    diary.hold(claim, hours_version=1)
    with pytest.raises(Refused, match="act_id_reused"):
        diary.hold(replace(claim, span=a_span(14, 16)), hours_version=1)
    with pytest.raises(Refused, match="act_id_reused"):
        diary.hold(replace(claim, parts=("spc-동관",)), hours_version=1)


def test_a_refused_try_gives_nothing_back_that_its_repeat_holds_or_that_is_booked() -> None:
    diary = a_diary()
    claim = a_claim("a", 10, 12, deadline=at(9.1))
    diary.hold(claim, hours_version=1)
    diary.give_back("a", "another")
    assert "a" in diary.claims
    diary.hold(claim, hours_version=1)
    diary.give_back("a", claim.act_id)
    assert "a" in diary.claims
    diary.settle("a")
    diary.give_back("a", claim.act_id)
    assert "a" in diary.claims
    diary.hold(a_claim("b", 14, 15, deadline=at(9.1)), hours_version=1)
    diary.give_back("b", "act-b")
    assert list(diary.claims) == ["a"]


def test_a_claim_decided_on_old_hours_is_refused() -> None:
    diary = a_diary()
    diary.bump(3)
    with pytest.raises(Refused, match="hours_changed"):
        diary.hold(a_claim("a", 10, 12), hours_version=2)
    diary.hold(a_claim("a", 10, 12), hours_version=4)
    assert diary.hours_version == 4


def test_a_booking_takes_the_place_of_its_own_offer_only() -> None:
    diary = a_diary()
    diary.hold(a_claim("wsh-1", 10, 12, kind=OFFER), hours_version=1)
    with pytest.raises(Refused, match="span_taken"):
        diary.hold(a_claim("b", 10, 12), hours_version=1, instead_of="wsh-2")
    diary.hold(a_claim("b", 10, 12), hours_version=1, instead_of="wsh-1")
    assert list(diary.claims) == ["b"]


def test_a_facility_s_entry_is_taken_over_a_booking_and_says_so_once() -> None:
    diary = a_diary()
    diary.hold(a_claim("bkg-1", 10, 12), hours_version=1)
    diary.agree([an_entry("휴관", 11, 13)], [])
    diary.agree([an_entry("휴관", 11, 13)], [])
    assert said(diary) == [("overlapped", "bkg-1")]
    with pytest.raises(Refused, match="span_taken"):
        diary.hold(a_claim("bkg-2", 12, 13), hours_version=1)


def test_an_entry_that_moves_frees_its_old_span_and_is_looked_at_anew() -> None:
    diary = a_diary()
    diary.hold(a_claim("bkg-1", 10, 12), hours_version=1)
    diary.agree([an_entry("휴관", 14, 15)], [])
    diary.agree([an_entry("휴관", 11, 13)], [])
    assert said(diary) == [("freed", ""), ("overlapped", "bkg-1")]


def test_what_is_dropped_is_said_to_be_free_once() -> None:
    diary = a_diary()
    diary.hold(a_claim("a", 10, 12), hours_version=1)
    diary.drop("a")
    diary.drop("a")
    assert said(diary) == [("freed", "")]


CLAIMS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(1, 12),
        st.sampled_from([("*",), ("a",), ("b",), ("a", "b"), ("c",)]),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    max_size=25,
)


@given(CLAIMS)
def test_whatever_is_asked_no_two_that_were_taken_clash(asked: list[tuple[int, int, tuple[str, ...], int, int]]) -> None:
    diary = a_diary()
    for number, (start, length, parts, before, after) in enumerate(asked):
        claim = a_claim(
            str(number),
            start / 4,
            (start + length) / 4,
            parts=parts,
            before=timedelta(minutes=5 * before),
            after=timedelta(minutes=5 * after),
        )
        clash = [one for one in diary.claims.values() if claim.clashes_with(one)]
        if clash:
            with pytest.raises(Refused, match="span_taken"):
                diary.hold(claim, hours_version=1)
        else:
            diary.hold(claim, hours_version=1)
    for a, b in combinations(diary.claims.values(), 2):
        if a.shares_parts_with(b.parts):
            gap = max(b.span.start - a.span.end, a.span.start - b.span.end)
            needed = max(a.after, b.before) if b.span.start >= a.span.end else max(b.after, a.before)
            assert gap >= needed
