"""What the limits may know of openings: who has a place, which place it is, and how a late act is made impossible."""

from __future__ import annotations

from dataclasses import dataclass

from services.placement.openings.storage import Openings
from services.placement.participation.wanted import Wanted
from shared.aggregate import Act
from shared.mongo.port import Document


@dataclass(frozen=True)
class OpeningsPlaces:
    """The openings as participation sees them."""

    openings: Openings

    def has_place(self, opening_id: str, resident_id: str, attempt: int) -> bool:
        """Return whether this attempt has a place now."""
        opening = self.openings.find(opening_id)
        placement = None if opening is None else opening.placement_of(resident_id)
        return placement is not None and placement.attempt == attempt

    def wanted_of(self, opening_id: str, resident_id: str) -> Wanted | None:
        """Return the place that the resident has now, as the limits look at it, or None."""
        opening = self.openings.find(opening_id)
        placement = None if opening is None else opening.placement_of(resident_id)
        if opening is None or placement is None:
            return None
        return opening.wanted(resident_id, placement.attempt, placement.selected_at)

    def make_impossible(self, *, act_id: str, opening_id: str, tenant: str) -> bool:
        """Put the act on its opening as refused, so that a sleeping actor's write fails; False when the act is done.

        An act so old that its id has left ``acts`` is recognised by the place that it gave.
        """

        def done(document: Document) -> bool:
            return any(placement.get("act_id") == act_id for placement in document.get("placements", ()))

        return self.openings.make_impossible(
            Act(act_id, hash=""), opening_id, tenant=tenant, code="act_too_late", done=done
        )
