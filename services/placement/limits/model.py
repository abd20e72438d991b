"""Limits on taking part, as they are in force on the day of the work (직접일자리 지침, 근로기준법, 사업별 공고).

The rows are data with a source each (deploy/data/limits.yaml). A day without a row has no limit, unless the operator's
file says that one is ``required``: then the missing row is refused, never guessed. Minutes, whole won, months.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.errors import Refused

#: ``monthly_cap`` won a month; ``week_minutes``, ``month_minutes`` of work; ``direct_job_overlap`` two direct jobs on one
#: day; ``shift_overlap`` two places at one time; ``repeat_months`` more than so many of the last months;
#: ``recent_months`` so many or more of them; ``target_group`` not known to belong to whom the opening is for.
KINDS = (
    *("monthly_cap", "week_minutes", "month_minutes"),
    *("direct_job_overlap", "shift_overlap", "repeat_months", "recent_months", "target_group"),
)
#: Kinds that forbid something as such: they have no value.
WITHOUT_VALUE = ("direct_job_overlap", "shift_overlap", "target_group")
#: What happens to what passes a limit: it is refused, it is told, it is ranked lower, or the pay above it is held back.
EFFECTS = ("refuse", "warn", "rank", "flag")
#: The effects that a kind can have; the others can have any.
EFFECTS_OF = {
    **dict.fromkeys(WITHOUT_VALUE, ("refuse", "warn")),
    **dict.fromkeys(("week_minutes", "month_minutes", "monthly_cap"), ("refuse", "warn", "flag")),
}
#: Kinds that are added up, and so over something.
ADDED_UP = ("monthly_cap", "week_minutes", "month_minutes")
#: Over what is added up: all work of a resident, that for one employer (a workplace by name), that in one programme.
PERS = ("total", "employer", "programme")
NATIONWIDE = "KR"


@dataclass(frozen=True)
class Limit:
    """One published limit: in force for work on the days ``[since, until)``; ``until`` None: until it is replaced."""

    kind: str
    value: int
    effect: str
    since: date
    until: date | None
    source: str
    #: A programme's code, a region's code, or ``KR``.
    scope: str = NATIONWIDE
    per: str = "total"
    #: Whom it concerns; None and empty: everybody.
    direct_job: bool | None = None
    engagements: tuple[str, ...] = ()
    #: Of ``repeat_months`` and ``recent_months``: of how many last months, and for how many months it then lasts.
    of_last_months: int = 0
    for_months: int = 0

    def concerns(self, *, direct_job: bool, engagement: str) -> bool:
        """Return whether it is about such work."""
        return self.direct_job in (None, direct_job) and (not self.engagements or engagement in self.engagements)

    def is_in_force(self, day: date) -> bool:
        """Return whether it is in force for work on this day."""
        return self.since <= day and (self.until is None or day < self.until)

    def is_passed(self, amount: int) -> bool:
        """Return whether an amount passes it.

        A duty that is warned of begins at the value (15시간 이상); a ceiling may be reached, not passed (최대 13시간).
        """
        return amount >= self.value if self.effect == "warn" else amount > self.value


@dataclass(frozen=True)
class Required:
    """A limit that must have a row for every day of work since then: the operator repairs a missing one."""

    kind: str
    scope: str
    since: date


@dataclass(frozen=True)
class LimitTable:
    """All rows an operator has entered."""

    rows: tuple[Limit, ...] = ()
    required: tuple[Required, ...] = ()

    @property
    def looks_back(self) -> int:
        """Return the months after which no row counts a direct job any more.

        A limit is looked at when a stretch ends, over ``of_last_months``, and lasts for ``for_months`` from then on.
        """
        return max((row.of_last_months + row.for_months for row in self.rows), default=0) + 1

    def of(
        self,
        kind: str,
        *,
        programme_code: str,
        regions: Iterable[str],
        direct_job: bool,
        engagement: str,
        day: date,
        per: str | None = None,
    ) -> Limit | None:
        """Return the limit in force on the day of the work, or None for none.

        The programme's own row comes first, then the ``regions``' rows, nearest first, then the nationwide one. ``per``
        None: over whatever it is added up. Raises ``Refused`` (``limit_row_missing``) where a row is required.
        """
        scopes = tuple(dict.fromkeys((programme_code, *regions, NATIONWIDE)))
        for scope in scopes:
            for row in self.rows:
                if (
                    row.kind == kind
                    and row.scope == scope
                    and per in (None, row.per)
                    and row.is_in_force(day)
                    and row.concerns(direct_job=direct_job, engagement=engagement)
                ):
                    return row
        if any(one.kind == kind and one.scope in scopes and one.since <= day for one in self.required):
            raise Refused("limit_row_missing", field="shifts", kind=kind, scopes=list(scopes), day=day.isoformat())
        return None


def days_that_decide(month: str) -> tuple[date, date]:
    """Return the days by which a month's own limit (``monthly_cap``) is looked up, in turn: its last, then its first.

    What is in force at the end of the month counts for the whole of it; where a row ended before, it still does.

    >>> days_that_decide("2028-02")
    (datetime.date(2028, 2, 29), datetime.date(2028, 2, 1))
    """
    first = date.fromisoformat(f"{month}-01")
    return first.replace(day=monthrange(first.year, first.month)[1]), first
