"""The placement process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.placement.agreements.service import AgreementsService
from services.placement.allowance.service import AllowanceService
from services.placement.attendance.service import AttendanceService
from services.placement.batches.service import BatchesService
from services.placement.budgets.service import BudgetsService
from services.placement.openings.service import OpeningsService
from services.placement.organisations.service import OrganisationsService
from services.placement.participation.service import ParticipationService
from services.placement.programmes.service import ProgrammesService, TenantsService
from services.placement.proposals.service import CallsService, ProposalsService
from services.placement.tasks.service import TasksService
from services.placement.trust.service import TrustService
from services.placement.wiring import furnish
from shared.reach.warming import warm
from shared.town import Town

SERVICES = (
    TenantsService,
    ProgrammesService,
    OrganisationsService,
    CallsService,
    ProposalsService,
    AgreementsService,
    BudgetsService,
    ParticipationService,
    OpeningsService,
    AttendanceService,
    AllowanceService,
    BatchesService,
    TrustService,
    TasksService,
)


def prepare(town: Town) -> None:
    """Make the indexes, and have the map's machine code loaded; safe to repeat."""
    warm()
    for kept in furnish(town).kept:
        kept.prepare()
