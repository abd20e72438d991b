"""What was known at an instant stays so, wherever whoever stores it sleeps or dies, and whatever its clock says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from greenlet import greenlet

from services.statistics import intake
from services.statistics.usecases import SETTLED_AFTER, Statistics
from shared.clock import StoppedClock, iso
from shared.errors import Conflict
from shared.events.envelope import Event
from shared.events.placement import PLACEMENT_SELECTED
from shared.ids import SeededIds
from shared.messaging.core import KeyReused
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk, on
from tests.services.statistics.test_figures import desk as desk  # noqa: PLC0414  (on both databases)

#: Longer than the broker waits, and than anybody who asks.
NAP = timedelta(minutes=10)


class Killed(BaseException):
    """kill -9."""


@pytest.fixture
def twin() -> TwinDatabase:
    return TwinDatabase()


def places(number: int, day: str = "2026-11-22") -> list[Event]:
    """Return so many places given, each to somebody else."""
    return [said(PLACEMENT_SELECTED, f"s-{n}", day=day, resident_id=f"res-{n}") for n in range(number)]


def filled(statistics: Statistics, known_at: datetime | None = None) -> int:
    """Return how many places are given, as known then or now, asked for through the front door."""
    total = statistics.figures(OPERATOR, tenant=TENANT, known_at=None if known_at is None else iso(known_at))["total"]
    return int(total["filled"] or 0)


def at_rest(database: TwinDatabase, name: str) -> list[Any]:
    return list(database.collection(name).everything())


def before_step(number: int, act: Callable[[], Any]) -> Callable[[str], None]:
    """Return a step that does something before (or after) the verb of that number."""
    left = [number]

    def step(_what: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return step


def each_step(database: Callable[[], TwinDatabase]) -> Iterator[tuple[int, TwinDatabase]]:
    """Yield a fresh database for each step there can be; whoever has no such step ends it."""
    yield from ((number, database()) for number in range(1, 60))


@pytest.mark.parametrize("its_clock", ["goes on", "stands still while it sleeps"])
@pytest.mark.parametrize("marked", [False, True])
def test_a_published_figure_stays_wherever_a_writer_fell_asleep(its_clock: str, marked: bool) -> None:
    """``marked``: others had heard of that day before. A machine that is put to sleep may wake with the old time."""
    for number, database in each_step(TwinDatabase):
        desk = Desk(database)
        if marked:
            desk.note(said(PLACEMENT_SELECTED, "s-early", day="2026-11-22"))
        told: dict[datetime, int] = {}

        def publish(desk: Desk = desk, told: dict[datetime, int] = told) -> None:
            began = desk.clock.now()
            desk.clock.move(NAP)
            told.update({began + after: filled(desk.statistics, began + after) for after in (timedelta(), NAP / 2)})

        clock = StoppedClock(MORNING) if its_clock != "goes on" else desk.clock
        on(database.seen_by(before_step(number, publish)), clock).keep(places(3))
        if not told:
            assert number > 10
            return
        desk.clock.move(NAP)

        for asked in (desk.statistics, on(database, desk.clock)):
            assert {instant: filled(asked, instant) for instant in told} == told, number
            assert filled(asked) == filled(asked, desk.clock.now() - SETTLED_AFTER) == 3 + marked, number
        assert not [one for one in at_rest(database, "batches") if one["open"]], number


def test_a_published_figure_stays_wherever_a_writer_died_and_its_events_count_once_they_come_again() -> None:
    for number, database in each_step(TwinDatabase):
        desk = Desk(database)

        def die() -> None:
            raise Killed

        try:
            on(database.seen_by(before_step(number, die)), desk.clock).keep(places(3))
        except Killed:
            pass
        else:
            assert number > 10
            return
        began = desk.clock.now()
        desk.clock.move(NAP)
        told = filled(desk.statistics, began)
        # One of them comes to one process, the others to another.
        others = on(database, desk.clock)
        others.keep(places(3)[:1])
        desk.statistics.keep(places(3)[1:])
        came = desk.clock.now()
        desk.clock.move(NAP)

        for asked in (desk.statistics, others, on(database, desk.clock)):
            assert filled(asked, began) == told, number
            assert filled(asked, came) == filled(asked) == 3, number


def test_a_question_that_is_asked_slowly_is_answered_the_same_afterwards() -> None:
    for number, database in each_step(TwinDatabase):
        desk = Desk(database)
        heard: list[int] = []
        desk.note(*places(1))
        slept = desk.clock.now()
        desk.clock.move(NAP)

        def hear(desk: Desk = desk, heard: list[int] = heard) -> None:
            # By a process whose clock is behind.
            on(desk.database, StoppedClock(MORNING)).keep(places(4))
            heard.append(1)

        told = filled(on(database.seen_by(before_step(number, hear)), desk.clock), slept)
        if not heard:
            assert number > 4
            return

        assert [filled(one, slept) for one in (desk.statistics, on(database, desk.clock))] == [told, told], number
        assert filled(desk.statistics) == 4


def test_of_two_who_hear_the_same_each_may_tell_the_broker_that_it_is_kept() -> None:
    for number, database in each_step(TwinDatabase):
        desk = Desk(database)
        heard: list[int] = []

        def hear(desk: Desk = desk, heard: list[int] = heard) -> None:
            desk.statistics.keep(places(3)[1:])
            heard.append(1)
            assert unknown(desk.database, places(3)[1:]) == [], "said to be kept before its batch was finished"

        on(database.seen_by(before_step(number, hear)), desk.clock).keep(places(3))
        assert unknown(database, places(3)) == [], number
        if not heard:
            assert number > 10
            return
        desk.clock.move(SETTLED_AFTER)
        assert filled(desk.statistics, MORNING) == filled(desk.statistics) == 3, number


@pytest.mark.parametrize(
    ("verb", "in_time"),
    # After the other has stored the same and finished its own; just before, and just after it is given up.
    [("batches.delete_many done", True), ("batches.update_each", True), ("archive.update_each", False)],
)
def test_what_is_finished_just_before_it_is_given_up_is_known_since_it_was_begun(
    twin: TwinDatabase, verb: str, in_time: bool
) -> None:
    desk = Desk(twin)
    batch = desk.archive.batches.begin(desk.clock, SeededIds(99))
    desk.archive.put(places(3), batch)
    desk.clock.move(timedelta(seconds=5))
    finished: list[bool] = []

    def finish(what: str) -> None:
        if what == f"database {verb}" and not finished:
            finished.append(desk.archive.batches.finish(batch))

    on(twin.seen_by(finish), desk.clock).keep(places(3))
    desk.clock.move(NAP)

    assert finished == [in_time]
    assert filled(desk.statistics, batch.known_at) == (3 if in_time else 0)
    assert filled(desk.statistics) == filled(desk.statistics, desk.clock.now() - SETTLED_AFTER) == 3


def test_both_databases_give_up_and_take_over_alike(desk: Desk) -> None:
    desk.note(*places(1))
    batch = desk.archive.batches.begin(desk.clock, SeededIds(99))
    desk.archive.put(places(3)[1:], batch)
    for _ in range(2):
        desk.clock.move(NAP)
        assert filled(desk.statistics, desk.clock.now() - SETTLED_AFTER) == 1
    behind = on(desk.database, StoppedClock(MORNING))

    behind.keep(places(3))

    assert not desk.archive.batches.finish(batch)
    assert filled(desk.statistics) == 3
    other = on(desk.database, desk.clock)
    assert filled(other, desk.clock.now() - SETTLED_AFTER) == 1
    desk.clock.move(NAP)
    assert filled(other, desk.clock.now() - SETTLED_AFTER) == 3


def unknown(database: Database, events: Sequence[Event]) -> list[str]:
    """Return which of the events are not archived, or in a batch that is not finished."""
    unfinished = {one["_id"] for one in database.collection("batches").find({})}
    kept = {one["_id"]: one["batch"] for one in database.collection("archive").find({})}
    return [one.id for one in events if kept.get(one.key) is None or kept[one.key] in unfinished]


def test_whoever_asks_waits_for_nobody_and_whoever_stores_quickly_begins_once(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    for _ in range(3):
        desk.note(*places(2))
        desk.clock.move(SETTLED_AFTER)
        filled(desk.statistics, desk.clock.now() - SETTLED_AFTER)

    assert at_rest(twin, "batches") == []
    assert [one["known_at"] for one in at_rest(twin, "asked")] == [MORNING + 2 * SETTLED_AFTER]


def test_an_instant_that_was_asked_for_costs_nothing_again(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    desk.note(*places(2))
    desk.clock.move(NAP)
    seen: list[str] = []
    other = on(twin.seen_by(seen.append), desk.clock)
    filled(other, MORNING)
    assert [what for what in seen if "asked" in what or "batches" in what]
    seen.clear()

    filled(other, MORNING)
    filled(other, MORNING - timedelta(days=1))

    assert not [what for what in seen if "asked" in what or "batches" in what]


def test_events_of_before_there_were_batches_are_known_as_they_were(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    desk.note(*places(2))
    archive = twin.collection("archive")
    for one in at_rest(twin, "archive"):
        archive.update_one({"_id": one["_id"]}, {"$unset": {"batch": ""}})
    desk.clock.move(NAP)

    assert filled(desk.statistics, MORNING) == 2
    desk.note(*places(3))
    assert filled(desk.statistics) == 3
    assert filled(desk.statistics, MORNING) == 2


def test_a_mistake_among_others_leaves_none_of_them_unknown(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    desk.note(*places(1))
    wrong = said(PLACEMENT_SELECTED, "s-0", day="2026-11-22", resident_id="somebody-else")

    with pytest.raises(KeyReused):
        desk.statistics.keep([*places(3)[1:], wrong])

    assert unknown(twin, places(3)) == []


def test_when_others_keep_getting_in_between_the_events_are_given_back(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    told: list[str] = []

    def give_up(what: str) -> None:
        if what == "database stale_jobs.insert_many done" or (told and what == "database epochs.find_one"):
            told.append(what)
            desk.archive.batches.give_up([one["_id"] for one in at_rest(twin, "batches")])

    with pytest.raises(Conflict, match="changed_meanwhile"):
        on(twin.seen_by(give_up), desk.clock).keep(places(1))

    assert len(told) == intake.TRIES


def test_whoever_stores_slowly_comes_to_an_end_however_often_somebody_asks(twin: TwinDatabase) -> None:
    desk = Desk(twin)
    told: dict[datetime, int] = {}

    def is_slow(what: str) -> None:
        if what in ("database archive.insert_many", "database archive.update_each"):
            desk.clock.move(2 * SETTLED_AFTER)
        if what.startswith("database"):
            instant = desk.clock.now() - SETTLED_AFTER
            told[instant] = filled(desk.statistics, instant)

    on(twin.seen_by(is_slow), desk.clock).keep(places(3))
    desk.clock.move(NAP)

    assert {instant: filled(desk.statistics, instant) for instant in told} == told
    assert filled(desk.statistics) == filled(desk.statistics, desk.clock.now() - SETTLED_AFTER) == 3
    assert unknown(twin, places(3)) == []


@pytest.mark.parametrize("seed", range(40))
def test_over_any_order_of_steps_naps_deaths_and_repeats_an_instant_has_one_answer(seed: int) -> None:
    luck, database = random.Random(seed), TwinDatabase()
    desk = Desk(database)
    events = [said(PLACEMENT_SELECTED, f"s-{n}", day=f"2026-1{n % 2}-2{n % 3}") for n in range(8)]
    told: dict[datetime, set[int]] = {}
    alive: list[greenlet] = []

    def spawn(act: Callable[[Statistics], Any]) -> None:
        hub = greenlet.getcurrent()
        # Each machine has a time of its own.
        clock = StoppedClock(desk.clock.now() + timedelta(seconds=luck.choice((-600, -5, 0, 0, 5))))
        process = on(database.seen_by(lambda _what: hub.switch()), clock)
        alive.append(greenlet(lambda: _unless_killed(lambda: act(process)), hub))

    def hear(process: Statistics) -> None:
        heard = luck.sample(events, luck.randint(1, len(events)))
        try:
            process.keep(heard)
        except Conflict:
            return
        assert unknown(database, heard) == []

    def ask(process: Statistics) -> None:
        instant = process.clock.now() - SETTLED_AFTER - timedelta(seconds=luck.choice((0, 0, 7, 60)))
        answer = filled(process, instant)
        told.setdefault(instant, set()).add(answer)

    for _ in range(500):
        if len(alive) < 5:
            spawn(hear if luck.random() < 0.6 else ask)
        desk.clock.move(timedelta(seconds=luck.choice((0, 0, 1, 31))))
        one = luck.choice(alive)
        if one and luck.random() < 0.02:
            one.throw(Killed)
        else:
            one.switch()
        alive = [process for process in alive if not process.dead]
    while alive:
        alive[0].switch()
        alive = [process for process in alive if not process.dead]
    desk.clock.move(NAP)
    # What was never said to be kept comes again.
    desk.statistics.keep(events)
    desk.clock.move(NAP)

    assert told
    for instant, answers in told.items():
        assert answers == {filled(on(database, desk.clock), instant)}, instant
    assert filled(desk.statistics) == filled(desk.statistics, desk.clock.now() - SETTLED_AFTER) == len(events)


def _unless_killed(act: Callable[[], Any]) -> None:
    try:
        act()
    except Killed:
        return
