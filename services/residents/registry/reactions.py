"""What the registry does when told."""

from __future__ import annotations

from collections.abc import Mapping

from services.residents.registry.usecases import Registry
from shared.events.residents import CONSENT_WITHDRAWN
from shared.messaging.core import Reaction, each


def reactions(registry: Registry) -> Mapping[str, Reaction]:
    """Return what is done, by the type heard on ``residents.withdrawals``."""
    return {CONSENT_WITHDRAWN.type: each(registry.forget_places)}
