"""What openings do when told: tables of event type -> use case.

application.*, placement.*      the application and its opening are brought together
opening.filled|closed|cancelled the applications known so far are ended (the later ones: application.submitted)
opening.*, placement.*          the budget counts the opening anew
offer.*, opening.ranked, and whatever frees a place: the next candidate is asked
attendance.settled, placement.completed|unworked   the place counts what it earned
"""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.openings.selection import SelectionDesk
from services.placement.openings.usecases import OpeningDesk
from shared.events import placement as said
from shared.events.envelope import Event
from shared.messaging.core import Reaction, both, each, once


def reactions(desk: OpeningDesk) -> Mapping[str, Reaction]:
    """Return the table of what follows for applications, money and the first to come."""
    agree = once("application_id", desk.agree)
    end_pending = once("opening_id", desk.agree_all)
    settle = once("opening_id", desk.budget.settle)
    give = once("opening_id", lambda opening_id: desk.again.look(opening_id, desk.give_first_come))
    return {
        said.OPENING_PUBLISHED.type: both(once("opening_id", desk.close_if_tenant_closed), settle),
        said.OPENING_FILLED.type: end_pending,
        said.OPENING_REOPENED.type: both(give, settle),
        said.OPENING_CLOSED.type: both(end_pending, settle),
        said.OPENING_CANCELLED.type: both(end_pending, settle),
        said.OPENING_RANKED.type: end_pending,
        said.OFFER_MADE.type: agree,
        said.OFFER_LAPSED.type: agree,
        said.APPLICATION_SUBMITTED.type: both(agree, give),
        said.APPLICATION_SELECTED.type: agree,
        said.APPLICATION_WAITLISTED.type: agree,
        said.APPLICATION_WITHDRAWN.type: agree,
        said.APPLICATION_CLOSED.type: agree,
        said.PLACEMENT_SELECTED.type: both(agree, settle),
        said.PLACEMENT_WITHDRAWN.type: both(each(lambda event: _place_lost(desk, event)), both(agree, settle)),
        said.work.ATTENDANCE_SETTLED.type: both(each(lambda event: _earned(desk, event)), settle),
        # Who leaves after what was worked is settled: only then are the shifts to come void, and all of it is known.
        said.work.PLACEMENT_COMPLETED.type: both(each(lambda event: _earned(desk, event)), settle),
        said.work.PLACEMENT_UNWORKED.type: both(each(lambda event: _earned(desk, event)), settle),
    }


def with_candidates(table: Mapping[str, Reaction], desk: SelectionDesk) -> Mapping[str, Reaction]:
    """Return the table with asking the next candidate, after everything else, wherever a place may have come free."""
    move_on = once("opening_id", lambda opening_id: desk.desk.again.look(opening_id, desk.move_on))
    freeing = (
        said.OPENING_RANKED,
        said.OPENING_REOPENED,
        said.OFFER_MADE,
        said.OFFER_LAPSED,
        said.APPLICATION_SUBMITTED,
        said.PLACEMENT_WITHDRAWN,
    )
    return {**table, **{contract.type: both(table[contract.type], move_on) for contract in freeing}}


def _place_lost(desk: OpeningDesk, event: Event) -> None:
    desk.note_place_lost(event.data["application_id"], event.data["attempt"])


def _earned(desk: OpeningDesk, event: Event) -> None:
    desk.note_earned(event.data["opening_id"], event.data["application_id"], event.data["attempt"])
