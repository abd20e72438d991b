"""How participation is reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.participation import schemas
from services.placement.participation.reactions import reactions
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class ParticipationService:
    """What residents take part in, and what another system may ask of it."""

    name = "placement_participation"
    rooms = desk(furnish)

    @asked(schemas.OneResident)
    def standing(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what counts for a resident, and their places."""
        return self.rooms.records.standing(actor, **asked_for)

    @asked(schemas.Check)
    def check(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return whether somebody may take part on some days."""
        return self.rooms.records.check(actor, **asked_for)

    @asked(schemas.Overlapping)
    def overlapping(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the days that a resident's direct jobs share against the rules."""
        return self.rooms.records.overlapping(actor, **asked_for)

    @asked(schemas.NoteOutside)
    def note_outside(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Note a direct job that another system told of."""
        return self.rooms.records.note_outside(actor, **asked_for)

    @asked(schemas.RetractOutside)
    def retract_outside(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take back what was noted of another system by mistake."""
        return self.rooms.records.retract_outside(actor, **asked_for)

    @told("placement.participation")
    def hear(self) -> Mapping[str, Reaction]:
        """Settle and leave places."""
        return reactions(self.rooms.participation)

    @due(every=5.0)
    def sweep(self) -> bool:
        """Release what is held past its deadline."""
        return self.rooms.participation.sweep()
