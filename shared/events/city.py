"""What other municipal systems tell us, each under its own prefix and broker user.

Only types that we know are bound to a queue; a publisher may send others at any time, and they are parked until
somebody teaches us what they mean (``./sipbun parked``).
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import PRINTABLE, Contract, InstantText, name_of_id, short, whole


class HeatShelterOpened(Schema):
    """A heat-wave shelter opened for an area."""

    shelter_id = name_of_id()
    district = short(20)
    opened_at = InstantText(required=True)
    level = fields.String(required=True, validate=validate.OneOf(["watch", "warning"]))


HEAT_SHELTER_OPENED = Contract(
    "muni1.shelter.opened",
    1,
    HeatShelterOpened,
    {"shelter_id": "쉼터-첨단2동", "district": "29200", "opened_at": "2026-07-22T12:00:00+09:00", "level": "warning"},
    prefix="kr",
)



class CalendarEntrySet(Schema):
    """A facility's own calendar has this entry now; ``sequence`` rises with every change of the same ``uid``.

    ``space_id`` is ours. ``busy`` False is an entry that keeps nobody out (RFC 5545 TRANSP).
    """

    space_id = name_of_id()
    uid = fields.String(required=True, validate=[validate.Length(min=1, max=400), PRINTABLE])
    sequence = whole(0)
    start = InstantText(required=True)
    end = InstantText(required=True)
    busy = fields.Boolean(required=True)


class CalendarEntryRemoved(Schema):
    """A facility's own calendar no longer has this entry."""

    space_id = name_of_id()
    uid = fields.String(required=True, validate=[validate.Length(min=1, max=400), PRINTABLE])
    sequence = whole(0)


class DoorOpened(Schema):
    """A room's door was opened with the pass of a booking."""

    space_id = name_of_id()
    booking_id = name_of_id()
    opened_at = InstantText(required=True)


CALENDAR_ENTRY_SET = Contract(
    "muni1.calendar_entry.set",
    1,
    CalendarEntrySet,
    {
        "space_id": "spc-은하수-모임방",
        "uid": "20261201-휴관",
        "sequence": 0,
        "start": "2026-12-01T11:00:00+09:00",
        "end": "2026-12-01T13:00:00+09:00",
        "busy": True,
    },
    prefix="kr",
)
CALENDAR_ENTRY_REMOVED = Contract(
    "muni1.calendar_entry.removed",
    1,
    CalendarEntryRemoved,
    {"space_id": "spc-은하수-모임방", "uid": "20261201-휴관", "sequence": 1},
    prefix="kr",
)
DOOR_OPENED = Contract(
    "muni1.door.opened",
    1,
    DoorOpened,
    {"space_id": "spc-은하수-모임방", "booking_id": "bkg-1", "opened_at": "2026-12-01T09:58:00+09:00"},
    prefix="kr",
)

CONTRACTS = (HEAT_SHELTER_OPENED, CALENDAR_ENTRY_SET, CALENDAR_ENTRY_REMOVED, DOOR_OPENED)
