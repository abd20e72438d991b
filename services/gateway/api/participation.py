"""Participation (참여 이력): how a resident stands towards the limits, and what other systems tell or ask (일모아)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, day, text
from services.gateway.api.rooms import Paged, Refusal
from services.gateway.api.work import all_worded
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_participation"
participation = Subject("participation", __name__, description="참여 이력 · participation")


class CheckDays(Body):
    first_day = day(required=True, example="2026-12-01")
    last_day = day(required=True, example="2026-12-31")
    direct_job = fields.Boolean(metadata={"description": "비우면 직접일자리 · a direct job when absent"})
    regions = fields.List(
        fields.String(validate=validate.Regexp(r"^(KR|\d{2}|\d{5})$", error="KR, or a code of 2 or 5 digits.")),
        validate=validate.Length(max=5),
        metadata={"description": "규칙이 적용되는 지역, 가까운 곳부터 · whose rules count, nearest first"},
    )


class OutsideJob(Body):
    programme = text(120, example="시니어클럽 공익활동")
    first_day = day(required=True)
    last_day = day(required=True)
    source = text(200, example="일모아 조회 2026-11-22")


class LookBack(Told):
    kind = fields.String()
    months = fields.Integer()
    of = fields.Integer()
    days = fields.Integer()
    days_allowed = fields.Integer()


class WeekMinutes(Told):
    week = fields.String()
    minutes = fields.Integer()
    limit = fields.Integer(allow_none=True)


class MonthMinutes(Told):
    month = fields.String()
    minutes = fields.Integer()
    limit = fields.Integer(allow_none=True)


class Stretch(Told):
    key = fields.String()
    first_day = fields.String()
    last_day = fields.String()
    direct_job = fields.Boolean()
    state = fields.String()
    outside = fields.Boolean()
    opening_id = fields.String()
    programme_id = fields.String()
    programme_code = fields.String()
    workplace = fields.String()
    engagement = fields.String()
    source = fields.String(allow_none=True)
    noted_by = fields.String(allow_none=True)


class Standing(Paged):
    resident_id = fields.String()
    day = fields.String()
    direct_jobs = fields.List(fields.Nested(LookBack))
    shut_out_until = fields.String(allow_none=True)
    ranked_lower = fields.Boolean()
    weeks = fields.List(fields.Nested(WeekMinutes))
    months = fields.List(fields.Nested(MonthMinutes))
    spans = fields.List(fields.Nested(Stretch))


class SharedDays(Told):
    key = fields.String()
    programme_code = fields.String()
    first_day = fields.String()
    last_day = fields.String()
    count = fields.Integer()


class MayTakePart(Told):
    resident_id = fields.String()
    first_day = fields.String()
    last_day = fields.String()
    direct_job = fields.Boolean()
    allowed = fields.Boolean()
    objections = fields.List(fields.Nested(Refusal))
    overlaps = fields.List(fields.Nested(SharedDays))
    shut_out_until = fields.String(allow_none=True)
    ranked_lower = fields.Boolean()


class Pair(Told):
    key = fields.String()
    other = fields.String()
    count = fields.Integer()
    first_day = fields.String()
    last_day = fields.String()


class Overlaps(Told):
    resident_id = fields.String()
    overlaps = fields.List(fields.Nested(Pair))
    pairs = fields.Integer()


class Noted(Told):
    resident_id = fields.String()
    key = fields.String()


@participation.asks(
    "GET", "/v1/residents/<resident_id>/participation", "참여 이력 보기", query=WhichPage, told=Standing
)
def standing(query: dict[str, Any], resident_id: str) -> Any:
    """Show what counts for a resident today, and their places (oneself, officer, operator)."""
    return ask(SERVICE, "standing", resident_id=resident_id, **query)


@participation.asks(
    "GET", "/v1/residents/<resident_id>/participation/check", "참여할 수 있는지 확인", query=CheckDays, told=MayTakePart
)
def check(query: dict[str, Any], resident_id: str) -> Any:
    """Tell whether a resident may take part on some days, and what lies in the way (officer, operator, service)."""
    return all_worded(ask(SERVICE, "check", resident_id=resident_id, **query), "objections")


@participation.asks(
    "GET", "/v1/residents/<resident_id>/participation/overlapping", "겹치는 참여 보기", told=Overlaps
)
def overlapping(resident_id: str) -> Any:
    """List the days that a resident's direct jobs share against the rules (officer)."""
    return ask(SERVICE, "overlapping", resident_id=resident_id)


@participation.asks(
    "POST",
    "/v1/residents/<resident_id>/participation/outside",
    "다른 시스템의 참여 적기",
    body=OutsideJob,
    told=Noted,
    status=201,
)
def note_outside(body: dict[str, Any], resident_id: str) -> Any:
    """Note a direct job that another system told of, and where it was read (officer)."""
    return act(SERVICE, "note_outside", resident_id=resident_id, **body)


@participation.asks(
    "POST",
    "/v1/residents/<resident_id>/participation/outside/<key>/retract",
    "잘못 적은 참여 지우기",
    body=Nothing,
    body_needed=False,
    told=Noted,
)
def retract_outside(body: dict[str, Any], resident_id: str, key: str) -> Any:
    """Take back what was noted of another system by mistake (officer)."""
    return act(SERVICE, "retract_outside", resident_id=resident_id, key=key, **body)
