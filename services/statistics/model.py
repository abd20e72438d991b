"""What an event adds to which figure, and how figures are summed. Pure: no I/O, no clock.

Every figure is a sum of additions, each on a KST day, so the order in which events come changes nothing. What is
cancelled is taken away on the day to which it was added (a contra fact), never today. Each subject has a table of its
own (jobs.py, rooms.py, ...); tables.py has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.clock import kst_day
from shared.events.envelope import Event

_CENT = Decimal("0.01")
#: What the parts of a table are called in a row: ``by=plan`` tells a row a plan, with ``plan_id``.
PARTS: Mapping[str, str] = {"plan": "plan_id", "call": "call_id", "group": "group"}

Sums = Mapping[str, int]


@dataclass(frozen=True)
class Month:
    """What is kept in one document: one programme in one district in one KST month (``YYYY-MM``).

    ``district`` is empty for a programme of the whole 시·도. ``part`` is the plan, call or group where a table has
    such, and empty where a fact belongs to none.
    """

    about: str
    tenant: str
    programme: str
    district: str
    month: str
    part: str = ""

    @property
    def id(self) -> str:
        """Its key; unlike any bucket's."""
        return self._named(self.month)

    def bucket(self, day: str) -> str:
        """Return the id of the bucket of a day of this month, ``DD``."""
        return self._named(f"{self.month}-{day}")

    def _named(self, when: str) -> str:
        jobs = f"{self.tenant}|{self.programme}|{self.district}|{when}"
        return jobs if self.about == "jobs" else f"{jobs}|{self.about}|{self.part}"


@dataclass(frozen=True)
class Bucket:
    """What an event is counted in: a day (``YYYY-MM-DD``, KST) of a kept."""

    about: str
    tenant: str
    programme: str
    district: str
    day: str
    part: str = ""

    @property
    def id(self) -> str:
        """``tenant|programme|district|day`` for jobs; others add what they are about, and the part."""
        return self.within.bucket(self.day[8:])

    @property
    def within(self) -> Month:
        """Where it is kept."""
        return Month(self.about, self.tenant, self.programme, self.district, self.day[:7], self.part)


@dataclass(frozen=True)
class Counted:
    """What an event counts: on which KST day, how much of which measure; amounts may be negative."""

    day: str
    amounts: Sums
    part: str = ""


@dataclass(frozen=True)
class Addition:
    """What one event adds to the measures of one bucket."""

    bucket: Bucket
    amounts: Sums


@dataclass(frozen=True)
class Table:
    """The figures of one subject: which event counts towards what, and what is derived from the sums.

    A ratio is computed from sums, never from other ratios; None where there is nothing to divide by. ``part`` names
    what the table can be told by as well. ``unsaid``: measures that are not known (자료 없음) until something is said of
    them; of the others it is known that there were none.
    """

    about: str
    measures: tuple[str, ...]
    counts: Mapping[str, Callable[[Event], Counted | None]]
    ratios: Mapping[str, Callable[[Sums], float | None]]
    part: str | None = None
    unsaid: frozenset[str] = frozenset()

    def addition_of(self, event: Event) -> Addition | None:
        """Return what the event adds, or None when no figure of this table counts it."""
        count = self.counts.get(event.type)
        counted = None if count is None else count(event)
        if counted is None:
            return None
        data = event.data
        district = data.get("district") or ""
        bucket = Bucket(self.about, event.tenant, data["programme_id"], district, counted.day, counted.part)
        return Addition(bucket, counted.amounts)

    def summed(self, amounts: Iterable[Sums]) -> dict[str, int]:
        """Return the sum of each measure, 0 where nothing was added."""
        total = added(amounts)
        return {measure: total.get(measure, 0) for measure in self.measures}

    def figures(self, sums: Iterable[tuple[Month, Sums]], *, by_part: bool = False) -> dict[str, Any]:
        """Return ``{"rows": [...], "total": {...}}``: a row a programme, district and month, and all of them together.

        ``by_part``: a row a part, null for what belongs to none; ``district`` is null for the whole 시·도. Of what
        nothing is known there is no row, and a total of nulls (자료 없음): that is not the same as 0.
        """
        rows: dict[tuple[str, str, str, str], list[Sums]] = {}
        every: list[Sums] = []
        for kept, amounts in sums:
            part = kept.part if by_part else ""
            rows.setdefault((kept.programme, kept.district, kept.month, part), []).append(amounts)
            every.append(amounts)
        return {
            "rows": [
                {
                    "programme_id": programme,
                    "district": district or None,
                    "month": month,
                    **({PARTS[self.part]: part or None} if by_part and self.part else {}),
                    **self._row(amounts),
                }
                for (programme, district, month, part), amounts in sorted(rows.items(), key=lambda row: row[0])
            ],
            "total": self._row(every) if every else dict.fromkeys((*self.measures, *self.ratios)),
        }

    def _row(self, amounts: Iterable[Sums]) -> dict[str, Any]:
        said = added(amounts)
        sums = self.summed([said])
        unknown = dict.fromkeys(self.unsaid - said.keys())
        return {**sums, **unknown, **{name: ratio(sums) for name, ratio in self.ratios.items()}}


def added(amounts: Iterable[Sums]) -> dict[str, int]:
    """Return the sums of the measures that anything was added to, those that came to 0 among them."""
    total: dict[str, int] = {}
    for one in amounts:
        for measure, amount in one.items():
            total[measure] = total.get(measure, 0) + amount
    return total


def day_of(event: Event) -> str:
    """Return the event's own ``day``, or the KST day on which it happened."""
    return str(event.data.get("day") or kst_day(event.time).isoformat())


def counting(**amounts: int) -> Callable[[Event], Counted]:
    """Return a count of the same amounts for each event, on the day of the event (``day_of``)."""
    return lambda event: Counted(day_of(event), amounts)


def quotient(above: int, below: int) -> float | None:
    """Return the quotient, two decimals half-up, or None when there is nothing to divide by.

    >>> quotient(10, 3)
    3.33
    """
    if below <= 0:
        return None
    return float((Decimal(above) / Decimal(below)).quantize(_CENT, ROUND_HALF_UP))
