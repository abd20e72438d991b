"""The limit rows, read from the operator's file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from services.placement.limits.model import (
    ADDED_UP,
    EFFECTS,
    EFFECTS_OF,
    KINDS,
    PERS,
    WITHOUT_VALUE,
    Limit,
    LimitTable,
    Required,
)

#: Kinds that look back over months.
LOOKING_BACK = ("repeat_months", "recent_months")
#: Months that such a kind looks back over, or lasts for.
MOST_MONTHS = 600
#: What a row may say.
_KNOWN = {
    "kind",
    "scope",
    "value",
    "per",
    "effect",
    "since",
    "until",
    "source",
    "direct_job",
    "engagements",
    "of",
    "for",
    "checked",
}


def read_limits(file: Path) -> LimitTable:
    """Return the table in a YAML file; raise ``ValueError`` that names the row and the fix."""
    told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or {}
    if not isinstance(told, dict) or set(told) - {"limits", "required"}:
        raise ValueError("the file has limits and required, each a list, and nothing else: correct the names")
    rows = [_named("limits", number, row, _row) for number, row in enumerate(told.get("limits") or [], start=1)]
    required = [_named("required", number, row, _required) for number, row in enumerate(told.get("required") or [], 1)]
    _must_be_clear(rows)
    return LimitTable(tuple(rows), tuple(required))


def _named(where: str, number: int, row: Any, read: Any) -> Any:
    try:
        return read(row)
    except KeyError as error:
        raise ValueError(f"{where} row {number}: {error.args[0]} is missing: add it") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{where} row {number}: {error}") from error


def _row(row: dict[str, Any]) -> Limit:
    _must_be_known(row, _KNOWN)
    kind = _one_of("kind", row["kind"], KINDS)
    since, until = _day("since", row["since"]), row.get("until")
    if until is not None and _day("until", until) <= since:
        raise ValueError(f"until {until} is not after since {since}: give a later day, or leave it out")
    direct_job = row.get("direct_job")
    if direct_job not in (None, True, False):
        raise ValueError(f"direct_job {direct_job!r}: give true or false, or leave it out")
    if not str(row["source"]).strip():
        raise ValueError("source is empty: say where the limit is published")
    value = 0 if kind in WITHOUT_VALUE else _whole("value", row["value"])
    of_last_months = _months("of", row["of"]) if kind in LOOKING_BACK else 0
    if kind in LOOKING_BACK and value > of_last_months - (kind == "repeat_months"):
        raise ValueError(f"value {value} of {of_last_months} months is never passed: give a smaller one")
    return Limit(
        kind=kind,
        value=value,
        effect=_one_of("effect", row["effect"], EFFECTS_OF.get(kind, EFFECTS)),
        since=since,
        until=until,
        source=str(row["source"]),
        scope=str(row["scope"]),
        per=_one_of("per", row.get("per", "total"), PERS if kind in ADDED_UP else PERS[:1]),
        direct_job=direct_job,
        engagements=_names("engagements", row.get("engagements") or []),
        of_last_months=of_last_months,
        for_months=_months("for", row["for"]) if kind in LOOKING_BACK else 0,
    )


def _required(row: dict[str, Any]) -> Required:
    _must_be_known(row, {"kind", "scope", "since"})
    return Required(_one_of("kind", row["kind"], KINDS), str(row["scope"]), _day("since", row["since"]))


def _must_be_known(row: dict[str, Any], known: set[str]) -> None:
    unknown = set(row) - known
    if unknown:
        raise ValueError(f"nobody knows {sorted(unknown)}: give {sorted(known)}")


def _names(name: str, value: Any) -> tuple[str, ...]:
    # One word alone would be read letter by letter, and be about nobody.
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{name} {value!r}: give a list such as [{value}]")
    return tuple(value)


def _one_of(name: str, value: Any, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"{name} {value!r}: give one of {', '.join(known)}")
    return str(value)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} {value!r}: give a whole number, 1 or more")
    return value


def _months(name: str, value: Any) -> int:
    # Further back there is no day: every selection would fail, not only the start.
    if _whole(name, value) > MOST_MONTHS:
        raise ValueError(f"{name} {value!r}: give months, 1 to {MOST_MONTHS}")
    return int(value)


def _day(name: str, value: Any) -> date:
    if type(value) is not date:
        raise ValueError(f"{name} {value!r}: give a day such as 2026-01-01")
    return value


def _must_be_clear(rows: Sequence[Limit]) -> None:
    """Raise ``ValueError`` when two rows would speak of the same work on the same day."""
    for (first, one), (second, other) in combinations(enumerate(rows, start=1), 2):
        if (one.kind, one.scope, one.per) == (other.kind, other.scope, other.per) and _meet(one, other):
            raise ValueError(f"limits rows {first} and {second} are about the same days: end one with until")


def _meet(one: Limit, other: Limit) -> bool:
    days = one.since < (other.until or date.max) and other.since < (one.until or date.max)
    jobs = None in (one.direct_job, other.direct_job) or one.direct_job == other.direct_job
    work = not one.engagements or not other.engagements or bool({*one.engagements} & {*other.engagements})
    return days and jobs and work
