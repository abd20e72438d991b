"""What conduct does when told: a table of event type -> use case.

booking.missed                  a strike, once a booking
booking.used, .checked_in       a good visit, once a booking
"""

from __future__ import annotations

from collections.abc import Mapping

from services.spaces.conduct.model import Strike, Visit
from services.spaces.conduct.usecases import ConductDesk
from shared.clock import from_iso
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each


def reactions(desk: ConductDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    came = each(lambda event: _came(desk, event))
    return {
        said.BOOKING_MISSED.type: each(lambda event: _missed(desk, event)),
        said.BOOKING_USED.type: came,
        said.BOOKING_CHECKED_IN.type: came,
    }


def _missed(desk: ConductDesk, event: Event) -> None:
    data = event.data
    strike = Strike(
        booking_id=data["booking_id"],
        space_id=data["space_id"],
        facility_id=data["facility_id"],
        district=data["district"],
        at=from_iso(data["start"]),
        struck_at=desk.clock.now(),
    )
    desk.note_missed(strike, event.tenant, data["resident_id"])


def _came(desk: ConductDesk, event: Event) -> None:
    data = event.data
    desk.note_visit(Visit(data["booking_id"], from_iso(data["start"])), event.tenant, data["resident_id"])
