"""A resident's claims: the places they have, those that are about to be given, and what another system told. Pure.

Minutes belong to the KST day on which they lie, so a shift over midnight has its minutes in two days, and perhaps in two
weeks or months. Won belong to the KST day on which the shift starts, as the lines of the allowance do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from services.placement.limits.model import Limit, LimitTable
from services.placement.participation.wanted import Wanted
from services.placement.wages.pay import won_for
from shared.clock import kst_day, start_of_kst_day
from shared.errors import Refused

HELD, TAKEN, LEFT = "held", "taken", "left"
DAY = timedelta(days=1)
#: Of what is only wanted, and noted nowhere.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: Acts that may be under way for one place at once: more says that something selects in a loop.
MOST_HOLDERS = 20

Shift = tuple[datetime, datetime]


@dataclass(frozen=True)
class Holder:
    """An act that is under way for a place. ``tries``: how often it held, less how often it gave back."""

    act_id: str
    deadline: datetime
    tries: int = 1


@dataclass(frozen=True)
class Claim:
    """One place of a resident, or what another system told of them (``outside``). Days are KST, both inclusive."""

    key: str
    opening_id: str
    programme_id: str
    programme_code: str
    regions: tuple[str, ...]
    workplace: str
    direct_job: bool
    engagement: str
    first_day: date
    last_day: date
    shifts: tuple[Shift, ...] = ()
    hourly_won: int = 0
    state: str = HELD
    holders: tuple[Holder, ...] = ()
    noted_at: datetime = NEVER
    #: Of what another system told: where it was read, and which officer noted it.
    source: str = ""
    noted_by: str = ""

    @staticmethod
    def of(wanted: Wanted, now: datetime) -> Claim:
        """Return the claim to a wanted place, held by nobody yet."""
        return Claim(
            key=wanted.key,
            opening_id=wanted.opening_id,
            programme_id=wanted.programme_id,
            programme_code=wanted.programme_code,
            regions=wanted.regions,
            workplace=wanted.workplace,
            direct_job=wanted.direct_job,
            engagement=wanted.engagement,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            shifts=wanted.shifts,
            hourly_won=wanted.hourly_won,
            noted_at=now,
        )

    @property
    def outside(self) -> bool:
        """Return whether another system told it."""
        return bool(self.source)

    def held_by(self, act_id: str, deadline: datetime) -> Claim:
        """Return the claim with one more try of this act; its deadline never moves back."""
        known = self.holder(act_id)
        if known is None:
            if len(self.holders) >= MOST_HOLDERS:
                raise Refused("place_given_too_often", field="resident_id", most=MOST_HOLDERS)
            return replace(self, holders=(*self.holders, Holder(act_id, deadline)))
        more = Holder(act_id, max(known.deadline, deadline), known.tries + 1)
        return replace(self, holders=tuple(more if one is known else one for one in self.holders))

    def holder(self, act_id: str) -> Holder | None:
        """Return what this act holds, or None."""
        return next((one for one in self.holders if one.act_id == act_id), None)

    def given_back_by(self, act_id: str, *, whole: bool) -> Claim:
        """Return the claim with one try of this act less, or without the whole act."""
        known = self.holder(act_id)
        if known is None:
            return self
        if known.tries > 1 and not whole:
            less = replace(known, tries=known.tries - 1)
            return replace(self, holders=tuple(less if one is known else one for one in self.holders))
        return replace(self, holders=tuple(one for one in self.holders if one is not known))

    def left_at(self, at: datetime) -> Claim | None:
        """Return what stays of it for a resident who leaves now; None when the work had not begun.

        The day of leaving still counts; a shift that has begun stays whole: what was worked of it, attendance says.
        """
        day = kst_day(at)
        begins = min((start for start, _ in self.shifts), default=start_of_kst_day(self.first_day))
        if at < begins or day < self.first_day:
            return None
        stays = tuple(shift for shift in self.shifts if shift[0] <= at)
        return replace(self, state=LEFT, holders=(), last_day=min(self.last_day, day), shifts=stays)

    def days_shared_with(self, other: Claim) -> tuple[date, date] | None:
        """Return the first and the last day on which both run, or None."""
        first, last = max(self.first_day, other.first_day), min(self.last_day, other.last_day)
        return (first, last) if first <= last else None


def limit_of(limits: LimitTable, kind: str, claim: Claim, day: date, per: str | None = None) -> Limit | None:
    """Return the limit that such work goes by on a day, or None; raise ``Refused`` where a row is required."""
    return limits.of(
        kind,
        programme_code=claim.programme_code,
        regions=claim.regions,
        direct_job=claim.direct_job,
        engagement=claim.engagement,
        day=day,
        per=per,
    )


def days_of(first: date, last: date) -> Iterator[date]:
    """Yield the days, both inclusive."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def minutes_by_day(shifts: Iterable[Shift]) -> dict[date, int]:
    """Return the minutes that lie on each KST day."""
    minutes: dict[date, int] = {}
    for start, end in shifts:
        day, at = kst_day(start), start
        while at < end:
            until = min(end, start_of_kst_day(day + DAY))
            minutes[day] = minutes.get(day, 0) + int((until - at).total_seconds() // 60)
            at, day = until, day + DAY
    return minutes


def won_by_month(claims: Iterable[Claim]) -> dict[str, int]:
    """Return what the shifts that start in each KST month may pay at most; rounded up shift by shift."""
    won: dict[str, int] = {}
    for claim in claims:
        for start, end in claim.shifts:
            month = month_of(kst_day(start))
            minutes = int((end - start).total_seconds() // 60)
            won[month] = won.get(month, 0) + won_for(minutes, claim.hourly_won)
    return won


def week_of(day: date) -> str:
    """Return the ISO week, Monday to Sunday, such as ``2026-W53``.

    >>> week_of(date(2027, 1, 3)), week_of(date(2027, 1, 4))
    ('2026-W53', '2027-W01')
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def month_of(day: date) -> str:
    """Return the month, ``YYYY-MM``."""
    return f"{day.year:04d}-{day.month:02d}"
