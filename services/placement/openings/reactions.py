"""What openings do when told: a table of event type -> use case.

application.*, placement.*      the application and its opening are brought together
opening.filled|closed|cancelled the applications known so far are ended (the later ones: application.submitted)
opening.*, placement.*          the budget counts the opening anew
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.placement.openings.usecases import OpeningDesk
from shared.events import placement as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, each
from shared.trace import within


def reactions(desk: OpeningDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    agree = _once("application_id", desk.agree)
    end_pending = _once("opening_id", desk.agree_all)
    settle = _once("opening_id", desk.budget.settle)
    give = _once("opening_id", desk.give_first_come)
    return {
        said.OPENING_PUBLISHED.type: _both(_once("opening_id", desk.close_if_tenant_closed), settle),
        said.OPENING_FILLED.type: end_pending,
        said.OPENING_REOPENED.type: _both(give, settle),
        said.OPENING_CLOSED.type: _both(end_pending, settle),
        said.OPENING_CANCELLED.type: _both(end_pending, settle),
        said.APPLICATION_SUBMITTED.type: _both(agree, give),
        said.APPLICATION_SELECTED.type: agree,
        said.APPLICATION_WITHDRAWN.type: agree,
        said.APPLICATION_CLOSED.type: agree,
        said.PLACEMENT_SELECTED.type: _both(agree, settle),
        said.PLACEMENT_WITHDRAWN.type: _both(each(lambda event: _place_lost(desk, event)), _both(agree, settle)),
    }


def _place_lost(desk: OpeningDesk, event: Event) -> None:
    desk.note_place_lost(event.data["application_id"], event.data["attempt"])


def _once(field: str, act: Callable[[str], None]) -> Reaction:
    """Return a reaction that acts once for each id that a batch names: the acts look at the state, not at the event."""

    def react(events: Sequence[Event]) -> None:
        first = {str(event.data[field]): event for event in reversed(events)}
        for one in dict.fromkeys(str(event.data[field]) for event in events):
            with within(first[one].traceparent):
                act(one)

    return react


def _both(first: Reaction, second: Reaction) -> Reaction:
    def react(events: Sequence[Event]) -> None:
        first(events)
        second(events)

    return react
