"""Counts of target groups: exactly once, taken back on the same day, and nobody in them."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import timedelta
from itertools import permutations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.residents.groups.model import CountNames
from services.residents.groups.storage import group_counts
from shared.clock import StoppedClock
from shared.events.envelope import encode
from shared.ids import SeededIds
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.residents.conftest import a_resident, an_office
from tests.services.residents.groups.conftest import TRACE, Counter, a_counter

DAY = "2026-11-22"


def test_each_step_is_counted_once_for_each_group_however_often_it_is_told(counter: Counter) -> None:
    counter.arrive("res-1", "career_break_women", "sole_trader")
    counter.arrive("res-2")
    for _ in range(5):
        for who in ("res-1", "res-2"):
            counter.hear(counter.submitted(who), counter.selected(who), counter.completed(who))
    counter.hear(counter.completed("res-1", revision=2))

    assert counter.said() == sorted(
        (group, measure, 1, day)
        for group in ("career_break_women", "sole_trader")
        for measure, day in (("applications", DAY), ("placed", DAY), ("completed", "2026-12-01"))
    )


def test_what_is_relayed_leads_to_nobody(counter: Counter) -> None:
    counter.arrive("res-1", "north_korean_defector")
    counter.office.clock.move(timedelta(hours=1))
    counter.verify("res-1", "north_korean_defector")
    counter.hear(counter.submitted(), counter.selected(), counter.withdrawn())

    relayed = counter.relayed()
    assert len(relayed) == 3
    for event in relayed:
        assert event.traceparent is None
        for secret in (b"res-1", b"opn-", TRACE[3:35].encode(), "은하".encode()):
            assert secret not in encode(event)
    for document in counter.counts.collection.find({}):
        assert "res-1" not in str(document)
        assert "opn-" not in str(document)


def test_another_town_names_the_same_place_otherwise() -> None:
    asked = ("opn-은하수:res-1", 1, "placed", "youth")

    assert CountNames(b"one").of(*asked) == CountNames(b"one").of(*asked)
    assert CountNames(b"one").of(*asked) != CountNames(b"two").of(*asked)


def test_names_of_different_places_never_meet() -> None:
    names = CountNames(b"one")

    assert names.of("a", 1, "placed", "youth") != names.of("a", 11, "placed", "youth")
    assert names.of("opn:res", 1, "b", "c") != names.of("opn", 1, "res", "c")
    assert names.gone("a", 1) not in (names.of("a", 1, "", ""), names.gone("a", 2))


def test_the_secret_is_made_once_by_whoever_comes_first(kept: Database, clock: StoppedClock) -> None:
    first, second = (group_counts(kept, clock=clock, serial=KeyedQueue(), ids=SeededIds(seed)) for seed in (1, 2))
    assert first.names().secret == second.names().secret

    third = group_counts(kept, clock=clock, serial=KeyedQueue(), ids=SeededIds(3))
    assert third.names().secret == first.names().secret
    assert len(kept.collection("secrets").find({})) == 1


def test_two_who_make_the_secret_at_once_use_the_same(clock: StoppedClock) -> None:
    database = TwinDatabase("residents")
    slow = group_counts(database, clock=clock, serial=KeyedQueue(), ids=SeededIds(1))
    quick = group_counts(database, clock=clock, serial=KeyedQueue(), ids=SeededIds(2))
    raced: list[bytes] = []

    def step(what: str) -> None:
        if what.endswith("insert_one") and not raced:
            raced.append(quick.names().secret)

    slow._secrets = database.seen_by(step).collection("secrets")

    assert slow.names().secret == quick.names().secret
    assert raced == [quick.names().secret]


@pytest.mark.parametrize("order", list(permutations(["selected", "withdrawn", "selected", "withdrawn"], 4))[::3])
def test_a_place_given_back_is_taken_back_on_its_day_in_whatever_order_it_is_heard(
    counter: Counter, order: tuple[str, ...]
) -> None:
    counter.arrive("res-1", "youth")
    told = {"selected": counter.selected(), "withdrawn": counter.withdrawn()}
    for name in order:
        counter.hear(told[name])

    assert counter.said() == [("youth", "placed", -1, DAY), ("youth", "placed", 1, DAY)]


@pytest.mark.parametrize("stop", range(12))
@pytest.mark.parametrize("first", ["selected", "withdrawn"])
def test_a_place_heard_of_and_given_back_at_once_comes_to_nothing(stop: int, first: str, clock: StoppedClock) -> None:
    """One process stands still before its ``stop``-th step while another hears the other fact to its end."""
    database = TwinDatabase("residents")
    other = a_counter(database, an_office(database, clock), clock)
    other.arrive("res-1", "youth")
    told = {"selected": other.selected(), "withdrawn": other.withdrawn()}
    second = "withdrawn" if first == "selected" else "selected"
    left = [stop]

    def step(_what: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            other.hear(told[second])

    view = database.seen_by(step)
    a_counter(view, an_office(view, clock), clock).hear(told[first])
    if left[0] >= 0:
        other.hear(told[second])

    assert sum(row[2] for row in other.said()) == 0
    assert len(other.said()) in (0, 2)


def test_a_second_attempt_counts_for_itself(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.hear(counter.selected(attempt=1), counter.withdrawn(attempt=1), counter.selected(attempt=2))

    assert Tally(amount for _, _, amount, _ in counter.said()) == {1: 2, -1: 1}


def test_who_applies_five_times_is_one_applicant(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.hear(*(counter.submitted(attempt=attempt) for attempt in range(1, 6)))

    assert len(counter.said()) == 1


def test_who_declares_between_two_tries_is_an_applicant_since_the_second(counter: Counter) -> None:
    counter.arrive()
    first = counter.submitted(attempt=1)
    counter.office.clock.move(timedelta(minutes=1))
    counter.declare("res-1", "youth")
    second, third = counter.submitted(attempt=2), counter.submitted(attempt=3)
    counter.hear(third, first, second, third, counter.selected(attempt=3))

    assert counter.said() == [("youth", "applications", 1, DAY), ("youth", "placed", 1, DAY)]


def test_who_declares_later_is_not_counted_backwards(counter: Counter) -> None:
    counter.arrive()
    applied = counter.submitted()
    counter.office.clock.move(timedelta(minutes=1))
    counter.declare("res-1", "youth")
    counter.hear(applied)
    assert counter.said() == []

    counter.hear(counter.selected())
    assert counter.said() == [("youth", "placed", 1, DAY)]


def test_a_group_that_needs_a_proof_counts_from_the_proof_on(counter: Counter) -> None:
    counter.arrive("res-1", "disability")
    counter.hear(counter.submitted())
    counter.office.clock.move(timedelta(minutes=1))
    counter.verify("res-1", "disability")
    counter.hear(counter.submitted(), counter.selected())

    # The second telling of the application is later than the proof, and its first was not counted.
    assert [row[1] for row in counter.said()] == ["applications", "placed"]


def test_withdrawing_the_consent_leaves_the_counts_and_counts_no_more(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.hear(counter.submitted(), counter.selected())
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("target_groups")
    counter.hear_withdrawals()
    counter.hear(counter.completed())

    assert [row[1] for row in counter.said()] == ["applications", "placed"]


def test_a_place_given_back_after_the_consent_is_gone_is_still_taken_back(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    counter.hear(counter.selected())
    counter.office.clock.move(timedelta(minutes=1))
    counter.office.withdraw("target_groups")
    counter.hear_withdrawals()
    counter.hear(counter.withdrawn())

    assert sum(row[2] for row in counter.said()) == 0


def test_an_early_fact_without_an_attempt_is_of_the_first(counter: Counter) -> None:
    counter.arrive("res-1", "youth")
    early = counter.selected()
    early.data.pop("attempt")  # type: ignore[attr-defined]
    counter.hear(early, counter.selected(attempt=1))

    assert len(counter.said()) == 1


def test_somebody_of_another_tenant_is_not_counted(counter: Counter) -> None:
    counter.office.register("res-1", tenant="bukgu", consents=("service", "target_groups"))
    counter.desk.declare(a_resident("res-1", "bukgu"), act_id="d", resident_id="res-1", group="youth")
    counter.hear(counter.submitted())

    assert counter.said() == []


@settings(max_examples=60, deadline=None)
@given(
    parts=some.lists(
        some.tuples(some.text(max_size=6), some.integers(1, 99), some.sampled_from(["placed", "completed"])),
        unique=True,
        min_size=2,
        max_size=6,
    )
)
def test_different_places_and_measures_have_different_names(parts: list[tuple[str, int, str]]) -> None:
    names = CountNames(orjson.dumps("secret"))

    assert len({names.of(*part, "youth") for part in parts}) == len(parts)
