"""How tasks are reached: asked (RPC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.tasks import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk


class TasksService:
    """What awaits whoever asks."""

    name = "placement_tasks"
    rooms = desk(furnish)

    @asked(schemas.Awaiting)
    def awaiting(self, actor: Actor) -> Mapping[str, Any]:
        """Return what awaits the caller, by role and kind."""
        return self.rooms.tasks.awaiting(actor)
