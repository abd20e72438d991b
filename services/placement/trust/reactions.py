"""What trust does when told.

attendance.settled     the record of the place takes the shift
placement.completed    the record is completed; both sides may evaluate each other
consent.withdrawn      of the service: what was written in people's own words is destroyed
"""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.trust.records import RecordDesk
from services.placement.trust.usecases import EvaluationDesk
from shared.events import residents
from shared.events.envelope import Event
from shared.events.placement import work
from shared.messaging.core import Reaction, both, each

#: Withdrawing this consent is leaving the town.
_LEAVING = "service"


def reactions(desk: EvaluationDesk, records: RecordDesk) -> Mapping[str, Reaction]:
    """Return the table."""

    def forget(withdrawn: Event) -> None:
        if withdrawn.data["purpose"] == _LEAVING:
            desk.forget_comments(withdrawn.data["resident_id"])

    return {
        work.ATTENDANCE_SETTLED.type: each(records.note_shift),
        work.PLACEMENT_COMPLETED.type: both(each(records.note_completed), each(desk.open)),
        residents.CONSENT_WITHDRAWN.type: each(forget),
    }
