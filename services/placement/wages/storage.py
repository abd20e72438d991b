"""The wage rows, read from the operator's file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from services.placement.wages.model import WageRow, WageTable


def read_wages(file: Path) -> WageTable:
    """Return the table in a YAML file; raise ``ValueError`` that names the row and the fix."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["wages"]
    return WageTable(tuple(_row(number, row) for number, row in enumerate(rows, start=1)))


def _row(number: int, row: dict[str, Any]) -> WageRow:
    try:
        year = int(row["year"])
        return WageRow(
            kind=str(row["kind"]),
            region=str(row["region"]),
            since=row.get("since", date(year, 1, 1)),
            until=row.get("until", date(year + 1, 1, 1)),
            won=int(row["won"]),
            source=str(row["source"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"wages row {number}: {error}: give kind, region, year, won and source") from error
