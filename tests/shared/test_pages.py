"""A list is told page by page: each row once, none too many, no page too large for the broker."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from shared.errors import Refused
from shared.messaging.rpc import MAX_BYTES
from shared.pages import after, cursor_of, instant_after, page


def read_through(rows: list[dict[str, Any]], limit: int) -> list[list[str]]:
    """Follow the cursors from the beginning to the end."""
    pages: list[list[str]] = []
    cursor = None
    while True:
        since = after(cursor, 1)
        rest = (row for row in rows if since is None or [row["id"]] > since)
        found, cursor = page(rest, limit, lambda row: (row["id"],))
        pages.append([row["id"] for row in found])
        assert len(orjson.dumps(found)) < MAX_BYTES
        if cursor is None:
            return pages


def test_every_row_is_on_one_page_and_the_last_page_has_no_cursor() -> None:
    rows = [{"id": f"공고-{number:02}"} for number in range(7)]

    pages = read_through(rows, 3)

    assert [len(one) for one in pages] == [3, 3, 1]
    assert [one for found in pages for one in found] == [row["id"] for row in rows]


def test_a_page_is_shorter_when_its_rows_are_large() -> None:
    rows = [{"id": f"공고-{number:02}", "title": "별" * 20_000} for number in range(7)]

    assert [len(one) for one in read_through(rows, 100)] == [2, 2, 2, 1]


def test_a_row_that_is_large_by_itself_is_still_told() -> None:
    assert read_through([{"id": "하나", "title": "별" * 50_000}, {"id": "둘"}][:1], 10) == [["하나"]]


@pytest.mark.parametrize("cursor", ["", "별", "AAAA", cursor_of("하나"), cursor_of("하나", "둘", "셋")])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Refused, match="bad_cursor"):
        after(cursor, 2)


def test_a_cursor_without_an_instant_is_refused_where_one_belongs() -> None:
    with pytest.raises(Refused, match="bad_cursor"):
        instant_after(cursor_of("어제", "opn-1"))
