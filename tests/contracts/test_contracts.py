"""The published language keeps its promises: what was once said can be read for ever.

Beside each contract's code lies a sample on disk, written once (``./sipbun contracts --write-samples``) and never
edited: it stands for the events that others have stored. A change to the code that this file refuses is a new version.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, fields

from shared.events.contract import Contract, ContractBroken
from shared.events.envelope import Event, decode, encode
from shared.events.registry import CONTRACTS

SAMPLES = Path(__file__).parent / "samples"
STORED = {file.name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for file in SAMPLES.glob("*.json")}

#: Words for what belongs to a person. Where one stands for a facility, it is listed below, path by path.
PERSONAL = {
    "name", "phone", "mobile", "tel", "mail", "email", "address", "birth", "birthday", "birth_year", "age", "gender",
    "sex", "rrn", "ci", "di", "lat", "lon", "point", "home", "account", "password", "nickname", "photo",
}  # fmt: skip
OF_A_FACILITY = {
    ("kr.sipbun.placement.opening.published.v1", "place.name"),
    ("kr.sipbun.placement.opening.published.v1", "place.lat"),
    ("kr.sipbun.placement.opening.published.v1", "place.lon"),
    *(
        (f"kr.sipbun.spaces.{subject}.{verb}.v1", path)
        for subject in ("facility", "space")
        for verb in ("opened", "changed")
        for path in ("name", "place.lat", "place.lon")
    ),
}
#: Verbs whose past tense has an ending of its own.
IRREGULAR = ("made", "struck", "set", "paid", "held_back", "paid_back")

every_contract = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)


def paths(schema: Schema, above: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the dotted path of each field, within lists too, and whether it is required."""
    for name, field in schema.fields.items():
        path = f"{above}{name}"
        yield path, field.required
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from paths(inner.schema, f"{path}.")


def without(data: Any, path: str) -> Any:
    """Return a copy of the data that lacks one field; of a list, its first entry lacks it."""
    changed = copy.deepcopy(data)
    row = changed
    *way, last = path.split(".")
    for step in way:
        row = row[step][0] if isinstance(row[step], list) else row[step]
    del row[last]
    return changed


def required_fields() -> list[Any]:
    return [
        pytest.param(contract, path, id=f"{contract.type}: {path}")
        for contract in CONTRACTS.values()
        for path, required in paths(contract.schema())
        if required
    ]


def test_every_type_has_its_sample_on_disk_and_no_type_ever_disappears() -> None:
    missing = CONTRACTS.keys() - STORED.keys()
    assert not missing, f"write the samples of new types: ./sipbun contracts --write-samples ({sorted(missing)})"
    gone = STORED.keys() - CONTRACTS.keys()
    assert not gone, f"{sorted(gone)} were published: keep their contracts, or nobody can read the archive"


@every_contract
def test_what_was_once_said_is_read_whole_and_unchanged(contract: Contract) -> None:
    stored = STORED[contract.type]
    assert contract.read(stored) == stored


@every_contract
def test_the_sample_in_the_code_may_be_published(contract: Contract) -> None:
    assert contract.fact(**contract.sample).type == contract.type


@every_contract
def test_a_reader_ignores_fields_it_does_not_know(contract: Contract) -> None:
    stored = STORED[contract.type]
    more = {**stored, "added_next_year": {"deep": [1, 2]}}
    for name, value in stored.items():
        if isinstance(value, dict):
            more[name] = {**value, "added_next_year": True}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            more[name] = [{**row, "added_next_year": True} for row in value]
    assert contract.read(more) == stored


@every_contract
def test_a_writer_may_not_add_fields_without_the_contract(contract: Contract) -> None:
    with pytest.raises(ContractBroken, match="not_in_the_contract"):
        contract.fact(**contract.sample, not_in_the_contract=1)


@pytest.mark.parametrize(("contract", "path"), required_fields())
def test_a_missing_field_is_named(contract: Contract, path: str) -> None:
    with pytest.raises(ContractBroken) as caught:
        contract.read(without(STORED[contract.type], path))
    last = path.rpartition(".")[2]
    assert contract.type in str(caught.value)
    assert f"{last}: Missing data" in str(caught.value)


@every_contract
@pytest.mark.parametrize("nothing", [None, [], "text", 7])
def test_what_is_no_object_is_refused(contract: Contract, nothing: Any) -> None:
    with pytest.raises(ContractBroken):
        contract.read(nothing)


@every_contract
def test_no_event_carries_what_belongs_to_a_person(contract: Contract) -> None:
    for path, _ in paths(contract.schema()):
        words = {path.rpartition(".")[2], *path.rpartition(".")[2].split("_")}
        assert not words & PERSONAL or (contract.type, path) in OF_A_FACILITY, f"{path}: an event carries ids only"


@every_contract
def test_an_event_comes_out_of_its_envelope_as_it_went_in(contract: Contract) -> None:
    event = Event(
        id="opn-은하수.3.0",
        source=f"/sipbun/{contract.publisher}/a",
        type=contract.type,
        subject="opn-은하수",
        tenant="gwangsan",
        time=datetime(2026, 11, 22, 3, 4, 5, 678_000, tzinfo=UTC),
        sequence="0000000003.000",
        data=STORED[contract.type],
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )

    read = decode(encode(event))

    assert read == event
    assert (read.key, read.hash, read.traceparent) == (event.key, event.hash, event.traceparent)
    assert contract.read(read.data) == STORED[contract.type]


def test_names_follow_the_grammar_and_are_used_once() -> None:
    for contract in CONTRACTS.values():
        publisher, subject, past_tense = contract.name.split(".")
        assert past_tense.endswith(("ed", "n", "t", *IRREGULAR)), f"{contract.name}: a fact is in the past tense"
        assert publisher != subject or contract.name.startswith("placement.placement.")
    keys = [contract.routing_key for contract in CONTRACTS.values()]
    assert len(keys) == len(set(keys))


@every_contract
def test_a_check_refuses_what_a_reading_refuses_and_in_its_words(contract: Contract) -> None:
    stored = STORED[contract.type]
    wrong: list[Any] = [None, [], "무엇", 7]
    for name in stored:
        wrong += [{**stored, name: value} for value in (None, "", "무" * 300, -1, 3.5, [], {}, True)]
        wrong.append({other: value for other, value in stored.items() if other != name})

    contract.check(stored)
    contract.check({**stored, "later": "added"})
    for data in wrong:
        said = [outcome(contract.read, data), outcome(contract.check, data)]
        assert said[0] == said[1], data


def outcome(ask: Any, data: Any) -> str | None:
    """Return why it was refused, or None."""
    try:
        ask(data)
    except ContractBroken as broken:
        return str(broken)
    return None
