"""Codes of 시·군·구 and the names they had: codes and names change, history keeps its names. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from services.placement.programmes.model import District


@dataclass(frozen=True)
class Named:
    """What a code of the MOIS series named on the days ``[valid_from, valid_to)``; None is open-ended, or not known."""

    name: str | None = None
    municipality: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def on(self, day: date) -> bool:
        """Return whether the code named this on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True)
class Districts:
    """The operator's table: of each code what it named, the earliest first. A code that is not in it has no known end."""

    rows: Mapping[str, Sequence[Named]] = field(default_factory=dict)

    def valid(self, code: str | None) -> tuple[date | None, date | None]:
        """Return from which day on, and before which day, a code is valid under whatever name."""
        rows = self.rows.get(code, ()) if code is not None else ()
        return (rows[0].valid_from, rows[-1].valid_to) if rows else (None, None)

    def of(self, code: str | None, day: date) -> Named | None:
        """Return what a code named on a day: before its time what it named first, after it what it named last."""
        rows = self.rows.get(code, ()) if code is not None else ()
        begun = [row for row in rows if row.valid_from is None or row.valid_from <= day]
        return begun[-1] if begun else next(iter(rows), None)

    def named(self, district: District, day: date) -> District:
        """Return a district with the name it had on a day, where its source gave none; what a source says stays."""
        found = self.of(district.code, day)
        if found is None or (district.name is not None and district.municipality is not None):
            return district
        return replace(
            district,
            name=found.name if district.name is None else district.name,
            municipality=found.municipality if district.municipality is None else district.municipality,
        )
