"""Where the tables of target groups are read: true counts beside what is told of everybody, never the one alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.statistics import groups
from services.statistics.groups import BASE, EVERYBODY, Cell, Moves, Publication, published_in
from services.statistics.months import Asked
from services.statistics.reading import Reading

#: Programmes of one publication of which a process remembers how many came; of more it begins again.
REMEMBERED = 2_000

Crowds = Mapping[tuple[str, str], Moves]


@dataclass
class Remembered:
    """How many people came to a programme, by publication: it never changes once it is published."""

    crowds: dict[tuple[str, str, str, str], Crowds] = field(default_factory=dict)

    def keep(self, key: tuple[str, str, str, str], crowds: Crowds) -> Crowds:
        """Remember it, and return it."""
        if len(self.crowds) >= REMEMBERED:
            self.crowds.clear()
        self.crowds[key] = crowds
        return crowds


@dataclass(frozen=True)
class GroupTables:
    """Reads what is published of target groups."""

    reading: Reading
    remembered: Remembered

    def told(
        self, tenant: str, settled: datetime, through: str | None, asked: Mapping[str, str | None]
    ) -> tuple[Publication, dict[str, Any]]:
        """Return what was published last at ``settled``, or of the month asked for, and of which publication it is."""
        last, month = groups.publication(settled, through), asked["month"]
        if month is not None and month > last.month:
            # Not published yet.
            return last, groups.told({}, month)
        filters = {**asked, "month": None}
        if month is None:
            return last, groups.told(self._cells(tenant, last, filters), last.month)
        one = Publication(max(month, groups.EARLIEST))
        moved = groups.moved(self._cells(tenant, one, filters), self._cells(tenant, one.before(), filters))
        return one, groups.told(moved, one.month)

    def _cells(
        self, tenant: str, what: Publication, filters: Mapping[str, str | None]
    ) -> dict[Cell, dict[str, int]]:
        cells: dict[Cell, Moves] = {}
        asked = Asked("groups", tenant, through=what.through, **filters)
        for of, known_at, adds in self.reading.heard(asked, what.instant):
            moves = cells.setdefault(Cell(of.programme, of.district, of.part), Moves())
            for measure, amount in adds.items():
                moves.note(measure, published_in(of.month, known_at), amount)
        everybody: dict[tuple[str, str], Moves] = {}
        # Of a programme in which no cell can be told it needn't be known how many came.
        many = {
            (cell.programme, EVERYBODY[measure][0])
            for cell, moves in cells.items()
            for measure in EVERYBODY
            if moves.most(measure) >= BASE
        }
        for programme, about in sorted(many):
            for place, crowd in self._crowds(tenant, programme, about, what).items():
                everybody.setdefault(place, Moves()).by_measure.update(crowd.by_measure)
        return groups.published(cells, everybody)

    def _crowds(self, tenant: str, programme: str, about: str, what: Publication) -> Crowds:
        """Return how many came to a programme, by programme and district: what table ``about`` tells of everybody."""
        key = (tenant, programme, about, what.month)
        known = self.remembered.crowds.get(key)
        if known is not None:
            return known
        crowds: dict[tuple[str, str], Moves] = {}
        asked = Asked(about, tenant, programme=programme, through=what.through)
        for of, known_at, adds in self.reading.heard(asked, what.instant):
            moves = crowds.setdefault((of.programme, of.district), Moves())
            for measure, (table, name) in EVERYBODY.items():
                if table == about and adds.get(name):
                    moves.note(measure, published_in(of.month, known_at), adds[name])
        return self.remembered.keep(key, crowds)
