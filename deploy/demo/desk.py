"""Asks the services over RPC, as somebody: with a token signed by the platform's own keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.actors import Actor
from shared.auth import Keys
from shared.clock import Clock
from shared.errors import Conflict, Unavailable
from shared.messaging.rpc import RpcClient

#: Seconds during which a call is asked again when nobody answers: commands carry their act's id, so that is safe.
PATIENCE = 60.0
#: Seconds to wait for what follows from an act: on an idle machine it takes a tenth of one.
WAIT = 30.0
#: Seconds between two looks at something that is awaited.
LOOK = 0.05

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Desk:
    """The services, for anybody with a role."""

    rpc: RpcClient
    keys: Keys
    clock: Clock

    def ask(self, who: Actor | None, service: str, method: str, /, **asked: Any) -> Any:
        """Return the answer; None as ``who`` asks without a token.

        Raises ``Refused`` and ``NotFound`` as told; ``Unavailable`` and ``Conflict`` after ``PATIENCE`` seconds.
        """
        until = time.monotonic() + PATIENCE
        while True:
            token = None if who is None else self.keys.issue(who, self.clock.now())
            try:
                return self.rpc.call(service, method, token=token, timeout=5.0, **asked)
            except (Unavailable, Conflict):
                if time.monotonic() >= until:
                    raise
                self.clock.sleep(0.2)

    def wait(self, ask: Callable[[], Answer], holds: Callable[[Answer], bool], *, seconds: float = PATIENCE) -> Answer:
        """Ask until the answer is as hoped or time is up; return the last answer either way: the verdict judges it."""
        until = time.monotonic() + seconds
        while True:
            answer = ask()
            if holds(answer) or time.monotonic() >= until:
                return answer
            self.clock.sleep(LOOK)
