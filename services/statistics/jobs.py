"""Figures of jobs: what facts of openings count. Pure."""

from __future__ import annotations

from services.statistics.model import Counted, Sums, Table, counting, quotient
from shared.events import placement
from shared.events.envelope import Event

#: ``filled`` counts places; ``openings_filled`` counts how often an opening became full (once a round);
#: ``applications`` counts one for each resident and opening, withdrawn ones included. ``offers`` and
#: ``offers_lapsed``: places offered, and offers that came to nothing. ``waitlisted``: how often an application was put
#: on a waiting list. ``ranked``: how often the candidates of an opening were put in order, drawn ones included.
MEASURES = (
    "places",
    "applications",
    "filled",
    "openings",
    "openings_filled",
    "offers",
    "offers_lapsed",
    "waitlisted",
    "ranked",
)


def _published(event: Event) -> Counted:
    """``placement.opening.published``, on its day."""
    return Counted(event.data["day"], {"places": event.data["places"], "openings": 1})


def _cancelled(event: Event) -> Counted:
    """``placement.opening.cancelled``: leaves the day it was published."""
    return Counted(event.data["published_day"], {"places": -event.data["places"], "openings": -1})


def _submitted(event: Event) -> Counted | None:
    """``placement.application.submitted``; applying again after withdrawing is the same applicant."""
    return Counted(event.data["day"], {"applications": 1}) if event.data["attempt"] == 1 else None


def _selected(event: Event) -> Counted:
    """``placement.placement.selected``, on its day."""
    return Counted(event.data["day"], {"filled": 1})


def _withdrawn(event: Event) -> Counted:
    """``placement.placement.withdrawn``: leaves the day it was given."""
    return Counted(event.data["selected_day"], {"filled": -1})


def _competition(sums: Sums) -> float | None:
    """Return applications a place."""
    return quotient(sums["applications"], sums["places"])


#: On one screen: which event counts towards what. What has no day of its own counts on the KST day it happened.
JOBS = Table(
    about="jobs",
    measures=MEASURES,
    counts={
        placement.OPENING_PUBLISHED.type: _published,
        placement.OPENING_CANCELLED.type: _cancelled,
        placement.APPLICATION_SUBMITTED.type: _submitted,
        placement.PLACEMENT_SELECTED.type: _selected,
        placement.PLACEMENT_WITHDRAWN.type: _withdrawn,
        placement.OPENING_FILLED.type: counting(openings_filled=1),
        placement.OFFER_MADE.type: counting(offers=1),
        placement.OFFER_LAPSED.type: counting(offers_lapsed=1),
        placement.APPLICATION_WAITLISTED.type: counting(waitlisted=1),
        placement.OPENING_RANKED.type: counting(ranked=1),
    },
    ratios={"competition": _competition},
)
