"""The placement process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.placement.openings.service import OpeningsService
from services.placement.programmes.service import ProgrammesService, TenantsService
from services.placement.wiring import furnish
from shared.reach.warming import warm
from shared.town import Town

SERVICES = (TenantsService, ProgrammesService, OpeningsService)


def prepare(town: Town) -> None:
    """Make the indexes, and have the map's machine code loaded; safe to repeat."""
    warm()
    for kept in furnish(town).kept:
        kept.prepare()
