"""What plans, ledgers and seats do when told: a table of event type -> use case.

plan.offered           the seat plan has the seats that the plan says
subscription.*         seat and ledgers follow the subscription
seat.taken | queued    the subscription learns of its seat; one that has ended meanwhile gives it back
quota.sealed           the next ledger opens, with what was carried
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.spaces.quota.usecases import QuotaDesk
from services.spaces.seats.usecases import SeatDesk
from shared.events import spaces as said
from shared.messaging.core import Reaction, both, once


class Desks(Protocol):
    """What the reactions work with."""

    @property
    def quota(self) -> QuotaDesk:
        """The ledgers."""

    @property
    def seats(self) -> SeatDesk:
        """The seats."""


def reactions(desks: Desks) -> Mapping[str, Reaction]:
    """Return the table."""
    agree = once("subscription_id", desks.seats.agree)
    open_first = once("subscription_id", desks.quota.open_first)
    follow = once("subscription_id", desks.quota.follow_all)
    return {
        said.PLAN_OFFERED.type: once("plan_id", desks.seats.follow),
        said.SUBSCRIPTION_STARTED.type: both(agree, open_first),
        said.SUBSCRIPTION_PAUSED.type: follow,
        said.SUBSCRIPTION_RESUMED.type: follow,
        said.SUBSCRIPTION_ENDED.type: both(agree, follow),
        said.SEAT_TAKEN.type: both(agree, open_first),
        said.SEAT_QUEUED.type: agree,
        said.QUOTA_SEALED.type: once("ledger_id", desks.quota.carry_on),
    }
