"""The compiled part of the grid: plain loops over plain arrays, turned into machine code by numba.

Why compiled: a question touches a few hundred to a few thousand rows in about ten cells. With numpy each step costs a
microsecond before it touches a row, and twenty steps cost more than the whole question may.

The arrays, all owned by ``shared.reach.grid.Grid``. A *row* is one point with what belongs to it:

    hot    int64 [rows, 2]   latitude << 32 | longitude, both in 1e-7 degrees; and a word whose meaning is the index's own
    ids    uint64 [rows, 2]  the id that the row belongs to, packed in 128 bits (shared.reach.names)
    side   uint16 [rows, 2]  radius in metres; number of the group
    vers   uint32 [rows]     version of the item when the row was written

    cell --> block -> block -> block     rows lie in blocks of BLOCK; only a cell's first block is partly filled,
             [r r . .] [r r r r] ...     and its spare rows are the room for live updates

    cells  int64 [cells, 3]  key, first block or -1, number of rows
    nxt    int32 [blocks]    the next block of the same cell (or of the free list)
    table  int32 [slots]     open addressing by id -> row; an id with three areas stands there three times
    ctable int32 [slots]     open addressing by cell key -> cell
    state  int64 [16]        counters, see below

Adding appends to the cell's first block; removing moves the cell's last row into the hole. Nothing is ever sorted or
merged: an update is a handful of writes, most of its 30 microseconds are the Python around it. The only long pause is a
larger id table, about 0.1 s at 1e6 rows, once for each quarter more.

Cells are squares of 700 m x 2^level on rings of latitude; each ring has a whole number of cells, so the grid closes at
the 180th meridian and at the poles without a special case. A row with a radius lies on the first level whose cells are
at least as wide as it: a question looks at each level with that level's own radius.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from shared.geo import EARTH_RADIUS

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Links = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Versions = NDArray[np.uint32]
Floats = NDArray[np.float64]
Letters = NDArray[np.uint32]
F = TypeVar("F", bound=Callable[..., Any])

#: Rows a block. More makes a sparse country waste rows, fewer makes a question follow more links. Eight points with
#: their words fill two cache lines.
BLOCK = 8

#: Metres: width of a cell on level 0, the common walking radius.
CELL = 700.0

#: Levels 0 to 5: radii up to 700 x 2^5 = 22,400 m.
LEVELS = 6

#: Share of the id table that may be taken before it grows; linear probing gets slow beyond.
FULL = 0.85

# Where the counters are in ``state``.
BLOCKS_USED, FREE_BLOCK, FREE_BLOCKS, CELLS_USED, ROWS, ROWS_OF_LEVEL = 0, 1, 2, 3, 4, 8

#: Crockford's base 32, as code points.
CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALPHABET = np.frombuffer(CROCKFORD, np.uint8).astype(np.uint32)

_RADIAN = math.pi / 180
_UNIT = _RADIAN * 1e-7
_HALF_TURN = 1_800_000_000
_LOW = np.uint64(0xFFFFFFFF)
_MIX_A, _MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_32, _29 = np.uint64(32), np.uint64(29)


class Arrays(NamedTuple):
    """Everything that an update touches; a question takes the few that it reads, which is two microseconds cheaper."""

    hot: Ints
    ids: Words
    side: Shorts
    vers: Versions
    nxt: Links
    table: Links
    cells: Ints
    ctable: Links
    state: Ints


def compiled(function: F) -> F:
    """Compile on the first call, and keep the machine code beside the module (or in NUMBA_CACHE_DIR)."""
    return cast(F, njit(cache=True)(function))


@compiled
def home(hi: np.uint64, lo: np.uint64, slots: int) -> int:
    """Return the slot where the search for a key starts."""
    mixed = hi * _MIX_B ^ (lo + _MIX_A) * _MIX_A
    mixed = (mixed ^ (mixed >> _32)) * _MIX_B
    mixed = mixed ^ (mixed >> _29)
    return np.int64(((mixed >> _32) * np.uint64(slots)) >> _32)


@compiled
def find(ids: Words, table: Links, hi: np.uint64, lo: np.uint64) -> int:
    """Return the first slot that holds a row of this id, or -1."""
    slots = len(table)
    slot = home(hi, lo, slots)
    while table[slot] >= 0:
        row = table[slot]
        if ids[row, 0] == hi and ids[row, 1] == lo:
            return slot
        slot += 1
        if slot == slots:
            slot = 0
    return -1


@compiled
def link(ids: Words, table: Links, row: int) -> None:
    """Enter a row into the table; there is room."""
    slots = len(table)
    slot = home(ids[row, 0], ids[row, 1], slots)
    while table[slot] >= 0:
        slot += 1
        if slot == slots:
            slot = 0
    table[slot] = row


@compiled
def slot_of(ids: Words, table: Links, row: int) -> int:
    """Return the slot that holds exactly this row."""
    slots = len(table)
    slot = home(ids[row, 0], ids[row, 1], slots)
    while table[slot] != row:
        slot += 1
        if slot == slots:
            slot = 0
    return slot


@compiled
def unlink(ids: Words, table: Links, slot: int) -> None:
    """Empty a slot and close the gap, so that no search stops too early; rows still hold their ids."""
    slots = len(table)
    ahead = slot
    while True:
        ahead += 1
        if ahead == slots:
            ahead = 0
        row = table[ahead]
        if row < 0:
            break
        start = home(ids[row, 0], ids[row, 1], slots)
        if slot <= ahead:
            stays = slot < start <= ahead
        else:
            stays = start > slot or start <= ahead
        if not stays:
            table[slot] = row
            slot = ahead
    table[slot] = -1


@compiled
def enter_all(ids: Words, table: Links, old: Links) -> None:
    """Enter every row of an old table into a new, empty one."""
    for slot in range(len(old)):
        if old[slot] >= 0:
            link(ids, table, old[slot])


@compiled
def level_of(radius: int) -> int:
    """Return the first level whose cells are at least as wide as the radius."""
    level = 0
    while CELL * (1 << level) < radius:
        level += 1
    return level


@compiled
def ring_cells(ring: int, height: float) -> int:
    """Return how many cells a ring has: none narrower than it is high, measured on its edge nearer to a pole."""
    south = ring * height - 90.0
    edge = max(abs(south), abs(south + height))
    if edge >= 90.0:
        return 1
    return max(1, int(360.0 * math.cos(edge * _RADIAN) / height))


@compiled
def cell_key(level: int, ring: int, column: int) -> int:
    """Return the cell's key; column counts eastwards from the 180th meridian and may have gone around."""
    return (level << 48) | (ring << 24) | column


@compiled
def key_of(lat: int, lon: int, radius: int) -> int:
    """Return the key of the cell in which a row lies."""
    level = level_of(radius)
    height = CELL * (1 << level) / EARTH_RADIUS / _RADIAN
    ring = int((lat * 1e-7 + 90.0) / height)
    count = ring_cells(ring, height)
    return cell_key(level, ring, int((lon * 1e-7 + 180.0) / 360.0 * count) % count)


@compiled
def find_cell(cells: Ints, ctable: Links, key: int) -> int:
    """Return the number of the cell with this key, or -1 - the free slot where it belongs."""
    slots = len(ctable)
    slot = home(np.uint64(key), np.uint64(0), slots)
    while ctable[slot] >= 0:
        if cells[ctable[slot], 0] == key:
            return ctable[slot]
        slot += 1
        if slot == slots:
            slot = 0
    return -1 - slot


@compiled
def enter_all_cells(cells: Ints, ctable: Links, used: int) -> None:
    """Enter every cell into a new, empty table."""
    for cell in range(used):
        ctable[-1 - find_cell(cells, ctable, cells[cell, 0])] = cell


@compiled
def take_out(row: int, g: Arrays) -> None:
    """Remove one row that is no longer in the table: the cell's last row moves into its place."""
    hot, ids, side, vers, nxt, table, cells, ctable, state = g
    where = hot[row, 0]
    radius = np.int64(side[row, 0])
    cell = find_cell(cells, ctable, key_of(where >> 32, (where << 32) >> 32, radius))
    block = cells[cell, 1]
    last = block * BLOCK + (cells[cell, 2] - 1) % BLOCK
    if last != row:
        table[slot_of(ids, table, last)] = row
        hot[row, 0] = hot[last, 0]
        hot[row, 1] = hot[last, 1]
        ids[row, 0] = ids[last, 0]
        ids[row, 1] = ids[last, 1]
        side[row, 0] = side[last, 0]
        side[row, 1] = side[last, 1]
        vers[row] = vers[last]
    cells[cell, 2] -= 1
    if cells[cell, 2] % BLOCK == 0:
        cells[cell, 1] = nxt[block]
        nxt[block] = state[FREE_BLOCK]
        state[FREE_BLOCK] = block
        state[FREE_BLOCKS] += 1
    state[ROWS] -= 1
    state[ROWS_OF_LEVEL + level_of(radius)] -= 1


@compiled
def erase(hi: np.uint64, lo: np.uint64, g: Arrays) -> int:
    """Remove every row of an id; return how many there were."""
    ids, table = g.ids, g.table
    erased = 0
    slot = find(ids, table, hi, lo)
    while slot >= 0:
        row = table[slot]
        unlink(ids, table, slot)
        take_out(row, g)
        erased += 1
        slot = find(ids, table, hi, lo)
    return erased


@compiled
def put_in(areas: Ints, area: int, hi: np.uint64, lo: np.uint64, version: int, g: Arrays) -> None:
    """Add one row of ``areas``; there is room."""
    hot, ids, side, vers, nxt, table, cells, ctable, state = g
    where, radius = areas[area, 0], areas[area, 2]
    key = key_of(where >> 32, (where << 32) >> 32, radius)
    cell = find_cell(cells, ctable, key)
    if cell < 0:
        slot = -1 - cell
        cell = state[CELLS_USED]
        state[CELLS_USED] += 1
        ctable[slot] = cell
        cells[cell, 0] = key
        cells[cell, 1] = -1
        cells[cell, 2] = 0
    filled = cells[cell, 2] % BLOCK
    if filled == 0:
        if state[FREE_BLOCKS] > 0:
            block = state[FREE_BLOCK]
            state[FREE_BLOCK] = nxt[block]
            state[FREE_BLOCKS] -= 1
        else:
            block = state[BLOCKS_USED]
            state[BLOCKS_USED] += 1
        nxt[block] = cells[cell, 1]
        cells[cell, 1] = block
    row = cells[cell, 1] * BLOCK + filled
    cells[cell, 2] += 1
    hot[row, 0] = where
    hot[row, 1] = areas[area, 1]
    ids[row, 0] = hi
    ids[row, 1] = lo
    side[row, 0] = radius
    side[row, 1] = areas[area, 3]
    vers[row] = version
    link(ids, table, row)
    state[ROWS] += 1
    state[ROWS_OF_LEVEL + level_of(radius)] += 1


@compiled
def replace_from(start: int, names: Words, versions: Ints, ends: Ints, areas: Ints, outcome: Ints, g: Arrays) -> int:
    """Put items ``start``.. in, each with all its rows, unless a version as new is there; count them in ``outcome[0]``.

    ``ends[i]`` is where item i's rows end in ``areas`` [rows, 4]: where, word, radius, group. Return the first item for
    which there was no room (grow and call again), or the number of items.
    """
    ids, vers, table, state = g.ids, g.vers, g.table, g.state
    for item in range(start, len(names)):
        first = ends[item - 1] if item > 0 else 0
        wanted = ends[item] - first
        hi = names[item, 0]
        lo = names[item, 1]
        slot = find(ids, table, hi, lo)
        if slot >= 0 and vers[table[slot]] >= versions[item]:
            continue
        if (
            state[FREE_BLOCKS] + len(g.nxt) - state[BLOCKS_USED] < wanted
            or state[CELLS_USED] + wanted > len(g.cells)
            or state[ROWS] + wanted > len(table) * FULL
        ):
            return item
        erase(hi, lo, g)
        for row in range(first, ends[item]):
            put_in(areas, row, hi, lo, versions[item], g)
        outcome[0] += 1
    return len(names)


@compiled
def lay_out(cells: Ints, order: Ints, nxt: Links, old: Links, new: Links) -> int:
    """Give the blocks new numbers, cell after cell in ``order``, each cell's in the order of its chain.

    Write old numbers by new ones to ``old``, new by old to ``new``, and the new heads to ``cells``. Return how many.
    """
    number = 0
    for cell in order:
        block = cells[cell, 1]
        if block >= 0:
            cells[cell, 1] = number
        while block >= 0:
            old[number] = block
            new[block] = number
            number += 1
            block = nxt[block]
    return number


@compiled
def renumber(table: Links, new: Links) -> None:
    """Change the rows in the id table to where their blocks have gone, in place."""
    for slot in range(len(table)):
        row = table[slot]
        if row >= 0:
            table[slot] = new[row // BLOCK] * BLOCK + row % BLOCK


@compiled
def rows_of(hi: np.uint64, lo: np.uint64, ids: Words, table: Links, out: Links) -> int:
    """Write the rows of an id to ``out`` (as far as it reaches); return how many there are."""
    slots = len(table)
    slot = home(hi, lo, slots)
    found = 0
    while table[slot] >= 0:
        row = table[slot]
        if ids[row, 0] == hi and ids[row, 1] == lo:
            if found < len(out):
                out[found] = row
            found += 1
        slot += 1
        if slot == slots:
            slot = 0
    return found


@compiled
def window(level: int, lat: int, lon: int, radius: float, cells: Ints, ctable: Links) -> Links:
    """Return the non-empty cells of a level that a circle of ``radius`` metres may touch, each once."""
    height = CELL * (1 << level) / EARTH_RADIUS / _RADIAN
    # 5 cm wider than asked: the edge of a cell is computed in floating point, and a cell too many does no harm.
    angle = (radius + 0.05) / EARTH_RADIUS
    north = lat * 1e-7
    east = lon * 1e-7 + 180.0
    reach = angle / _RADIAN
    low = int(max(0.0, north - reach + 90.0) / height)
    high = int(min(180.0, north + reach + 90.0) / height)
    around = 180.0
    if abs(north) + reach < 90.0:
        ratio = math.sin(angle) / math.cos(north * _RADIAN)
        if ratio < 1.0:
            around = math.asin(ratio) / _RADIAN
    room = 0
    for ring in range(low, high + 1):
        room += min(ring_cells(ring, height), int(around / 180.0 * ring_cells(ring, height)) + 2)
    found = np.empty(room, np.int32)
    number = 0
    for ring in range(low, high + 1):
        count = ring_cells(ring, height)
        first = int(math.floor((east - around) / 360.0 * count))
        after = int(math.floor((east + around) / 360.0 * count)) + 1
        if after - first >= count:
            first, after = 0, count
        for column in range(first, after):
            cell = find_cell(cells, ctable, cell_key(level, ring, column % count))
            if cell >= 0 and cells[cell, 2] > 0:
                found[number] = cell
                number += 1
    return found[:number]


@compiled
def most_rows(touched: Links, cells: Ints) -> int:
    """Return how many rows the fullest of these cells has."""
    most = 0
    for cell in touched:
        most = max(most, cells[cell, 2])
    return most


@compiled
def half_chord_squared(dlat: float, dlon: float, cos_a: float, sin_a: float) -> float:
    """Return sin(distance / 2)^2, the haversine, for differences in radians from a point with this latitude.

    Near points need no trigonometry: below a hundredth of a radian the series are exact to the last digit but one.
    """
    if abs(dlat) < 0.01 and abs(dlon) < 0.01:
        x, y, d = 0.5 * dlat, 0.5 * dlon, dlat * dlat
        x2, y2 = x * x, y * y
        sin_x = x * (1.0 - x2 * (1.0 / 6.0) * (1.0 - x2 * 0.05))
        sin_y = y * (1.0 - y2 * (1.0 / 6.0) * (1.0 - y2 * 0.05))
        cos_b = cos_a * (1.0 - d * 0.5 * (1.0 - d * (1.0 / 12.0) * (1.0 - d * (1.0 / 30.0)))) - sin_a * dlat * (
            1.0 - d * (1.0 / 6.0) * (1.0 - d * 0.05)
        )
    else:
        sin_x = math.sin(0.5 * dlat)
        sin_y = math.sin(0.5 * dlon)
        cos_b = cos_a * math.cos(dlat) - sin_a * math.sin(dlat)
    return sin_x * sin_x + cos_a * cos_b * sin_y * sin_y


@compiled
def eastward(from_lon: int, to_lon: int) -> int:
    """Return the shorter way from one longitude to the other, in 1e-7 degrees."""
    way = to_lon - from_lon
    if way > _HALF_TURN:
        return way - 2 * _HALF_TURN
    if way < -_HALF_TURN:
        return way + 2 * _HALF_TURN
    return way


@compiled
def flat_error(lat: int, lon: int, angle: float) -> float:
    """Return the relative error that the square of a flat distance may have within ``angle`` radians; 1 is useless.

    Flat means: the longitude shrunk by the cosine at the circle's centre. The cosine changes by angle x tan(latitude),
    the earth's curve adds angle^2; doubled, to be sure. 0.02 % at 700 m in Gwangju: nearly every row is decided by
    three multiplications, and only those in that narrow ring by the exact formula. Useless beyond 80 degrees, and for a
    circle that may cross the 180th meridian.
    """
    if abs(lat) > 800_000_000 or abs(lon) > 1_700_000_000 or angle > 0.01:
        return 1.0
    return min(1.0, 2.0 * angle * (math.tan(abs(lat) * _UNIT) + angle) + 1e-9)


@compiled
def bigger(row: int, hi: np.uint64, lo: np.uint64, ids: Words) -> bool:
    """Say whether the row's id is bigger than this one."""
    if ids[row, 0] != hi:
        return ids[row, 0] > hi
    return ids[row, 1] > lo


@compiled
def comes_first(h: float, row: int, other_h: float, other: int, ids: Words) -> bool:
    """Say whether ``row`` comes before ``other``: nearer, or as near with the smaller id."""
    if h != other_h:
        return h < other_h
    return bigger(other, ids[row, 0], ids[row, 1], ids)


@compiled
def spell(names: Words, prefix: Letters, letters: Letters) -> int:
    """Write each packed id as code points to a row of ``letters``, zero-filled; return how many it could not.

    The packing is that of ``shared.reach.names``; a digest's row starts with zero.
    """
    digests = 0
    five = np.uint64(31)
    for name in range(len(names)):
        hi, lo = names[name, 0], names[name, 1]
        kind = hi >> np.uint64(60)
        letters[name, :] = 0
        if kind == np.uint64(0):
            for place in range(len(prefix)):
                letters[name, place] = prefix[place]
            for place in range(26):
                shift = 125 - 5 * place
                if shift >= 64:
                    digit = hi >> np.uint64(shift - 64)
                elif shift > 59:
                    digit = (hi << np.uint64(64 - shift)) | (lo >> np.uint64(shift))
                else:
                    digit = lo >> np.uint64(shift)
                letters[name, len(prefix) + place] = ALPHABET[digit & five]
        elif kind == np.uint64(1):
            for place in range(15):
                shift = 112 - 8 * place
                if shift >= 64:
                    code = hi >> np.uint64(shift - 64)
                else:
                    code = lo >> np.uint64(shift)
                letters[name, place] = np.uint32(code & np.uint64(255))
        else:
            digests += 1
    return digests


@compiled
def nearest(
    lat: int,
    lon: int,
    radius: float,
    at: int,
    group: int,
    after_h: float,
    after_hi: np.uint64,
    after_lo: np.uint64,
    rows: Links,
    metres: Floats,
    names: Words,
    prefix: Letters,
    letters: Letters,
    hot: Ints,
    ids: Words,
    side: Shorts,
    nxt: Links,
    cells: Ints,
    ctable: Links,
) -> tuple[int, int, int, float, int]:
    """Write the nearest rows beyond ``after`` in order: their ``metres``, their ids as ``names`` and as ``letters``.

    A row counts when it is within ``radius`` metres (inclusive), its word is later than ``at`` and its group is
    ``group`` (or that is -1). Return how many were written, how many count in all, how many of those lie beyond
    ``after`` (whose haversine is -1 on the first page), the haversine of the last one written, and how many ids could
    not be spelled.
    """
    angle = radius / EARTH_RADIUS
    widest = math.sin(0.5 * angle) ** 2
    cos_a, sin_a = math.cos(lat * _UNIT), math.sin(lat * _UNIT)
    error = flat_error(lat, lon, angle)
    outside = (angle / _UNIT) ** 2 * (1.0 + error) if error < 1.0 else math.inf
    inside = (angle / _UNIT) ** 2 * (1.0 - error)
    beaten = outside
    limit = len(rows)
    written = counted = left = 0
    circle = window(0, lat, lon, radius, cells, ctable)
    around = np.empty(most_rows(circle, cells), np.int32)
    squares = np.empty(len(around))
    for cell in circle:
        # First without branches, which would be mispredicted at every third row: who is flatly inside and not over?
        size = 0
        block = cells[cell, 1]
        filled = (cells[cell, 2] - 1) % BLOCK + 1
        while block >= 0:
            for row in range(np.uint64(block * BLOCK), np.uint64(block * BLOCK + filled)):
                where = hot[row, 0]
                north = float((where >> 32) - lat)
                across = float(((where << 32) >> 32) - lon) * cos_a
                square = north * north + across * across
                around[np.uint64(size)] = row
                squares[np.uint64(size)] = square
                size += np.int64(square <= outside) & np.int64(hot[row, 1] > at)
            block = nxt[block]
            filled = BLOCK
        for place in range(size):
            row, square = around[place], squares[place]
            if group >= 0 and side[row, 1] != group:
                continue
            if beaten < square < inside:
                counted += 1
                continue
            where = hot[row, 0]
            north = (where >> 32) - lat
            east = eastward(lon, (where << 32) >> 32)
            h = half_chord_squared(north * _UNIT, east * _UNIT, cos_a, sin_a)
            if h > widest:
                continue
            counted += 1
            if h < after_h or (h == after_h and not bigger(row, after_hi, after_lo, ids)):
                continue
            left += 1
            if written == limit:
                if not comes_first(h, row, metres[limit - 1], rows[limit - 1], ids):
                    continue
                written -= 1
            at_place = written
            while at_place > 0:
                if not comes_first(h, row, metres[at_place - 1], rows[at_place - 1], ids):
                    break
                rows[at_place] = rows[at_place - 1]
                metres[at_place] = metres[at_place - 1]
                at_place -= 1
            rows[at_place] = row
            metres[at_place] = h
            written += 1
            if written == limit and after_h < 0.0:
                # Whatever is flatly farther than the last of a full page can only be counted.
                beaten = 4.0 * metres[limit - 1] * (1.0 + error + 1e-5) / (_UNIT * _UNIT)
    if after_h < 0.0:
        left = counted
    last_h = metres[written - 1] if written else 0.0
    for place in range(written):
        metres[place] = 2.0 * EARTH_RADIUS * math.asin(math.sqrt(metres[place]))
        names[place, 0] = ids[rows[place], 0]
        names[place, 1] = ids[rows[place], 1]
    return written, counted, left, last_h, spell(names[:written], prefix, letters)


@compiled
def covering(
    lat: int,
    lon: int,
    topics: int,
    group: int,
    after_hi: np.uint64,
    after_lo: np.uint64,
    upper: Words,
    lower: Words,
    hot: Ints,
    ids: Words,
    side: Shorts,
    nxt: Links,
    cells: Ints,
    ctable: Links,
    state: Ints,
) -> int:
    """Write to ``upper`` and ``lower`` the ids beyond ``after`` of the rows whose circle covers the point.

    A row counts when its word shares a bit with ``topics`` and its group is ``group`` (or that is -1). An id is written
    once for each of its rows that count. Return how many there are, which may be more than there was room for.
    """
    cos_a, sin_a = math.cos(lat * _UNIT), math.sin(lat * _UNIT)
    number = 0
    for level in range(LEVELS):
        if state[ROWS_OF_LEVEL + level] == 0:
            continue
        circle = CELL * (1 << level)
        error = flat_error(lat, lon, circle / EARTH_RADIUS)
        flat = error < 1.0
        largest = (circle / EARTH_RADIUS / _UNIT) ** 2 * (1.0 + error) if flat else math.inf
        radius = -1
        widest = outside = inside = 0.0
        touched = window(level, lat, lon, circle, cells, ctable)
        around = np.empty(most_rows(touched, cells), np.int32)
        squares = np.empty(len(around))
        for cell in touched:
            size = 0
            block = cells[cell, 1]
            filled = (cells[cell, 2] - 1) % BLOCK + 1
            while block >= 0:
                for row in range(np.uint64(block * BLOCK), np.uint64(block * BLOCK + filled)):
                    where = hot[row, 0]
                    north = float((where >> 32) - lat)
                    across = float(((where << 32) >> 32) - lon) * cos_a
                    square = north * north + across * across
                    around[np.uint64(size)] = row
                    squares[np.uint64(size)] = square
                    size += np.int64(square <= largest) & np.int64(hot[row, 1] & topics != 0)
                block = nxt[block]
                filled = BLOCK
            for place in range(size):
                row, square = around[place], squares[place]
                if side[row, 0] != radius:
                    radius = np.int64(side[row, 0])
                    angle = radius / EARTH_RADIUS
                    widest = math.sin(0.5 * angle) ** 2
                    outside = (angle / _UNIT) ** 2 * (1.0 + error)
                    inside = (angle / _UNIT) ** 2 * (1.0 - error)
                if not flat or square >= inside:
                    if flat and square > outside:
                        continue
                    where = hot[row, 0]
                    north = (where >> 32) - lat
                    east = eastward(lon, (where << 32) >> 32)
                    if half_chord_squared(north * _UNIT, east * _UNIT, cos_a, sin_a) > widest:
                        continue
                if (group >= 0 and side[row, 1] != group) or not bigger(row, after_hi, after_lo, ids):
                    continue
                if number < len(upper):
                    upper[number] = ids[row, 0]
                    lower[number] = ids[row, 1]
                number += 1
    return number


@compiled
def distinct(
    upper: Words, lower: Words, order: Ints, names: Words, prefix: Letters, letters: Letters
) -> tuple[int, bool, int]:
    """Write the distinct ids to ``names`` [n, 2] and ``letters`` in rising order, as many as there is room for.

    ``order`` sorts ``upper``. Return how many were written, whether there are more, and how many could not be spelled.
    """
    for place in range(1, len(order)):
        mine = order[place]
        at_place = place
        while at_place > 0:
            other = order[at_place - 1]
            if upper[other] != upper[mine] or lower[other] <= lower[mine]:
                break
            order[at_place] = other
            at_place -= 1
        order[at_place] = mine
    written = 0
    more = False
    for place in range(len(order)):
        hi, lo = upper[order[place]], lower[order[place]]
        if written and names[written - 1, 0] == hi and names[written - 1, 1] == lo:
            continue
        if written == len(names):
            more = True
            break
        names[written, 0] = hi
        names[written, 1] = lo
        written += 1
    return written, more, spell(names[:written], prefix, letters)
