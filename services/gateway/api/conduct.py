"""No-shows (노쇼): a resident's record, excuses and appeals, and those who answer them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import WhichPage, id_field, text
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_conduct"
conduct = Subject("conduct", __name__, description="노쇼 기록 · no-shows")


class WhichRecord(Body):
    tenant = id_field(required=False, description="비우면 내 운영기관 · one's own when absent")
    why = text(200, required=False, description="직원이 보는 까닭; 본인에게 보입니다 · staff: why; the resident sees it")


class Excuse(Body):
    reason = choice(
        "ill", "emergency", "transport", "facility_closed", "was_there", "other", required=True, description="오지 못한 까닭"
    )
    text = fields.String(validate=validate.Length(max=500))


class Appeal(Body):
    text = text(500)


class WhoseStrike(Body):
    tenant = id_field()
    resident_id = id_field()


class AnswerStrike(WhoseStrike):
    accept = fields.Boolean(required=True, truthy={True}, falsy={False})


class StrikeState(Told):
    booking_id = fields.String()
    state = fields.String()


class Strike(StrikeState):
    space_id = fields.String()
    facility_id = fields.String()
    at = fields.String()
    how = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    text = fields.String()
    excuse_until = fields.String()
    excuse_refused = fields.Boolean()
    appeal_refused = fields.Boolean()
    answer_until = fields.String(allow_none=True)
    closed = fields.Boolean()


class Look(Told):
    who = fields.String()
    at = fields.String()
    why = fields.String()


class Record(Told):
    resident_id = fields.String()
    tenant = fields.String()
    level = fields.Integer(metadata={"description": "0 없음, 1 주의, 2 제한, 3 정지"})
    until = fields.String(allow_none=True)
    visits_until_forgiven = fields.Integer(allow_none=True)
    strikes = fields.List(fields.Nested(Strike))
    looks = fields.List(fields.Nested(Look))


class Waiting(Strike):
    tenant = fields.String()
    resident_id = fields.String()


class Excuses(Paged):
    excuses = fields.List(fields.Nested(Waiting))


class Appeals(Paged):
    appeals = fields.List(fields.Nested(Waiting))


@conduct.asks("GET", "/v1/residents/<resident_id>/conduct", "노쇼 기록 보기", query=WhichRecord, told=Record)
def record(query: dict[str, Any], resident_id: str) -> Any:
    """Show a record to its resident, or to staff who say why; who looked is shown to the resident."""
    return ask(SERVICE, "read", resident_id=resident_id, **query)


@conduct.asks("POST", "/v1/bookings/<booking_id>/excuse", "오지 못한 사유 내기", body=Excuse, told=StrikeState)
def excuse(body: dict[str, Any], booking_id: str) -> Any:
    """Say why nobody came; the facility accepts it or not."""
    return act(SERVICE, "excuse", booking_id=booking_id, **body)


@conduct.asks("POST", "/v1/bookings/<booking_id>/excuse/answer", "사유에 답하기", body=AnswerStrike, told=StrikeState)
def answer_excuse(body: dict[str, Any], booking_id: str) -> Any:
    """Accept an excuse or not (host of the facility, officer)."""
    return act(SERVICE, "answer_excuse", booking_id=booking_id, **body)


@conduct.asks("POST", "/v1/bookings/<booking_id>/appeal", "노쇼 이의 신청", body=Appeal, told=StrikeState)
def appeal(body: dict[str, Any], booking_id: str) -> Any:
    """Contest a no-show; unanswered in time it is decided for the resident."""
    return act(SERVICE, "appeal", booking_id=booking_id, **body)


@conduct.asks("POST", "/v1/bookings/<booking_id>/appeal/answer", "이의 신청에 답하기", body=AnswerStrike, told=StrikeState)
def answer_appeal(body: dict[str, Any], booking_id: str) -> Any:
    """Decide an appeal (officer); never the facility that made the record."""
    return act(SERVICE, "answer_appeal", booking_id=booking_id, **body)


@conduct.asks("POST", "/v1/bookings/<booking_id>/no-show/correct", "노쇼 바로잡기", body=WhoseStrike, told=StrikeState)
def correct(body: dict[str, Any], booking_id: str) -> Any:
    """Take a wrong record back (officer)."""
    return act(SERVICE, "correct", booking_id=booking_id, **body)


@conduct.asks("GET", "/v1/spaces/<space_id>/excuses", "답할 사유 목록", query=WhichPage, told=Excuses)
def excuses(query: dict[str, Any], space_id: str) -> Any:
    """List what the facility of a space has to answer, oldest first (host, officer)."""
    return ask(SERVICE, "excuses", space_id=space_id, **query)


@conduct.asks("GET", "/v1/tenants/<tenant>/appeals", "답할 이의 신청 목록", query=WhichPage, told=Appeals)
def appeals(query: dict[str, Any], tenant: str) -> Any:
    """List what the officers of a tenant have to answer, oldest first (officer)."""
    return ask(SERVICE, "appeals", tenant=tenant, **query)
