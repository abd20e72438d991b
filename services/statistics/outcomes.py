"""Targets (목표) against outcomes (실적), a row a programme and measure. Pure.

The outcome of ``jobs`` is the places given (figures of jobs, ``filled``), of ``people`` the placements completed
(figures of attendance, ``completed``). For what nothing is counted, such as sessions, the outcome is null (자료 없음),
not 0; so is the target that was never set.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from services.statistics.model import Sums, quotient
from shared.events.placement.plans import TARGET_MEASURES

#: A measure of a target -> which figure is its outcome.
OUTCOMES: Mapping[str, tuple[str, str]] = {"jobs": ("jobs", "filled"), "people": ("attendance", "completed")}

#: By programme: the sums of which something is known.
Known = Mapping[str, Sums]


def against(
    targets: Known,
    jobs: Known,
    attendance: Known,
    parents: Mapping[str, str | None],
    running: Container[str],
) -> dict[str, Any]:
    """Return ``{"rows": [...], "total": {measure: ...}}`` over the programmes in ``parents`` and all that is known of.

    A row: ``{programme_id, parent, measure, target, outcome, achieved}``; ``achieved`` = outcome ÷ target, two
    decimals, null where either is unknown. Only measures are told of which a target or an outcome is known. A total is
    of what is known. The target of an umbrella, which has no openings of its own (``running``: those that have), holds
    those of what stands under it, so that these add their outcomes only. A target of nothing is none: that is what is
    said of one that was taken back.

    ``achieved`` of a total never sets one programme's outcome over another's target. It is null unless every programme
    with a target has an outcome (an umbrella without openings: something under it has), and every outcome in it is of
    a programme with a target, its own or that of an umbrella which holds it.
    """
    done = {"jobs": jobs, "attendance": attendance}
    rows = []
    for programme in sorted({*parents, *targets, *jobs, *attendance}):
        for measure in TARGET_MEASURES:
            target = _target(measure, programme, targets)
            outcome = _outcome(measure, programme, done)
            if target is not None or outcome is not None:
                rows.append(
                    {
                        "programme_id": programme,
                        "parent": parents.get(programme),
                        "measure": measure,
                        **_set_against(target, outcome),
                    }
                )

    def holders(programme: str, measure: str) -> list[str]:
        umbrellas = (one for one in above(programme, parents) if one not in running)
        return [one for one in umbrellas if _target(measure, one, targets) is not None]

    total = {
        measure: _total([(row, holders(row["programme_id"], measure)) for row in rows if row["measure"] == measure])
        for measure in TARGET_MEASURES
    }
    return {"rows": rows, "total": total}


def _total(rows: Sequence[tuple[Mapping[str, Any], list[str]]]) -> dict[str, Any]:
    """Return the total of a measure; ``rows``: each with the umbrellas whose targets hold what it promises and does."""
    told = _set_against(
        _sum(row["target"] for row, holders in rows if not holders),
        _sum(row["outcome"] for row, _ in rows),
    )
    promised = {row["programme_id"] for row, _ in rows if row["target"] is not None}
    done = [{row["programme_id"], *holders} for row, holders in rows if row["outcome"] is not None]
    if promised - set().union(*done) or any(promised.isdisjoint(one) for one in done):
        told["achieved"] = None
    return told


def above(programme: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the programmes above a programme, nearest first; those that stand under each other count neither."""
    found: list[str] = []
    one = parents.get(programme)
    while one is not None and one not in found:
        found.append(one)
        one = parents.get(one)
    return [] if programme in found else found


def _target(measure: str, programme: str, targets: Known) -> int | None:
    return targets.get(programme, {}).get(f"target_{measure}") or None


def _outcome(measure: str, programme: str, done: Mapping[str, Known]) -> int | None:
    if measure not in OUTCOMES:
        return None
    about, name = OUTCOMES[measure]
    # Of a programme that takes applications it is known that nobody has a place or is done yet: that is 0.
    if programme not in done[about] and programme not in done["jobs"]:
        return None
    return done[about].get(programme, {}).get(name, 0)


def _set_against(target: int | None, outcome: int | None) -> dict[str, Any]:
    achieved = None if target is None or outcome is None else quotient(outcome, target)
    return {"target": target, "outcome": outcome, "achieved": achieved}


def _sum(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
