"""What can be done with the register of organisations: by officers and operators; reading is everybody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from services.placement.organisations.model import MEASURES, Line, Organisation, Run, must_count
from services.placement.organisations.storage import Organisations
from services.placement.programmes.figures import EXACT, Figure, Report, checked_figure, figure_told, latest
from services.placement.programmes.model import Tenant
from services.placement.programmes.storage import Reports
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock, kst_day
from shared.pages import after, checked_limit, page

#: Organisations, or counts, of one answer, which must cross the broker.
MOST_ROWS = 200


class Tenants(Protocol):
    """Where tenants are read."""

    def get(self, aggregate_id: str) -> Tenant:
        """Return the tenant; raise ``NotFound``."""


@dataclass(frozen=True)
class OrganisationDesk:
    """The acts on organisations. An id is ``tenant:code``; an officer of districts acts on what lies there."""

    tenants: Tenants
    organisations: Organisations
    counts: Reports
    clock: Clock

    def register(
        self,
        actor: Actor,
        *,
        act_id: str,
        tenant: str,
        code: str,
        name: str,
        kind: str,
        district: str | None = None,
        founded_on: date | None = None,
    ) -> dict[str, Any]:
        """Put an organisation into the register of a tenant, and return its id."""
        must_be(actor, "officer", "operator", tenant=tenant, district=district or tenant)
        self.tenants.get(tenant).must_be_open()
        fresh = Organisation(
            id=f"{tenant}:{code}", tenant=tenant, name=name, kind=kind, district=district, founded_on=founded_on
        )
        fresh.check()
        act = Act.of(
            act_id, "register", id=fresh.id, name=name, kind=kind, district=district, founded_on=_text(founded_on)
        )
        return self.organisations.create(act, fresh, {"organisation_id": fresh.id})

    def add_line(
        self, actor: Actor, *, act_id: str, organisation_id: str, name: str, since: date | None = None
    ) -> dict[str, Any]:
        """Add a business line; one of the same name is described anew."""

        def add(organisation: Organisation) -> None:
            organisation.add_line(Line(name, since))

        act = Act.of(act_id, "add_line", id=organisation_id, name=name, since=_text(since))
        return self._change(actor, act, organisation_id, add)

    def add_facility(
        self,
        actor: Actor,
        *,
        act_id: str,
        organisation_id: str,
        name: str,
        operator_kind: str,
        facility_id: str | None = None,
        since: date | None = None,
    ) -> dict[str, Any]:
        """Note a facility that it runs, directly or entrusted; one of the same name is described anew."""

        def add(organisation: Organisation) -> None:
            organisation.add_facility(Run(name, operator_kind, facility_id, since))

        asked = {"name": name, "operator_kind": operator_kind, "facility": facility_id, "since": _text(since)}
        return self._change(actor, Act.of(act_id, "add_facility", id=organisation_id, **asked), organisation_id, add)

    def note_count(
        self,
        actor: Actor,
        *,
        act_id: str,
        organisation_id: str,
        measure: str,
        value: int | None,
        as_of: date,
        source: str,
        qualifier: str = EXACT,
    ) -> dict[str, Any]:
        """Note how many members, workers or volunteers it had on a KST day; the same source's count of the same day is
        corrected, None takes it back.
        """
        organisation = self._for_officer(actor, organisation_id)
        must_count(measure)
        figure = checked_figure(measure, value, qualifier, as_of, source, today=kst_day(self.clock.now()))
        report = Report(
            id=Report.id_of(organisation_id, figure), tenant=organisation.tenant, about=organisation_id, figure=figure
        )
        outcome = {"organisation_id": organisation_id, **figure_told(figure)}
        return self.counts.put(Act.of(act_id, "note_count", **outcome), report, outcome)

    def read(self, _actor: Actor, *, organisation_id: str, on: date | None = None) -> dict[str, Any]:
        """Return an organisation with its latest counts up to a day; a count of None is 자료 없음."""
        organisation = self.organisations.get(organisation_id)
        figures = self.counts.of([organisation_id]).get(organisation_id, [])
        found = {measure: latest(figures, measure, on) for measure in MEASURES}
        return {
            **shown(organisation),
            "on": _text(on),
            "counts": {measure: _count(figure) for measure, figure in found.items()},
        }

    def listed(
        self,
        _actor: Actor,
        *,
        tenant: str,
        kind: str | None = None,
        district: str | None = None,
        limit: int = MOST_ROWS,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{organisations, cursor}`` of a tenant by id, at most ``limit`` (1 to 200)."""
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 1)
        found = self.organisations.of_tenant(tenant, kind, district)
        rows = (shown(one) for one in found if since is None or one.id > since[0])
        taken, further = page(rows, limit, lambda row: (row["organisation_id"],))
        return {"organisations": taken, "cursor": further}

    def counts_of(
        self, _actor: Actor, *, organisation_id: str, measure: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{counts, cursor}``: the series of one measure, by day."""
        must_count(measure)
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 2)
        self.organisations.get(organisation_id)
        told = [figure_told(one) for one in self.counts.of([organisation_id], measure).get(organisation_id, [])]
        rows = sorted((row for row in told if row["value"] is not None), key=_order)
        taken, further = page((row for row in rows if since is None or _order(row) > since), limit, _order)
        return {"counts": taken, "cursor": further}

    def _change(
        self, actor: Actor, act: Act, organisation_id: str, change: Callable[[Organisation], None]
    ) -> dict[str, Any]:
        self._for_officer(actor, organisation_id)

        def decide(organisation: Organisation) -> dict[str, Any]:
            change(organisation)
            return {"organisation_id": organisation_id}

        return self.organisations.act(act, organisation_id, decide)

    def _for_officer(self, actor: Actor, organisation_id: str) -> Organisation:
        organisation = self.organisations.get(organisation_id)
        must_be(actor, "officer", "operator", tenant=organisation.tenant, district=organisation.area)
        self.tenants.get(organisation.tenant).must_be_open()
        return organisation


def shown(organisation: Organisation) -> dict[str, Any]:
    """Return what everybody may know of an organisation, JSON-ready."""
    return {
        "organisation_id": organisation.id,
        "tenant": organisation.tenant,
        "name": organisation.name,
        "kind": organisation.kind,
        "district": organisation.district,
        "founded_on": _text(organisation.founded_on),
        "lines": [{"name": line.name, "since": _text(line.since)} for line in organisation.lines],
        "facilities": [{**vars(run), "since": _text(run.since)} for run in organisation.facilities],
    }


def _count(figure: Figure | None) -> dict[str, Any] | None:
    return None if figure is None else figure_told(figure)


def _order(row: dict[str, Any]) -> list[str]:
    return [row["as_of"] or "", row["source"] or ""]


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
