"""Figures by target group (대상 집단): what may be published of them. Pure.

A count of one to four people of a group, or of all others, must not be learned from what we publish: not from a cell,
not from a total less its other cells, not from two tables (of two months, districts, days or instants, or one of
groups and one of everybody) set against each other. Four rules make that so:

1. **Cells.** A cell is one measure of one group in one programme and district, counted from the beginning through the
   end of a KST month. It is published rounded down to a multiple of ``BASE``; below ``BASE`` it is null and masked,
   and 0 is masked with it. Where no measure of a group reaches ``BASE`` there is no row at all: that there is nobody,
   or somebody, is not told either.
2. **Sums.** Whatever else is told (a programme, a district, all, what a month added) is computed from published cells,
   never from true ones. So the same cell has the same value in every table, and tables add up.
3. **Calendar.** The table of a month is published once, as known when the next month began, and never again: what was
   heard later counts in a later one. A day or an instant in between reads the last publication before it, so nobody can
   ask just before and just after one resident was counted.
4. **Crowd.** How many people applied, were placed or were done in all is told by other tables exactly and by the day. So
   a cell is looked at only once ``BASE`` people have come to its programme and district since it was looked at last,
   rises by no more than so many fives as came, leaves ``BASE`` people out of what it tells, and never falls:
   otherwise one more in both tables would say who that one was, and that there were four before (``published``).

Why subtraction can't undo it: between two publications in which a cell moves at least as many people came as it moves
by, at least ``BASE`` of them, and so it can't be told which of them, or whether others who came before, belong to the
group. For whatever is published there is a town in which no count is from 1 to 4, neither of the group nor of all
others; the tests go through all small towns.

The price: a cell is up to ``BASE`` - 1 below the truth, and more where few come at a time or most belong to the group;
places that are given back later stay counted. Figures of groups are "at least" (이상), and of those who consented.

Sources: A. Hundepool and others, Handbook on Statistical Disclosure Control, chapter 5 (frequency tables: rounding to
a base, tables linked through common cells, disclosure by differencing); 통계법 제33조 (비밀의 보호).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from services.statistics.model import Counted, Sums, Table
from shared.clock import kst_day, kst_month, start_of_kst_day
from shared.events import residents
from shared.events.envelope import Event

#: People. A cell below it is masked; every published number is a multiple of it.
BASE = 5
#: Applications, places and completed placements of residents of the group who consented to be counted.
MEASURES = residents.GROUP_MEASURES
#: By measure: the table, and its measure, that tells of everybody what this one tells of a group.
EVERYBODY: Mapping[str, tuple[str, str]] = {
    "applications": ("jobs", "applications"),
    "placed": ("jobs", "filled"),
    "completed": ("attendance", "completed"),
}
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
    """What may be read: through the end of ``month`` (``YYYY-MM``, KST), as known when the next month began."""

    month: str

    @property
    def through(self) -> str:
        """The last day that counts."""
        return last_day(self.month)

    @property
    def instant(self) -> datetime:
        """Until when what counts was heard."""
        return start_of_kst_day(date.fromisoformat(self.through) + timedelta(days=1))

    def before(self) -> Publication:
        """Return the one before it."""
        return Publication(max(_before(self.month), EARLIEST))


def publication(now: datetime, through: str | None) -> Publication:
    """Return the last publication at ``now``, of the last month's end that is not after ``through``."""
    this = kst_day(now).replace(day=1)
    until = _before(f"{this:%Y-%m}")
    if through is not None:
        asked = through[:7]
        until = min(until, asked if through == last_day(asked) else _before(asked))
    return Publication(max(until, EARLIEST))


def published_in(month: str, known_at: datetime) -> str:
    """Return the month in whose publication a fact counts first: that of its day, or that in which it was heard."""
    # Heard in the very instant in which a month began, it is known when that month began.
    return max(month, kst_month(known_at - timedelta(milliseconds=1)))


@dataclass
class Moves:
    """How much was added to each measure in each month (``YYYY-MM``), and how much was taken back."""

    by_measure: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)

    def note(self, measure: str, month: str, amount: int) -> None:
        """Count what a fact adds, or takes back."""
        months = self.by_measure.setdefault(measure, {})
        came, went = months.get(month, (0, 0))
        months[month] = (came + max(0, amount), went + max(0, -amount))

    def most(self, measure: str) -> int:
        """Return how much was added in all."""
        return sum(came for came, _ in self.by_measure.get(measure, {}).values())


def published(
    cells: Mapping[Cell, Moves], everybody: Mapping[tuple[str, str], Moves]
) -> dict[Cell, dict[str, int]]:
    """Return each cell of the true counts as it is published; one in which nothing is told is not.

    ``everybody``: by programme and district, what other tables tell of all people.
    """
    told = {
        cell: {
            measure: _told(
                moves.by_measure.get(measure, {}),
                everybody.get((cell.programme, cell.district), Moves()).by_measure.get(measure, {}),
            )
            for measure in MEASURES
        }
        for cell, moves in cells.items()
    }
    return {cell: sums for cell, sums in told.items() if any(sums.values())}


def _told(group: Mapping[str, tuple[int, int]], everybody: Mapping[str, tuple[int, int]]) -> int:
    """Return what is told of one measure of a cell after the last of these months."""
    told = members = people = crowd = 0
    for month in sorted(group.keys() | everybody.keys()):
        joined, left = group.get(month, (0, 0))
        came, went = everybody.get(month, (0, 0))
        members, people, crowd = members + joined - left, people + came - went, crowd + came
        if crowd >= BASE:
            told = max(told, min(_fives(members), _fives(people - BASE), told + _fives(crowd)))
            crowd = 0
    return told


def _fives(count: int) -> int:
    # A count can't be below 0, but of a contra that came before its fact it may be seen so: nothing then.
    return max(0, count) // BASE * BASE


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
