"""The grid itself: rows in cells, found by id and by place, replaced one item at a time, newer versions only.

An *item* is one id with a version and any number of rows. This class owns the arrays that ``shared.reach.kernel``
describes, makes room in them, and remembers the versions of removed items. One index is used by one thread, or by the
green threads of one hub: no method yields half-way.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.errors import Refused
from shared.geo import Point
from shared.reach import kernel
from shared.reach.kernel import Arrays, Links
from shared.reach.names import Names, halves

#: Metres: the widest circle that the coarsest level can hold.
WIDEST = int(kernel.CELL) << (kernel.LEVELS - 1)

#: Removed ids whose version is remembered, oldest forgotten first. An older change that arrives after so many removals
#: does put its item back, until the page is checked against its documents.
GRAVES = 100_000

#: Items handed to the compiled part at a time.
BATCH = 2_048

_ROW_BYTES = 16 + 16 + 4 + 4
_VERSIONS = 2**32
_GROUPS = 2**16
_DEGREE = 10**7
_NOWHERE = np.empty(0, np.int32)

_Number = TypeVar("_Number", bound=np.generic)

#: where (two coordinates), word, radius in metres, number of the group
Row = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """An item on its way in; without rows it is as good as removed. A version that does not fit is ``Refused``."""

    name: str
    version: int
    rows: Sequence[Row]

    def __post_init__(self) -> None:
        _check_version(self.version)


class Grid:
    """Rows in cells. ``prefix`` is what stands before the ULID in most ids."""

    def __init__(self, prefix: str) -> None:
        self.names = Names(prefix)
        self.state = np.zeros(16, np.int64)
        self.hot = _room(0, 2, np.int64)
        self.ids = _room(0, 2, np.uint64)
        self.side = _room(0, 2, np.uint16)
        self.vers = _room(0, 1, np.uint32)
        self.nxt = _room(0, 1, np.int32)
        self.table = np.full(16, -1, np.int32)
        self.cells = _room(0, 3, np.int64)
        self.ctable = np.full(16, -1, np.int32)
        self._groups: dict[str, int] = {}
        self._graves: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.state[kernel.ROWS])

    def _arrays(self) -> Arrays:
        return Arrays(
            self.hot, self.ids, self.side, self.vers, self.nxt, self.table, self.cells, self.ctable, self.state
        )

    def reserve(self, rows: int) -> None:
        """Make room for this many rows in all, so that a load of known size grows nothing."""
        self._make_room(rows - len(self))

    def group_number(self, group: str | None) -> int:
        """Return the number of a group that rows are about to belong to; no group is number 0."""
        if group is None:
            return 0
        number = self._groups.setdefault(group, len(self._groups) + 1)
        if number >= _GROUPS:
            raise Refused("too_many_groups", field="group")
        return number

    def known_group(self, group: str | None) -> int | None:
        """Return the number of the group that is asked for: -1 for any, None when no row ever had it."""
        return -1 if group is None else self._groups.get(group)

    def replace(self, entries: Iterable[Entry]) -> int:
        """Put items in, each instead of its older version; return how many were newer than what was known."""
        done = 0
        batch: list[tuple[int, Entry]] = []
        for entry in entries:
            packed = self.names.pack(entry.name)
            if self._graves and self._graves.get(packed, -1) >= entry.version:
                continue
            if not entry.rows:
                done += self._replace(batch) + self.remove(entry.name, entry.version)
                batch = []
                continue
            batch.append((packed, entry))
            if len(batch) == BATCH:
                done += self._replace(batch)
                batch = []
        return done + self._replace(batch)

    def _replace(self, batch: list[tuple[int, Entry]]) -> int:
        if not batch:
            return 0
        for packed, entry in batch:
            self.names.remember(packed, entry.name)
            self._graves.pop(packed, None)
        halved = np.frombuffer(b"".join(packed.to_bytes(16, "big") for packed, _ in batch), ">u8")
        names = halved.astype(np.uint64).reshape(len(batch), 2)
        versions = np.array([entry.version for _, entry in batch], np.int64)
        ends = np.array(list(accumulate(len(entry.rows) for _, entry in batch)), np.int64)
        rows = np.array([row for _, entry in batch for row in entry.rows], np.int64)
        outcome = np.zeros(1, np.int64)
        start = 0
        while True:
            start = kernel.replace_from(start, names, versions, ends, rows, outcome, self._arrays())
            if start == len(batch):
                return int(outcome[0])
            self._make_room(len(batch[start][1].rows))

    def remove(self, name: str, version: int) -> bool:
        """Take an item out, and remember the version; return False when what is known is as new."""
        packed = self.names.pack(name)
        if self._version(packed) >= _check_version(version):
            return False
        kernel.erase(*halves(packed), self._arrays())
        self.names.forget(packed)
        self._graves.pop(packed, None)
        self._graves[packed] = version
        if len(self._graves) > GRAVES:
            del self._graves[next(iter(self._graves))]
        return True

    def version(self, name: str) -> int | None:
        """Return the newest version heard of, also of a removed item."""
        version = self._version(self.names.pack(name))
        return None if version < 0 else version

    def _version(self, packed: int) -> int:
        slot = kernel.find(self.ids, self.table, *halves(packed))
        return int(self.vers[self.table[slot]]) if slot >= 0 else self._graves.get(packed, -1)

    def rows(self, name: str) -> list[tuple[Point, int, int]]:
        """Return an item's rows: point, word, radius."""
        hi, lo = halves(self.names.pack(name))
        out = np.empty(kernel.rows_of(hi, lo, self.ids, self.table, _NOWHERE), np.int32)
        kernel.rows_of(hi, lo, self.ids, self.table, out)
        return [(_point(int(self.hot[row, 0])), int(self.hot[row, 1]), int(self.side[row, 0])) for row in out]

    @property
    def bytes(self) -> int:
        """Return the bytes in use of all arrays."""
        return int(
            self.state[kernel.BLOCKS_USED] * (kernel.BLOCK * _ROW_BYTES + self.nxt.itemsize)
            + self.table.nbytes
            + self.state[kernel.CELLS_USED] * self.cells.itemsize * 3
            + self.ctable.nbytes
        )

    def tidy(self) -> None:
        """Lay each cell's blocks side by side, neighbours next to each other, and give back blocks that lie idle.

        Answers stay the same; questions about 1e6 rows that were loaded in any order get about three times faster,
        since memory is read in sequence. Once after a load: it takes 0.1 to 0.3 s per 1e6 rows, and for that moment the
        memory of one array more.
        """
        used = int(self.state[kernel.CELLS_USED])
        blocks = len(self.nxt)
        if not blocks:
            return
        old, new = np.empty(blocks, np.int32), np.full(blocks, -1, np.int32)
        kept = kernel.lay_out(self.cells, np.argsort(self.cells[:used, 0]), self.nxt, old, new)
        old = old[:kept]
        following = self.nxt[old]
        room = kept + kept // 4
        self.nxt = _room(room, 1, np.int32)
        self.nxt[:kept] = np.where(following < 0, np.int32(-1), new[following])
        self.hot, self.ids = _rearranged(self.hot, old, room), _rearranged(self.ids, old, room)
        self.side, self.vers = _rearranged(self.side, old, room), _rearranged(self.vers, old, room)
        kernel.renumber(self.table, new)
        self.state[kernel.BLOCKS_USED] = kept
        self.state[kernel.FREE_BLOCKS] = 0

    def _make_room(self, wanted: int) -> None:
        """Make room for ``wanted`` rows more, wherever they fall.

        The arrays of rows grow by a half; what is not in use yet costs addresses, not memory. The id table, all of
        which is in use, is built anew a quarter larger: the longest pause of all.
        """
        state = self.state
        blocks, used = len(self.nxt), int(state[kernel.BLOCKS_USED])
        if int(state[kernel.FREE_BLOCKS]) + blocks - used < wanted:
            # Rows that come one by one may each open a block; many at once fill theirs, all but one per cell.
            more = wanted if wanted < BATCH else wanted // kernel.BLOCK + len(self.cells)
            blocks = max(blocks * 3 // 2, used + more, 64)
            self.nxt = _grown(self.nxt, used, blocks)
            rows, room = used * kernel.BLOCK, blocks * kernel.BLOCK
            self.hot, self.ids = _grown(self.hot, rows, room), _grown(self.ids, rows, room)
            self.side, self.vers = _grown(self.side, rows, room), _grown(self.vers, rows, room)
        cells = int(state[kernel.CELLS_USED])
        if cells + wanted > len(self.cells):
            room = max(cells * 5 // 4, cells + min(wanted, BATCH), 64)
            self.cells = _grown(self.cells, cells, room)
            self.ctable = np.full(room * 2, -1, np.int32)
            kernel.enter_all_cells(self.cells, self.ctable, cells)
        rows = len(self)
        if rows + wanted > len(self.table) * kernel.FULL:
            old = self.table
            self.table = _room(int(max(rows * 1.25, rows + wanted) / kernel.FULL) + 16, 1, np.int32)
            self.table[:] = -1
            kernel.enter_all(self.ids, self.table, old)


def _room(rows: int, columns: int, kind: type[_Number]) -> NDArray[_Number]:
    """Return a zeroed array in memory of its own, not the heap's: untouched pages cost nothing, dropped ones go back."""
    size = rows * columns * np.dtype(kind).itemsize
    memory = mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    array = np.frombuffer(memory, kind, rows * columns)
    return array if columns == 1 else array.reshape(rows, columns)


def _grown(rows: NDArray[_Number], used: int, room: int) -> NDArray[_Number]:
    """Return a larger array that starts with the used rows of this one."""
    wanted = _room(room, rows.shape[1] if rows.ndim > 1 else 1, rows.dtype.type)
    wanted[:used] = rows[:used]
    return wanted


def _rearranged(rows: NDArray[_Number], blocks: Links, room: int) -> NDArray[_Number]:
    """Return an array with room for so many blocks, that starts with these blocks of rows in this order."""
    wanted = _room(room * kernel.BLOCK, rows.shape[1] if rows.ndim > 1 else 1, rows.dtype.type)
    shape = (-1, kernel.BLOCK, *rows.shape[1:])
    np.take(rows.reshape(shape), blocks, axis=0, out=wanted.reshape(shape)[: len(blocks)], mode="clip")
    return wanted


def where(point: Point) -> int:
    """Return a point as two whole numbers of 1e-7 degrees in one."""
    lat, lon = degrees(point)
    return lat << 32 | lon & 0xFFFFFFFF


def degrees(point: Point) -> tuple[int, int]:
    """Return latitude and longitude in 1e-7 degrees."""
    return round(point.lat * _DEGREE), round(point.lon * _DEGREE)


def _check_version(version: int) -> int:
    """Return a version that fits, or raise ``Refused`` ``out_of_range``."""
    if not 0 <= version < _VERSIONS:
        raise Refused("out_of_range", field="version", low=0, high=_VERSIONS - 1)
    return version


def checked_radius(radius: float) -> float:
    """Return a radius in metres that the grid can answer for, or raise ``Refused`` ``out_of_range``."""
    if not 0 < radius <= WIDEST:
        raise Refused("out_of_range", field="radius", low=1, high=WIDEST)
    return radius


def _point(packed: int) -> Point:
    lon = packed & 0xFFFFFFFF
    return Point(lat=(packed >> 32) / _DEGREE, lon=(lon - (lon >> 31 << 32)) / _DEGREE)
