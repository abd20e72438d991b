"""An outside system speaks for the tenants it was added for, also when it comes past the gateway, over AMQP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import CONTENT_TYPE, Unreadable, encode
from shared.messaging.core import Core, ignore
from shared.messaging.message import Delivery
from shared.messaging.outsiders import Outsiders
from shared.messaging.premises import reasons_of
from shared.messaging.topology import queue
from shared.mongo.twin import TwinDatabase
from tests.shared.messaging.conftest import an_event

SPEC = queue("notifications.letters")


def told(tenant: str) -> Delivery:
    """A delivery of ``muni1``'s, as the broker hands it over."""
    event = an_event(1, "muni1.shelter.opened", source="/muni1/heat", tenant=tenant)
    return Delivery(
        body=encode(event),
        tag=1,
        routing_key=HEAT_SHELTER_OPENED.routing_key,
        content_type=CONTENT_TYPE,
        message_id=event.id,
        type=event.type,
        user_id="muni1",
    )


def a_core(**more: Any) -> Core:
    """The core of a queue that hears ``muni1``."""
    return Core(SPEC, dict.fromkeys(SPEC.types, ignore), reasons_of(TwinDatabase(), SystemClock()), **more)


def write(path: Path, *rows: dict[str, Any]) -> None:
    """Write the publishers' file, with a time of its own."""
    path.write_text(json.dumps({"publishers": rows}))
    write.now = getattr(write, "now", 1_800_000_000) + 1  # type: ignore[attr-defined]
    os.utime(path, (write.now, write.now))  # type: ignore[attr-defined]


def test_an_event_for_another_tenant_is_dead_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "publishers.json", {"name": "muni1", "tenants": ["gwangsan"]})
    core = a_core(tenants_of=Outsiders(tmp_path / "publishers.json").tenants_of)

    assert core.read(told("gwangsan")).tenant == "gwangsan"
    with pytest.raises(Unreadable, match="tenant: muni1 may not speak for bukgu"):
        core.read(told("bukgu"))


@pytest.mark.parametrize("rows", [[], [{"name": "muni2", "tenants": ["gwangsan"]}], [{"name": "muni1"}]])
def test_somebody_unknown_speaks_for_nobody(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    write(tmp_path / "publishers.json", *rows)
    for core in (a_core(), a_core(tenants_of=Outsiders(tmp_path / "publishers.json").tenants_of)):
        with pytest.raises(Unreadable, match="tenant"):
            core.read(told("gwangsan"))


def test_a_publisher_added_later_is_known_at_once_and_events_wait_while_the_file_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "publishers.json"
    core = a_core(tenants_of=Outsiders(path).tenants_of)
    with pytest.raises(Unreadable):
        core.read(told("gwangsan"))

    write(path, {"name": "muni1", "tenants": ["gwangsan"]})
    assert core.read(told("gwangsan"))

    path.write_text("{")
    with pytest.raises(Unavailable):
        core.read(told("gwangsan"))
