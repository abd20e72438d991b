"""Where the seeds of draws come from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Protocol

from services.placement.openings.draw import sha256
from shared.ids import Ids, SystemIds


class Seeds(Protocol):
    """Where a use case gets a seed."""

    def new(self) -> str:
        """Return 32 random bytes, hex."""


class SystemSeeds:
    """Seeds from the machine's random source."""

    def new(self) -> str:
        """Return 32 random bytes, hex."""
        return secrets.token_hex(32)


@dataclass(frozen=True)
class SeedsFromIds:
    """The twin: seeds that follow from seeded ids. Never for a real draw: an id holds 80 random bits only."""

    ids: Ids

    def new(self) -> str:
        """Return 64 hex characters."""
        return sha256(self.ids.new("seed"))


def seeds(ids: Ids) -> Seeds:
    """Return the seeds of a town: the machine's own, or those of a town of twins."""
    return SystemSeeds() if isinstance(ids, SystemIds) else SeedsFromIds(ids)
