"""Limits that last: who took part for too many months is shut out, or ranked lower, for a time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.placement.limits.model import Limit, LimitTable
from services.placement.participation.claims import Claim, limit_of
from services.placement.participation.model import Objection, Told
from services.placement.participation.months import TakenPart

#: Of what a limit on months objects: at the place itself, and at one that begins later, on account of this one.
CODES = {
    "repeat_months": ("direct_jobs_shut_out", "direct_jobs_shut_out_later"),
    "recent_months": ("direct_jobs_recent", "direct_jobs_recent_later"),
}


def lasting(claim: Claim, others: tuple[Claim, ...], limits: LimitTable) -> tuple[date | None, bool, list[Told]]:
    """Return until when the resident is shut out, whether ranked lower, and what is said of it.

    A place that they have already and that begins later is looked at, too: what it passes only with this one counted is
    said of this one, with the same effect, so that it does not matter which of the two is given first.
    """
    if not claim.direct_job:
        return None, False, []
    direct = [other for other in others if other.direct_job]
    before = TakenPart((other.first_day, other.last_day) for other in direct)
    after = TakenPart((other.first_day, other.last_day) for other in (*direct, claim))
    later = sorted((other for other in direct if other.first_day > claim.first_day), key=lambda other: other.first_day)
    shut_out, told = None, []
    for kind, (code, code_later) in CODES.items():
        limit = limit_of(limits, kind, claim, claim.first_day)
        until = None if limit is None else before.lasts_until(limit, claim.first_day)
        if limit is not None and until is not None:
            shut_out = until if limit.effect == "refuse" else shut_out
            told.append((limit.effect, Objection(code, "resident_id", _values(limit, until))))
        # The first day on which it happens, for each effect.
        found: dict[str, dict[str, Any]] = {}
        for effect, values in _passed_later(kind, later, before, after, limits):
            found.setdefault(effect, values)
        told += [(effect, Objection(code_later, "resident_id", values)) for effect, values in found.items()]
    return shut_out, any(effect == "rank" for effect, _ in told), told


def _passed_later(
    kind: str, later: list[Claim], before: TakenPart, after: TakenPart, limits: LimitTable
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the effect and what is said, where a place passes its limit, or for longer, because of the new one."""
    for other in later:
        limit = limit_of(limits, kind, other, other.first_day)
        until = None if limit is None else after.lasts_until(limit, other.first_day)
        if limit is None or until is None:
            continue
        already = before.lasts_until(limit, other.first_day)
        if already is None or already < until:
            yield limit.effect, {"day": other.first_day.isoformat(), **_values(limit, until)}


def _values(limit: Limit, until: date) -> dict[str, Any]:
    return {"until": until.isoformat(), "months": limit.value, "of": limit.of_last_months}
