"""What operators' commands stand on: the running town's addresses, its services, and what waits in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.cli.answer import MISSING, fail
from deploy.running import Running, state_dir
from deploy.town import running
from shared.actors import Actor
from shared.auth import Keys
from shared.clock import SystemClock
from shared.config import Misconfigured, Settings, settings
from shared.messaging.dead import DeadLetters
from shared.messaging.relaying import outboxes
from shared.messaging.rpc import RpcClient
from shared.mongo import real
from shared.mongo.port import Database

#: Whoever holds the town's keys and sits at its machine: every tenant, in the name of the console.
CONSOLE = Actor("console", frozenset({"operator", "service"}), "")


@dataclass(frozen=True)
class Console:
    """One operator's console. Nothing is opened before its first use."""

    settings: Settings
    #: The town of this state folder, or None when the addresses came from the environment.
    town: Running | None

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """What was refused, what nobody listens for, and what could not be published."""
        mongo = real.client(self.settings.mongo_url)

        def database(service: str) -> Database:
            return real.RealDatabase(mongo, f"{self.settings.db_prefix}{service}")

        return DeadLetters(self.settings.amqp_url, database, outboxes(database), SystemClock())

    def ask(self, service: str, method: str, /, **asked: Any) -> Any:
        """Ask a service; raises as ``RpcClient.call`` does."""
        token = self._keys.issue(CONSOLE, SystemClock().now())
        return self._rpc.call(service, method, token=token, **asked)

    @cached_property
    def _keys(self) -> Keys:
        return Keys.read(self.settings.token_keys)

    @cached_property
    def _rpc(self) -> RpcClient:
        return RpcClient(self.settings.amqp_url, "console")


def console(*, as_json: bool) -> Console:
    """Return the console of the running town, or of the addresses in the environment; end the command without either."""
    town = running(state_dir())
    if town is not None:
        return Console(settings({**os.environ, **town.environment(), "SIPBUN_STATE_DIR": str(state_dir())}), town)
    try:
        return Console(settings(), None)
    except Misconfigured as missing:
        fail(
            "not_running",
            f"켜져 있지 않습니다 (not running): {missing}",
            fix="./sipbun up",
            as_json=as_json,
            status=MISSING,
        )


def log_folder(town: Running | None) -> Path | None:
    """Return where the town's processes write their logs."""
    return None if town is None else state_dir() / "log"
