"""Who is let in to one resident's data: themselves, staff of their tenant, or another service of the town."""

from __future__ import annotations

from typing import Protocol

from services.residents.registry.model import Resident
from services.residents.trail import Trail
from shared.actors import Actor, must_be, must_be_self
from shared.errors import Refused

#: Who of the town may see or enter a resident's data, each time on the access log.
STAFF = ("officer", "operator")


class Known(Protocol):
    """Everybody who registered."""

    def get(self, aggregate_id: str) -> Resident:
        """Return the resident; raise ``NotFound``."""


def admit(
    residents: Known, trail: Trail, actor: Actor, resident_id: str, action: str, *, staff: tuple[str, ...] = STAFF
) -> Resident:
    """Return the resident to a caller who may know of them; staff leave a line on the access log.

    Raises ``Refused`` (``sign_in_needed``, ``role_not_allowed``, ``only_for_oneself``, ``other_tenant``), before
    anything is read for somebody who asks about others, and ``NotFound``.
    """
    must_be(actor, "resident", "service", *staff)
    if not actor.is_any("service", *staff) and actor.subject != resident_id:
        raise Refused("only_for_oneself", field="resident_id")
    resident = residents.get(resident_id)
    must_be_self(actor, resident_id, tenant=resident.tenant, or_roles=staff)
    if actor.is_any(*staff) and actor.subject != resident_id:
        trail.staff_acted(actor, action, resident_id, resident.tenant)
    return resident
