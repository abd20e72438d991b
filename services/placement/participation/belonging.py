"""Whose officers may know of a resident: those of the tenant in which the resident registered."""

from __future__ import annotations

from typing import Protocol

from shared.actors import Actor
from shared.errors import NotFound, Unavailable


class ResidentsAway(Unavailable):
    """The residents service does not answer: what needs it waits, and nothing else does."""


class Residents(Protocol):
    """Where residents registered."""

    def tenant_of(self, resident_id: str) -> str | None:
        """Return the tenant, or None for somebody whom nobody registered."""


def must_be_of_here(residents: Residents, actor: Actor, resident_id: str) -> None:
    """Raise ``NotFound`` unless the caller's tenant registered this resident.

    The answer is the same for residents of elsewhere and for nobody. It is not asked for oneself, for a service, or for
    an operator of no tenant (the platform's).
    """
    if is_for_everybody(actor) or is_oneself(actor, resident_id):
        return
    if residents.tenant_of(resident_id) != actor.tenant:
        raise unknown_here()


def is_for_everybody(actor: Actor) -> bool:
    """Return whether the caller acts for every tenant."""
    return actor.is_any("service") or (actor.is_any("operator") and not actor.tenant)


def is_oneself(actor: Actor, resident_id: str) -> bool:
    """Return whether the caller is this resident."""
    return actor.is_any("resident") and actor.subject == resident_id


def unknown_here() -> NotFound:
    """Return what is said of everybody who is not a resident of the caller's tenant."""
    return NotFound("no_such_resident_here", field="resident_id")
