"""Spans, parts, buffers and minutes as documents have them, worked out apart from the code under test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.clock import KST

Row = Mapping[str, Any]
ACTIVE = ("awaiting", "confirmed", "checked_in")
#: States in which a booking keeps its span.
HAVE_SPAN = (*ACTIVE, "used")


def share_parts(one: Row, other: Row) -> bool:
    """Return whether both take a same part; "*" is the whole root."""
    mine, theirs = set(one.get("parts", ("*",))), set(other.get("parts", ("*",)))
    return "*" in mine | theirs or bool(mine & theirs)


def overlap(one: Row, other: Row) -> bool:
    """Return whether the uses of both overlap."""
    return bool(one["start"] < other["end"] and other["start"] < one["end"])


def clash(one: Row, other: Row) -> bool:
    """Return whether both can't be: a same part, and less than the longer of after and before between the two uses."""
    if not share_parts(one, other):
        return False
    first, second = (one, other) if one["start"] <= other["start"] else (other, one)
    between = timedelta(seconds=max(first.get("after", 0), second.get("before", 0)))
    return bool(second["start"] < first["end"] + between)


def clashing(rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield the pairs that can't be together."""
    known = list(rows)
    for number, one in enumerate(known):
        for other in known[number + 1 :]:
            if clash(one, other):
                yield one, other


def days(row: Row) -> list[date]:
    """Return the days in Seoul that a span touches, with its buffers."""
    start = row["start"] - timedelta(seconds=row.get("before", 0))
    last = row["end"] + timedelta(seconds=row.get("after", 0)) - timedelta(milliseconds=1)
    first, until = start.astimezone(KST).date(), last.astimezone(KST).date()
    return [first + timedelta(days=n) for n in range((until - first).days + 1)]


def length(row: Row) -> int:
    """Return minutes, as they are charged."""
    return -(-(row["end"] - row["start"]) // timedelta(minutes=1))


def charge(booking: Row) -> tuple[int, int]:
    """Return what a booking costs: minutes held, minutes used."""
    if booking["state"] == "awaiting":
        return length(booking), 0
    if booking["state"] in ("confirmed", "checked_in"):
        return 0, length(booking)
    return 0, booking["charged"]


def name(row: Row) -> str:
    """Return what a complaint calls a claim, a booking or a wish."""
    shown = row.get("_id", row.get("id"))
    return f"{shown} ({row['start']:%d %H:%M:%S}~{row['end']:%H:%M:%S} {row['space_id']})"


def instant(text: str) -> datetime:
    """Return an instant of a fact."""
    return datetime.fromisoformat(text).astimezone(UTC)
