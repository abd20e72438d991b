"""What an hour of work must pay at least, on the day of the work (최저임금법; 생활임금 조례).

The rows are data with a source each (deploy/data/wages.yaml). A day without a row is an operator's error to repair,
never a guess. Amounts are whole won an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.errors import Refused

#: A programme's flag. ``none``: not paid by the hour (a volunteer, or an allowance that is no wage).
FLOORS = ("minimum", "living", "none")
NATIONWIDE = "KR"


@dataclass(frozen=True)
class WageRow:
    """One published wage: in force on the days ``[since, until)``."""

    kind: str
    region: str
    since: date
    until: date
    won: int
    source: str


@dataclass(frozen=True)
class WageTable:
    """All rows an operator has entered."""

    rows: tuple[WageRow, ...]

    def won_an_hour(self, *, kind: str, regions: Iterable[str], day: date) -> int:
        """Return the wage in force for the first of ``regions`` that has a row; raise ``Refused`` when none has.

        A living wage never lets a post fall under the minimum wage of the same day.
        """
        if kind == "none":
            return 0
        wanted = (NATIONWIDE,) if kind == "minimum" else tuple(regions)
        for region in wanted:
            row = next((row for row in self.rows if _is_in_force(row, kind, region, day)), None)
            if row is not None:
                return row.won if kind == "minimum" else max(row.won, self._minimum(day))
        raise Refused("wage_row_missing", field="shifts", kind=kind, regions=list(wanted), day=day.isoformat())

    def newest_day(self) -> date:
        """Return the last day for which the minimum wage is known."""
        return max(date.fromordinal(row.until.toordinal() - 1) for row in self.rows if row.kind == "minimum")

    def _minimum(self, day: date) -> int:
        return self.won_an_hour(kind="minimum", regions=(), day=day)


def _is_in_force(row: WageRow, kind: str, region: str, day: date) -> bool:
    return row.kind == kind and row.region == region and row.since <= day < row.until
