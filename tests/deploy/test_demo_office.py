"""What the office scenario promises: each promise is broken by its own figure, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.demo.office.verdict import Outcome


def a_good_outcome(**changed: Any) -> Outcome:
    """What a town that keeps every promise tells."""
    known: dict[str, Any] = {
        "state_at_once": "awaiting",
        "server_was_down": True,
        "state_after_recovery": "confirmed",
        "confirmed_letters": 1,
        "letters": {"booking_confirmed": 4, "booking_displaced": 1, "seat_queued": 1, "seat_taken": 9},
        "in_calendar": 2,
        "ours": 2,
        "displaced": 1,
        "alternatives": [{"metres": 418, "walk_minutes": 6}],
        "balance_before": 1200,
        "balance_after": 1200,
        "alternative_state": "confirmed",
        "seats_confirmed": 8,
        "seats_waiting": 1,
        "promoted": 1,
        "promoted_is_first_in_line": True,
        "adjacent_confirmed": 2,
        "second_reconcile_changes": 0,
        "seconds": 20.0,
    }
    return Outcome("demo-은하수", **{**known, **changed})


def test_a_town_that_keeps_every_promise_is_judged_so() -> None:
    told = a_good_outcome().as_json()

    assert told["ok"]
    assert {name: told[name] for name in ("awaiting_at_once", "confirmed_after_recovery", "displaced", "charged")} == {
        "awaiting_at_once": True,
        "confirmed_after_recovery": True,
        "displaced": 1,
        "charged": 0,
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"state_at_once": "confirmed"},
        {"server_was_down": False},
        {"state_after_recovery": "awaiting"},
        {"confirmed_letters": 2},
        {"displaced": 0},
        {"letters": {"booking_displaced": 2}},
        {"charged": 60},
        {"balance_after": 1080},
        {"alternatives": []},
        {"alternative_state": ""},
        {"seats_confirmed": 9},
        {"seats_waiting": 0},
        {"promoted": 2},
        {"promoted_is_first_in_line": False},
        {"adjacent_confirmed": 1},
        {"second_reconcile_changes": 1},
        {"in_calendar": 1},
        {"duplicates": ["알림 두 건"]},
        {"missing": ["기록되지 않은 이벤트"]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_figure_breaks_one_promise(changed: dict[str, Any]) -> None:
    outcome = a_good_outcome(**changed)

    assert not outcome.ok
    assert sum(not promise.kept for promise in outcome.promises()) == 1
