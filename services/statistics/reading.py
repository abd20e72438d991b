"""The sums that an answer is made of: fresh months as they are kept, stale ones computed from the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.statistics.model import Month, Sums, added
from services.statistics.months import WHOLE, Asked, Kept, Mark, Months
from services.statistics.storage import Archive
from shared.ids import Ids

#: Sums of a month, and what they are of.
Summed = tuple[Month, Sums]
#: A fact: of which month, when we knew it, and what it adds.
Heard = tuple[Month, datetime, Sums]
#: Months that are computed and stored at once.
MONTHS_AT_ONCE = 50


@dataclass(frozen=True)
class Reading:
    """Reads sums."""

    archive: Archive
    months: Months
    ids: Ids

    def settle(self, instant: datetime) -> None:
        """See to it that what is known at the instant stays so: before marks are read, or a day could be missed."""
        self.archive.batches.settle(instant)

    def sums(self, which: Asked, instant: datetime | None) -> list[Summed]:
        """Return the sums of each month of which something is known, as known at the instant or now."""
        if instant is not None:
            self.settle(instant)
            return self._as_known(self._fresh(which, whole=True), which.through, instant)
        fresh = self._fresh(which, whole=False)
        return [(one.month, sums) for one in fresh if (sums := _until(one, which.through)) is not None]

    def heard(self, which: Asked, instant: datetime) -> list[Heard]:
        """Return each fact as known at the instant: of which month it is, when we knew it, and what it adds."""
        self.settle(instant)
        wanted = _buckets(self._fresh(which, whole=True), which.through)
        facts = self.archive.heard([bucket for buckets in wanted.values() for bucket in buckets], instant)
        return [
            (month, known_at, adds)
            for month, buckets in wanted.items()
            for bucket in buckets
            for known_at, adds in facts.get(bucket, ())
        ]

    def stamps(self, which: Asked) -> dict[str, frozenset[str]]:
        """Return what changes, by programme, whenever one of its months asked for was computed again."""
        found: dict[str, set[str]] = {}
        for one in self._fresh(which, whole=False):
            found.setdefault(one.month.programme, set()).add(f"{one.month.id} {one.generation}")
        return {programme: frozenset(months) for programme, months in found.items()}

    def _fresh(self, which: Asked, *, whole: bool) -> list[Kept]:
        """Return the months asked for, computing the stale days of each from the facts.

        The order of the steps is what months.py promises by.
        """
        marks = self.months.marks(which.about, which.tenant)
        stale: dict[Month, set[str]] = {}
        for mark in marks:
            if which.holds(mark.month):
                stale.setdefault(mark.month, set()).add(mark.day)
        if stale:
            self.months.begin_epoch(which.tenant)
        fresh = [one for one in self.months.find(which, whole=whole) if one.month not in stale]
        return fresh + self._compute(which.about, stale, marks) if stale else fresh

    def _compute(self, about: str, stale: Mapping[Month, set[str]], marks: Sequence[Mark]) -> list[Kept]:
        """Compute the stale days, some months at a time: what is stored stays, if this takes too long for the caller."""
        computed: list[Kept] = []
        months = list(stale)
        for first in range(0, len(months), MONTHS_AT_ONCE):
            some = set(months[first : first + MONTHS_AT_ONCE])
            kept = self.months.named(about, some)
            days = {one.month: _days_to_compute(one, stale[one.month]) for one in kept}
            facts = self.archive.facts([month.bucket(day) for month, found in days.items() for day in found])
            found = [_computed(one, days[one.month], facts) for one in kept]
            generation = self.ids.new("gen")
            if self.months.store(about, found, generation):
                found = [replace(one, generation=generation) for one in found]
                for tenant in {month.tenant for month in some}:
                    self.months.begin_epoch(tenant)
                self.months.take_away([mark for mark in marks if mark.month in some])
            computed += found
        self.months.take_away(_superseded([mark for mark in marks if mark.month not in stale]))
        return computed

    def _as_known(self, fresh: Sequence[Kept], through: str | None, instant: datetime) -> list[Summed]:
        """Return the sums of each month of which something was known then, straight from the facts."""
        wanted = _buckets(fresh, through)
        facts = self.archive.facts([bucket for buckets in wanted.values() for bucket in buckets], instant)
        found = (
            (month, [one for bucket in buckets for one in facts.get(bucket, ())]) for month, buckets in wanted.items()
        )
        return [(month, added(amounts)) for month, amounts in found if amounts]


def _buckets(fresh: Iterable[Kept], through: str | None) -> dict[Month, list[str]]:
    """Return the buckets of the known days of each month, up to the KST day ``through``."""
    return {one.month: [one.month.bucket(day) for day in _days_until(one, through)] for one in fresh if one.days}


def _days_until(kept: Kept, through: str | None) -> list[str]:
    """Return the known days of a month, up to the KST day ``through``."""
    known = kept.days or {}
    if through is None or kept.month.month < through[:7]:
        return list(known)
    return [day for day in known if f"{kept.month.month}-{day}" <= through]


def _until(kept: Kept, through: str | None) -> Sums | None:
    """Return the sums of a month up to the KST day ``through``; None where nothing is known."""
    if through is None or kept.month.month < through[:7]:
        return kept.total
    days = _days_until(kept, through)
    return added((kept.days or {})[day] for day in days) if days else None


def _days_to_compute(kept: Kept, marked: set[str]) -> list[str]:
    # Of a month that is not kept yet, facts of other days may be there from before it was dropped.
    return [f"{day:02}" for day in range(1, 32)] if WHOLE in marked or not kept.generation else sorted(marked)


def _superseded(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks of days that a later epoch marked again: what nobody asks for must not pile up."""
    latest: dict[tuple[Month, str], int] = {}
    for mark in marks:
        latest[mark.month, mark.day] = max(mark.epoch, latest.get((mark.month, mark.day), 0))
    return [mark for mark in marks if mark.epoch < latest[mark.month, mark.day]]


def _computed(kept: Kept, days: Iterable[str], facts: Mapping[str, Sequence[Sums]]) -> Kept:
    """Return the month with these days computed from the facts; a day without facts is not known."""
    known = dict(kept.days or {})
    for day in days:
        found = facts.get(kept.month.bucket(day))
        if found:
            known[day] = added(found)
        else:
            known.pop(day, None)
    return replace(kept, days=known, total=added(known.values()) if known else None)
