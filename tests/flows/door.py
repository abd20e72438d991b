"""The one door of a town that really runs, as an operator has it, and as a person's own programme has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import orjson

from deploy.running import ROOT, Running
from shared.actors import Actor
from shared.auth import Keys
from shared.clock import SystemClock
from shared.ids import SystemIds
from shared.messaging.message import EVENTS, Message
from shared.messaging.rpc import RpcClient
from shared.messaging.topology import OWN_USER
from shared.messaging.wire import PipelinedPublisher


class Door:
    """``./sipbun`` of one town."""

    def __init__(self, state: Path, town: Running) -> None:
        self.state = state
        self.town = town

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *words],
            env={**os.environ, "SIPBUN_STATE_DIR": str(self.state), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=300,
            check=False,
        )

    def json(self, *words: str, status: int = 0) -> Any:
        """Run a command with ``--json`` and return the last line of its output."""
        done = self.call(*words, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def publish(self, routing_key: str, body: bytes, message_id: str, event_type: str) -> None:
        """Say something to the town as its own relay would."""
        publisher = PipelinedPublisher(self.town.amqp_url, "test", user=OWN_USER)
        message = Message(EVENTS, routing_key, body, message_id=message_id, type=event_type)
        assert publisher.publish([message]).confirmed == {0}
        publisher.close()

    @contextmanager
    def people(self, tenant: str) -> Iterator[People]:
        """Let people of a tenant ask, over RPC and over HTTP."""
        rpc = RpcClient(self.town.amqp_url)
        try:
            yield People(self.town, tenant, rpc, Keys.read(Path(self.town.token_keys)))
        finally:
            rpc.close()


class People:
    """Who lives and works in a tenant."""

    def __init__(self, town: Running, tenant: str, rpc: RpcClient, keys: Keys) -> None:
        self.town, self.tenant, self._rpc, self._keys = town, tenant, rpc, keys
        self._ids, self._clock = SystemIds(), SystemClock()

    def somebody(self, role: str, *districts: str, name: str = "") -> Actor:
        """Return somebody with a role; without a name, somebody nobody has met."""
        return Actor(name or self._ids.new(role[:3]), frozenset({role}), self.tenant, frozenset(districts))

    def ask(self, who: Actor | None, service: str, method: str, **asked: Any) -> Any:
        """Ask a service; raise what it refuses."""
        return self._rpc.call(service, method, token=self._token(who), timeout=60.0, **asked)

    def do(self, who: Actor, service: str, method: str, **asked: Any) -> Any:
        """Act, once."""
        return self.ask(who, service, method, act_id=self._ids.new("act"), **asked)

    def resident(self, name: str) -> Actor:
        """Return a resident who has registered."""
        who = self.somebody("resident")
        consents = [{"purpose": purpose, "text_version": "2026-01"} for purpose in ("service", "trust_profile")]
        asked = {"resident_id": who.subject, "name": name, "mail": None, "over_14": True, "consents": consents}
        self.do(who, "residents_registry", "register", **asked)
        return who

    def http(
        self, method: str, path: str, *, by: Actor | None = None, body: Any = None, **query: Any
    ) -> tuple[int, Any]:
        """Send a request through the HTTP door; return the status and the JSON."""
        url = f"{self.town.gateway_url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if by is not None:
            headers["Authorization"] = f"Bearer {self._token(by)}"
        asked = Request(url, method=method, headers=headers, data=None if body is None else orjson.dumps(body))  # noqa: S310
        try:
            with urlopen(asked, timeout=30) as answer:  # noqa: S310  (our own gateway)
                return answer.status, orjson.loads(answer.read())
        except HTTPError as refused:
            return refused.code, orjson.loads(refused.read())

    def _token(self, who: Actor | None) -> str | None:
        return None if who is None else self._keys.issue(who, self._clock.now())
