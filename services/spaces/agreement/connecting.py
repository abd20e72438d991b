"""A feed and its facility: the feed decides, the facility follows, and the diaries forget what it said.

Each step is one document and safe to repeat; the fact of the connection and the sweep finish what a crash left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.spaces.agreement.model import CONNECTED, HORIZON_DAYS, LEAVING, Feed
from services.spaces.agreement.reading import Reader
from services.spaces.diary.model import FEED
from shared.clock import kst_day


@dataclass(frozen=True)
class Connecting:
    """Brings feeds and facilities together."""

    reader: Reader

    def let_it_speak(self, feed_id: str) -> None:
        """Let the facility follow a feed that was connected; safe to repeat."""
        feed = self.reader.feeds.find(feed_id)
        if feed is None or feed.state != CONNECTED:
            return
        place = self.reader.places.place(feed.space_id)
        known = place.facility.admitted.get(feed.space_id)
        if known is None or known.feed_id is None or not self.is_connected(known.feed_id):
            self.reader.places.connect_feed(feed.space_id, feed_id)
        elif known.feed_id != feed_id:
            # Two were connected at once: the one that the facility knows stays.
            now = self.reader.clock.now()

            def decide(loser: Feed) -> dict[str, Any]:
                loser.disconnect(now)
                return {}

            self.reader.feeds.act(None, feed_id, decide)

    def leave(self, feed_id: str) -> None:
        """Take every entry of a feed out of the diaries, then note that it is gone; safe to repeat."""
        feed = self.reader.feeds.get(feed_id)
        if feed.state != LEAVING:
            return
        place = self.reader.places.place(feed.space_id)
        known = place.facility.admitted.get(feed.space_id)
        if known is not None and known.feed_id == feed_id:
            self.reader.places.connect_feed(feed.space_id, None)
        now = self.reader.clock.now()
        today = kst_day(now)
        days = [today + timedelta(days=ahead) for ahead in range(-1, HORIZON_DAYS + 1)]
        for diary in self.reader.diaries.of([feed.root_id], days).values():
            gone = [
                claim.id
                for claim in diary.claims.values()
                if claim.kind == FEED and claim.entry is not None and claim.entry.feed_id == feed_id
            ]
            if gone:
                self.reader.diary.agree(place.root, diary.day, (), gone)

        def decide(known: Feed) -> dict[str, Any]:
            known.left(now)
            return {}

        self.reader.feeds.act(None, feed_id, decide)

    def is_connected(self, feed_id: str) -> bool:
        """Return whether there is such a feed, and it is read."""
        feed = self.reader.feeds.find(feed_id)
        return feed is not None and feed.state == CONNECTED
