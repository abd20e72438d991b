"""How agreements are reached: asked (RPC), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.agreements import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due


class AgreementsService:
    """Agreements with partners."""

    name = "placement_agreements"
    rooms = desk(furnish)

    @asked(schemas.DraftAgreement)
    def draft(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Prepare an agreement."""
        return self.rooms.agreements.draft(actor, **asked_for)

    @asked(schemas.AddPartner)
    def add_partner(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Add a party before it is signed."""
        return self.rooms.agreements.add_partner(actor, **asked_for)

    @asked(schemas.RemovePartner)
    def remove_partner(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a party out before it is signed."""
        return self.rooms.agreements.remove_partner(actor, **asked_for)

    @asked(schemas.SignAgreement)
    def sign(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Note that all parties signed."""
        return self.rooms.agreements.sign(actor, **asked_for)

    @asked(schemas.EndAgreement)
    def end(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """End an agreement."""
        return self.rooms.agreements.end(actor, **asked_for)

    @asked(schemas.OneAgreement)
    def get(self, actor: Actor, *, agreement_id: str) -> Mapping[str, Any]:
        """Return an agreement."""
        return self.rooms.agreements.read(actor, agreement_id=agreement_id)

    @asked(schemas.ListAgreements)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a programme's agreements."""
        return self.rooms.agreements.listed(actor, **filters)

    @due(every=5.0)
    def move_on(self) -> bool:
        """End agreements whose last day is over."""
        return self.rooms.agreements.move_on()
