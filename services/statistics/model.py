"""What an event adds to which figure, and how figures are summed. Pure: no I/O, no clock.

Every figure is a sum of additions, each on a KST day, so the order in which events come changes nothing. What is
cancelled is taken away on the day to which it was added (a contra fact), never today. Each subject has a table of its
own (jobs.py, rooms.py); tables.py has them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.events.envelope import Event

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Bucket:
    """What figures are kept by: one programme in one district on one KST day (``YYYY-MM-DD``).

    Figures of rooms are kept by plan as well; ``plan`` is empty where a fact belongs to none.
    """

    about: str
    tenant: str
    programme: str
    district: str
    day: str
    plan: str = ""

    @property
    def id(self) -> str:
        """``tenant|programme|district|day`` for jobs; others add what they are about, and the plan."""
        jobs = f"{self.tenant}|{self.programme}|{self.district}|{self.day}"
        return jobs if self.about == "jobs" else f"{jobs}|{self.about}|{self.plan}"

    @property
    def month(self) -> str:
        """The KST month, ``YYYY-MM``."""
        return self.day[:7]


@dataclass(frozen=True)
class Counted:
    """What an event counts: on which KST day, how much of which measure; amounts may be negative."""

    day: str
    amounts: Mapping[str, int]
    plan: str = ""


@dataclass(frozen=True)
class Addition:
    """What one event adds to the measures of one bucket."""

    bucket: Bucket
    amounts: Mapping[str, int]


Sums = Mapping[str, int]


@dataclass(frozen=True)
class Table:
    """The figures of one subject: which event counts towards what, and what is derived from the sums.

    A ratio is computed from sums, never from other ratios; None where there is nothing to divide by.
    """

    about: str
    measures: tuple[str, ...]
    counts: Mapping[str, Callable[[Event], Counted | None]]
    ratios: Mapping[str, Callable[[Sums], float | None]]

    def addition_of(self, event: Event) -> Addition | None:
        """Return what the event adds, or None when no figure of this table counts it."""
        count = self.counts.get(event.type)
        counted = None if count is None else count(event)
        if counted is None:
            return None
        data = event.data
        bucket = Bucket(self.about, event.tenant, data["programme_id"], data["district"], counted.day, counted.plan)
        return Addition(bucket, counted.amounts)

    def summed(self, amounts: Iterable[Sums]) -> dict[str, int]:
        """Return the sum of each measure, 0 where nothing was added."""
        total: Counter[str] = Counter()
        for one in amounts:
            total.update(one)
        return {measure: total[measure] for measure in self.measures}

    def figures(self, sums: Mapping[Bucket, Sums], *, by_plan: bool = False) -> dict[str, Any]:
        """Return ``{"rows": [...], "total": {...}}``: a row a programme, district and month, and all of them together.

        ``by_plan``: a row a plan, with ``plan_id``, null for what belongs to none. Of what nothing is known there is
        no row, and a total of nulls (자료 없음): that is not the same as 0.
        """
        rows: dict[tuple[str, str, str, str], list[Sums]] = {}
        for bucket, amounts in sums.items():
            plan = bucket.plan if by_plan else ""
            rows.setdefault((bucket.programme, bucket.district, bucket.month, plan), []).append(amounts)
        nothing = dict.fromkeys((*self.measures, *self.ratios))
        return {
            "rows": [
                {
                    "programme_id": programme,
                    "district": district,
                    "month": month,
                    **({"plan_id": plan or None} if by_plan else {}),
                    **self._row(amounts),
                }
                for (programme, district, month, plan), amounts in sorted(rows.items())
            ],
            "total": self._row(sums.values()) if sums else nothing,
        }

    def _row(self, amounts: Iterable[Sums]) -> dict[str, Any]:
        sums = self.summed(amounts)
        return {**sums, **{name: ratio(sums) for name, ratio in self.ratios.items()}}


def quotient(above: int, below: int) -> float | None:
    """Return the quotient, two decimals half-up, or None when there is nothing to divide by.

    >>> quotient(10, 3)
    3.33
    """
    if below <= 0:
        return None
    return float((Decimal(above) / Decimal(below)).quantize(_CENT, ROUND_HALF_UP))
