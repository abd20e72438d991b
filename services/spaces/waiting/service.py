"""How the waiting list is reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.waiting import schemas
from services.spaces.waiting.reactions import reactions
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class WaitingService:
    """Who waits for a span, and who is offered it."""

    name = "spaces_waiting"
    rooms = desk(furnish)

    @asked(schemas.Wish)
    def wish(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Wait for a span."""
        return self.rooms.waiting.wish(actor, **asked_for)

    @asked(schemas.WishAct)
    def withdraw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Wait no longer."""
        return self.rooms.waiting.withdraw(actor, **asked_for)

    @asked(schemas.WishAct)
    def decline(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Leave an offer to the next in line."""
        return self.rooms.waiting.decline(actor, **asked_for)

    @asked(schemas.OneWish)
    def get(self, actor: Actor, *, wish_id: str) -> Mapping[str, Any]:
        """Return a wish, with how many are ahead of it."""
        return self.rooms.waiting.read(actor, wish_id=wish_id)

    @asked(schemas.Mine)
    def mine(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the caller's own wishes."""
        return self.rooms.waiting.mine(actor, **asked_for)

    @asked(schemas.OfSpace)
    def of_space(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return who waits for a space."""
        return self.rooms.waiting.of_space(actor, **asked_for)

    @told("spaces.waiting")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.waiting)

    @due(every=1.0)
    def move_on(self) -> bool:
        """Let offers lapse and wishes pass."""
        return self.rooms.waiting.move_on()
