"""Organisations, one document each; what they counted is kept a figure a document."""

from __future__ import annotations

from typing import Any

from services.placement.organisations.model import Line, Organisation, Run
from services.placement.programmes.storage import Reports, day_of, midnight
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Database, Document, Index
from shared.serial import Serial

SOURCE = "/sipbun/placement/organisations"


class OrganisationCodec:
    """Organisation <-> document."""

    def to_document(self, organisation: Organisation) -> Document:
        """Return the fields to keep."""
        return {
            "name": organisation.name,
            "kind": organisation.kind,
            "district": organisation.district,
            "founded_on": midnight(organisation.founded_on),
            "lines": [{"name": line.name, "since": midnight(line.since)} for line in organisation.lines],
            "facilities": [{**vars(run), "since": midnight(run.since)} for run in organisation.facilities],
        }

    def from_document(self, document: Document) -> Organisation:
        """Return the organisation."""
        return Organisation(
            id=document["_id"],
            tenant=document["tenant"],
            name=document["name"],
            kind=document["kind"],
            district=document["district"],
            founded_on=day_of(document["founded_on"]),
            lines=tuple(Line(row["name"], day_of(row["since"])) for row in document["lines"]),
            facilities=tuple(Run(**{**row, "since": day_of(row["since"])}) for row in document["facilities"]),
        )


class Organisations(Aggregates[Organisation]):
    """The register."""

    named = "organisation_id"

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("tenant", "kind")), Index(("tenant", "district"))])

    def of_tenant(self, tenant: str, kind: str | None = None, district: str | None = None) -> list[Organisation]:
        """Return a tenant's organisations, by id."""
        query: dict[str, Any] = {"tenant": tenant}
        if kind is not None:
            query["kind"] = kind
        if district is not None:
            query["district"] = district
        found = [self.read(document) for document in self.collection.find(query)]
        return sorted(found, key=lambda one: one.id)


def organisations(database: Database, *, clock: Clock, serial: Serial) -> Organisations:
    """Return the organisations kept in placement's database."""
    collection = database.collection("organisations")
    return Organisations(collection, OrganisationCodec(), source=SOURCE, clock=clock, serial=serial)


def organisation_counts(database: Database, *, clock: Clock, serial: Serial) -> Reports:
    """Return what organisations counted, a figure a document."""
    return Reports(database.collection("organisation_counts"), source=SOURCE, clock=clock, serial=serial)
