"""What other municipal systems tell us, each under its own prefix and broker user.

Only types that we know are bound to a queue; a publisher may send others at any time, and they are parked until
somebody teaches us what they mean (``./sipbun parked``).
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, InstantText, name_of_id, short


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

CONTRACTS = (HEAT_SHELTER_OPENED,)
