"""How a running town is: read from its supervisor's record, the broker's management API and the relay's metrics."""

import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import Any

import psutil

from deploy.management import Management, ManagementAway, ManagementRefused, vhost_of
from deploy.running import Running
from shared.errors import Unavailable
from shared.messaging.outbox import STUCK
from shared.messaging.relaying import outboxes
from shared.mongo.real import RealDatabase, client

#: Seconds. Facts older than this in an outbox mean that the relay or the broker has trouble.
OUTBOX_TOO_OLD = 30.0

PARKED = "city.parked"
DEAD = ".dead"


@dataclass(frozen=True)
class Health:
    """How a town is at one instant. None means: could not be asked."""

    town: Running
    #: As from `Management.queues`.
    queues: list[dict[str, Any]] | None
    #: Seconds the oldest unpublished fact has waited; 0.0 when none waits.
    outbox_age_s: float | None
    #: Resident memory in bytes, by process name.
    memory: dict[str, int]
    #: Facts that the broker refused and the relay set aside.
    stuck: int | None = None

    @property
    def parked(self) -> int | None:
        """Messages that no queue was bound for."""
        return None if self.queues is None else self._deep(lambda name: name == PARKED)

    @property
    def dead(self) -> int | None:
        """Messages refused, over all dead queues."""
        return None if self.queues is None else self._deep(lambda name: name.endswith(DEAD))

    def _deep(self, counts: Any) -> int:
        return sum(one["ready"] + one["unacknowledged"] for one in self.queues or () if counts(one["name"]))

    @property
    def complaints(self) -> list[str]:
        """What is not as it should be, a line each."""
        town = self.town
        found = [] if town.alive else ["감독이 죽었습니다 (the supervisor is dead): ./sipbun up"]
        if town.alive and town.state != "ready":
            found.append(f"아직 {town.state} 입니다 (the town is {town.state})")
        found += [f"{one.name}: {one.state}" for one in town.processes if one.state != "ready" or not one.alive]
        if self.queues is None:
            found.append("브로커가 대답하지 않습니다 (the broker's management API does not answer)")
        if self.outbox_age_s is not None and self.outbox_age_s > OUTBOX_TOO_OLD:
            found.append(f"내보내지 못한 사실이 {self.outbox_age_s:.0f}초째 (the oldest outbox fact is that old)")
        if self.dead:
            found.append(f"처리 실패함 {self.dead} (dead letters): ./sipbun dead-letters list")
        if self.stuck:
            found.append(f"내보내지 못한 사실 {self.stuck} (stuck facts): ./sipbun dead-letters list")
        return found

    @property
    def notes(self) -> list[str]:
        """What somebody may want to know and is no problem, a line each."""
        if not self.parked:
            return []
        return [f"보류함 {self.parked} (parked): ./sipbun parked list"]

    @property
    def healthy(self) -> bool:
        """Whether there is nothing to complain about. Parked messages are no complaint: nobody asked for them."""
        return not self.complaints

    def as_json(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        processes = [
            {name: value for name, value in one.as_json().items() if name != "born"}
            | {"alive": one.alive, "rss": self.memory.get(one.name)}
            for one in self.town.processes
        ]
        return {
            "running": self.town.alive,
            "healthy": self.healthy,
            "complaints": self.complaints,
            "notes": self.notes,
            "state": self.town.state,
            "started_at": self.town.started_at,
            "gateway": self.town.gateway_url,
            "processes": processes,
            "queues": self.queues,
            "outbox_age_s": self.outbox_age_s,
            "parked": self.parked,
            "dead": self.dead,
            "stuck": self.stuck,
        }


def look_at(town: Running) -> Health:
    """Ask everybody how they are; at most some seconds."""
    return Health(
        town=town, queues=_queues(town), outbox_age_s=_outbox_age(town), memory=_memory(town), stuck=_stuck(town)
    )


def _queues(town: Running) -> list[dict[str, Any]] | None:
    if not town.amqp_admin_url:
        return None
    try:
        return Management(town.amqp_admin_url, timeout=3.0).queues(vhost_of(town.amqp_url))
    except (ManagementAway, ManagementRefused):
        return None


def _stuck(town: Running) -> int | None:
    """Count the facts that the relay set aside, in every outbox."""
    if not town.mongo_url:
        return None
    known = _client(town.mongo_url)
    try:
        found = outboxes(lambda service: RealDatabase(known, f"{town.db_prefix}{service}"))
        return sum(collection.count({"outbox.s": STUCK}) for collection in found.values())
    except Unavailable:
        return None


@cache
def _client(mongo_url: str) -> Any:
    """Return the one client of this process: `up` asks every second."""
    return client(mongo_url)


def _outbox_age(town: Running) -> float | None:
    """Read it from whichever relay answers; the largest counts."""
    ages = []
    for relay in town.processes:
        if relay.name.split("-")[0] == "relay" and relay.metrics_port:
            told = read_metric(f"http://127.0.0.1:{relay.metrics_port}/metrics", "sipbun_outbox_age_seconds")
            if told is not None:
                ages.append(told)
    return max(ages) if ages else None


def read_metric(url: str, name: str) -> float | None:
    """Return one unlabelled Prometheus sample, or None when nobody answers or it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310 - our own loopback address
            text = answer.read().decode()
    except (urllib.error.URLError, OSError, ValueError):
        return None
    found = re.search(rf"^{re.escape(name)} (\S+)", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def _memory(town: Running) -> dict[str, int]:
    sizes = {}
    for one in town.processes:
        if one.process is None or not one.alive:
            continue
        try:
            leader = psutil.Process(one.process.pid)
            sizes[one.name] = sum(part.memory_info().rss for part in (leader, *leader.children(recursive=True)))
        except psutil.Error:
            continue
    return sizes
