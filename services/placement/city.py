"""Who acts for the whole 시·도: an officer of the tenant whom no district limits."""

from __future__ import annotations

from shared.actors import Actor, must_be
from shared.errors import Refused


def must_be_city(actor: Actor, *roles: str, tenant: str) -> None:
    """Raise ``Refused`` unless the caller has one of the roles in the tenant and is limited to no district."""
    must_be(actor, *roles, tenant=tenant)
    if actor.districts and not actor.is_any("service"):
        raise Refused("city_officer_needed", field="token", districts=sorted(actor.districts))
