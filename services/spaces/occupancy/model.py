"""The tally of one root space: which day is counted next. Pure: no I/O, no clock; time comes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.spaces.diary.model import BOOKING, FEED, Claim
from services.spaces.spans import Span, minutes_of
from shared.aggregate import Aggregate
from shared.clock import start_of_kst_day
from shared.events import spaces as events

#: After midnight, so that who came late in the evening has been counted.
AFTER = timedelta(hours=1)


@dataclass(kw_only=True)
class Tally(Aggregate):
    """One space that is counted; its id is the space's. ``next_day`` is the KST day to be counted next."""

    facility_id: str
    root_id: str
    district: str
    programme_id: str
    next_day: date
    closed: bool = False

    @property
    def due(self) -> datetime | None:
        """When the next day can be counted."""
        return None if self.closed else start_of_kst_day(self.next_day + timedelta(days=1)) + AFTER

    def count(self, opened: Sequence[Span], claims: Iterable[Claim]) -> None:
        """Count the next day: what was open of it, and what was taken while it was open."""
        day = Span(start_of_kst_day(self.next_day), start_of_kst_day(self.next_day + timedelta(days=1)))
        known = list(claims)
        self.say(
            events.DAY_COUNTED.fact(
                space_id=self.id,
                facility_id=self.facility_id,
                root_id=self.root_id,
                district=self.district,
                programme_id=self.programme_id,
                day=self.next_day.isoformat(),
                open_minutes=minutes_of(_within(opened, day)),
                booked_minutes=minutes_of(_within((one.span for one in known if one.kind == BOOKING), day)),
                facility_minutes=minutes_of(_within((one.span for one in known if one.kind == FEED), day)),
            )
        )
        self.next_day += timedelta(days=1)

    def close(self) -> None:
        """Count no more days."""
        self.closed = True


def _within(spans: Iterable[Span], day: Span) -> list[Span]:
    return [common for span in spans if (common := span.common(day)) is not None]
