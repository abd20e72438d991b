"""The spaces process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.spaces.agreement.service import AgreementService
from services.spaces.bookings.service import BookingsService
from services.spaces.calendars_out.service import CalendarsOutService
from services.spaces.cases.service import CasesService
from services.spaces.conduct.service import ConductService
from services.spaces.facilities.service import FacilitiesService
from services.spaces.idle.service import IdleService
from services.spaces.occupancy.service import OccupancyService
from services.spaces.plans.service import PlansService, SeatsService
from services.spaces.waiting.service import WaitingService
from services.spaces.wiring import furnish
from shared.reach.warming import warm
from shared.town import Town

SERVICES = (
    FacilitiesService,
    IdleService,
    PlansService,
    SeatsService,
    BookingsService,
    WaitingService,
    CasesService,
    ConductService,
    OccupancyService,
    AgreementService,
    CalendarsOutService,
)


def prepare(town: Town) -> None:
    """Make the indexes, and have the map's machine code loaded; safe to repeat."""
    warm()
    for kept in furnish(town).kept:
        kept.prepare()
