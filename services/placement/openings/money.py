"""What the budget desk may do to openings: read their grant, note a new one, make a late act impossible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.placement.budgets.model import Grant, Hold
from services.placement.openings.model import Opening
from services.placement.openings.storage import Openings
from shared.aggregate import Act


@dataclass(frozen=True)
class OpeningsMoney:
    """The openings as the budget sees them."""

    openings: Openings

    def granted(self, opening_id: str) -> Opening | None:
        """Return the opening, or None."""
        return self.openings.find(opening_id)

    def note_grant(self, opening_id: str, version: int, grant: Grant, acts: tuple[str, ...]) -> None:
        """Note what the budget counts, if the opening still is at this version."""

        def decide(opening: Opening) -> dict[str, Any]:
            if opening.version == version:
                opening.note_grant(grant, acts)
            return {}

        self.openings.act(None, opening_id, decide)

    def make_impossible(self, hold: Hold, tenant: str) -> bool:
        """Make the act of a hold impossible; False when it is done."""
        return self.openings.make_impossible(
            Act(hold.act_id, hash=""),
            hold.opening_id,
            tenant=tenant,
            code="act_too_late",
            done=lambda document: hold.act_id in document.get("unsettled", ()),
        )
