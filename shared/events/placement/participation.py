"""What a resident does in all programmes together: direct jobs (직접일자리) that turn out to overlap (중복참여)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, DayText, name_of_id, whole

#: Days named one by one.
MOST_DAYS = 366


class Overlapped(Schema):
    """Two direct jobs of a resident share ``days`` against the rules; what was paid for them is to be recovered.

    ``key`` (``application:attempt``) is the place to put right, ``other`` what it lies over: another place, or what
    another system told (``outside``). The pair's highest ``revision`` counts; ``count`` 0: they overlap no more.
    """

    resident_id = name_of_id()
    key = name_of_id()
    other = name_of_id()
    outside = fields.Boolean(required=True)
    programme_id = name_of_id()
    opening_id = name_of_id()
    #: The first of them, in order.
    days = fields.List(DayText(), required=True, validate=validate.Length(max=MOST_DAYS))
    count = whole(0)
    revision = whole(1)
    #: KST day on which it was noted.
    day = DayText(required=True)


OVERLAPPED = Contract(
    "placement.participation.overlapped",
    1,
    Overlapped,
    {
        "resident_id": "res-1",
        "key": "opn-은하수:res-1:1",
        "other": "outside:6f1c2a9b40d3e857",
        "outside": True,
        "programme_id": "gs-citizen-allowance",
        "opening_id": "opn-은하수",
        "days": ["2026-12-01", "2026-12-02"],
        "count": 2,
        "revision": 3,
        "day": "2026-12-10",
    },
)

CONTRACTS = (OVERLAPPED,)
