"""Calls for proposals (공모) and what districts propose (제안): bottom-up, for next year."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, id_field, instant, text, whole
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told
from shared.events.contract import LARGEST
from shared.events.placement.plans import FUNDERS, OUTCOMES, TARGET_MEASURES

CALLS, SERVICE = "placement_calls", "placement_proposals"
STATES = ("submitted", "withdrawn", "selected", "rejected")
proposals = Subject("proposals", __name__, description="공모와 제안 · calls and proposals")


def _amounts(keys: tuple[str, ...], **options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(keys)), values=whole(0, LARGEST, required=False), **options
    )


class Criterion(Body):
    code = text(80, example="need")
    name_ko = text(80, example="필요성")
    weight = whole(1, 100, required=False, description="비우면 1")


class CallTerms(Body):
    programme_id = id_field(description="상위 사업 · the umbrella", example="gwangsan:gs-danggeun-gwangsan")
    year = whole(2000, 2999, example=2027)
    title = text(200, example="2027년 상향적 일자리 제안 공모")
    opens_at = instant(example="2026-12-01T09:00:00+09:00")
    closes_at = instant(example="2026-12-31T18:00:00+09:00")
    criteria = fields.List(fields.Nested(Criterion), required=True, validate=validate.Length(1, 20))
    reviews_needed = whole(1, 20, example=2)
    most_won = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=LARGEST))
    districts = fields.List(
        text(5),
        validate=validate.Length(max=100),
        metadata={"description": "비우면 어느 구나 · any district when absent", "example": ["29200"]},
    )
    civil_body_needed = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "시민 단체와 함께해야 하는지"}
    )


#: ``fields`` is a name that marshmallow keeps for itself, so it is given by another one.
PublishCall = CallTerms.from_dict(
    {
        "call_id": id_field(required=False, description="비우면 만들어 줍니다 · made up when absent"),
        "fields_": fields.List(
            text(80),
            required=True,
            data_key="fields",
            attribute="fields",
            validate=validate.Length(1, 100),
            metadata={"description": "분야 · the fields proposals may be of", "example": ["돌봄", "문화"]},
        ),
    },
    name="PublishCall",
)


class CallState(Told):
    call_id = fields.String()
    state = fields.String()


class CallTold(CallState):
    tenant = fields.String()
    programme_id = fields.String()
    year = fields.Integer()
    title = fields.String()
    opens_at = fields.String()
    closes_at = fields.String()
    criteria = fields.List(fields.Nested(Criterion))
    reviews_needed = fields.Integer()
    most_won = fields.Integer(allow_none=True, metadata={"description": "null = 자료 없음"})
    districts = fields.List(fields.String())
    civil_body_needed = fields.Boolean()


Call = CallTold.from_dict(
    {"fields_": fields.List(fields.String(), data_key="fields", attribute="fields")}, name="Call"
)


class Calls(Paged):
    calls = fields.List(fields.Nested(Call))


class WhichCalls(Body):
    programme_id = id_field(required=False)
    limit = counted(1, 100)
    cursor = text(500, required=False)


class ProposalPlan(Body):
    title = text(200, example="경로당 식사 보조")
    summary = text(4000, example="경로당에서 식사를 돕는 짧은 일을 이웃에게 연결합니다.")
    field = text(80, example="돌봄")
    kind = text(40, example="job_matching")
    won = whole(0, LARGEST, example=30_000_000)
    targets = _amounts(TARGET_MEASURES, metadata={"example": {"jobs": 30}})
    civil_body = text(80, required=False, example="은하수 마을회")
    agency = text(80, required=False)


class Submit(ProposalPlan):
    proposal_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    code = text(
        61,
        required=False,
        description="생길 사업의 코드, 비우면 제안의 아이디 · of the programme that would come of it; the id when absent",
        example="gs-citizen-allowance",
    )
    call_id = id_field()
    district = text(5, example="29200")


class ProposalState(Told):
    proposal_id = fields.String()
    state = fields.String()
    revision = fields.Integer()
    reviews = fields.Integer()
    hosted_id = fields.String(allow_none=True, metadata={"description": "선정되어 생긴 사업 · the programme it became"})


class ProposalRow(ProposalState):
    code = fields.String()
    call_id = fields.String()
    programme_id = fields.String()
    district = fields.String()
    title = fields.String()
    field = fields.String()
    won = fields.Integer()
    score = fields.String(allow_none=True)
    submitted_at = fields.String()


class ReviewTold(Told):
    by = fields.String(allow_none=True)
    scores = fields.Dict(keys=fields.String(), values=fields.Integer())
    comment = fields.String()
    at = fields.String()


class Decided(Told):
    outcome = fields.String()
    reason = fields.String()
    at = fields.String()
    funders = fields.Dict(keys=fields.String(), values=fields.Integer())
    targets = fields.Dict(keys=fields.String(), values=fields.Integer())


class Proposal(ProposalRow):
    summary = fields.String()
    kind = fields.String()
    civil_body = fields.String(allow_none=True)
    agency = fields.String(allow_none=True)
    targets = fields.Dict(keys=fields.String(), values=fields.Integer())
    given = fields.List(fields.Nested(ReviewTold))
    own_review = fields.Nested(ReviewTold, allow_none=True)
    decision = fields.Nested(Decided, allow_none=True)


class Proposals(Paged):
    proposals = fields.List(fields.Nested(ProposalRow(exclude=("hosted_id",))))


class WhichProposals(WhichPage):
    state = choice(*STATES)


class Review(Body):
    scores = fields.Dict(
        keys=text(80), values=whole(0, 100, required=False), required=True, metadata={"example": {"need": 80}}
    )
    comment = fields.String(required=True, validate=validate.Length(max=1500))


class DecideProposal(Body):
    outcome = choice(*OUTCOMES, required=True)
    reason = text(2000)
    funders = _amounts(
        FUNDERS,
        allow_none=True,
        metadata={"description": "비우면 시비로 전부 · all of it from the city when absent", "example": {"city": 30_000_000}},
    )
    targets = _amounts(TARGET_MEASURES, allow_none=True)


@proposals.asks("POST", "/v1/calls", "공모 내기", body=PublishCall, told=CallState, status=201)
def publish_call(body: dict[str, Any]) -> Any:
    """Publish a call under an umbrella programme (officer of the whole tenant)."""
    call_id = made("call", body.pop("call_id", None))
    return act(CALLS, "publish", call_id=call_id, **body), 201, {"Location": f"/v1/calls/{call_id}"}


@proposals.asks("GET", "/v1/calls/<call_id>", "공모 보기", told=Call, anyone=True)
def get_call(call_id: str) -> Any:
    """Show a call. Open to anyone."""
    return ask(CALLS, "get", call_id=call_id)


@proposals.asks("GET", "/v1/tenants/<tenant>/calls", "공모 목록", query=WhichCalls, told=Calls, anyone=True)
def list_calls(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's calls. Open to anyone."""
    return ask(CALLS, "list", tenant=tenant, **query)


@proposals.asks("POST", "/v1/calls/<call_id>/close", "공모 닫기", body=Nothing, body_needed=False, told=CallState)
def close_call(body: dict[str, Any], call_id: str) -> Any:
    """Take no more proposals, before the time (officer of the whole tenant)."""
    return act(CALLS, "close", call_id=call_id, **body)


@proposals.asks("GET", "/v1/calls/<call_id>/proposals", "제안 목록", query=WhichProposals, told=Proposals)
def list_proposals(query: dict[str, Any], call_id: str) -> Any:
    """List a call's proposals, first come first (officer); those of other districts once the call is over."""
    return ask(SERVICE, "list", call_id=call_id, **query)


@proposals.asks("POST", "/v1/proposals", "제안하기", body=Submit, told=ProposalState, status=201)
def submit(body: dict[str, Any]) -> Any:
    """Propose something for a district under an open call (officer of the district)."""
    proposal_id = made("pro", body.pop("proposal_id", None))
    told = act(SERVICE, "submit", proposal_id=proposal_id, **body)
    return told, 201, {"Location": f"/v1/proposals/{proposal_id}"}


@proposals.asks("GET", "/v1/proposals/<proposal_id>", "제안 보기", told=Proposal)
def get_proposal(proposal_id: str) -> Any:
    """Show a proposal (officer), with as much of its reviews as one may see."""
    return ask(SERVICE, "get", proposal_id=proposal_id)


@proposals.asks("PUT", "/v1/proposals/<proposal_id>", "제안 고치기", body=ProposalPlan, told=ProposalState)
def revise(body: dict[str, Any], proposal_id: str) -> Any:
    """Replace what is proposed while the call is open (officer of the district)."""
    return act(SERVICE, "revise", proposal_id=proposal_id, **body)


@proposals.asks(
    "POST", "/v1/proposals/<proposal_id>/withdraw", "제안 철회", body=Nothing, body_needed=False, told=ProposalState
)
def withdraw(body: dict[str, Any], proposal_id: str) -> Any:
    """Take a proposal back until it is decided (officer of the district)."""
    return act(SERVICE, "withdraw", proposal_id=proposal_id, **body)


@proposals.asks("PUT", "/v1/proposals/<proposal_id>/review", "제안 심사", body=Review, told=ProposalState)
def review(body: dict[str, Any], proposal_id: str) -> Any:
    """Give points and a word once the call is over, or change them (officer, not of the proposing district)."""
    return act(SERVICE, "review", proposal_id=proposal_id, **body)


@proposals.asks("POST", "/v1/proposals/<proposal_id>/decision", "제안 선정", body=DecideProposal, told=ProposalState)
def decide(body: dict[str, Any], proposal_id: str) -> Any:
    """Select or reject a proposal, once (officer of the whole tenant); what is selected becomes a programme."""
    return act(SERVICE, "decide", proposal_id=proposal_id, **body)
