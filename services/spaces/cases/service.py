"""How conflict cases are reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.cases import schemas
from services.spaces.cases.reactions import reactions
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class CasesService:
    """Bookings that their facility's calendar or hours contradict."""

    name = "spaces_cases"
    rooms = desk(furnish)

    @asked(schemas.Decide)
    def decide(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Let a booking stay, or not."""
        return self.rooms.cases.decide(actor, **asked_for)

    @asked(schemas.TakeAlternative)
    def take_alternative(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Book one of the alternatives instead."""
        return self.rooms.cases.take_alternative(actor, **asked_for)

    @asked(schemas.CaseAct)
    def decline(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Want none of the alternatives."""
        return self.rooms.cases.decline(actor, **asked_for)

    @asked(schemas.OneCase)
    def get(self, actor: Actor, *, case_id: str) -> Mapping[str, Any]:
        """Return a case."""
        return self.rooms.cases.read(actor, case_id=case_id)

    @asked(schemas.OfFacility)
    def of_facility(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a facility's open cases."""
        return self.rooms.cases.of_facility(actor, **asked_for)

    @asked(schemas.Mine)
    def mine(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the caller's own cases."""
        return self.rooms.cases.mine(actor, **asked_for)

    @told("spaces.cases")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.cases)

    @due(every=1.0)
    def move_on(self) -> bool:
        """Decide what nobody decided in time."""
        return self.rooms.cases.move_on()
