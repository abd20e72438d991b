"""One booking and its entry in their calendar: what to do about it. Pure.

A booking's mark says: ``hash`` "": not written. ``hash`` and ``href``: there, as we wrote it. ``hash`` without ``href``:
they took it out, and we know. ``hash`` beginning with ``THEIRS``: they moved it, and we know.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.spaces.agreement.calendar import Seen
from services.spaces.bookings.model import (
    APPROVAL,
    AWAITING,
    BY_CALENDAR,
    CONFIRMED,
    USED,
    Booking,
    CalendarMark,
)
from services.spaces.ical.writing import content_hash, entry_of
from services.spaces.spans import Span

#: Before the hash of an entry of ours as the facility has changed it, once its case is open.
THEIRS = "theirs:"
#: Steps that are no difference: our notes follow what both sides have.
CONFIRM, NOTE, FORGET = "confirm", "note", "forget"


@dataclass(frozen=True)
class Theirs:
    """Their calendar, as far as it was read (calendar.Answer)."""

    seen: Sequence[Seen] = ()
    kept: Container[str] = frozenset()
    unread: Container[str] = frozenset()
    unread_uids: Container[str] = frozenset()
    partial: bool = False

    def is_as_noted(self, href: str, uid: str) -> bool:
        """Return whether an entry of the base is still as it was, for all that we can know."""
        if href and href in self.kept:
            return True
        return self.partial or uid in self.unread_uids or bool(href and href in self.unread)

    def still_has(self, href: str, uid: str) -> bool:
        """Return whether one of their own entries still stands, for all that we can know.

        Entries of a calendar in one piece lie nowhere (``href`` ""): while it is unchanged they stand all the same.
        """
        return href in self.kept or self.is_as_noted(href, uid)


@dataclass(frozen=True)
class Step:
    """Something to do about one booking. ``seen``: the entry of ours that is there now."""

    name: str
    booking_id: str
    seen: Seen | None = None
    #: The calendar answers the request: it is free there.
    confirm: bool = False


def hash_of(booking: Booking) -> str:
    """Return the hash of the entry that a booking should have in their calendar now."""
    return content_hash(as_shown(booking))


def span_of(booking: Booking) -> Span:
    """Return when the entry of a booking lies: in whole seconds, as RFC 5545 writes it."""
    return entry_of(booking, summary="", sequence=0).span


def as_shown(booking: Booking) -> Booking:
    """Return the booking as their calendar shows it: what is written there is the calendar's yes."""
    shown = replace(booking, facts=[])
    if asks_calendar(booking):
        shown.state = CONFIRMED
    return shown


def wants_a_look(booking: Booking) -> bool:
    """Return whether the calendar should be read for this booking's sake, soon."""
    mark = booking.calendar
    if mark is None:
        return False
    if not booking.in_calendar:
        return bool(mark.hash) and booking.state != USED
    return asks_calendar(booking) or mark.hash != hash_of(booking)


def asks_calendar(booking: Booking) -> bool:
    """Return whether the request waits for the calendar's own answer."""
    return booking.state == AWAITING and booking.mode == APPROVAL and booking.approver == BY_CALENDAR


def ours_among(booking: Booking, found: Sequence[Seen], theirs: Theirs) -> Seen | None:
    """Return the entry that is this booking's: where we put it, else where it still fits, else the first."""
    mark = booking.calendar
    href = mark.href if mark is not None and mark.hash else ""
    span = span_of(booking)
    is_elsewhere = bool(href) and (href in theirs.kept or href in theirs.unread)
    return min(
        (one for one in found if one.href == href) if is_elsewhere else found,
        key=lambda one: (one.href != href, one.span != span, one.cancelled, one.occurrence, one.href, one.span),
        default=None,
    )


def steps_of(
    booking: Booking, seen: Seen | None, found: Sequence[Seen], theirs: Theirs, now: datetime, busy: bool
) -> list[Step]:
    """Return what to do about one booking in a calendar that we can write."""
    mark = booking.calendar
    assert mark is not None  # noqa: S101  (plan() leaves the others out)
    as_noted = seen is None and bool(mark.hash) and theirs.is_as_noted(mark.href, booking.uid)
    if seen is None and not as_noted and theirs.is_as_noted("", booking.uid):
        # Something of ours may be there, and nobody can tell what.
        return []
    if not booking.in_calendar:
        return _steps_of_ended(booking, mark, found, as_noted=as_noted)
    asks = asks_calendar(booking)
    if asks and busy:
        return [Step("calendar_busy", booking.id), *_steps_of_ended(booking, mark, found, as_noted=as_noted)]
    step = _step_of_active(booking, mark, seen, as_noted=as_noted, begun=booking.span.start <= now)
    if step is not None:
        return [replace(step, confirm=asks and not step.name.endswith("by_them"))]
    is_there = bool(mark.href) and mark.hash == hash_of(booking) and (as_noted or seen is not None)
    return [Step(CONFIRM, booking.id, confirm=True)] if asks and is_there else []


def _steps_of_ended(booking: Booking, mark: CalendarMark, found: Sequence[Seen], *, as_noted: bool) -> list[Step]:
    if booking.state == USED:
        # What was used stays in the facility's own calendar, as its history.
        return [Step(FORGET, booking.id)] if mark.hash else []
    if as_noted and mark.href:
        there = Seen(booking.uid, "", booking.span, href=mark.href, etag=mark.etag)
        return [Step("ours_to_remove", booking.id, there)]
    places = {one.href: one for one in found}
    if places:
        return [Step("ours_to_remove", booking.id, places[href]) for href in sorted(places)]
    return [Step(FORGET, booking.id)] if mark.hash and not as_noted else []


def _step_of_active(
    booking: Booking, mark: CalendarMark, seen: Seen | None, *, as_noted: bool, begun: bool
) -> Step | None:
    wanted = hash_of(booking)
    theirs_noted = mark.hash.startswith(THEIRS)
    if as_noted:
        if theirs_noted or not mark.href or mark.hash == wanted:
            return None
        there = Seen(booking.uid, "", booking.span, href=mark.href, etag=mark.etag)
        return Step("ours_to_change", booking.id, there)
    # It was written once, and nothing is noted of it: a case was decided for the booking, which is written again.
    write_again = not mark.hash and mark.sequence >= 0
    if seen is None and not mark.hash:
        return Step("ours_to_write", booking.id)
    if seen is None or seen.cancelled:
        if write_again:
            return Step("ours_to_change", booking.id, seen)
        is_known = (bool(mark.hash) and not mark.href) or begun
        return None if is_known else Step("ours_removed_by_them", booking.id)
    if seen.span != span_of(booking) or not seen.busy:
        if write_again:
            return Step("ours_to_change", booking.id, seen)
        is_known = mark.hash == THEIRS + seen.hash or begun
        return None if is_known else Step("ours_changed_by_them", booking.id, seen)
    if not mark.hash or not mark.href or theirs_noted:
        return Step("ours_adopted" if seen.hash == wanted else "ours_to_change", booking.id, seen)
    if mark.hash != wanted:
        return Step("ours_to_change", booking.id, seen)
    return None if (mark.href, mark.etag) == (seen.href, seen.etag) else Step(NOTE, booking.id, seen)
