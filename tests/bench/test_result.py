"""A figure says what it was measured to be: ratios by pairs, goals met or missed."""

from __future__ import annotations

import pytest

from tests.bench.result import Result, take_turns


def test_sides_take_turns_and_the_ratio_is_the_median_of_the_pairs() -> None:
    order: list[str] = []

    def lap(side: str, figures: list[float]):
        rest = iter(figures)

        def run() -> tuple[float, dict[str, float]]:
            order.append(side)
            return next(rest), {"database": 0.5}

        return run

    # The second round was slow for everybody: by pairs that says nothing about either side.
    tally = take_turns(3, {"ours": lap("ours", [200, 20, 220]), "floor": lap("floor", [100, 10, 100])})

    assert order == ["ours", "floor", "floor", "ours", "ours", "floor"]
    assert tally.ratio("ours", "floor") == 2.0
    assert tally.ratio("floor", "ours", less_is_better=True) == 2.0
    assert tally.limits("ours") == "database 0.50"


@pytest.mark.parametrize(("ratio", "met"), [(1.29, False), (1.3, True)])
def test_a_goal_is_met_or_missed_by_its_ratio(ratio: float, met: bool) -> None:
    line = Result("act to effect", ours=ratio, peer=1.0, unit="effects/s", ratio=ratio, goal=1.3)

    assert line.met is met
    assert line.as_json()["goal"] == ">= 1.3 x"


def test_a_figure_without_a_peer_has_a_most_or_no_goal_at_all() -> None:
    assert Result("bytes", ours=49.4, unit="bytes", most=50).met is True
    assert Result("bytes", ours=80.0, unit="bytes").met is None
