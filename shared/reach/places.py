"""What is near a point: openings and spaces, by exact distance."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from shared.errors import Refused
from shared.geo import WALK_RADIUS, Point
from shared.reach import kernel
from shared.reach.grid import Entry, Grid, checked_radius, degrees, where

#: Places on one page at most.
LONGEST_PAGE = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = 2**63 - 1
_CURSOR = struct.Struct(">dQQ")
_ZERO = np.uint64(0)


@dataclass(frozen=True, slots=True)
class Place:
    """Something at a point: shown while ``at < ends`` (UTC; None: always), in its group (a tenant)."""

    id: str
    point: Point
    version: int
    ends: datetime | None = None
    group: str | None = None


#: A place's id and its distance in metres. A bare pair: making twenty named ones costs more than finding them.
Near = tuple[str, float]


class Nearby(NamedTuple):
    """One page of places, nearest first; how many there are in all; the cursor of the next page, None at the end."""

    places: list[Near]
    total: int
    cursor: str | None


class Places:
    """Places by distance from a point. ``prefix`` stands before the ULID in most ids, as ``"opn-"``."""

    def __init__(self, prefix: str = "opn-") -> None:
        self._grid = Grid(prefix)
        self._page = _Page(self._grid, 20)

    def __len__(self) -> int:
        """Return how many places there are, ended ones included."""
        return len(self._grid)

    @property
    def bytes(self) -> int:
        """Return the bytes of the index's arrays: all but what removed and unusually named items keep."""
        return self._grid.bytes

    def reserve(self, places: int) -> None:
        """Make room for this many places before a load."""
        self._grid.reserve(places)

    def tidy(self) -> None:
        """Order the memory after a load: same answers, faster; about 0.1 s per million."""
        self._grid.tidy()

    def put(self, places: Iterable[Place]) -> int:
        """Add or replace places; return how many were newer than what was known, older or equal ones are ignored.

        Raises ``Refused`` when an id, a version or a group cannot be held.
        """
        return self._grid.replace(map(self._entry, places))

    def _entry(self, place: Place) -> Entry:
        ends = _NEVER if place.ends is None else _microseconds(place.ends)
        return Entry(place.id, place.version, ((where(place.point), ends, 0, self._grid.group_number(place.group)),))

    def remove(self, place_id: str, version: int) -> bool:
        """Take a place out, known or not; an add of this version or an older one that comes later is ignored.

        Return False when what is known is as new.
        """
        return self._grid.remove(place_id, version)

    def version(self, place_id: str) -> int | None:
        """Return the newest version heard of, also of a removed place."""
        return self._grid.version(place_id)

    def point(self, place_id: str) -> Point | None:
        """Return where a place is."""
        return next((point for point, _, _ in self._grid.rows(place_id)), None)

    def nearby(
        self,
        point: Point,
        *,
        at: datetime,
        radius: float = WALK_RADIUS,
        limit: int = 20,
        cursor: str | None = None,
        group: str | None = None,
    ) -> Nearby:
        """Return the places within ``radius`` metres (inclusive) that have not ended, nearest first, ties by id.

        ``group`` None means every group. The next page starts behind the last place of this one, whatever was added or
        removed meanwhile. Raises ``Refused`` for a radius, limit or cursor that is out of range.
        """
        if not 0 < limit <= LONGEST_PAGE:
            raise Refused("out_of_range", field="limit", low=1, high=LONGEST_PAGE)
        grid = self._grid
        number = grid.known_group(group)
        if number is None:
            return Nearby([], 0, None)
        after = (-1.0, _ZERO, _ZERO) if cursor is None else _read(cursor)
        lat, lon = degrees(point)
        page = self._page
        if len(page.rows) != limit:
            page = self._page = _Page(grid, limit)
        found, total, left, last, digests = kernel.nearest(
            lat, lon, float(checked_radius(radius)), _microseconds(at), number, *after,
            page.rows, page.metres, page.names, grid.names.letters, page.letters,
            grid.hot, grid.ids, grid.side, grid.nxt, grid.cells, grid.ctable,
        )  # fmt: skip
        texts = grid.names.read(page.texts[:found], page.names, digests)
        near = list(zip(texts, page.metres[:found].tolist(), strict=True))
        if left <= found:
            return Nearby(near, total, None)
        return Nearby(near, total, _written(last, int(page.names[found - 1, 0]), int(page.names[found - 1, 1])))


class _Page:
    """Room for one page, kept from question to question."""

    def __init__(self, grid: Grid, limit: int) -> None:
        self.rows = np.empty(limit, np.int32)
        self.metres = np.empty(limit)
        self.names = np.empty((limit, 2), np.uint64)
        self.letters, self.texts = grid.names.paper(limit)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _written(haversine: float, hi: int, lo: int) -> str:
    return base64.urlsafe_b64encode(_CURSOR.pack(haversine, hi, lo)).decode("ascii")


def _read(cursor: str) -> tuple[float, np.uint64, np.uint64]:
    try:
        haversine, hi, lo = _CURSOR.unpack(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (binascii.Error, struct.error, ValueError) as error:
        raise Refused("bad_cursor", field="cursor") from error
    return haversine, np.uint64(hi), np.uint64(lo)
