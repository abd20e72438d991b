"""Counting days: each space's day once, after it is over. A space that takes all of its root is counted; parts are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.spaces.diary.model import Diary
from services.spaces.diary.storage import Diaries
from services.spaces.facilities.model import Place
from services.spaces.occupancy.model import Tally
from services.spaces.occupancy.storage import Tallies
from services.spaces.spans import Span
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import NotFound

#: Days counted in one sweep.
SWEPT_AT_ONCE = 50


class Places(Protocol):
    """Facilities and spaces."""

    def place(self, space_id: str) -> Place:
        """Return the space and its facility; raise ``NotFound``."""

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when it is open on these KST days."""


@dataclass(frozen=True)
class OccupancyDesk:
    """The acts on tallies."""

    tallies: Tallies
    diaries: Diaries
    places: Places
    clock: Clock

    def begin(self, space_id: str) -> None:
        """Count a root space's days from today on; safe to repeat."""
        try:
            space = self.places.place(space_id).space
        except NotFound:
            return
        if space.root_id != space.id or self.tallies.find(space_id) is not None:
            return
        tally = Tally(
            id=space.id,
            tenant=space.tenant,
            facility_id=space.facility_id,
            root_id=space.root_id,
            district=space.district,
            programme_id=space.programme_id,
            next_day=kst_day(self.clock.now()),
        )
        self.tallies.create(Act.own(f"begin:{space.id}", "begin"), tally, {})

    def end(self, space_id: str) -> None:
        """Count no more days of a closed space."""

        def decide(tally: Tally) -> dict[str, Any]:
            tally.close()
            return {}

        if self.tallies.find(space_id) is not None:
            self.tallies.act(None, space_id, decide)

    def count(self) -> bool:
        """Count the days that are over; return whether there may be more."""
        now = self.clock.now()
        overdue = self.tallies.overdue(now, SWEPT_AT_ONCE)
        for known in overdue:
            self._count_next(known)
        return len(overdue) == SWEPT_AT_ONCE

    def _count_next(self, known: Tally) -> None:
        """Count the next day of one space; when somebody else just did, nothing."""
        place = self.places.place(known.id)
        day = known.next_day
        opened = self.places.open_spans(place, day, day)
        diary = self.diaries.find(Diary.id_of(known.root_id, day))
        claims = [] if diary is None else list(diary.claims.values())

        def decide(tally: Tally) -> dict[str, Any]:
            if tally.next_day == day:
                tally.count(opened, claims)
            return {}

        self.tallies.act(None, known.id, decide)
