"""What participation does when told: a table of event type -> use case.

placement.selected    what the resident holds in the opening is settled, whichever attempt it is
placement.withdrawn   the place of this attempt is left at the instant of the event
"""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.participation.usecases import ParticipationDesk
from shared.events import placement as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each


def reactions(desk: ParticipationDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {
        said.PLACEMENT_SELECTED.type: each(lambda event: _selected(desk, event)),
        said.PLACEMENT_WITHDRAWN.type: each(lambda event: _withdrawn(desk, event)),
    }


def _selected(desk: ParticipationDesk, event: Event) -> None:
    desk.agree(event.data["resident_id"], event.data["opening_id"])


def _withdrawn(desk: ParticipationDesk, event: Event) -> None:
    key = f"{event.data['application_id']}:{event.data['attempt']}"
    desk.leave(event.data["resident_id"], key, event.time)
