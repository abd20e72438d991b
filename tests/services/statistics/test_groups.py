"""Figures of target groups: what is published can't be undone by subtraction, over any two tables, days or instants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics import groups
from services.statistics.groups import BASE, MEASURES, Cell, Moves
from services.statistics.usecases import SETTLED_AFTER, Statistics
from shared.actors import ANYONE
from shared.clock import StoppedClock, from_iso, iso, start_of_kst_day
from shared.errors import Refused
from shared.events.envelope import Event
from shared.events.placement import APPLICATION_SUBMITTED, PLACEMENT_SELECTED, PLACEMENT_WITHDRAWN
from shared.events.placement.work import PLACEMENT_COMPLETED
from shared.events.residents import GROUP_COUNTED
from shared.ids import SeededIds
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.statistics.test_batches import before_step
from tests.services.statistics.test_figures import OPERATOR, Desk, on

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


#: What tells of everybody what a measure tells of a group.
SAID_OF_ALL = {
    "applications": APPLICATION_SUBMITTED,
    "placed": PLACEMENT_SELECTED,
    "completed": PLACEMENT_COMPLETED,
}


def everybody(number: int, name: str = "e", measures: Sequence[str] = MEASURES, **told: Any) -> list[Event]:
    """Return what is heard of so many people, whoever they are."""
    of = {"programme_id": "ic-namdong-defectors", "district": NAMDONG, "day": "2026-11-22", **told}
    return [said(SAID_OF_ALL[measure], f"{name}-{measure}-{one}", **of) for measure in measures for one in range(number)]


def publish(desk: Desk, at: datetime = DECEMBER) -> None:
    desk.clock.move(at - desk.clock.now())


def test_a_cell_under_five_is_masked_and_says_so(desk: Desk) -> None:
    desk.note(*some(3, day="2026-11-22"), *everybody(20))
    publish(desk)

    assert desk.figures(about="groups")["rows"] == [], "that there is somebody at all would be told by a row"

    desk.note(*some(5, "a", measure="applications", day="2026-11-22"), *everybody(9, "late", day="2026-12-01"))
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    told = desk.figures(about="groups")

    assert told["rows"] == [
        {
            "programme_id": "ic-namdong-defectors",
            "district": NAMDONG,
            "month": "2026-12",
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
    desk.note(*everybody(25))
    publish(desk)

    (row,) = desk.figures(about="groups")["rows"]

    assert (row["applications"], row["placed"], row["completed"], row["masked"]) == (5, 10, 5, False)


def test_nobody_looks_the_same_as_four(desk: Desk) -> None:
    desk.note(*some(4, day="2026-11-22"), *some(6, "c", measure="applications"), *everybody(20))
    other = Desk(TwinDatabase())
    other.note(*some(6, "c", measure="applications"), *everybody(20))
    publish(desk)
    publish(other)

    assert desk.figures(about="groups") == other.figures(about="groups")
    assert desk.total(about="groups")["applications"] == 5


def test_a_total_is_the_sum_of_what_is_published_and_not_of_what_is_true(desk: Desk) -> None:
    desk.note(*some(7), *some(4, "n", district=NAMGU), *everybody(20), *everybody(20, "m", district=NAMGU))
    publish(desk)

    both, here = desk.total(about="groups"), desk.total(about="groups", district=NAMDONG)

    assert (both["placed"], here["placed"]) == (5, 5), "all less one district must not leave the other's four"


def test_a_table_is_published_once_a_month_and_through_a_months_end(desk: Desk) -> None:
    desk.clock.move(from_iso("2026-10-30T09:00:00+09:00") - desk.clock.now())
    desk.note(*some(9, "o", day="2026-10-30"), *everybody(20, day="2026-10-30"))
    desk.clock.move(timedelta(days=4))
    desk.note(*some(9, "n", day="2026-11-02"), *everybody(20, "n", day="2026-11-02"))

    before = desk.figures(about="groups")
    publish(desk)
    after = desk.figures(about="groups")

    assert (before["through"], before["known_at"]) == ("2026-10-31", "2026-10-31T15:00:00.000Z")
    assert (after["through"], after["known_at"]) == ("2026-11-30", "2026-11-30T15:00:00.000Z")
    assert after["total"]["placed"] == 15
    assert desk.figures(about="groups", through="2026-11-29") == desk.figures(about="groups", through="2026-10-31")
    assert desk.total(about="groups", through="2026-10-31")["placed"] == 5


def test_nothing_moves_between_two_publications(desk: Desk) -> None:
    desk.note(*some(4), *everybody(20))
    publish(desk)
    published = desk.figures(about="groups")

    desk.clock.move(timedelta(days=9))
    desk.note(counted("late", day="2026-11-22"), *everybody(9, "late"))
    desk.clock.move(timedelta(days=9))

    assert desk.figures(about="groups") == published, "one more is not seen to come"
    assert desk.figures(about="groups", known_at="2026-12-15T00:00:00Z") == published
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    assert desk.figures(about="groups", through="2026-11-30") == published, "what is published is never published again"
    assert desk.total(about="groups")["placed"] == 5, "it counts in the month in which it was heard"


def test_a_publication_is_told_once_it_is_settled(desk: Desk) -> None:
    desk.note(*some(5))
    publish(desk, from_iso("2026-12-01T00:00:00+09:00") + SETTLED_AFTER - timedelta(seconds=1))
    assert desk.figures(about="groups")["through"] == "2026-10-31"
    desk.clock.move(timedelta(seconds=1))
    assert desk.figures(about="groups")["through"] == "2026-11-30"


def test_a_month_tells_by_how_much_published_cells_moved(desk: Desk) -> None:
    desk.note(*some(4, "o", day="2026-10-30"), *some(4, "n", day="2026-11-02"), *everybody(20))
    publish(desk)

    assert desk.total(about="groups", month="2026-11")["placed"] == 5
    assert desk.total(about="groups", month="2026-10")["placed"] is None
    assert desk.figures(about="groups", month="2026-12")["rows"] == []


def test_groups_are_masked_for_everybody_and_told_by_group_only(desk: Desk) -> None:
    desk.note(*some(8), *everybody(20))
    publish(desk)

    assert desk.total(about="groups", actor=ANYONE)["placed"] == 5
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


@dataclass(frozen=True)
class Town:
    """What is heard of groups, and how many came in each place and month, in each measure."""

    heard: Sequence[Heard]
    crowds: Mapping[tuple[tuple[str, str], int], int]


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """Cells of some people each, most of them few; learned before one of the publications; some taken back."""
    heard: list[Heard] = []
    for place, group, measure in product(PLACES, GROUPS, MEASURES[:2]):
        for month in range(draw(st.integers(0, 3))):
            for _ in range(draw(st.integers(0, 6))):
                at = draw(st.integers(month, len(PUBLISHED) - 1))
                heard.append(Heard(place, group, measure, MONTHS[month], at, 1))
                if draw(st.integers(0, 4)) == 0:
                    heard.append(Heard(place, group, measure, MONTHS[month], min(at + 1, 2), -1))
    crowds = {(place, month): draw(st.integers(0, 14)) for place, month in product(PLACES, range(len(MONTHS)))}
    return Town(heard, crowds)


def told(desk: Desk, town: Town, asks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hear of a town as it comes; return the answer to every question."""
    for number, when in enumerate(PUBLISHED):
        publish(desk, when - timedelta(days=3))
        for place in PLACES:
            where = {"programme_id": place[0], "district": place[1], "day": f"{MONTHS[number]}-20"}
            desk.note(*everybody(town.crowds[place, number], f"{number}-{place}", MEASURES[:2], **where))
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
                for index, one in enumerate(town.heard)
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


def as_published(town: Town) -> Town:
    """Return another town: in each cell there are as many as was told, from the day on which it was told."""
    other: list[Heard] = []
    before: dict[Any, int] = {}
    ends = [{"through": f"{month}-{day}"} for month, day in zip(MONTHS, (31, 30, 31), strict=True)]
    for number, answer in enumerate(told(Desk(TwinDatabase()), town, ends)):
        for row, measure in product(answer["rows"], MEASURES):
            place, count = (row["programme_id"], row["district"]), row[measure] or 0
            came = count - before.get((place, row["group"], measure), 0)
            assert count % BASE == 0
            assert came >= 0
            other += [Heard(place, row["group"], measure, MONTHS[number], number, 1)] * came
            before[place, row["group"], measure] = count
    return Town(other, town.crowds)


def numbers(answer: dict[str, Any]) -> Iterator[int]:
    for row in (*answer["rows"], answer["total"]):
        yield from (row[measure] for measure in MEASURES if row[measure] is not None)


@settings(max_examples=8, deadline=None)
@given(towns())
def test_no_two_tables_tell_a_true_town_from_one_without_small_cells(town: Town) -> None:
    """So nothing computed from them is certain to be a count from 1 to 4: in the other town there is none."""
    asks = list(every_question())

    assert told(Desk(TwinDatabase()), town, asks) == told(Desk(TwinDatabase()), as_published(town), asks)


@settings(max_examples=8, deadline=None)
@given(towns())
def test_every_difference_of_two_published_numbers_is_a_multiple_of_five(town: Town) -> None:
    published = {number for answer in told(Desk(TwinDatabase()), town, list(every_question())) for number in numbers(answer)}

    assert all((one - other) % BASE == 0 for one in published for other in published)
    assert all(number != 0 for number in published), "what is 0 is masked with what is under five"


# Tables of everybody are exact, and told by the day: they are set against those of groups.


def moved(*months: tuple[int, int]) -> Moves:
    moves = Moves()
    for month, (came, went) in zip(MONTHS, months, strict=False):
        moves.note("placed", month, came)
        moves.note("placed", month, -went)
    return moves


def shown(group: Sequence[tuple[int, int]], people: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Return what is told of a cell after each month, of so many members and so many people who came and left."""
    cell = Cell("gs-동구", NAMDONG, "북한이탈주민")
    found = [
        groups.published({cell: moved(*group[:last])}, {(cell.programme, cell.district): moved(*people[:last])})
        for last in range(1, len(people) + 1)
    ]
    return tuple(one.get(cell, {}).get("placed", 0) for one in found)


def every_town(
    people: Sequence[tuple[int, int]], members: int = 0, others: int = 0
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield how many members may be among the people who came and left in each month."""
    if not people:
        yield ()
        return
    (came, went), *later = people
    for joined, left in product(range(came + 1), range(went + 1)):
        now, rest = members + joined - left, others + came - joined - went + left
        if now >= 0 and rest >= 0:
            yield from (((joined, left), *then) for then in every_town(later, now, rest))


def certain(people: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield what somebody who knows exactly how many came and left can tell from what is published of the group."""
    alike: dict[tuple[int, ...], list[tuple[tuple[int, int], ...]]] = {}
    for town in every_town(people):
        alike.setdefault(shown(town, people), []).append(town)
    few = set(range(1, BASE))
    for told_of, towns in alike.items():
        for last, (came, went) in enumerate(people, start=1):
            members = {sum(joined - left for joined, left in town[:last]) for town in towns}
            total = sum(one - other for one, other in people[:last])
            if members <= few or {total - one for one in members} <= few:
                yield f"{told_of}: {members} members of {total} people in month {last}"
            for number, side in ((came, 0), (went, 1)):
                if number in few and len({town[last - 1][side] for town in towns}) == 1:
                    yield f"{told_of}: whether the {number} of month {last} are members"


@pytest.mark.parametrize("least", [0, 5])
def test_nobody_is_found_by_setting_groups_against_everybody(least: int) -> None:
    """One who came alone, when a cell went from masked to five, was a member, and there had been four before."""
    comes = (0, 1, 4, 5, 6, 10) if least == 0 else (5, 8, 11)
    towns = [
        people
        for months in (1, 2, 3)
        for came in product(comes, repeat=months)
        for went in product((0, 1), repeat=months)
        if went[0] == 0 and sum(went) <= 1
        for people in [tuple(zip(came, went, strict=True))]
        if sum(came) <= 14 and all(sum(one - other for one, other in people[:last]) >= 0 for last in range(1, months + 1))
    ]

    assert [found for people in towns for found in certain(people)] == []


def test_one_more_in_both_tables_tells_nothing_until_five_came(desk: Desk) -> None:
    desk.note(*some(4), *everybody(20))
    publish(desk)
    assert desk.total(about="groups")["placed"] is None
    desk.note(counted("fifth", day="2026-12-02"), *everybody(1, "one", day="2026-12-02"))
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    assert desk.total(about="groups")["placed"] is None
    desk.note(*everybody(4, "four", day="2027-01-02"))
    publish(desk, from_iso("2027-02-01T00:01:00+09:00"))

    assert desk.total(about="groups")["placed"] == 5


def test_where_all_belong_to_the_group_five_are_left_out(desk: Desk) -> None:
    desk.note(*some(9), *everybody(9))
    publish(desk)
    assert desk.total(about="groups")["placed"] is None
    desk.note(*some(6, "more", day="2026-12-02"), *everybody(6, "more", day="2026-12-02"))
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))

    assert desk.total(about="groups")["placed"] == 5


def test_one_who_leaves_does_not_let_a_cell_fall(desk: Desk) -> None:
    desk.note(*some(5), *everybody(10))
    publish(desk)
    at: dict[str, Any] = {"programme_id": "ic-namdong-defectors", "district": NAMDONG, "selected_day": "2026-11-22"}
    desk.note(counted("left", amount=-1, day="2026-11-22"), said(PLACEMENT_WITHDRAWN, "w-1", **at))
    # The cell is looked at again: that it has four now would say who left.
    desk.note(*everybody(5, "new", day="2026-12-02"))
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))

    assert desk.total(about="groups")["placed"] == 5
    assert desk.total()["filled"] == 14


def test_another_process_publishes_the_same(desk: Desk) -> None:
    desk.note(*some(7), *everybody(20))
    publish(desk)
    first = desk.figures(about="groups")
    desk.note(*everybody(9, "late"), *some(9, "late"))

    assert desk.figures(about="groups") == first
    assert on(desk.database, desk.clock).figures(OPERATOR, tenant="광산구", about="groups") == first


def test_one_whose_listener_died_counts_in_a_later_table_in_every_process_alike(desk: Desk) -> None:
    desk.note(*some(5), *everybody(9, measures=["placed"]))
    (tenth,) = everybody(1, "tenth", ["placed"], day="2026-10-20")
    desk.archive.put([tenth], desk.archive.batches.begin(desk.clock, SeededIds(99)))
    publish(desk)
    first = desk.figures(about="groups")
    assert first["total"]["placed"] is None

    desk.note(tenth, *everybody(4, "new", ["placed"], day="2026-12-02"))

    for one in (desk.statistics, on(desk.database, desk.clock)):
        assert one.figures(ANYONE, tenant="광산구", about="groups") == first, "what is published is never published again"
    publish(desk, from_iso("2027-01-01T00:01:00+09:00"))
    for one in (desk.statistics, on(desk.database, desk.clock)):
        assert one.figures(ANYONE, tenant="광산구", about="groups")["total"]["placed"] == 5, "five came, the tenth among them"


def test_a_table_is_published_once_whatever_is_heard_between_two_steps_of_its_first_reader() -> None:
    for number in range(1, 60):
        database = TwinDatabase()
        desk = Desk(database)
        late = on(desk.database, StoppedClock(desk.clock.now()))
        publish(desk)
        heard: list[int] = []

        def hear(late: Statistics = late, heard: list[int] = heard) -> None:
            for events in (some(5), everybody(20, measures=["placed"])):
                late.keep(events)
            heard.append(1)

        reader = on(database.seen_by(before_step(number, hear)), desk.clock)
        first = reader.figures(ANYONE, tenant="광산구", about="groups")
        if not heard:
            assert number > 6
            return
        again = on(desk.database, desk.clock).figures(ANYONE, tenant="광산구", about="groups")
        assert again == reader.figures(ANYONE, tenant="광산구", about="groups") == first, number


def test_a_rebuild_changes_nothing_that_was_published(desk: Desk) -> None:
    desk.note(*some(7), *everybody(20))
    publish(desk)
    first = desk.figures(about="groups")

    desk.statistics.rebuild(OPERATOR)

    assert desk.figures(about="groups") == first


def test_what_was_published_is_asked_again_without_reading_a_fact(desk: Desk) -> None:
    desk.note(*some(7), *everybody(20), *everybody(20, "other", programme_id="gs-동구"))
    publish(desk)
    seen: list[str] = []
    other = on(desk.database.seen_by(seen.append), desk.clock)  # type: ignore[attr-defined]

    def facts_read(**asked: Any) -> int:
        before = seen.count("database archive.find")
        other.figures(ANYONE, tenant="광산구", about="groups", **asked)
        return seen.count("database archive.find") - before

    assert [facts_read() > 0, facts_read(), facts_read(district=NAMDONG), facts_read(month="2026-11")] == [True, 0, 0, 0]

    desk.note(*everybody(9, "late", day="2026-12-01"))
    assert facts_read() == 0, "of what is not published yet nothing is read"


def test_true_sums_would_be_told_apart() -> None:
    """The property is not empty: an unrounded total gives the masked cell away."""
    crowd = {("gs-동구", district): moved((30, 0)) for district in (NAMDONG, NAMGU)}
    cells = {Cell("gs-동구", NAMDONG, "g"): moved((7, 0)), Cell("gs-동구", NAMGU, "g"): moved((4, 0))}
    shown_of_all = groups.told(groups.published(cells, crowd), "2026-11")

    assert shown_of_all["total"]["placed"] == 5
