"""How conduct is reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.conduct import schemas
from services.spaces.conduct.reactions import reactions
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class ConductService:
    """No-shows, and what follows from them."""

    name = "spaces_conduct"
    rooms = desk(furnish)

    @asked(schemas.Read)
    def read(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a resident's record."""
        return self.rooms.conduct.read(actor, **asked_for)

    @asked(schemas.Excuse)
    def excuse(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say why nobody came."""
        return self.rooms.conduct.excuse(actor, **asked_for)

    @asked(schemas.Appeal)
    def appeal(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Contest a no-show."""
        return self.rooms.conduct.appeal(actor, **asked_for)

    @asked(schemas.Answer)
    def answer_excuse(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Accept an excuse or not."""
        return self.rooms.conduct.answer_excuse(actor, **asked_for)

    @asked(schemas.Answer)
    def answer_appeal(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Decide an appeal."""
        return self.rooms.conduct.answer_appeal(actor, **asked_for)

    @asked(schemas.StrikeAct)
    def correct(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a wrong record back."""
        return self.rooms.conduct.correct(actor, **asked_for)

    @asked(schemas.Excuses)
    def excuses(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the excuses that a facility has to answer."""
        return self.rooms.conduct.excuses(actor, **asked_for)

    @asked(schemas.Appeals)
    def appeals(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the appeals that a tenant's officers have to answer."""
        return self.rooms.conduct.appeals(actor, **asked_for)

    @told("spaces.conduct")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.conduct)

    @due(every=5.0)
    def move_on(self) -> bool:
        """Decide overdue appeals, and drop old texts."""
        return self.rooms.conduct.move_on()
