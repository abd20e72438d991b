"""The door and the services of programmes, proposals, budgets and figures know the same methods and the same fields."""

from __future__ import annotations

import pytest
from marshmallow import Schema

from services.gateway.api import agreements, budgets, common, figures, health, organisations, programmes, proposals
from services.placement.agreements import schemas as agreed
from services.placement.agreements.service import AgreementsService
from services.placement.budgets import schemas as budgeted
from services.placement.budgets.service import BudgetsService
from services.placement.organisations import schemas as registered
from services.placement.organisations.service import OrganisationsService
from services.placement.programmes import schemas as run
from services.placement.programmes.service import ProgrammesService
from services.placement.proposals import schemas as proposed
from services.placement.proposals.service import CallsService, ProposalsService
from services.statistics import schemas as counted
from services.statistics.service import FiguresService
from services.statistics.tables import TABLES
from tests.services.gateway.agreeing import answered, calls, choices, must_fit

SERVICES = (
    ProgrammesService,
    OrganisationsService,
    CallsService,
    ProposalsService,
    AgreementsService,
    BudgetsService,
    FiguresService,
)
MODULES = (agreements, budgets, figures, organisations, programmes, proposals)
#: Asked by the views below in a helper of their own: by name, which no reader of the code can see.
IN_A_HELPER = {"statistics_figures.outcomes", "statistics_figures.figures"}


def test_every_call_of_the_door_is_answered() -> None:
    assert set(calls(MODULES)) - answered(SERVICES) == set()


def test_every_method_of_these_services_can_be_reached_over_http() -> None:
    assert answered(SERVICES) - set(calls(MODULES)) == set()
    assert set(calls(MODULES)) >= IN_A_HELPER


def test_the_door_asks_each_of_these_services_whether_it_is_there() -> None:
    assert {service.name for service in SERVICES} <= set(health.SERVICES)


PAIRS: tuple[tuple[type[Schema], set[str], type[Schema]], ...] = (
    (programmes.WhichProgrammes, {"tenant"}, run.ListProgrammes),
    (programmes.SetWageFloor, {"programme_id"}, run.SetWageFloor),
    (programmes.SetFlags, {"programme_id"}, run.SetFlags),
    (programmes.SetHosts, {"programme_id"}, run.SetHosts),
    (programmes.SetTargetGroups, {"programme_id"}, run.SetTargetGroups),
    (programmes.SetTags, {"programme_id"}, run.SetTags),
    (programmes.SetTarget, {"programme_id", "measure"}, run.SetTarget),
    (programmes.ReportFigure, {"programme_id"}, run.ReportFigure),
    (programmes.WhichPublished, {"programme_id"}, run.ListFigures),
    (programmes.WhichReport, {"programme_id"}, run.AskReport),
    (budgets.SetBudget, {"programme_id"}, run.SetBudget),
    (budgets.Appropriate, {"programme_id"}, budgeted.Appropriate),
    (budgets.WhichLedger, {"tenant"}, budgeted.ReadLedger),
    (organisations.RegisterOrganisation, {"tenant"}, registered.Register),
    (organisations.AddLine, {"organisation_id"}, registered.AddLine),
    (organisations.AddFacility, {"organisation_id"}, registered.AddFacility),
    (organisations.NoteCount, {"organisation_id"}, registered.NoteCount),
    (organisations.OnDay, {"organisation_id"}, registered.ReadOrganisation),
    (organisations.WhichOrganisations, {"tenant"}, registered.ListOrganisations),
    (organisations.WhichCounts, {"organisation_id"}, registered.ListCounts),
    (proposals.PublishCall, set(), proposed.PublishCall),
    (common.Nothing, {"call_id"}, proposed.CallAct),
    (proposals.WhichCalls, {"tenant"}, proposed.ListCalls),
    (proposals.Submit, set(), proposed.SubmitProposal),
    (proposals.ProposalPlan, {"proposal_id"}, proposed.ReviseProposal),
    (proposals.Review, {"proposal_id"}, proposed.ReviewProposal),
    (proposals.DecideProposal, {"proposal_id"}, proposed.DecideProposal),
    (proposals.WhichProposals, {"call_id"}, proposed.ListProposals),
    (agreements.Draft, set(), agreed.DraftAgreement),
    (agreements.Partner, {"agreement_id"}, agreed.AddPartner),
    (agreements.PartnerNamed, {"agreement_id"}, agreed.RemovePartner),
    (agreements.Sign, {"agreement_id"}, agreed.SignAgreement),
    (agreements.EndAgreement, {"agreement_id"}, agreed.EndAgreement),
    (agreements.WhichAgreements, {"programme_id"}, agreed.ListAgreements),
    (figures.WhichFigures, {"tenant"}, counted.Figures),
    (figures.WhichOutcomes, {"tenant"}, counted.Outcomes),
    # The door puts the pages of a file together.
    (figures.WhichFile, {"tenant", "limit", "cursor"}, counted.Export),
)


@pytest.mark.parametrize(
    ("told", "in_path", "taken"), PAIRS, ids=[f"{told.__name__}-{taken.__name__}" for told, _, taken in PAIRS]
)
def test_what_the_door_lets_in_is_what_the_service_takes(
    told: type[Schema], in_path: set[str], taken: type[Schema]
) -> None:
    must_fit(told, in_path, taken)
    ours, theirs = told().fields, taken().fields
    for name, field in ours.items():
        assert field.data_key == theirs[name].data_key
        assert choices(field) == (choices(theirs[name]) or choices(field)), name
        assert not (theirs[name].required and not field.required) or name.endswith("_id"), f"{name} is needed"
        assert field.allow_none <= theirs[name].allow_none, f"{name} may not be null"


def test_every_measure_of_every_table_is_described() -> None:
    assert {about: table.measures for about, table in TABLES.items()} == figures.COUNTS
    assert {about: tuple(table.ratios) for about, table in TABLES.items() if table.ratios} == figures.RATIOS
    assert {table.part for table in TABLES.values() if table.part} == set(figures.PARTS)
