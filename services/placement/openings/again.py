"""Looking again: what waits while the residents service is away, so that nothing else waits with it.

    give or ask --ResidentsAway--> the opening notes when it is looked at again --> sweep: looked at --> the note is gone

The note is in the opening's document, so that whoever dies or restarts forgets no place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.placement.openings.model import SELECTING, Opening
from services.placement.openings.storage import Openings
from services.placement.openings.terms import RANKED
from services.placement.participation.belonging import ResidentsAway
from shared.clock import Clock
from shared.telemetry import log

#: How long an opening waits before it is looked at again. One question may take as long as a call may.
WAITS = timedelta(seconds=30)


@dataclass(frozen=True)
class Again:
    """Looks at openings, and again at those of which nobody could say who may have a place."""

    openings: Openings
    clock: Clock

    def look(self, opening_id: str, how: Callable[[str], None]) -> bool:
        """Look at an opening; return False when the residents service is away, and it is looked at again later."""
        try:
            how(opening_id)
        except ResidentsAway:
            log.warning("residents_away", opening=opening_id)
            self.later(opening_id)
            return False
        return True

    def later(self, opening_id: str) -> None:
        """Note that an opening is looked at again."""
        at = self.clock.now() + WAITS

        def decide(opening: Opening) -> dict[str, Any]:
            opening.looks_again_at = at
            return {}

        self.openings.act(None, opening_id, decide)

    def looked(self, opening_id: str, noted: datetime) -> None:
        """Forget the note with which a look began; a later one says that somebody must look once more."""

        def decide(opening: Opening) -> dict[str, Any]:
            if opening.looks_again_at == noted:
                opening.looks_again_at = None
            return {}

        self.openings.act(None, opening_id, decide)


def may_need_residents(opening: Opening) -> bool:
    """Return whether a look at it may ask the residents service."""
    ranks = opening.state == SELECTING and opening.needs_order and opening.terms.mode == RANKED
    return bool(opening.groups) or ranks
