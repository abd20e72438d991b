"""What would be, if a resident got a place: every limit in force on the days of the work, looked at in one go. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from services.placement.limits.model import PERS, Limit, LimitTable, days_that_decide
from services.placement.participation.claims import (
    LEFT,
    NEVER,
    Claim,
    Shift,
    days_of,
    limit_of,
    minutes_by_day,
    month_of,
    week_of,
    won_by_month,
)
from services.placement.participation.lasting import lasting
from services.placement.participation.model import (
    MonthHours,
    Objection,
    Outlook,
    Overlap,
    SharedDays,
    Told,
    WeekHours,
)
from services.placement.participation.wanted import Wanted
from shared.clock import KST, kst_day

#: Overlapping days named one by one in an objection.
MOST_DAYS_NAMED = 31
#: Of what a limit on hours objects, by its kind and over what it is added up.
HOURS_CODES = {
    ("week_minutes", "total"): "week_hours_passed",
    ("week_minutes", "employer"): "week_hours_at_employer_passed",
    ("week_minutes", "programme"): "week_hours_in_programme_passed",
    ("month_minutes", "total"): "month_hours_passed",
    ("month_minutes", "employer"): "month_hours_at_employer_passed",
    ("month_minutes", "programme"): "month_hours_in_programme_passed",
}


def outlook(claims: Iterable[Claim], wanted: Wanted, limits: LimitTable) -> Outlook:
    """Return what the resident with these claims would come to; their own claim to the place counts once.

    Raises ``Refused`` (``limit_row_missing``) where the operator's file requires a row that is not there.
    """
    claim = Claim.of(wanted, NEVER)
    others = tuple(other for other in claims if other.key != wanted.key)
    overlaps = tuple(_overlaps(claim, others, limits, "refuse"))
    found = [*_overlap_objections(claim, overlaps, others, "refuse")]
    found += _overlap_objections(claim, tuple(_overlaps(claim, others, limits, "warn")), others, "warn")
    found += _at_one_time(claim, others, limits)
    until, ranked_lower, told = lasting(claim, others, limits)
    found += told
    weeks, told = _weeks(claim, others, limits)
    found += told
    months, told = _months(claim, others, limits)
    found += told
    return Outlook(
        objections=tuple(objection for effect, objection in found if effect == "refuse"),
        warnings=tuple(objection for effect, objection in found if effect != "refuse"),
        weeks=tuple(weeks),
        months=tuple(months),
        overlaps=overlaps,
        shut_out_until=until,
        ranked_lower=ranked_lower,
    )


def shared_days(limits: LimitTable) -> SharedDays:
    """Return what tells the days that two claims share although the limits refuse it."""
    return partial(overlap_of, limits=limits, effect="refuse")


def overlap_of(one: Claim, other: Claim, *, limits: LimitTable, effect: str) -> tuple[date, ...]:
    """Return the days that two direct jobs share, and on which a limit of either of them has this effect.

    A place that was left and given again in the same opening is one job; and what another system told of two of its
    own is not for us to put right.
    """
    if not (one.direct_job and other.direct_job) or (one.outside and other.outside):
        return ()
    if one.opening_id and one.opening_id == other.opening_id:
        return ()
    both = one.days_shared_with(other)
    if both is None:
        return ()
    return tuple(day for day in days_of(*both) if any(_forbids(limits, claim, day, effect) for claim in (one, other)))


def _forbids(limits: LimitTable, claim: Claim, day: date, effect: str) -> bool:
    limit = limit_of(limits, "direct_job_overlap", claim, day)
    return limit is not None and limit.effect == effect


def _cap(limits: LimitTable, claim: Claim, month: str) -> Limit | None:
    found = (limit_of(limits, "monthly_cap", claim, day) for day in days_that_decide(month))
    return next((limit for limit in found if limit is not None), None)


def _overlaps(claim: Claim, others: Iterable[Claim], limits: LimitTable, effect: str) -> Iterator[Overlap]:
    for other in others:
        days = overlap_of(claim, other, limits=limits, effect=effect)
        if days:
            yield Overlap(claim.key, other.key, days)


def _at_one_time(claim: Claim, others: Iterable[Claim], limits: LimitTable) -> list[Told]:
    """Object to shifts that lie over those of another place: nobody is in two places at once, or paid for both."""
    places = [other for other in others if other.state != LEFT and other.opening_id != claim.opening_id]
    shared: dict[str, list[Shift]] = {}
    for other in places:
        for start, end in claim.shifts:
            for begins, ends in other.shifts:
                if start < ends and begins < end:
                    both = max(start, begins), min(end, ends)
                    found = (limit_of(limits, "shift_overlap", one, kst_day(both[0])) for one in (claim, other))
                    # The rules of either place are enough; "refuse" comes before "warn".
                    effect = min((limit.effect for limit in found if limit is not None), default="")
                    shared.setdefault(effect, []).append(both)
    shared.pop("", None)
    told = []
    for effect, spans in shared.items():
        first, last = (f"{instant.astimezone(KST):%Y-%m-%d %H:%M}" for instant in min(spans))
        told.append((effect, Objection("shifts_at_one_time", "shifts", {"count": len(spans), "start": first, "end": last})))
    return told


def _overlap_objections(
    claim: Claim, overlaps: tuple[Overlap, ...], others: tuple[Claim, ...], effect: str
) -> list[Told]:
    days = sorted({day for overlap in overlaps for day in overlap.days})
    if not days:
        return []
    with_ = {overlap.other for overlap in overlaps}
    values = {
        "count": len(days),
        "first": days[0].isoformat(),
        "last": days[-1].isoformat(),
        "days": [day.isoformat() for day in days[:MOST_DAYS_NAMED]],
        "programmes": sorted({other.programme_code for other in others if other.key in with_ and _near(claim, other)}),
    }
    return [(effect, Objection("direct_jobs_overlap", "shifts", values))]


def _near(claim: Claim, other: Claim) -> bool:
    """Return whether both are in one district: what is elsewhere is not for its officers to know."""
    return other.outside or other.regions[:1] == claim.regions[:1]


def _same_group(per: str, claim: Claim, others: Iterable[Claim]) -> list[Claim]:
    """Return the claims that a limit adds up with this one."""
    if per == "employer":
        return [other for other in others if other.workplace == claim.workplace]
    if per == "programme":
        return [other for other in others if other.programme_id == claim.programme_id]
    return list(others)


def once_each(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Yield the claims without shifts that were yielded already: an opening's shift is worked by one person once."""
    seen: set[tuple[str, Shift]] = set()
    for claim in claims:
        fresh = tuple(shift for shift in claim.shifts if (claim.opening_id, shift) not in seen)
        seen.update((claim.opening_id, shift) for shift in fresh)
        yield claim if len(fresh) == len(claim.shifts) else replace(claim, shifts=fresh)


def minutes_by(period: Callable[[date], str], claims: Iterable[Claim]) -> dict[str, int]:
    """Return the minutes of all shifts of these claims by week or month."""
    minutes: dict[str, int] = {}
    for claim in once_each(claims):
        for day, of_day in minutes_by_day(claim.shifts).items():
            minutes[period(day)] = minutes.get(period(day), 0) + of_day
    return minutes


def _first_days(period: Callable[[date], str], days: Iterable[date]) -> dict[str, date]:
    """Return the first of these days in each week or month: the day whose limit counts."""
    first: dict[str, date] = {}
    for day in sorted(days):
        first.setdefault(period(day), day)
    return first


def _hours(
    kind: str, period: Callable[[date], str], claim: Claim, others: tuple[Claim, ...], limits: LimitTable
) -> tuple[dict[str, int], list[Told]]:
    """Return the limit on all work by period, and what any limit on hours says.

    The limit of another place in the same period is passed with this one's hours, too: it does not matter which of the
    two was given first.
    """
    days = _first_days(period, minutes_by_day(claim.shifts))
    of_others = {other.key: _first_days(period, minutes_by_day(other.shifts)) for other in others}
    groups = {per: _same_group(per, claim, others) for per in PERS}
    in_total: dict[str, int] = {}
    told = []
    sums: dict[tuple[Limit, str], Mapping[str, int]] = {}
    for name, day in days.items():
        for per in PERS:
            own = limit_of(limits, kind, claim, day, per)
            if own is not None and per == "total":
                in_total[name] = own.value
            there = [(one, of_others[one.key][name]) for one in groups[per] if name in of_others[one.key]]
            for limit in dict.fromkeys((own, *(limit_of(limits, kind, one, day, per) for one, day in there))):
                if limit is None or not limit.concerns(direct_job=claim.direct_job, engagement=claim.engagement):
                    continue
                if (limit, per) not in sums:
                    sums[limit, per] = minutes_by(period, [*_concerned(limit, groups[per]), claim])
                minutes = sums[limit, per][name]
                if limit.is_passed(minutes):
                    of_limit = {"limit": limit.value, "hours": _hours_text(limit.value)}
                    values = {"period": name, "minutes": minutes, **of_limit}
                    told.append((limit.effect, Objection(HOURS_CODES[kind, per], "shifts", values)))
    return in_total, told


def _concerned(limit: Limit, others: Iterable[Claim]) -> list[Claim]:
    return [other for other in others if limit.concerns(direct_job=other.direct_job, engagement=other.engagement)]


def _hours_text(minutes: int) -> str:
    """Return hours for people, such as ``15`` or ``12.5``."""
    return f"{minutes / 60:g}"


def _weeks(claim: Claim, others: tuple[Claim, ...], limits: LimitTable) -> tuple[list[WeekHours], list[Told]]:
    before, after = minutes_by(week_of, others), minutes_by(week_of, [*others, claim])
    most, told = _hours("week_minutes", week_of, claim, others, limits)
    weeks = _first_days(week_of, minutes_by_day(claim.shifts))
    return [WeekHours(week, before.get(week, 0), after[week], most.get(week)) for week in weeks], told


def _months(claim: Claim, others: tuple[Claim, ...], limits: LimitTable) -> tuple[list[MonthHours], list[Told]]:
    before, after = minutes_by(month_of, others), minutes_by(month_of, [*others, claim])
    most, told = _hours("month_minutes", month_of, claim, others, limits)
    paid = {month_of(kst_day(start)) for start, _ in claim.shifts}
    in_programme = won_by_month(once_each([*_same_group("programme", claim, others), claim]))
    months = []
    for month in _first_days(month_of, minutes_by_day(claim.shifts)):
        won = in_programme.get(month, 0)
        limit = None if month not in paid else _cap(limits, claim, month)
        above = 0
        if limit is not None:
            group = _concerned(limit, _same_group(limit.per, claim, others))
            won = won_by_month(once_each([*group, claim]))[month]
            above = max(0, won - limit.value)
            if above:
                values = {"period": month, "won": won, "cap": limit.value, "above": above}
                told.append((limit.effect, Objection("monthly_cap_passed", "shifts", values)))
        cap = None if limit is None else limit.value
        months.append(MonthHours(month, before.get(month, 0), after[month], most.get(month), won, cap, above))
    return months, told
