"""A tenant (운영기관) runs programmes (사업). A programme is hosted by configuration: its row in the data says all.

A figure that a source doesn't give is None (자료 없음), never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from services.placement.programmes.figures import Figure
from services.placement.programmes.parts import Claimed, Pillar, Target, TargetGroup
from services.placement.wages.model import FLOORS
from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events.placement import plans as events
from shared.events.placement.plans import ENGAGEMENTS

#: Roles in the data whose rows are no programmes of ours: systems that publish to us, and what is no programme.
NOT_HOSTED = frozenset({"not_a_programme", "external_system", "external"})
OPEN, CLOSED = "open", "closed"
#: A publication that outlives its hold is made impossible (DECISIONS.md 3); this is that minute, and time for the sweep.
STILL_PUBLISHING = timedelta(minutes=10)
#: What an officer may choose instead of the data.
CHOOSABLE = ("wage_floor", "direct_job", "engagement", "pilot", "hosts", "target_groups", "tags")
#: What always is as the data says.
FOLLOWED = (
    *("name_ko", "name_en", "kind", "role", "parent", "district", "year", "start", "pillars", "partners"),
    *("agreed_on", "claimed", "figures", "has_openings", "row", "row_hash"),
)
#: Hosts, groups or tags of one programme.
MOST_NAMED = 200


@dataclass(kw_only=True)
class Tenant(Aggregate):
    """Who runs programmes here. Its id is its name in every other id."""

    name: str
    state: str = OPEN
    #: 시연·훈련: work may lie in the past; closed when the rehearsal is over.
    rehearsal: bool = False
    closed_at: datetime | None = None
    #: When to look for openings of a closed tenant that are still open; None: they are all closed.
    due: datetime | None = None

    def close(self, now: datetime) -> None:
        """Take no more acts; what is open is closed by the sweep."""
        if self.state == CLOSED:
            raise Refused("tenant_is_closed", field="tenant", tenant=self.id)
        self.state, self.closed_at, self.due = CLOSED, now, now

    def found_none_open(self, now: datetime) -> None:
        """Look once more when no publication that began before it was closed can still end; then never again."""
        self.closed_at = self.closed_at or now
        last = self.closed_at + STILL_PUBLISHING
        self.due = last if now < last else None

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
    """One row of the data, and what officers chose since: what is ``chosen`` the data doesn't change any more."""

    code: str
    name_ko: str
    name_en: str | None
    kind: str
    role: str
    #: Code of the umbrella (상위 사업) it belongs to.
    parent: str | None
    district: District
    year: int | None
    #: As its source says it: a year, a month or a day.
    start: str | None = None
    wage_floor: str = "minimum"
    direct_job: bool = False
    engagement: str = "participation_allowance"
    pilot: bool = False
    #: Subjects of role host who may publish its openings.
    hosts: tuple[str, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    #: Codes of further umbrellas under which it appears.
    tags: tuple[str, ...] = ()
    pillars: tuple[Pillar, ...] = ()
    partners: tuple[str, ...] = ()
    agreed_on: date | None = None
    claimed: Claimed = field(default_factory=Claimed)
    #: By measure, one of ``TARGET_MEASURES``.
    targets: dict[str, Target] = field(default_factory=dict)
    #: What its row says was published of it; what officers enter stands in documents of its own.
    figures: tuple[Figure, ...] = ()
    #: Whether its kind has openings.
    has_openings: bool = True
    #: Names of what an officer chose; a target is ``target.<measure>``.
    chosen: frozenset[str] = frozenset()
    #: Everything else the row says, as it says it.
    row: Mapping[str, Any] = field(default_factory=dict)
    row_hash: str = ""

    @staticmethod
    def id_of(tenant: str, code: str) -> str:
        """Return the id of a programme of this tenant."""
        return f"{tenant}:{code}"

    @property
    def area(self) -> str:
        """Whose it is within the tenant: the district's code, else the 시·도, which no district officer acts for."""
        return self.district.code or self.district.municipality or self.tenant

    # Officers.

    def choose(self, **values: Any) -> None:
        """Set some of ``CHOOSABLE``; the data doesn't change them any more. Raises ``Refused``."""
        if values.get("wage_floor", FLOORS[0]) not in FLOORS:
            raise Refused("wage_floor_unknown", field="wage_floor", floors=list(FLOORS))
        if values.get("engagement", ENGAGEMENTS[0]) not in ENGAGEMENTS:
            raise Refused("engagement_unknown", field="engagement", engagements=list(ENGAGEMENTS))
        for name in ("hosts", "target_groups", "tags"):
            if len(values.get(name, ())) > MOST_NAMED:
                raise Refused("too_many_at_once", field=name, most=MOST_NAMED)
        groups = [group.code for group in values.get("target_groups", ())]
        if len(set(groups)) != len(groups):
            raise Refused("target_group_named_twice", field="target_groups")
        was = self.told()
        for name in CHOOSABLE:
            if name in values:
                setattr(self, name, values[name])
        self.chosen |= {name for name in CHOOSABLE if name in values}
        self.tell_since(was)

    def choose_target(self, measure: str, target: Target | None, day: date) -> None:
        """Set a target on a KST day, None for none; the data doesn't change it any more. Raises ``Refused``."""
        if measure not in events.TARGET_MEASURES:
            raise Refused("measure_unknown", field="measure", measures=list(events.TARGET_MEASURES))
        self.chosen |= {f"target.{measure}"}
        self._set_target(measure, target, day)

    # The data.

    def begin(self, day: date) -> None:
        """Say that it is there, and its targets."""
        self.tell_since(None)
        targets, self.targets = self.targets, {}
        for measure, target in targets.items():
            self._set_target(measure, target, day)

    def follow(self, fresh: Programme, day: date) -> None:
        """Take what a changed row says, but for what an officer chose; ``day`` is the KST day it is loaded on.

        In another district its targets are taken back in the old one and set in the new: facts are counted by district.
        """
        was, kept = self.told(), dict(self.targets)
        if self.district.code != fresh.district.code:
            for measure in kept:
                self._set_target(measure, None, day)
        for name in (*FOLLOWED, *(name for name in CHOOSABLE if name not in self.chosen)):
            setattr(self, name, getattr(fresh, name))
        self.tell_since(was)
        for measure in events.TARGET_MEASURES:
            targets = kept if f"target.{measure}" in self.chosen else fresh.targets
            self._set_target(measure, targets.get(measure), day)

    # What others ask.

    def must_host_openings(self) -> District:
        """Return the district its openings are in; raise ``Refused`` when it can't have any."""
        if self.role in NOT_HOSTED:
            raise Refused("programme_not_hosted", field="programme_id", role=self.role)
        if not self.has_openings:
            raise Refused("kind_has_no_openings", field="programme_id", kind=self.kind)
        if self.district.code is None:
            raise Refused("programme_has_no_district", field="programme_id", programme_id=self.id)
        return self.district

    def must_restrict_to(self, group: str) -> TargetGroup:
        """Return the target group that an opening is kept for; raise ``Refused`` without a stated legal basis.

        Posts may not discriminate by age, sex and the like (고용정책 기본법 제7조; unchecked), unless a law says so.
        """
        found = next((one for one in self.target_groups if one.code == group), None)
        if found is None:
            known = [one.code for one in self.target_groups]
            if not known:
                raise Refused("programme_has_no_target_groups", field="target_group", group=group)
            raise Refused("target_group_unknown", field="target_group", group=group, known=known)
        if not found.legal_basis:
            raise Refused("target_group_needs_legal_basis", field="target_group", group=found.name_ko)
        return found

    # Facts.

    def told(self) -> dict[str, Any]:
        """Return what ``placement.programme.set`` says of it."""
        return {
            "programme_id": self.id,
            "district": self.district.code,
            "kind": self.kind,
            "role": self.role,
            "parent": None if self.parent is None else Programme.id_of(self.tenant, self.parent),
            "year": self.year,
            "direct_job": self.direct_job,
            "engagement": self.engagement,
            "pilot": self.pilot,
            "target_groups": [group.code for group in self.target_groups],
        }

    def tell_since(self, was: Mapping[str, Any] | None) -> None:
        """Say what it is now, if that is not what was said; None: nothing was."""
        now = self.told()
        if now != was:
            self.say(events.PROGRAMME_SET.fact(**now))

    def _set_target(self, measure: str, target: Target | None, day: date) -> None:
        was = self.targets.pop(measure, None)
        if target is not None:
            self.targets[measure] = target
        before, after = was.value if was else 0, target.value if target else 0
        if before == after:
            return
        self.say(
            events.TARGET_SET.fact(
                programme_id=self.id,
                district=self.district.code,
                measure=measure,
                value=after,
                was=before,
                day=day.isoformat(),
            )
        )
