"""How the ledger is reached: asked (RPC), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.budgets import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due


class BudgetsService:
    """What programmes may spend, and what became of it."""

    name = "placement_budgets"
    rooms = desk(furnish)

    @asked(schemas.Appropriate)
    def appropriate(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let a funder give money to a programme, or take it back."""
        return self.rooms.budgets.appropriate(actor, **asked_for)

    @asked(schemas.ReadLedger)
    def ledger(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return rows of the ledger."""
        return self.rooms.ledger.read(actor, **asked_for)

    @asked(schemas.OneTenant)
    def check(self, actor: Actor, *, tenant: str) -> Mapping[str, Any]:
        """Return whether a tenant's budgets balance."""
        return self.rooms.ledger.checked(actor, tenant=tenant)

    @asked(schemas.OneProgramme)
    def published(self, actor: Actor, *, programme_id: str) -> Mapping[str, Any]:
        """Return what everybody may know of a programme's money."""
        return self.rooms.ledger.published(actor, programme_id=programme_id)

    @due(every=5.0)
    def check_all(self) -> bool:
        """Check budgets that have not been checked for a while."""
        return self.rooms.ledger.check()
