"""An organisation (기관·단체) in a tenant's register. Pure: no I/O, no clock.

How many people it has is a series of figures, each of a day and a source (programmes/figures.py): 6 members, later
about 100 workers. A day is answered with the latest figure up to it; before the first one it is None (자료 없음).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.aggregate import Aggregate
from shared.errors import Refused

#: 협력기관 | 수행기관 | 협동조합 | 사회적기업 | 공공기관 | 기타.
KINDS = ("partner", "operating_agency", "cooperative", "social_enterprise", "public_body", "other")
#: 조합원 | 일하는 사람 | 자원봉사자: whom it counts.
MEASURES = ("members", "workers", "volunteers")
#: 직영 | 위탁: how a facility is run.
OPERATOR_KINDS = ("direct", "entrusted")
#: Lines, and facilities, of one organisation.
MOST = 100


@dataclass(frozen=True)
class Line:
    """A business line (사업 부문); ``since`` is None when it isn't known from when on."""

    name: str
    since: date | None = None


@dataclass(frozen=True)
class Run:
    """A facility that it runs; ``facility_id`` names one in the register of facilities, if it is there."""

    name: str
    operator_kind: str
    facility_id: str | None = None
    since: date | None = None


@dataclass(kw_only=True)
class Organisation(Aggregate):
    """One organisation. ``district`` is the code of its 시·군·구, None for one of the whole 시·도."""

    name: str
    kind: str
    district: str | None = None
    founded_on: date | None = None
    lines: tuple[Line, ...] = ()
    facilities: tuple[Run, ...] = ()

    @property
    def area(self) -> str:
        """Whose it is within the tenant; one of the whole 시·도 is nobody's who acts for districts."""
        return self.district or self.tenant

    def check(self) -> None:
        """Raise ``Refused`` for an unknown kind."""
        if self.kind not in KINDS:
            raise Refused("organisation_kind_unknown", field="kind", kinds=list(KINDS))

    def add_line(self, line: Line) -> None:
        """Add a business line, or describe the one of that name anew; raise ``Refused`` for too many."""
        lines = {one.name: one for one in self.lines} | {line.name: line}
        _must_fit(len(lines), "lines")
        self.lines = tuple(lines.values())

    def add_facility(self, run: Run) -> None:
        """Add a facility that it runs, or describe the one of that name anew; raise ``Refused`` for too many."""
        if run.operator_kind not in OPERATOR_KINDS:
            raise Refused("operator_kind_unknown", field="operator_kind", kinds=list(OPERATOR_KINDS))
        facilities = {one.name: one for one in self.facilities} | {run.name: run}
        _must_fit(len(facilities), "facilities")
        self.facilities = tuple(facilities.values())


def must_count(measure: str) -> None:
    """Raise ``Refused`` unless organisations count this."""
    if measure not in MEASURES:
        raise Refused("measure_unknown", field="measure", measures=list(MEASURES))


def _must_fit(many: int, named: str) -> None:
    if many > MOST:
        raise Refused("too_many_at_once", field=named, most=MOST)
