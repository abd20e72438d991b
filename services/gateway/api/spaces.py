"""Spaces (공간): what can be booked, when it is idle, and where on the map."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from services.gateway.api.common import (
    Nothing,
    WhichPage,
    counted,
    day,
    id_field,
    instant,
    latitude,
    longitude,
    text,
    whole,
)
from services.gateway.api.rooms import (
    APPROVERS,
    MODES,
    Freshness,
    Limits,
    Paged,
    Span,
    choice,
    codes,
    week,
)
from services.gateway.api.work import GEOJSON, in_type
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE, IDLE = "spaces_facilities", "spaces_idle"
spaces = Subject("spaces", __name__, description="공간 · spaces")


class SpaceChange(Body):
    name = text(120, required=False)
    kind = text(60, required=False)
    capacity = whole(0, 100_000, required=False)
    equipment = codes(example=["빔프로젝터"])
    accessibility = codes(example=["휠체어"])
    before_minutes = whole(0, 240, required=False, description="준비 시간 · to set up")
    after_minutes = whole(0, 240, required=False, description="정리 시간 · to clean")
    mode = choice(*MODES, description="즉시 확정 또는 승인 · at once, or after an answer")
    approver = choice(*APPROVERS, description="시설 달력 또는 시설 담당자 · who answers")
    plan_needed = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "구독이 있어야 예약"})
    limits = fields.Nested(Limits)
    hours_apply = choice("whole", "ends", description="ends: 빌리고 돌려줄 때만 열려 있으면 됨 · a kit may be out overnight")


class OpenSpace(SpaceChange):
    space_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    name = text(120, example="모임방")
    kind = text(60, example="회의실")
    parent_id = id_field(required=False, description="이 공간의 일부 · a part of")
    leaves = fields.List(id_field(), metadata={"description": "가운데 층이 차지하는 조각 · parts of a middle level"})
    weekly = week(allow_none=True)


class SpaceState(Told):
    space_id = fields.String()
    root_id = fields.String()
    parts = fields.List(fields.String())
    state = fields.String()


class Space(SpaceState):
    tenant = fields.String()
    facility_id = fields.String()
    facility = fields.String()
    district = fields.String()
    programme_id = fields.String()
    parent_id = fields.String(allow_none=True)
    name = fields.String()
    kind = fields.String()
    capacity = fields.Integer()
    equipment = fields.List(fields.String())
    accessibility = fields.List(fields.String())
    lat = fields.Float()
    lon = fields.Float()
    before_minutes = fields.Integer()
    after_minutes = fields.Integer()
    mode = fields.String()
    approver = fields.String()
    plan_needed = fields.Boolean()
    limits = fields.Nested(Limits)
    hours_apply = fields.String()
    weekly = week()
    has_calendar = fields.Boolean()
    version = fields.Integer()


class Spaces(Paged):
    spaces = fields.List(fields.Nested(Space))


class WhichSpaces(WhichPage):
    limit = counted(1, 100)
    facility_id = id_field(required=False)
    kind = text(60, required=False)


class OnMap(WhichSpaces):
    limit = counted(1, 500)


class WhichDays(Body):
    first = day(required=True)
    last = day(required=True)


class OpeningHours(Told):
    space_id = fields.String()
    open = fields.List(fields.Nested(Span))
    holidays = fields.Dict(keys=fields.String(), values=fields.String())
    hours_version = fields.Integer()


def several(**metadata: Any) -> fields.List[Any]:
    """Return a field that may be given several times in a query string."""
    return fields.List(text(60), validate=validate.Length(max=20), metadata=metadata)


class IdleNear(Body):
    lat = latitude()
    lon = longitude()
    radius = counted(1, 5_000, description="미터, 기본 700 (걸어서 10분) · metres", example=700)
    source = choice(
        "typed_address",
        "map",
        "device",
        description="device 는 로그인과 위치 동의가 필요합니다 · device needs sign-in and consent",
    )
    start = instant(required=False, description="비우면 지금 · now when absent")
    until = instant(required=False, description="비우면 그날 자정 · the end of that day when absent")
    minutes = counted(1, 14_400, description="필요한 시간 · how long")
    capacity = counted(0, 100_000)
    equipment = several(description="꼭 있어야 할 것 · must be there")
    accessibility = several(description="꼭 있어야 할 것 · must be there")
    kind = text(60, required=False)
    mode = choice(*MODES)
    plan_needed = fields.Boolean()
    wished_equipment = several(description="있으면 좋은 것 · counts in the order")
    wished_accessibility = several(description="있으면 좋은 것 · counts in the order")
    limit = counted(1, 100)
    cursor = text(500, required=False)


class IdleWindow(Span):
    minutes = fields.Integer()
    longest_minutes = fields.Integer()


class IdleSpace(IdleWindow, Freshness):
    space_id = fields.String()
    facility_id = fields.String()
    facility_name = fields.String()
    name = fields.String()
    kind = fields.String()
    capacity = fields.Integer()
    equipment = fields.List(fields.String())
    accessibility = fields.List(fields.String())
    mode = fields.String()
    plan_needed = fields.Boolean()
    lat = fields.Float()
    lon = fields.Float()
    distance_m = fields.Integer()
    walk_minutes = fields.Integer()
    more = fields.List(fields.Nested(IdleWindow))
    tentative = fields.Boolean(metadata={"description": "시설 달력이 오래됨 · its calendar was not read in time"})
    score = fields.Integer()
    parts = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "왜 이 순서인지"})


class Idle(Paged):
    spaces = fields.List(fields.Nested(IdleSpace))
    start = fields.String()
    until = fields.String()
    within = fields.Integer()
    looked_at = fields.Integer()


class TimetableDay(Told):
    day = fields.String()
    open = fields.List(fields.Nested(Span))
    taken = fields.List(fields.Nested(Span), metadata={"description": "누구인지는 알리지 않습니다 · never by whom"})
    free = fields.List(fields.Nested(Span))


class Timetable(Freshness):
    space_id = fields.String()
    days = fields.List(fields.Nested(TimetableDay))


@spaces.asks(
    "POST", "/v1/facilities/<facility_id>/spaces", "공간 열기", body=OpenSpace, told=SpaceState, status=201
)
def open_space(body: dict[str, Any], facility_id: str) -> Any:
    """Open a space of a facility (officer): a whole one, or a part of another."""
    space_id = made("spc", body.pop("space_id", None))
    told = act(SERVICE, "open_space", facility_id=facility_id, space_id=space_id, **body)
    return told, 201, {"Location": f"/v1/spaces/{space_id}"}


@spaces.asks("GET", "/v1/spaces/<space_id>", "공간 보기", told=Space, anyone=True)
def get_space(space_id: str) -> Any:
    """Show a space with the hours that count for it. Open to anyone."""
    return ask(SERVICE, "get_space", space_id=space_id)


@spaces.asks("PATCH", "/v1/spaces/<space_id>", "공간 정보 고치기", body=SpaceChange, told=SpaceState)
def change_space(body: dict[str, Any], space_id: str) -> Any:
    """Describe a space anew (officer); what is not given stays, and bookings keep what they have."""
    return act(SERVICE, "change_space", space_id=space_id, **body)


@spaces.asks("POST", "/v1/spaces/<space_id>/close", "공간 닫기", body=Nothing, body_needed=False, told=SpaceState)
def close_space(body: dict[str, Any], space_id: str) -> Any:
    """Close a space for good (officer); what is booked there is taken back without a charge."""
    return act(SERVICE, "close_space", space_id=space_id, **body)


@spaces.asks("GET", "/v1/tenants/<tenant>/spaces", "공간 목록", query=WhichSpaces, told=Spaces, anyone=True)
def list_spaces(query: dict[str, Any], tenant: str) -> Any:
    """List the spaces of a tenant or a facility, latest first. Open to anyone."""
    return ask(SERVICE, "list_spaces", tenant=tenant, **query)


@spaces.asks(
    "GET",
    "/v1/tenants/<tenant>/spaces.geojson",
    "공간 지도 (GeoJSON)",
    query=OnMap,
    anyone=True,
    described=in_type(GEOJSON),
)
def geojson(query: dict[str, Any], tenant: str) -> Response:
    """Show open spaces for a map: a FeatureCollection (RFC 7946) with the ``cursor`` of the next page. Open to anyone."""
    return Response(orjson.dumps(ask(SERVICE, "geojson", tenant=tenant, **query)), content_type=GEOJSON)


@spaces.asks(
    "GET", "/v1/spaces/<space_id>/hours", "운영 시간 보기", query=WhichDays, told=OpeningHours, anyone=True
)
def hours(query: dict[str, Any], space_id: str) -> Any:
    """Show when a space is open on some days, public holidays named. Open to anyone."""
    return ask(SERVICE, "hours", space_id=space_id, **query)


@spaces.asks(
    "GET", "/v1/tenants/<tenant>/spaces/idle", "걸어서 10분 안의 빈 공간", query=IdleNear, told=Idle, anyone=True
)
def idle(query: dict[str, Any], tenant: str) -> Any:
    """Find idle spaces around a point, the best first. Open to anyone; the point is neither kept nor logged."""
    return ask(IDLE, "near", tenant=tenant, **query)


@spaces.asks("GET", "/v1/spaces/<space_id>/days/<day>", "하루 시간표", told=Timetable, anyone=True)
def timetable_day(space_id: str, day: str) -> Any:
    """Show a day of a space: open, taken (never by whom) and free. Open to anyone."""
    return ask(IDLE, "day", space_id=space_id, day=day)


@spaces.asks("GET", "/v1/spaces/<space_id>/weeks/<day>", "한 주 시간표", told=Timetable, anyone=True)
def timetable_week(space_id: str, day: str) -> Any:
    """Show seven days of a space from a day on. Open to anyone."""
    return ask(IDLE, "week", space_id=space_id, day=day)
