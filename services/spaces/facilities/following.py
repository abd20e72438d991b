"""Spaces follow their facility: admitted ones get their document, all move and close with it.

    admit / move / close --one write--> facility (pending, unsettled, due) --settle--> spaces --one write--> facility

The facility decides; its spaces are brought in line by whoever acted, or by the sweep after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from services.spaces.facilities.model import Facility, Space
from services.spaces.facilities.storage import Facilities, Spaces
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused

#: Facilities brought in line in one sweep.
SWEPT_AT_ONCE = 20


@dataclass(frozen=True)
class Following:
    """Brings facilities and their spaces in line."""

    facilities: Facilities
    spaces: Spaces
    clock: Clock

    def sweep(self) -> bool:
        """Finish what somebody left unfinished; return whether there may be more."""
        overdue = self.facilities.overdue(self.clock.now(), SWEPT_AT_ONCE)
        for facility_id in overdue:
            self.settle(facility_id)
        return len(overdue) == SWEPT_AT_ONCE

    def settle(self, facility_id: str) -> None:
        """Make the documents of admitted spaces, and let all spaces follow their facility; safe to repeat.

        When the facility changed meanwhile nothing is noted, and the next sweep looks again.
        """
        facility = self.facilities.get(facility_id)
        if facility.due is None:
            return
        taken = [space_id for space_id, space in facility.pending.items() if not self._make(space, facility)]
        if facility.unsettled:
            for space_id in facility.admitted:
                if space_id not in taken:
                    self._follow(space_id, facility)

        def decide(known: Facility) -> dict[str, Any]:
            if known.version == facility.version:
                known.settle(taken)
            return {}

        self.facilities.act(None, facility_id, decide)

    def _make(self, space: Space, facility: Facility) -> bool:
        """Make an admitted space's document; False when its id belongs to another facility."""
        fresh = replace(
            space,
            point=facility.point,
            district=facility.district,
            programme_id=facility.programme_id,
            followed=0 if facility.unsettled else facility.version,
            facts=[],
        )
        fresh.open()
        try:
            self.spaces.create(Act.own(f"open:{facility.id}/{space.id}", "open"), fresh, {})
        except Refused as refused:
            if refused.code != "id_taken":
                raise
            return self.spaces.get(space.id).facility_id == facility.id
        return True

    def _follow(self, space_id: str, facility: Facility) -> None:
        def decide(space: Space) -> dict[str, Any]:
            space.follow(facility)
            return {}

        self.spaces.act(None, space_id, decide)
