"""Names for things: sortable random ids, the natural key of an event, and the hash of a body.

A ULID keeps the order of time and fits 26 characters (Crockford base 32).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from random import Random
from typing import Any, Protocol

import orjson

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids(Protocol):
    """Where a use case gets new ids."""

    def new(self, prefix: str) -> str:
        """Return ``<prefix>-<26 characters>``, never given before."""


class SystemIds:
    """Ids from the machine's clock and its random source."""

    def new(self, prefix: str) -> str:
        """Return ``<prefix>-<ULID>``."""
        return f"{prefix}-{_ulid(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), 'big'))}"


class SeededIds:
    """The twin: the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._count = 0

    def new(self, prefix: str) -> str:
        """Return ``<prefix>-<26 characters>``, in rising order."""
        self._count += 1
        return f"{prefix}-{_ulid(self._count, self._random.getrandbits(80))}"


def _ulid(milliseconds: int, entropy: int) -> str:
    number = (milliseconds & (2**48 - 1)) << 80 | entropy
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def event_key(source: str, event_id: str) -> str:
    """Return the natural key of an event, 32 hex characters: two publishers may both say id 1."""
    return hashlib.sha256(f"{source}\n{event_id}".encode()).hexdigest()[:32]


def content_hash(content: Mapping[str, Any] | list[Any]) -> str:
    """Return 32 hex characters of the content, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
