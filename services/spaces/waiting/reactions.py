"""What the waiting list does when told: a table of event type -> use case.

diary.freed         the first in line is offered what came free
booking.requested   whoever booked what they wished for waits no longer
offer.made          the claim of an offer is kept, whatever became of the offerer
wish.ended          the claim of an offer is given back, whatever became of whoever ended it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.spaces.spans import Span
from services.spaces.waiting.usecases import WaitingDesk
from shared.clock import from_iso
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each
from shared.trace import within


def reactions(desk: WaitingDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    settle = each(lambda event: desk.settle(event.data["wish_id"]))
    return {
        said.DIARY_FREED.type: lambda events: _freed(desk, events),
        said.BOOKING_REQUESTED.type: each(lambda event: _booked(desk, event)),
        said.OFFER_MADE.type: settle,
        said.WISH_ENDED.type: settle,
    }


def _freed(desk: WaitingDesk, events: Sequence[Event]) -> None:
    """Serve each root's day once, however much of it came free."""
    first: dict[tuple[str, str], Event] = {}
    for event in events:
        first.setdefault((event.data["root_id"], event.data["day"]), event)
    for (root_id, day), event in first.items():
        with within(event.traceparent):
            desk.serve(root_id, date.fromisoformat(day))


def _booked(desk: WaitingDesk, event: Event) -> None:
    data = event.data
    span = Span(from_iso(data["start"]), from_iso(data["end"]))
    desk.note_booked(event.tenant, data["resident_id"], data["space_id"], span)
