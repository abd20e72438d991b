"""Figures of rooms: what facts of spaces count. Pure.

A booking counts on the KST day on which its span starts, and every fact about it names that same day: what a booking
that was taken back or given back had added leaves the day it was on, whenever that is heard. Minutes open come from
the count of each day that is over, and so does the share of them that was booked: days to come are in neither.
"""

from __future__ import annotations

from services.statistics.model import Counted, Sums, Table, quotient
from shared.events import spaces
from shared.events.envelope import Event

#: Minutes unless said otherwise. ``bookings`` (a number) and ``booked_minutes``: confirmed, less those displaced or
#: cancelled; a no-show stays booked. ``displaced`` and ``no_shows``: how many. ``occupied_minutes``: booked by
#: residents on days that are over, while it was open; ``idle_minutes``: open and not used by the facility itself.
MEASURES = (
    "bookings",
    "booked_minutes",
    "used_minutes",
    "no_shows",
    "displaced",
    "seats_taken",
    "seats_left",
    "open_minutes",
    "facility_minutes",
    "idle_minutes",
    "occupied_minutes",
)


def _of_booking(event: Event, **amounts: int) -> Counted:
    return Counted(event.data["day"], amounts, event.data["plan_id"] or "")


def _confirmed(event: Event) -> Counted:
    return _of_booking(event, bookings=1, booked_minutes=event.data["minutes"])


def _displaced(event: Event) -> Counted | None:
    # A request that was not confirmed yet was in no figure.
    if not event.data["was_confirmed"]:
        return None
    return _of_booking(event, bookings=-1, booked_minutes=-event.data["minutes"], displaced=1)


def _cancelled(event: Event) -> Counted | None:
    if not event.data["was_confirmed"]:
        return None
    return _of_booking(event, bookings=-1, booked_minutes=-event.data["minutes"])


def _used(event: Event) -> Counted:
    return _of_booking(event, used_minutes=event.data["minutes"])


def _missed(event: Event) -> Counted:
    return _of_booking(event, no_shows=1)


def _seat_taken(event: Event) -> Counted:
    return Counted(event.data["day"], {"seats_taken": 1}, event.data["plan_id"])


def _seat_left(event: Event) -> Counted:
    return Counted(event.data["day"], {"seats_left": 1}, event.data["plan_id"])


def _day_counted(event: Event) -> Counted:
    opened, facility = event.data["open_minutes"], event.data["facility_minutes"]
    return Counted(
        event.data["day"],
        {
            "open_minutes": opened,
            "facility_minutes": facility,
            # A facility may use its rooms, and lend its kits, while they are closed to others.
            "idle_minutes": max(0, opened - facility),
            "occupied_minutes": min(opened, event.data["booked_minutes"]),
        },
    )


def _occupancy(sums: Sums) -> float | None:
    """Return the share of the minutes open that residents had booked (가동률)."""
    return quotient(sums["occupied_minutes"], sums["open_minutes"])


def _idle_use(sums: Sums) -> float | None:
    """Return the share of the minutes that the facility left idle which residents had booked (유휴 시간 활용률)."""
    return quotient(sums["occupied_minutes"], sums["idle_minutes"])


#: On one screen: which event counts towards what.
ROOMS = Table(
    about="rooms",
    measures=MEASURES,
    counts={
        spaces.BOOKING_CONFIRMED.type: _confirmed,
        spaces.BOOKING_DISPLACED.type: _displaced,
        spaces.BOOKING_CANCELLED.type: _cancelled,
        spaces.BOOKING_USED.type: _used,
        spaces.BOOKING_MISSED.type: _missed,
        spaces.SEAT_TAKEN.type: _seat_taken,
        spaces.SEAT_LEFT.type: _seat_left,
        spaces.DAY_COUNTED.type: _day_counted,
    },
    ratios={"occupancy": _occupancy, "idle_use": _idle_use},
    part="plan",
)
