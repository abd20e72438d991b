"""Tenants, programmes and entered figures, one document each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from services.placement.programmes.figures import Figure, Report
from services.placement.programmes.model import District, Programme, Tenant
from services.placement.programmes.parts import Claimed, Pillar, Target, TargetGroup
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Index
from shared.serial import Serial

TENANTS_SOURCE = "/sipbun/placement/tenants"
PROGRAMMES_SOURCE = "/sipbun/placement/programmes"


class TenantCodec:
    """Tenant <-> document."""

    def to_document(self, tenant: Tenant) -> Document:
        """Return the fields to keep."""
        document: Document = {"name": tenant.name, "state": tenant.state, "rehearsal": tenant.rehearsal}
        if tenant.closed_at is not None:
            document["closed_at"] = tenant.closed_at
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
            closed_at=document.get("closed_at"),
            due=document.get("due"),
        )


#: What a programme has that was kept before it could have these.
_KEPT_BEFORE: Document = {
    "start": None,
    "direct_job": False,
    "engagement": "participation_allowance",
    "pilot": False,
    "has_openings": True,
    "agreed_on": None,
    "claimed": {},
    **{name: [] for name in ("hosts", "target_groups", "tags", "pillars", "partners", "targets", "figures")},
}


def _chosen_before(document: Document) -> list[str]:
    return ["wage_floor"] if document.get("wage_floor_chosen") else []


class ProgrammeCodec:
    """Programme <-> document. Days are kept as instants at midnight UTC, which is how BSON has them."""

    _PLAIN = (
        *("code", "name_ko", "name_en", "kind", "role", "parent", "year", "start", "wage_floor", "direct_job"),
        *("engagement", "pilot", "has_openings", "row_hash"),
    )

    def to_document(self, programme: Programme) -> Document:
        """Return the fields to keep."""
        district = programme.district
        return {
            **{name: getattr(programme, name) for name in self._PLAIN},
            "district": {
                "code": district.code,
                "name": district.name,
                "municipality": district.municipality,
                "valid_from": midnight(district.valid_from),
                "valid_to": midnight(district.valid_to),
            },
            "hosts": list(programme.hosts),
            "target_groups": [vars(group).copy() for group in programme.target_groups],
            "tags": list(programme.tags),
            "pillars": [vars(pillar).copy() for pillar in programme.pillars],
            "partners": list(programme.partners),
            "agreed_on": midnight(programme.agreed_on),
            "claimed": vars(programme.claimed).copy(),
            "targets": [{"measure": measure, **vars(target)} for measure, target in sorted(programme.targets.items())],
            "figures": [figure_document(figure) for figure in programme.figures],
            "chosen": sorted(programme.chosen),
            "row": dict(programme.row),
        }

    def from_document(self, document: Document) -> Programme:
        """Return the programme."""
        document = {**_KEPT_BEFORE, **document}
        district = document["district"]
        return Programme(
            id=document["_id"],
            tenant=document["tenant"],
            **{name: document[name] for name in self._PLAIN},
            district=District(
                district["code"],
                district["name"],
                district["municipality"],
                day_of(district["valid_from"]),
                day_of(district["valid_to"]),
            ),
            hosts=tuple(document["hosts"]),
            target_groups=tuple(TargetGroup(**group) for group in document["target_groups"]),
            tags=tuple(document["tags"]),
            pillars=tuple(Pillar(**pillar) for pillar in document["pillars"]),
            partners=tuple(document["partners"]),
            agreed_on=day_of(document["agreed_on"]),
            claimed=Claimed(**document["claimed"]),
            targets={row["measure"]: Target(row["value"], row["qualifier"]) for row in document["targets"]},
            figures=tuple(figure_of(row) for row in document["figures"]),
            chosen=frozenset(document["chosen"] if "chosen" in document else _chosen_before(document)),
            row=document["row"],
        )


class ReportCodec:
    """A figure that an officer entered <-> document."""

    def to_document(self, report: Report) -> Document:
        """Return the fields to keep."""
        return {"about": report.about, "measure": report.figure.measure, "figure": figure_document(report.figure)}

    def from_document(self, document: Document) -> Report:
        """Return the figure."""
        return Report(
            id=document["_id"],
            tenant=document["tenant"],
            about=document["about"],
            figure=figure_of(document["figure"]),
        )


def figure_document(figure: Figure) -> Document:
    """Return a figure as a document has it."""
    return {**vars(figure), "as_of": midnight(figure.as_of), "published": midnight(figure.published)}


def figure_of(document: Document) -> Figure:
    """Return the figure in a document."""
    days = {name: day_of(document[name]) for name in ("as_of", "published")}
    return Figure(**{**document, **days})


def midnight(day: date | None) -> datetime | None:
    """Return a day as BSON has it."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_of(instant: datetime | None) -> date | None:
    """Return the day that is kept as this instant."""
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

    named = "programme_id"

    def prepare(self) -> None:
        """Make the indexes."""
        wanted = (("tenant", "district.code"), ("tenant", "parent"), ("tenant", "tags"))
        self.collection.ensure([*INDEXES, *map(Index, wanted)])

    def of_tenant(self, tenant: str, district: str | None = None) -> list[Programme]:
        """Return a tenant's programmes, by code."""
        query: dict[str, Any] = {"tenant": tenant}
        if district is not None:
            query["district.code"] = district
        found = [self.read(document) for document in self.collection.find(query)]
        return sorted(found, key=lambda programme: programme.code)

    def children(self, tenant: str, code: str) -> list[Programme]:
        """Return the programmes of an umbrella, by district and code."""
        found = [self.read(document) for document in self.collection.find({"tenant": tenant, "parent": code})]
        return sorted(found, key=lambda programme: (programme.district.code or "", programme.code))

    def under(self, tenant: str, code: str) -> list[Programme]:
        """Return the programmes that belong to an umbrella or carry it as a tag, by code."""
        tagged = [self.read(document) for document in self.collection.find({"tenant": tenant, "tags": code})]
        found = {programme.code: programme for programme in [*self.children(tenant, code), *tagged]}
        return [found[name] for name in sorted(found)]


class Reports(Aggregates[Report]):
    """Figures that officers entered, of whatever ``about`` names."""

    def __init__(self, collection: Collection, *, source: str, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ReportCodec(), source=source, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("about", "measure"))])

    def of(self, about: Sequence[str], measure: str | None = None) -> dict[str, list[Figure]]:
        """Return the figures of each, oldest first."""
        query: dict[str, Any] = {"about": {"$in": list(about)}}
        if measure is not None:
            query["measure"] = measure
        found: dict[str, list[Figure]] = {}
        for report in sorted(map(self.read, self.collection.find(query)), key=lambda one: one.id):
            found.setdefault(report.about, []).append(report.figure)
        for figures in found.values():
            figures.sort(key=lambda figure: figure.since or date.min)
        return found

    def put(self, act: Act, report: Report, outcome: dict[str, Any]) -> dict[str, Any]:
        """Store a figure in its place, or correct the one that is there."""
        if self.find(report.id) is None:
            try:
                return self.create(act, report, outcome)
            except Refused as error:
                if error.code != "id_taken":
                    raise

        def decide(known: Report) -> dict[str, Any]:
            known.figure = report.figure
            return outcome

        return self.act(act, report.id, decide)


def tenants(database: Database, *, clock: Clock, serial: Serial) -> Tenants:
    """Return the tenants kept in placement's database."""
    return Tenants(database.collection("tenants"), TenantCodec(), source=TENANTS_SOURCE, clock=clock, serial=serial)


def programmes(database: Database, *, clock: Clock, serial: Serial) -> Programmes:
    """Return the programmes kept in placement's database."""
    collection = database.collection("programmes")
    return Programmes(collection, ProgrammeCodec(), source=PROGRAMMES_SOURCE, clock=clock, serial=serial)


def programme_figures(database: Database, *, clock: Clock, serial: Serial) -> Reports:
    """Return the figures that officers entered for programmes."""
    collection = database.collection("programme_figures")
    return Reports(collection, source=PROGRAMMES_SOURCE, clock=clock, serial=serial)
