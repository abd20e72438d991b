"""Months: computed when stale, by whoever asks; no fact is missed, over any number of processes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics.months import DAYS_APART, Months
from services.statistics.usecases import Statistics
from shared.clock import StoppedClock
from shared.events.envelope import Event
from shared.events.placement import PLACEMENT_SELECTED
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk, on


@pytest.fixture
def database() -> TwinDatabase:
    return TwinDatabase()


def given_on(day: str, name: str, **told: Any) -> Event:
    return said(PLACEMENT_SELECTED, name, day=day, **told)


def filled(statistics: Statistics, **asked: Any) -> int | None:
    found: int | None = statistics.figures(OPERATOR, tenant=TENANT, **asked)["total"]["filled"]
    return found


def marks(database: TwinDatabase) -> list[str]:
    return sorted(f"{one['day']}@{one['epoch']}" for one in database.collection("stale_jobs").everything())


def verbs(database: TwinDatabase, do: Callable[[Database], Any]) -> list[str]:
    seen: list[str] = []
    do(database.seen_by(lambda what: seen.append(what.removeprefix("database "))))
    return [what for what in seen if not what.endswith(" done")]


def test_a_day_is_marked_once_an_epoch_and_again_after_a_question(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(given_on("2026-11-22", "s-1"))
    before = database.collection("stale_jobs")._documents.copy()
    desk.note(given_on("2026-11-22", "s-2"))

    assert database.collection("stale_jobs")._documents == before
    assert desk.total()["filled"] == 2
    assert marks(database) == []
    desk.note(given_on("2026-11-22", "s-3"))
    assert marks(database) == ["22@2"]
    assert desk.total()["filled"] == 3


def test_an_intake_out_of_order_marks_a_month_as_a_whole(database: TwinDatabase) -> None:
    desk = Desk(database)
    for day in range(1, 31):
        desk.note(given_on(f"2026-11-{day:02}", f"s-{day}"))

    assert len(marks(database)) == DAYS_APART + 1
    assert "all@0" in marks(database)
    assert desk.total()["filled"] == 30


def test_an_answer_reads_no_fact_of_a_fresh_month_and_the_days_of_one_month_only(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(*(given_on(f"2026-{month:02}-{day:02}", f"s-{month}-{day}") for month in range(1, 13) for day in (1, 20)))
    desk.total()

    read = verbs(database, lambda seen: filled(on(seen, desk.clock), through="2026-07-10"))

    assert read == ["stale_jobs.find", "epochs.find_one", "months_jobs.find", "months_jobs.find"]
    assert desk.total(through="2026-07-10")["filled"] == 13


def test_sums_are_read_once_until_somebody_computes_a_month(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(*(given_on(f"2026-{month:02}-{day:02}", f"s-{month}-{day}") for month in range(1, 13) for day in (1, 20)))
    desk.total()
    other = on(database, desk.clock)

    def read(**asked: Any) -> int:
        before = other.months.read
        filled(other, **asked)
        return other.months.read - before

    assert [read(through="2026-07-10") for _ in range(2)] == [13, 1]
    assert [read(), read(programme_id="틈새"), read(through="2026-03-31")] == [0, 0, 1]

    desk.note(given_on("2026-02-22", "s-new"))
    assert [desk.total(through="2026-07-10")["filled"] for _ in range(2)] == [14, 14]
    assert filled(other, through="2026-07-10") == 14
    assert filled(other) == 25


def test_a_narrow_question_reads_and_remembers_no_sums_of_others(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(given_on("2026-11-22", "a-1"), given_on("2026-11-22", "b-1", programme_id="틈새"))
    desk.total()
    other = on(database, desk.clock)

    assert filled(other, programme_id="틈새") == 1
    assert other.months.read == 1
    assert filled(other) == 2


def test_one_stale_day_reads_the_facts_of_that_day_only(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(*(given_on(f"2026-11-{day:02}", f"s-{day}") for day in range(1, 29)))
    desk.total()
    desk.note(given_on("2026-11-22", "s-new"))
    asked: list[list[str]] = []
    facts = desk.archive.facts
    desk.archive.facts = lambda buckets, *more: asked.append(list(buckets)) or facts(buckets, *more)  # type: ignore[method-assign, func-returns-value]

    assert desk.total()["filled"] == 29
    assert asked == [["광산구|gs-citizen-allowance|29200|2026-11-22"]]


def test_a_narrow_question_leaves_the_marks_of_others_and_lets_none_pile_up(database: TwinDatabase) -> None:
    desk = Desk(database)
    for number in range(9):
        desk.note(given_on("2026-11-22", f"a-{number}"), given_on("2026-11-22", f"b-{number}", programme_id="틈새"))
        assert desk.total(programme_id="틈새")["filled"] == number + 1

    assert len(marks(database)) <= 2
    assert desk.total()["filled"] == 18


def interrupted(database: TwinDatabase, clock: StoppedClock, at: int, act: Callable[[], Any]) -> Statistics:
    """Return another process's statistics that stops before its verb number ``at``, until ``act`` is done."""
    left = [at]

    def step(_what: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return on(database.seen_by(step), clock)


@pytest.mark.parametrize("marked_before", [False, True])
def test_a_fact_that_comes_between_any_two_steps_of_a_question_is_in_the_next_answer(marked_before: bool) -> None:
    """``marked_before``: the process that hears it has marked that day already, in the epoch it last saw."""
    for at in range(1, 40):
        database = TwinDatabase()
        desk = Desk(database)
        desk.note(given_on("2026-11-21", "s-0"))
        desk.total()
        other = on(database, desk.clock)
        (other if marked_before else desk.statistics).keep([given_on("2026-11-22", "s-1")])
        asking = interrupted(database, desk.clock, at, lambda other=other: other.keep([given_on("2026-11-22", "s-2")]))
        filled(asking)
        if len(list(database.collection("archive").everything())) == 2:
            assert at > 8
            return
        assert desk.total()["filled"] == 3, at


def test_a_question_between_any_two_steps_of_an_intake_misses_nothing_afterwards() -> None:
    for at in range(1, 40):
        database = TwinDatabase()
        asked: list[Any] = []
        desk = Desk(database)
        desk.note(given_on("2026-11-22", "s-1"))
        hearing = interrupted(database, desk.clock, at, lambda desk=desk, asked=asked: asked.append(desk.total()))
        hearing.keep([given_on("2026-11-22", "s-2")])
        if not asked:
            assert at > 4
            return
        assert desk.total()["filled"] == 2, at


def test_one_who_computed_long_ago_does_not_store_what_was_true_then(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(given_on("2026-11-22", "s-1"))
    desk.total()
    desk.note(given_on("2026-11-22", "s-2"))

    def meanwhile() -> None:
        desk.note(given_on("2026-11-22", "s-3"))
        assert desk.total()["filled"] == 3

    slow = on(database, desk.clock)
    facts = slow.archive.facts

    def sleepy(*asked: Any) -> Any:
        found = facts(*asked)
        meanwhile()
        return found

    slow.archive.facts = sleepy  # type: ignore[method-assign, assignment]
    filled(slow)

    assert desk.total()["filled"] == 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_processes_that_hear_ask_and_rebuild_at_once_end_with_every_fact_counted(seed: int) -> None:
    """Before each verb of one there may be whole acts of the others, three deep."""
    luck = random.Random(seed)
    database, clock = TwinDatabase(), StoppedClock(MORNING)
    Desk(database)
    told: list[Event] = []
    depth = [0]

    def step(_what: str) -> None:
        if depth[0] < 3 and luck.random() < 0.08:
            depth[0] += 1
            act()
            depth[0] -= 1

    people = [on(database.seen_by(step), clock) for _ in range(3)]

    def act() -> None:
        one, what = luck.choice(people), luck.random()
        if what < 0.5:
            event = given_on(f"2026-1{luck.randint(0, 1)}-{luck.randint(10, 15)}", f"s-{len(told)}")
            told.append(event)
            one.keep([event, *luck.sample(told[:-1], min(1, len(told) - 1))])
        elif what < 0.95:
            filled(one, month=luck.choice((None, "2026-10", "2026-11")))
        else:
            one.rebuild(OPERATOR, tenant=TENANT)

    for _ in range(12):
        act()

    assert filled(on(database, clock)) == (len(told) or None)
    assert filled(on(database, clock), through="2026-11-12") == (
        sum(event.data["day"] <= "2026-11-12" for event in told) or None
    )


def test_what_an_earlier_version_kept_by_the_day_is_adopted(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(given_on("2026-11-22", "s-1"), given_on("2026-10-02", "s-2"))
    for name in ("months_jobs", "stale_jobs"):
        database.collection(name).delete_many({})
    for day in ("2026-11-22", "2026-10-02"):
        database.collection("buckets").insert_one(
            {
                "_id": f"{TENANT}|gs-citizen-allowance|29200|{day}",
                "tenant": TENANT,
                "programme": "gs-citizen-allowance",
                "district": "29200",
                "day": day,
                "month": day[:7],
                "stale": False,
                "generation": "gen",
                "sums": {"filled": 7},
            }
        )

    Months(database).prepare()

    assert filled(on(database, desk.clock)) == 2
    assert list(database.collection("buckets").everything()) == []


def test_months_that_were_dropped_are_found_again_by_a_rebuild_or_by_their_next_fact(database: TwinDatabase) -> None:
    desk = Desk(database)
    desk.note(given_on("2026-11-22", "s-1"), given_on("2026-10-02", "s-2"))
    desk.total()
    database.collection("months_jobs").delete_many({})
    desk.clock.move(timedelta(days=1))

    desk.note(given_on("2026-11-23", "s-3"))
    assert desk.total(month="2026-11")["filled"] == 2
    desk.statistics.rebuild(OPERATOR, tenant=TENANT)
    assert desk.total()["filled"] == 3
