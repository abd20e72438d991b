"""Figures of proposals (공모 제안): from the districts to the city, by call. Pure."""

from __future__ import annotations

from services.statistics.model import Counted, Table
from shared.events.envelope import Event
from shared.events.placement import plans

#: How many were ``submitted``, ``withdrawn``, ``reviewed``, ``selected``, ``rejected``; each on its own day.
MEASURES = ("submitted", "withdrawn", "reviewed", *plans.OUTCOMES)


def _of_call(event: Event, measure: str) -> Counted:
    return Counted(event.data["day"], {measure: 1}, event.data["call_id"])


#: On one screen: which event counts towards what.
PROPOSALS = Table(
    about="proposals",
    measures=MEASURES,
    counts={
        plans.PROPOSAL_SUBMITTED.type: lambda event: _of_call(event, "submitted"),
        plans.PROPOSAL_WITHDRAWN.type: lambda event: _of_call(event, "withdrawn"),
        plans.PROPOSAL_REVIEWED.type: lambda event: _of_call(event, "reviewed"),
        plans.PROPOSAL_DECIDED.type: lambda event: _of_call(event, event.data["outcome"]),
    },
    ratios={},
    part="call",
)
