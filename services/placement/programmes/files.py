"""The operator's files: districts and kinds. What is wrong is named by its row, its field and the fix."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from services.placement.programmes.districts import Districts, Named
from services.placement.programmes.kinds import Kind, KindTable
from shared.events.placement.plans import TARGET_MEASURES


def read_districts(file: Path) -> Districts:
    """Return what codes of 시·군·구 named and when; a code without a row is open-ended.

    Raises ``ValueError`` that names the row, the field and the fix.
    """
    found: dict[str, list[Named]] = {}
    for number, row in enumerate(_rows(file, "districts"), start=1):
        code, named = _district(number, row)
        for other in found.setdefault(code, []):
            if _meet(other, named):
                raise ValueError(f"districts row {number}: code: {code} is there twice: give it on days that don't meet")
        found[code].append(named)
    return Districts({code: tuple(sorted(rows, key=_since)) for code, rows in found.items()})


def _since(named: Named) -> date:
    return named.valid_from or date.min


def _meet(one: Named, other: Named) -> bool:
    """Return whether a code would name both on some day."""
    return _since(one) < (other.valid_to or date.max) and _since(other) < (one.valid_to or date.max)


def _district(number: int, row: Any) -> tuple[str, Named]:
    at = f"districts row {number}"
    if not isinstance(row, dict) or not re.fullmatch(r"[0-9]{5}", str(row.get("code"))):
        raise ValueError(f"{at}: code: give the five digits, such as '29200'")
    for name in ("name", "municipality"):
        text = row.get(name)
        if text is not None and (not isinstance(text, str) or not text.strip()):
            raise ValueError(f"{at}: {name}: {text!r}: give a name such as 광산구, or leave it out")
    days = [row.get(name) for name in ("valid_from", "valid_to")]
    for name, day in zip(("valid_from", "valid_to"), days, strict=True):
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            raise ValueError(f"{at}: {name}: {day!r}: give a day without quotes, such as 2026-07-01, or leave it out")
    first, last = days
    if first is not None and last is not None and last <= first:
        raise ValueError(f"{at}: valid_to: {last}: give a day after valid_from {first}")
    return str(row["code"]), Named(row.get("name"), row.get("municipality"), first, last)


def _rows(file: Path, name: str) -> list[Any]:
    """Return the rows of an operator's file; raise ``ValueError`` that names what is missing."""
    told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    rows = told.get(name) if isinstance(told, dict) else None
    if not isinstance(rows, list):
        raise ValueError(f"{file.name}: {name}: give a list of rows under this name")
    return rows


def read_kinds(file: Path) -> KindTable:
    """Return the kinds in the operator's file; raise ``ValueError`` that names the row and the fix."""
    kinds = [_kind(number, row) for number, row in enumerate(_rows(file, "kinds"), start=1)]
    return KindTable({kind.code: kind for kind in kinds})


def _kind(number: int, row: dict[str, Any]) -> Kind:
    try:
        unknown = set(row["counts"]) - set(TARGET_MEASURES)
        if unknown:
            raise ValueError(f"counts {sorted(unknown)}: one of {list(TARGET_MEASURES)}")
        return Kind(str(row["code"]), str(row["ko"]), str(row["en"]), tuple(row["counts"]), bool(row["openings"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"kinds row {number}: {error}: give code, ko, en, counts and openings") from error
