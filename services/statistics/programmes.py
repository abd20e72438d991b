"""Figures of programmes (사업): what was promised, and the money. Pure.

A target counts as the difference to what it replaces, so the sum through a day is the target of that day. A target that
nobody set, and money that nobody appropriated, are not known (자료 없음): that is not 0.
"""

from __future__ import annotations

from services.statistics.model import Counted, Table, counting
from shared.events.envelope import Event
from shared.events.placement import plans

#: ``target_*``: the target in force, a sum of differences. ``appropriated``, ``paid``, ``returned``: whole won.
#: ``agreements_signed``, ``agreements_ended``: how many.
MEASURES = (
    *(f"target_{measure}" for measure in plans.TARGET_MEASURES),
    "appropriated",
    "paid",
    "returned",
    "agreements_signed",
    "agreements_ended",
)


def _target_set(event: Event) -> Counted:
    """``placement.target.set``: value less what it was, on its day."""
    return Counted(event.data["day"], {f"target_{event.data['measure']}": event.data["value"] - event.data["was"]})


def _appropriated(event: Event) -> Counted:
    """``placement.budget.appropriated``; negative for 감액."""
    return Counted(event.data["day"], {"appropriated": event.data["won"]})


def _posted(event: Event) -> Counted:
    """``placement.budget.posted``: exactly once for each posting of a batch."""
    return Counted(event.data["day"], {"paid": event.data["paid"], "returned": event.data["returned"]})


#: On one screen: which event counts towards what.
PROGRAMMES = Table(
    about="programmes",
    measures=MEASURES,
    counts={
        plans.TARGET_SET.type: _target_set,
        plans.BUDGET_APPROPRIATED.type: _appropriated,
        plans.BUDGET_POSTED.type: _posted,
        plans.AGREEMENT_SIGNED.type: counting(agreements_signed=1),
        plans.AGREEMENT_ENDED.type: counting(agreements_ended=1),
    },
    ratios={},
    unsaid=frozenset({*(f"target_{measure}" for measure in plans.TARGET_MEASURES), "appropriated"}),
)
