"""How a resident stands: what officers, the resident and other systems are shown. Pure, JSON-ready."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from services.placement.limits.model import NATIONWIDE, LimitTable
from services.placement.participation.claims import Claim, month_of, week_of
from services.placement.participation.model import Objection, Outlook, Participation
from services.placement.participation.months import TakenPart, months_before
from services.placement.participation.outlook import minutes_by, outlook
from services.placement.participation.wanted import Wanted

WEEK = timedelta(days=7)
#: Weeks and months that are told, this one the first.
WEEKS_AHEAD, MONTHS_AHEAD = 4, 3


def standing_of(known: Participation, limits: LimitTable, today: date) -> dict[str, Any]:
    """Return what counts for a direct job that would begin today, and the hours of the weeks and months ahead."""
    claims = list(known.claims.values())
    would_be = outlook(claims, _asked(known, today, today, direct_job=True, regions=(NATIONWIDE,)), limits)
    taken_part = TakenPart((claim.first_day, claim.last_day) for claim in claims if claim.direct_job)
    windows = []
    for kind in ("repeat_months", "recent_months"):
        limit = _nationwide(limits, kind, today)
        if limit is not None:
            found = taken_part.counted(limit, today)
            windows.append(
                {
                    "kind": kind,
                    "months": limit.value,
                    "of": limit.of_last_months,
                    "days": found.days,
                    "days_allowed": found.most,
                }
            )
    weeks, months = minutes_by(week_of, claims), minutes_by(month_of, claims)
    week_limit, month_limit = (_nationwide(limits, kind, today) for kind in ("week_minutes", "month_minutes"))
    first = today.replace(day=1)
    return {
        "day": today.isoformat(),
        "direct_jobs": windows,
        "shut_out_until": _text(would_be.shut_out_until),
        "ranked_lower": would_be.ranked_lower,
        "weeks": [
            {"week": week, "minutes": weeks.get(week, 0), "limit": None if week_limit is None else week_limit.value}
            for week in (week_of(today + number * WEEK) for number in range(WEEKS_AHEAD))
        ],
        "months": [
            {
                "month": month,
                "minutes": months.get(month, 0),
                "limit": None if month_limit is None else month_limit.value,
            }
            for month in (month_of(months_before(first, -number)) for number in range(MONTHS_AHEAD))
        ],
    }


def check_of(
    known: Participation,
    limits: LimitTable,
    first_day: date,
    last_day: date,
    *,
    direct_job: bool,
    regions: tuple[str, ...],
    districts: frozenset[str],
) -> dict[str, Any]:
    """Return whether the resident may take part on these days, and what lies in the way.

    Outside these ``districts`` (empty: none is outside) without what it is.
    """
    wanted = _asked(known, first_day, last_day, direct_job=direct_job, regions=regions)
    found: Outlook = outlook(known.claims.values(), wanted, limits)
    overlaps = [
        {
            **_named(known.claims[overlap.other], districts),
            "first_day": overlap.days[0].isoformat(),
            "last_day": overlap.days[-1].isoformat(),
            "count": len(overlap.days),
        }
        for overlap in found.overlaps
    ]
    return {
        "resident_id": known.id,
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "direct_job": direct_job,
        "allowed": not found.objections,
        "objections": [_told(one, overlaps) for one in found.objections],
        "overlaps": overlaps,
        "shut_out_until": _text(found.shut_out_until),
        "ranked_lower": found.ranked_lower,
    }


def row_of(claim: Claim, districts: frozenset[str]) -> dict[str, Any]:
    """Return a place for a list; outside these districts (empty: none is outside) without where and what it is."""
    row: dict[str, Any] = {
        "key": key_of(claim, districts),
        "first_day": claim.first_day.isoformat(),
        "last_day": claim.last_day.isoformat(),
        "direct_job": claim.direct_job,
        "state": claim.state,
        "outside": claim.outside,
    }
    if _is_seen(claim, districts):
        return row | {
            "opening_id": claim.opening_id,
            "programme_id": claim.programme_id,
            "programme_code": claim.programme_code,
            "workplace": claim.workplace,
            "engagement": claim.engagement,
            "source": claim.source,
            "noted_by": claim.noted_by,
        }
    return row


def key_of(claim: Claim, districts: frozenset[str]) -> str:
    """Return the key of a place, which names its opening; outside these districts, only when it begins."""
    return claim.key if _is_seen(claim, districts) else f"elsewhere:{claim.first_day.isoformat()}"


def _is_seen(claim: Claim, districts: frozenset[str]) -> bool:
    return not districts or claim.outside or not districts.isdisjoint(claim.regions)


def _told(objection: Objection, overlaps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an objection JSON-ready; of programmes it names those that the rows of ``overlaps`` name."""
    told = objection.to_wire()
    if "programmes" in told["values"]:
        named = sorted({row["programme_code"] for row in overlaps if "programme_code" in row})
        told["values"] = {**told["values"], "programmes": named}
    return told


def _named(claim: Claim, districts: frozenset[str]) -> dict[str, Any]:
    row = {"key": key_of(claim, districts)}
    return row | {"programme_code": claim.programme_code} if _is_seen(claim, districts) else row


def _asked(
    known: Participation, first_day: date, last_day: date, *, direct_job: bool, regions: tuple[str, ...]
) -> Wanted:
    """Return a place that nobody offers: only its days are known."""
    return Wanted(
        key="",
        resident_id=known.id,
        tenant=known.tenant,
        opening_id="",
        programme_id="",
        programme_code="",
        regions=regions,
        workplace="",
        direct_job=direct_job,
        engagement="",
        shifts=(),
        hourly_won=0,
        first_day=first_day,
        last_day=last_day,
    )


def _nationwide(limits: LimitTable, kind: str, day: date) -> Any:
    return limits.of(kind, programme_code="", regions=(), direct_job=True, engagement="", day=day, per="total")


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
