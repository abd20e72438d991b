"""One day of one root space, and the claims on its parts. Pure: no I/O, no clock; time and ids come in.

    held (until a deadline, for an act that is under way) --settle--> taken --drop--> (gone)
       +--give_back: the act was refused; drop: it was made impossible--> (gone)

A claim names the leaf parts it takes; a hall takes them all, so hall against part is decided here, in one document.
Residents' claims never overlap each other. A facility's own entry is taken as it comes, over whatever lies there: that
is a fact about the building, and what it lies over becomes a conflict case.

Buffers (time to set up and to clean) keep others out of the room, but may share time with each other: between two
uses lies at least the longer of the one's time after and the other's time before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from services.spaces.spans import Span, united
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces as events

#: A claim on the whole root, whatever parts it has.
WHOLE = ("*",)
#: Who claims: a resident's booking, a timed offer from the waiting list, the facility's own calendar.
BOOKING, OFFER, FEED = "booking", "offer", "feed"


@dataclass(frozen=True)
class Entry:
    """What a facility's calendar said of this claim when it was last read: the base of the three-way diff."""

    feed_id: str
    uid: str
    #: RECURRENCE-ID of one occurrence, UTC ISO text, or "".
    occurrence: str
    sequence: int
    #: Of the content that matters to us: two equal hashes need no write.
    hash: str
    #: Where the entry lies on a CalDAV server, and the version we saw; "" elsewhere.
    href: str = ""
    etag: str = ""


@dataclass(frozen=True)
class Claim:
    """A span of some parts. ``id``: the booking's, the wish's, or ``<feed>/<uid>[/<occurrence>]``."""

    id: str
    kind: str
    space_id: str
    parts: tuple[str, ...]
    span: Span
    #: Time to set up before and to clean after; part of the claim, not of what the booker uses.
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    #: Until when it is held for an act under way; None once settled.
    deadline: datetime | None = None
    #: The act to make impossible before a held claim may be released.
    act_id: str = ""
    entry: Entry | None = None
    #: A repeat of the act held it as well, and may still be under way: a refusal of the one releases nothing.
    repeated: bool = False

    @property
    def padded(self) -> Span:
        """The span with its buffers."""
        return self.span.padded(self.before, self.after)

    def shares_parts_with(self, parts: Iterable[str]) -> bool:
        """Return whether both want a same part."""
        wanted = tuple(parts)
        return WHOLE in (self.parts, wanted) or not set(self.parts).isdisjoint(wanted)

    def is_same_as(self, other: Claim) -> bool:
        """Return whether both want the same, whoever asks and until when."""
        mine = (self.kind, self.space_id, self.parts, self.span, self.before, self.after)
        return mine == (other.kind, other.space_id, other.parts, other.span, other.before, other.after)

    def clashes_with(self, other: Claim) -> bool:
        """Return whether both can't be: same parts, and one's use lies in the other's use or buffers."""
        if not self.shares_parts_with(other.parts):
            return False
        return self.padded.overlaps(other.span) or self.span.overlaps(other.padded)


@dataclass(kw_only=True)
class Diary(Aggregate):
    """One KST day of one root space. Its id is ``root:YYYY-MM-DD``."""

    root_id: str
    facility_id: str
    district: str
    day: date
    #: The opening hours it was decided on.
    hours_version: int = 0
    claims: dict[str, Claim] = field(default_factory=dict)
    #: A counted day is over and in the figures.
    counted: bool = False

    @staticmethod
    def id_of(root_id: str, day: date) -> str:
        """Return the id of this root's day."""
        return f"{root_id}:{day.isoformat()}"

    @property
    def due(self) -> datetime | None:
        """When the first held claim runs out."""
        return min((claim.deadline for claim in self.claims.values() if claim.deadline is not None), default=None)

    def hold(self, claim: Claim, *, hours_version: int, instead_of: str | None = None) -> None:
        """Set a span aside for an act under way; raise ``Refused`` (``span_taken``, ``hours_changed``).

        ``instead_of`` names the same resident's offer, which this claim takes the place of. Holding the same claim again
        only notes that the act is repeated; another claim under the same names is refused (``act_id_reused``).
        """
        known = self.claims.get(claim.id)
        if known is not None:
            self._hold_again(known, claim)
            return
        if hours_version < self.hours_version:
            raise Refused("hours_changed", field="start")
        others = (other for other in self.claims.values() if other.id != instead_of)
        if any(claim.clashes_with(other) for other in others):
            raise Refused("span_taken", field="start", start=iso(claim.span.start), end=iso(claim.span.end))
        self.hours_version = hours_version
        if instead_of is not None:
            self.claims.pop(instead_of, None)
        self.claims[claim.id] = claim

    def settle(self, claim_id: str) -> bool:
        """Turn a hold into a claim that stays; return False when it isn't there (any more)."""
        claim = self.claims.get(claim_id)
        if claim is None:
            return False
        self.claims[claim_id] = replace(claim, deadline=None, repeated=False)
        return True

    def extend(self, claim_id: str, deadline: datetime) -> bool:
        """Hold longer, for an offer that was made; return False when it isn't there."""
        claim = self.claims.get(claim_id)
        if claim is None:
            return False
        self.claims[claim_id] = replace(claim, deadline=deadline)
        return True

    def give_back(self, claim_id: str, act_id: str) -> None:
        """Give back what a refused act held, unless its repeat holds it too; that is then left to the sweeper."""
        claim = self.claims.get(claim_id)
        if claim is not None and claim.deadline is not None and not claim.repeated:
            self.drop(claim_id, act_id)

    def drop(self, claim_id: str, act_id: str | None = None) -> None:
        """Give a claim back, and say that its span is free again; with ``act_id``, only if that act made it."""
        claim = self.claims.get(claim_id)
        if claim is not None and act_id in (None, claim.act_id):
            del self.claims[claim_id]
            self._say_freed(claim)

    def agree(self, put: Iterable[Claim], gone: Iterable[str]) -> None:
        """Take the facility's own entries as they are now; say which bookings they lie over, and what came free."""
        for claim_id in gone:
            self.drop(claim_id)
        for claim in put:
            before = self.claims.get(claim.id)
            self.claims[claim.id] = claim
            if before is not None and before.span != claim.span:
                self._say_freed(before)
            if before is None or before.span != claim.span or before.parts != claim.parts:
                self._say_overlapped(claim)

    def bump(self, hours_version: int) -> None:
        """Decide on newer hours from now on."""
        self.hours_version = max(self.hours_version, hours_version)

    def taken(self, parts: Iterable[str]) -> tuple[Span, ...]:
        """Return what is not free of these parts, buffers included, in order."""
        wanted = tuple(parts)
        return united(claim.padded for claim in self.claims.values() if claim.shares_parts_with(wanted))

    def bookings_under(self, entry: Claim) -> tuple[str, ...]:
        """Return the bookings that a facility's entry lies over, in their use (not their buffers)."""
        return tuple(
            claim.id
            for claim in self.claims.values()
            if claim.kind == BOOKING and claim.shares_parts_with(entry.parts) and claim.span.overlaps(entry.span)
        )

    def _hold_again(self, known: Claim, claim: Claim) -> None:
        if known.act_id != claim.act_id:
            raise Refused("id_taken", field="booking_id", id=claim.id)
        if not known.is_same_as(claim):
            raise Refused("act_id_reused", field="act_id")
        if known.deadline is not None:
            self.claims[claim.id] = replace(known, repeated=True)

    def _say_overlapped(self, entry: Claim) -> None:
        for booking_id in self.bookings_under(entry):
            self.say(events.DIARY_OVERLAPPED.fact(**self._named(), entry_id=entry.id, booking_id=booking_id))

    def _say_freed(self, claim: Claim) -> None:
        self.say(
            events.DIARY_FREED.fact(**self._named(), start=iso(claim.span.start), end=iso(claim.span.end))
        )

    def _named(self) -> dict[str, str]:
        return {
            "root_id": self.root_id,
            "facility_id": self.facility_id,
            "district": self.district,
            "day": self.day.isoformat(),
        }
