"""What proposals need of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from services.placement.programmes.model import Programme, Tenant


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""

    def find(self, aggregate_id: str) -> Programme | None:
        """Return the programme, or None."""

    def of_tenant(self, tenant: str, district: str | None = None) -> list[Programme]:
        """Return a tenant's programmes, by code."""


class Hosting(Protocol):
    """Makes programmes."""

    def host(self, tenant: str, row: Mapping[str, Any]) -> str:
        """Make sure that a programme is there, by a row if it isn't yet, and return its id; safe to repeat."""


class Money(Protocol):
    """Gives programmes their money."""

    def appropriate_once(
        self,
        *,
        name: str,
        programme_id: str,
        tenant: str,
        district: str | None,
        funders: Mapping[str, int],
        day: str,
        noted: Callable[[], bool],
        note: Callable[[], None],
    ) -> None:
        """Appropriate exactly once under this name; ``note`` is called until ``noted`` says so."""
