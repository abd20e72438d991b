"""What bookings ask of the waiting list: whether an offer is for whoever accepts it."""

from __future__ import annotations

from dataclasses import dataclass

from services.spaces.spans import Span
from services.spaces.waiting.model import OFFERED
from services.spaces.waiting.storage import Wishes
from shared.clock import Clock
from shared.errors import Refused


@dataclass(frozen=True)
class Offers:
    """What bookings ask of the waiting list."""

    wishes: Wishes
    clock: Clock

    def must_be_for(self, offer_id: str, resident_id: str, space_id: str, span: Span) -> None:
        """Raise ``Refused`` (``offer_not_yours``, ``offer_lapsed``) unless this offer keeps that span for them, now."""
        wish = self.wishes.find(offer_id)
        if wish is None or (wish.resident_id, wish.space_id, wish.span) != (resident_id, space_id, span):
            raise Refused("offer_not_yours", field="offer_id")
        if wish.state != OFFERED or wish.offer_until is None or self.clock.now() >= wish.offer_until:
            raise Refused("offer_lapsed", field="offer_id", state=wish.state)
