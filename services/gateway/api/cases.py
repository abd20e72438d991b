"""Conflict cases (확인할 예약): a booking that its facility's calendar or hours contradict, who decides, and what else there is."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway.api.common import Nothing, WhichPage, counted, id_field
from services.gateway.api.rooms import Asked, Paged, Span, choice
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_cases"
cases = Subject("cases", __name__, description="확인할 예약 · conflict cases")


class Decide(Body):
    decision = choice("keep", "displace", required=True, description="예약을 두거나 취소하기 · the booking stays, or not")


class TakeAlternative(Asked):
    booking_id = id_field(required=False, description="새 예약; 비우면 만들어 줍니다 · the new booking's")
    space_id = id_field(description="제안된 공간 · one of the alternatives")


class MyCases(WhichPage):
    limit = counted(1, 200)


class CaseState(Told):
    case_id = fields.String()
    state = fields.String()
    resolution = fields.String(allow_none=True)


class AlternativeTaken(CaseState):
    booking = fields.Dict(keys=fields.String())


class Alternative(Span):
    space_id = fields.String()
    metres = fields.Integer()
    walk_minutes = fields.Integer()


class CaseNote(Told):
    at = fields.String()
    by = fields.String()
    what = fields.String()


class Case(CaseState, Span):
    booking_id = fields.String()
    resident_id = fields.String()
    space_id = fields.String()
    facility_id = fields.String()
    difference = fields.String()
    owner = fields.String(metadata={"description": "누가 정할 차례인지 · whose turn it is"})
    opened_at = fields.String()
    deadline = fields.String()
    alternatives = fields.List(fields.Nested(Alternative))
    resolved_by = fields.String(allow_none=True)
    resolved_at = fields.String(allow_none=True)
    new_booking_id = fields.String(allow_none=True)
    history = fields.List(fields.Nested(CaseNote))


class Cases(Paged):
    cases = fields.List(fields.Nested(Case))


@cases.asks("GET", "/v1/cases", "확인할 내 예약", query=MyCases, told=Cases)
def my_cases(query: dict[str, Any]) -> Any:
    """List the caller's own cases, latest first."""
    return ask(SERVICE, "mine", **query)


@cases.asks("GET", "/v1/cases/<case_id>", "확인할 예약 보기", told=Case)
def get_case(case_id: str) -> Any:
    """Show a case to its resident or to the facility's staff, with the alternatives within a walk."""
    return ask(SERVICE, "get", case_id=case_id)


@cases.asks("GET", "/v1/facilities/<facility_id>/cases", "시설이 확인할 예약", query=WhichPage, told=Cases)
def of_facility(query: dict[str, Any], facility_id: str) -> Any:
    """List a facility's open cases, the most urgent first (host, officer)."""
    return ask(SERVICE, "of_facility", facility_id=facility_id, **query)


@cases.asks("POST", "/v1/cases/<case_id>/decide", "예약을 둘지 정하기", body=Decide, told=CaseState)
def decide(body: dict[str, Any], case_id: str) -> Any:
    """Let a booking stay, or take it back without a charge (host, officer)."""
    return act(SERVICE, "decide", case_id=case_id, **body)


@cases.asks(
    "POST", "/v1/cases/<case_id>/alternative", "다른 공간 받기", body=TakeAlternative, told=AlternativeTaken, status=201
)
def take_alternative(body: dict[str, Any], case_id: str) -> Any:
    """Book one of the alternatives instead, on the same subscription."""
    booking_id = made("bkg", body.pop("booking_id", None))
    told = act(SERVICE, "take_alternative", case_id=case_id, booking_id=booking_id, **body)
    return told, 201, {"Location": f"/v1/bookings/{booking_id}"}


@cases.asks("POST", "/v1/cases/<case_id>/decline", "다른 공간 사양하기", body=Nothing, body_needed=False, told=CaseState)
def decline(body: dict[str, Any], case_id: str) -> Any:
    """Want none of the alternatives."""
    return act(SERVICE, "decline", case_id=case_id, **body)
