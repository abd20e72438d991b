"""Who comes into question near a point, and when each of them is free.

    index of points --> cards that meet the needs --> diaries, one question --> windows --> freshness, one question
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from services.spaces.diary.model import Claim, Diary
from services.spaces.facilities.model import OPEN, Place
from services.spaces.idle.ranking import Score
from services.spaces.idle.register import Card, Cards, Hours, SpacesFeed
from services.spaces.idle.windows import Stretch, Window, common, diary_ids, stretch, windows
from services.spaces.spans import Span
from shared.clock import Clock
from shared.geo import Point, distance_m

#: Spaces looked at for one question: the nearest.
MOST_LOOKED_AT = 1_000
#: Diaries read for one question.
MOST_DIARIES = 400
#: Spaces asked of the index at once.
_AT_ONCE = 200
#: Diaries read at once beyond those of a page: some rooms turn out to be taken.
_SPARE = 10

#: Points the other way round, millimetres, id: the best first, then the nearest.
Order = tuple[int, int, str]


class Diaries(Protocol):
    """Who has a space when."""

    def get_many(self, ids: Sequence[str]) -> Mapping[str, Diary]:
        """Return those of the diaries that there are, by id, in one question."""


class Read(Protocol):
    """How fresh our knowledge of a facility's calendar is."""

    @property
    def read_at(self) -> datetime | None:
        """When it was last read."""

    @property
    def fresh(self) -> bool:
        """Whether that is within the facility's budget."""


class Freshness(Protocol):
    """Agreement with facilities' calendars."""

    def freshness_of(self, places: Sequence[Place]) -> Mapping[str, Read]:
        """Return by space how fresh we are, in one question; spaces without a calendar to read are left out."""


@dataclass(frozen=True)
class Needs:
    """What a space must have to come into question."""

    capacity: int | None = None
    equipment: frozenset[str] = frozenset()
    accessibility: frozenset[str] = frozenset()
    kind: str | None = None
    mode: str | None = None
    #: False: only what is booked without a subscription.
    plan_needed: bool | None = None

    def are_met(self, place: Place) -> bool:
        """Return whether the place has all of it, and takes bookings."""
        space = place.space
        return (
            place.state == OPEN
            and space.capacity >= (self.capacity or 0)
            and self.equipment.issubset(space.equipment)
            and self.accessibility.issubset(space.accessibility)
            and self.kind in (None, space.kind)
            and self.mode in (None, space.mode)
            and self.plan_needed in (None, space.plan_needed)
        )


@dataclass(frozen=True)
class Found:
    """A space with its windows; the best first, and why."""

    card: Card
    metres: float
    windows: tuple[Window, ...]
    read: Read | None = None
    score: Score = field(default_factory=lambda: Score({}))

    @property
    def place(self) -> Place:
        """The space in its facility."""
        return self.card.place

    @property
    def order(self) -> Order:
        """The best first, then the nearest."""
        return -self.score.points, round(self.metres * 1000), self.place.space.id


Rank = Callable[[Found], Found]


@dataclass(frozen=True)
class Near:
    """The nearest spaces that meet the needs, with metres; how many are in reach, and how many were looked at."""

    cards: list[tuple[Card, float]]
    within: int
    looked_at: int


@dataclass(frozen=True)
class Search:
    """Looks around a point."""

    feed: SpacesFeed
    cards: Cards
    diaries: Diaries
    hours: Hours
    freshness: Freshness
    clock: Clock

    def candidates(
        self, point: Point, radius: float, tenant: str, needs: Needs, most: int
    ) -> Near:
        """Return the nearest spaces that meet the needs, at most ``most``."""
        found: list[tuple[Card, float]] = []
        cursor: str | None = None
        in_reach = looked_at = 0
        while True:
            near = self.feed.index.nearby(
                point, at=self.clock.now(), radius=radius, limit=_AT_ONCE, cursor=cursor, group=tenant
            )
            in_reach = in_reach or near.total
            cards = self.cards.of([space_id for space_id, _ in near.places])
            for space_id, _ in near.places:
                looked_at += 1
                card = cards.get(space_id)
                # Where it is now: the index may be a moment behind its document.
                metres = None if card is None else distance_m(point, card.place.space.point)
                if card is not None and metres is not None and metres <= radius and needs.are_met(card.place):
                    found.append((card, metres))
                    if len(found) == most:
                        return Near(found, in_reach, looked_at)
            cursor = near.cursor
            if cursor is None or looked_at >= MOST_LOOKED_AT:
                return Near(found, in_reach, looked_at)

    def idle(
        self, near: Iterable[tuple[Card, float]], asked: Span, now: datetime, minutes: int | None
    ) -> list[Found]:
        """Return those of the spaces that have a window; without those whose calendar nobody can vouch for."""
        opened = [(card, metres, self.opened(card, asked)) for card, metres in near]
        bounds = stretch(asked)
        wanted: set[str] = set()
        for card, _, hours in opened:
            wanted |= diary_ids(card.place.space, (part for one in hours if (part := common(one, bounds)) is not None))
        claims = self.claims(wanted)
        found = []
        for card, metres, hours in opened:
            free = windows(card.place, hours, of_root(claims, card.place), bounds, now=now, minutes=minutes)
            if free:
                found.append(Found(card, metres, free))
        read = self.read([one.place for one in found])
        told = [replace(one, read=read.get(one.place.space.id)) for one in found]
        return [one for one in told if not is_silent(one.place, one.read)]

    def best(
        self, near: Near, asked: Span, now: datetime, minutes: int | None, rank: Rank, behind: Order | None, most: int
    ) -> list[Found]:
        """Return the best ``most`` of the spaces with a window that come ``behind``, ranked, in order.

        Each is ranked first as if nobody had claimed it, which is the most it can be; then diaries are read from the
        best down, until nobody whose diary was not read can come before those that are told.
        """
        bounds = stretch(asked)
        hoped = []
        for card, metres in near.cards:
            free = windows(card.place, self.opened(card, asked), (), bounds, now=now, minutes=minutes)
            if free:
                hoped.append(rank(Found(card, metres, free)))
        hoped.sort(key=lambda one: one.order)
        found: list[Found] = []
        size = most + _SPARE
        for first in range(0, len(hoped), size):
            batch = ((one.card, one.metres) for one in hoped[first : first + size])
            ranked = (rank(one) for one in self.idle(batch, asked, now, minutes))
            found += [one for one in ranked if behind is None or one.order > behind]
            rest = hoped[first + size : first + size + 1]
            sure = [one for one in found if not rest or one.order < rest[0].order]
            if len(sure) >= most:
                found = sure
                break
        return sorted(found, key=lambda one: one.order)[:most]

    def opened(self, card: Card, asked: Span) -> tuple[Stretch, ...]:
        """Return when it is open on the KST days of ``asked``."""
        days = asked.days
        return card.open_stretches(self.hours, days[0], days[-1])

    def opened_spans(self, card: Card, asked: Span) -> tuple[Span, ...]:
        """Return the same as spans."""
        days = asked.days
        return card.open_spans(self.hours, days[0], days[-1])

    def claims(self, wanted: Iterable[str]) -> Mapping[str, list[Claim]]:
        """Return the claims of these diaries by their root."""
        ids = sorted(wanted)
        found: dict[str, list[Claim]] = {}
        for diary in (self.diaries.get_many(ids) if ids else {}).values():
            found.setdefault(diary.root_id, []).extend(diary.claims.values())
        return found

    def read(self, places: Sequence[Place]) -> Mapping[str, Read]:
        """Return by space how fresh we are, of those that have a calendar."""
        fed = [place for place in places if place.space.feed_id is not None]
        return self.freshness.freshness_of(fed) if fed else {}


def of_root(claims: Mapping[str, list[Claim]], place: Place) -> Sequence[Claim]:
    """Return the claims on the hall that a place is a part of, or is."""
    return claims.get(place.space.root_id, ())


def is_silent(place: Place, read: Read | None) -> bool:
    """Return whether nothing may be booked because its calendar was not read for too long."""
    return read is not None and not read.fresh and place.facility.policy.stale == "closed"
