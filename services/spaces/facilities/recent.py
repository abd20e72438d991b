"""Places read a moment ago, so that the acts on bookings don't read the same two documents again and again.

At most two seconds old by the clock. That is safe: what a stale place could get wrong about opening hours is checked
again where it counts, in the diary (``hours_version``), and a booking on what was closed meanwhile is displaced when
its confirmation is heard, by somebody who reads afresh.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from services.spaces.facilities.model import Place

#: By the clock.
GOOD_FOR = timedelta(seconds=2)
#: A few kilobytes each.
MOST_KEPT = 2_000


class RecentPlaces:
    """Places by space id, the longest unused forgotten first. Any thread may ask."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, Place]] = OrderedDict()
        self._lock = Lock()

    def find(self, space_id: str, now: datetime) -> Place | None:
        """Return the place, or None when it isn't known or no longer good."""
        with self._lock:
            found = self._kept.get(space_id)
            if found is None or not found[0] <= now < found[0] + GOOD_FOR:
                return None
            self._kept.move_to_end(space_id)
            return found[1]

    def keep(self, place: Place, read_at: datetime) -> None:
        """Remember a place as it was read; ``read_at`` is from before the reading."""
        with self._lock:
            self._kept[place.space.id] = (read_at, place)
            self._kept.move_to_end(place.space.id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def forget(self) -> None:
        """Forget all: something was changed here."""
        with self._lock:
            self._kept.clear()
