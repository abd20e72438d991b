"""A tenant (운영기관) runs programmes (사업). A programme is hosted by configuration: its row in the data says all.

A figure that a source doesn't give is None (자료 없음), never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.placement.wages.model import FLOORS
from shared.aggregate import Aggregate
from shared.errors import Refused

#: Roles in the data whose rows are no programmes of ours: systems that publish to us, and what is no programme.
NOT_HOSTED = frozenset({"not_a_programme", "external_system", "external"})
OPEN, CLOSED = "open", "closed"


@dataclass(kw_only=True)
class Tenant(Aggregate):
    """Who runs programmes here. Its id is its name in every other id."""

    name: str
    state: str = OPEN
    #: 시연·훈련: work may lie in the past; closed when the rehearsal is over.
    rehearsal: bool = False
    #: Set while openings of a closed tenant may still be open.
    due: datetime | None = None

    def close(self, now: datetime) -> None:
        """Take no more acts; what is open is closed by the sweep."""
        if self.state == CLOSED:
            raise Refused("tenant_is_closed", field="tenant", tenant=self.id)
        self.state, self.due = CLOSED, now

    def must_be_open(self) -> None:
        """Raise ``Refused`` when it is closed."""
        if self.state != OPEN:
            raise Refused("tenant_is_closed", field="tenant", tenant=self.id)


@dataclass(frozen=True)
class District:
    """A 시·군·구 under the name and code it had: codes change, history keeps its names.

    ``code`` is of the MOIS series; valid on the days ``[valid_from, valid_to)``, None is open-ended.
    """

    code: str | None
    name: str | None
    municipality: str | None
    valid_from: date | None = None
    valid_to: date | None = None

    def regions(self) -> tuple[str, ...]:
        """Return the codes under which a regional rule is looked up, nearest first."""
        return () if self.code is None else (self.code, self.code[:2])


@dataclass(kw_only=True)
class Programme(Aggregate):
    """One row of the data."""

    code: str
    name_ko: str
    name_en: str | None
    kind: str
    role: str
    parent: str | None
    district: District
    year: int | None
    wage_floor: str = "minimum"
    #: An officer chose the floor: the data doesn't change it any more.
    wage_floor_chosen: bool = False
    #: Everything else the row says, as it says it.
    row: Mapping[str, Any] = field(default_factory=dict)
    row_hash: str = ""

    @staticmethod
    def id_of(tenant: str, code: str) -> str:
        """Return the id of a programme of this tenant."""
        return f"{tenant}:{code}"

    def set_wage_floor(self, wage_floor: str) -> None:
        """Say which wage its openings may not go under; one of ``FLOORS``."""
        if wage_floor not in FLOORS:
            raise Refused("wage_floor_unknown", field="wage_floor", floors=list(FLOORS))
        self.wage_floor, self.wage_floor_chosen = wage_floor, True

    def must_host_openings(self) -> District:
        """Return the district its openings are in; raise ``Refused`` when it can't have any."""
        if self.role in NOT_HOSTED:
            raise Refused("programme_not_hosted", field="programme_id", role=self.role)
        if self.district.code is None:
            raise Refused("programme_has_no_district", field="programme_id", programme_id=self.id)
        return self.district
