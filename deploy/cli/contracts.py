"""``./sipbun contracts``: every type of event there is, who says it, who hears it, and an example; AsyncAPI on request.

It reads the same tables that the services and the broker are made from (shared/events, shared/messaging/topology), so
it needs nothing that runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from rich.table import Table

from deploy.cli.answer import USAGE, AsJson, fail, give
from shared.events.contract import Contract, DayText, InstantText
from shared.events.envelope import CONTENT_TYPE, MAX_BYTES
from shared.events.registry import CONTRACTS
from shared.messaging.message import EVENTS
from shared.messaging.topology import FEEDS, QUEUES, source_root, user_of

#: Where samples lie for good; tests/contracts reads them back.
SAMPLES = Path(__file__).parents[2] / "tests" / "contracts" / "samples"

_TEXT = {"type": "string", "minLength": 1, "maxLength": 512}
#: What the envelope promises besides the data (shared/events/envelope.py).
_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "tenant", "sequence", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "The same again is the same event, together with source."},
        "source": _TEXT,
        "type": _TEXT,
        "subject": {**_TEXT, "description": "The id of what it happened to."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "tenant": {**_TEXT, "description": "운영기관: the municipality or district that runs it."},
        "sequence": {**_TEXT, "description": "Orders the events of one subject, as text."},
        "traceparent": {"type": "string"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
}


def command(
    event_type: Annotated[
        str | None,
        typer.Argument(metavar="TYPE", help="종류 하나의 예시까지 (one type with its sample; part of a name will do)"),
    ] = None,
    as_asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="AsyncAPI 3.0 문서로 (as one AsyncAPI document)")
    ] = False,
    write: Annotated[
        bool,
        typer.Option(
            "--write-samples", help="새 종류의 예시를 tests/contracts에 적는다 (keep the samples of new types)"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """이벤트의 약속: 종류와 판, 누가 말하고 누가 듣는가 (the events there are, who says and who hears them)."""
    if write:
        written = write_samples()
        give(
            {"written": written}, as_json=as_json, people="\n".join(written) or "새로 적을 것이 없습니다 (nothing new)"
        )
    if as_asyncapi:
        document = asyncapi()
        give(document, as_json=as_json, people=json.dumps(document, ensure_ascii=False, indent=2))
    rows = [row for row in catalogue() if event_type is None or event_type in row["type"]]
    if not rows:
        fail(
            "no_such_type",
            f"{event_type}: 그런 이벤트는 없습니다 (no event is named so).",
            fix="./sipbun contracts",
            as_json=as_json,
            status=USAGE,
        )
    give({"contracts": rows}, as_json=as_json, people=_shown(rows) if event_type is None else _explained(rows))


def _shown(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("이벤트 (routing key)", no_wrap=True)
    table.add_column("듣는 쪽 (who hears it)")
    for row in rows:
        heard = ", ".join([*row["hears"], *(f"{name}*" for name in row["feeds"])])
        table.add_row(row["routing_key"], heard or "아무도 (nobody: parked)")
    table.caption = "* 프로세스마다 하나인 대기열 (a queue of each process, for its index)"
    return table


def _explained(rows: list[dict[str, Any]]) -> str:
    return "\n\n".join(
        f"{row['type']}: {row['meaning']}\n"
        f"  {row['user']} --{row['routing_key']}--> {', '.join([*row['hears'], *row['feeds']]) or 'city.parked'}\n"
        f"{json.dumps(row['sample'], ensure_ascii=False, indent=2)}"
        for row in rows
    )


def catalogue() -> list[dict[str, Any]]:
    """Return a row a type: ``type, version, routing_key, says, source, user, hears, feeds, sample``."""
    return [
        {
            "type": contract.type,
            "version": contract.version,
            "routing_key": contract.routing_key,
            "meaning": _meaning(contract),
            "says": contract.publisher,
            "source": f"/{source_root(contract)}/...",
            "user": user_of(contract),
            "hears": [spec.name for spec in QUEUES if contract.type in spec.types],
            "feeds": [name for name, heard in FEEDS.items() if contract in heard],
            "sample": dict(contract.sample),
        }
        for contract in sorted(CONTRACTS.values(), key=lambda contract: contract.type)
    ]


def asyncapi() -> dict[str, Any]:
    """Return the catalogue as an AsyncAPI 3.0 document."""
    channels, operations, messages = {}, {}, {}
    for contract in sorted(CONTRACTS.values(), key=lambda contract: contract.type):
        key = contract.routing_key
        messages[key] = {
            "name": contract.type,
            "title": contract.name,
            "summary": _meaning(contract),
            "contentType": CONTENT_TYPE,
            "payload": {
                "allOf": [
                    {"$ref": "#/components/schemas/CloudEvent"},
                    {
                        "properties": {
                            "type": {"const": contract.type},
                            "source": {"type": "string", "pattern": f"^/{source_root(contract)}/"},
                            "data": {"$ref": f"#/components/schemas/{contract.schema.__name__}"},
                        }
                    },
                ]
            },
            "examples": [{"name": "sample", "payload": {"type": contract.type, "data": dict(contract.sample)}}],
        }
        channels[key] = {
            "address": key,
            "messages": {"event": {"$ref": f"#/components/messages/{key}"}},
            "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": EVENTS, "type": "topic", "durable": True}}},
        }
        operations[f"{contract.publisher}.says.{key}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{key}"},
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "userId": user_of(contract)}},
        }
        for spec in QUEUES:
            if contract.type in spec.types:
                operations[f"{spec.name}.hears.{key}"] = {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{key}"},
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "십분 Sipbun: events of the town",
            "version": "1",
            "description": f"CloudEvents 1.0, structured JSON, at most {MAX_BYTES} bytes. Readers ignore unknown fields.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEvent": _ENVELOPE, **_schemas()}},
    }


def write_samples(folder: Path = SAMPLES) -> list[str]:
    """Write the sample of each type that has none on disk yet, and return their names. None is ever overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for contract in CONTRACTS.values():
        file = folder / f"{contract.type}.json"
        if not file.exists():
            file.write_text(json.dumps(contract.sample, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            written.append(contract.type)
    return written


def _meaning(contract: Contract) -> str:
    """Return the first line of the schema's docstring."""
    return (contract.schema.__doc__ or contract.name).strip().partition("\n")[0]


def _schemas() -> dict[str, Any]:
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _class_of(schema).__name__)
    spec = APISpec("events", "1", "3.1.0", plugins=[plugin])
    plugin.map_to_openapi_type(InstantText, "string", "date-time")
    plugin.map_to_openapi_type(DayText, "string", "date")
    for schema in {contract.schema.__name__: contract.schema for contract in CONTRACTS.values()}.values():
        if schema.__name__ not in spec.components.schemas:
            spec.components.schema(schema.__name__, schema=schema)
    described: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    for schema_described in described.values():
        # Writers are strict, but what is described here is what readers rely on: they ignore what they don't know.
        schema_described.pop("additionalProperties", None)
    return described


def _class_of(schema: Any) -> Any:
    return schema if isinstance(schema, type) else type(schema)
