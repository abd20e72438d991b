"""Which outside systems may publish over HTTP, and as what: a small file that ``./sipbun publishers`` writes.

    <state dir>/publishers.json   {"publishers": [{"name": "muni1", "type_prefix": "kr.muni1", "key_hash": ...,
                                                   "tenants": ["gwangsan"]}]}

Only the hash of a key is kept. A key is 32 random bytes, so one round of SHA-256 is enough; it names its publisher:
``sbp.muni1.<43 characters>``. The file is read again when it has changed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from shared.events.registry import CONTRACTS, contract_of
from shared.messaging.topology import OWN_USER, is_ours

#: A publisher's name is also the first part of its routing keys, and its broker user.
NAME = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
#: Reverse DNS, such as ``kr.muni1``.
TYPE_PREFIX = re.compile(r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9_-]*)+$")
#: What follows the prefix in a type: ``.<subject>.<past>.vN``.
_REST = re.compile(r"^(\.[a-z][a-z0-9_]*){1,3}\.v[1-9][0-9]{0,3}$")
_OWN_PREFIX = "kr.sipbun"


class NotAllowed(ValueError):
    """This name or prefix can't be a publisher's; the message says why."""


@dataclass(frozen=True)
class Publisher:
    """An outside system. It speaks for types under ``type_prefix`` and sources under ``/<name>/``, for nothing else."""

    name: str
    type_prefix: str
    key_hash: str = ""
    #: RFC 3339, when it was added.
    added: str = ""
    #: For whom it may speak; events of other tenants are refused (here, and by every queue: shared/messaging/core.py).
    tenants: tuple[str, ...] = ()

    def routing_key(self, event_type: str) -> str | None:
        """Return the routing key of a type of this publisher's, or None when the type is not its to say."""
        rest = event_type.removeprefix(self.type_prefix)
        if rest == event_type or not _REST.match(rest):
            return None
        contract = contract_of(event_type)
        if contract is not None:
            return contract.routing_key if contract.publisher == self.name and not is_ours(contract) else None
        return f"{self.name}{rest}"

    def may_be_source(self, source: str) -> bool:
        """Return whether this publisher may name this source."""
        return source.startswith(f"/{self.name}/") and len(source) > len(self.name) + 2


def check(name: str, type_prefix: str, tenants: Sequence[str], others: Iterable[Publisher] = ()) -> None:
    """Raise ``NotAllowed`` unless name and prefix are well formed, not ours and nobody else's, and tenants are named."""
    if not tenants or not all(0 < len(tenant) <= 160 and tenant.isprintable() for tenant in tenants):
        raise NotAllowed("name each tenant it may speak for, such as gwangsan")
    if not NAME.match(name):
        raise NotAllowed(f"{name!r}: a name has 2 to 40 small letters, digits and _, and begins with a letter")
    if not TYPE_PREFIX.match(type_prefix):
        raise NotAllowed(f"{type_prefix!r}: a type prefix is reverse DNS, such as kr.muni1")
    ours = {contract.publisher for contract in CONTRACTS.values() if is_ours(contract)} | _SERVICES
    if name in ours or name in (OWN_USER, "guest", "admin"):
        raise NotAllowed(f"{name!r} is a name of Sipbun's own")
    if _overlap(type_prefix, _OWN_PREFIX):
        raise NotAllowed(f"{type_prefix!r} overlaps {_OWN_PREFIX}, which is Sipbun's own")
    for other in others:
        if other.name != name and _overlap(type_prefix, other.type_prefix):
            raise NotAllowed(f"{type_prefix!r} overlaps {other.type_prefix} of {other.name}")


#: Names that our services have or will have as the first part of their routing keys.
_SERVICES = frozenset(
    {"placement", "spaces", "notifications", "residents", "statistics", "gateway", "shared", "deploy", "rpc"}
)


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def new_key(name: str) -> str:
    """Return a fresh key; it is told once and never kept."""
    return f"sbp.{name}.{secrets.token_urlsafe(32)}"


def hash_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def written(publishers: Iterable[Publisher]) -> str:
    """Return the file's text."""
    rows = [asdict(one) for one in sorted(publishers, key=lambda one: one.name)]
    return orjson.dumps({"publishers": rows}, option=orjson.OPT_INDENT_2).decode() + "\n"


def read(path: Path) -> tuple[Publisher, ...]:
    """Return the publishers in the file; none when there is no file. Raise ``ValueError`` when it is malformed."""
    try:
        told = orjson.loads(path.read_bytes())
        return tuple(Publisher(**{**row, "tenants": tuple(row.get("tenants", ()))}) for row in told["publishers"])
    except FileNotFoundError:
        return ()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a list of publishers: {error}") from error


class Publishers:
    """The publishers as the file has them now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._known: Mapping[str, Publisher] = {}

    def by_key(self, key: str) -> Publisher | None:
        """Return whose key this is, or None."""
        parts = key.split(".")
        publisher = self._now().get(parts[1]) if len(parts) == 3 and parts[0] == "sbp" else None
        if publisher is None or not publisher.key_hash:
            return None
        return publisher if hmac.compare_digest(publisher.key_hash, hash_of(key)) else None

    def _now(self) -> Mapping[str, Publisher]:
        try:
            state: Any = self._path.stat()
            seen = (state.st_mtime_ns, state.st_ino)
        except FileNotFoundError:
            seen = None
        with self._guard:
            if seen != self._seen:
                self._known = {one.name: one for one in read(self._path)}
                self._seen = seen
            return self._known
