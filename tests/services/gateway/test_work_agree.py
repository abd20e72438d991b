"""The door and the services of work know the same methods, fields and choices: none can drift away unnoticed."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, missing, validate

from services.gateway import catalogue
from services.gateway.api import (
    accounts,
    allowance,
    applications,
    attendance,
    batch_shapes,
    batches,
    common,
    groups,
    health,
    openings,
    participation,
    selection,
    tasks,
    trust,
)
from services.gateway.api.batches import PART_BYTES
from services.placement.allowance import schemas as paid
from services.placement.allowance.service import AllowanceService
from services.placement.attendance import schemas as attended
from services.placement.attendance.service import AttendanceService
from services.placement.batches import schemas as batched
from services.placement.batches.service import BatchesService
from services.placement.openings import schemas as opened
from services.placement.openings.ranking import Entry, Standing
from services.placement.openings.scores import SCORE_RULES, Evidence
from services.placement.openings.service import OpeningsService
from services.placement.openings.shown import explained
from services.placement.participation import schemas as participated
from services.placement.participation.service import ParticipationService
from services.placement.tasks.service import TasksService
from services.placement.trust import schemas as trusted
from services.placement.trust.service import TrustService
from services.residents.accounts import schemas as accounted
from services.residents.accounts.service import AccountsService
from services.residents.groups import schemas as grouped
from services.residents.groups.service import GroupsService
from services.residents.registry.schemas import Whose
from shared.events.placement.openings import CLOSING_REASONS
from tests.services.gateway.agreeing import answered, calls, choices, must_fit

MODULES = (
    *(accounts, allowance, applications, attendance, batches),
    *(groups, openings, participation, selection, tasks, trust),
)
SERVICES = (
    *(OpeningsService, ParticipationService, AttendanceService, AllowanceService, BatchesService, TrustService),
    *(TasksService, AccountsService, GroupsService),
)
#: What only services of ours may ask, and never over HTTP: accounts in full, and the groups of many.
WITHIN = {"residents_accounts.payout", "residents_groups.groups_of", "residents_groups.belonging"}


def test_every_call_of_the_door_is_answered() -> None:
    assert set(calls(MODULES)) - answered(SERVICES) == set()


def test_every_method_can_be_reached_over_http_but_what_only_services_may_ask() -> None:
    assert answered(SERVICES) - set(calls(MODULES)) == WITHIN


def test_the_door_asks_each_of_these_services_whether_it_is_there() -> None:
    assert {service.name for service in SERVICES} <= set(health.SERVICES)


PAIRS: tuple[tuple[type[Schema], set[str], type[Schema]], ...] = (
    (openings.PublishOpening, set(), opened.Publish),
    (openings.Select, {"opening_id"}, opened.Select),
    (common.Nothing, {"opening_id", "resident_id"}, opened.ResidentAct),
    (openings.WhichOpenings, {"tenant"}, opened.ListOpenings),
    (openings.OnMap, {"tenant"}, opened.OnMap),
    (openings.NearWhere, {"tenant"}, opened.Near),
    (openings.HostedPage, {"host"}, opened.Hosted),
    (common.WhichPage, {"opening_id"}, opened.ListApplications),
    (common.Reason, {"opening_id"}, opened.Cancel),
    (applications.Apply, {"opening_id"}, opened.Apply),
    (selection.WhoseQuote, {"opening_id"}, opened.Quote),
    (selection.RankingPage, {"opening_id"}, opened.ListApplications),
    (common.WhichPage, {"resident_id"}, participated.OneResident),
    (participation.CheckDays, {"resident_id"}, participated.Check),
    (participation.OutsideJob, {"resident_id"}, participated.NoteOutside),
    (common.Nothing, {"resident_id", "key"}, participated.RetractOutside),
    (attendance.WorkplaceCode, {"attendance_id"}, attended.Check),
    (attendance.WitnessWord, {"attendance_id"}, attended.Witness),
    (attendance.ConfirmSheet, {"attendance_id"}, attended.Confirm),
    (attendance.CorrectMinutes, {"attendance_id"}, attended.Correct),
    (attendance.DisputeSheet, {"attendance_id"}, attended.Dispute),
    (attendance.AnswerDispute, {"attendance_id"}, attended.Answer),
    (attendance.ExcuseAbsence, {"attendance_id"}, attended.Excuse),
    (attendance.SheetsPage, {"opening_id"}, attended.SheetsOf),
    (common.WhichPage, {"resident_id"}, attended.MySheets),
    (common.WhichPage, {"tenant"}, attended.OpenDisputes),
    (allowance.MyMonths, {"resident_id"}, paid.MyPay),
    (allowance.OfMonth, {"programme_id"}, paid.OfMonth),
    (common.WhichPage, {"programme_id"}, paid.OfProgramme),
    (allowance.CheckPage, {"programme_id"}, paid.Check),
    (allowance.Recover, {"pay_month_id"}, paid.Recover),
    (allowance.PaidBack, {"pay_month_id"}, paid.PaidBack),
    (batch_shapes.Prepare, set(), batched.Prepare),
    (batch_shapes.Filed, {"batch_id"}, batched.MarkFiled),
    (batch_shapes.RowsPage, {"batch_id"}, batched.Rows),
    (batch_shapes.WhichBatches, {"programme_id"}, batched.ListBatches),
    (common.Nothing, {"batch_id", "pay_month_id"}, batched.DropRow),
    (trust.SayWord, {"placement_id"}, trusted.Evaluate),
    (trust.MyEvaluations, set(), trusted.MyEvaluations),
    (trust.Objection, {"placement_id"}, trusted.Appeal),
    (trust.AnswerObjection, {"placement_id"}, trusted.AnswerAppeal),
    (trust.EvaluationsPage, {"tenant"}, trusted.OpenAppeals),
    (trust.WhichOpening, {"resident_id"}, trusted.OneProfile),
    (trust.EvaluationsPage, {"resident_id"}, trusted.Export),
    (accounts.PayoutAccount, {"resident_id"}, accounted.SetAccount),
    (common.Nothing, {"resident_id"}, Whose),
    (common.Nothing, {"resident_id", "group"}, grouped.GroupAct),
)


@pytest.mark.parametrize(
    ("told", "in_path", "taken"),
    PAIRS,
    ids=[f"{told.__name__}-{taken.__module__.split('.')[2]}.{taken.__name__}" for told, _, taken in PAIRS],
)
def test_what_the_door_lets_in_is_what_the_service_takes(
    told: type[Schema], in_path: set[str], taken: type[Schema]
) -> None:
    must_fit(told, in_path, taken, look)


def look(ours: Any, theirs: Any, path: str) -> None:
    """Compare what is needed, which values there are, and how long they may be."""
    assert not theirs.required or ours.required or made_by_the_door(ours, path), path
    assert choices(ours) == choices(theirs) or not choices(theirs), path
    longest, most = length(ours), length(theirs)
    assert most is None or longest is None or longest <= most or path in LONGER, path


#: Ids and cursors, whose length the service judges.
LONGER = {"cursor", "opening_id", "programme_id", "resident_id", "hosts.0", "attendance_ids.0"}


def made_by_the_door(ours: Any, path: str) -> bool:
    """Return whether the door makes the value up when a caller leaves it out."""
    return path in ("opening_id", "batch_id") or ours.load_default is not missing


def length(field: Any) -> int | None:
    """Return how long a field may be, None: no rule."""
    return next((rule.max for rule in field.validators if isinstance(rule, validate.Length) and rule.max), None)


def test_a_part_of_a_return_file_is_as_long_as_the_service_takes() -> None:
    content = batched.ReadReturns().fields["content"]

    assert (length(content) or 0) >= 4 * -(-PART_BYTES // 3)


# Words.


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_rule_of_a_ranking_has_its_words_with_values_and_without(language: str) -> None:
    suffix = "" if language == "ko" else "_en"
    for name, rule in SCORE_RULES.items():
        for evidence in (Evidence(), Evidence(served=6, completed=2, missed=1)):
            _, values = rule(evidence)
            told = catalogue.said("rule", name, values)
            assert told[f"title{suffix}"] != name
            assert "{" not in told[f"detail{suffix}"]
            assert told[f"detail{suffix}"] != told[f"title{suffix}"]


def test_every_tier_and_every_reason_has_its_words() -> None:
    standings = (Standing(), Standing(ranked_lower=True), Standing(objection={"code": "x"}))
    tiers = [explained(Entry("opn-1:res-1", 1, "t", standing=one))["tier"] for one in standings]

    for kind, codes in (("tier", tiers), ("reason", CLOSING_REASONS)):
        for code in codes:
            told = catalogue.said(kind, code, {})
            assert code not in (told["title"], told["title_en"])


def test_a_code_that_nobody_wrote_words_for_is_told_as_it_is() -> None:
    told = catalogue.said("rule", "luck", {})

    assert (told["title"], told["detail_en"]) == ("luck", "luck")
