"""Figures: each fact once, in any order, as of a day and as known at an instant."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.statistics import tables
from services.statistics.jobs import JOBS, MEASURES
from services.statistics.model import Counted, quotient
from services.statistics.months import Months
from services.statistics.reactions import reactions
from services.statistics.register import Register
from services.statistics.storage import SHELF, Archive
from services.statistics.usecases import SETTLED_AFTER, Statistics
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock, from_iso, iso
from shared.errors import Refused
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import Event
from shared.events.placement import (
    APPLICATION_SUBMITTED,
    APPLICATION_WITHDRAWN,
    OPENING_CANCELLED,
    OPENING_FILLED,
    OPENING_PUBLISHED,
    PLACEMENT_SELECTED,
    PLACEMENT_WITHDRAWN,
)
from shared.events.registry import CONTRACTS
from shared.events.residents import GROUP_COUNTED
from shared.ids import SeededIds
from shared.messaging.core import KeyReused
from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.facts import MORNING, said

OPERATOR = Actor("운영자", frozenset({"operator"}), "광산구")
TENANT = "광산구"


_SEEDS = count(2)


class Desk:
    """Statistics on one database."""

    def __init__(self, database: Database) -> None:
        self.clock, self.database = StoppedClock(MORNING), database
        self.archive, self.months, self.register = Archive(database), Months(database), Register(database)
        for kept in (self.archive, self.months, self.register):
            kept.prepare()
        self.statistics = Statistics(self.archive, self.months, self.register, self.clock, SeededIds(1))

    def note(self, *events: Event) -> None:
        """Hear events of any types as the consumer core would: in one batch a type."""
        table = reactions(self.statistics)
        for event_type in dict.fromkeys(event.type for event in events):
            table[event_type]([event for event in events if event.type == event_type])

    def figures(self, tenant: str = TENANT, *, actor: Actor = OPERATOR, **asked: Any) -> dict[str, Any]:
        return self.statistics.figures(actor, tenant=tenant, **asked)

    def total(self, **asked: Any) -> dict[str, Any]:
        total: dict[str, Any] = self.figures(**asked)["total"]
        return total


def on(database: Database, clock: StoppedClock) -> Statistics:
    """Return what another process has: ids that no other has made among it."""
    return Statistics(Archive(database), Months(database), Register(database), clock, SeededIds(next(_SEEDS)))


@pytest.fixture(params=["twin", "real"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The same promises on both databases."""
    if request.param == "twin":
        yield Desk(TwinDatabase())
    else:
        database = request.getfixturevalue("database")
        yield Desk(connect(database.url, f"{database.prefix}statistics"))


def a_filled_opening() -> list[Event]:
    """V2: 경로당 식사 보조, 3 places, 10 applicants, all places given."""
    return [
        said(OPENING_PUBLISHED, "p-1", title="경로당 식사 보조", places=3),
        *(said(APPLICATION_SUBMITTED, f"a-{n}", resident_id=f"res-{n}") for n in range(10)),
        *(said(PLACEMENT_SELECTED, f"s-{n}", resident_id=f"res-{n}") for n in range(3)),
        said(OPENING_FILLED, "f-1"),
    ]


def test_three_places_and_ten_applicants_are_a_competition_of_3_33(desk: Desk) -> None:
    desk.note(*a_filled_opening())
    for _ in range(5):
        desk.note(said(OPENING_FILLED, "f-1"))

    assert desk.total() == {
        "places": 3,
        "applications": 10,
        "filled": 3,
        "openings": 1,
        "openings_filled": 1,
        "offers": 0,
        "offers_lapsed": 0,
        "waitlisted": 0,
        "ranked": 0,
        "competition": 3.33,
    }


def test_figures_are_rows_by_programme_district_and_month_in_seoul(desk: Desk) -> None:
    desk.note(
        said(OPENING_PUBLISHED, "p-1", day="2026-11-30", places=2),
        said(OPENING_PUBLISHED, "p-2", day="2026-12-01", places=4),
        said(OPENING_PUBLISHED, "p-3", day="2026-12-01", places=8, programme_id="틈새", district="29170"),
        said(OPENING_FILLED, "f-1", at=from_iso("2026-11-30T15:30:00Z")),
    )

    rows = desk.figures()["rows"]

    assert [(row["programme_id"], row["district"], row["month"], row["places"]) for row in rows] == [
        ("gs-citizen-allowance", "29200", "2026-11", 2),
        ("gs-citizen-allowance", "29200", "2026-12", 4),
        ("틈새", "29170", "2026-12", 8),
    ]
    assert rows[1]["openings_filled"] == 1, "16:30 UTC on 30 November is 1 December in Seoul"
    assert desk.total(month="2026-12")["places"] == 12
    assert desk.total(district="29170")["places"] == 8
    assert desk.total(programme_id="틈새")["places"] == 8


def test_what_nothing_is_known_of_is_null_and_not_zero(desk: Desk) -> None:
    desk.note(said(APPLICATION_SUBMITTED, "a-1"))

    assert desk.figures(district="28260") == {
        "through": None,
        "known_at": iso(MORNING),
        "rows": [],
        "cursor": None,
        "total": {**dict.fromkeys(MEASURES), "competition": None},
    }
    assert desk.total()["places"] == 0
    assert desk.total()["competition"] is None


def test_a_cancelled_opening_leaves_the_figures_of_the_day_it_was_published_on(desk: Desk) -> None:
    desk.note(said(OPENING_PUBLISHED, "p-1", day="2026-11-20", places=3))
    desk.note(said(OPENING_CANCELLED, "c-1", published_day="2026-11-20", places=3, at=MORNING + timedelta(days=9)))

    assert desk.total(through="2026-11-20")["places"] == 0
    assert desk.total(through="2026-11-19")["places"] is None


def test_a_place_given_back_leaves_the_day_on_which_it_was_given(desk: Desk) -> None:
    desk.note(
        said(PLACEMENT_SELECTED, "s-1", day="2026-11-20"),
        said(PLACEMENT_SELECTED, "s-2", day="2026-11-21"),
        said(PLACEMENT_WITHDRAWN, "w-1", selected_day="2026-11-20"),
    )

    assert desk.total(through="2026-11-20")["filled"] == 0
    assert desk.total()["filled"] == 1


def test_applying_again_is_the_same_applicant(desk: Desk) -> None:
    desk.note(
        said(APPLICATION_SUBMITTED, "a-1"),
        said(APPLICATION_WITHDRAWN, "x-1"),
        said(APPLICATION_SUBMITTED, "a-2", attempt=2),
    )

    assert desk.total()["applications"] == 1


def test_a_published_figure_can_be_read_again_as_it_was_known(desk: Desk) -> None:
    desk.note(*a_filled_opening())
    then = desk.clock.now()
    desk.clock.move(timedelta(days=3))
    desk.note(said(PLACEMENT_WITHDRAWN, "w-1"))

    assert desk.total(known_at=iso(then))["filled"] == 3
    assert desk.total()["filled"] == 2
    assert desk.total(known_at=iso(then - timedelta(seconds=1)))["filled"] is None


def test_a_figure_is_bound_to_the_instant_in_its_answer(desk: Desk) -> None:
    desk.note(*a_filled_opening())
    published = desk.figures()
    desk.clock.move(timedelta(days=3))
    desk.note(said(PLACEMENT_WITHDRAWN, "w-1"))

    again = desk.figures(known_at=published["known_at"])

    assert again == published != desk.figures()


def test_what_was_known_at_an_instant_is_told_once_it_is_settled(desk: Desk) -> None:
    desk.note(*a_filled_opening())
    for later in (timedelta(), SETTLED_AFTER - timedelta(seconds=1)):
        desk.clock.move(later)
        with pytest.raises(Refused, match="known_at_too_late") as caught:
            desk.figures(known_at=iso(MORNING))
    desk.clock.move(timedelta(seconds=1))

    assert caught.value.values["latest"] == iso(MORNING - timedelta(seconds=1))
    assert desk.total(known_at=iso(MORNING))["filled"] == 3
    with pytest.raises(Refused, match="known_at_too_late"):
        desk.figures(known_at="2099-01-01T00:00:00Z")


def test_the_public_asks_for_a_month_or_a_programme_as_it_was_known(desk: Desk) -> None:
    desk.note(said(OPENING_PUBLISHED, "p-1", day="2026-11-22", places=3))
    desk.clock.move(SETTLED_AFTER)
    then = iso(MORNING)

    with pytest.raises(Refused, match="month_or_programme_needed"):
        desk.figures(actor=ANYONE, known_at=then)

    assert desk.total(actor=ANYONE)["places"] == 3
    assert desk.total(actor=ANYONE, known_at=then, month="2026-11")["places"] == 3
    assert desk.total(actor=ANYONE, known_at=then, programme_id="gs-citizen-allowance")["places"] == 3


def test_a_fact_that_comes_after_the_question_is_in_the_next_answer(desk: Desk) -> None:
    desk.note(said(PLACEMENT_SELECTED, "s-1"))
    assert desk.total()["filled"] == 1

    desk.note(said(PLACEMENT_SELECTED, "s-2"))

    assert desk.total()["filled"] == 2


def test_the_same_event_id_with_another_body_is_a_mistake_and_changes_nothing(desk: Desk) -> None:
    desk.note(said(OPENING_PUBLISHED, "p-1", places=3))

    with pytest.raises(KeyReused):
        desk.note(said(OPENING_PUBLISHED, "p-1", places=300))

    assert desk.total()["places"] == 3


def test_every_contract_is_archived_and_found_by_its_id(desk: Desk) -> None:
    for number, contract in enumerate(CONTRACTS.values()):
        desk.note(said(contract, f"e-{number}"))

    assert desk.statistics.count(OPERATOR, tenant=TENANT) == {"events": len(CONTRACTS) - 1}
    (found,) = desk.statistics.event(OPERATOR, event_id="e-0")["events"]
    assert found["data"] == dict(next(iter(CONTRACTS.values())).sample)
    assert found["known_at"] == iso(MORNING)


def test_another_towns_operator_sees_neither_events_nor_their_number(desk: Desk) -> None:
    desk.note(said(HEAT_SHELTER_OPENED, "h-1"))
    other = Actor("운영자", frozenset({"operator"}), "북구")

    assert desk.statistics.event(other, event_id="h-1") == {"events": []}
    with pytest.raises(Refused, match="other_tenant"):
        desk.statistics.count(other, tenant=TENANT)
    with pytest.raises(Refused, match="sign_in_needed"):
        desk.statistics.rebuild(ANYONE, tenant=TENANT)


def test_a_rebuild_changes_nothing(desk: Desk) -> None:
    desk.note(*a_filled_opening(), said(OPENING_PUBLISHED, "p-2", tenant="북구"))
    desk.clock.move(timedelta(hours=5))
    desk.note(said(PLACEMENT_WITHDRAWN, "w-1"), said(OPENING_CANCELLED, "c-1", published_day="2026-11-01"))
    before = desk.figures(), desk.figures("북구"), desk.figures(known_at=iso(MORNING))

    assert desk.statistics.rebuild(OPERATOR, tenant=TENANT) == {"buckets": 1}

    assert (desk.figures(), desk.figures("북구"), desk.figures(known_at=iso(MORNING))) == before


def test_a_rebuild_that_is_killed_at_any_step_takes_nothing_away_and_is_done_again() -> None:
    class Killed(BaseException):
        pass

    for at in range(1, 100):
        database, left = TwinDatabase(), [at]

        def kill(_what: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        desk = Desk(database)
        desk.note(*a_filled_opening())
        before = desk.figures()
        seen = database.seen_by(kill)
        dying = on(seen, desk.clock)
        try:
            dying.rebuild(OPERATOR, tenant=TENANT)
        except Killed:
            assert desk.figures() == before, at
            desk.statistics.rebuild(OPERATOR, tenant=TENANT)
            assert desk.figures() == before, at
        else:
            assert at > 5
            return


def test_figures_can_be_asked_in_the_middle_of_a_rebuild() -> None:
    database, seen = TwinDatabase(), []
    desk = Desk(database)
    desk.note(*a_filled_opening())
    before = desk.figures()
    view = database.seen_by(lambda _what: seen.append(desk.figures()))

    on(view, desk.clock).rebuild(OPERATOR, tenant=TENANT)

    assert seen
    assert all(figures == before for figures in (*seen, desk.figures()))


def test_a_rebuild_reads_the_archive_shelf_by_shelf() -> None:
    desk = Desk(TwinDatabase())
    for first in range(0, 3 * SHELF, 300):
        desk.note(*(said(PLACEMENT_SELECTED, f"s-{n}", resident_id=f"r-{n}") for n in range(first, first + 300)))
    desk.note(*(said(APPLICATION_SUBMITTED, f"a-{n}", resident_id=f"r-{n}") for n in range(SHELF + 1)))
    archive = desk.archive._collection
    found = archive.find
    sizes: list[int] = []
    archive.find = lambda *asked, **more: _counted(found(*asked, **more), sizes)  # type: ignore[method-assign]

    for _ in desk.archive.refold(TENANT):
        pass

    assert sum(sizes) == 4 * SHELF + 1
    assert max(sizes) <= SHELF


def _counted(found: list[Any], sizes: list[int]) -> list[Any]:
    sizes.append(len(found))
    return found


def test_what_is_counted_elsewhere_by_new_rules_leaves_its_old_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(TwinDatabase())
    desk.note(said(PLACEMENT_SELECTED, "s-1", day="2026-10-30"))
    assert desk.total(month="2026-10")["filled"] == 1
    counts = {**JOBS.counts, PLACEMENT_SELECTED.type: lambda _event: Counted("2026-11-01", {"filled": 1})}
    monkeypatch.setattr(tables, "TABLES", {"jobs": replace(JOBS, counts=counts)})

    desk.statistics.rebuild(OPERATOR, tenant=TENANT)

    assert desk.total(month="2026-10")["filled"] is None
    assert desk.total(month="2026-11")["filled"] == 1


def test_a_fact_that_comes_while_a_bucket_is_computed_leaves_it_stale() -> None:
    desk = Desk(TwinDatabase())
    desk.note(said(PLACEMENT_SELECTED, "s-1"))
    facts = desk.archive.facts

    def interrupted(*asked: Any) -> Any:
        found = facts(*asked)
        desk.note(said(PLACEMENT_SELECTED, "s-2"))
        return found

    desk.archive.facts = interrupted  # type: ignore[method-assign]
    desk.total()
    desk.archive.facts = facts  # type: ignore[method-assign]

    assert desk.total()["filled"] == 2


def test_a_reaction_that_died_between_archive_and_bucket_is_completed_by_the_redelivery() -> None:
    class Killed(BaseException):
        pass

    database = TwinDatabase()

    def kill(what: str) -> None:
        if what == "database stale_jobs.insert_many":
            raise Killed

    desk = Desk(database)
    desk.note(said(PLACEMENT_SELECTED, "s-1"))
    assert desk.total()["filled"] == 1
    dying = on(database.seen_by(kill), desk.clock)
    with pytest.raises(Killed):
        dying.keep([said(PLACEMENT_SELECTED, "s-2")])

    desk.note(said(PLACEMENT_SELECTED, "s-2"))

    assert desk.total()["filled"] == 2


@pytest.mark.parametrize(
    ("applications", "places", "ratio"),
    [(719, 144, 4.99), (10, 3, 3.33), (1, 8, 0.13), (5, 8, 0.63), (0, 3, 0.0), (7, 0, None), (7, -3, None)],
)
def test_competition_is_rounded_half_up_and_needs_places(applications: int, places: int, ratio: float | None) -> None:
    assert quotient(applications, places) == ratio


# Any history, told in any order and more than once, against a count that knows nothing of buckets.

DAYS = [date(2026, 10, 30) + timedelta(days=n) for n in range(6)]


@dataclass(frozen=True)
class Told:
    """One event, what it adds, on which day and where."""

    event: Event
    measures: tuple[tuple[str, int], ...]
    day: date
    where: tuple[str, str]


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    told: list[Told] = []
    for number in range(draw(st.integers(1, 4))):
        where = draw(st.sampled_from([("시민수당", "29200"), ("시민수당", "29170"), ("틈새", "29200")]))
        at = {"opening_id": f"opn-{number}", "programme_id": where[0], "district": where[1]}
        opened, places = draw(st.sampled_from(DAYS)), draw(st.integers(1, 5))

        def tell(contract, event_id, on, measures, where=where, at=at, **more) -> None:
            told.append(Told(said(contract, event_id, **at, **more), tuple(measures.items()), on, where))

        tell(
            OPENING_PUBLISHED, f"p-{number}", opened, {"places": places, "openings": 1}, places=places, day=str(opened)
        )
        if draw(st.booleans()):
            tell(
                OPENING_CANCELLED,
                f"x-{number}",
                opened,
                {"places": -places, "openings": -1},
                places=places,
                published_day=str(opened),
            )
        for applicant in range(draw(st.integers(0, 4))):
            day = draw(st.sampled_from(DAYS))
            named = f"{number}-{applicant}"
            tell(APPLICATION_SUBMITTED, f"a-{named}", day, {"applications": 1}, day=str(day))
            if draw(st.booleans()):
                tell(APPLICATION_SUBMITTED, f"b-{named}", day, {}, day=str(day), attempt=2)
            if draw(st.booleans()):
                tell(PLACEMENT_SELECTED, f"s-{named}", day, {"filled": 1}, day=str(day))
                if draw(st.booleans()):
                    tell(PLACEMENT_WITHDRAWN, f"w-{named}", day, {"filled": -1}, selected_day=str(day))
    return told


def counted(told: list[Told], through: date) -> dict[str, Any]:
    """Count a history in one plain pass: what each day brought, and what the rows must say."""
    rows: dict[tuple[str, str, str], Counter[str]] = {}
    for one in told:
        if one.day <= through and one.measures:
            row = rows.setdefault((*one.where, one.day.strftime("%Y-%m")), Counter())
            for measure, amount in one.measures:
                row[measure] += amount
    return {key: {measure: row[measure] for measure in MEASURES} for key, row in rows.items()}


def shown(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        (row["programme_id"], row["district"], row["month"]): {measure: row[measure] for measure in MEASURES}
        for row in figures["rows"]
    }


@settings(max_examples=60, deadline=None)
@given(histories(), st.randoms(use_true_random=False), st.sampled_from(DAYS))
def test_any_order_and_repetition_gives_the_same_figures_as_a_plain_count(
    history: list[Told], luck: random.Random, through: date
) -> None:
    desk = Desk(TwinDatabase())
    deliveries = [one.event for one in history for _ in range(luck.randint(1, 3))]
    luck.shuffle(deliveries)
    heard: dict[str, datetime] = {}
    while deliveries:
        size = luck.randint(1, 5)
        batch, deliveries = deliveries[:size], deliveries[size:]
        desk.clock.move(timedelta(hours=luck.randint(0, 3), milliseconds=1))
        desk.note(*batch)
        for event in batch:
            heard.setdefault(event.id, desk.clock.now())
        if luck.random() < 0.4:
            desk.figures()
        if luck.random() < 0.1:
            desk.statistics.rebuild(OPERATOR, tenant=TENANT)

    instant = luck.choice(sorted(heard.values()))
    known = [one for one in history if heard[one.event.id] <= instant]
    desk.clock.move(SETTLED_AFTER)

    assert shown(desk.figures()) == counted(history, DAYS[-1])
    assert shown(desk.figures(through=str(through))) == counted(history, through)
    assert shown(desk.figures(known_at=iso(instant), through=str(through))) == counted(known, through)
    desk.statistics.rebuild(OPERATOR, tenant=TENANT)
    assert shown(desk.figures()) == counted(history, DAYS[-1])


def test_a_rebuild_tells_nobody_that_a_group_has_one_more_month(desk: Desk) -> None:
    desk.note(said(APPLICATION_SUBMITTED, "a-1"))
    desk.figures()
    before = desk.statistics.rebuild(OPERATOR)
    desk.note(said(GROUP_COUNTED, "g-1"))
    desk.clock.move(timedelta(days=30))
    desk.figures(about="groups")

    assert desk.statistics.rebuild(OPERATOR) == before == {"buckets": 1}
    assert desk.statistics.rebuild(Actor("statistics", frozenset({"service"}), TENANT), tenant=TENANT) == {"buckets": 2}


def test_what_is_counted_of_target_groups_is_seen_by_no_officer_or_operator_one_by_one(desk: Desk) -> None:
    """Who watches how many events there are, or looks one up, must not learn of which group an applicant is."""
    desk.note(said(OPENING_PUBLISHED, "p-1", places=3))
    before = desk.statistics.count(OPERATOR, tenant=TENANT)
    desk.note(said(GROUP_COUNTED, "g-1"))
    service = Actor("svc", frozenset({"service"}), TENANT)

    assert desk.statistics.count(OPERATOR, tenant=TENANT) == before == {"events": 1}
    assert desk.statistics.count(service, tenant=TENANT) == {"events": 2}
    assert desk.statistics.event(OPERATOR, event_id="g-1") == {"events": []}
    assert len(desk.statistics.event(service, event_id="g-1")["events"]) == 1
