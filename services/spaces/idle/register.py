"""Which spaces are near, and what each is like: an index of points and a cache of places, both in this process.

    points   fed by events (shared/reach/feed.py): it only says who comes into question
    places   kept as they were read, until something is said of them

Both may be a moment behind. That is safe: what can be booked is decided where it is booked, on what is true then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from services.spaces.facilities.model import OPEN, Facility, Place, Space
from services.spaces.idle.windows import Stretch, stretch
from services.spaces.spans import Span
from shared.aggregate import Aggregate
from shared.clock import Clock
from shared.events import spaces as said
from shared.events.envelope import Event
from shared.geo import Point
from shared.messaging.eventfeed import EventFeed, version_of
from shared.mongo.aggregates import Aggregates
from shared.mongo.port import Document
from shared.reach import places as reach
from shared.reach.feed import Change, Feed

A = TypeVar("A", bound=Aggregate)

#: What moves a point, or takes it away; of the facts that are heard, the others only make cards doubtful.
_MOVES = frozenset(contract.type for contract in (said.SPACE_OPENED, said.SPACE_CHANGED, said.SPACE_CLOSED))
#: How long a card is good though nothing was said of it.
GOOD_FOR = timedelta(minutes=1)
#: What the index of points reads of each space.
_MAP_FIELDS = ("version", "tenant", "state", "point")
#: Documents kept of each kind; some kilobytes each.
MOST_KEPT = 20_000
#: Answers about opening hours kept for one place.
MOST_HOURS = 32


class Hours(Protocol):
    """Opening hours with public holidays."""

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when a place is open on these KST days, both included."""


@dataclass
class Card:
    """A place as its documents are, and what was worked out of it."""

    place: Place
    opened: dict[tuple[date, date], tuple[Span, ...]] = field(default_factory=dict)
    stretches: dict[tuple[date, date], tuple[Stretch, ...]] = field(default_factory=dict)

    def open_spans(self, hours: Hours, first: date, last: date) -> tuple[Span, ...]:
        """Return when it is open on these KST days, in order; worked out once."""
        if (first, last) not in self.opened:
            if len(self.opened) >= MOST_HOURS:
                self.opened.clear()
                self.stretches.clear()
            self.opened[first, last] = spans = tuple(hours.open_spans(self.place, first, last))
            self.stretches[first, last] = tuple(map(stretch, spans))
        return self.opened[first, last]

    def open_stretches(self, hours: Hours, first: date, last: date) -> tuple[Stretch, ...]:
        """Return the same in milliseconds."""
        self.open_spans(hours, first, last)
        return self.stretches[first, last]


class Cards:
    """Cards by the id of their space.

    A card is good until something is said of its space or facility, and a minute at most: some things (a policy) are
    changed without a fact. Then two questions tell whether the documents are still in the version that was read, and
    two more read those that are not.
    """

    def __init__(self, spaces: Aggregates[Space], facilities: Aggregates[Facility], clock: Clock) -> None:
        self._spaces = _Kept(spaces, clock)
        self._facilities = _Kept(facilities, clock)
        self._cards: dict[str, Card] = {}

    def of(self, space_ids: Sequence[str]) -> dict[str, Card]:
        """Return the cards of those of the spaces that there are, in this order."""
        spaces = self._spaces.current(space_ids)
        facilities = self._facilities.current(list({space.facility_id for space in spaces.values()}))
        found = {}
        for space_id, space in spaces.items():
            facility = facilities.get(space.facility_id)
            if facility is not None:
                found[space_id] = self._card(space, facility)
        return found

    def doubt(self, aggregate_id: str | None = None) -> None:
        """Ask again before what is known of a space or a facility (None: of any) is used."""
        self._spaces.doubt(aggregate_id)
        self._facilities.doubt(aggregate_id)

    def _card(self, space: Space, facility: Facility) -> Card:
        known = self._cards.get(space.id)
        if (
            known is None
            or known.place.space.version != space.version
            or known.place.facility.version != facility.version
        ):
            if len(self._cards) >= MOST_KEPT:
                self._cards.clear()
            known = self._cards[space.id] = Card(Place.of(facility, space))
        return known


class _Kept(Generic[A]):
    """Aggregates as they were read, and until when they are good."""

    def __init__(self, stored: Aggregates[A], clock: Clock) -> None:
        self._stored = stored
        self._clock = clock
        self._known: dict[str, A] = {}
        self._good_until: dict[str, datetime] = {}
        self._doubts = 0

    def doubt(self, aggregate_id: str | None) -> None:
        self._doubts += 1
        if aggregate_id is None:
            self._good_until.clear()
        else:
            self._good_until.pop(aggregate_id, None)

    def current(self, ids: Sequence[str]) -> dict[str, A]:
        """Return those that there are."""
        now, never = self._clock.now(), datetime.min.replace(tzinfo=UTC)
        doubtful = [one for one in ids if not now < self._good_until.get(one, never) <= now + GOOD_FOR]
        if doubtful:
            self._check(doubtful, now)
        return {one: known for one in ids if (known := self._known.get(one)) is not None}

    def _check(self, ids: Sequence[str], now: datetime) -> None:
        doubts = self._doubts
        if len(self._known) + len(ids) > MOST_KEPT:
            self._known.clear()
            self._good_until.clear()
        old = [one for one in ids if one not in self._known]
        known = [one for one in ids if one in self._known]
        if known:
            rows = self._stored.collection.find({"_id": {"$in": known}}, ["version"])
            versions = {row["_id"]: row["version"] for row in rows}
            old += [one for one in known if self._version(one) < versions.get(one, 0)]
        for one, fresh in (self._stored.get_many(old) if old else {}).items():
            # Others may have read a newer one meanwhile.
            if self._version(one) < fresh.version:
                self._known[one] = fresh
        if doubts == self._doubts:
            # Nothing was said meanwhile: what was read is what that was said of, or newer.
            self._good_until.update(dict.fromkeys((one for one in ids if one in self._known), now + GOOD_FOR))

    def _version(self, one: str) -> int:
        known = self._known.get(one)
        return -1 if known is None else known.version


class SpacesFeed:
    """The index of points of every open space, and the cards' doubts: what ``@fed`` keeps up to date.

    Empty until its queue is bound. Facts of spaces move points; facts of facilities only make their cards doubtful.
    """

    def __init__(self, spaces: Aggregates[Space], cards: Cards, clock: Clock) -> None:
        self._cards = cards
        self._points = _points(spaces, clock)

    @property
    def index(self) -> reach.Places:
        """Return the index that was complete last; raise ``Unavailable`` before the first."""
        return self._points.index

    def opened(self) -> None:
        """Load everything; raise ``Unavailable`` when the database is away."""
        self._cards.doubt()
        self._points.opened()

    def told(self, events: Sequence[Event]) -> None:
        """Apply what is newer than what is known."""
        for event in events:
            self._cards.doubt(str(event.data["facility_id"]))
            self._cards.doubt(event.subject)
        self._points.told([event for event in events if event.type in _MOVES])

    def lost(self) -> None:
        """Note that something may have been missed."""
        self._cards.doubt()
        self._points.lost()

    def caught_up(self) -> bool:
        """Return whether the index holds everything that was told."""
        return self._points.caught_up()


def _points(spaces: Aggregates[Space], clock: Clock) -> EventFeed[reach.Place, reach.Places]:
    def fetch(ids: Sequence[str]) -> Mapping[str, reach.Place]:
        rows = spaces.collection.find({"_id": {"$in": list(ids)}, "tombstone": {"$exists": False}}, _MAP_FIELDS)
        return {row["_id"]: _on_the_map(row) for row in rows if row["state"] == OPEN}

    def load() -> Iterable[reach.Place]:
        return map(_on_the_map, spaces.collection.find({"state": OPEN}, _MAP_FIELDS))

    index: Feed[reach.Place, reach.Places] = Feed(
        make=lambda: reach.Places(prefix="spc-"), load=load, fetch=fetch, breathe=lambda: clock.sleep(0)
    )
    return EventFeed(index, lambda event: Change(event.subject, version_of(event)), clock)


def _on_the_map(document: Document) -> reach.Place:
    point: Mapping[str, Any] = document["point"]
    return reach.Place(
        document["_id"], Point(point["lat"], point["lon"]), document["version"], None, document["tenant"]
    )
