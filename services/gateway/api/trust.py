"""Trust (신뢰): what both sides of a place say of each other, objections, and the profiles it adds up to."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, id_field, text
from services.gateway.api.rooms import Paged, choice
from services.gateway.api.work import yes_or_no
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told
from shared.events.placement.work import ANSWERS

SERVICE = "placement_trust"
SIDES = ("resident", "host")
trust = Subject("trust", __name__, description="후기와 신뢰 프로필 · evaluations and profiles")


class SayWord(Body):
    side = choice(*SIDES, required=True, description="누구의 말인지 · who speaks")
    recommendations = fields.List(
        text(40),
        required=True,
        validate=validate.Length(max=20),
        metadata={"description": "운영기관이 정한 추천 말의 code · codes of the operator's list", "example": ["on_time"]},
    )
    would_again = yes_or_no(required=True, description="또 함께하고 싶음 · would do so again")
    comment = fields.String(allow_none=True, validate=validate.Length(max=300))


class Recommendation(Told):
    code = fields.String()
    ko = fields.String()
    en = fields.String()


class Recommendations(Told):
    #: By who speaks: resident, host.
    recommendations = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(Recommendation)))


class EvaluationsPage(Body):
    limit = counted(1, 50)
    cursor = text(400, required=False)


class MyEvaluations(EvaluationsPage):
    side = choice(*SIDES, description="어느 쪽으로서; 비우면 자기 역할, 둘 다면 주민 · as which side; one's own role when absent")


class Objection(Body):
    side = choice(*SIDES, required=True, description="이의를 신청하는 쪽 · whose objection")
    reason = fields.String(required=True, validate=validate.Length(max=300))


class AnswerObjection(Objection):
    answer = choice(*ANSWERS, required=True, description="upheld: 그 말은 세지 않습니다 · that word counts no more")


class WhichOpening(Body):
    opening_id = id_field(required=False, description="시설 담당자는 지원받은 공고 · hosts name the opening applied for")


class WordGiven(Told):
    placement_id = fields.String()
    side = fields.String()
    until = fields.String()


class Evaluation(Told):
    placement_id = fields.String()
    opening_id = fields.String()
    programme_id = fields.String()
    district = fields.String()
    resident_id = fields.String()
    title = fields.String()
    workplace = fields.String()
    opened_at = fields.String()
    until = fields.String()
    revealed_at = fields.String(allow_none=True)
    given = fields.Dict(keys=fields.String(), values=fields.Boolean())
    words = fields.Dict(
        keys=fields.String(),
        metadata={"description": "자기 말, 그리고 모두 공개된 뒤 상대의 말 · one's own, and the other's once revealed"},
    )
    appeals = fields.List(fields.Dict(keys=fields.String()))


class Evaluations(Paged):
    evaluations = fields.List(fields.Nested(Evaluation))


class ObjectionTaken(Told):
    placement_id = fields.String()
    appeal_id = fields.String()
    answer = fields.String()


class Evidence(Told):
    count = fields.Integer()
    of = fields.Integer()
    estimate = fields.Float()
    shown = fields.Boolean()


class Recommended(Evidence):
    code = fields.String()
    ko = fields.String()
    en = fields.String()


class Profile(Told):
    resident_id = fields.String()
    as_of = fields.String()
    completed = fields.Integer()
    missed = fields.Integer()
    enough = fields.Boolean(metadata={"description": "보일 만큼 모였는지 · whether there is enough to be shown"})
    recommendations = fields.List(fields.Nested(Recommended))
    would_again = fields.Nested(Evidence, allow_none=True)
    badges = fields.List(fields.Raw())


class Workplace(Told):
    opening_id = fields.String()
    workplace = fields.String()
    as_of = fields.String()
    completed = fields.Integer()
    enough = fields.Boolean()
    recommendations = fields.List(fields.Nested(Recommended))
    would_again = fields.Nested(Evidence, allow_none=True)


class ExportedPlacement(Told):
    placement_id = fields.String()
    work = fields.Dict(keys=fields.String(), allow_none=True)
    evaluation = fields.Nested(Evaluation, allow_none=True)


class Exported(Paged):
    resident_id = fields.String()
    profile = fields.Nested(Profile)
    placements = fields.List(fields.Nested(ExportedPlacement))


@trust.asks("GET", "/v1/recommendations", "추천 말 목록", told=Recommendations, anyone=True)
def known() -> Any:
    """List the good things that each side may say of the other. Open to anyone."""
    return ask(SERVICE, "known")


@trust.asks("GET", "/v1/evaluations", "내 후기 목록", query=MyEvaluations, told=Evaluations)
def my_evaluations(query: dict[str, Any]) -> Any:
    """List the evaluations in which the caller speaks for that side, latest first (resident, host)."""
    return ask(SERVICE, "my_evaluations", **query)


@trust.asks("GET", "/v1/evaluations/owed", "남겨야 할 후기 목록", query=MyEvaluations, told=Evaluations)
def owed(query: dict[str, Any]) -> Any:
    """List the evaluations that the caller has yet to give for that side, by `until`, the nearest first (resident, host)."""
    return ask(SERVICE, "owed", **query)


@trust.asks("GET", "/v1/evaluations/<placement_id>", "후기 보기", told=Evaluation)
def evaluation(placement_id: str) -> Any:
    """Show an evaluation, as far as the caller may read it (its resident, the opening's hosts, officer)."""
    return ask(SERVICE, "evaluation", placement_id=placement_id)


@trust.asks("POST", "/v1/evaluations/<placement_id>", "후기 남기기", body=SayWord, told=WordGiven, status=201)
def evaluate(body: dict[str, Any], placement_id: str) -> Any:
    """Say one's word about the other side, once (resident, host); hidden until both are in or time is up."""
    return act(SERVICE, "evaluate", placement_id=placement_id, **body)


@trust.asks("POST", "/v1/evaluations/<placement_id>/appeal", "후기에 이의 신청", body=Objection, told=ObjectionTaken)
def appeal(body: dict[str, Any], placement_id: str) -> Any:
    """Object, for one's own side, to what the other said of it; an officer looks at it."""
    return act(SERVICE, "appeal", placement_id=placement_id, **body)


@trust.asks(
    "POST",
    "/v1/evaluations/<placement_id>/appeal/answer",
    "후기 이의에 답하기",
    body=AnswerObjection,
    told=ObjectionTaken,
)
def answer_appeal(body: dict[str, Any], placement_id: str) -> Any:
    """Answer a side's objection (officer); upheld, that word counts no more."""
    return act(SERVICE, "answer_appeal", placement_id=placement_id, **body)


@trust.asks(
    "GET", "/v1/tenants/<tenant>/evaluation-appeals", "답할 후기 이의 목록", query=EvaluationsPage, told=Evaluations
)
def open_appeals(query: dict[str, Any], tenant: str) -> Any:
    """List the objections that wait in the officer's districts, longest waiting first (officer)."""
    return ask(SERVICE, "open_appeals", tenant=tenant, **query)


@trust.asks("GET", "/v1/residents/<resident_id>/profile", "신뢰 프로필 보기", query=WhichOpening, told=Profile)
def profile(query: dict[str, Any], resident_id: str) -> Any:
    """Show a resident's profile: all of it to themselves, what they consent to and there is enough of to others."""
    return ask(SERVICE, "profile", resident_id=resident_id, **query)


@trust.asks(
    "GET",
    "/v1/residents/<resident_id>/profile/export",
    "신뢰 기록 모두 받기",
    query=EvaluationsPage,
    told=Exported,
)
def export(query: dict[str, Any], resident_id: str) -> Any:
    """Show everything that trust keeps about the resident who asks (개인정보 보호법 제35조)."""
    return ask(SERVICE, "export", resident_id=resident_id, **query)


@trust.asks("GET", "/v1/openings/<opening_id>/workplace", "일터의 후기 보기", told=Workplace)
def workplace(opening_id: str) -> Any:
    """Show what residents said of the workplace of an opening, once there is enough of it."""
    return ask(SERVICE, "workplace", opening_id=opening_id)
