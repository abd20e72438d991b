"""How idle windows are reached: asked (RPC), fed (the index of spaces near a point)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.spaces.idle import schemas
from services.spaces.idle.register import SpacesFeed
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, fed


class IdleService:
    """What is free near a point, and over the days of one space."""

    name = "spaces_idle"
    rooms = desk(furnish)

    @asked(schemas.Near)
    def near(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return idle windows within a walk, the best first."""
        return self.rooms.idle.near(actor, **asked_for)

    @asked(schemas.Timetable)
    def day(self, actor: Actor, *, space_id: str, day: date) -> Mapping[str, Any]:
        """Return when a space is open, taken and free on a day."""
        return self.rooms.idle.day(actor, space_id=space_id, day=day)

    @asked(schemas.Timetable)
    def week(self, actor: Actor, *, space_id: str, day: date) -> Mapping[str, Any]:
        """Return when a space is open, taken and free on seven days."""
        return self.rooms.idle.week(actor, space_id=space_id, day=day)

    @fed("spaces.nearby")
    def index(self) -> SpacesFeed:
        """Return the feed of the index of spaces."""
        return self.rooms.idle.search.feed
