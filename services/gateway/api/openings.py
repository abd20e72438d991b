"""Openings (모집 공고): publish, find within ten minutes' walk, select, close."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import (
    Applications,
    Nothing,
    OpeningState,
    Reason,
    WhichPage,
    counted,
    id_field,
    instant,
    latitude,
    longitude,
    next_page,
    text,
    whole,
)
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_openings"
openings = Subject("openings", __name__, description="모집 공고 · openings")


class Place(Body):
    name = text(120, example="은하수 작은도서관")
    address = text(300, example="광주광역시 광산구 첨단중앙로 1")
    lat = latitude()
    lon = longitude()


class Shift(Body):
    start = instant(example="2026-12-01T10:00:00+09:00")
    end = instant(example="2026-12-01T12:00:00+09:00")


class PublishOpening(Body):
    opening_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    programme_id = id_field(example="gwangsan:gs-citizen-allowance")
    title = text(120, example="작은도서관 도서 정리")
    place = fields.Nested(Place, required=True)
    shifts = fields.List(fields.Nested(Shift), required=True, validate=validate.Length(1, 100))
    places = whole(1, 10_000, example=3)
    hourly_won = whole(0, 1_000_000, example=10_320)
    mode = fields.String(
        load_default="officer",
        validate=validate.OneOf(["officer", "first_come"]),
        metadata={"description": "담당자 선정 또는 선착순 · an officer selects, or first come"},
    )
    deadline = instant(example="2026-11-30T18:00:00+09:00")


class Published(OpeningState):
    cost = fields.Integer(metadata={"description": "원 · won"})


class Opening(OpeningState):
    programme_id = fields.String()
    district = fields.String()
    title = fields.String()
    place = fields.Nested(Place)
    shifts = fields.List(fields.Nested(Shift))
    places = fields.Integer()
    filled = fields.Integer()
    free = fields.Integer()
    hourly_won = fields.Integer()
    mode = fields.String()
    deadline = fields.String()


class Openings(Told):
    openings = fields.List(fields.Nested(Opening))
    cursor = next_page()


class WhichOpenings(Body):
    programme_id = id_field(required=False)
    state = text(20, required=False, example="open")
    limit = counted(1, 100)
    cursor = text(500, required=False)


class NearWhere(Body):
    lat = latitude()
    lon = longitude()
    radius = counted(1, 20_000, description="미터, 기본 700 (걸어서 10분) · metres", example=700)
    limit = counted(1, 100)
    cursor = text(500, required=False)
    source = fields.String(
        validate=validate.OneOf(["typed_address", "map", "device"]),
        metadata={"description": "device 는 로그인과 위치 동의가 필요합니다 · device needs sign-in and consent"},
    )


class NearOpening(Told):
    opening_id = fields.String()
    title = fields.String()
    place = fields.Nested(Place)
    distance_m = fields.Float()
    walk_minutes = fields.Integer()
    places = fields.Integer()
    free = fields.Integer()
    hourly_won = fields.Integer()
    deadline = fields.String()
    shifts = fields.List(fields.Nested(Shift))


class Near(Told):
    openings = fields.List(fields.Nested(NearOpening))
    cursor = next_page()


class Select(Body):
    resident_id = id_field()


class Selected(Told):
    opening_id = fields.String()
    resident_id = fields.String()
    filled = fields.Boolean()
    free = fields.Integer()


@openings.asks("POST", "/v1/openings", "모집 공고 올리기", body=PublishOpening, told=Published, status=201)
def publish(body: dict[str, Any]) -> Any:
    """Publish an opening (officer); holds its whole cost on the programme's budget."""
    opening_id = made("opn", body.pop("opening_id", None))
    told = act(SERVICE, "publish", opening_id=opening_id, **body)
    return told, 201, {"Location": f"/v1/openings/{opening_id}"}


@openings.asks("GET", "/v1/openings/<opening_id>", "모집 공고 보기", told=Opening, anyone=True)
def get_opening(opening_id: str) -> Any:
    """Show an opening. Open to anyone."""
    return ask(SERVICE, "get", opening_id=opening_id)


@openings.asks(
    "GET", "/v1/tenants/<tenant>/openings", "모집 공고 목록", query=WhichOpenings, told=Openings, anyone=True
)
def list_openings(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's openings, latest first. Open to anyone."""
    return ask(SERVICE, "list", tenant=tenant, **query)


@openings.asks(
    "GET", "/v1/tenants/<tenant>/openings/nearby", "걸어서 10분 안의 일자리", query=NearWhere, told=Near, anyone=True
)
def nearby(query: dict[str, Any], tenant: str) -> Any:
    """Find open openings around a point, nearest first. Open to anyone; the point is neither kept nor logged."""
    return ask(SERVICE, "nearby", tenant=tenant, **query)


@openings.asks("GET", "/v1/openings/<opening_id>/applications", "지원자 목록", query=WhichPage, told=Applications)
def applications(query: dict[str, Any], opening_id: str) -> Any:
    """List who applied, first come first (officer)."""
    return ask(SERVICE, "applications", opening_id=opening_id, **query)


@openings.asks("POST", "/v1/openings/<opening_id>/placements", "지원자 선정", body=Select, told=Selected, status=201)
def select(body: dict[str, Any], opening_id: str) -> Any:
    """Give an applicant a place (officer). One place is never given twice."""
    return act(SERVICE, "select", opening_id=opening_id, **body)


@openings.asks(
    "POST",
    "/v1/openings/<opening_id>/placements/<resident_id>/release",
    "자리 비우기",
    body=Nothing,
    body_needed=False,
    told=OpeningState,
)
def release_place(body: dict[str, Any], opening_id: str, resident_id: str) -> Any:
    """Take a place back (officer); the opening takes applications again."""
    return act(SERVICE, "release_place", opening_id=opening_id, resident_id=resident_id, **body)


@openings.asks(
    "POST", "/v1/openings/<opening_id>/close", "모집 마감", body=Nothing, body_needed=False, told=OpeningState
)
def close(body: dict[str, Any], opening_id: str) -> Any:
    """Close an opening before its deadline (officer)."""
    return act(SERVICE, "close", opening_id=opening_id, **body)


@openings.asks("POST", "/v1/openings/<opening_id>/cancel", "모집 취소", body=Reason, told=OpeningState)
def cancel(body: dict[str, Any], opening_id: str) -> Any:
    """Cancel an opening (officer); its places leave the figures."""
    return act(SERVICE, "cancel", opening_id=opening_id, **body)
