"""What can be done with tenants and programmes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.placement.programmes.model import District, Programme, Tenant
from services.placement.programmes.storage import Programmes, Tenants
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused
from shared.ids import content_hash

Validity = Mapping[str, tuple[date | None, date | None]]


@dataclass(frozen=True)
class ProgrammeDesk:
    """The acts on tenants and programmes. ``validity`` says from when to when a district's code is valid."""

    tenants: Tenants
    programmes: Programmes
    validity: Validity
    clock: Clock

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
        """Close what closed tenants left open; ``close_openings_of`` returns whether a tenant had any left."""
        closing = self.tenants.closing(self.clock.now())
        for tenant in closing:
            if not close_openings_of(tenant.id):
                self.tenants.act(None, tenant.id, _nothing_left)
        return bool(closing)

    def tenant(self, _actor: Actor, *, tenant: str) -> dict[str, Any]:
        """Return what everybody may know of a tenant."""
        known = self.tenants.get(tenant)
        return {"tenant": known.id, "name": known.name, "state": known.state, "rehearsal": known.rehearsal}

    def load(self, actor: Actor, *, tenant: str, programmes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Load rows of the data; a row that is there unchanged is left alone, a changed one replaces it."""
        must_be(actor, "operator", "officer", tenant=tenant)
        self.tenants.get(tenant).must_be_open()
        codes = [row["id"] for row in programmes]
        if len(set(codes)) != len(codes):
            raise Refused("programme_named_twice", field="programmes")
        loaded = sum(self._load(tenant, row) for row in programmes)
        return {"loaded": loaded, "unchanged": len(programmes) - loaded}

    def listed(
        self, _actor: Actor, *, tenant: str, district: str | None = None, on: str | None = None
    ) -> dict[str, Any]:
        """Return a tenant's programmes; ``district`` by code, ``on`` a day on which the code must be valid."""
        day = None if on is None else _day(on)
        found = self.programmes.of_tenant(tenant, district)
        return {"programmes": [shown(programme) for programme in found if _valid_on(programme.district, day)]}

    def read(self, _actor: Actor, *, programme_id: str) -> dict[str, Any]:
        """Return one programme with everything its row says."""
        programme = self.programmes.get(programme_id)
        return {**shown(programme), "row": dict(programme.row)}

    def set_wage_floor(self, actor: Actor, *, act_id: str, programme_id: str, wage_floor: str) -> dict[str, Any]:
        """Say which wage a programme's openings may not go under; officers of the tenant."""
        known = self.programmes.get(programme_id)
        must_be(actor, "officer", "operator", tenant=known.tenant, district=known.district.code)

        def decide(programme: Programme) -> dict[str, Any]:
            programme.set_wage_floor(wage_floor)
            return {"programme_id": programme_id, "wage_floor": wage_floor}

        act = Act.of(act_id, "set_wage_floor", id=programme_id, wage_floor=wage_floor)
        return self.programmes.act(act, programme_id, decide)

    def _load(self, tenant: str, row: Mapping[str, Any]) -> bool:
        fresh = self._programme(tenant, row)
        known = self.programmes.find(fresh.id)
        if known is None:
            self.programmes.create(Act.own("load", "load", hash=fresh.row_hash), fresh, {})
            return True
        if known.row_hash == fresh.row_hash:
            return False

        def decide(programme: Programme) -> dict[str, Any]:
            for name in ("name_ko", "name_en", "kind", "role", "parent", "district", "year", "row", "row_hash"):
                setattr(programme, name, getattr(fresh, name))
            if not programme.wage_floor_chosen:
                programme.wage_floor = fresh.wage_floor
            return {}

        self.programmes.act(None, fresh.id, decide)
        return True

    def _programme(self, tenant: str, row: Mapping[str, Any]) -> Programme:
        code = row["district_code"]
        valid_from, valid_to = self.validity.get(code, (None, None)) if code else (None, None)
        kept = _plain(row)
        return Programme(
            id=Programme.id_of(tenant, row["id"]),
            tenant=tenant,
            code=row["id"],
            name_ko=row["name_ko"],
            name_en=row["name_en"],
            kind=row["kind"],
            role=row["role"],
            parent=row["parent"],
            district=District(code, row["district"], row["municipality"], valid_from, valid_to),
            year=row["year"],
            wage_floor=row["wage_floor"],
            row=kept,
            row_hash=content_hash(kept),
        )


def _nothing_left(tenant: Tenant) -> dict[str, Any]:
    tenant.due = None
    return {}


def _plain(value: Any) -> Any:
    """Return the row as JSON has it: YAML's bare days become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused("input_invalid", field="on", why="YYYY-MM-DD") from error


def _valid_on(district: District, day: date | None) -> bool:
    if day is None:
        return True
    return (district.valid_from is None or district.valid_from <= day) and (
        district.valid_to is None or day < district.valid_to
    )


def shown(programme: Programme) -> dict[str, Any]:
    """Return a programme for a list, JSON-ready."""
    district = programme.district
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
        "wage_floor": programme.wage_floor,
        "district": {
            "code": district.code,
            "name": district.name,
            "municipality": district.municipality,
            "valid_from": district.valid_from,
            "valid_to": district.valid_to,
        },
    }
