"""What statistics does when told: queue ``statistics.archive`` hears every contract, and all are archived."""

from __future__ import annotations

from collections.abc import Mapping

from services.statistics.usecases import Statistics
from shared.events.registry import CONTRACTS
from shared.messaging.core import Reaction


def reactions(statistics: Statistics) -> Mapping[str, Reaction]:
    """Return the reaction to each type there is; each takes a whole batch."""
    return dict.fromkeys(CONTRACTS, statistics.keep)
