"""How interests are reached: asked (RPC), due (timers), fed (the reach index)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.residents.interests import schemas
from services.residents.interests.index import ReachFeed, feed
from services.residents.interests.usecases import Interests
from services.residents.registry.schemas import Whose
from services.residents.registry.storage import residents
from services.residents.trail import trail
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due, fed
from shared.town import Town


@dataclass(frozen=True)
class Desk:
    """The acts, and what feeds their index."""

    interests: Interests
    feed: ReachFeed


def build(town: Town) -> Desk:
    """Return the acts on this process's ports; opens nothing."""
    database = town.database("residents")
    people = residents(database, clock=town.clock, serial=town.serial)
    index = feed(people, town.clock)
    records = trail(database, clock=town.clock, ids=town.ids)
    return Desk(Interests(residents=people, feed=index, trail=records, clock=town.clock), index)


class InterestsService:
    """What residents want to hear of, and whom a place concerns."""

    name = "residents_interests"
    desk = desk(build)

    @asked(schemas.SetInterest)
    def set(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Set an interest by area and topic."""
        return self.desk.interests.set(actor, **asked)

    @asked(schemas.RemoveInterest)
    def remove(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Let go of an interest."""
        return self.desk.interests.remove(actor, **asked)

    @asked(Whose)
    def list(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return a resident's interests."""
        return self.desk.interests.list(actor, **asked)

    @asked(schemas.Reach)
    def reach(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return a page of whom a place concerns, to a service."""
        return self.desk.interests.reach(actor, **asked)

    @due(every=5.0)
    def let_interests_end(self) -> int:
        """Let go of interests whose time is over."""
        return self.desk.interests.let_interests_end()

    @fed("residents.reach")
    def index(self) -> ReachFeed:
        """Return the feed of the reach index."""
        return self.desk.feed
