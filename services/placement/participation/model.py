"""What a resident already does, in one document: the one place where two selections at once meet. Pure.

    hold --> held --settle--> taken --leave--> left (the days gone by stay) or gone (the work had not begun)
              +--release--> gone

A claim is held by the acts that are under way for its place; it goes when the last of them gives it back. An act that
was made impossible is remembered and holds nothing more. An attempt that lost its place never gets one again, so what
was given back stays given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.placement.participation.claims import HELD, LEFT, TAKEN, Claim
from services.placement.participation.months import months_before
from shared.aggregate import Aggregate
from shared.clock import kst_day
from shared.errors import NotFound, Refused
from shared.events.placement import participation as events

#: Claims of one resident that can still matter: more says that something selects and withdraws in a loop.
MOST_CLAIMS = 530
#: Months for which a direct job is known at least, whatever the limits are: what overlapped with it may be told late.
KNOWN_FOR = 37
#: Days after which nobody asks any more for the single shifts of a claim.
SHIFTS_KEPT = timedelta(days=92)
#: Impossible acts that are remembered.
MOST_IMPOSSIBLE = 100
#: Days named one by one in a fact; their number is always whole.
MOST_DAYS_TOLD = 366


@dataclass(frozen=True)
class Objection:
    """Why not, or what to mind: a code of the texts, the field, and small JSON-ready values."""

    code: str
    field: str
    values: dict[str, Any]

    def refused(self) -> Refused:
        """Return it as an error."""
        return Refused(self.code, field=self.field, **self.values)

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"code": self.code, "field": self.field, "values": self.values}


#: The effect of the limit that says it, and what it says.
Told = tuple[str, Objection]


@dataclass(frozen=True)
class WeekHours:
    """Minutes of all work in one ISO week; ``limit`` None for none."""

    week: str
    minutes_before: int
    minutes_after: int
    limit: int | None


@dataclass(frozen=True)
class MonthHours:
    """Minutes of all work in one KST month, and won in the programme; ``cap`` None for none."""

    month: str
    minutes_before: int
    minutes_after: int
    limit: int | None
    won_after: int
    cap: int | None
    above_cap: int


@dataclass(frozen=True)
class Overlap:
    """Days that two direct jobs share against the rules."""

    key: str
    other: str
    days: tuple[date, ...]


@dataclass(frozen=True)
class Outlook:
    """What would be, if the resident got the place: read-only, shown before applying and before selecting.

    ``objections`` would refuse it; ``warnings`` (limits that warn or flag) would not.
    """

    objections: tuple[Objection, ...] = ()
    warnings: tuple[Objection, ...] = ()
    weeks: tuple[WeekHours, ...] = ()
    months: tuple[MonthHours, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    #: The first day on which the resident may begin a direct job again; None when not shut out.
    shut_out_until: date | None = None
    ranked_lower: bool = False
    #: For whom the place is, where that matters, and what is known of the resident: never kept.
    for_whom: Mapping[str, Any] | None = None

    @property
    def overlap_days(self) -> tuple[date, ...]:
        """Return the days of all overlaps, in order, each once."""
        return tuple(sorted({day for overlap in self.overlaps for day in overlap.days}))

    def to_wire(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "objections": [one.to_wire() for one in self.objections],
            "warnings": [one.to_wire() for one in self.warnings],
            "weeks": [vars(week).copy() for week in self.weeks],
            "months": [vars(month).copy() for month in self.months],
            "overlap_days": [day.isoformat() for day in self.overlap_days[:MOST_DAYS_TOLD]],
            "shut_out_until": None if self.shut_out_until is None else self.shut_out_until.isoformat(),
            "ranked_lower": self.ranked_lower,
            "for_whom": None if self.for_whom is None else dict(self.for_whom),
        }


#: Which days two claims share against the rules.
SharedDays = Callable[[Claim, Claim], tuple[date, ...]]


@dataclass(kw_only=True)
class Participation(Aggregate):
    """One resident's claims, by key. Its id is the resident's."""

    claims: dict[str, Claim] = field(default_factory=dict)
    #: Acts that were made impossible, the latest last.
    impossible: tuple[str, ...] = ()

    @property
    def due(self) -> datetime | None:
        """When the first act under way should be over."""
        return min((holder.deadline for claim in self.claims.values() for holder in claim.holders), default=None)

    def fold(self, today: date, *, looks_back: int) -> None:
        """Forget claims that can matter no more, and the single shifts of those over for a quarter.

        ``looks_back``: over how many months a limit may still count a direct job (``LimitTable.looks_back``). Nobody looks
        back further for what was none: only its hours count, in their week and month.
        """
        for claim in list(self.claims.values()):
            last = max(claim.last_day, kst_day(claim.noted_at))
            if claim.state == HELD:
                continue
            is_long_over = last < today - SHIFTS_KEPT
            if last < months_before(today, max(KNOWN_FOR, looks_back)) or (is_long_over and not claim.direct_job):
                del self.claims[claim.key]
            elif claim.shifts and is_long_over:
                self.claims[claim.key] = replace(claim, shifts=())

    def hold(self, act_id: str, claim: Claim, deadline: datetime) -> None:
        """Let an act hold a claim; one that is taken or left is as it is.

        Raises ``Refused``: ``act_too_late`` for an act that was made impossible, ``too_many_participations``.
        """
        if act_id in self.impossible:
            raise Refused("act_too_late", field="act_id")
        known = self.claims.get(claim.key)
        if known is not None and known.state != HELD:
            return
        if known is None and len(self.claims) >= MOST_CLAIMS:
            raise Refused("too_many_participations", field="resident_id", most=MOST_CLAIMS)
        self.claims[claim.key] = (known or claim).held_by(act_id, deadline)

    def release(self, key: str, act_id: str, *, whole: bool = False) -> None:
        """Take one try of an act, or the ``whole`` act, off a claim that is still held; it goes with its last act."""
        known = self.claims.get(key)
        if known is None or known.state != HELD:
            return
        left = known.given_back_by(act_id, whole=whole)
        if left.holders:
            self.claims[key] = left
        else:
            del self.claims[key]

    def forbid(self, act_id: str) -> None:
        """Let an act that was made impossible hold nothing more."""
        others = (one for one in self.impossible if one != act_id)
        self.impossible = (*others, act_id)[-MOST_IMPOSSIBLE:]

    def take(self, key: str, shared: SharedDays, today: date) -> None:
        """Note that a held place is given."""
        known = self.claims.get(key)
        if known is not None and known.state == HELD:
            self._put(key, replace(known, state=TAKEN, holders=()), shared, today)

    def leave(self, key: str, at: datetime, shared: SharedDays, today: date) -> None:
        """Free the days to come of a place that was given back; all of it when the work had not begun."""
        known = self.claims.get(key)
        if known is not None and known.state != LEFT:
            self._put(key, known.left_at(at), shared, today)

    def note_outside(self, claim: Claim, shared: SharedDays, today: date) -> None:
        """Note what another system told; the same told again changes nothing."""
        if claim.key in self.claims:
            return
        if len(self.claims) >= MOST_CLAIMS:
            raise Refused("too_many_participations", field="resident_id", most=MOST_CLAIMS)
        self._put(claim.key, claim, shared, today)

    def retract_outside(self, key: str, shared: SharedDays, today: date) -> None:
        """Take back what was noted of another system by mistake; raise ``NotFound``."""
        known = self.claims.get(key)
        if known is None or not known.outside:
            raise NotFound("no_such_outside_participation", field="key", key=key)
        self._put(key, None, shared, today)

    def overlaps(self, shared: SharedDays) -> Iterator[Overlap]:
        """Yield the pairs of places that share days against the rules, the one noted later first."""
        for claim in list(self.claims.values()):
            for other, days in self._shared_by(claim.key, shared).items():
                if to_put_right(claim, self.claims[other])[0] is claim:
                    yield Overlap(claim.key, other, days)

    def _put(self, key: str, claim: Claim | None, shared: SharedDays, today: date) -> None:
        """Set or remove a claim, and say which overlaps came, changed or went."""
        said, before = claim or self.claims[key], self._shared_by(key, shared)
        if claim is None:
            self.claims.pop(key, None)
        else:
            self.claims[key] = claim
        after = self._shared_by(key, shared)
        for other in {**before, **after}:
            if before.get(other) != after.get(other):
                self._say_overlap(said, self.claims[other], after.get(other, ()), today)

    def _shared_by(self, key: str, shared: SharedDays) -> dict[str, tuple[date, ...]]:
        """Return the days that a place shares with each other one; a place not given yet shares none."""
        claim = self.claims.get(key)
        if claim is None or claim.state == HELD:
            return {}
        others = (other for other in self.claims.values() if other.key != key and other.state != HELD)
        return {other.key: days for other in others if (days := shared(claim, other))}

    def _say_overlap(self, claim: Claim, other: Claim, days: tuple[date, ...], today: date) -> None:
        ours, theirs = to_put_right(claim, other)
        self.say(
            events.OVERLAPPED.fact(
                resident_id=self.id,
                key=ours.key,
                other=theirs.key,
                outside=theirs.outside,
                programme_id=ours.programme_id,
                opening_id=ours.opening_id,
                days=[day.isoformat() for day in days[:MOST_DAYS_TOLD]],
                count=len(days),
                revision=self.version + 1,
                day=today.isoformat(),
            )
        )


def to_put_right(one: Claim, other: Claim) -> tuple[Claim, Claim]:
    """Return two overlapping claims, the one to put right first: a place of ours, of two the one noted later."""
    pair = sorted((one, other), key=lambda claim: (not claim.outside, claim.noted_at, claim.key), reverse=True)
    return pair[0], pair[1]
