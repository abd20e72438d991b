"""What bookings do when told: a table of event type -> use case.

booking.*              the diary and the ledger follow the booking
booking.requested      one that its subscription no longer pays for ends
conduct.cleared        a no-show that was none: its minutes return
subscription.ended     what it would have paid for ends with it
door.opened            somebody came, by the door's own word
"""

from __future__ import annotations

from collections.abc import Mapping

from services.spaces.bookings.usecases import BookingDesk
from shared.clock import from_iso
from shared.events import city
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, both, each, once

#: Every fact after which the diary or the ledger may have to follow.
FOLLOWED = (
    said.BOOKING_REQUESTED,
    said.BOOKING_CONFIRMED,
    said.BOOKING_REFUSED,
    said.BOOKING_DISPLACED,
    said.BOOKING_CANCELLED,
    said.BOOKING_EXPIRED,
    said.BOOKING_MISSED,
    said.BOOKING_USED,
)


def reactions(desk: BookingDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    settle = once("booking_id", desk.settle)
    check = once("booking_id", desk.cancel_if_unpaid)
    return {
        **{contract.type: settle for contract in FOLLOWED},
        said.BOOKING_REQUESTED.type: both(check, settle),
        said.CONDUCT_CLEARED.type: each(lambda event: _cleared(desk, event)),
        said.SUBSCRIPTION_ENDED.type: once("subscription_id", desk.cancel_of_subscription),
        city.DOOR_OPENED.type: each(lambda event: _door(desk, event)),
    }


def _cleared(desk: BookingDesk, event: Event) -> None:
    booking_id = event.data["booking_id"]
    if booking_id is not None and event.data["how"] != "forgiven":
        desk.correct_missed(booking_id)


def _door(desk: BookingDesk, event: Event) -> None:
    data = event.data
    desk.check_in_by_door(data["booking_id"], data["space_id"], from_iso(data["opened_at"]), event.tenant)
