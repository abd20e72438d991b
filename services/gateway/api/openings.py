"""Openings (모집 공고): publish, find within ten minutes' walk, select, close; and as others read them."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from services.gateway.api.common import (
    Application,
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
from services.gateway.api.rooms import Refusal
from services.gateway.api.work import GEOJSON, LINKED_DATA, all_worded, in_type, rows_worded
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told
from shared.events.contract import PRINTABLE
from shared.events.placement.openings import MODES

SERVICE = "placement_openings"
#: Whether one must be known to belong to whom an opening is for.
MEMBERSHIPS = ("anyone", "preferred", "required")
openings = Subject("openings", __name__, description="모집 공고 · openings")


class Place(Body):
    name = text(120, example="은하수 작은도서관")
    address = text(300, example="광주광역시 광산구 첨단중앙로 1")
    lat = latitude()
    lon = longitude()


class Shift(Body):
    start = instant(example="2026-12-01T10:00:00+09:00")
    end = instant(example="2026-12-01T12:00:00+09:00")


class Score(Body):
    rule = fields.String(
        required=True,
        validate=validate.OneOf(["least_served", "reliability"]),
        metadata={"description": "적게 참여한 분 먼저, 끝까지 한 분 먼저 · who worked less, who sees work through"},
    )
    weight = whole(1, 100, description="배점 · points")


class PublishOpening(Body):
    opening_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    programme_id = id_field(example="gwangsan:gs-citizen-allowance")
    title = text(120, example="작은도서관 도서 정리")
    place = fields.Nested(Place, required=True)
    shifts = fields.List(fields.Nested(Shift), required=True, validate=validate.Length(1, 100))
    places = whole(1, 300, example=3)
    hourly_won = whole(0, 1_000_000, example=10_320)
    mode = fields.String(
        load_default="officer",
        validate=validate.OneOf(MODES),
        metadata={
            "description": "담당자 선정, 선착순, 순위, 추첨 · an officer selects, first come, ranked by scores, drawn"
        },
    )
    deadline = instant(
        description="지원 마감. 담당자 선정(mode officer)도 이때까지만 할 수 있고, 올린 뒤에는 바꿀 수 없습니다 · "
        "until when one can apply; an officer's selection (mode officer) ends then, too, and it can't be changed later",
        example="2026-11-30T18:00:00+09:00",
    )
    dong = fields.String(allow_none=True, validate=validate.Length(1, 40), metadata={"example": "첨단2동"})
    waitlist = fields.Boolean(
        allow_none=True,
        truthy={True},
        falsy={False},
        metadata={"description": "예비; 비우면 순위와 추첨에만 · a waiting list; ranked and drawn have one when absent"},
    )
    offer_minutes = whole(
        10, 10_080, required=False, description="제안을 확인할 시간(분) · minutes in which an offer is confirmed"
    )
    scores = fields.List(
        fields.Nested(Score), validate=validate.Length(max=20), metadata={"description": "순위 공고의 배점 · ranked only"}
    )
    target_group = fields.String(
        allow_none=True,
        validate=validate.Length(1, 60),
        metadata={"description": "사업에 법적 근거가 있는 대상만 · only with a legal basis in the programme"},
    )
    membership = fields.String(
        validate=validate.OneOf(MEMBERSHIPS),
        metadata={
            "description": "대상 집단: 묻지 않음(기본), 속하지 않으면 알림, 반드시 속해야 함. 운영 기준이 더 엄격하면 그것을 따름 · "
            "nobody asks (usual), who does not belong is told, or refused; the operator's limits may be stricter"
        },
    )
    hosts = fields.List(
        id_field(),
        validate=validate.Length(max=20),
        metadata={"description": "출근을 확인하는 시설 담당자 · hosts who confirm attendance"},
    )


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
    won_a_place = fields.Integer(metadata={"description": "한 자리의 수당 합계 · what a place pays in all"})
    mode = fields.String()
    deadline = fields.String()
    dong = fields.String(allow_none=True)
    waitlist = fields.Boolean()
    offer_minutes = fields.Integer()
    scores = fields.List(fields.Nested(Score))
    target_group = fields.String(allow_none=True)
    membership = fields.String(metadata={"description": "anyone · preferred · required"})
    groups = fields.List(
        fields.String(),
        metadata={
            "description": "membership 이 살피는 대상 집단: 공고의 target_group, 없으면 사업의 대상 집단. 이 가운데 하나면 됩니다 · "
            "whom membership is about: the opening's target_group or else the programme's groups; one of them is enough"
        },
    )
    direct_job = fields.Boolean(metadata={"description": "직접일자리: 다른 직접일자리와 겹칠 수 없음"})
    engagement = fields.String()
    seed_hash = fields.String(allow_none=True, metadata={"description": "추첨 시드의 약속 · commits to the draw's seed"})
    published_at = fields.String()
    ended_at = fields.String(allow_none=True, metadata={"description": "마감되거나 취소된 때 · when it was closed or called off"})
    round = fields.Integer()


class Openings(Told):
    openings = fields.List(fields.Nested(Opening))
    cursor = next_page()


class HostedOpening(Opening):
    hosts = fields.List(fields.String())


class Hosted(Told):
    openings = fields.List(fields.Nested(HostedOpening))
    cursor = next_page()


class OnMap(Body):
    programme_id = id_field(required=False)
    limit = counted(1, 100)
    cursor = text(500, required=False)


class HostedPage(Body):
    limit = counted(1, 100)
    cursor = text(500, required=False)


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
    reason = fields.String(
        allow_none=True,
        validate=[validate.Length(1, 200), PRINTABLE],
        metadata={
            "description": "선정한 까닭, 특히 등록하지 않은 분일 때; 배치와 함께 남고 나중에 더할 수 없습니다 · "
            "why, above all for somebody unregistered; kept with the place, and not to be added later",
            "example": "창구에서 만났고 이번 주에 등록할 예정",
        },
    )


class Selected(Told):
    opening_id = fields.String()
    resident_id = fields.String()
    filled = fields.Boolean()
    free = fields.Integer()
    warnings = fields.List(
        fields.Nested(Refusal), metadata={"description": "알아 둘 것: 등록하지 않은 주민 등 · to mind, such as an unregistered resident"}
    )


class Applicant(Application):
    registered = fields.Boolean(
        allow_none=True, metadata={"description": "선정할 때 등록한 주민이었는지 · whether registered when an officer selected them"}
    )
    selected_because = fields.String(allow_none=True, metadata={"description": "담당 공무원이 남긴 까닭 · the officer's reason"})


class Applicants(Told):
    applications = fields.List(fields.Nested(Applicant))
    cursor = next_page()


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


@openings.asks("GET", "/v1/openings/<opening_id>/applications", "지원자 목록", query=WhichPage, told=Applicants)
def applications(query: dict[str, Any], opening_id: str) -> Any:
    """List who applied, first come first (officer)."""
    return rows_worded(ask(SERVICE, "applications", opening_id=opening_id, **query), "applications", "why")


@openings.asks("GET", "/v1/hosts/<host>/openings", "시설 담당자의 공고", query=HostedPage, told=Hosted)
def hosted(query: dict[str, Any], host: str) -> Any:
    """List a host's openings, latest first: the host's own; an officer may ask for any host's."""
    return ask(SERVICE, "hosted", host=host, **query)


@openings.asks(
    "GET",
    "/v1/openings/<opening_id>/job-posting",
    "공고의 JobPosting (schema.org)",
    anyone=True,
    described=in_type(LINKED_DATA),
)
def job_posting(opening_id: str) -> Response:
    """Show an opening as schema.org JobPosting, JSON-LD. Open to anyone; names no resident."""
    told = ask(SERVICE, "posting", opening_id=opening_id)
    return Response(orjson.dumps(told), content_type=LINKED_DATA)


@openings.asks(
    "GET",
    "/v1/tenants/<tenant>/openings.geojson",
    "모집 지도 (GeoJSON)",
    query=OnMap,
    anyone=True,
    described=in_type(GEOJSON),
)
def geojson(query: dict[str, Any], tenant: str) -> Response:
    """Show open openings for a map: a FeatureCollection (RFC 7946) with the ``cursor`` of the next page."""
    return Response(orjson.dumps(ask(SERVICE, "geojson", tenant=tenant, **query)), content_type=GEOJSON)


@openings.asks("POST", "/v1/openings/<opening_id>/placements", "지원자 선정", body=Select, told=Selected, status=201)
def select(body: dict[str, Any], opening_id: str) -> Any:
    """Give an applicant a place (officer). One place is never given twice."""
    return all_worded(act(SERVICE, "select", opening_id=opening_id, **body), "warnings")


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
