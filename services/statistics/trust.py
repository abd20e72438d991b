"""Figures of mutual evaluation (후기): how many, never what was said. Pure."""

from __future__ import annotations

from services.statistics.model import Counted, Table, counting, day_of
from shared.events.envelope import Event
from shared.events.placement import trust

#: ``opened``: placements whose two sides may speak; ``given_by_resident``, ``given_by_host``: words given;
#: ``revealed``: placements of which the words can be read. ``appeals``, and how many were upheld or rejected.
MEASURES = (
    "opened",
    "given_by_resident",
    "given_by_host",
    "revealed",
    "appeals",
    "appeals_upheld",
    "appeals_rejected",
)


def _given(event: Event) -> Counted:
    """``placement.evaluation.given``."""
    return Counted(day_of(event), {f"given_by_{event.data['by']}": 1})


def _answered(event: Event) -> Counted:
    """``placement.appeal.answered``."""
    return Counted(day_of(event), {f"appeals_{event.data['answer']}": 1})


#: On one screen: which event counts towards what; all on the KST day they happened.
TRUST = Table(
    about="trust",
    measures=MEASURES,
    counts={
        trust.EVALUATION_OPENED.type: counting(opened=1),
        trust.EVALUATION_GIVEN.type: _given,
        trust.EVALUATION_REVEALED.type: counting(revealed=1),
        trust.APPEAL_MADE.type: counting(appeals=1),
        trust.APPEAL_ANSWERED.type: _answered,
    },
    ratios={},
)
