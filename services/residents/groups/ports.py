"""What the desk for target groups needs of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from services.residents.groups.model import CountNames, GroupCount, Memberships
from services.residents.registry.model import Resident
from shared.aggregate import Act

Outcome = dict[str, Any]


class Residents(Protocol):
    """Everybody who registered."""

    def get(self, aggregate_id: str) -> Resident:
        """Return the resident; raise ``NotFound``."""

    def find(self, aggregate_id: str) -> Resident | None:
        """Return the resident, or None."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Resident]:
        """Return those who are there, by id."""


class AllMemberships(Protocol):
    """Everybody's memberships."""

    def find(self, aggregate_id: str) -> Memberships | None:
        """Return a resident's memberships, or None."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Memberships]:
        """Return those that are there, by resident."""

    def create(self, act: Act, aggregate: Memberships, outcome: Outcome) -> Outcome:
        """Store new ones once."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[Memberships], Outcome]) -> Outcome:
        """Change them once."""


class Counts(Protocol):
    """All counts."""

    def names(self) -> CountNames:
        """Return what names them."""

    def get_many(self, ids: Sequence[str]) -> dict[str, GroupCount]:
        """Return those that are there, by id."""

    def create(self, act: Act, aggregate: GroupCount, outcome: Outcome) -> Outcome:
        """Store a new count once."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[GroupCount], Outcome]) -> Outcome:
        """Change a count once."""

    def mark_gone(self, gone_id: str, tenant: str) -> None:
        """Note that a place was given back."""

    def is_gone(self, gone_id: str) -> bool:
        """Return whether a place was given back."""
