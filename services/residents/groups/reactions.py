"""What target groups do when told: count without naming, take back, and destroy what was withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from services.residents.groups.usecases import GroupDesk
from shared.events import placement
from shared.events.placement import work
from shared.events.residents import CONSENT_WITHDRAWN
from shared.messaging.core import Reaction, each


def reactions(desk: GroupDesk) -> Mapping[str, Reaction]:
    """Return what is done, by the type heard on ``residents.groups``."""
    return {
        placement.APPLICATION_SUBMITTED.type: each(desk.count_application),
        placement.PLACEMENT_SELECTED.type: each(desk.count_placed),
        placement.PLACEMENT_WITHDRAWN.type: each(desk.take_back_place),
        work.PLACEMENT_COMPLETED.type: each(desk.count_completed),
        CONSENT_WITHDRAWN.type: each(desk.forget),
    }
