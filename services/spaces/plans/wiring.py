"""How the desks of plans, subscriptions, quota and seats stand on one town."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.spaces.plans.storage import plans, subscriptions
from services.spaces.plans.subscribing import SubscriptionDesk
from services.spaces.plans.usecases import PlanDesk
from services.spaces.quota.storage import ledgers
from services.spaces.quota.usecases import QuotaDesk
from services.spaces.seats.storage import seat_plans
from services.spaces.seats.usecases import SeatDesk
from shared.town import Town


@dataclass(frozen=True)
class Room:
    """Everything this service works with."""

    plans: PlanDesk
    subscriptions: SubscriptionDesk
    quota: QuotaDesk
    seats: SeatDesk


def build(town: Town) -> Room:
    """Put the use cases together; opens nothing."""
    database, clock = town.database("spaces"), town.clock
    ports: dict[str, Any] = {"clock": clock, "serial": town.serial}
    all_plans, all_subscriptions = plans(database, **ports), subscriptions(database, **ports)
    seats = SeatDesk(seat_plans(database, **ports), all_subscriptions, all_plans, clock)
    return Room(
        plans=PlanDesk(all_plans, seats, clock),
        subscriptions=SubscriptionDesk(all_subscriptions, all_plans, seats, clock),
        quota=QuotaDesk(ledgers(database, **ports), all_subscriptions, all_plans, clock),
        seats=seats,
    )


def prepare(town: Town) -> None:
    """Make the indexes."""
    room = build(town)
    for kept in (room.plans.plans, room.subscriptions.subscriptions, room.quota.ledgers, room.seats.seats):
        kept.prepare()
