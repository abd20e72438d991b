"""What gateway tests stand on: services that answer as told, a desk that keeps what it is given, and a caller.

For example:

    door = a_gateway(answers={"placement_openings.get": {"opening_id": "opn-은하수"}})
    door.get("/v1/openings/opn-은하수")
    assert door.asked == [...]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from services.gateway.app import create_app
from services.gateway.ports import Ports
from services.gateway.publishers import Publisher, Publishers, hash_of, new_key, written
from shared.actors import Actor
from shared.auth import Keys
from shared.clock import StoppedClock
from shared.errors import Unavailable
from shared.ids import SeededIds
from shared.messaging.message import Message

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEYS = Keys.new()
OFFICER = Actor("officer-다온", frozenset({"officer"}), "gwangsan", frozenset({"29200"}))
RESIDENT = Actor("res-은하", frozenset({"resident"}), "gwangsan")


@dataclass(frozen=True)
class Asked:
    """One RPC call."""

    method: str
    token: str | None
    named: Mapping[str, Any]


@dataclass
class TwinServices:
    """Answers RPC from a table of ``service.method``; an exception in it is raised, a function is called."""

    answers: Mapping[str, Any]
    asked: list[Asked] = field(default_factory=list)

    def call(self, service: str, method: str, /, *, token: str | None = None, timeout: float = 10.0, **named: Any) -> Any:
        """Answer as told; anything else gets an empty object."""
        self.asked.append(Asked(f"{service}.{method}", token, named))
        answer = self.answers.get(f"{service}.{method}", self.answers.get(service, {}))
        if isinstance(answer, Exception):
            raise answer
        return answer(**named) if callable(answer) else answer


@dataclass
class TwinDesk:
    """Keeps what would have been published."""

    published: list[tuple[str, Message]] = field(default_factory=list)
    away: bool = False

    def publish(self, publisher: Publisher, messages: Sequence[Message]) -> None:
        """Keep them, or be away."""
        if self.away:
            raise Unavailable("broker: away")
        self.published += [(publisher.name, message) for message in messages]


class Door:
    """A test client that signs in for its caller."""

    def __init__(self, ports: Ports, services: TwinServices, desk: TwinDesk, key: str) -> None:
        self.ports, self.services, self.desk, self.publisher_key = ports, services, desk, key
        self.app = _the_app(ports)
        self.client: FlaskClient = self.app.test_client()

    @property
    def asked(self) -> list[Asked]:
        """What the services were asked."""
        return self.services.asked

    def ask(self, method: str, path: str, *, by: Actor | None = None, headers: Any = None, **how: Any) -> Any:
        """Send a request, signed in as ``by`` if somebody is named."""
        told = dict(headers or {})
        if by is not None:
            told["Authorization"] = f"Bearer {self.ports.keys.issue(by, self.ports.clock.now())}"
        return self.client.open(path, method=method, headers=told, **how)

    def get(self, path: str, **how: Any) -> Any:
        """GET."""
        return self.ask("GET", path, **how)

    def post(self, path: str, **how: Any) -> Any:
        """POST."""
        return self.ask("POST", path, **how)

    def tell(self, body: Any, *, key: str | None = None, **how: Any) -> Any:
        """Publish as the municipal system ``muni1``."""
        headers = {"Authorization": f"Bearer {key or self.publisher_key}", **how.pop("headers", {})}
        return self.client.post("/events", data=body, headers=headers, **how)


_made: list[Flask] = []


def _the_app(ports: Ports) -> Flask:
    """Return the application on these ports: one is made for all tests, since describing the API takes a while."""
    if not _made:
        _made.append(create_app(ports))
    app = _made[0]
    app.extensions["sipbun"] = ports
    app.extensions.pop("sipbun_ready", None)
    return app


def a_gateway(
    tmp_path: Path, answers: Mapping[str, Any] | None = None, *, dev_sign_in: bool = False, **more: Any
) -> Door:
    """Return a gateway in front of twins; ``muni1`` is known to it."""
    services, desk = TwinServices(answers or {}), TwinDesk()
    key = new_key("muni1")
    file = tmp_path / "publishers.json"
    file.write_text(written([Publisher("muni1", "kr.muni1", hash_of(key), "2026-11-22T10:00:00+09:00", ("gwangsan",))]))
    ports = Ports(
        ask=services,
        keys=KEYS,
        desk=desk,
        publishers=Publishers(file),
        clock=StoppedClock(NOW),
        ids=SeededIds(1),
        dev_sign_in=dev_sign_in,
        **more,
    )
    return Door(ports, services, desk, key)


def an_opening(**changed: Any) -> dict[str, Any]:
    """Return the body that publishes an opening."""
    return {
        "programme_id": "gwangsan:gs-citizen-allowance",
        "title": "작은도서관 도서 정리",
        "place": {"name": "은하수 작은도서관", "address": "첨단중앙로 1", "lat": 35.1457, "lon": 126.7937},
        "shifts": [{"start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T12:00:00+09:00"}],
        "places": 3,
        "hourly_won": 10_320,
        "deadline": "2026-11-30T18:00:00+09:00",
        **changed,
    }
