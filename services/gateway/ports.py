"""What the gateway stands on: the RPC client, the keys, the publishers and the clock. Tests give twins.

Nothing is opened before its first use, so that a worker made by ``fork`` owns every socket it talks through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.gateway.event_desk import BrokerDesk, EventDesk
from services.gateway.publishers import Publishers
from shared.auth import Keys
from shared.clock import Clock, SystemClock
from shared.config import Misconfigured, settings
from shared.ids import Ids, SystemIds
from shared.messaging import wire
from shared.messaging.rpc import RpcClient
from shared.town import Ask

#: What says that the dev sign-in is wanted although the keys came from outside.
WITH_GIVEN_KEYS = "with-given-keys"


@dataclass(frozen=True)
class Ports:
    """The gateway's ports. ``broker_answers`` raises ``Unavailable`` when it does not."""

    ask: Ask
    keys: Keys
    desk: EventDesk
    publishers: Publishers
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=SystemIds)
    broker_answers: Callable[[], None] = lambda: None
    #: Whether anybody may take on a demo persona (a platform on somebody's own machine).
    dev_sign_in: bool = False
    #: How many proxies of ours stand in front and say in ``X-Forwarded-For`` who asked. A header beyond them is a claim.
    proxies: int = 0


def ports(environment: Mapping[str, str] | None = None) -> Ports:
    """Return the ports on real servers; raise ``Misconfigured`` naming the variable and the fix."""
    told = dict(os.environ if environment is None else environment)
    # The gateway has no database: nothing may be reachable under this address.
    town = settings(told | {"SIPBUN_MONGO_URL": "mongodb://none.invalid"})
    try:
        keys = Keys.read(town.token_keys)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"SIPBUN_TOKEN_KEYS: {error}") from error
    return Ports(
        ask=RpcClient(town.amqp_url),
        keys=keys,
        desk=BrokerDesk(town.amqp_url),
        publishers=Publishers(town.state_dir / "publishers.json"),
        broker_answers=lambda: wire.hang_up(wire.connect(town.amqp_url, "gateway readyz")),
        dev_sign_in=_dev_sign_in(told, town.token_keys, town.state_dir),
        proxies=_proxies(told),
    )


def _proxies(told: Mapping[str, str]) -> int:
    """Return how many proxies are trusted; raise ``Misconfigured``."""
    value = told.get("SIPBUN_TRUSTED_PROXIES") or "0"
    if value not in ("0", "1", "2", "3"):
        raise Misconfigured(f"SIPBUN_TRUSTED_PROXIES={value}: give the number of proxies in front, 0 to 3")
    return int(value)


def _dev_sign_in(told: Mapping[str, str], token_keys: Path, state_dir: Path) -> bool:
    """Return whether the dev sign-in is on; raise ``Misconfigured`` when it would sign with a real town's keys."""
    wanted = told.get("SIPBUN_DEV_SIGN_IN") or "0"
    if wanted not in ("0", "1", WITH_GIVEN_KEYS):
        raise Misconfigured(f"SIPBUN_DEV_SIGN_IN={wanted}: give 0, 1 or {WITH_GIVEN_KEYS}")
    own_keys = token_keys.resolve().is_relative_to(state_dir.resolve())
    if wanted == "1" and not own_keys:
        raise Misconfigured(
            f"SIPBUN_DEV_SIGN_IN=1 would let anybody sign with the keys given in SIPBUN_TOKEN_KEYS: "
            f"unset it, or say SIPBUN_DEV_SIGN_IN={WITH_GIVEN_KEYS}"
        )
    return wanted != "0"
