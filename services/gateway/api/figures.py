"""Figures (통계): by programme, district and month, with two clocks; and the archive of facts behind them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, day, id_field, instant, next_page, text
from services.gateway.asking import LONG, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "statistics_figures"
figures = Subject("figures", __name__, description="통계 · figures")


class WhichFigures(Body):
    about = fields.String(
        validate=validate.OneOf(["jobs", "rooms"]),
        metadata={"description": "일자리(기본) 또는 공간 · jobs unless told, or rooms"},
    )
    by = fields.String(
        validate=validate.OneOf(["plan"]), metadata={"description": "공간을 구독 상품별로 · rooms a plan"}
    )
    programme_id = id_field(required=False)
    district = text(20, required=False)
    month = fields.String(
        validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month such as 2026-11."),
        metadata={"description": "YYYY-MM, KST"},
    )
    through = day(description="기준일 (KST) · up to this day")
    known_at = instant(required=False, description="이 시점에 알던 값 · as known at this instant")
    limit = counted(1, 400)
    cursor = text(2000, required=False)


class Row(Told):
    programme_id = fields.String()
    district = fields.String()
    month = fields.String()
    places = fields.Integer()
    applications = fields.Integer()
    filled = fields.Integer()
    openings = fields.Integer()
    openings_filled = fields.Integer()
    competition = fields.Float(allow_none=True)
    plan_id = fields.String(allow_none=True, metadata={"description": "by=plan 일 때 · with by=plan"})
    bookings = fields.Integer(metadata={"description": "여기부터 about=rooms · from here on with about=rooms"})
    booked_minutes = fields.Integer()
    used_minutes = fields.Integer()
    no_shows = fields.Integer()
    displaced = fields.Integer()
    seats_taken = fields.Integer()
    seats_left = fields.Integer()
    open_minutes = fields.Integer()
    facility_minutes = fields.Integer()
    idle_minutes = fields.Integer()
    occupied_minutes = fields.Integer()
    occupancy = fields.Float(allow_none=True, metadata={"description": "가동률 · occupied ÷ open"})
    idle_use = fields.Float(allow_none=True, metadata={"description": "유휴 시간 활용률 · occupied ÷ idle"})


class Figures(Told):
    through = fields.String(allow_none=True)
    known_at = fields.String(allow_none=True)
    rows = fields.List(fields.Nested(Row))
    cursor = next_page()
    total = fields.Nested(Row)


class Counted(Told):
    events = fields.Integer()


class Archived(Told):
    events = fields.List(fields.Dict(keys=fields.String()))


class Rebuild(Body):
    tenant = id_field(required=False)


class Rebuilt(Told):
    buckets = fields.Integer()


@figures.asks("GET", "/v1/tenants/<tenant>/figures", "통계 보기", query=WhichFigures, told=Figures, anyone=True)
def show(query: dict[str, Any], tenant: str) -> Any:
    """Show places, applications, fills and competition, or bookings, minutes and occupancy. Open to anyone."""
    return ask(SERVICE, "figures", tenant=tenant, **query)


@figures.asks("GET", "/v1/tenants/<tenant>/archive/count", "기록된 사실 수", told=Counted)
def count(tenant: str) -> Any:
    """Count the facts of a tenant in the archive."""
    return ask(SERVICE, "count", tenant=tenant)


@figures.asks("GET", "/v1/archive/events/<event_id>", "기록된 사실 보기", told=Archived)
def event(event_id: str) -> Any:
    """Show the archived events with an id (operator)."""
    return ask(SERVICE, "event", event_id=event_id)


@figures.asks(
    "POST", "/v1/figures/rebuild", "통계 다시 만들기", body=Rebuild, body_needed=False, told=Rebuilt, acts=False
)
def rebuild(body: dict[str, Any]) -> Any:
    """Refold the archive (operator)."""
    return ask(SERVICE, "rebuild", patience=LONG, **body)
