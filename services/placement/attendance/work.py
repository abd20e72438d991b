"""The work of one place: whether all its shifts are settled, and what they come to. Pure.

It follows its sheets: looked at again at any time, in any order, it says ``placement.completed`` once a revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.placement.attendance.card import SETTLED, VOID
from services.placement.attendance.model import Sheet
from services.placement.wages.pay import Earned, won_for
from shared.aggregate import Aggregate
from shared.events.placement import work as events


def is_complete(sheets: Sequence[Sheet], shifts: int) -> bool:
    """Return whether every shift has its sheet, and none is still to be settled."""
    return len(sheets) >= shifts > 0 and all(sheet.state in (SETTLED, VOID) for sheet in sheets)


def earned(sheets: Sequence[Sheet], shifts: int) -> Earned | None:
    """Return what a place has earned, or None until all its shifts are settled."""
    if not is_complete(sheets, shifts):
        return None
    return Earned(sum(won_for(sheet.minutes, sheet.hourly_won) for sheet in sheets), revision_of(sheets))


def revision_of(sheets: Sequence[Sheet]) -> int:
    """Return how often its sheets were settled, in all: it only ever rises."""
    return sum(len(sheet.revisions) for sheet in sheets)


@dataclass(kw_only=True)
class Work(Aggregate):
    """One place's work; its id is the place's, ``application:attempt``. ``revision``: the last that was looked at."""

    minutes: int = 0
    shifts_worked: int = 0
    revision: int = 0
    #: Whether it was ever said to be completed.
    told: bool = False

    def follow(self, sheets: Sequence[Sheet]) -> None:
        """Look at the sheets: all done, and something new since: say whether any was worked."""
        revision = revision_of(sheets)
        if not sheets or not is_complete(sheets, sheets[0].shifts) or revision <= self.revision:
            return
        worked = [sheet for sheet in sheets if sheet.minutes > 0]
        self.minutes, self.shifts_worked = sum(sheet.minutes for sheet in worked), len(worked)
        self.revision = revision
        one = (worked or sheets)[0]
        named = {
            "opening_id": one.opening_id,
            "programme_id": one.programme_id,
            "district": one.district,
            "resident_id": one.resident_id,
            "application_id": one.application_id,
            "attempt": one.attempt,
            "shifts": one.shifts,
            "revision": revision,
        }
        if not worked:
            self.say(events.PLACEMENT_UNWORKED.fact(**named))
            return
        self.say(
            events.PLACEMENT_COMPLETED.fact(
                **named,
                minutes=self.minutes,
                shifts_worked=self.shifts_worked,
                day=max(sheet.planned.day for sheet in worked).isoformat(),
                again=self.told,
            )
        )
        self.told = True
