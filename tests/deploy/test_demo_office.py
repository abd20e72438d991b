"""What the office scenario promises: each promise is broken by its own figure, and by nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.demo import HERE, OWN_MACHINE, with_own_machine
from deploy.demo.office.verdict import Outcome
from deploy.pids import Process
from deploy.running import ROOT, Running


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


def a_town(networks: str) -> Running:
    """A town that runs, as this process, and was started to read calendars in these networks."""
    # Nobody answers at its addresses: whoever goes on to play the scenario fails in another way.
    away = "amqp://127.0.0.1:1/"
    return Running(
        supervisor=Process.of(os.getpid()), started_at="", state="ready", amqp_url=away, calendar_networks=networks
    )


@pytest.mark.parametrize(
    ("networks", "reads"),
    [("", False), ("10.20.0.0/16, fd00:1::/32", False), (OWN_MACHINE, True), ("10.20.0.0/16, 127.0.0.0/8,", True)],
)
def test_a_town_tells_whether_it_was_started_to_read_a_calendar_on_this_machine(networks: str, reads: bool) -> None:
    assert a_town(networks).reads_calendars_at(HERE) is reads


def test_a_town_that_the_demo_starts_may_read_its_calendar_whatever_else_it_may_read() -> None:
    assert with_own_machine("") == OWN_MACHINE
    assert with_own_machine(f" {OWN_MACHINE}") == OWN_MACHINE
    assert with_own_machine("10.20.0.0/16, ") == f"10.20.0.0/16,{OWN_MACHINE}"


def test_a_running_town_that_would_refuse_the_calendar_is_told_of_before_anything_is_played(tmp_path: Path) -> None:
    a_town("10.20.0.0/16").write(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "demo", "office", "--json"],
        env=os.environ | {"SIPBUN_STATE_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "calendar_not_allowed"
    assert "SIPBUN_CALENDAR_NETWORKS=10.20.0.0/16,127.0.0.1/32 ./sipbun up" in error["fix"]
    assert "./sipbun down" in error["fix"]
    assert Running.read(tmp_path) is not None, "a town that somebody else started was touched"
