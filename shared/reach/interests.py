"""Whom a point concerns: the residents whose area of interest holds it, in pages of distinct ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shared.errors import Refused
from shared.geo import WALK_RADIUS, Point
from shared.reach import kernel
from shared.reach.grid import Entry, Grid, Row, checked_radius, degrees, where
from shared.reach.names import halves

#: Topics are numbered 0 to 63 and travel as bits of one word.
TOPICS = 64

#: Residents on one page at most.
LONGEST_PAGE = 10_000

#: Areas a resident may have: home, work, a parent's home, and then some.
MOST_AREAS = 16

_WORD = 2**TOPICS


@dataclass(frozen=True, slots=True)
class Area:
    """A circle of whole metres around a point, and the topics (bits, see ``topics``) that matter there."""

    centre: Point
    topics: int
    radius: int = WALK_RADIUS


@dataclass(frozen=True, slots=True)
class Interest:
    """Everything that one resident wants to hear of: no area at all is as good as removed."""

    resident: str
    version: int
    areas: tuple[Area, ...]
    group: str | None = None


class Reached(NamedTuple):
    """One page of resident ids, each once, in rising order; the cursor of the next page, None at the end."""

    residents: list[str]
    cursor: str | None


def topics(*numbers: int) -> int:
    """Return topic numbers 0..63 as bits of one word, or raise ``Refused`` ``out_of_range``."""
    word = 0
    for number in numbers:
        if not 0 <= number < TOPICS:
            raise Refused("out_of_range", field="topic", low=0, high=TOPICS - 1)
        word |= 1 << number
    return word


class Interests:
    """Residents by the areas they care for, about 48 bytes an area with what names the resident."""

    def __init__(self, prefix: str = "res-") -> None:
        self._grid = Grid(prefix)
        self._found = np.empty((2, 4_096), np.uint64)
        self._page = _Page(self._grid, 1_000)

    def __len__(self) -> int:
        """Return how many areas there are."""
        return len(self._grid)

    @property
    def bytes(self) -> int:
        """Return the bytes of the index's arrays: all but what removed and unusually named items keep."""
        return self._grid.bytes

    def reserve(self, areas: int) -> None:
        """Make room for this many areas before a load."""
        self._grid.reserve(areas)

    def tidy(self) -> None:
        """Order the memory after a load: same answers, faster; about 0.1 s per million."""
        self._grid.tidy()

    def put(self, interests: Iterable[Interest]) -> int:
        """Add residents or replace all their areas; return how many were newer than what was known.

        Raises ``Refused`` when an id, version, radius, group, set of topics or number of areas cannot be held.
        """
        return self._grid.replace(map(self._entry, interests))

    def _entry(self, interest: Interest) -> Entry:
        if len(interest.areas) > MOST_AREAS:
            raise Refused("out_of_range", field="areas", low=0, high=MOST_AREAS)
        group = self._grid.group_number(interest.group)
        return Entry(interest.resident, interest.version, [_row(area, group) for area in interest.areas])

    def remove(self, resident: str, version: int) -> bool:
        """Take a resident out, known or not; older news of them that comes later is ignored.

        Return False when what is known is as new.
        """
        return self._grid.remove(resident, version)

    def version(self, resident: str) -> int | None:
        """Return the newest version heard of, also of a removed resident."""
        return self._grid.version(resident)

    def areas(self, resident: str) -> list[Area]:
        """Return a resident's areas, in no particular order."""
        return [
            Area(centre=point, topics=word % _WORD, radius=radius) for point, word, radius in self._grid.rows(resident)
        ]

    def reach(
        self,
        point: Point,
        topics: int,
        *,
        cursor: str | None = None,
        limit: int = 1_000,
        group: str | None = None,
    ) -> Reached:
        """Return residents with an area that holds the point (edge included) and shares a topic, in order of their id.

        The cursor is the last id of a page. A resident who did not change meanwhile is on exactly one page, whatever
        happened to the others, and also if another replica answers. ``group`` None means every group.
        """
        if not 0 < limit <= LONGEST_PAGE:
            raise Refused("out_of_range", field="limit", low=1, high=LONGEST_PAGE)
        grid = self._grid
        number = grid.known_group(group)
        if number is None:
            return Reached([], None)
        after = halves(0 if cursor is None else grid.names.pack(cursor))
        lat, lon = degrees(point)
        word = _signed(topics)
        page = self._page
        if len(page.names) != limit:
            page = self._page = _Page(grid, limit)
        while True:
            upper, lower = self._found
            count = kernel.covering(
                lat, lon, word, number, *after, upper, lower,
                grid.hot, grid.ids, grid.side, grid.nxt, grid.cells, grid.ctable, grid.state,
            )  # fmt: skip
            if count <= len(upper):
                break
            self._found = np.empty((2, count * 5 // 4), np.uint64)
        order = np.argsort(upper[:count])
        found, more, digests = kernel.distinct(upper, lower, order, page.names, grid.names.letters, page.letters)
        residents = grid.names.read(page.texts[:found], page.names, digests)
        return Reached(residents, residents[-1] if more else None)


class _Page:
    """Room for one page, kept from question to question."""

    def __init__(self, grid: Grid, limit: int) -> None:
        self.names = np.empty((limit, 2), np.uint64)
        self.letters, self.texts = grid.names.paper(limit)


def _row(area: Area, group: int) -> Row:
    return where(area.centre), _signed(area.topics), int(checked_radius(area.radius)), group


def _signed(word: int) -> int:
    if not 0 <= word < _WORD:
        raise Refused("out_of_range", field="topics", low=0, high=_WORD - 1)
    return word - (word >> 63 << 64)
