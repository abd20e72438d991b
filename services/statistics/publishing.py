"""Where the tables of target groups are read: true counts beside what is told of everybody, never the one alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.statistics import groups
from services.statistics.groups import BASE, EVERYBODY, MEASURES, Cell, Moves, Publication, published_in
from services.statistics.months import Asked
from services.statistics.reading import Reading

#: Programmes' tables of a publication of which a process remembers what was heard; of more it begins again.
REMEMBERED = 2_000
#: By table: its measures that are needed, and what they are called here.
MEASURED: Mapping[str, Mapping[str, str]] = {
    "groups": {measure: measure for measure in MEASURES},
    **{
        about: {name: measure for measure, (table, name) in EVERYBODY.items() if table == about}
        for about, _ in EVERYBODY.values()
    },
}

#: Programme, district and part (of groups: which one) -> how its measures moved.
Heard = Mapping[tuple[str, str, str], Moves]
#: Tenant, table, programme and month of a publication.
Key = tuple[str, str, str, str]


@dataclass
class Remembered:
    """What was heard of a programme, as long as its months stay what they were when it was read.

    What is published changes no more, but for a rebuild by other rules: then every process must tell the same again.
    """

    heard: dict[Key, tuple[frozenset[str], Heard]] = field(default_factory=dict)

    def keep(self, key: Key, stamp: frozenset[str], heard: Heard) -> Heard:
        """Remember it, and return it."""
        if len(self.heard) >= REMEMBERED:
            self.heard.clear()
        self.heard[key] = stamp, heard
        return heard


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
        # Before it is read which programmes there are.
        self.reading.settle(last.instant)
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
        programme, district = filters["programme"], filters["district"]
        stamps = self._stamps("groups", tenant, programme, what)
        cells = {
            Cell(*of): moves
            for one in sorted(stamps)
            for of, moves in self._heard((tenant, "groups", one, what.month), stamps[one], what).items()
            if district is None or of[1] == district
        }
        # Of a programme in which no cell can be told it needn't be known how many came.
        many: dict[str, set[str]] = {}
        for cell, moves in cells.items():
            for measure, (about, _) in EVERYBODY.items():
                if moves.most(measure) >= BASE:
                    many.setdefault(about, set()).add(cell.programme)
        everybody: dict[tuple[str, str], Moves] = {}
        for about, programmes in many.items():
            stamps = self._stamps(about, tenant, programme, what)
            for one in sorted(programmes & stamps.keys()):
                for (_, where, _), crowd in self._heard((tenant, about, one, what.month), stamps[one], what).items():
                    everybody.setdefault((one, where), Moves()).by_measure.update(crowd.by_measure)
        return groups.published(cells, everybody)

    def _stamps(
        self, about: str, tenant: str, programme: str | None, what: Publication
    ) -> Mapping[str, frozenset[str]]:
        return self.reading.stamps(Asked(about, tenant, programme=programme, through=what.through))

    def _heard(self, key: Key, stamp: frozenset[str], what: Publication) -> Heard:
        """Return what was heard of a programme; ``stamp`` was read before."""
        known, heard = self.remembered.heard.get(key, (None, {}))
        if known == stamp:
            return heard
        tenant, about, programme, _ = key
        found: dict[tuple[str, str, str], Moves] = {}
        asked = Asked(about, tenant, programme=programme, through=what.through)
        for of, known_at, adds in self.reading.heard(asked, what.instant):
            moves = found.setdefault((of.programme, of.district, of.part), Moves())
            for name, measure in MEASURED[about].items():
                if adds.get(name):
                    moves.note(measure, published_in(of.month, known_at), adds[name])
        return self.remembered.keep(key, stamp, found)
