"""What the READMEs tell people to type is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.cli.__main__ import Door
from deploy.commands import COMMANDS
from services.gateway.app import create_app
from shared.actors import Actor
from tests.harness import ROOT
from tests.services.gateway.twins import a_gateway

PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("[!.]*/**/*.md"))
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


def test_every_address_in_the_readmes_is_one_of_the_gateways(tmp_path: Path) -> None:
    rules = [rule.rule for rule in create_app(a_gateway(tmp_path).ports).url_map.iter_rules()]
    known = [re.compile(re.sub(r"<[^>]+>", "[^/]+", rule)) for rule in rules]
    named = {
        (page.name, path)
        for page in PAGES
        for path in re.findall(r"localhost:8080(/[^\s'\"?)`]*)", page.read_text(encoding="utf-8"))
    }
    assert any("nearby" in path for _, path in named)

    assert [one for one in named if not any(rule.fullmatch(one[1]) for rule in known)] == []


def test_every_query_parameter_in_the_readmes_is_known(tmp_path: Path) -> None:
    door = a_gateway(tmp_path)
    resident = Actor("res-1", frozenset({"resident"}), "gwangsan")
    asked = {
        path.replace("${DAY}", "2026-12-01")
        for page in PAGES
        for path in re.findall(r"localhost:8080(/v1/[^\s'\")`]*\?[^\s'\")`]*)", page.read_text(encoding="utf-8"))
    }
    assert asked

    assert {path: door.get(path, by=resident).status_code for path in asked} == dict.fromkeys(asked, 200)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_readmes_is_there_with_its_options(page: Path) -> None:
    door = Door(name="sipbun")
    for name, rest in re.findall(r"\./sipbun ([a-z][a-z-]*)([^\n`#]*)", page.read_text(encoding="utf-8")):
        assert name in COMMANDS, name
        command = door.get_command(None, name)
        assert command is not None, name
        for word in rest.split():
            commands = getattr(command, "commands", {})
            if word in commands:
                command = commands[word]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        used = set(re.findall(r"(?<=\s)--[a-z-]+", rest)) - {"--help"}
        assert used <= known | {"--json"}, (name, used - known)
