"""Figures of target groups: what is published can't be undone by subtraction, over any two tables, days or instants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics import groups
from services.statistics.groups import BASE, MEASURES
from services.statistics.usecases import SETTLED_AFTER
from shared.actors import ANYONE
from shared.clock import from_iso, iso, start_of_kst_day
from shared.errors import Refused
from shared.events.envelope import Event
from shared.events.residents import GROUP_COUNTED
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.statistics.test_figures import OPERATOR, Desk

NAMDONG, NAMGU = "28200", "28170"
#: The first of December in Seoul, a minute after midnight.
DECEMBER = from_iso("2026-12-01T00:01:00+09:00")


@pytest.fixture
def desk() -> Desk:
    return Desk(TwinDatabase())


def counted(name: str, **told: Any) -> Event:
    return said(GROUP_COUNTED, name, **{"group": "북한이탈주민", **told})


def some(number: int, name: str = "g", **told: Any) -> list[Event]:
    return [counted(f"{name}-{one}", **told) for one in range(number)]


def publish(desk: Desk, at: datetime = DECEMBER) -> None:
    desk.clock.move(at - desk.clock.now())


def test_a_cell_under_five_is_masked_and_says_so(desk: Desk) -> None:
    desk.note(*some(3, day="2026-11-22"))
    publish(desk)

    assert desk.figures(about="groups")["rows"] == [], "that there is somebody at all would be told by a row"

    desk.note(*some(5, "a", measure="applications", day="2026-11-22"))
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    told = desk.figures(about="groups", through="2026-11-30")

    assert told["rows"] == [
        {
            "programme_id": "ic-namdong-defectors",
            "district": NAMDONG,
            "month": "2026-11",
            "group": "북한이탈주민",
            "applications": 5,
            "placed": None,
            "completed": None,
            "masked": True,
        }
    ]
    assert told["total"]["placed"] is None


def test_a_cell_of_five_or_more_is_told_in_fives(desk: Desk) -> None:
    desk.note(*some(14, day="2026-11-22"), *some(6, "a", measure="applications"), *some(5, "c", measure="completed"))
    publish(desk)

    (row,) = desk.figures(about="groups")["rows"]

    assert (row["applications"], row["placed"], row["completed"], row["masked"]) == (5, 10, 5, False)


def test_nobody_looks_the_same_as_four(desk: Desk) -> None:
    desk.note(*some(4, day="2026-11-22"), *some(6, "c", measure="applications"))
    other = Desk(TwinDatabase())
    other.note(*some(6, "c", measure="applications"))
    publish(desk)
    publish(other)

    assert desk.figures(about="groups") == other.figures(about="groups")


def test_a_total_is_the_sum_of_what_is_published_and_not_of_what_is_true(desk: Desk) -> None:
    desk.note(*some(7), *some(4, "n", district=NAMGU))
    publish(desk)

    both, here = desk.total(about="groups"), desk.total(about="groups", district=NAMDONG)

    assert (both["placed"], here["placed"]) == (5, 5), "all less one district must not leave the other's four"


def test_a_table_is_published_once_a_month_and_through_a_months_end(desk: Desk) -> None:
    desk.note(*some(9, "o", day="2026-10-30"), *some(9, "n", day="2026-11-02"))

    before = desk.figures(about="groups")
    publish(desk)
    after = desk.figures(about="groups")

    assert (before["through"], before["rows"]) == ("2026-10-31", []), "not known yet when November began"
    assert (after["through"], after["known_at"]) == ("2026-11-30", "2026-11-30T15:00:00.000Z")
    assert after["total"]["placed"] == 15
    assert desk.figures(about="groups", through="2026-11-29") == desk.figures(about="groups", through="2026-10-31")
    assert desk.total(about="groups", through="2026-10-31")["placed"] == 5


def test_nothing_moves_between_two_publications(desk: Desk) -> None:
    desk.note(*some(4))
    publish(desk)
    published = desk.figures(about="groups")

    desk.clock.move(timedelta(days=9))
    desk.note(counted("late", day="2026-11-22"))
    desk.clock.move(timedelta(days=9))

    assert desk.figures(about="groups") == published, "one more is not seen to come"
    assert desk.figures(about="groups", known_at="2026-12-15T00:00:00Z") == published
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    assert desk.total(about="groups", through="2026-11-30")["placed"] == 5


def test_a_publication_is_told_once_it_is_settled(desk: Desk) -> None:
    desk.note(*some(5))
    publish(desk, from_iso("2026-12-01T00:00:00+09:00") + SETTLED_AFTER - timedelta(seconds=1))
    assert desk.figures(about="groups")["through"] == "2026-10-31"
    desk.clock.move(timedelta(seconds=1))
    assert desk.figures(about="groups")["through"] == "2026-11-30"


def test_a_month_tells_by_how_much_published_cells_moved(desk: Desk) -> None:
    desk.note(*some(4, "o", day="2026-10-30"), *some(4, "n", day="2026-11-02"))
    publish(desk)

    assert desk.total(about="groups", month="2026-11")["placed"] == 5
    assert desk.total(about="groups", month="2026-10")["placed"] is None
    assert desk.figures(about="groups", month="2026-12")["rows"] == []


def test_groups_are_masked_for_everybody_and_told_by_group_only(desk: Desk) -> None:
    desk.note(*some(3))
    publish(desk)

    assert desk.figures(about="groups", actor=ANYONE) == desk.figures(about="groups", actor=OPERATOR, by="group")
    with pytest.raises(Refused, match="no_such_rows"):
        desk.figures(by="group")


@pytest.mark.parametrize("asked", [{"through": "0001-01-01"}, {"month": "0000-01"}, {"through": "9999-12-31"}])
def test_days_at_the_end_of_the_calendar_are_answered(desk: Desk, asked: dict[str, Any]) -> None:
    assert desk.figures(about="groups", **asked)["rows"] == []


# Any history against the town in which every cell is what was published of it.

PLACES = (("gs-동구", NAMDONG), ("gs-동구", NAMGU), ("gs-틈새", NAMDONG))
GROUPS = ("북한이탈주민", "경력단절여성")
MONTHS = ("2026-10", "2026-11", "2026-12")
#: Instants at which tables are published, and the last at which they are asked for.
PUBLISHED = tuple(start_of_kst_day(day) for day in (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)))


@dataclass(frozen=True)
class Heard:
    """One fact: of which cell, on a day of which month, when it was heard, and how many."""

    place: tuple[str, str]
    group: str
    measure: str
    month: str
    at: int
    amount: int


@st.composite
def histories(draw: st.DrawFn) -> list[Heard]:
    """Cells of some people each, most of them few; learned before one of the publications; some taken back."""
    heard: list[Heard] = []
    for place, group, measure in product(PLACES, GROUPS, MEASURES[:2]):
        for month in range(draw(st.integers(0, 3))):
            for _ in range(draw(st.integers(0, 6))):
                at = draw(st.integers(month, len(PUBLISHED) - 1))
                heard.append(Heard(place, group, measure, MONTHS[month], at, 1))
                if draw(st.integers(0, 4)) == 0:
                    heard.append(Heard(place, group, measure, MONTHS[month], min(at + 1, 2), -1))
    return heard


def told(desk: Desk, history: Sequence[Heard], asks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hear a history as it comes; return the answer to every question."""
    for number, when in enumerate(PUBLISHED):
        publish(desk, when - timedelta(days=3))
        desk.note(
            *(
                counted(
                    f"h-{number}-{index}",
                    programme_id=one.place[0],
                    district=one.place[1],
                    group=one.group,
                    measure=one.measure,
                    amount=one.amount,
                    day=f"{one.month}-1{index % 9}",
                )
                for index, one in enumerate(history)
                if one.at == number
            )
        )
    publish(desk, PUBLISHED[-1] + timedelta(days=1))
    return [desk.figures(about="groups", **asked) for asked in asks]


def every_question() -> Iterator[dict[str, Any]]:
    """Yield questions with every filter, day and instant there is."""
    days = (None, "2026-10-31", "2026-11-15", "2026-11-30", "2026-12-31")
    instants = (None, *(iso(when + timedelta(days=9)) for when in PUBLISHED[:2]))
    for programme, district in ((None, None), ("gs-동구", None), (None, NAMDONG), ("gs-동구", NAMGU)):
        for through, known_at in product(days, instants):
            yield {"programme_id": programme, "district": district, "through": through, "known_at": known_at}
        yield from ({"programme_id": programme, "district": district, "month": month} for month in MONTHS)


def as_published(history: Sequence[Heard]) -> list[Heard]:
    """Return another town's history: each cell, through each month and known at each publication, is a multiple of 5.

    Where a cell never reaches 5, nothing is ever heard there: not even a row may tell.
    """
    other: list[Heard] = []
    for place, group, measure in {(one.place, one.group, one.measure) for one in history}:
        mine = [one for one in history if (one.place, one.group, one.measure) == (place, group, measure)]

        def cell(month: int, at: int, mine: list[Heard] = mine) -> int:
            true = sum(one.amount for one in mine if one.month <= MONTHS[month] and one.at <= at)
            return max(0, true) // BASE * BASE if month >= 0 and at >= 0 else 0

        for month, at in product(range(len(MONTHS)), range(len(PUBLISHED))):
            moves = cell(month, at) - cell(month - 1, at) - cell(month, at - 1) + cell(month - 1, at - 1)
            one = Heard(place, group, measure, MONTHS[month], at, 1 if moves > 0 else -1)
            other += [one] * abs(moves)
    return other


def numbers(answer: dict[str, Any]) -> Iterator[int]:
    for row in (*answer["rows"], answer["total"]):
        yield from (row[measure] for measure in MEASURES if row[measure] is not None)


@settings(max_examples=15, deadline=None)
@given(histories())
def test_no_two_tables_tell_a_true_town_from_one_without_small_cells(history: list[Heard]) -> None:
    """So nothing computed from them is certain to be a count from 1 to 4: in the other town there is none."""
    asks = list(every_question())
    other = as_published(history)
    for month, at in product(MONTHS, range(len(PUBLISHED))):
        cells: Counter[Any] = Counter()
        for one in other:
            if one.month <= month and one.at <= at:
                cells[one.place, one.group, one.measure] += one.amount
        assert all(count % BASE == 0 for count in cells.values())

    ours, theirs = told(Desk(TwinDatabase()), history, asks), told(Desk(TwinDatabase()), other, asks)

    assert ours == theirs


@settings(max_examples=15, deadline=None)
@given(histories())
def test_every_difference_of_two_published_numbers_is_a_multiple_of_five(history: list[Heard]) -> None:
    published = {number for answer in told(Desk(TwinDatabase()), history, list(every_question())) for number in numbers(answer)}

    assert all((one - other) % BASE == 0 for one in published for other in published)
    assert all(number != 0 for number in published), "what is 0 is masked with what is under five"


def test_true_sums_would_be_told_apart(desk: Desk) -> None:
    """The property is not empty: an unrounded total gives the masked cell away."""
    facts = [(groups.Cell("gs-동구", NAMDONG, "g"), {"placed": 7}), (groups.Cell("gs-동구", NAMGU, "g"), {"placed": 4})]
    true = sum(amounts["placed"] for _, amounts in facts)
    shown = groups.told(groups.published(facts), "2026-11")

    assert true - 7 == 4
    assert shown["total"]["placed"] == 5
