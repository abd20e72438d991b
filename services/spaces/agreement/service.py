"""How feeds are reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.spaces.agreement import schemas
from services.spaces.agreement.reactions import reactions
from services.spaces.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class AgreementService:
    """Facilities' own calendars: connected, read, and brought together with our bookings."""

    name = "spaces_agreement"
    rooms = desk(furnish)

    @asked(schemas.ConnectFeed)
    def connect_feed(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Connect a facility's calendar to a space."""
        return self.rooms.agreement.connect_feed(actor, **asked_for)

    @asked(schemas.ChangeFeed)
    def change_feed(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Change where a feed is, who we are there, or how often it is read."""
        return self.rooms.agreement.change_feed(actor, **asked_for)

    @asked(schemas.FeedAct)
    def disconnect_feed(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Read a feed no more."""
        return self.rooms.agreement.disconnect_feed(actor, **asked_for)

    @asked(schemas.OneFacility)
    def feeds(self, actor: Actor, *, facility_id: str) -> Mapping[str, Any]:
        """Return the feeds of a facility."""
        return self.rooms.agreement.feeds_of(actor, facility_id=facility_id)

    @asked(schemas.OneFeed)
    def status(self, actor: Actor, *, feed_id: str) -> Mapping[str, Any]:
        """Return how a feed is."""
        return self.rooms.agreement.status(actor, feed_id=feed_id)

    @asked(schemas.OneFeed)
    def reconcile_now(self, actor: Actor, *, feed_id: str) -> Mapping[str, Any]:
        """Read a feed now and return what was found."""
        return self.rooms.agreement.reconcile_now(actor, feed_id=feed_id)

    @told("spaces.agreement")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.agreement)

    @due(every=1.0)
    def sweep(self) -> bool:
        """Read the feeds that are due."""
        return self.rooms.agreement.sweep()

    @due(every=1.0)
    def sweep_beside(self) -> bool:
        """Read the feeds that are due, while another is being read; the lease keeps each to one reader."""
        return self.rooms.agreement.sweep()

    @due(every=1.0)
    def sweep_slow(self) -> bool:
        """Read the feeds that failed last time, apart from those that answer."""
        return self.rooms.agreement.sweep(slow=True)
