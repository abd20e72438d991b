"""Figures of jobs: what facts of placement count. Pure."""

from __future__ import annotations

from services.statistics.model import Counted, Sums, Table, quotient
from shared.clock import kst_day
from shared.events import placement
from shared.events.envelope import Event

#: ``filled`` counts places; ``openings_filled`` counts how often an opening became full (once a round);
#: ``applications`` counts one for each resident and opening, withdrawn ones included.
MEASURES = ("places", "applications", "filled", "openings", "openings_filled")


def _published(event: Event) -> Counted:
    return Counted(event.data["day"], {"places": event.data["places"], "openings": 1})


def _cancelled(event: Event) -> Counted:
    return Counted(event.data["published_day"], {"places": -event.data["places"], "openings": -1})


def _submitted(event: Event) -> Counted | None:
    # Applying again after withdrawing is the same applicant.
    return Counted(event.data["day"], {"applications": 1}) if event.data["attempt"] == 1 else None


def _selected(event: Event) -> Counted:
    return Counted(event.data["day"], {"filled": 1})


def _withdrawn(event: Event) -> Counted:
    return Counted(event.data["selected_day"], {"filled": -1})


def _opening_filled(event: Event) -> Counted:
    return Counted(kst_day(event.time).isoformat(), {"openings_filled": 1})


def _competition(sums: Sums) -> float | None:
    """Return applications a place."""
    return quotient(sums["applications"], sums["places"])


#: On one screen: which event counts towards what.
JOBS = Table(
    about="jobs",
    measures=MEASURES,
    counts={
        placement.OPENING_PUBLISHED.type: _published,
        placement.OPENING_CANCELLED.type: _cancelled,
        placement.APPLICATION_SUBMITTED.type: _submitted,
        placement.PLACEMENT_SELECTED.type: _selected,
        placement.PLACEMENT_WITHDRAWN.type: _withdrawn,
        placement.OPENING_FILLED.type: _opening_filled,
    },
    ratios={"competition": _competition},
)
