"""How months of pay are reached: asked (RPC), told (events), due (timer)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.allowance import schemas
from services.placement.allowance.reactions import reactions
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class AllowanceService:
    """What residents earn, what of it is payable, what was paid."""

    name = "placement_allowance"
    rooms = desk(furnish)

    @asked(schemas.MyPay)
    def my_pay(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a resident's own months of pay."""
        return self.rooms.allowance.my_pay(actor, **asked_for)

    @asked(schemas.OneMonth)
    def month(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return one month of pay with its lines."""
        return self.rooms.allowance.month(actor, **asked_for)

    @asked(schemas.OfMonth)
    def months(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a programme's months of pay."""
        return self.rooms.allowance.listed(actor, **asked_for)

    @asked(schemas.OfProgramme)
    def flagged(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the months that earned more than the cap."""
        return self.rooms.allowance.flagged(actor, **asked_for)

    @asked(schemas.Recover)
    def recover(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take pay out again."""
        return self.rooms.allowance.recover(actor, **asked_for)

    @asked(schemas.Recover)
    def lift_recovery(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Reverse a recovery."""
        return self.rooms.allowance.lift_recovery(actor, **asked_for)

    @asked(schemas.PaidBack)
    def note_paid_back(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Note what a resident gave back."""
        return self.rooms.allowance.note_paid_back(actor, **asked_for)

    @asked(schemas.Check)
    def check(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Compare batches, months of pay and the budget."""
        return self.rooms.balance.check(actor, **asked_for)

    @due(every=30.0)
    def end_waiting(self) -> bool:
        """Let pay wait no longer for disputes that nobody answered in time."""
        return self.rooms.allowance.end_waiting()

    @told("placement.allowance")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.allowance, self.rooms.paid_back)
