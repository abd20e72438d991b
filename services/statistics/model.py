"""What an event adds to which figure, and how figures are summed. Pure: no I/O, no clock.

Every figure is a sum of additions, each on a KST day, so the order in which events come changes nothing. What is
cancelled is taken away on the day to which it was added (a contra fact), never today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.clock import kst_day
from shared.events import placement
from shared.events.envelope import Event

#: ``filled`` counts places; ``openings_filled`` counts how often an opening became full (once a round);
#: ``applications`` counts one for each resident and opening, withdrawn ones included.
MEASURES = ("places", "applications", "filled", "openings", "openings_filled")

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Bucket:
    """What figures are kept by: one programme in one district on one KST day (``YYYY-MM-DD``)."""

    tenant: str
    programme: str
    district: str
    day: str

    @property
    def id(self) -> str:
        """``tenant|programme|district|day``."""
        return f"{self.tenant}|{self.programme}|{self.district}|{self.day}"

    @property
    def month(self) -> str:
        """The KST month, ``YYYY-MM``."""
        return self.day[:7]


@dataclass(frozen=True)
class Addition:
    """What one event adds to the measures of one bucket; amounts may be negative."""

    bucket: Bucket
    amounts: Mapping[str, int]


def addition_of(event: Event) -> Addition | None:
    """Return what the event adds, or None when no figure counts it."""
    count = _COUNTED.get(event.type)
    counted = None if count is None else count(event)
    if counted is None:
        return None
    day, amounts = counted
    return Addition(Bucket(event.tenant, event.data["programme_id"], event.data["district"], day), amounts)


_Counted = tuple[str, dict[str, int]]


def _published(event: Event) -> _Counted:
    return event.data["day"], {"places": event.data["places"], "openings": 1}


def _cancelled(event: Event) -> _Counted:
    return event.data["published_day"], {"places": -event.data["places"], "openings": -1}


def _submitted(event: Event) -> _Counted | None:
    # Applying again after withdrawing is the same applicant.
    return (event.data["day"], {"applications": 1}) if event.data["attempt"] == 1 else None


def _selected(event: Event) -> _Counted:
    return event.data["day"], {"filled": 1}


def _withdrawn(event: Event) -> _Counted:
    return event.data["selected_day"], {"filled": -1}


def _opening_filled(event: Event) -> _Counted:
    return kst_day(event.time).isoformat(), {"openings_filled": 1}


#: On one screen: which event counts towards what.
_COUNTED: Mapping[str, Callable[[Event], _Counted | None]] = {
    placement.OPENING_PUBLISHED.type: _published,
    placement.OPENING_CANCELLED.type: _cancelled,
    placement.APPLICATION_SUBMITTED.type: _submitted,
    placement.PLACEMENT_SELECTED.type: _selected,
    placement.PLACEMENT_WITHDRAWN.type: _withdrawn,
    placement.OPENING_FILLED.type: _opening_filled,
}


def summed(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of each measure, 0 where nothing was added."""
    total: Counter[str] = Counter()
    for one in amounts:
        total.update(one)
    return {measure: total[measure] for measure in MEASURES}


def competition(applications: int, places: int) -> float | None:
    """Return applications a place, two decimals half-up, or None when there are no places.

    >>> competition(10, 3)
    3.33
    """
    if places <= 0:
        return None
    return float((Decimal(applications) / Decimal(places)).quantize(_CENT, ROUND_HALF_UP))


def figures(sums: Mapping[Bucket, Mapping[str, int]]) -> dict[str, Any]:
    """Return ``{"rows": [...], "total": {...}}``: a row a programme, district and month, and all of them together.

    Of what nothing is known there is no row, and a total of nulls (자료 없음): that is not the same as 0.
    """
    rows: dict[tuple[str, str, str], list[Mapping[str, int]]] = {}
    for bucket, amounts in sums.items():
        rows.setdefault((bucket.programme, bucket.district, bucket.month), []).append(amounts)
    return {
        "rows": [
            {"programme_id": programme, "district": district, "month": month, **_row(summed(amounts))}
            for (programme, district, month), amounts in sorted(rows.items())
        ],
        "total": _row(summed(sums.values())) if sums else {**dict.fromkeys(MEASURES), "competition": None},
    }


def _row(sums: Mapping[str, int]) -> dict[str, Any]:
    return {**sums, "competition": competition(sums["applications"], sums["places"])}
