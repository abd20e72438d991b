"""Figures that a source published (발표된 수치), and the sums made of them. Pure: no I/O, no clock.

A figure is what somebody said on some day; it is never computed here and never mixed with what is. Unknown is None
(자료 없음), never 0. Trained people are counted apart from placed people: a trainee need not have a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.ids import content_hash

#: 정확히 | 약(여) | 이상: how a source qualifies its figure.
EXACT, ABOUT, AT_LEAST = "exact", "about", "at_least"
QUALIFIERS = (EXACT, ABOUT, AT_LEAST)
JOBS, PLACED, TRAINED, MONEY = "jobs_created", "people_placed", "trained", "budget_krw"
#: What sources publish about a programme. ``budget_krw`` is won; the rest are counts.
MEASURES = (JOBS, PLACED, TRAINED, "sessions_delivered", "sites_served", MONEY)
#: Won or people; above the budget of any programme there is.
MOST = 10**15


@dataclass(frozen=True)
class Figure:
    """A figure as its source gave it. ``as_of`` 기준일, None when the source names no day; ``published`` its own day."""

    measure: str
    value: int | None
    qualifier: str = EXACT
    as_of: date | None = None
    source: str | None = None
    published: date | None = None

    @property
    def since(self) -> date | None:
        """The day from which on it can be used: a figure without 기준일 holds from its publication. None: always."""
        return self.as_of or self.published

    def told_by(self, day: date | None) -> bool:
        """Return whether it was there on this day; None is today and any later day."""
        return day is None or self.since is None or self.since <= day


@dataclass(kw_only=True)
class Report(Aggregate):
    """A figure that an officer entered, one document for each measure, day and source: a correction replaces it.

    ``about`` is the id of the programme, or of the organisation, that it tells of.
    """

    about: str
    figure: Figure

    @staticmethod
    def id_of(about: str, figure: Figure) -> str:
        """Return the id of this figure's place."""
        day = "-" if figure.as_of is None else figure.as_of.isoformat()
        return f"{about}:{figure.measure}:{day}:{content_hash([figure.source])[:12]}"


def latest(figures: Iterable[Figure], measure: str, on: date | None = None) -> Figure | None:
    """Return the latest known figure of a measure on a day; of two of one day the later in order. None: 자료 없음."""
    known = [one for one in figures if one.measure == measure and one.value is not None and one.told_by(on)]
    found: Figure | None = None
    for one in known:
        if found is None or (one.since or date.min) >= (found.since or date.min):
            found = one
    return found


def itemised(figures: Sequence[Figure | None]) -> tuple[int | None, str | None]:
    """Return the sum of the items that have a figure, and how exact it is; None and None when no item has one.

    The sum is ``exact`` if every figure in it is, ``about`` if any is, else ``at_least``. An item without a figure adds
    nothing; the caller shows it by name.
    """
    given = [one for one in figures if one is not None and one.value is not None]
    if not given:
        return None, None
    qualifiers = {one.qualifier for one in given}
    qualifier = EXACT if qualifiers == {EXACT} else ABOUT if ABOUT in qualifiers else AT_LEAST
    return sum(one.value or 0 for one in given), qualifier


def checked_figure(
    measure: str, value: int | None, qualifier: str, as_of: date | None, source: str, *, today: date
) -> Figure:
    """Return a figure; raise ``Refused`` for a negative value, an unknown qualifier or a day that is not there yet."""
    must_be_told(value, qualifier)
    if as_of is not None and as_of > today:
        raise Refused("as_of_in_future", field="as_of", today=today.isoformat())
    return Figure(measure, value, qualifier, as_of, source, published=None if as_of else today)


def figure_told(figure: Figure) -> dict[str, Any]:
    """Return a figure, JSON-ready: ``{measure, value, qualifier, as_of, source}``."""
    return {
        "measure": figure.measure,
        "value": figure.value,
        "qualifier": figure.qualifier,
        "as_of": None if figure.as_of is None else figure.as_of.isoformat(),
        "source": figure.source,
    }


def must_be_told(value: int | None, qualifier: str) -> None:
    """Raise ``Refused`` for a negative or unbelievable value, or an unknown qualifier."""
    if value is not None and not 0 <= value <= MOST:
        raise Refused("out_of_range", field="value", low=0, high=MOST)
    if qualifier not in QUALIFIERS:
        raise Refused("qualifier_unknown", field="qualifier", qualifiers=list(QUALIFIERS))
