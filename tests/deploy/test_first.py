"""The one door with nothing installed: help and the doctor answer, and install nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from deploy.cli.__main__ import Door
from deploy.cli.demo import Scenario
from deploy.commands import COMMANDS, no_such, options_of
from deploy.machine import Finding, status_of
from deploy.running import ROOT

#: What is said of `./sipbun statsu`.
UNKNOWN = [
    "그런 명령은 없습니다 (no such command): statsu",
    "  혹시 이것입니까 (did you mean): ./sipbun status",
    "  ./sipbun --help",
]


def ask(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask the door on a machine where pip can install nothing."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "sipbun"), *words],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(state.parent),
            "SIPBUN_STATE_DIR": str(state),
            "PIP_NO_INDEX": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_and_installs_nothing(tmp_path: Path) -> None:
    told = ask(tmp_path / "state", "--help")

    assert told.returncode == 0
    assert all(f"  {name} " in told.stdout and what in told.stdout for name, what in COMMANDS.items())
    assert "아직 설치하지 않아" in told.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "option"),
    [(("simulate", "--help"), "--seeds"), (("bench", "-h"), "--quick"), (("dead-letters", "list", "--help"), "--queue")],
)
def test_a_commands_help_names_its_options_and_installs_nothing(
    tmp_path: Path, words: tuple[str, ...], option: str
) -> None:
    told = ask(tmp_path / "state", *words)

    assert told.returncode == 0
    assert COMMANDS[words[0]] in told.stdout
    assert f"  {option} " in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_says_what_is_there_and_installs_nothing(tmp_path: Path) -> None:
    told = ask(tmp_path / "state", "doctor", "--json")

    checks = {one["name"]: one for one in json.loads(told.stdout)["checks"]}
    assert told.returncode == status_of([Finding(**one) for one in checks.values()])
    assert checks["venv"]["level"] == "hint"
    assert checks["python"]["level"] == "ok"
    assert {"rabbitmq", "disk", "clock", "localhost", "state"} <= set(checks)
    assert ask(tmp_path / "state", "doctor").stdout.startswith("✓ python")
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_there_is_not_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    told = ask(tmp_path / "state", "statsu")

    assert told.returncode == 2
    assert told.stderr.splitlines() == UNKNOWN
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_there_is_not_is_refused_in_the_same_words_once_everything_is_installed() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "statsu"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.splitlines() == UNKNOWN


def test_a_command_like_no_other_is_refused_without_a_guess() -> None:
    assert no_such("은하수").splitlines() == ["그런 명령은 없습니다 (no such command): 은하수", UNKNOWN[-1]]


def test_the_short_help_of_the_demo_names_every_scenario(tmp_path: Path) -> None:
    told = ask(tmp_path / "state", "demo", "--help").stdout

    assert [scenario for scenario in Scenario if scenario not in told] == []


def test_a_command_that_needs_packages_still_prepares_first(tmp_path: Path) -> None:
    told = ask(tmp_path / "state", "status")

    assert told.returncode == 3
    assert "준비가 덜 되었습니다 (set-up is missing)" in told.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_names_exactly_the_options_that_there_are(name: str) -> None:
    command = Door(name="sipbun").get_command(None, name)
    every = [command, *getattr(command, "commands", {}).values()]
    known = {
        " ".join(parameter.opts)
        for one in every
        for parameter in one.params
        if isinstance(parameter, typer.core.TyperOption)
    }

    short = dict(options_of(name))

    assert {names.partition("/")[0].replace(",", "") for names in short} == known
    assert all(short.values())
