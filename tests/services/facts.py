"""Events as placement and others say them, for the services that hear them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.clock import from_iso
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.messaging.topology import source_root

#: A Sunday morning in Gwangsan.
MORNING = from_iso("2026-11-22T09:30:00+09:00")


def said(
    contract: Contract, event_id: str = "f-1", *, tenant: str = "광산구", at: datetime = MORNING, **told: Any
) -> Event:
    """Return the contract's sample as an event, with some of its data told otherwise."""
    fact = contract.fact(**{**contract.sample, **told})
    return Event(
        id=event_id,
        source=f"/{source_root(contract)}/tests",
        type=fact.type,
        subject="subject",
        tenant=tenant,
        time=at,
        sequence="0000000001.000",
        data=fact.data,
    )
