"""Figures by target group (대상 집단): what may be published of them. Pure.

A count of one to four people of a group must not be learned from what we publish: not from a cell, not from a total
less its other cells, not from two tables (of two months, districts, days or instants) set against each other. Three
rules make that so by construction:

1. **Cells.** A cell is one measure of one group in one programme and district, counted from the beginning through the
   end of a KST month. It is published rounded down to a multiple of ``BASE``; below ``BASE`` it is null and masked,
   and 0 is masked with it. Where no measure of a group reaches ``BASE`` there is no row at all: that there is nobody,
   or somebody, is not told either.
2. **Sums.** Whatever else is told (a programme, a district, all, what a month added) is computed from published cells,
   never from true ones. So the same cell has the same value in every table, and tables add up.
3. **Calendar.** Tables are published once a month: as known at the start of a KST month, through the end of the month
   before or any earlier one. An instant or a day in between reads the last publication before it, so nobody can ask
   just before and just after one resident was counted.

Why subtraction can't undo it: replace each true cell by its published value. The town so made tells the very same
tables, whatever is asked and however often, and in it every count, every difference and every sum of counts is a
multiple of ``BASE``. From the tables nobody can tell that town from ours, so nobody can be certain of any count from
1 to 4, nor that there is one.

The price: a published cell is up to ``BASE`` - 1 below the true one, and a sum as much for each of its cells. Figures
of groups are "at least" (이상), and of those who consented to be counted.

Sources: A. Hundepool and others, Handbook on Statistical Disclosure Control, chapter 5 (frequency tables: rounding to
a base, tables linked through common cells, disclosure by differencing); 통계법 제33조 (비밀의 보호).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.statistics.model import Counted, Sums, Table, added
from shared.clock import kst_day, start_of_kst_day
from shared.events import residents
from shared.events.envelope import Event

#: People. A cell below it is masked; every published number is a multiple of it.
BASE = 5
#: Applications, places and completed placements of residents of the group who consented to be counted.
MEASURES = residents.GROUP_MEASURES
#: Before any programme: what is asked of earlier months is told of this one.
EARLIEST = "1900-01"


def _counted(event: Event) -> Counted:
    """``residents.group.counted``: one more, or one fewer on the same day; no resident is named."""
    return Counted(event.data["day"], {event.data["measure"]: event.data["amount"]}, event.data["group"])


#: On one screen: which event counts towards what.
GROUPS = Table(
    about="groups",
    measures=MEASURES,
    counts={residents.GROUP_COUNTED.type: _counted},
    ratios={},
    part="group",
)


@dataclass(frozen=True, order=True)
class Cell:
    """One group in one programme and district; ``district`` is empty for the whole 시·도."""

    programme: str
    district: str
    group: str


@dataclass(frozen=True)
class Publication:
    """What may be read: through the end of ``month`` (``YYYY-MM``, KST), as known at ``instant``, a month's start."""

    month: str
    instant: datetime

    @property
    def through(self) -> str:
        """The last day that counts."""
        return last_day(self.month)

    def before(self) -> Publication:
        """Return what is told in the same publication through the month before."""
        return Publication(_before(self.month), self.instant)


def publication(now: datetime, through: str | None) -> Publication:
    """Return the last publication at ``now``, through the last month's end that is not after ``through``."""
    this = kst_day(now).replace(day=1)
    until = _before(f"{this:%Y-%m}")
    if through is not None:
        asked = through[:7]
        until = min(until, asked if through == last_day(asked) else _before(asked))
    return Publication(max(until, EARLIEST), start_of_kst_day(this))


def published(facts: Iterable[tuple[Cell, Sums]]) -> dict[Cell, dict[str, int]]:
    """Return each cell of the true counts as it is published; one in which nothing reaches ``BASE`` is not."""
    cells: dict[Cell, list[Sums]] = {}
    for cell, amounts in facts:
        cells.setdefault(cell, []).append(amounts)
    rounded = {cell: _rounded(added(amounts)) for cell, amounts in cells.items()}
    return {cell: sums for cell, sums in rounded.items() if any(sums.values())}


def _rounded(sums: Sums) -> dict[str, int]:
    # A count can't be below 0, but of a contra that came before its fact it may be seen so: nothing then.
    return {measure: max(0, sums.get(measure, 0)) // BASE * BASE for measure in MEASURES}


def moved(now: Mapping[Cell, Sums], then: Mapping[Cell, Sums]) -> dict[Cell, dict[str, int]]:
    """Return by how much published cells moved: what a month added."""
    nothing = dict.fromkeys(MEASURES, 0)
    return {
        cell: {
            measure: now.get(cell, nothing)[measure] - then.get(cell, nothing)[measure] for measure in MEASURES
        }
        for cell in now.keys() | then.keys()
    }


def told(cells: Mapping[Cell, Sums], month: str) -> dict[str, Any]:
    """Return ``{"rows": [...], "total": {...}}``: a row a cell, from published cells only.

    What is 0 after rounding is null, and the row says ``masked``.
    """
    rows = [
        {
            "programme_id": cell.programme,
            "district": cell.district or None,
            "month": month,
            "group": cell.group,
            **_masked(sums),
        }
        for cell, sums in sorted(cells.items(), key=lambda pair: pair[0])
    ]
    return {"rows": rows, "total": _masked(GROUPS.summed(cells.values()))}


def _masked(sums: Sums) -> dict[str, Any]:
    shown = {measure: sums[measure] or None for measure in MEASURES}
    return {**shown, "masked": None in shown.values()}


def last_day(month: str) -> str:
    """Return the last day of a month."""
    year, number = int(month[:4]), int(month[5:])
    return f"{month}-{monthrange(year, number)[1]:02}"


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"
