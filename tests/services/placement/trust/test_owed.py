"""Which evaluations somebody still owes, the nearest deadline first."""

from __future__ import annotations

import pytest

from services.placement.trust.owed import OwedDesk
from shared.actors import Actor
from shared.errors import Refused
from tests.services.placement.trust.conftest import (
    AnOpening,
    Town,
    a_host,
    a_resident,
    an_officer,
)

BOTH = Actor("res-1", frozenset({"resident", "host"}), "gwangsan")


@pytest.fixture
def desk(town: Town) -> OwedDesk:
    """Who answers."""
    return OwedDesk(town.kept, town.records, town.clock)


def owed(desk: OwedDesk, actor: Actor, side: str) -> list[str]:
    """Return the places about which somebody owes a word."""
    return [row["placement_id"] for row in desk.owed(actor, side=side)["evaluations"]]


def test_both_sides_owe_a_word_until_they_have_said_it(town: Town, desk: OwedDesk) -> None:
    place = town.work()
    assert owed(desk, a_host(), "host") == owed(desk, a_resident(), "resident") == [place]

    town.evaluate(place, a_host(), "host")

    assert owed(desk, a_host(), "host") == []
    (row,) = desk.owed(a_resident(), side="resident")["evaluations"]
    assert (row["words"], row["given"]) == ({}, {"resident": False, "host": True})
    town.evaluate(place, a_resident(), "resident")
    assert owed(desk, a_resident(), "resident") == []


def test_what_an_officer_said_for_the_workplace_its_hosts_owe_no_more(town: Town, desk: OwedDesk) -> None:
    place = town.work()

    town.evaluate(place, an_officer(), "host")

    assert owed(desk, a_host(), "host") == []


def test_nobody_owes_a_word_after_the_deadline_though_nothing_was_revealed_yet(town: Town, desk: OwedDesk) -> None:
    town.work()
    town.wait(days=13, hours=23)
    assert len(owed(desk, a_host(), "host")) == 1

    town.wait(hours=1)

    assert owed(desk, a_host(), "host") == owed(desk, a_resident(), "resident") == []


@pytest.mark.parametrize(
    ("actor", "side"),
    [
        (a_host("host-4"), "host"),
        (a_host(tenant="bukgu"), "host"),
        (a_resident("res-2"), "resident"),
        (a_resident(tenant="bukgu"), "resident"),
    ],
)
def test_others_and_other_towns_owe_nothing(town: Town, desk: OwedDesk, actor: Actor, side: str) -> None:
    town.work()

    assert owed(desk, actor, side) == []


@pytest.mark.parametrize(
    ("actor", "side"), [(a_resident(), "host"), (a_host(), "resident"), (an_officer(), "host"), (an_officer(), "resident")]
)
def test_nobody_asks_for_a_side_that_is_not_theirs(town: Town, desk: OwedDesk, actor: Actor, side: str) -> None:
    town.work()

    with pytest.raises(Refused) as refused:
        desk.owed(actor, side=side)

    assert refused.value.code == "role_not_allowed"


def test_who_names_no_side_asks_for_their_own_and_who_is_both_for_themselves(town: Town, desk: OwedDesk) -> None:
    place = town.work()

    for actor in (a_host(), a_resident(), BOTH):
        assert [row["placement_id"] for row in desk.owed(actor)["evaluations"]] == [place]
        assert [row["placement_id"] for row in town.desk.my_evaluations(actor)["evaluations"]] == [place]


def test_a_resident_who_is_a_host_as_well_owes_a_word_for_themselves_only(town: Town, desk: OwedDesk) -> None:
    town.around.openings["opn-1"] = AnOpening("opn-1", hosts=("host-3", "res-1"))
    mine, others = town.work(), town.work("res-2")

    assert owed(desk, BOTH, "host") == [others]
    assert owed(desk, BOTH, "resident") == [mine]


def test_nobody_owes_a_word_about_work_that_was_corrected_to_nothing(town: Town, desk: OwedDesk) -> None:
    place = town.work()
    assert owed(desk, a_host(), "host") == [place]

    town.hear(town.settled(minutes=0, result="absent", revision=2))

    assert owed(desk, a_host(), "host") == []


def test_the_nearest_deadline_comes_first_page_by_page_each_once(town: Town, desk: OwedDesk) -> None:
    places = []
    for number in range(5):
        places.append(town.work("res-1", f"opn-{9 - number}"))
        town.wait(hours=number % 2)

    told, cursor = [], None
    while True:
        page = desk.owed(a_host(), side="host", limit=2, cursor=cursor)
        told += page["evaluations"]
        cursor = page["cursor"]
        if cursor is None:
            break

    assert [(row["until"], row["placement_id"]) for row in told] == sorted(
        (row["until"], row["placement_id"]) for row in told
    )
    assert sorted(row["placement_id"] for row in told) == sorted(places)


@pytest.mark.parametrize("limit", [0, 51])
def test_a_page_has_its_bounds(desk: OwedDesk, limit: int) -> None:
    with pytest.raises(Refused, match="out_of_range"):
        desk.owed(a_host(), side="host", limit=limit)


def test_a_cursor_that_is_not_ours_is_refused(desk: OwedDesk) -> None:
    with pytest.raises(Refused, match="bad_cursor"):
        desk.owed(a_host(), side="host", cursor="은하수")
