"""Puts the idle desk together out of the other subjects' rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.spaces.facilities.model import Place
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.idle.register import Cards, SpacesFeed
from services.spaces.idle.search import Diaries, Freshness, Read, Search
from services.spaces.idle.usecases import Consents, IdleDesk
from shared.clock import Clock
from shared.town import Town


class Vouching(Protocol):
    """Agreement with facilities' calendars, asked for one place."""

    def freshness(self, place: Place) -> Read | None:
        """Return how fresh we are, or None where there is no calendar to read."""


@dataclass(frozen=True)
class OneByOne:
    """Asks once for each calendar, however many spaces it speaks for."""

    vouching: Vouching

    def freshness_of(self, places: Sequence[Place]) -> Mapping[str, Read]:
        """Return by space how fresh we are."""
        by_feed = {place.space.feed_id: place for place in places}
        known = {feed_id: self.vouching.freshness(place) for feed_id, place in by_feed.items()}
        return {
            place.space.id: read for place in places if (read := known[place.space.feed_id]) is not None
        }


@dataclass(frozen=True)
class AskResidents:
    """Asks the residents service about a consent."""

    town: Town

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""
        answer = self.town.ask.call(
            "residents_registry",
            "consented",
            token=self.town.service_token("spaces"),
            resident_id=resident_id,
            purpose=purpose,
        )
        return bool(answer["given"])


def idle_desk(
    facilities: FacilityDesk, diaries: Diaries, freshness: Freshness, consents: Consents, clock: Clock
) -> IdleDesk:
    """Return the desk, with an index of its own that is empty until it is fed."""
    cards = Cards(facilities.spaces, facilities.facilities, clock)
    search = Search(
        feed=SpacesFeed(facilities.spaces, cards, clock),
        cards=cards,
        diaries=diaries,
        hours=facilities,
        freshness=freshness,
        clock=clock,
    )
    return IdleDesk(search, consents, clock)
