"""The three-way diff of a space's bookings and its facility's calendar. Pure: it says what to do, and does nothing.

    base    what we know their calendar had: feed claims in the diaries, and each booking's CalendarMark
    ours    the bookings that are, or should be, in their calendar
    theirs  what their calendar has now

Every difference has a name (``shared.events.spaces.DIFFERENCES``). Once a plan is carried out, the next one is empty.
What is "as noted" is taken from the base: a resource that is there at a version we know, or that nobody can read.
What one booking needs is ours.py's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from services.spaces.agreement.calendar import Seen
from services.spaces.agreement.ours import CONFIRM, FORGET, NOTE, Step, Theirs, asks_calendar, ours_among, steps_of
from services.spaces.bookings.model import Booking
from services.spaces.diary.model import FEED, Claim, Entry
from services.spaces.spans import Span
from shared.clock import start_of_kst_day

#: What they did comes before what we do, and a refusal before everything.
_ORDER = (
    "calendar_busy",
    "ours_removed_by_them",
    "ours_changed_by_them",
    FORGET,
    NOTE,
    "ours_adopted",
    CONFIRM,
    "ours_to_remove",
    "ours_to_change",
    "ours_to_write",
)
#: Of a UID inside the id of a claim; calendars may use longer ones.
_LONGEST_UID = 200

Days = Mapping[date, Mapping[str, Claim]]


class Everything:
    """Every href there is: of a calendar that says it is unchanged."""

    def __contains__(self, _href: object) -> bool:
        return True


@dataclass(frozen=True)
class Room:
    """Whose calendar it is, and what its entries claim."""

    feed_id: str
    space_id: str
    parts: tuple[str, ...]
    #: Whether our bookings can be written there.
    writes: bool


@dataclass(frozen=True)
class Plan:
    """What to do, in order."""

    put: Mapping[date, tuple[Claim, ...]]
    gone: Mapping[date, tuple[str, ...]]
    steps: tuple[Step, ...]
    #: Of the facility's own entries: (name, claim id).
    named: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """The days whose diaries change."""
        return tuple(sorted({*self.put, *self.gone}))

    @cached_property
    def differences(self) -> dict[str, int]:
        """How many differences of each name there are."""
        names = [name for name, _ in self.named]
        names += [step.name for step in self.steps if step.name not in (CONFIRM, NOTE, FORGET)]
        return dict(sorted(Counter(names).items()))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.put and not self.gone and not self.steps


def claim_id(feed_id: str, seen: Seen) -> str:
    """Return the id of an occurrence's claim: printable, bounded, and the same whenever it is read.

    Two resources of one collection may carry one UID, and each keeps people out: the place is a part of the id.
    """
    uid = seen.uid if len(seen.uid) <= _LONGEST_UID and seen.uid.isprintable() else _short(seen.uid)
    at = f"@{_short(seen.href)[:12]}" if seen.href else ""
    return f"{feed_id}/{uid}{at}" + (f"/{seen.occurrence}" if seen.occurrence else "")


def claim_of(room: Room, seen: Seen) -> Claim:
    """Return the claim of a facility's own entry."""
    entry = Entry(room.feed_id, seen.uid, seen.occurrence, seen.sequence, seen.hash, seen.href, seen.etag)
    return Claim(
        id=claim_id(room.feed_id, seen), kind=FEED, space_id=room.space_id, parts=room.parts, span=seen.span, entry=entry
    )


def plan(
    *,
    room: Room,
    base: Days,
    ours: Iterable[Booking],
    theirs: Theirs,
    window: Span,
    now: datetime,
    others: Iterable[Claim] = (),
) -> Plan:
    """Return what to do. ``base``: this feed's claims by day; ``others``: claims of other feeds on the same root."""
    known = {booking.uid: booking for booking in ours}
    # A calendar may show bookings that are another one's to look after (a merged or subscribed calendar): they are ours
    # all the same, and no entry of the facility's own.
    mine = {
        uid: booking
        for uid, booking in known.items()
        if booking.calendar is not None and booking.calendar.feed_id == room.feed_id
    }
    found: dict[str, list[Seen]] = {uid: [] for uid in known}
    foreign: list[Seen] = []
    for one in sorted(theirs.seen, key=lambda one: (one.uid, one.occurrence, one.href, one.span, one.hash)):
        found.get(one.uid, foreign).append(one)
    steps: list[Step] = []
    chosen: dict[str, Seen | None] = {}
    for uid, booking in sorted(mine.items()):
        chosen[uid] = ours_among(booking, found[uid], theirs)
        if room.writes and booking.in_calendar:
            # A copy of our entry, somewhere else: their doing, and it keeps people out.
            foreign += [one for one in found[uid] if one is not chosen[uid]]
    wanted = _wanted(room, foreign, window)
    put, gone, named = _days(base, wanted, theirs, window)
    standing = [*_standing(base, put, gone), *others]
    for uid, booking in sorted(mine.items()):
        if booking.in_calendar and booking.span.end <= now:
            # About to be a use that is over.
            continue
        if room.writes:
            steps += steps_of(booking, chosen[uid], found[uid], theirs, now, _is_busy(booking, standing))
        elif asks_calendar(booking):
            busy = _is_busy(booking, standing)
            steps.append(Step("calendar_busy" if busy else CONFIRM, booking.id, confirm=not busy))
    steps.sort(key=lambda step: (_ORDER.index(step.name), step.booking_id))
    return Plan(put, gone, tuple(steps), tuple(sorted(named)))


def _wanted(room: Room, foreign: Iterable[Seen], window: Span) -> dict[str, Claim]:
    wanted: dict[str, Claim] = {}
    for one in foreign:
        if one.keeps_out and one.span.overlaps(window):
            claim = claim_of(room, one)
            known = wanted.get(claim.id)
            if known is None or _rank(known) < _rank(claim):
                wanted[claim.id] = claim
    return wanted


def _rank(claim: Claim) -> tuple[int, Span, str]:
    assert claim.entry is not None  # noqa: S101  (claim_of gave it one)
    return claim.entry.sequence, claim.span, claim.entry.hash


def _days(
    base: Days, wanted: Mapping[str, Claim], theirs: Theirs, window: Span
) -> tuple[dict[date, tuple[Claim, ...]], dict[date, tuple[str, ...]], set[tuple[str, str]]]:
    """Return what to put into and to take out of each day's diary, and the names of it all."""
    days = frozenset(window.days)
    put: dict[date, list[Claim]] = {}
    gone: dict[date, list[str]] = {}
    named: set[tuple[str, str]] = set()
    for key in sorted(wanted):
        claim = wanted[key]
        for day in _within(claim.span, window).days:
            known = base.get(day, {}).get(key)
            if known is None or not _is_same(known, claim):
                put.setdefault(day, []).append(claim)
                named.add((key, "theirs_added" if known is None else "theirs_changed"))
    for day in sorted(base):
        for key, claim in sorted(base[day].items()):
            fresh = wanted.get(key)
            if day not in days or (fresh is not None and fresh.span.overlaps(_whole(day))):
                continue
            if fresh is None and claim.entry is not None and theirs.still_has(claim.entry.href, claim.entry.uid):
                continue
            gone.setdefault(day, []).append(key)
            named.add((key, "theirs_removed" if fresh is None else "theirs_changed"))
    moved = {key for key, name in named if name == "theirs_changed"}
    names = {(name, key) for key, name in named if name == "theirs_changed" or key not in moved}
    return (
        {day: tuple(claims) for day, claims in put.items()},
        {day: tuple(keys) for day, keys in gone.items()},
        names,
    )


def _within(span: Span, window: Span) -> Span:
    return span.common(window) or span


def _whole(day: date) -> Span:
    start = start_of_kst_day(day)
    return Span(start, start + timedelta(days=1))


def _is_same(known: Claim, fresh: Claim) -> bool:
    """Return whether a diary needs no write: where the entry lies and its version say nothing about the room."""
    if known.entry is None or fresh.entry is None:
        return False
    plain = replace(known.entry, etag=fresh.entry.etag, sequence=fresh.entry.sequence, hash=fresh.entry.hash)
    return plain == fresh.entry and (known.span, known.parts) == (fresh.span, fresh.parts)


def _standing(base: Days, put: Mapping[date, Sequence[Claim]], gone: Mapping[date, Sequence[str]]) -> list[Claim]:
    """Return the facility's own entries as they will stand."""
    standing: dict[str, Claim] = {}
    for day, claims in base.items():
        dropped = set(gone.get(day, ()))
        standing.update((key, claim) for key, claim in claims.items() if key not in dropped)
    standing.update((claim.id, claim) for claims in put.values() for claim in claims)
    return list(standing.values())


def _is_busy(booking: Booking, standing: Iterable[Claim]) -> bool:
    return any(
        claim.shares_parts_with(booking.taken.parts) and claim.span.overlaps(booking.span) for claim in standing
    )


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
