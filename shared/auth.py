"""Actor tokens: who asks, signed with Ed25519 and good for five minutes.

The gateway issues them to people, and each service to itself; every service verifies. The keys are one JWKS file:
the first private key signs, every key verifies, so a key is changed by adding one in front. A service that only
verifies can be given the public halves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.actors import ANYONE, ROLES, Actor
from shared.clock import utc
from shared.errors import Refused

#: How long a token is good for: long enough for a slow page, short enough to need no list of revoked ones.
GOOD_FOR: Final = timedelta(minutes=5)
ALGORITHM: Final = "Ed25519"
#: Tokens a process remembers as verified. Verifying costs 0.3 ms.
REMEMBERED = 4096


class Keys:
    """The keys of one process, and the tokens it has verified."""

    def __init__(self, keys: Sequence[OKPKey]) -> None:
        if not keys:
            raise ValueError("no keys: at least one Ed25519 key is needed")
        self._set = KeySet(list(keys))
        self._signing = next((key for key in keys if key.is_private), None)
        self._verified: dict[str, tuple[Actor, float]] = {}
        self._remembering = threading.Lock()

    @staticmethod
    def new() -> Keys:
        """Return fresh keys that live in memory only."""
        return Keys([_new_key()])

    @staticmethod
    def read(path: Path) -> Keys:
        """Return the keys in a JWKS file; raise ``FileNotFoundError`` or ``ValueError`` with what is wrong."""
        try:
            told = orjson.loads(path.read_bytes())
            return Keys([OKPKey.import_key(key) for key in told["keys"]])
        except (KeyError, TypeError, ValueError, JoseError) as error:
            raise ValueError(f"{path}: not a set of Ed25519 keys (JWKS): {error}") from error

    def issue(self, actor: Actor, at: datetime) -> str:
        """Return a token that says who ``actor`` is until ``at`` + 5 minutes."""
        if self._signing is None:
            raise ValueError("these keys only verify: no private key among them")
        issued = int(utc(at).timestamp())
        claims = {
            "sub": actor.subject,
            "roles": sorted(actor.roles),
            "tenant": actor.tenant,
            "districts": sorted(actor.districts),
            "iat": issued,
            "exp": issued + int(GOOD_FOR.total_seconds()),
        }
        return jwt.encode(
            {"alg": ALGORITHM, "kid": self._signing.kid or ""}, claims, self._signing, algorithms=[ALGORITHM]
        )

    def verify(self, token: str | None, at: datetime) -> Actor:
        """Return who the token speaks for; None is ``ANYONE``. Raise ``Refused`` (``token_invalid``, ``token_expired``).

        The field at fault is ``token``.
        """
        if token is None:
            return ANYONE
        now = at.timestamp()
        known = self._verified.get(token) if isinstance(token, str) else None
        if known is None:
            known = self._check(token)
            self._remember(token, known)
        actor, until = known
        if now >= until:
            raise Refused("token_expired", field="token")
        return actor

    def _check(self, token: object) -> tuple[Actor, float]:
        if not isinstance(token, str) or len(token) > 4096:
            raise Refused("token_invalid", field="token")
        try:
            claims = jwt.decode(token, self._set, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise Refused("token_invalid", field="token") from error
        return _actor(claims), float(claims["exp"])

    def _remember(self, token: str, known: tuple[Actor, float]) -> None:
        with self._remembering:  # gateway threads share these keys
            while len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = known


def make_keys(path: Path) -> None:
    """Make a key file that only its owner may read, unless there is one. Several starters at once agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    body = orjson.dumps({"keys": [_new_key().as_dict(private=True)]})
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _new_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"use": "sig", "alg": ALGORITHM, "kid": os.urandom(6).hex()})


def _actor(claims: Mapping[str, Any]) -> Actor:
    subject, tenant = claims.get("sub"), claims.get("tenant")
    roles, districts = claims.get("roles"), claims.get("districts", [])
    sound = (
        isinstance(subject, str)
        and isinstance(tenant, str)
        and isinstance(claims.get("exp"), int)
        and isinstance(roles, list)
        and all(role in ROLES for role in roles)
        and isinstance(districts, list)
        and all(isinstance(district, str) for district in districts)
    )
    if not sound:
        raise Refused("token_invalid", field="token")
    return Actor(str(subject), frozenset(roles or ()), str(tenant), frozenset(districts))
