"""Who asks: what a use case is told about its caller, after the door has verified the token."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Refused

#: Roles a token can name (shared/auth.py).
ROLES = ("resident", "host", "officer", "operator", "service")


@dataclass(frozen=True)
class Actor:
    """A verified caller. ``districts`` limits an officer; empty means the whole tenant."""

    subject: str
    roles: frozenset[str]
    tenant: str
    districts: frozenset[str] = frozenset()

    def is_any(self, *roles: str) -> bool:
        """Return whether the caller has one of these roles."""
        return not self.roles.isdisjoint(roles)


#: Nobody in particular: public reads only.
ANYONE = Actor(subject="", roles=frozenset(), tenant="")


def must_be(actor: Actor, *roles: str, tenant: str | None = None, district: str | None = None) -> None:
    """Raise ``Refused`` unless the caller has one of the roles, in that tenant and district.

    A service acts for every tenant, and so does an operator who belongs to none (the platform's). Codes:
    ``sign_in_needed`` (no token), ``role_not_allowed``, ``other_tenant``, ``other_district``.
    """
    if not actor.roles:
        raise Refused("sign_in_needed", field="token")
    if not actor.is_any(*roles):
        raise Refused("role_not_allowed", field="token", needs=sorted(roles))
    if actor.is_any("service") or (actor.is_any("operator") and not actor.tenant):
        return
    if tenant is not None and actor.tenant != tenant:
        raise Refused("other_tenant", field="tenant", tenant=tenant)
    if district is not None and actor.districts and district not in actor.districts:
        raise Refused("other_district", field="district", district=district)


def must_be_self(
    actor: Actor, resident: str, *, tenant: str, or_roles: tuple[str, ...] = (), district: str | None = None
) -> None:
    """Raise ``Refused`` unless the caller is this resident, or has one of ``or_roles`` in the tenant and district."""
    if actor.is_any("service", *or_roles):
        must_be(actor, "service", *or_roles, tenant=tenant, district=district)
        return
    must_be(actor, "resident", tenant=tenant)
    if actor.subject != resident:
        raise Refused("only_for_oneself", field="resident")
