"""What `status` complains about, and what it only mentions."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deploy.cli.view import headline
from deploy.health import Health, look_at
from deploy.pids import Process
from deploy.running import Running
from shared.mongo.real import connect
from tests.harness import TestDatabase


def a_town(**more: Any) -> Running:
    """A town that runs: as this process."""
    import os  # noqa: PLC0415

    return Running(supervisor=Process.of(os.getpid()), started_at="", state="ready", **more)


def depths(**depth: int) -> list[dict[str, Any]]:
    """Queues with so many messages."""
    return [
        {"name": name.replace("_", "."), "ready": count, "unacknowledged": 0, "consumers": 0}
        for name, count in depth.items()
    ]


def shown(health: Health) -> str:
    """Return what a person reads first."""
    paper = StringIO()
    Console(file=paper, width=200).print(headline(health))
    return paper.getvalue()


@pytest.mark.parametrize(
    ("health", "well", "says"),
    [
        (Health(a_town(), depths(city_parked=0), 0.0, {}), True, "건강합니다"),
        (Health(a_town(), depths(city_parked=4), 0.0, {}), True, "보류함 4"),
        (Health(a_town(), depths(placement_openings_dead=3), 0.0, {}), False, "처리 실패함 3"),
        (Health(a_town(), depths(city_parked=0), 0.0, {}, stuck=2), False, "내보내지 못한 사실 2"),
    ],
)
def test_stuck_and_dead_are_problems_and_parked_is_only_mentioned(health: Health, well: bool, says: str) -> None:
    assert health.healthy is well
    assert says in shown(health)


def test_stuck_facts_are_counted_in_every_outbox(database: TestDatabase) -> None:
    for name in ("placement", "residents"):
        outbox = connect(database.url, f"{database.prefix}{name}").collection(
            "openings" if name == "placement" else "residents"
        )
        outbox.insert_one({"_id": "하나", "outbox": [{"id": "1", "s": "stuck"}]})

    assert look_at(a_town(mongo_url=database.url, db_prefix=database.prefix)).stuck == 2
