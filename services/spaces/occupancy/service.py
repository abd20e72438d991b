"""How the counting of days is reached: told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping

from services.spaces.occupancy.reactions import reactions
from services.spaces.wiring import furnish
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import desk, due, told


class OccupancyService:
    """Minutes open, booked, and used by facilities themselves: a fact a space and day."""

    name = "spaces_occupancy"
    rooms = desk(furnish)

    @told("spaces.occupancy")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.occupancy)

    @due(every=60.0)
    def count(self) -> bool:
        """Count the days that are over."""
        return self.rooms.occupancy.count()
