"""What months of pay do when told: a table of event type -> use case."""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.allowance.usecases import AllowanceDesk
from shared.events.placement import participation, work
from shared.messaging.core import Reaction, each


def reactions(desk: AllowanceDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        work.ATTENDANCE_SETTLED.type: desk.note_settled,
        participation.OVERLAPPED.type: each(desk.note_overlapped),
    }
