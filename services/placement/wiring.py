"""Puts the subjects of placement together, once a process. Arrows between subjects go one way:

    programmes, wages, limits <- budgets, participation <- openings <- attendance <- allowance <- batches
                      budgets <- proposals                 openings <- trust
                                                all of them <- tasks

What an arrow would turn back is a port: who earned what (attendance) and what is known of candidates (trust) are given
to openings from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyotp

from services.placement.agreements.storage import agreements
from services.placement.agreements.usecases import AgreementDesk
from services.placement.allowance.paid_back import PaidBackDesk
from services.placement.allowance.storage import overlaps, pay_months
from services.placement.allowance.usecases import AllowanceDesk
from services.placement.attendance.followed import AttendanceFollower
from services.placement.attendance.storage import read_rules, sheets, workplace_codes, works
from services.placement.attendance.usecases import AttendanceDesk
from services.placement.batches.accounts import AskAccounts
from services.placement.batches.balance import Balance
from services.placement.batches.filing import FileDesk
from services.placement.batches.gathering import Gatherer
from services.placement.batches.layouts import read_layouts
from services.placement.batches.settling import Settler
from services.placement.batches.storage import batches
from services.placement.batches.usecases import BatchDesk
from services.placement.budgets.ledger import Ledger
from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.limits.storage import read_limits
from services.placement.openings.money import OpeningsMoney
from services.placement.openings.nearby import Nearby, OpeningsFeed, feed
from services.placement.openings.places import OpeningsPlaces
from services.placement.openings.seeds import seeds
from services.placement.openings.selection import SelectionDesk
from services.placement.openings.storage import applications, openings, rankings
from services.placement.openings.usecases import OpeningDesk
from services.placement.organisations.storage import organisation_counts, organisations
from services.placement.organisations.usecases import OrganisationDesk
from services.placement.participation.belonging import ResidentsAway
from services.placement.participation.membership import UNKNOWN
from services.placement.participation.records import RecordDesk
from services.placement.participation.storage import participations, read_declarable
from services.placement.participation.usecases import ParticipationDesk
from services.placement.programmes.files import read_districts, read_kinds
from services.placement.programmes.reports import ReportDesk
from services.placement.programmes.storage import programme_figures, programmes, tenants
from services.placement.programmes.terms import TermsDesk
from services.placement.programmes.usecases import ProgrammeDesk
from services.placement.proposals.calls import CallDesk
from services.placement.proposals.storage import calls, proposals
from services.placement.proposals.usecases import ProposalDesk
from services.placement.tasks.storage import Waiting
from services.placement.tasks.usecases import TaskDesk
from services.placement.trust.owed import OwedDesk
from services.placement.trust.profiles import ProfileDesk
from services.placement.trust.records import RecordDesk as WorkRecordDesk
from services.placement.trust.records import TrustEvidence
from services.placement.trust.storage import evaluations, work_records
from services.placement.trust.storage import read_rules as read_trust_rules
from services.placement.trust.usecases import EvaluationDesk
from services.placement.wages.storage import read_wages
from shared.errors import Unavailable
from shared.telemetry import metrics
from shared.town import Town

#: Residents whose consent is asked for in one call.
ASKED_AT_ONCE = 1000


class Kept(Protocol):
    """A collection with indexes."""

    def prepare(self) -> None:
        """Make them."""


@dataclass(frozen=True)
class AskResidents:
    """Asks the residents service about consents, where somebody registered, and who belongs to a target group."""

    town: Town

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""
        return bool(self._ask("consented", resident_id=resident_id, purpose=purpose)["given"])

    def given_of(self, resident_ids: Sequence[str], purpose: str) -> set[str]:
        """Return those of the residents whose consent is in force."""
        given: set[str] = set()
        for first in range(0, len(resident_ids), ASKED_AT_ONCE):
            asked = list(resident_ids[first : first + ASKED_AT_ONCE])
            given.update(self._ask("consented_of", resident_ids=asked, purpose=purpose)["given"])
        return given

    def tenant_of(self, resident_id: str) -> str | None:
        """Return the tenant that registered this resident, or None."""
        tenant: str | None = self._ask("tenant_of", resident_id=resident_id)["tenant"]
        return tenant

    def belongs(
        self, resident_id: str, groups: Sequence[str], *, opening_id: str, officer: str | None = None
    ) -> str:
        """Return what is known of the resident and these target groups: one word, never which of them."""
        answer = self._ask(
            "belonging",
            of="residents_groups",
            resident_ids=[resident_id],
            groups=list(groups),
            purpose="selection",
            reason=opening_id,
            officer=officer,
        )
        return str(answer["known"].get(resident_id, UNKNOWN))

    def _ask(self, method: str, *, of: str = "residents_registry", **asked: Any) -> Any:
        try:
            return self.town.ask.call(of, method, token=self.town.service_token("placement"), **asked)
        except Unavailable as error:
            raise ResidentsAway(str(error)) from error


@dataclass(frozen=True)
class Rooms:
    """Everything this process works with. ``kept`` is what needs indexes."""

    programmes: ProgrammeDesk
    terms: TermsDesk
    reports: ReportDesk
    organisations: OrganisationDesk
    calls: CallDesk
    proposals: ProposalDesk
    agreements: AgreementDesk
    budgets: BudgetDesk
    ledger: Ledger
    participation: ParticipationDesk
    records: RecordDesk
    openings: OpeningDesk
    selection: SelectionDesk
    nearby: Nearby
    feed: OpeningsFeed
    attendance: AttendanceDesk
    attendance_follower: AttendanceFollower
    allowance: AllowanceDesk
    paid_back: PaidBackDesk
    batches: BatchDesk
    files: FileDesk
    settler: Settler
    balance: Balance
    evaluations: EvaluationDesk
    owed: OwedDesk
    profiles: ProfileDesk
    work_records: WorkRecordDesk
    tasks: TaskDesk
    kept: tuple[Kept, ...]


def furnish(town: Town) -> Rooms:
    """Put the use cases together; opens nothing."""
    database, clock, data = town.database("placement"), town.clock, town.settings.data_dir
    ports: dict[str, Any] = {"clock": clock, "serial": town.serial}
    asking = AskResidents(town)
    limits, kinds = read_limits(data / "limits.yaml"), read_kinds(data / "kinds.yaml")
    districts = read_districts(data / "districts.yaml")

    all_tenants, all_programmes = tenants(database, **ports), programmes(database, **ports)
    figures, counts = programme_figures(database, **ports), organisation_counts(database, **ports)
    all_organisations = organisations(database, **ports)
    all_calls, all_proposals = calls(database, **ports), proposals(database, **ports)
    all_agreements = agreements(database, **ports)
    all_openings, all_applications = openings(database, **ports), applications(database, **ports)
    orders = rankings(database, **ports)
    all_participations = participations(database, **ports)
    all_sheets = sheets(database, read_rules(data / "attendance.yaml"), **ports)
    codes, all_works = workplace_codes(database, **ports), works(database, **ports)
    months, all_overlaps = pay_months(database, **ports), overlaps(database, **ports)
    all_batches = batches(database, **ports)
    all_evaluations, all_records = evaluations(database, **ports), work_records(database, **ports)

    hosting = ProgrammeDesk(
        tenants=all_tenants,
        programmes=all_programmes,
        clock=clock,
        kinds=kinds,
        districts=districts,
    )
    budget = BudgetDesk(budgets(database, **ports), OpeningsMoney(all_openings), all_programmes, clock)
    calling = CallDesk(all_calls, all_programmes, all_tenants, clock)
    participation = ParticipationDesk(all_participations, OpeningsPlaces(all_openings), limits, asking, clock, asking)
    desk = OpeningDesk(
        openings=all_openings,
        applications=all_applications,
        tenants=all_tenants,
        programmes=all_programmes,
        budget=budget,
        wages=read_wages(data / "wages.yaml"),
        clock=clock,
        limits=participation,
        orders=orders,
        sheets=all_sheets,
        seeds=seeds(town.ids),
        declarable=read_declarable(data / "groups.yaml"),
    )
    index = feed(all_openings, clock)
    accounts, layouts = AskAccounts(town), read_layouts(data / "payout_layouts.yaml")
    gatherer = Gatherer(all_batches, months, accounts, clock)
    settler = Settler(all_batches, months, gatherer, budget, clock)
    trust_rules = read_trust_rules(data / "trust.yaml")
    owed = OwedDesk(all_evaluations, all_records, clock)
    return Rooms(
        programmes=hosting,
        terms=TermsDesk(all_tenants, all_programmes, figures, clock),
        reports=ReportDesk(all_programmes, figures, districts, clock),
        organisations=OrganisationDesk(all_tenants, all_organisations, counts, clock),
        calls=calling,
        proposals=ProposalDesk(
            calls=all_calls,
            proposals=all_proposals,
            tenants=all_tenants,
            programmes=all_programmes,
            hosting=hosting,
            money=budget,
            clock=clock,
            kinds=kinds,
            districts=districts,
        ),
        agreements=AgreementDesk(all_agreements, all_programmes, all_tenants, clock),
        budgets=budget,
        ledger=Ledger(budget.budgets, all_programmes, clock, districts),
        participation=participation,
        records=RecordDesk(all_participations, limits, asking, clock),
        openings=desk,
        selection=SelectionDesk(desk, orders, TrustEvidence(all_records, asking, clock)),
        nearby=Nearby(all_openings, index, asking, clock),
        feed=index,
        attendance=AttendanceDesk(
            sheets=all_sheets, codes=codes, openings=all_openings, new_secret=pyotp.random_base32, clock=clock
        ),
        attendance_follower=AttendanceFollower(
            sheets=all_sheets,
            works=all_works,
            openings=all_openings,
            programmes=all_programmes,
            clock=clock,
            escalated=metrics.DISPUTES_ESCALATED.inc,
            late=metrics.ATTENDANCE_UNCLEAR_LATE.inc,
        ),
        allowance=AllowanceDesk(months, all_overlaps, all_programmes, limits, clock),
        paid_back=PaidBackDesk(months, budget),
        batches=BatchDesk(all_batches, months, all_programmes, layouts, gatherer, settler, clock),
        files=FileDesk(all_batches, layouts, accounts, settler, clock),
        settler=settler,
        balance=Balance(all_batches, months, budget.budgets, all_programmes, clock),
        evaluations=EvaluationDesk(all_evaluations, all_records, all_openings, trust_rules, clock),
        owed=owed,
        profiles=ProfileDesk(
            all_evaluations, all_records, all_openings, all_applications, asking, trust_rules, clock
        ),
        work_records=WorkRecordDesk(all_records),
        tasks=TaskDesk(
            Waiting(
                sheets=all_sheets,
                openings=all_openings,
                applications=all_applications,
                batches=all_batches,
                months=months,
                calls=all_calls,
                proposals=all_proposals,
                evaluations=all_evaluations,
            ),
            owed,
            clock,
        ),
        kept=(
            all_tenants,
            all_programmes,
            figures,
            all_organisations,
            counts,
            all_calls,
            all_proposals,
            all_agreements,
            budget.budgets,
            all_participations,
            all_openings,
            all_applications,
            orders,
            all_sheets,
            codes,
            all_works,
            months,
            all_overlaps,
            all_batches,
            all_evaluations,
            all_records,
        ),
    )
