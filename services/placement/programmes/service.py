"""How tenants, programmes and their budgets are reached: asked (RPC), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.programmes import schemas
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.entrypoints import asked, desk, due


class TenantsService:
    """Who runs programmes here."""

    name = "placement_tenants"
    rooms = desk(furnish)

    @asked(schemas.OpenTenant)
    def open(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Open a tenant."""
        return self.rooms.programmes.open_tenant(actor, **asked_for)

    @asked(schemas.CloseTenant)
    def close(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Close a tenant."""
        return self.rooms.programmes.close_tenant(actor, **asked_for)

    @asked(schemas.OneTenant)
    def get(self, actor: Actor, *, tenant: str) -> Mapping[str, Any]:
        """Return a tenant."""
        return self.rooms.programmes.tenant(actor, tenant=tenant)

    @due(every=2.0)
    def close_openings(self) -> bool:
        """Close what closed tenants left open."""
        return self.rooms.programmes.finish_closing(self.rooms.openings.close_of_tenant)


class ProgrammesService:
    """Programmes and their budgets."""

    name = "placement_programmes"
    rooms = desk(furnish)

    @asked(schemas.LoadProgrammes)
    def load(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Load rows of the data."""
        return self.rooms.programmes.load(actor, **asked_for)

    @asked(schemas.ListProgrammes)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's programmes."""
        return self.rooms.programmes.listed(actor, **filters)

    @asked(schemas.Nothing)
    def kinds(self, actor: Actor) -> Mapping[str, Any]:
        """Return the kinds of programmes that there are."""
        return self.rooms.programmes.known_kinds(actor)

    @asked(schemas.OneProgramme)
    def get(self, actor: Actor, *, programme_id: str) -> Mapping[str, Any]:
        """Return a programme."""
        return self.rooms.programmes.read(actor, programme_id=programme_id)

    @asked(schemas.SetWageFloor)
    def set_wage_floor(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say which wage a programme's openings may not go under."""
        return self.rooms.programmes.set_wage_floor(actor, **asked_for)

    @asked(schemas.SetFlags)
    def set_flags(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say what a programme is: direct job, engagement, pilot."""
        return self.rooms.terms.set_flags(actor, **asked_for)

    @asked(schemas.SetHosts)
    def set_hosts(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say which hosts may publish a programme's openings."""
        return self.rooms.terms.set_hosts(actor, **asked_for)

    @asked(schemas.SetTargetGroups)
    def set_target_groups(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say whom a programme is for, and by what law."""
        return self.rooms.terms.set_target_groups(actor, **asked_for)

    @asked(schemas.SetTags)
    def set_tags(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Say under which further umbrellas a programme appears."""
        return self.rooms.terms.set_tags(actor, **asked_for)

    @asked(schemas.SetTarget)
    def set_target(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Set what a programme promises to reach."""
        return self.rooms.terms.set_target(actor, **asked_for)

    @asked(schemas.ReportFigure)
    def report_figure(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Enter a figure that a source published."""
        return self.rooms.terms.report_figure(actor, **asked_for)

    @asked(schemas.ListFigures)
    def figures(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return what was published of a programme."""
        return self.rooms.reports.figures_of(actor, **asked_for)

    @asked(schemas.AskReport)
    def report(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return an umbrella's dashboard."""
        return self.rooms.reports.report(actor, **asked_for)

    @asked(schemas.SetBudget)
    def set_budget(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Set a programme's ceiling."""
        return self.rooms.budgets.set_total(actor, **asked_for)

    @asked(schemas.OneProgramme)
    def budget(self, actor: Actor, *, programme_id: str) -> Mapping[str, Any]:
        """Return what a programme has held, granted and committed."""
        return self.rooms.budgets.read(actor, programme_id=programme_id)
