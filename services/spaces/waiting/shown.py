"""What is told of a wish to those who may know it."""

from __future__ import annotations

from typing import Any

from services.spaces.waiting.model import OFFERED, Wish
from shared.clock import iso


def shown(wish: Wish) -> dict[str, Any]:
    """Return a wish, JSON-ready."""
    return {
        "wish_id": wish.id,
        "space_id": wish.space_id,
        "facility_id": wish.facility_id,
        "resident_id": wish.resident_id,
        "start": iso(wish.span.start),
        "end": iso(wish.span.end),
        "subscription_id": wish.subscription_id,
        "asked_at": iso(wish.asked_at),
        "state": wish.state,
        "round": wish.round,
        # What ``spaces_bookings.request`` accepts it by.
        "offer_id": wish.id if wish.state == OFFERED else None,
        "offer_until": None if wish.offer_until is None else iso(wish.offer_until),
    }
