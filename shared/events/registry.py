"""Every contract there is, by type. A type that is not here is unknown, and is parked by the broker.

Add an event in five steps: README.md beside this file.
"""

from __future__ import annotations

from shared.events import city, placement, residents, spaces
from shared.events.contract import Contract

CONTRACTS: dict[str, Contract] = {
    contract.type: contract for module in (placement, residents, spaces, city) for contract in module.CONTRACTS
}


def contract_of(event_type: str) -> Contract | None:
    """Return the contract of a type, or None."""
    return CONTRACTS.get(event_type)
