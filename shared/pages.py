"""Lists that are told page by page, so that no answer is too large for the broker (shared/messaging/rpc.py).

    rows, cursor = page(rows, limit, key=lambda row: (row["at"], row["id"]))
    since = after(cursor, 2)

A page has at most ``limit`` rows, and fewer when they are large; its cursor is None at the end of the list.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from shared.clock import from_iso
from shared.errors import Refused

#: Bytes of JSON a page aims at: half of what crosses the broker.
PAGE_BYTES = 128 * 1024

Row = dict[str, Any]


def checked_limit(limit: int, most: int) -> int:
    """Return the limit; raise ``Refused`` unless it is 1 to ``most``."""
    if not 1 <= limit <= most:
        raise Refused("out_of_range", field="limit", low=1, high=most)
    return limit


def page(rows: Iterable[Row], limit: int, key: Callable[[Row], Sequence[str]]) -> tuple[list[Row], str | None]:
    """Return the first rows that fit, and the cursor after them: None when that was all.

    ``key`` gives the texts that a row is ordered by. Rows are taken one by one, and no more than needed.
    """
    taken: list[Row] = []
    size = 0
    for row in rows:
        size += len(orjson.dumps(row))
        if taken and (len(taken) == limit or size > PAGE_BYTES):
            return taken, cursor_of(*key(taken[-1]))
        taken.append(row)
    return taken, None


def is_large(rows: Sequence[Row]) -> bool:
    """Return whether these rows are more than a page should hold."""
    return len(orjson.dumps(rows)) > PAGE_BYTES


def cursor_of(*parts: str) -> str:
    """Return the cursor that stands after the row with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def after(cursor: str | None, parts: int) -> list[str] | None:
    """Return the key that a cursor stands after, None for the beginning; raise ``Refused`` for one that is not ours."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Refused("bad_cursor", field="cursor") from error
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise Refused("bad_cursor", field="cursor")
    return key


def number_after(cursor: str | None, most: int) -> int:
    """Return the number, 0 to ``most``, that a cursor stands after, 0 for the beginning; raise ``Refused``."""
    key = after(cursor, 1)
    if key is None:
        return 0
    text = key[0]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise Refused("bad_cursor", field="cursor")
    return int(text)


def instant_after(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the instant and the id that a cursor stands after; raise ``Refused`` for one that is not ours."""
    key = after(cursor, 2)
    if key is None:
        return None
    try:
        return from_iso(key[0]), key[1]
    except ValueError as error:
        raise Refused("bad_cursor", field="cursor") from error
