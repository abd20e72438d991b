"""Reported totals and itemised sums: beside each other, never mixed; unknown is None; trainees are in no sum."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from services.placement.programmes.figures import (
    ABOUT,
    AT_LEAST,
    EXACT,
    JOBS,
    PLACED,
    QUALIFIERS,
    TRAINED,
    Figure,
    itemised,
    latest,
)
from services.placement.programmes.model import District, Programme
from services.placement.programmes.parts import Claimed, Target
from services.placement.programmes.report import item, report

DAYS = some.none() | some.dates(date(2015, 1, 1), date(2027, 12, 31))
VALUES = some.none() | some.integers(0, 10_000)


def figures(*measures: str) -> some.SearchStrategy[list[Figure]]:
    return some.lists(
        some.builds(
            Figure, some.sampled_from(measures), VALUES, some.sampled_from(QUALIFIERS), DAYS, some.just("성북신문")
        ),
        max_size=4,
    )


def a_programme(number: int, reported: list[Figure]) -> Programme:
    return Programme(
        id=f"gwangsan:p-{number}",
        tenant="gwangsan",
        code=f"p-{number}",
        name_ko=f"첨단{number}동 돌봄",
        name_en=None,
        kind="job_matching",
        role="hosted",
        parent="umbrella",
        district=District("29200", "광산구", "광주광역시"),
        year=2026,
        figures=tuple(reported),
    )


def told_of(reported: list[Figure], of_items: list[list[Figure]], on: date | None = None) -> dict[str, Any]:
    umbrella = a_programme(0, reported)
    return report(umbrella, (), [item(a_programme(n, one), (), on) for n, one in enumerate(of_items, start=1)], on)


@given(some.lists(figures(PLACED, TRAINED), max_size=6), DAYS)
def test_the_itemised_sum_is_the_placed_and_never_the_trained(items: list[list[Figure]], on: date | None) -> None:
    without_trainees = [[one for one in figures if one.measure != TRAINED] for figures in items]

    told, alone = told_of([], items, on), told_of([], without_trainees, on)

    assert told["itemised"] == alone["itemised"]
    known = [found.value for one in items if (found := latest(one, PLACED, on)) is not None]
    assert told["itemised"]["value"] == (sum(value or 0 for value in known) if known else None)


@given(figures(PLACED, JOBS), some.lists(figures(PLACED, TRAINED), max_size=5), some.lists(figures(PLACED), max_size=5))
def test_the_reported_total_stays_whatever_the_items_say(
    reported: list[Figure], items: list[list[Figure]], others: list[list[Figure]]
) -> None:
    told = told_of(reported, items)

    assert told["reported"] == told_of(reported, others)["reported"]
    if told["reported"] is not None and told["itemised"]["value"] is not None:
        assert told["gap"] == told["reported"]["value"] - told["itemised"]["value"]
    else:
        assert told["gap"] is None


@given(some.lists(figures(PLACED, TRAINED), max_size=6), DAYS)
def test_every_item_is_placed_or_only_trained_or_unknown(items: list[list[Figure]], on: date | None) -> None:
    told = told_of([], items, on)

    of_items = [item(a_programme(n, one), (), on) for n, one in enumerate(items)]
    placed = sum(one.placed is not None for one in of_items)
    only_trained = sum(one.only_trained for one in of_items)
    assert placed + only_trained + len(told["no_figure"]) == len(items) == told["named_programmes"]


@given(figures(PLACED), DAYS)
def test_the_latest_figure_is_known_by_its_day_and_none_later_is(reported: list[Figure], on: date | None) -> None:
    found = latest(reported, PLACED, on)

    known = [one for one in reported if one.value is not None and one.told_by(on)]
    assert (found is None) == (not known)
    if found is not None:
        assert all((one.since or date.min) <= (found.since or date.min) for one in known)


def test_no_figure_is_no_zero() -> None:
    assert itemised([None, None]) == (None, None)
    assert itemised([Figure(PLACED, 0), None]) == (0, EXACT)


def test_a_sum_is_as_exact_as_its_least_exact_item() -> None:
    exact, about, least = Figure(PLACED, 1), Figure(PLACED, 100, ABOUT), Figure(PLACED, 10, AT_LEAST)

    assert itemised([exact, exact]) == (2, EXACT)
    assert itemised([exact, least]) == (11, AT_LEAST)
    assert itemised([exact, least, about]) == (111, ABOUT)


def test_an_item_that_reports_more_than_the_total_shows_a_negative_gap() -> None:
    assert told_of([Figure(JOBS, 10)], [[Figure(PLACED, 12)]])["gap"] == -2


def test_trainees_with_an_outcome_are_not_apart_any_more() -> None:
    training = [Figure(TRAINED, 30)]

    assert told_of([], [training])["trained_apart"]["value"] == 30
    assert told_of([], [[*training, Figure(PLACED, 5)]])["trained_apart"]["value"] is None


def test_a_budget_without_a_target_has_no_won_for_a_job() -> None:
    umbrella = a_programme(0, [Figure("budget_krw", 6_000_000_000)])
    assert report(umbrella, (), [], None)["krw_per_job"] is None

    umbrella.targets["jobs"] = Target(400)
    umbrella.claimed = Claimed(30, 20)
    assert report(umbrella, (), [], None)["krw_per_job"] == 15_000_000
