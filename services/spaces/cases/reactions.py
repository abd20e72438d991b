"""What cases do when told: a table of event type -> use case.

diary.overlapped                a case: the facility's own entry lies over a booking
hours.changed, *.closed         everything booked there is validated again
booking.requested, .confirmed   that one is validated against the hours as they are now; it may answer a case
booking.* (ended)               the case follows its booking
case.opened                     the booking follows its case: it is displaced now that its alternatives were told
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.spaces.cases.usecases import CaseDesk
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each, once

#: How a booking ends.
ENDED = (
    said.BOOKING_REFUSED,
    said.BOOKING_DISPLACED,
    said.BOOKING_CANCELLED,
    said.BOOKING_EXPIRED,
    said.BOOKING_MISSED,
    said.BOOKING_USED,
)


def reactions(desk: CaseDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        said.DIARY_OVERLAPPED.type: each(lambda event: _overlapped(desk, event)),
        said.HOURS_CHANGED.type: once("facility_id", desk.note_hours_changed),
        said.FACILITY_CLOSED.type: once("facility_id", desk.note_facility_closed),
        said.SPACE_CLOSED.type: once("space_id", desk.note_space_closed),
        said.BOOKING_REQUESTED.type: once("booking_id", desk.note_requested),
        said.BOOKING_CONFIRMED.type: once("booking_id", desk.validate),
        **{contract.type: once("booking_id", desk.note_ended) for contract in ENDED},
        said.CASE_OPENED.type: once("case_id", desk.advance),
    }


def _overlapped(desk: CaseDesk, event: Event) -> None:
    data = event.data
    desk.note_overlapped(data["root_id"], date.fromisoformat(data["day"]), data["entry_id"], data["booking_id"])
