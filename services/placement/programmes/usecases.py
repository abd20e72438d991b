"""What can be done with tenants and programmes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.placement.programmes.districts import Districts
from services.placement.programmes.kinds import AnyKind, Kinds
from services.placement.programmes.model import District, Programme, Tenant
from services.placement.programmes.rows import programme_of
from services.placement.programmes.storage import Programmes, Tenants
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.errors import Refused
from shared.pages import after, checked_limit, page

#: Programmes of one answer, which must cross the broker.
MOST_PROGRAMMES = 200


@dataclass(frozen=True)
class ProgrammeDesk:
    """The acts on tenants and programmes. ``districts`` says what a code names and when, ``kinds`` which kinds of
    programmes there are.
    """

    tenants: Tenants
    programmes: Programmes
    clock: Clock
    kinds: Kinds = field(default_factory=AnyKind)
    districts: Districts = field(default_factory=Districts)

    def open_tenant(self, actor: Actor, *, act_id: str, tenant: str, name: str, rehearsal: bool) -> dict[str, Any]:
        """Open a tenant; its own operator, or the platform's (who belongs to no tenant)."""
        must_be(actor, "operator", tenant=tenant)
        fresh = Tenant(id=tenant, tenant=tenant, name=name, rehearsal=rehearsal)
        act = Act.of(act_id, "open_tenant", tenant=tenant, name=name, rehearsal=rehearsal)
        return self.tenants.create(act, fresh, {"tenant": tenant, "state": fresh.state})

    def close_tenant(self, actor: Actor, *, act_id: str, tenant: str) -> dict[str, Any]:
        """Close a tenant; its own operator, or the platform's. Its openings are closed by the sweep."""
        must_be(actor, "operator", tenant=tenant)
        now = self.clock.now()

        def decide(known: Tenant) -> dict[str, Any]:
            known.close(now)
            return {"tenant": tenant, "state": known.state}

        return self.tenants.act(Act.of(act_id, "close_tenant", tenant=tenant), tenant, decide)

    def finish_closing(self, close_openings_of: Callable[[str], bool]) -> bool:
        """Close what closed tenants left open; ``close_openings_of`` returns whether a tenant had any left.

        Who read the tenant as open may still be about to publish: we look again (``Tenant.found_none_open``).
        """
        now = self.clock.now()
        closing = self.tenants.closing(now)

        def nothing_left(tenant: Tenant) -> dict[str, Any]:
            tenant.found_none_open(now)
            return {}

        for tenant in closing:
            if not close_openings_of(tenant.id):
                self.tenants.act(None, tenant.id, nothing_left)
        return bool(closing)

    def tenant(self, _actor: Actor, *, tenant: str) -> dict[str, Any]:
        """Return what everybody may know of a tenant."""
        known = self.tenants.get(tenant)
        return {"tenant": known.id, "name": known.name, "state": known.state, "rehearsal": known.rehearsal}

    def load(self, actor: Actor, *, tenant: str, programmes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Load rows of the data; a row that is there unchanged is left alone, a changed one replaces it.

        Operators and officers of the tenant, an officer of districts only what lies and lay there. Nothing is loaded
        when a row is refused.
        """
        must_be(actor, "operator", "officer", tenant=tenant)
        self.tenants.get(tenant).must_be_open()
        codes = [row["id"] for row in programmes]
        if len(set(codes)) != len(codes):
            raise Refused("programme_named_twice", field="programmes")
        fresh = [self._of_row(tenant, row, f"programmes.{place}") for place, row in enumerate(programmes)]
        known = self.programmes.get_many([one.id for one in fresh])
        for one in [*fresh, *known.values()]:
            must_be(actor, "operator", "officer", tenant=tenant, district=one.area)
        loaded = sum(self._load(one, known.get(one.id)) for one in fresh)
        return {"loaded": loaded, "unchanged": len(programmes) - loaded}

    def host(self, tenant: str, row: Mapping[str, Any]) -> str:
        """Make sure that a programme is there, by a row if it isn't yet, and return its id.

        For our own subjects: safe to repeat, and what officers or the data made of it since stays.
        """
        fresh = self._of_row(tenant, row, "row")
        if self.programmes.find(fresh.id) is None:
            self._created(fresh, kst_day(self.clock.now()))
        return fresh.id

    def listed(
        self,
        _actor: Actor,
        *,
        tenant: str,
        district: str | None = None,
        on: str | None = None,
        under: str | None = None,
        limit: int = MOST_PROGRAMMES,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{programmes, cursor}`` of a tenant by code, at most ``limit`` (1 to 200).

        ``district`` by code, ``on`` a day on which the code must be valid, and whose names are told (today's unless
        told), ``under`` the code of an umbrella to which they belong or whose tag they carry.
        """
        checked_limit(limit, MOST_PROGRAMMES)
        since = after(cursor, 1)
        day = None if on is None else day_told(on, "on")
        found = self.programmes.of_tenant(tenant, district) if under is None else self.programmes.under(tenant, under)
        names_of = day or kst_day(self.clock.now())
        rows = (
            shown(programme, self.districts.named(programme.district, names_of))
            for programme in found
            if _valid_on(programme.district, day)
            and (district is None or programme.district.code == district)
            and (since is None or programme.code > since[0])
        )
        taken, further = page(rows, limit, lambda row: (row["code"],))
        return {"programmes": taken, "cursor": further}

    def known_kinds(self, _actor: Actor) -> dict[str, Any]:
        """Return ``{kinds}``: what kinds of programmes there are, what they are judged by, and which have openings."""
        return {"kinds": [{**vars(kind), "counts": list(kind.counts)} for kind in self.kinds.all()]}

    def read(self, actor: Actor, *, programme_id: str) -> dict[str, Any]:
        """Return one programme with everything its row says; who its hosts are, only those who work with it are told."""
        programme = self.programmes.get(programme_id)
        district = self.districts.named(programme.district, kst_day(self.clock.now()))
        row = {name: value for name, value in programme.row.items() if name != "hosts"}
        told = {**shown(programme, district), "row": row}
        is_staff = actor.is_any("service") or (actor.is_any("officer", "operator") and actor.tenant == programme.tenant)
        if is_staff or actor.subject in programme.hosts:
            told["hosts"] = list(programme.hosts)
        return told

    def set_wage_floor(self, actor: Actor, *, act_id: str, programme_id: str, wage_floor: str) -> dict[str, Any]:
        """Say which wage a programme's openings may not go under; officers of the tenant."""
        known = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=known.tenant, district=known.area)
        self.tenants.get(known.tenant).must_be_open()

        def decide(programme: Programme) -> dict[str, Any]:
            programme.choose(wage_floor=wage_floor)
            return {"programme_id": programme_id, "wage_floor": wage_floor}

        act = Act.of(act_id, "set_wage_floor", id=programme_id, wage_floor=wage_floor)
        return self.programmes.act(act, programme_id, decide)

    def _of_row(self, tenant: str, row: Mapping[str, Any], at: str) -> Programme:
        return programme_of(tenant, row, districts=self.districts, kinds=self.kinds, at=at)

    def _load(self, fresh: Programme, known: Programme | None) -> bool:
        day = kst_day(self.clock.now())
        if known is None and self._created(fresh, day):
            return True
        if known is not None and known.row_hash == fresh.row_hash:
            return False

        def decide(programme: Programme) -> dict[str, Any]:
            if programme.row_hash != fresh.row_hash:
                programme.follow(fresh, day)
            return {}

        self.programmes.act(None, fresh.id, decide)
        return True

    def _created(self, fresh: Programme, day: date) -> bool:
        """Make a programme; False when somebody else made it meanwhile, by another row."""
        fresh.begin(day)
        try:
            self.programmes.create(Act.own(f"load:{fresh.row_hash}", "load"), fresh, {})
        except Refused as error:
            if error.code != "id_taken":
                raise
            return False
        return True


def day_told(text: str, named: str) -> date:
    """Return a day that a caller told; raise ``Refused`` that names the field."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused("input_invalid", field=named, why="YYYY-MM-DD") from error


def _valid_on(district: District, day: date | None) -> bool:
    if day is None:
        return True
    return (district.valid_from is None or district.valid_from <= day) and (
        district.valid_to is None or day < district.valid_to
    )


def shown(programme: Programme, district: District) -> dict[str, Any]:
    """Return a programme for a list, JSON-ready, with its district as it is named."""
    return {
        "programme_id": programme.id,
        "tenant": programme.tenant,
        "code": programme.code,
        "name_ko": programme.name_ko,
        "name_en": programme.name_en,
        "kind": programme.kind,
        "role": programme.role,
        "parent": programme.parent,
        "year": programme.year,
        "start": programme.start,
        "wage_floor": programme.wage_floor,
        "direct_job": programme.direct_job,
        "engagement": programme.engagement,
        "pilot": programme.pilot,
        "has_openings": programme.has_openings,
        "target_groups": [vars(group).copy() for group in programme.target_groups],
        "tags": list(programme.tags),
        "pillars": [vars(pillar).copy() for pillar in programme.pillars],
        "partners": list(programme.partners),
        "agreed_on": programme.agreed_on,
        "targets": {measure: vars(target).copy() for measure, target in sorted(programme.targets.items())},
        "district": {
            "code": district.code,
            "name": district.name,
            "municipality": district.municipality,
            "valid_from": district.valid_from,
            "valid_to": district.valid_to,
        },
    }
