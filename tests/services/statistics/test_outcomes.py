"""Targets against outcomes: by programme, by umbrella, and 자료 없음 where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from services.statistics.usecases import SETTLED_AFTER
from shared.actors import ANYONE
from shared.clock import iso
from shared.errors import Refused
from shared.events.envelope import Event
from shared.events.placement import openings, plans, work
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.statistics.test_figures import OPERATOR, TENANT, Desk

UMBRELLA, CHILD, GRANDCHILD = "광산구:동행", "광산구:은하수", "광산구:별빛"


@pytest.fixture
def desk() -> Desk:
    return Desk(TwinDatabase())


def outcomes(desk: Desk, **asked: Any) -> dict[str, Any]:
    return desk.statistics.outcomes(OPERATOR, tenant=TENANT, **asked)


def row(desk: Desk, measure: str = "jobs", **asked: Any) -> tuple[Any, Any, Any]:
    (found,) = [row for row in outcomes(desk, **asked)["rows"] if row["measure"] == measure]
    return found["target"], found["outcome"], found["achieved"]


def a_programme(programme: str, parent: str | None, number: int = 1) -> Event:
    told = said(plans.PROGRAMME_SET, f"{programme}-{number}", programme_id=programme, parent=parent)
    object.__setattr__(told, "sequence", f"{number:010}.000")
    return told


def a_year(desk: Desk, programme: str = CHILD, *, target: int = 4, filled: int = 3) -> None:
    of: dict[str, Any] = {"programme_id": programme}
    desk.note(
        said(plans.TARGET_SET, f"t-{programme}", value=target, day="2026-10-01", **of),
        said(plans.TARGET_SET, f"p-{programme}", measure="people", value=target, day="2026-10-01", **of),
        said(plans.TARGET_SET, f"n-{programme}", measure="sessions", value=12, day="2026-10-01", **of),
        *(said(openings.PLACEMENT_SELECTED, f"s-{programme}-{n}", day="2026-11-22", **of) for n in range(filled)),
        said(work.PLACEMENT_COMPLETED, f"c-{programme}", day="2026-12-02", **of),
    )


def test_a_target_stands_beside_what_came_of_it(desk: Desk) -> None:
    a_year(desk)

    assert row(desk) == (4, 3, 0.75)
    assert row(desk, "people") == (4, 1, 0.25)


def test_what_nobody_counts_is_unknown_and_not_zero(desk: Desk) -> None:
    a_year(desk)
    desk.note(said(plans.TARGET_SET, "t-서구", programme_id="ic-서구", value=30))

    assert row(desk, "sessions") == (12, None, None)
    assert row(desk, programme_id="ic-서구") == (30, None, None)
    assert [one for one in outcomes(desk)["rows"] if one["measure"] == "sites"] == []


def test_nobody_has_a_place_yet_is_zero_where_an_opening_is_known(desk: Desk) -> None:
    desk.note(
        said(plans.TARGET_SET, "t-1", programme_id=CHILD, value=4), said(openings.OPENING_PUBLISHED, "o-1", programme_id=CHILD)
    )

    assert row(desk) == (4, 0, 0.0)


def test_without_a_target_there_is_an_outcome_and_no_share(desk: Desk) -> None:
    desk.note(said(openings.PLACEMENT_SELECTED, "s-1", programme_id=CHILD))

    assert row(desk) == (None, 1, None)


def test_an_umbrella_adds_all_that_stands_under_it(desk: Desk) -> None:
    desk.note(a_programme(UMBRELLA, None), a_programme(CHILD, "동행"), a_programme(GRANDCHILD, CHILD))
    a_year(desk, CHILD)
    a_year(desk, GRANDCHILD)
    a_year(desk, "광산구:다른사업")

    told = outcomes(desk, umbrella=UMBRELLA)

    assert {one["programme_id"] for one in told["rows"]} == {CHILD, GRANDCHILD}
    assert told["total"]["jobs"] == {"target": 8, "outcome": 6, "achieved": 0.75}
    assert told["total"]["sites"] == {"target": None, "outcome": None, "achieved": None}


def test_the_target_of_an_umbrella_holds_those_of_what_stands_under_it(desk: Desk) -> None:
    desk.note(a_programme(UMBRELLA, None), a_programme(CHILD, UMBRELLA), a_programme(GRANDCHILD, CHILD))
    a_year(desk, CHILD, target=4, filled=3)
    a_year(desk, GRANDCHILD, target=5, filled=2)
    desk.note(said(plans.TARGET_SET, "t-umbrella", programme_id=UMBRELLA, value=10, day="2026-10-01"))

    told = outcomes(desk, umbrella=UMBRELLA)["total"]

    assert told["jobs"] == {"target": 10, "outcome": 5, "achieved": 0.5}, "not 19: the same jobs were promised twice"
    assert told["people"]["target"] == 9, "of these the umbrella promised nothing"
    assert outcomes(desk, umbrella=UMBRELLA, month="2026-10")["total"]["jobs"]["target"] == 10
    assert outcomes(desk, umbrella=UMBRELLA, month="2026-12")["total"]["jobs"]["target"] == 10
    assert outcomes(desk, programme_id=GRANDCHILD)["total"]["jobs"]["target"] == 5


def total(desk: Desk, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = outcomes(desk, **asked)["total"]["jobs"]
    return found


def test_a_total_does_not_set_one_programmes_outcome_over_anothers_target(desk: Desk) -> None:
    desk.note(*(said(openings.PLACEMENT_SELECTED, f"s-{n}", programme_id="광산구:가") for n in range(2)))
    desk.note(said(plans.TARGET_SET, "t-나", programme_id="광산구:나", value=30))

    assert total(desk) == {"target": 30, "outcome": 2, "achieved": None}


def test_a_total_of_programmes_with_both_tells_what_was_achieved(desk: Desk) -> None:
    a_year(desk, CHILD, target=4, filled=3)
    a_year(desk, GRANDCHILD, target=6, filled=2)

    assert total(desk) == {"target": 10, "outcome": 5, "achieved": 0.5}

    desk.note(said(plans.TARGET_SET, "t-나", programme_id="광산구:나", value=10))
    assert total(desk) == {"target": 20, "outcome": 5, "achieved": None}, "a target of which no outcome is known"


def test_an_outcome_without_a_target_makes_the_share_of_a_total_unknown(desk: Desk) -> None:
    a_year(desk)
    desk.note(said(openings.PLACEMENT_SELECTED, "s-가", programme_id="광산구:가"))

    assert total(desk) == {"target": 4, "outcome": 4, "achieved": None}


def test_the_target_of_an_umbrella_is_one_for_what_stands_under_it(desk: Desk) -> None:
    desk.note(a_programme(UMBRELLA, None), a_programme(CHILD, UMBRELLA), a_programme(GRANDCHILD, CHILD))
    desk.note(said(plans.TARGET_SET, "t-umbrella", programme_id=UMBRELLA, value=4))
    desk.note(said(openings.PLACEMENT_SELECTED, "s-1", programme_id=GRANDCHILD))

    assert total(desk, umbrella=UMBRELLA) == {"target": 4, "outcome": 1, "achieved": 0.25}

    desk.note(said(openings.OPENING_PUBLISHED, "o-1", programme_id=UMBRELLA))
    assert total(desk, umbrella=UMBRELLA)["achieved"] is None, "with openings of its own the target is its own alone"


def test_a_target_that_was_taken_back_is_none_and_not_zero(desk: Desk) -> None:
    a_year(desk)
    desk.note(said(plans.TARGET_SET, "t-back", programme_id=CHILD, value=0, was=4, day="2026-11-01"))

    assert row(desk) == (None, 3, None)
    assert row(desk, month="2026-10")[:2] == (4, None)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_latest_word_about_a_programme_counts_whenever_it_comes(desk: Desk, order: tuple[int, int]) -> None:
    words = [a_programme(CHILD, UMBRELLA, 1), a_programme(CHILD, "광산구:다른상위", 2)]
    for index in order:
        desk.note(words[index])
    a_year(desk)

    assert outcomes(desk, umbrella=UMBRELLA)["rows"] == []
    assert outcomes(desk, umbrella="광산구:다른상위")["total"]["jobs"]["target"] == 4
    assert outcomes(desk)["rows"][0]["parent"] == "광산구:다른상위"


def test_programmes_under_each_other_have_an_end(desk: Desk) -> None:
    desk.note(a_programme(UMBRELLA, CHILD), a_programme(CHILD, UMBRELLA))
    a_year(desk)

    assert outcomes(desk, umbrella=UMBRELLA)["total"]["jobs"]["outcome"] == 3


def test_a_month_stands_against_the_target_at_its_end(desk: Desk) -> None:
    a_year(desk)
    desk.note(said(plans.TARGET_SET, "t-later", programme_id=CHILD, value=9, was=4, day="2026-12-01"))

    assert row(desk, month="2026-11") == (4, 3, 0.75)
    assert row(desk, month="2026-12")[:2] == (9, None)
    assert row(desk, through="2026-11-21")[:2] == (4, None)


def test_outcomes_can_be_read_again_as_they_were_known(desk: Desk) -> None:
    a_year(desk)
    then = desk.clock.now()
    desk.clock.move(SETTLED_AFTER)
    desk.note(said(openings.PLACEMENT_WITHDRAWN, "w-1", programme_id=CHILD, selected_day="2026-11-22"))

    assert row(desk) == (4, 2, 0.5)
    assert row(desk, known_at=iso(then)) == (4, 3, 0.75)
    with pytest.raises(Refused, match="month_or_programme_needed"):
        desk.statistics.outcomes(ANYONE, tenant=TENANT, known_at=iso(then))


def test_a_rebuild_finds_the_umbrellas_again() -> None:
    database = TwinDatabase()
    desk = Desk(database)
    desk.note(a_programme(CHILD, UMBRELLA))
    a_year(desk)
    before = outcomes(desk, umbrella=UMBRELLA)
    database.collection("programmes").delete_many({})

    desk.statistics.rebuild(OPERATOR, tenant=TENANT)

    assert outcomes(desk, umbrella=UMBRELLA) == before
    with pytest.raises(Refused, match="programme_or_umbrella"):
        outcomes(desk, umbrella=UMBRELLA, programme_id=CHILD)


def test_outcomes_are_told_page_by_page(desk: Desk) -> None:
    a_year(desk, CHILD)
    a_year(desk, GRANDCHILD)

    first = outcomes(desk, limit=4)
    second = outcomes(desk, limit=4, cursor=first["cursor"])

    assert (len(first["rows"]), len(second["rows"]), second["cursor"]) == (4, 2, None)
    assert first["total"] == second["total"]
