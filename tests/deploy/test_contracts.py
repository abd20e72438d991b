"""`./sipbun contracts` tells the published language as machines and people read it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.__main__ import door
from deploy.cli.contracts import asyncapi, write_samples
from shared.events.registry import CONTRACTS
from shared.messaging.topology import QUEUES


def test_every_type_is_told_with_who_says_it_who_hears_it_and_a_sample() -> None:
    answer = CliRunner().invoke(door, ["contracts", "--json"])

    assert answer.exit_code == 0
    rows = {row["type"]: row for row in json.loads(answer.stdout.splitlines()[-1])["contracts"]}
    assert rows.keys() == CONTRACTS.keys()
    filled = rows["kr.sipbun.placement.opening.filled.v1"]
    assert (filled["says"], filled["user"], filled["routing_key"]) == (
        "placement",
        "sipbun",
        "placement.opening.filled.v1",
    )
    assert {"placement.openings", "statistics.archive"} <= set(filled["hears"])
    assert filled["feeds"] == ["placement.nearby"]
    assert filled["sample"]["opening_id"] == "opn-은하수"


def test_an_unknown_type_is_a_wrong_use_with_a_way_out() -> None:
    answer = CliRunner().invoke(door, ["contracts", "opening.exploded", "--json"])

    assert answer.exit_code == 2
    assert json.loads(answer.stdout.splitlines()[-1])["error"]["code"] == "no_such_type"


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    for reference in references(document):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target
    hearing = [name for name, operation in document["operations"].items() if operation["action"] == "receive"]
    assert len(hearing) == sum(len(spec.types) for spec in QUEUES)


def test_samples_are_written_once_and_never_again(tmp_path: Path) -> None:
    assert set(write_samples(tmp_path)) == CONTRACTS.keys()
    kept = tmp_path / "kr.sipbun.placement.opening.filled.v1.json"
    kept.write_text('{"as": "it was said then"}')

    assert write_samples(tmp_path) == []
    assert json.loads(kept.read_text()) == {"as": "it was said then"}


@pytest.mark.parametrize("option", [[], ["opening.filled"], ["--asyncapi"]])
def test_people_are_told_too(option: list[str]) -> None:
    answer = CliRunner().invoke(door, ["contracts", *option])
    assert answer.exit_code == 0
    assert "placement.opening.filled.v1" in answer.stdout
