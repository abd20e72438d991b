"""Giving a place: hold, act, settle (DECISIONS.md 3). The limits hold room for it, then the opening decides.

    limits.hold --> Opening write --> settled by reaction (placement.selected)
                         +--refused--> release_unless_done

Whoever dies or sleeps in between: the limits' sweeper first makes the act impossible (``OpeningsPlaces``), only then
does it release. A write that comes late is refused by the opening, or, once its id has left ``acts``, by the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.placement.openings.model import Application, Opening
from services.placement.openings.ports import Limits, Objection
from services.placement.openings.storage import Openings
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused

#: An act is given up that has not written so long after its hold; shorter than any hold stands.
GIVE_WITHIN = timedelta(seconds=45)

Decide = Callable[[Opening, datetime], dict[str, Any]]


class LimitsObject(Exception):
    """The limits refuse the applicant this place; ``refused`` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


@dataclass(frozen=True)
class Giving:
    """How every place is given, whoever gives it."""

    openings: Openings
    limits: Limits
    clock: Clock

    def objection(
        self, opening: Opening, resident_id: str, attempt: int, *, officer: str = ""
    ) -> Objection | None:
        """Return the limits' first objection to this place, or None; nothing is written. ``officer``: who is told."""
        wanted = replace(opening.wanted(resident_id, attempt, self.clock.now()), looked_by=officer)
        return next(iter(self.limits.quote(wanted).objections), None)

    def give(self, act: Act, application: Application, decide: Decide, *, officer: str = "") -> dict[str, Any]:
        """Hold room for the place, let ``decide`` give it, and return its outcome. ``officer``: who gives it, if anybody.

        Raises ``LimitsObject`` when there is no room, and ``Refused`` as the opening says; a repeat holds nothing.
        """
        opening, kept = self.openings.seen(application.opening_id, act)
        if kept is not None:
            return kept
        began = self.clock.now()
        decide(opening, began)
        wanted = replace(opening.wanted(application.resident_id, application.attempt, began), looked_by=officer)
        try:
            self.limits.hold(act_id=act.id, wanted=wanted)
        except Refused as refused:
            raise LimitsObject(refused) from refused

        def write(known: Opening) -> dict[str, Any]:
            now = self.clock.now()
            if now - began >= GIVE_WITHIN:
                raise Refused("act_too_late", field="act_id")
            return decide(known, now)

        try:
            return self.openings.act(act, opening.id, write)
        except Refused:
            self.limits.release_unless_done(
                act_id=act.id,
                wanted_key=wanted.key,
                resident_id=application.resident_id,
                opening_id=opening.id,
            )
            raise
