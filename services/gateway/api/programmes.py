"""Programmes (사업): what the openings of a tenant belong to, with budget and wage floor."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import day, text
from services.gateway.asking import LONG, act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_programmes"
programmes = Subject("programmes", __name__, description="사업 · programmes")


class LoadProgrammes(Body):
    #: Rows as in the YAML of programmes; placement knows their fields.
    programmes = fields.List(fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, 500))


class Loaded(Told):
    loaded = fields.Integer()
    unchanged = fields.Integer()


class WhichProgrammes(Body):
    district = text(20, required=False, example="29200")
    on = day(description="이 날짜에 유효한 사업만 · valid on this day")


class Programme(Told):
    programme_id = fields.String(metadata={"example": "gwangsan:gs-citizen-allowance"})
    tenant = fields.String()
    name_ko = fields.String()
    district = fields.String()
    wage_floor = fields.String()


class Programmes(Told):
    programmes = fields.List(fields.Nested(Programme))


class SetBudget(Body):
    total = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        validate=validate.Range(min=0, max=10**15),
        metadata={"description": "원. null = 자료 없음 · won; null: no ceiling known"},
    )


class Budget(Told):
    total = fields.Integer(allow_none=True)
    held = fields.Integer()
    granted = fields.Integer()
    committed = fields.Integer()
    balance = fields.Integer(allow_none=True)


class SetWageFloor(Body):
    wage_floor = fields.String(required=True, validate=validate.OneOf(["minimum", "living", "none"]))


@programmes.asks("POST", "/v1/tenants/<tenant>/programmes", "사업 올리기", body=LoadProgrammes, told=Loaded, acts=False)
def load(body: dict[str, Any], tenant: str) -> Any:
    """Load programmes (operator). Rows that say the same as before change nothing."""
    return ask(SERVICE, "load", patience=LONG, tenant=tenant, **body)


@programmes.asks(
    "GET", "/v1/tenants/<tenant>/programmes", "사업 목록", query=WhichProgrammes, told=Programmes, anyone=True
)
def list_programmes(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's programmes. Open to anyone."""
    return ask(SERVICE, "list", tenant=tenant, **query)


@programmes.asks("GET", "/v1/programmes/<programme_id>", "사업 보기", told=Programme, anyone=True)
def get_programme(programme_id: str) -> Any:
    """Show a programme. Open to anyone."""
    return ask(SERVICE, "get", programme_id=programme_id)


@programmes.asks("GET", "/v1/programmes/<programme_id>/budget", "예산 보기", told=Budget)
def budget(programme_id: str) -> Any:
    """Show a programme's budget in won (officer). A total of null means 자료 없음, not zero."""
    return ask(SERVICE, "budget", programme_id=programme_id)


@programmes.asks("PUT", "/v1/programmes/<programme_id>/budget", "예산 정하기", body=SetBudget, told=Budget)
def set_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Set a programme's budget (officer)."""
    return act(SERVICE, "set_budget", programme_id=programme_id, **body)


@programmes.asks(
    "PUT", "/v1/programmes/<programme_id>/wage-floor", "임금 하한 정하기", body=SetWageFloor, told=Programme
)
def set_wage_floor(body: dict[str, Any], programme_id: str) -> Any:
    """Set which wage floor a programme's openings keep (officer)."""
    return act(SERVICE, "set_wage_floor", programme_id=programme_id, **body)
