"""Selection (선정): what a place would do before applying, the order and the reasons for it, offers, and the draw."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway import catalogue
from services.gateway.api.common import InWords, Nothing, OpeningState, WhichPage, counted, id_field
from services.gateway.api.rooms import Paged, Refusal
from services.gateway.api.work import all_worded, explained
from services.gateway.asking import LONG, act, ask
from services.gateway.subject import Body, Subject, Told
from shared.errors import Conflict

SERVICE = "placement_openings"
#: Tickets asked for at once, and pages read of one draw.
TICKETS, MOST_PAGES = 1500, 200
selection = Subject("selection", __name__, description="선정 · selection")


class WhoseQuote(Body):
    resident_id = id_field(required=False, description="비우면 로그인한 주민 · the signed-in resident when absent")


class RankingPage(WhichPage):
    limit = counted(1, 100)


class WeekHours(Told):
    week = fields.String(metadata={"description": "ISO 주 · ISO week", "example": "2026-W49"})
    minutes_before = fields.Integer()
    minutes_after = fields.Integer()
    limit = fields.Integer(allow_none=True)


class MonthHours(Told):
    month = fields.String()
    minutes_before = fields.Integer()
    minutes_after = fields.Integer()
    limit = fields.Integer(allow_none=True)
    won_after = fields.Integer()
    cap = fields.Integer(allow_none=True)
    above_cap = fields.Integer(metadata={"description": "상한을 넘어 지급되지 않는 금액 · earned, not payable"})


class ForWhom(Told):
    membership = fields.String(metadata={"description": "preferred · required"})
    groups = fields.List(fields.String(), metadata={"description": "이 가운데 하나에 속하면 됩니다 · one of these is enough"})
    known = fields.String(
        metadata={
            "description": "확인됨, 담당 공무원이 증빙을 보아야 함, 알린 적 없음 · member, unconfirmed (a proof is needed), unknown"
        }
    )
    what_to_do = fields.Nested(InWords)


class Outlook(Told):
    objections = fields.List(fields.Nested(Refusal), metadata={"description": "지원할 수 없는 까닭 · these refuse"})
    warnings = fields.List(fields.Nested(Refusal))
    weeks = fields.List(fields.Nested(WeekHours))
    months = fields.List(fields.Nested(MonthHours))
    overlap_days = fields.List(fields.String())
    shut_out_until = fields.String(allow_none=True)
    ranked_lower = fields.Boolean()
    for_whom = fields.Nested(
        ForWhom, allow_none=True, metadata={"description": "누구를 위한 자리인지; 상관없으면 null · null where it does not matter"}
    )


class Pay(Told):
    hourly_won = fields.Integer()
    minutes = fields.Integer()
    won = fields.Integer()


class PlaceQuote(Told):
    opening_id = fields.String()
    resident_id = fields.String()
    may_apply = fields.Boolean()
    refused = fields.Nested(Refusal, allow_none=True, metadata={"description": "지금 지원을 받지 않는 까닭 · why nobody can apply now"})
    limits = fields.Nested(Outlook)
    pay = fields.Nested(Pay)


class Part(InWords):
    rule = fields.String()
    points = fields.Integer(metadata={"description": "백 분의 1점 · hundredths of a point"})
    most = fields.Integer()
    values = fields.Dict(keys=fields.String(), values=fields.Integer())


class Entry(Told):
    application_id = fields.String()
    attempt = fields.Integer()
    rank = fields.Integer(allow_none=True)
    ticket = fields.String(allow_none=True)
    tier = fields.String(allow_none=True)
    tier_in_words = fields.Nested(InWords)
    objection = fields.Nested(Refusal, allow_none=True)
    points = fields.Integer(allow_none=True, metadata={"description": "백 분의 1점 · hundredths of a point"})
    parts = fields.List(fields.Nested(Part))


class Ranking(Paged):
    opening_id = fields.String()
    method = fields.String()
    candidates = fields.Integer()
    entries = fields.List(fields.Nested(Entry))


class Reasons(Entry):
    opening_id = fields.String()
    method = fields.String()
    candidates = fields.Integer(allow_none=True)
    state = fields.String()
    reason = fields.String(allow_none=True)
    reason_in_words = fields.Nested(InWords)
    why = fields.Nested(Refusal, allow_none=True)


class Draw(Told):
    opening_id = fields.String()
    method = fields.String()
    state = fields.String()
    seed_hash = fields.String(metadata={"description": "공고 때 약속한 값 · SHA-256 of the seed, told when it was published"})
    seed = fields.String(allow_none=True, metadata={"description": "마감 뒤에 공개 · told once nobody can apply any more"})
    order_hash = fields.String(allow_none=True)
    candidates = fields.Integer(allow_none=True)
    places = fields.Integer()
    given = fields.Integer()
    offered = fields.Integer()
    asked = fields.Integer()
    tickets = fields.List(fields.String(), metadata={"description": "순서대로 모두, 이름 없이 · all, in order, nameless"})
    cursor = fields.String(allow_none=True, metadata={"description": "언제나 null · always null: nothing is left out"})


class OfferAnswered(Told):
    opening_id = fields.String()
    application_id = fields.String()
    state = fields.String()
    filled = fields.Boolean()


@selection.asks("GET", "/v1/openings/<opening_id>/quote", "지원하면 어떻게 되는지", query=WhoseQuote, told=PlaceQuote)
def quote(query: dict[str, Any], opening_id: str) -> Any:
    """Show what a place would do to the resident's limits, and what it pays, before applying."""
    told = ask(SERVICE, "quote", opening_id=opening_id, **query)
    told = all_worded(told, "refused")
    if not told.get("limits"):
        return told
    limits = all_worded(told["limits"], "objections", "warnings")
    if limits.get("for_whom"):
        whom = limits["for_whom"]
        limits["for_whom"] = {**whom, "what_to_do": catalogue.said("belonging", whom["known"], {})}
    return {**told, "limits": limits}


@selection.asks(
    "POST", "/v1/openings/<opening_id>/rank", "순위 매기기 시작", body=Nothing, body_needed=False, told=OpeningState
)
def rank(body: dict[str, Any], opening_id: str) -> Any:
    """Begin to ask candidates in order once the deadline is there; in a rehearsal, at any time (officer)."""
    return act(SERVICE, "rank", opening_id=opening_id, **body)


@selection.asks("GET", "/v1/openings/<opening_id>/ranking", "순위 보기", query=RankingPage, told=Ranking)
def ranking(query: dict[str, Any], opening_id: str) -> Any:
    """List the candidates in order, each with the rules and points that gave the rank (officer)."""
    told = ask(SERVICE, "ranking", opening_id=opening_id, **query)
    return {**told, "entries": [explained(entry) for entry in told.get("entries", ())]}


@selection.asks("GET", "/v1/openings/<opening_id>/draw", "추첨 자료", told=Draw, anyone=True)
def draw(opening_id: str) -> Any:
    """Show all that is public of a draw; ``./sipbun draw verify`` recomputes it from this answer. Open to anyone."""
    told = page = ask(SERVICE, "draw", patience=LONG, opening_id=opening_id, limit=TICKETS)
    tickets = list(told.get("tickets", ()))
    for _ in range(MOST_PAGES):
        if page.get("cursor") is None:
            return {**told, "tickets": tickets, "cursor": None} if "tickets" in told else told
        page = ask(SERVICE, "draw", patience=LONG, opening_id=opening_id, limit=TICKETS, cursor=page["cursor"])
        tickets += page["tickets"]
    raise Conflict("changed_meanwhile", field="opening_id")


@selection.asks("GET", "/v1/applications/<application_id>/why", "내 순위와 까닭", told=Reasons)
def why(application_id: str) -> Any:
    """Show an applicant's rank, points, and the rule behind each, in words (the resident, an officer)."""
    return explained(ask(SERVICE, "why", application_id=application_id))


@selection.asks(
    "POST",
    "/v1/applications/<application_id>/offer/accept",
    "제안된 자리 받기",
    body=Nothing,
    body_needed=False,
    told=OfferAnswered,
)
def accept_offer(body: dict[str, Any], application_id: str) -> Any:
    """Confirm the place that was offered, before its time is up (the resident, or an officer for them)."""
    return act(SERVICE, "accept_offer", application_id=application_id, **body)


@selection.asks(
    "POST",
    "/v1/applications/<application_id>/offer/decline",
    "제안된 자리 사양하기",
    body=Nothing,
    body_needed=False,
    told=OfferAnswered,
)
def decline_offer(body: dict[str, Any], application_id: str) -> Any:
    """Let the place that was offered go to the next; the application ends."""
    return act(SERVICE, "decline_offer", application_id=application_id, **body)
