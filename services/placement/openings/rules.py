"""Who may be given a place: the states of an opening, and the rules as named values. Pure: time comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from shared.clock import iso
from shared.errors import Refused

if TYPE_CHECKING:
    from services.placement.openings.application import Application
    from services.placement.openings.opening import Opening

OPEN, SELECTING, FILLED, CLOSED, CANCELLED = "open", "selecting", "filled", "closed", "cancelled"
#: States in which places may still be given.
RUNNING = (OPEN, SELECTING, FILLED)
#: What is kept of a place that was taken back, until its application has noted it.
PLACE_LOST = "place_lost"
#: Why an application ends whose offer came to nothing for that reason; for the others it ends, or ended, by itself.
ENDS_WITH = {"expired": "offer_expired", "declined": "offer_declined", "not_allowed": "not_allowed"}

SelectionRule = Callable[["Opening", "Application", datetime], Refused | None]


def opening_is_open(opening: Opening, _application: Application, _now: datetime) -> Refused | None:
    """Only an open opening gives places; a filled one says so, which is how a race for the last place ends."""
    if opening.state == OPEN:
        return None
    if opening.state == CLOSED:
        ended = {} if opening.ended_at is None else {"ended": iso(opening.ended_at)}
        return Refused("selection_has_ended", field="opening_id", state=opening.state, **ended)
    code = "no_place_left" if opening.state == FILLED else f"opening_is_{opening.state}"
    return Refused(code, field="opening_id", state=opening.state)


def nobody_is_chosen_by_hand(opening: Opening, _application: Application, _now: datetime) -> Refused | None:
    """Where candidates have an order, nobody is taken out of turn."""
    if not opening.terms.goes_in_order:
        return None
    return Refused("opening_goes_in_order", field="opening_id", mode=opening.terms.mode)


def place_is_left(opening: Opening, _application: Application, _now: datetime) -> Refused | None:
    """No opening is ever over-filled."""
    return None if opening.spare > 0 else Refused("no_place_left", field="opening_id")


def applicant_waits(opening: Opening, application: Application, _now: datetime) -> Refused | None:
    """Only an application that waits is answered."""
    if application.opening_id == opening.id and application.waits:
        return None
    return Refused("application_not_pending", field="resident_id", state=application.state)


def attempt_is_good(opening: Opening, application: Application, _now: datetime) -> Refused | None:
    """An attempt that lost its place, or let an offer lapse, never gets a place again."""
    lapse = opening.lapse_of(application.id, application.attempt)
    if lapse is None:
        return None
    code = "application_not_pending" if lapse.reason == PLACE_LOST else "offer_is_lost"
    return Refused(code, field="resident_id", state="withdrawn")


def applicant_has_no_place(opening: Opening, application: Application, _now: datetime) -> Refused | None:
    """One resident, one place."""
    if opening.placement_of(application.resident_id) is None:
        return None
    return Refused("already_selected", field="resident_id")


def work_is_not_over(opening: Opening, _application: Application, now: datetime) -> Refused | None:
    """Nobody is placed after the last shift."""
    if now < opening.terms.ends or opening.terms.rehearsal:
        return None
    return Refused("work_is_over", field="opening_id")


def offer_stands(opening: Opening, application: Application, now: datetime) -> Refused | None:
    """Only who was asked can confirm, and only in time."""
    offer = opening.offer_of(application.resident_id)
    if offer is None or offer.attempt != application.attempt:
        code = "offer_is_lost" if opening.lapse_of(application.id, application.attempt) else "no_such_offer"
        return Refused(code, field="application_id")
    if now >= offer.until:
        return Refused("offer_is_lost", field="application_id", until=iso(offer.until))
    return None


SELECTION_RULES: tuple[SelectionRule, ...] = (
    applicant_has_no_place,
    opening_is_open,
    nobody_is_chosen_by_hand,
    place_is_left,
    applicant_waits,
    attempt_is_good,
    work_is_not_over,
)
ACCEPTANCE_RULES: tuple[SelectionRule, ...] = (
    applicant_has_no_place,
    offer_stands,
    applicant_waits,
    work_is_not_over,
)


def selection_refused(opening: Opening, application: Application, now: datetime) -> Refused | None:
    """Return the first rule's objection to giving this applicant a place, or None."""
    return next((refused for rule in SELECTION_RULES if (refused := rule(opening, application, now))), None)


def acceptance_refused(opening: Opening, application: Application, now: datetime) -> Refused | None:
    """Return the first rule's objection to this applicant's confirming an offer, or None."""
    return next((refused for rule in ACCEPTANCE_RULES if (refused := rule(opening, application, now))), None)
