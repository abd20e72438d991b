"""The one step that brings an application and its opening together. Pure.

The opening says who has a place and who is asked, the application follows. Safe in any order and any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.placement.openings.application import ENDED, PENDING, SELECTED, WAITING, WITHDRAWN, Application
from services.placement.openings.opening import Opening
from services.placement.openings.rules import CANCELLED, CLOSED, ENDS_WITH, FILLED, PLACE_LOST, SELECTING

#: What an application of an opening in this state ends with.
CLOSING_REASON = {FILLED: "filled", CLOSED: "closed", CANCELLED: "cancelled", SELECTING: "closed"}


@dataclass(frozen=True)
class Agreement:
    """What must be done so that an application and its opening agree: one thing at most."""

    note_selected: bool = False
    note_withdrawn: bool = False
    #: Every place is given; it waits, at its rank.
    waitlist: bool = False
    end: str | None = None
    #: The officer who ended it for the resident.
    by: str | None = None
    release_attempt: int | None = None
    #: The attempt whose offer must lapse, and why.
    lapse: tuple[int, str] | None = None
    #: The attempt whose lost offer or place is told and can be forgotten; then there may be another step.
    forget: int | None = None


def agreement(application: Application, opening: Opening, *, in_order: bool = True) -> Agreement:
    """Return the step that brings an application and its opening together; nothing to do is ``Agreement()``.

    ``in_order`` False: the candidates have an order in which this attempt is not: it came after it was made.
    """
    placement = opening.placement_of(application.resident_id)
    if placement is not None and placement.attempt < application.attempt:
        # Withdrawn and applied for again before the place was given back.
        return Agreement(release_attempt=placement.attempt)
    if placement is not None and placement.attempt == application.attempt:
        if application.state in (*WAITING, ENDED):
            # Ended: somebody answered it in the very moment in which a place was given. The opening decides.
            return Agreement(note_selected=True)
        if application.state == WITHDRAWN:
            return Agreement(release_attempt=placement.attempt)
        return Agreement()
    if application.state == SELECTED:
        return Agreement(note_withdrawn=True)
    offer = opening.offer_of(application.resident_id)
    if offer is not None and (offer.attempt < application.attempt or application.state == WITHDRAWN):
        return Agreement(lapse=(offer.attempt, "application_withdrawn"))
    if offer is not None:
        # Ended: an officer's answer crossed the offer, or the limits object since.
        return Agreement() if application.waits else Agreement(lapse=(offer.attempt, "not_allowed"))
    return _without_a_place(application, opening, in_order)


def _without_a_place(application: Application, opening: Opening, in_order: bool) -> Agreement:
    for lapse in opening.lapsed:
        if lapse.application_id == application.id:
            if lapse.attempt != application.attempt or not application.waits:
                return Agreement(forget=lapse.attempt)
            if lapse.reason == PLACE_LOST:
                return Agreement(note_withdrawn=True)
            return Agreement(end=ENDS_WITH[lapse.reason], by=lapse.by)
    if not application.waits or (opening.is_running and opening.state not in (FILLED, SELECTING)):
        return Agreement()
    if opening.state == SELECTING:
        return Agreement() if in_order else Agreement(end=CLOSING_REASON[SELECTING])
    if opening.state == FILLED and opening.terms.waitlist and in_order:
        return Agreement(waitlist=True) if application.state == PENDING else Agreement()
    return Agreement(end=CLOSING_REASON[opening.state])
