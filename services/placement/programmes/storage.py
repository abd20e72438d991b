"""Tenants and programmes, one document each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from services.placement.programmes.model import District, Programme, Tenant
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Database, Document, Index
from shared.serial import Serial

TENANTS_SOURCE = "/sipbun/placement/tenants"
PROGRAMMES_SOURCE = "/sipbun/placement/programmes"


class TenantCodec:
    """Tenant <-> document."""

    def to_document(self, tenant: Tenant) -> Document:
        """Return the fields to keep."""
        document: Document = {"name": tenant.name, "state": tenant.state, "rehearsal": tenant.rehearsal}
        if tenant.due is not None:
            document["due"] = tenant.due
        return document

    def from_document(self, document: Document) -> Tenant:
        """Return the tenant."""
        return Tenant(
            id=document["_id"],
            tenant=document["tenant"],
            name=document["name"],
            state=document["state"],
            rehearsal=document["rehearsal"],
            due=document.get("due"),
        )


class ProgrammeCodec:
    """Programme <-> document. Days are kept as instants at midnight UTC, which is how BSON has them."""

    def to_document(self, programme: Programme) -> Document:
        """Return the fields to keep."""
        district = programme.district
        return {
            "code": programme.code,
            "name_ko": programme.name_ko,
            "name_en": programme.name_en,
            "kind": programme.kind,
            "role": programme.role,
            "parent": programme.parent,
            "district": {
                "code": district.code,
                "name": district.name,
                "municipality": district.municipality,
                "valid_from": _midnight(district.valid_from),
                "valid_to": _midnight(district.valid_to),
            },
            "year": programme.year,
            "wage_floor": programme.wage_floor,
            "wage_floor_chosen": programme.wage_floor_chosen,
            "row": dict(programme.row),
            "row_hash": programme.row_hash,
        }

    def from_document(self, document: Document) -> Programme:
        """Return the programme."""
        district = document["district"]
        return Programme(
            id=document["_id"],
            tenant=document["tenant"],
            code=document["code"],
            name_ko=document["name_ko"],
            name_en=document["name_en"],
            kind=document["kind"],
            role=document["role"],
            parent=document["parent"],
            district=District(
                district["code"],
                district["name"],
                district["municipality"],
                _day(district["valid_from"]),
                _day(district["valid_to"]),
            ),
            year=document["year"],
            wage_floor=document["wage_floor"],
            wage_floor_chosen=document["wage_floor_chosen"],
            row=document["row"],
            row_hash=document["row_hash"],
        )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()


class Tenants(Aggregates[Tenant]):
    """All tenants."""

    named = "tenant"

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due")])

    def closing(self, now: datetime) -> list[Tenant]:
        """Return closed tenants whose openings may still be open."""
        return [self.read(document) for document in self.collection.find({"due": {"$lte": now}}, limit=20)]


class Programmes(Aggregates[Programme]):
    """All programmes."""

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("tenant", "district.code"))])

    def of_tenant(self, tenant: str, district: str | None = None) -> list[Programme]:
        """Return a tenant's programmes, by code."""
        query: dict[str, Any] = {"tenant": tenant}
        if district is not None:
            query["district.code"] = district
        found = [self.read(document) for document in self.collection.find(query)]
        return sorted(found, key=lambda programme: programme.code)


def tenants(database: Database, *, clock: Clock, serial: Serial) -> Tenants:
    """Return the tenants kept in placement's database."""
    return Tenants(database.collection("tenants"), TenantCodec(), source=TENANTS_SOURCE, clock=clock, serial=serial)


def programmes(database: Database, *, clock: Clock, serial: Serial) -> Programmes:
    """Return the programmes kept in placement's database."""
    collection = database.collection("programmes")
    return Programmes(collection, ProgrammeCodec(), source=PROGRAMMES_SOURCE, clock=clock, serial=serial)


def read_districts(file: Path) -> dict[str, tuple[date | None, date | None]]:
    """Return ``code -> (valid_from, valid_to)`` from the operator's file; a code without a row is open-ended."""
    rows = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["districts"]
    return {str(row["code"]): (row.get("valid_from"), row.get("valid_to")) for row in rows}
