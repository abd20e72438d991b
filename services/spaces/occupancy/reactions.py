"""What the counting of days does when told."""

from __future__ import annotations

from collections.abc import Mapping

from services.spaces.occupancy.usecases import OccupancyDesk
from shared.events import spaces as said
from shared.messaging.core import Reaction, each


def reactions(desk: OccupancyDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        said.SPACE_OPENED.type: each(lambda event: desk.begin(event.data["space_id"])),
        said.SPACE_CLOSED.type: each(lambda event: desk.end(event.data["space_id"])),
    }
