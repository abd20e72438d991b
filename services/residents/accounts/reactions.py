"""What accounts do when told."""

from __future__ import annotations

from collections.abc import Mapping

from services.residents.accounts.usecases import AccountDesk
from shared.events.residents import CONSENT_WITHDRAWN
from shared.messaging.core import Reaction, each


def reactions(desk: AccountDesk) -> Mapping[str, Reaction]:
    """Return what is done, by the type heard on ``residents.accounts``."""
    return {CONSENT_WITHDRAWN.type: each(desk.forget)}
