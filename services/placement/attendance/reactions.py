"""What attendance does when told: a table of event type -> use case.

placement.selected      a sheet for each shift of the place
placement.withdrawn     the sheets of shifts that had not begun are void
attendance.settled      the place's work is looked at again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.placement.attendance.followed import AttendanceFollower
from shared.clock import from_iso, start_of_kst_day
from shared.events import placement as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each
from shared.trace import within


def reactions(follower: AttendanceFollower) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        said.PLACEMENT_SELECTED.type: each(lambda event: _selected(follower, event)),
        said.PLACEMENT_WITHDRAWN.type: each(lambda event: _withdrawn(follower, event)),
        said.work.ATTENDANCE_SETTLED.type: _settled(follower),
    }


def _selected(follower: AttendanceFollower, event: Event) -> None:
    follower.note_selected(event.data["opening_id"], event.data["resident_id"])


def _withdrawn(follower: AttendanceFollower, event: Event) -> None:
    data = event.data
    selected_at = data.get("selected_at")
    follower.note_withdrawn(
        data["opening_id"],
        data["resident_id"],
        data["application_id"],
        data["attempt"],
        selected_at=(
            start_of_kst_day(date.fromisoformat(data["selected_day"]))
            if selected_at is None
            else from_iso(selected_at)
        ),
        withdrawn_at=event.time,
    )


def _settled(follower: AttendanceFollower) -> Reaction:
    """Return the reaction that looks at a place's work once for all of its shifts that a batch names."""

    def react(events: Sequence[Event]) -> None:
        last = {f"{event.data['application_id']}:{event.data['attempt']}": event for event in events}
        for placement, event in last.items():
            with within(event.traceparent):
                follower.follow_work(placement)

    return react
