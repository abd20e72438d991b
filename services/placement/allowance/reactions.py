"""What months of pay do when told: a table of event type -> use case."""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.allowance.paid_back import PaidBackDesk
from services.placement.allowance.usecases import AllowanceDesk
from shared.events.placement import participation, pay, work
from shared.messaging.core import Reaction, each


def reactions(desk: AllowanceDesk, paid_back: PaidBackDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        work.ATTENDANCE_SETTLED.type: desk.note_settled,
        work.ATTENDANCE_DISPUTED.type: each(desk.note_disputed),
        work.ATTENDANCE_DISPUTE_ANSWERED.type: each(desk.note_dispute_answered),
        participation.OVERLAPPED.type: each(desk.note_overlapped),
        pay.ALLOWANCE_PAID_BACK.type: each(paid_back.post),
    }
