"""What can be done about interests: set one, let one go, see one's own, and ask whom a place concerns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.residents.admission import admit
from services.residents.interests.model import an_interest, owner_of, topic_number
from services.residents.registry.model import Resident
from services.residents.trail import Trail
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, from_iso, iso
from shared.errors import Refused, Unavailable
from shared.geo import WALK_RADIUS, Point
from shared.reach import Reached, topics

#: Residents on one page at most: one message over the broker, one question to the database.
PAGE = 1_000
#: Residents whose ended interests are let go of in one sweep.
SWEEP = 100
Outcome = dict[str, Any]


class Residents(Protocol):
    """Everybody who registered."""

    def get(self, aggregate_id: str) -> Resident:
        """Return the resident; raise ``NotFound``."""

    def act(self, act: Act, aggregate_id: str, decide: Callable[[Resident], Outcome]) -> Outcome:
        """Change a resident once."""

    def for_reach(self, ids: Sequence[str]) -> list[Resident]:
        """Return those residents."""

    def with_interests_over(self, now: datetime, most: int) -> list[Resident]:
        """Return residents with an interest that has ended and is still there."""


class Reachable(Protocol):
    """Residents by the areas they care for."""

    def reach(
        self, point: Point, topics: int, *, cursor: str | None = None, limit: int = PAGE, group: str | None = None
    ) -> Reached:
        """Return one page of distinct resident ids."""


class ReachFeed(Protocol):
    """What keeps the index fresh."""

    @property
    def index(self) -> Reachable:
        """Return the index."""

    def caught_up(self) -> bool:
        """Return whether the index holds everything that was told."""


@dataclass(frozen=True)
class Interests:
    """The acts. Each may be repeated with its ``act_id``."""

    residents: Residents
    feed: ReachFeed
    trail: Trail
    clock: Clock

    def set(
        self,
        actor: Actor,
        *,
        act_id: str,
        resident_id: str,
        interest_id: str,
        lat: float,
        lon: float,
        radius: int = WALK_RADIUS,
        topics: Sequence[str] = ("jobs",),
        until: str | None = None,
    ) -> Outcome:
        """Keep an interest, new or instead of the one with its id; needs the consents location and news_near_me."""
        interest = an_interest(
            resident_id=resident_id,
            interest_id=interest_id,
            centre=Point(lat, lon),
            radius=radius,
            topics=topics,
            until=None if until is None else from_iso(until),
        )
        if interest.is_over(self.clock.now()):
            raise Refused("already_over", field="until")
        resident = admit(self.residents, self.trail, actor, resident_id, "set_interest")
        resident.set_interest(interest)  # on this copy only: what is refused is not recorded as collected
        self.trail.collects(act_id, resident_id, kind="interest", tenant=resident.tenant)

        def decide(resident: Resident) -> Outcome:
            resident.set_interest(interest)
            return {"resident_id": resident_id, "interest_id": interest_id}

        act = Act.of(
            act_id,
            "set_interest",
            interest_id=interest_id,
            sealed=resident.sealed(lat=interest.centre.lat, lon=interest.centre.lon, radius=radius),
            topics=list(interest.topics),
            until=until,
        )
        return self.residents.act(act, resident_id, decide)

    def remove(self, actor: Actor, *, act_id: str, interest_id: str) -> Outcome:
        """Let go of an interest; one that is not there is gone already."""
        resident_id = owner_of(interest_id)
        admit(self.residents, self.trail, actor, resident_id, "remove_interest")

        def decide(resident: Resident) -> Outcome:
            resident.remove_interest(interest_id)
            return {"resident_id": resident_id, "interest_id": interest_id}

        return self.residents.act(Act.of(act_id, "remove_interest", interest_id=interest_id), resident_id, decide)

    def list(self, actor: Actor, *, resident_id: str) -> Outcome:
        """Return a resident's interests, to themselves, to staff of their tenant, or to a service."""
        resident = admit(self.residents, self.trail, actor, resident_id, "list_interests")
        return {
            "interests": [
                {
                    "interest_id": interest.id,
                    "lat": interest.centre.lat,
                    "lon": interest.centre.lon,
                    "radius": interest.radius,
                    "topics": list(interest.topics),
                    "until": None if interest.until is None else iso(interest.until),
                }
                for interest in resident.interests
            ]
        }

    def reach(
        self,
        actor: Actor,
        *,
        tenant: str,
        lat: float,
        lon: float,
        topic: str,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Outcome:
        """Return ``{"resident_ids", "cursor"}`` to a service: one page of whom a place concerns, each resident once.

        The index proposes and the documents decide: who withdrew a consent or moved on is not on the page, however
        late the index hears of it. A page may hold fewer than ``limit``; the last one has no cursor. Raises
        ``Unavailable`` while the index loads.
        """
        must_be(actor, "service")
        point = Point(lat, lon)
        wanted = topics(topic_number(topic))
        if not self.feed.caught_up():
            raise Unavailable("residents.reach: the index is loading")
        page = self.feed.index.reach(point, wanted, cursor=cursor, limit=limit, group=tenant)
        now = self.clock.now()
        concerned = {
            resident.id
            for resident in self.residents.for_reach(page.residents)
            if resident.tenant == tenant and resident.hears_of(point, topic, now)
        }
        resident_ids = [resident_id for resident_id in page.residents if resident_id in concerned]
        self.trail.uses(resident_ids, kind=topic, tenant=tenant, receiver=actor.subject)
        return {"resident_ids": resident_ids, "cursor": page.cursor}

    def let_interests_end(self) -> int:
        """Let go of interests whose time is over; return how many residents had one."""
        now = self.clock.now()
        overdue = self.residents.with_interests_over(now, SWEEP)
        for resident in overdue:

            def decide(resident: Resident) -> Outcome:
                resident.let_interests_end(now)
                return {}

            self.residents.act(Act.of(f"end-interests-{iso(now)}", "end_interests"), resident.id, decide)
        return len(overdue)
