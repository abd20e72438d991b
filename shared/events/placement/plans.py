"""Programmes (사업), their targets and money, calls and proposals (공모, 제안), agreements (업무협약)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import LARGEST, PRINTABLE, Contract, DayText, name_of_id, short, whole

#: What a programme promises to reach.
TARGET_MEASURES = ("jobs", "people", "trained", "sessions", "sites")
ENGAGEMENTS = ("employment", "participation_allowance", "volunteer")
#: 국비, 시비, 구비, 기타: who pays.
FUNDERS = ("state", "city", "district", "other")
OUTCOMES = ("selected", "rejected")
#: Of programmes and calls.
YEARS = validate.Range(min=1900, max=2999)


def signed() -> fields.Integer:
    """Return a required whole number that may be negative."""
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=-LARGEST, max=LARGEST))


class ProgrammeRef(Schema):
    """Which programme; ``district`` is the code of the 시·군·구, left out for a programme of the whole 시·도."""

    programme_id = name_of_id()
    district = fields.String(validate=validate.Length(max=20), allow_none=True)


class ProgrammeSet(ProgrammeRef):
    """A programme is as told here; the latest counts."""

    kind = short(40)
    role = short(40)
    parent = fields.String(validate=validate.Length(max=200), allow_none=True)
    year = fields.Integer(strict=True, allow_none=True, validate=YEARS)
    direct_job = fields.Boolean(required=True)
    engagement = fields.String(required=True, validate=validate.OneOf(ENGAGEMENTS))
    pilot = fields.Boolean(required=True)
    #: Codes of the groups it is for; of the programme, never of a person.
    target_groups = fields.List(fields.String(validate=validate.Length(max=40)))


class TargetSet(ProgrammeRef):
    """A target of the programme was set; ``was`` is what it replaces, 0 for none: the difference adds up."""

    measure = fields.String(required=True, validate=validate.OneOf(TARGET_MEASURES))
    value = whole(0)
    was = whole(0)
    day = DayText(required=True)


class BudgetAppropriated(ProgrammeRef):
    """The programme's ceiling moved by ``won`` (negative: 감액) on a KST day."""

    won = signed()
    total = fields.Integer(strict=True, allow_none=True)
    funder = fields.String(required=True, validate=validate.OneOf(FUNDERS))
    day = DayText(required=True)


class BudgetPosted(ProgrammeRef):
    """The budget moved by what a batch paid, or by what the bank sent back. Exactly once for each."""

    posting_id = name_of_id()
    batch_id = name_of_id()
    paid = whole(0)
    returned = whole(0)
    day = DayText(required=True)
    #: Given back by a resident of what was paid too much; ``batch_id`` is then the month of pay.
    recovered = fields.Integer(strict=True, validate=validate.Range(min=1, max=LARGEST))


class CallRef(Schema):
    """Which call for proposals, under which umbrella programme."""

    call_id = name_of_id()
    programme_id = name_of_id()
    year = fields.Integer(required=True, strict=True, validate=YEARS)


class ProposalRef(CallRef):
    """Which proposal, from which district."""

    proposal_id = name_of_id()
    district = short(20)
    day = DayText(required=True)


class ProposalDecided(ProposalRef):
    """The city decided; ``hosted_id`` is the programme that came of a selected one."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    hosted_id = fields.String(validate=[validate.Length(max=200), PRINTABLE], allow_none=True)


class AgreementRef(Schema):
    """Which agreement, for which programme, among how many partners."""

    agreement_id = name_of_id()
    programme_id = name_of_id()
    partners = whole(1)
    day = DayText(required=True)


_PROGRAMME = {"programme_id": "gs-citizen-allowance", "district": "29200"}
_CALL = {"call_id": "call-2020", "programme_id": "ic-sangsaeng", "year": 2020}
_PROPOSAL = {**_CALL, "proposal_id": "prop-1", "district": "28237", "day": "2026-11-22"}
_AGREEMENT = {"agreement_id": "agr-1", "programme_id": "gs-nearby", "partners": 2, "day": "2023-04-13"}

PROGRAMME_SET = Contract(
    "placement.programme.set",
    1,
    ProgrammeSet,
    {
        **_PROGRAMME,
        "kind": "job_matching",
        "role": "core",
        "parent": "gs-nearby",
        "year": 2023,
        "direct_job": False,
        "engagement": "participation_allowance",
        "pilot": True,
        "target_groups": ["freelancer"],
    },
)
TARGET_SET = Contract(
    "placement.target.set", 1, TargetSet, {**_PROGRAMME, "measure": "jobs", "value": 400, "was": 0, "day": "2026-11-22"}
)
BUDGET_APPROPRIATED = Contract(
    "placement.budget.appropriated",
    1,
    BudgetAppropriated,
    {**_PROGRAMME, "won": 6_000_000_000, "total": 6_000_000_000, "funder": "city", "day": "2026-11-22"},
)
BUDGET_POSTED = Contract(
    "placement.budget.posted",
    1,
    BudgetPosted,
    {**_PROGRAMME, "posting_id": "bat-1:paid", "batch_id": "bat-1", "paid": 61920, "returned": 0, "day": "2026-12-10"},
)
CALL_OPENED = Contract("placement.call.opened", 1, CallRef, _CALL)
CALL_CLOSED = Contract("placement.call.closed", 1, CallRef, _CALL)
PROPOSAL_SUBMITTED = Contract("placement.proposal.submitted", 1, ProposalRef, _PROPOSAL)
PROPOSAL_WITHDRAWN = Contract("placement.proposal.withdrawn", 1, ProposalRef, _PROPOSAL)
PROPOSAL_REVIEWED = Contract("placement.proposal.reviewed", 1, ProposalRef, _PROPOSAL)
PROPOSAL_DECIDED = Contract(
    "placement.proposal.decided", 1, ProposalDecided, {**_PROPOSAL, "outcome": "selected", "hosted_id": "ic-new"}
)
AGREEMENT_SIGNED = Contract("placement.agreement.signed", 1, AgreementRef, _AGREEMENT)
AGREEMENT_ENDED = Contract("placement.agreement.ended", 1, AgreementRef, _AGREEMENT)

CONTRACTS = (
    PROGRAMME_SET,
    TARGET_SET,
    BUDGET_APPROPRIATED,
    BUDGET_POSTED,
    CALL_OPENED,
    CALL_CLOSED,
    PROPOSAL_SUBMITTED,
    PROPOSAL_WITHDRAWN,
    PROPOSAL_REVIEWED,
    PROPOSAL_DECIDED,
    AGREEMENT_SIGNED,
    AGREEMENT_ENDED,
)
