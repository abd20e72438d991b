"""Openings near a point: the index, how it is kept fresh, and the question it answers (ARCHITECTURE.md, "Near a point")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.placement.openings.model import OPEN
from services.placement.openings.storage import Openings
from services.placement.openings.usecases import shown
from shared.actors import Actor
from shared.clock import Clock
from shared.errors import Refused
from shared.geo import WALK_RADIUS, Point, walking_minutes
from shared.messaging.eventfeed import EventFeed, version_of
from shared.mongo.port import Document
from shared.pages import is_large
from shared.reach.feed import Change, Feed
from shared.reach.places import Place, Places

OpeningsFeed = EventFeed[Place, Places]

#: How a point was found. A device's own position needs the resident's location consent (위치정보법 제18조).
SOURCES = ("typed_address", "map", "device")
#: Metres. A wider circle is no walk.
WIDEST = 5_000


class Consents(Protocol):
    """Asks residents whether one of them consents to a purpose."""

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""


@dataclass(frozen=True)
class Nearby:
    """Open openings by distance. The point that is asked for is never stored."""

    openings: Openings
    feed: OpeningsFeed
    consents: Consents
    clock: Clock

    def find(
        self,
        actor: Actor,
        *,
        tenant: str,
        lat: float,
        lon: float,
        radius: int = WALK_RADIUS,
        limit: int = 20,
        cursor: str | None = None,
        source: str = "typed_address",
    ) -> dict[str, Any]:
        """Return ``{openings, cursor}``: nearest first, each with ``distance_m`` and ``walk_minutes``.

        Raises ``Refused``: ``location_consent_needed`` for a device's position without consent, ``out_of_range``.
        """
        point = Point(lat, lon)
        if source not in SOURCES:
            raise Refused("input_invalid", field="source", why=", ".join(SOURCES))
        if source == "device" and not (actor.is_any("resident") and self.consents.given(actor.subject, "location")):
            raise Refused("location_consent_needed", field="source")
        if not 1 <= radius <= WIDEST:
            raise Refused("out_of_range", field="radius", low=1, high=WIDEST)
        if not 1 <= limit <= 100:
            raise Refused("out_of_range", field="limit", low=1, high=100)
        page = self.feed.index.nearby(
            point, at=self.clock.now(), radius=radius, limit=limit, cursor=cursor, group=tenant
        )
        known = self.openings.get_many([place_id for place_id, _ in page.places])
        rows = []
        for place_id, metres in page.places:
            opening = known.get(place_id)
            if opening is not None and opening.state == OPEN:
                rows.append(
                    {
                        **shown(opening),
                        "distance_m": round(metres),
                        "walk_minutes": walking_minutes(metres),
                    }
                )
        if limit > 1 and is_large(rows):
            # Openings with many shifts: a shorter page, whose cursor stands where it ends.
            shorter: dict[str, Any] = {"tenant": tenant, "lat": lat, "lon": lon, "radius": radius, "cursor": cursor, "source": source}
            return self.find(actor, limit=limit // 2, **shorter)
        return {"openings": rows, "cursor": page.cursor}


def feed(openings: Openings, clock: Clock) -> OpeningsFeed:
    """Return the feed of an index of everything on the map; it is empty until its queue is bound."""

    def fetch(ids: Sequence[str]) -> Mapping[str, Place]:
        return {row["_id"]: on_the_map(row) for row in openings.map_fields(list(ids)) if row["state"] == OPEN}

    index: Feed[Place, Places] = Feed(
        make=lambda: Places(prefix="opn-"),
        load=lambda: map(on_the_map, openings.on_the_map()),
        fetch=fetch,
        breathe=lambda: clock.sleep(0),
    )
    return EventFeed(index, lambda event: Change(event.subject, version_of(event)), clock)


def on_the_map(document: Document) -> Place:
    """Return the place of an open opening."""
    place = document["place"]
    return Place(
        document["_id"], Point(place["lat"], place["lon"]), document["version"], document["ends"], document["tenant"]
    )
