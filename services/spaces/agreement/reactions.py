"""What agreement does when told: a table of event type -> use case.

booking.*                   a booking and its entry differ: its calendar is read at once, not in five minutes
case.resolved               a booking that was kept is written into the calendar again
feed.connected              the facility lets the calendar speak for the space
feed.died                   residents with bookings in the next fortnight are told
calendar_entry.*            a facility's own system says what its calendar has
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.spaces.agreement.events.entries import Word
from services.spaces.agreement.usecases import AgreementDesk
from services.spaces.spans import Span
from shared.clock import from_iso
from shared.errors import Refused
from shared.events import city
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each


def reactions(desk: AgreementDesk) -> Mapping[str, Reaction]:
    """Return the table."""

    def look(events: Sequence[Event]) -> None:
        desk.look_for(str(event.data["booking_id"]) for event in events)

    return {
        said.BOOKING_REQUESTED.type: look,
        said.BOOKING_CONFIRMED.type: look,
        said.BOOKING_REFUSED.type: look,
        said.BOOKING_DISPLACED.type: look,
        said.BOOKING_CANCELLED.type: look,
        said.BOOKING_EXPIRED.type: look,
        said.BOOKING_MISSED.type: look,
        said.CASE_RESOLVED.type: each(lambda event: _resolved(desk, event)),
        said.FEED_CONNECTED.type: each(lambda event: desk.let_it_speak(event.data["feed_id"])),
        said.FEED_DIED.type: each(lambda event: desk.doubt_bookings(event.data["feed_id"])),
        city.CALENDAR_ENTRY_SET.type: each(lambda event: _hear(desk, event)),
        city.CALENDAR_ENTRY_REMOVED.type: each(lambda event: _hear(desk, event)),
    }


def _resolved(desk: AgreementDesk, event: Event) -> None:
    if event.data["resolution"] == "kept":
        desk.write_again(event.data["booking_id"])
    desk.look_for([event.data["booking_id"]])


def _hear(desk: AgreementDesk, event: Event) -> None:
    """Keep what a facility's system said; raise ``Refused`` for an entry that ends before it starts."""
    span = None
    if event.type == city.CALENDAR_ENTRY_SET.type:
        start, end = from_iso(event.data["start"]), from_iso(event.data["end"])
        if end <= start:
            raise Refused("span_empty", field="end")
        span = Span(start, end)
    word = Word(event.data["uid"], event.data["sequence"], span, bool(event.data.get("busy", False)))
    desk.hear(event.tenant, event.data["space_id"], word)
