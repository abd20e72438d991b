"""What a subscription's people see of their minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.spaces.quota.model import QuotaLedger
from services.spaces.quota.usecases import FURTHEST, QuotaDesk
from shared.actors import Actor, must_be, must_be_self
from shared.clock import kst_day
from shared.errors import Refused
from shared.pages import after, checked_limit, page

#: Charges of one answer, which must cross the broker.
MOST_CHARGES = 200


@dataclass(frozen=True)
class StatementDesk:
    """Reading ledgers; nothing is opened by it."""

    quota: QuotaDesk

    def statement(
        self,
        actor: Actor,
        *,
        subscription_id: str,
        day: date | None = None,
        limit: int = MOST_CHARGES,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return the ledger of the cycle in which ``day`` (today) lies: balance, sums and charges, in minutes.

        For the owner, the members and officers. ``open`` is False for a cycle that nobody has needed yet.
        """
        checked_limit(limit, MOST_CHARGES)
        since = after(cursor, 1)
        subscription = self.quota.subscriptions.get(subscription_id)
        if actor.is_any("resident") and actor.subject in subscription.members:
            must_be(actor, "resident", tenant=subscription.tenant)
        else:
            must_be_self(
                actor,
                subscription.resident_id,
                tenant=subscription.tenant,
                or_roles=("officer",),
                district=subscription.district,
            )
        today = kst_day(self.quota.clock.now())
        wanted = max(day or today, subscription.first_day or subscription.started)
        if wanted > today + FURTHEST:
            raise Refused("too_far_ahead", field="day", days=FURTHEST.days)
        ledger_id = QuotaLedger.id_of(subscription_id, subscription.cycle_around(wanted))
        known = self.quota.ledgers.find(ledger_id)
        ledger = known or self.quota.fresh(ledger_id)
        rows = [
            {"booking_id": line.booking_id, "held": line.held, "consumed": line.consumed}
            for line in sorted(ledger.lines.values(), key=lambda line: line.booking_id)
            if line.minutes and (since is None or line.booking_id > since[0])
        ]
        charges, further = page(rows, limit, lambda row: (row["booking_id"],))
        return {**_shown(ledger), "open": known is not None, "charges": charges, "cursor": further}


def _shown(ledger: QuotaLedger) -> dict[str, Any]:
    return {
        "ledger_id": ledger.id,
        "subscription_id": ledger.subscription_id,
        "from": ledger.cycle.start.isoformat(),
        "until": ledger.cycle.until.isoformat(),
        "sealed": ledger.sealed,
        "balance": 0 if ledger.sealed else ledger.available,
        "included": ledger.included,
        "rollover_cap": ledger.rollover_cap,
        "granted": ledger.granted,
        "carried": ledger.carried,
        "returned": ledger.returned,
        "held": ledger.held,
        "consumed": ledger.consumed,
        "expired": ledger.expired,
        "carried_out": ledger.carried_out,
        "handed_out": ledger.handed_out,
    }
