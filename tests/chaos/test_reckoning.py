"""The reckoning itself: it must see every loss and every double, or a clean run would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.events import placement as said
from tests.chaos.account import Account
from tests.chaos.load import Fill, Neighbour, Stage
from tests.chaos.reckoning import reckon, story_of
from tests.chaos.world import Shot

NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
STAGE = Stage(
    tenant="chaos-test",
    programmes=("chaos-test:gs-walk10",),
    neighbours=(Neighbour("은하", "eunha@chaos.example"), Neighbour("소촌", None)),
    onlookers=("첨단",),
    last_day=date(2026, 11, 23),
    deadline="2026-11-23T09:00:00+09:00",
    hourly_won=10320,
)
OPENING = "opn-은하수"


def a_fill() -> Fill:
    """One place that was filled, and everybody was told so."""
    acts = {"publish", "apply:은하", "apply:소촌", "select"}
    return Fill(0, OPENING, STAGE.programmes[0], chosen="은하", other="소촌", acknowledged=acts)


def a_fact(contract: Any, event_id: str, resident: str = "") -> dict[str, Any]:
    """One archived fact."""
    data = {"opening_id": OPENING} | ({"resident_id": resident} if resident else {})
    event = {"source": "/sipbun/placement/openings", "id": event_id, "type": contract.type, "data": data}
    return {"_id": event_id, "event": event, "known_at": NOW}


def a_letter(kind: str, resident: str, mail: str) -> dict[str, Any]:
    """One letter."""
    key = f"key-{kind}"
    return {
        "_id": f"{key}:{resident}",
        "kind": kind,
        "about": OPENING,
        "resident": resident,
        "cause": {"key": key},
        "mail": {"s": mail},
        "written": NOW,
    }


def an_account() -> Account:
    """Everything that one filled place leaves behind, once."""
    return Account(
        openings=[
            {"_id": OPENING, "state": "filled", "places": 1, "placements": [{"resident_id": "은하"}], "outbox": []}
        ],
        applications=[
            {"_id": f"{OPENING}:은하", "opening_id": OPENING, "state": "selected"},
            {"_id": f"{OPENING}:소촌", "opening_id": OPENING, "state": "closed"},
        ],
        budgets=[
            {
                "_id": STAGE.programmes[0],
                "total": STAGE.cost,
                "granted": STAGE.cost,
                "committed": STAGE.cost,
                "holds": [],
                "moving": [],
            }
        ],
        letters=[
            a_letter("selected", "은하", "sent"),
            a_letter("closed", "소촌", "none"),
            a_letter("published", "첨단", "none"),
        ],
        archive=[
            a_fact(said.OPENING_PUBLISHED, "1"),
            a_fact(said.APPLICATION_SUBMITTED, "2", "은하"),
            a_fact(said.APPLICATION_SUBMITTED, "3", "소촌"),
            a_fact(said.PLACEMENT_SELECTED, "4", "은하"),
            a_fact(said.OPENING_FILLED, "5"),
            a_fact(said.APPLICATION_SELECTED, "6", "은하"),
            a_fact(said.APPLICATION_CLOSED, "7", "소촌"),
        ],
        mails=[("<key-selected.은하@sipbun.localhost>", ("eunha@chaos.example",))],
        figures={"openings": 1, "places": 1, "applications": 2, "filled": 1, "openings_filled": 1},
    )


def test_a_place_that_was_filled_with_every_effect_once_is_clean() -> None:
    found = reckon(STAGE, [a_fill()], an_account())

    assert found.findings == ()
    assert (found.lost, found.duplicated, found.dead, found.clean) == (0, 0, 0, True)


Spoil = Callable[[Account], Account]


def without(name: str, number: int) -> Spoil:
    """Leave one document out."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        del kept[number]
        return replace(account, **{name: kept})

    return spoil


def again(name: str, number: int) -> Spoil:
    """Have one document twice."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        return replace(account, **{name: [*kept, kept[number]]})

    return spoil


def changed(name: str, number: int, **values: Any) -> Spoil:
    """Have one document say something else."""

    def spoil(account: Account) -> Account:
        kept = list(getattr(account, name))
        kept[number] = {**kept[number], **values}
        return replace(account, **{name: kept})

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        *(without("archive", number) for number in range(7)),
        *(without("letters", number) for number in range(3)),
        *(without("applications", number) for number in range(2)),
        without("openings", 0),
        without("budgets", 0),
        without("mails", 0),
        changed("openings", 0, placements=[]),
        changed("openings", 0, state="open"),
        changed("applications", 0, state="withdrawn"),
        changed("applications", 1, state="selected"),
        changed("budgets", 0, committed=0),
        lambda account: replace(account, figures={**account.figures, "filled": 0}),
    ],
)
def test_every_effect_that_lacks_is_a_loss(spoil: Spoil) -> None:
    assert reckon(STAGE, [a_fill()], spoil(an_account())).lost > 0


@pytest.mark.parametrize(
    "spoil",
    [
        *(again("archive", number) for number in range(7)),
        *(again("letters", number) for number in range(3)),
        again("mails", 0),
        changed("openings", 0, placements=[{"resident_id": "은하"}, {"resident_id": "소촌"}]),
        changed("letters", 1, resident="은하"),
        changed("budgets", 0, granted=2 * STAGE.cost),
        lambda account: replace(account, figures={**account.figures, "filled": 2}),
        lambda account: replace(account, mails=[*account.mails, ("<key-closed.소촌@x>", ("so@never.example",))]),
        lambda account: replace(account, archive=[*account.archive, a_fact(said.OPENING_REOPENED, "8")]),
    ],
)
def test_every_effect_too_many_is_a_double(spoil: Spoil) -> None:
    assert reckon(STAGE, [a_fill()], spoil(an_account())).duplicated > 0


@pytest.mark.parametrize(
    "spoil",
    [
        changed("applications", 1, state="pending"),
        changed("letters", 0, mail={"s": "unknown"}),
        changed("budgets", 0, holds=[{"act_id": "a"}]),
        changed("budgets", 0, moving=[{"opening_id": OPENING}]),
        lambda account: replace(account, outbox={"new": 1}),
        lambda account: replace(account, waiting={"placement.openings": 1}),
    ],
)
def test_what_has_not_come_to_rest_is_told(spoil: Spoil) -> None:
    assert reckon(STAGE, [a_fill()], spoil(an_account())).left


def test_dead_and_stuck_messages_are_counted_together() -> None:
    account = replace(an_account(), dead={"statistics.archive.dead": 2, "city.parked": 1}, outbox={"stuck": 1})

    found = reckon(STAGE, [a_fill()], account)

    assert found.dead == 4
    assert not found.clean


def test_an_act_that_was_never_acknowledged_owes_nothing() -> None:
    fill = replace(a_fill(), acknowledged=set())

    assert reckon(STAGE, [fill], Account()).lost == 0


def test_an_act_with_several_missing_effects_is_lost_once() -> None:
    fill = replace(a_fill(), acknowledged={"select"})

    found = reckon(STAGE, [fill], replace(Account(), budgets=an_account().budgets, figures=an_account().figures))

    assert found.lost == 1


def test_the_story_of_a_loss_tells_who_was_shot_meanwhile() -> None:
    fill = a_fill()
    fill.story.append((NOW, "select: acknowledged"))
    account = without("letters", 0)(an_account())
    finding = next(one for one in reckon(STAGE, [fill], account).findings if one.kind == "lost")

    told = story_of(finding, [fill], [Shot(NOW, "relay", "relay", 7)], account)

    assert told[0].startswith("lost: opn-은하수")
    assert any("select: acknowledged" in line for line in told)
    assert any("kill -9 relay" in line for line in told)
