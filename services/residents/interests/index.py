"""The reach index of this process: residents by the areas they care for, kept fresh by a queue of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.residents.interests.model import topic_number
from services.residents.registry.model import Resident
from services.residents.registry.storage import Residents
from shared import reach
from shared.clock import Clock
from shared.messaging.eventfeed import EventFeed, version_of

ReachFeed = EventFeed[reach.Interest, reach.Interests]


def feed(residents: Residents, clock: Clock) -> ReachFeed:
    """Return the feed of an index of everybody with interests; it is empty until its queue is bound.

    Events say only who changed, so the documents are read again, a batch in one question.
    """

    def load() -> Iterator[reach.Interest]:
        for shelf in residents.with_interests():
            yield from map(on_the_map, shelf)

    def fetch(ids: Sequence[str]) -> Mapping[str, reach.Interest]:
        return {resident.id: on_the_map(resident) for resident in residents.for_reach(ids)}

    return EventFeed(
        reach.Feed(make=reach.Interests, load=load, fetch=fetch, breathe=lambda: clock.sleep(0)),
        lambda event: reach.Change(event.subject, version_of(event)),
        clock,
    )


def on_the_map(resident: Resident) -> reach.Interest:
    """Return a resident's areas; who has none is as good as not there."""
    return reach.Interest(
        resident=resident.id,
        version=resident.version,
        areas=tuple(
            reach.Area(interest.centre, reach.topics(*map(topic_number, interest.topics)), interest.radius)
            for interest in resident.interests
        ),
        group=resident.tenant,
    )
