"""What openings do when told: a table of event type -> use case.

    application.*, placement.*      the application and its opening are brought together
    opening.filled|closed|cancelled the applications known so far are ended (the later ones: application.submitted)
    opening.*, placement.*          the budget counts the opening anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from services.placement.openings.usecases import OpeningDesk
from shared.events import placement as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction


def reactions(desk: OpeningDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    agree = _once("application_id", desk.agree)
    end_pending = _once("opening_id", desk.agree_all)
    settle = _once("opening_id", desk.budget.settle)
    give = _once("opening_id", desk.give_first_come)
    return {
        said.OPENING_PUBLISHED.type: settle,
        said.OPENING_FILLED.type: end_pending,
        said.OPENING_REOPENED.type: _both(give, settle),
        said.OPENING_CLOSED.type: _both(end_pending, settle),
        said.OPENING_CANCELLED.type: _both(end_pending, settle),
        said.APPLICATION_SUBMITTED.type: _both(agree, give),
        said.APPLICATION_SELECTED.type: agree,
        said.APPLICATION_WITHDRAWN.type: agree,
        said.APPLICATION_CLOSED.type: agree,
        said.PLACEMENT_SELECTED.type: _both(agree, settle),
        said.PLACEMENT_WITHDRAWN.type: _both(agree, settle),
    }


def _once(field: str, act: Callable[[str], None]) -> Reaction:
    """Return a reaction that acts once for each id that a batch names: the acts look at the state, not at the event."""

    def react(events: Sequence[Event]) -> None:
        for one in _named(field, events):
            act(one)

    return react


def _named(field: str, events: Sequence[Event]) -> Iterable[str]:
    return dict.fromkeys(str(event.data[field]) for event in events)


def _both(first: Reaction, second: Reaction) -> Reaction:
    def react(events: Sequence[Event]) -> None:
        first(events)
        second(events)

    return react
