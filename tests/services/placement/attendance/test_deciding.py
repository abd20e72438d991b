"""What words come to: never more than planned, never less than nothing, and whatever their order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.attendance.deciding import Planned, Rules, Word, counted, decided
from services.placement.attendance.storage import read_rules
from shared.clock import KST
from shared.config import Settings
from tests.services.placement.attendance.office import START, minutes

RULES = Rules()
PLANNED = Planned(START, START + minutes(120))
ROLES = ("code", "host", "officer")


def a_word(role: str, said: str, minute: float, noted: float | None = None) -> Word:
    """Return a word about so many minutes after the start, noted then unless told."""
    return Word(role, said, START + minutes(minute), START + minutes(minute if noted is None else noted), f"{role}-1")


WORDS = st.builds(
    a_word,
    st.sampled_from(ROLES),
    st.sampled_from(["in", "out", "absent"]),
    st.integers(-180, 300),
    st.integers(-180, 300),
).filter(lambda word: (word.role, word.said) != ("code", "absent"))
SPANS = st.tuples(st.integers(0, 10**6), st.integers(1, 16 * 60)).map(
    lambda told: Planned(START + minutes(told[0]), START + minutes(told[0] + told[1]))
)
RULED = st.builds(Rules, grace_minutes=st.integers(0, 60), agree_minutes=st.integers(0, 60))


class TestCounting:
    """``counted``."""

    @given(SPANS, RULED, st.integers(-50_000, 80_000), st.integers(-50_000, 80_000))
    def test_never_more_than_planned_and_never_less_than_nothing(
        self, planned: Planned, rules: Rules, came: int, left: int
    ) -> None:
        told = counted(
            planned.start + timedelta(seconds=came), planned.start + timedelta(seconds=left), planned, rules
        )

        assert 0 <= told <= planned.minutes

    @given(SPANS, RULED, st.integers(-50_000, 80_000), st.integers(1, 90_000), st.integers(0, 9_000), st.integers(0, 9_000))
    def test_who_is_there_longer_never_counts_less(
        self, planned: Planned, rules: Rules, came: int, lasted: int, sooner: int, later: int
    ) -> None:
        first = planned.start + timedelta(seconds=came)
        last = first + timedelta(seconds=lasted)

        wider = counted(first - timedelta(seconds=sooner), last + timedelta(seconds=later), planned, rules)

        assert wider >= counted(first, last, planned, rules)

    @pytest.mark.parametrize(
        ("came", "left", "expected"),
        [
            (0, 120, 120),
            (-20, 150, 120),
            (10, 110, 120),
            (11, 120, 109),
            (0, 109, 109),
            (11, 109, 98),
            (60.5, 120, 60),
            (60.01, 120, 60),
            (120, 140, 0),
            (-30, 0, 0),
        ],
    )
    def test_ten_minutes_at_each_end_are_forgiven_and_the_eleventh_is_not(
        self, came: float, left: float, expected: int
    ) -> None:
        assert counted(START + minutes(came), START + minutes(left), PLANNED, RULES) == expected

    def test_nobody_is_paid_for_a_short_shift_by_looking_in(self) -> None:
        short = Planned(START, START + minutes(20))

        assert counted(START + minutes(10), START + minutes(11), short, RULES) == 1

    @given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(1, 16 * 60))  # noqa: DTZ001
    def test_a_shift_belongs_to_the_day_in_seoul_on_which_it_starts(self, naive: datetime, long: int) -> None:
        start = naive.replace(tzinfo=KST, second=0, microsecond=0)
        planned = Planned(start.astimezone(UTC), start.astimezone(UTC) + minutes(long))

        assert planned.day == start.date()
        assert planned.minutes == long

    def test_a_shift_over_midnight_belongs_to_the_evening(self) -> None:
        evening = datetime(2026, 12, 31, 23, 0, tzinfo=KST).astimezone(UTC)

        assert Planned(evening, evening + minutes(180)).day == date(2026, 12, 31)


class TestDeciding:
    """``decided``."""

    @given(st.lists(WORDS, max_size=12), st.randoms())
    def test_any_order_of_words_gives_the_same_decision(self, words: list[Word], random: object) -> None:
        shuffled = list(words)
        random.shuffle(shuffled)  # type: ignore[attr-defined]

        told = decided(words, PLANNED, RULES)

        assert decided(shuffled, PLANNED, RULES) == told
        assert 0 <= told.minutes <= PLANNED.minutes
        assert told.result is not None or (told.minutes == 0 and told.missing in ("in", "out"))

    @given(st.lists(WORDS, max_size=8), st.integers(-30, 60), st.integers(61, 150))
    def test_the_last_words_of_an_officer_decide(self, words: list[Word], came: int, left: int) -> None:
        last = [a_word("officer", "in", came, 400), a_word("officer", "out", left, 401)]

        told = decided([*words, *last], PLANNED, RULES)

        assert told.minutes == counted(START + minutes(came), START + minutes(left), PLANNED, RULES)
        assert {"in:officer", "out:officer"} <= set(told.why)

    def test_the_host_outweighs_the_code_and_the_officer_outweighs_the_host_at_each_edge(self) -> None:
        words = [
            a_word("code", "in", 0),
            a_word("code", "out", 120),
            a_word("host", "in", 30, 121),
            a_word("officer", "out", 90, 122),
        ]

        for ordered in permutations(words):
            told = decided(ordered, PLANNED, RULES)
            assert (told.minutes, told.result) == (60, "partly")
            assert told.why == ("in:host", "in_differs:code", "out:officer", "out_differs:code")

    def test_whoever_agrees_is_noted(self) -> None:
        words = [a_word("code", "in", 2), a_word("host", "in", 0, 100), a_word("code", "out", 119)]

        told = decided(words, PLANNED, RULES)

        assert told.why == ("in:host", "in_agreed:code", "out:code", "out_grace")
        assert (told.result, told.minutes) == ("worked", 120)

    def test_of_the_code_the_earliest_coming_and_the_latest_going_count(self) -> None:
        words = [a_word("code", said, at) for said, at in (("in", 0), ("out", 60), ("in", 70), ("out", 118))]

        assert decided(words, PLANNED, RULES).minutes == 120

    def test_a_host_takes_its_own_word_back_by_a_later_one(self) -> None:
        first = [a_word("host", "absent", 0, 60), a_word("code", "in", 0), a_word("code", "out", 120)]
        later = [*first, a_word("host", "in", 61, 125), a_word("host", "out", 120, 126)]

        assert (decided(first, PLANNED, RULES).result, decided(later, PLANNED, RULES).minutes) == ("absent", 59)
        assert decided(first, PLANNED, RULES).why == ("absent:host", "absent_differs:code")

    def test_who_never_left_needs_somebody_who_says_so(self) -> None:
        told = decided([a_word("code", "in", 0)], PLANNED, RULES)

        assert (told.result, told.minutes, told.missing) == (None, 0, "out")

    def test_who_left_without_coming_needs_somebody_too(self) -> None:
        assert decided([a_word("code", "out", 110)], PLANNED, RULES).missing == "in"

    def test_who_left_before_coming_needs_somebody_too(self) -> None:
        told = decided([a_word("officer", "in", 60), a_word("code", "out", 30)], PLANNED, RULES)

        assert (told.result, told.missing) == (None, "out")

    def test_nobody_said_anything_is_absent(self) -> None:
        told = decided([], PLANNED, RULES)

        assert (told.result, told.minutes, told.why) == ("absent", 0, ("nobody_said",))


class TestRules:
    """``read_rules``."""

    def test_the_shipped_rules_are_the_ones_that_the_code_expects(self) -> None:
        assert read_rules(Settings().data_dir / "attendance.yaml") == Rules()

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("attendance: {grace_minutes: -1}", "grace_minutes: -1: give a whole number"),
            ("attendance: {grace_minutes: ten}", "give a whole number"),
            ("attendance: {grace: 10}", "grace: no such rule; give one of grace_minutes"),
            ("attendance: {grace_minutes: 10}", "agree_minutes, early_minutes"),
        ],
    )
    def test_a_wrong_rule_is_named_with_its_fix(self, tmp_path: Path, text: str, fault: str) -> None:
        file = tmp_path / "attendance.yaml"
        file.write_text(text, encoding="utf-8")

        with pytest.raises(ValueError, match=fault):
            read_rules(file)
