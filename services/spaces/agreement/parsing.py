"""From iCalendar bytes to what an adapter answers."""

from __future__ import annotations

from services.spaces.agreement.calendar import Seen, Silent
from services.spaces.ical.model import SKIPPED, Unreadable
from services.spaces.ical.reading import read_calendar, read_resource
from services.spaces.spans import Span


def parsed(raw: bytes, window: Span) -> tuple[tuple[Seen, ...], frozenset[str], bool]:
    """Return a file's occurrences, the UIDs that nobody can read, and whether something nameless can't be read.

    Raises ``Silent`` ``unreadable``: nothing of it may be believed.
    """
    try:
        reading = read_calendar(raw, window=window)
    except Unreadable as unreadable:
        raise Silent("unreadable", unreadable.code) from unreadable
    seen = tuple(
        Seen(one.uid, one.occurrence, one.span, one.busy, one.cancelled, one.sequence, one.hash)
        for one in reading.occurrences
    )
    # A cut at a limit is a fault of the file, and names what it cut.
    nameless = any(not fault.uid and fault.done == SKIPPED and fault.code != "too_many" for fault in reading.faults)
    return seen, reading.unread, nameless


def parsed_resource(raw: bytes, window: Span, *, href: str, etag: str) -> tuple[tuple[Seen, ...], bool]:
    """Return the occurrences of one CalDAV resource that can be read, and whether all of it can."""
    try:
        reading = read_resource(raw, window=window)
    except Unreadable:
        return (), False
    seen = tuple(
        Seen(one.uid, one.occurrence, one.span, one.busy, one.cancelled, one.sequence, one.hash, href, etag)
        for one in reading.occurrences
    )
    return seen, not reading.unread and not any(fault.done == SKIPPED for fault in reading.faults)
