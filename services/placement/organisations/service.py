"""How organisations are reached: asked (RPC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.organisations import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk


class OrganisationsService:
    """Partners, operating agencies and cooperatives."""

    name = "placement_organisations"
    rooms = desk(furnish)

    @asked(schemas.Register)
    def register(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Put an organisation into the register."""
        return self.rooms.organisations.register(actor, **asked_for)

    @asked(schemas.AddLine)
    def add_line(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Add a business line."""
        return self.rooms.organisations.add_line(actor, **asked_for)

    @asked(schemas.AddFacility)
    def add_facility(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Note a facility that it runs."""
        return self.rooms.organisations.add_facility(actor, **asked_for)

    @asked(schemas.NoteCount)
    def note_count(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Note how many people it had on a day."""
        return self.rooms.organisations.note_count(actor, **asked_for)

    @asked(schemas.ReadOrganisation)
    def get(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return an organisation."""
        return self.rooms.organisations.read(actor, **asked_for)

    @asked(schemas.ListOrganisations)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's organisations."""
        return self.rooms.organisations.listed(actor, **filters)

    @asked(schemas.ListCounts)
    def counts(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the series of a count."""
        return self.rooms.organisations.counts_of(actor, **asked_for)
