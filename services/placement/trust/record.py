"""What is known of the work of one place: each shift as it was settled last, and whether the place was completed.

Facts come twice, late and in any order; a shift's higher revision stands. Its id is the place's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.aggregate import Aggregate

#: Results of a shift (shared/events/placement/work.py).
ABSENT = "absent"


@dataclass(frozen=True)
class ShiftDone:
    """How a shift was settled. ``day``: KST, ``YYYY-MM-DD``."""

    shift: int
    day: str
    minutes: int
    result: str
    revision: int


@dataclass(frozen=True)
class Completed:
    """All ``shifts`` of a place were settled, the last work on ``day``."""

    shifts: int
    day: str
    revision: int


@dataclass(kw_only=True)
class WorkRecord(Aggregate):
    """One place of one resident."""

    resident_id: str
    opening_id: str
    programme_id: str
    district: str
    shifts: tuple[ShiftDone, ...] = ()
    completed: Completed | None = None

    def note_shift(self, told: ShiftDone) -> None:
        """Take a shift as it was settled, unless a later revision is known."""
        known = next((one for one in self.shifts if one.shift == told.shift), None)
        if known is None or known.revision < told.revision:
            others = [one for one in self.shifts if one.shift != told.shift]
            self.shifts = tuple(sorted([*others, told], key=lambda one: one.shift))

    def note_completed(self, told: Completed) -> None:
        """Take that the place was completed, unless a later revision is known."""
        if self.completed is None or self.completed.revision < told.revision:
            self.completed = told

    @property
    def counts(self) -> bool:
        """Whether it is a completed job: said so, and not corrected to nothing since."""
        if self.completed is None:
            return False
        all_known = len(self.shifts) == self.completed.shifts
        return not all_known or any(one.minutes > 0 for one in self.shifts)

    @property
    def undone(self) -> bool:
        """Whether it was completed once, and corrected to nothing since: nobody was there."""
        return self.completed is not None and not self.counts

    @property
    def missed(self) -> int:
        """Shifts stayed away from without excuse."""
        return sum(1 for one in self.shifts if one.result == ABSENT)

    @property
    def months(self) -> frozenset[str]:
        """Months, ``YYYY-MM`` in KST, in which some of it was worked."""
        return frozenset(one.day[:7] for one in self.shifts if one.minutes > 0)


@dataclass(frozen=True)
class Work:
    """What several places add up to."""

    completed: int = 0
    missed: int = 0
    months: frozenset[str] = frozenset()


def work_of(records: Iterable[WorkRecord]) -> Work:
    """Return what these places add up to, each counted once."""
    own = {record.id: record for record in records}.values()
    return Work(
        completed=sum(1 for record in own if record.counts),
        missed=sum(record.missed for record in own),
        months=frozenset(month for record in own for month in record.months),
    )
