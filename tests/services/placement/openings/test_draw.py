"""The draw: fair within bounds over many seeds, and recomputable by anybody from what is public."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.cli.draw import app
from services.placement.openings import draw
from services.placement.openings.seeds import SeedsFromIds, SystemSeeds, seeds
from shared.actors import ANYONE
from shared.errors import Refused
from shared.ids import SeededIds, SystemIds
from tests.services.placement.office import a_resident
from tests.services.placement.openings.hall import Hall

TEN = [draw.ticket_of("opn-은하수", f"res-{number}") for number in range(10)]


def a_seed(number: int) -> str:
    return hashlib.sha256(f"seed {number}".encode()).hexdigest()


def public(hall: Hall) -> dict[str, Any]:
    """Return what anybody may read, page by page, as one."""
    told = hall.selection.draw(ANYONE, opening_id="opn-1", limit=2)
    tickets = list(told["tickets"])
    while told["cursor"]:
        told = hall.selection.draw(ANYONE, opening_id="opn-1", limit=2, cursor=told["cursor"])
        tickets += told["tickets"]
    return {**told, "tickets": tickets}


@pytest.fixture
def drawn(hall: Hall) -> dict[str, Any]:
    """What is public of a draw of 2 places among 7."""
    hall.an_opening(places=2)
    hall.applies(*range(1, 8))
    hall.passes(hours=6)
    return public(hall)


def test_every_ticket_is_first_about_as_often_as_any_other() -> None:
    draws = 5_000
    first = Counter(draw.in_order(a_seed(number), "opn-은하수", TEN)[0] for number in range(draws))

    expected = draws / len(TEN)
    # 9 degrees of freedom: a fair draw passes 27.88 once in a thousand sets of seeds, and these seeds are fixed.
    assert sum((first[ticket] - expected) ** 2 / expected for ticket in TEN) < 27.88


def test_every_ticket_is_on_every_rank_about_as_often() -> None:
    draws = 2_000
    counts: Counter[tuple[str, int]] = Counter()
    for number in range(draws):
        counts.update(zip(draw.in_order(a_seed(number), "opn-은하수", TEN), range(10), strict=True))

    expected = draws / 10
    # 81 degrees of freedom: passed once in a thousand.
    assert sum((counts[(ticket, rank)] - expected) ** 2 / expected for ticket in TEN for rank in range(10)) < 126.1


def test_who_applies_early_is_no_better_off() -> None:
    ahead = sum(
        order.index(TEN[0]) < order.index(TEN[9])
        for order in (draw.in_order(a_seed(number), "opn-은하수", TEN) for number in range(2_000))
    )

    assert abs(ahead - 1_000) < 150


@given(st.text(min_size=1), st.text(min_size=1), st.sets(st.text(min_size=1), max_size=30))
def test_any_draw_can_be_recomputed_whatever_the_order_of_application(
    seed: str, opening_id: str, residents: set[str]
) -> None:
    tickets = [draw.ticket_of(opening_id, resident) for resident in residents]
    order = draw.in_order(seed, opening_id, tickets)
    told = {
        "opening_id": opening_id,
        "seed_hash": draw.seed_hash(seed),
        "seed": seed,
        "tickets": list(order),
        "order_hash": draw.order_hash(order),
        "candidates": len(order),
        "places": 3,
        "given": min(3, len(order)),
    }

    assert draw.in_order(seed, opening_id, reversed(tickets)) == order
    assert draw.verify(told).ok
    assert draw.verify(json.loads(json.dumps(told))).ok


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_verifying_never_fails_on_what_is_no_draw(anything: Any) -> None:
    names = ("opening_id", "seed_hash", "seed", "tickets", "candidates", "places", "given", "order_hash")

    assert not draw.verify(dict.fromkeys(names, anything)).ok
    assert not draw.verify({**dict.fromkeys(names, anything), "opening_id": "x", "seed_hash": "0" * 64}).ok


def test_the_seed_is_committed_to_when_published_and_told_to_nobody_before_the_draw(hall: Hall) -> None:
    hall.an_opening()
    hall.applies(1, 2)
    hall.hears()
    seed = hall.opening().seed

    told = hall.selection.draw(ANYONE, opening_id="opn-1")

    assert (len(seed), told["seed"], told["tickets"]) == (64, None, [])
    assert told["seed_hash"] == draw.seed_hash(seed)
    published = next(event for event in hall.said if event.type.endswith("opening.published.v1"))
    assert published.data["seed_hash"] == told["seed_hash"]
    shown = hall.desk.read(ANYONE, opening_id="opn-1")
    assert seed not in json.dumps([shown, told, published.data, hall.selection.why(a_resident(1), application_id="opn-1:res-1")])


def test_a_draw_can_be_verified_from_what_is_public_and_names_nobody(drawn: dict[str, Any]) -> None:
    assert draw.verify(drawn) == draw.Verdict((), 7)
    assert "res-" not in json.dumps(drawn)
    assert (drawn["places"], drawn["offered"], drawn["asked"], drawn["given"]) == (2, 2, 2, 0)


def test_places_are_offered_in_the_order_of_the_draw(hall: Hall, drawn: dict[str, Any]) -> None:
    tickets = [draw.ticket_of("opn-1", f"res-{number}") for number in hall.offered()]

    assert tickets == drawn["tickets"][:2]
    ranked = next(event for event in hall.said if event.type.endswith("opening.ranked.v1"))
    assert (ranked.data["seed"], ranked.data["order_hash"]) == (drawn["seed"], drawn["order_hash"])


def test_an_applicant_knows_the_own_ticket_before_the_draw_and_the_own_rank_after_it(hall: Hall) -> None:
    hall.an_opening(places=2)
    hall.applies(1, 2, 3)
    before = hall.selection.why(a_resident(1), application_id="opn-1:res-1")
    hall.passes(hours=6)

    after = hall.selection.why(a_resident(1), application_id="opn-1:res-1")

    assert before["ticket"] == after["ticket"] == draw.ticket_of("opn-1", "res-1")
    assert (before["rank"], after["rank"]) == (None, hall.order().index(1) + 1)
    assert after["parts"] == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"seed": "0" * 64}, "seed"),
        ({"candidates": 6}, "tickets_missing"),
        ({"order_hash": "0" * 64}, "order_hash"),
        ({"given": 3}, "places"),
        ({"given": 1, "offered": 2}, "places"),
        ({"given": 2, "offered": 0, "asked": 1}, "places"),
        ({"asked": 8}, "places"),
        ({"offered": "2"}, "not_a_draw"),
        ({"seed": "\ud800"}, "not_a_draw"),
        ({"opening_id": "\ud800"}, "not_a_draw"),
        ({"seed": None}, "not_drawn_yet"),
        ({"seed_hash": None}, "not_a_draw"),
        ({"tickets": None}, "not_a_draw"),
    ],
)
def test_whatever_does_not_match_is_named(drawn: dict[str, Any], changes: dict[str, Any], fault: str) -> None:
    assert fault in draw.verify({**drawn, **changes}).faults


def test_a_candidate_moved_forward_is_noticed(drawn: dict[str, Any]) -> None:
    tickets = drawn["tickets"]
    moved = [tickets[-1], *tickets[:-1]]

    assert draw.verify({**drawn, "tickets": moved}).faults == ("order", "order_hash")
    hashed = {**drawn, "tickets": moved, "order_hash": draw.order_hash(moved)}
    assert draw.verify(hashed).faults == ("order",)


def test_a_ticket_put_in_twice_is_noticed(drawn: dict[str, Any]) -> None:
    twice = draw.in_order(drawn["seed"], "opn-1", [*drawn["tickets"], drawn["tickets"][0]])
    told = {**drawn, "tickets": list(twice), "candidates": 8, "order_hash": draw.order_hash(twice)}

    assert draw.verify(told).faults == ("ticket_twice",)


def test_only_a_draw_is_drawn(hall: Hall) -> None:
    hall.an_opening(mode="officer")

    with pytest.raises(Refused, match="opening_is_no_draw"):
        hall.selection.draw(ANYONE, opening_id="opn-1")


def test_a_real_seed_is_random_and_a_twins_is_not() -> None:
    assert isinstance(seeds(SystemIds()), SystemSeeds)
    assert isinstance(seeds(SeededIds(1)), SeedsFromIds)
    assert len(SystemSeeds().new()) == 64
    assert SystemSeeds().new() != SystemSeeds().new()
    assert seeds(SeededIds(1)).new() == seeds(SeededIds(1)).new()


# ./sipbun draw verify


def test_the_command_says_that_a_draw_matches_and_which_rank_is_mine(drawn: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(drawn), encoding="utf-8")

    told = CliRunner().invoke(app, ["verify", str(file), "--resident", "res-3", "--json"])

    assert told.exit_code == 0
    answer = json.loads(told.stdout)
    rank = drawn["tickets"].index(draw.ticket_of("opn-1", "res-3")) + 1
    assert answer == {"ok": True, "opening_id": "opn-1", "candidates": 7, "faults": [], "rank": rank}


def test_the_command_says_in_korean_what_does_not_match(drawn: dict[str, Any]) -> None:
    told = CliRunner().invoke(app, ["verify", "-"], input=json.dumps({**drawn, "seed": "0" * 64}))

    assert told.exit_code == 1
    assert "시드" in told.stdout


def test_the_command_takes_a_file_as_a_spreadsheet_saves_it(drawn: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "draw.json"
    file.write_text("\ufeff" + json.dumps(drawn), encoding="utf-8")

    assert CliRunner().invoke(app, ["verify", str(file)]).exit_code == 0


def test_the_command_says_that_pages_are_missing(drawn: dict[str, Any]) -> None:
    told = CliRunner().invoke(app, ["verify", "-"], input=json.dumps({**drawn, "tickets": drawn["tickets"][:3]}))

    assert (told.exit_code, "모두 이어" in told.stdout) == (1, True)


@pytest.mark.parametrize("half", [{"tickets": ["\ud800"]}, {"opening_id": "\ud800"}])
@pytest.mark.parametrize("more", [[], ["--resident", "res-1"], ["--json", "--resident", "\ud800"]])
def test_the_command_survives_half_a_character(drawn: dict[str, Any], half: dict[str, Any], more: list[str]) -> None:
    told = CliRunner().invoke(app, ["verify", "-", *more], input=json.dumps({**drawn, **half}))

    assert (told.exit_code, told.exception.__class__) == (1, SystemExit)


@pytest.mark.parametrize("text", ["", "[]", "no json", "[" * 100_000])
def test_the_command_refuses_what_is_no_draw_as_wrong_usage(text: str) -> None:
    assert CliRunner().invoke(app, ["verify", "-"], input=text).exit_code == 2
