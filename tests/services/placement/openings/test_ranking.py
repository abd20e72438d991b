"""Ranking: hard rules first, then points, ties by lot; and every applicant can see why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.placement.openings.model import (
    USUAL_SCORES,
    Application,
    Evidence,
    Opening,
    Score,
    Shift,
    Standing,
    Terms,
    Workplace,
    ranked,
)
from services.placement.openings.scores import NEUTRAL, parts_of
from services.placement.participation.belonging import ResidentsAway
from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused
from shared.geo import Point
from tests.services.placement.office import OFFICER, TENANT, a_resident
from tests.services.placement.openings.hall import Hall

NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
LEAST = (Score("least_served", 100),)


def an_opening(seed: str = "0" * 64, scores: tuple[Score, ...] = LEAST) -> Opening:
    terms = Terms(
        title="작은도서관 도서 정리",
        place=Workplace("은하수 작은도서관", "광주광역시 광산구", Point(35.1457, 126.7937)),
        shifts=(Shift(NOW + timedelta(days=2), NOW + timedelta(days=2, hours=2)),),
        places=2,
        hourly_won=10_320,
        mode="ranked",
        deadline=NOW + timedelta(days=1),
        scores=scores,
    )
    return Opening(
        id="opn-1", tenant=TENANT, programme_id="p", district="29200", terms=terms, published_at=NOW, seed=seed
    )


def applied(opening: Opening, count: int) -> list[Application]:
    """Return applications, one a minute: res-0 came first."""
    return [
        Application.submit(opening, f"res-{number}", NOW + timedelta(minutes=number), None) for number in range(count)
    ]


def numbers(opening: Opening, count: int, evidence: dict[str, Evidence], **standings: Standing) -> list[int]:
    by_id = {name.replace("_", "-"): standing for name, standing in standings.items()}
    order = ranked(opening, applied(opening, count), evidence=evidence, standings=by_id, now=NOW)
    assert [entry.rank for entry in order.entries] == list(range(1, count + 1))
    return [int(entry.application_id.rpartition("-")[2]) for entry in order.entries]


def test_the_least_served_come_first() -> None:
    served = {f"res-{number}": Evidence(served=months) for number, months in enumerate((24, 3, 11, 0))}

    assert numbers(an_opening(), 4, served) == [3, 1, 2, 0]


def test_who_worked_in_most_of_the_last_two_years_comes_after_all_others_whatever_the_points() -> None:
    points = {"res-0": Evidence(served=0), "res-1": Evidence(served=24)}

    assert numbers(an_opening(), 2, points, res_0=Standing(ranked_lower=True)) == [1, 0]


def test_whom_a_limit_objects_to_comes_last() -> None:
    objecting = Standing({"code": "direct_job_overlap", "field": "opening_id", "values": {}})

    assert numbers(an_opening(), 3, {}, res_0=objecting, res_1=Standing(ranked_lower=True)) == [2, 1, 0]


def test_ties_favour_no_early_comer() -> None:
    first = Counter(numbers(an_opening(f"{seed:064x}"), 5, {})[0] for seed in range(1_000))

    expected = 200
    # 4 degrees of freedom: passed once in a thousand sets of seeds; these are fixed.
    assert sum((first[number] - expected) ** 2 / expected for number in range(5)) < 18.47


@given(st.permutations(range(6)))
def test_the_order_does_not_depend_on_the_order_of_application(shuffled: list[int]) -> None:
    opening = an_opening()
    applications = applied(opening, 6)
    mixed = [applications[number] for number in shuffled]

    orders = [ranked(opening, some, evidence={}, standings={}, now=NOW).entries for some in (applications, mixed)]

    assert orders[0] == orders[1]


def test_whom_nothing_is_known_of_is_neither_first_nor_last() -> None:
    known = {"res-0": Evidence(served=2), "res-2": Evidence(served=20)}

    assert numbers(an_opening(), 3, known) == [0, 1, 2]


@given(st.integers(0, 500), st.integers(0, 500))
def test_one_more_place_seen_through_never_costs_points_and_one_more_missed_never_brings_any(
    completed: int, missed: int
) -> None:
    def points(seen: int, away: int) -> int:
        return parts_of((Score("reliability", 30),), Evidence(completed=seen, missed=away))[0].points

    assert points(completed + 1, missed) >= points(completed, missed) >= points(completed, missed + 1)
    assert 0 <= points(completed, missed) <= 3_000


def test_nothing_known_is_half_the_points() -> None:
    assert [(part.points, part.most) for part in parts_of(USUAL_SCORES, NEUTRAL)] == [(3_500, 7_000), (1_500, 3_000)]


# As it runs.


@pytest.fixture
def ranked_hall(hall: Hall) -> Hall:
    """A hall in which an opening of 2 places has ranked 4 candidates."""
    for number, months in enumerate((9, 0, 4, 2), start=1):
        hall.evidence.by[f"res-{number}"] = Evidence(served=months, completed=number)
    hall.an_opening(mode="ranked", places=2, scores=[{"rule": "least_served", "weight": 60}])
    hall.applies(1, 2, 3, 4)
    hall.passes(hours=6)
    return hall


def test_the_best_ranked_are_asked(ranked_hall: Hall) -> None:
    assert ranked_hall.order() == [2, 4, 3, 1]
    assert ranked_hall.offered() == [2, 4]


def test_an_applicant_sees_the_own_rank_and_what_each_rule_gave(ranked_hall: Hall) -> None:
    told = ranked_hall.selection.why(a_resident(3), application_id="opn-1:res-3")

    assert (told["rank"], told["candidates"], told["points"], told["tier"]) == (3, 4, 4_998, "first")
    assert told["parts"] == [
        {"rule": "least_served", "points": 4_998, "most": 6_000, "values": {"served": 4, "of": 24}}
    ]


def test_an_applicant_sees_nobody_elses_reasons_and_officers_of_the_district_see_all(ranked_hall: Hall) -> None:
    with pytest.raises(Refused, match="only_for_oneself"):
        ranked_hall.selection.why(a_resident(3), application_id="opn-1:res-1")
    strangers = {
        "role_not_allowed": a_resident(1),
        "sign_in_needed": ANYONE,
        "other_tenant": Actor("officer-2", frozenset({"officer"}), "bukgu"),
        "other_district": Actor("officer-3", frozenset({"officer"}), TENANT, frozenset({"29170"})),
    }
    for code, actor in strangers.items():
        with pytest.raises(Refused, match=code):
            ranked_hall.selection.ranking(actor, opening_id="opn-1")
        with pytest.raises(Refused, match=code):
            ranked_hall.selection.rank(actor, act_id="x", opening_id="opn-1")

    first = ranked_hall.selection.ranking(OFFICER, opening_id="opn-1", limit=3)
    second = ranked_hall.selection.ranking(OFFICER, opening_id="opn-1", limit=3, cursor=first["cursor"])

    assert [row["rank"] for row in first["entries"] + second["entries"]] == [1, 2, 3, 4]
    assert second["cursor"] is None


def test_nobody_chooses_the_candidates_by_beginning_before_the_deadline(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1)

    with pytest.raises(Refused, match="order_waits_for_deadline"):
        hall.selection.rank(OFFICER, act_id="rank", opening_id="opn-1")
    hall.applies(2)

    assert hall.opening().state == "open"


def test_an_officer_may_begin_at_the_deadline_and_nobody_applies_any_more(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1)
    hall.clock.move(timedelta(hours=6))

    first = hall.selection.rank(OFFICER, act_id="rank", opening_id="opn-1")
    hall.sweeps()

    assert hall.selection.rank(OFFICER, act_id="rank", opening_id="opn-1") == first
    assert hall.offered() == [1]
    with pytest.raises(Refused, match="opening_is_selecting"):
        hall.applies(2)


def test_an_order_is_made_once_whoever_makes_it(ranked_hall: Hall) -> None:
    before = ranked_hall.selection.rankings.get("opn-1")
    ranked_hall.evidence.by = {"res-1": Evidence(served=0)}

    kept = ranked_hall.selection._make_order(ranked_hall.opening())

    assert kept.entries == before.entries
    assert ranked_hall.names().count("opening.ranked") == 1


def test_a_process_that_dies_after_the_order_was_made_leaves_it_to_the_next(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1, 2)
    hall.clock.move(timedelta(hours=6))
    hall.desk.close_overdue()
    made = hall.selection._make_order(hall.opening())

    hall.sweeps()

    assert hall.opening().order_hash == made.order_hash
    assert len(hall.offered()) == 1


def test_rankings_wait_for_consents_while_nobody_can_say_and_a_draw_does_not(hall: Hall) -> None:
    asked: list[Sequence[str]] = []

    class Away:
        def of(self, resident_ids: Sequence[str]) -> Mapping[str, Evidence]:
            asked.append(resident_ids)
            raise ResidentsAway("no answer")

    for opening_id, mode in (("opn-0", "ranked"), ("opn-1", "ranked"), ("opn-2", "draw")):
        hall.an_opening(opening_id, mode=mode, places=1)
        hall.applies(1, 2, opening_id=opening_id)
    hall.hears()
    present = hall.selection
    hall.selection = replace(present, evidence=Away())
    hall.passes(hours=6)

    assert [len(hall.offered(one)) for one in ("opn-0", "opn-1", "opn-2")] == [0, 0, 1]
    assert len(asked) == 1
    hall.selection = present
    hall.passes(minutes=1)
    assert [len(hall.offered(one)) for one in ("opn-0", "opn-1")] == [1, 1]


def test_officers_and_first_come_openings_have_no_order(hall: Hall) -> None:
    hall.an_opening(mode="officer")

    with pytest.raises(Refused, match="opening_has_no_order"):
        hall.selection.rank(OFFICER, act_id="x", opening_id="opn-1")
    with pytest.raises(NotFound, match="no_such_ranking"):
        hall.selection.ranking(OFFICER, opening_id="opn-1")
