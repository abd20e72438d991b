"""The placement process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.placement.openings.service import OpeningsService
from services.placement.openings.service import build as build_openings
from services.placement.programmes.service import ProgrammesService, TenantsService
from services.placement.programmes.service import build as build_programmes
from shared.reach.warming import warm
from shared.town import Town

SERVICES = (TenantsService, ProgrammesService, OpeningsService)


def prepare(town: Town) -> None:
    """Make the indexes, and have the map's machine code loaded; safe to repeat."""
    warm()
    desk = build_openings(town).openings
    desk.openings.prepare()
    desk.applications.prepare()
    desk.budget.budgets.prepare()
    programmes = build_programmes(town)
    programmes.tenants.prepare()
    programmes.programmes.prepare()
