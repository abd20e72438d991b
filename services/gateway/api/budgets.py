"""Budgets (예산): what funders gave, what is held, granted, committed, paid and returned, in won."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, day, id_field, text, whole
from services.gateway.api.programmes import known
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told
from shared.events.contract import LARGEST
from shared.events.placement.plans import FUNDERS

PROGRAMMES, SERVICE = "placement_programmes", "placement_budgets"
#: What rows of the ledger can be told by.
BY = ("programme", "district", "dong", "municipality")
budgets = Subject("budgets", __name__, description="예산 · budgets")


class SetBudget(Body):
    total = known(description="원. null = 자료 없음 · won; null: no ceiling known")


class Budget(Told):
    programme_id = fields.String()
    total = fields.Integer(allow_none=True)
    held = fields.Integer()
    granted = fields.Integer()
    committed = fields.Integer()
    paid = fields.Integer()
    returned = fields.Integer()
    recovered = fields.Integer()
    balance = fields.Integer(allow_none=True)
    overdrawn = fields.Integer()


class Appropriate(Body):
    funder = choice(*FUNDERS, required=True, description="국비, 시비, 구비, 기타")
    won = whole(-LARGEST, LARGEST, description="음수는 감액 · negative: taken back", example=30_000_000)
    day = day(required=True)


class Appropriated(Told):
    programme_id = fields.String()
    funder = fields.String()
    won = fields.Integer()
    total = fields.Integer(allow_none=True)


class WhichLedger(Body):
    by = choice(*BY, description="무엇으로 나눌지, 기본 programme")
    programme_id = id_field(required=False)
    umbrella = id_field(required=False, description="이 사업과 그 아래 모두 · it and all below it")
    district = text(20, required=False, example="29200")
    limit = counted(1, 200)
    cursor = text(500, required=False)


class Sums(Told):
    programmes = fields.Integer(metadata={"description": "몇 사업의 합인지 · of how many programmes"})
    appropriated = fields.Integer(allow_none=True, metadata={"description": "null = 자료 없음"})
    held = fields.Integer(allow_none=True)
    granted = fields.Integer()
    committed = fields.Integer()
    paid = fields.Integer()
    returned = fields.Integer()
    recovered = fields.Integer()
    balance = fields.Integer(allow_none=True)


#: ``unknown`` is a name that marshmallow keeps for itself.
_APART: dict[str, fields.Field[Any]] = {
    "known": fields.Nested(Sums, metadata={"description": "예산을 아는 사업만 · of programmes whose budget is known"}),
    "unknown": fields.Nested(Sums),
}
Totals = Told.from_dict(_APART, name="Totals")


class ProgrammeRow(Sums):
    programme_id = fields.String()
    name_ko = fields.String()
    district = fields.String(allow_none=True)
    dong = fields.String()
    municipality = fields.String(allow_none=True)
    funders = fields.Dict(keys=fields.String(), values=fields.Integer())
    overdrawn = fields.Integer()


LedgerRow = ProgrammeRow.from_dict(_APART, name="LedgerRow")


class Ledger(Paged):
    by = fields.String(validate=validate.OneOf(BY))
    rows = fields.List(fields.Nested(LedgerRow))
    totals = fields.Nested(Totals)


class Unbalanced(Told):
    programme_id = fields.String()
    fault = fields.String()
    won = fields.Integer()


class Checked(Told):
    tenant = fields.String()
    checked = fields.Integer()
    balanced = fields.Boolean()
    faults = fields.List(fields.Nested(Unbalanced))
    more = fields.Boolean()


class PublicMoney(Told):
    programme_id = fields.String()
    appropriated = fields.Integer(allow_none=True)
    funders = fields.Dict(keys=fields.String(), values=fields.Integer())
    paid = fields.Integer()
    returned = fields.Integer()
    recovered = fields.Integer()


@budgets.asks("GET", "/v1/programmes/<programme_id>/budget", "예산 보기", told=Budget)
def budget(programme_id: str) -> Any:
    """Show a programme's budget in won (officer). A total of null means 자료 없음, not zero."""
    return ask(PROGRAMMES, "budget", programme_id=programme_id)


@budgets.asks("PUT", "/v1/programmes/<programme_id>/budget", "예산 정하기", body=SetBudget, told=Budget)
def set_budget(body: dict[str, Any], programme_id: str) -> Any:
    """Set a programme's ceiling (officer)."""
    return act(PROGRAMMES, "set_budget", programme_id=programme_id, **body)


@budgets.asks(
    "POST",
    "/v1/programmes/<programme_id>/appropriations",
    "예산 편성",
    body=Appropriate,
    told=Appropriated,
    status=201,
)
def appropriate(body: dict[str, Any], programme_id: str) -> Any:
    """Let a funder give won on a day, or take them back (officer)."""
    return act(SERVICE, "appropriate", programme_id=programme_id, **body), 201


@budgets.asks("GET", "/v1/programmes/<programme_id>/money", "공개된 예산", told=PublicMoney, anyone=True)
def published(programme_id: str) -> Any:
    """Show who gave how much and what was paid. Open to anyone."""
    return ask(SERVICE, "published", programme_id=programme_id)


@budgets.asks("GET", "/v1/tenants/<tenant>/ledger", "예산 원장", query=WhichLedger, told=Ledger)
def ledger(query: dict[str, Any], tenant: str) -> Any:
    """Show the ledger by programme, district, 동 or 시·도 (officer); one limited to districts sees those only."""
    return ask(SERVICE, "ledger", tenant=tenant, **query)


@budgets.asks("GET", "/v1/tenants/<tenant>/ledger/check", "예산 원장 맞춰 보기", told=Checked)
def check(tenant: str) -> Any:
    """Tell whether every budget is the sum of its parts, and which is not (officer)."""
    return ask(SERVICE, "check", tenant=tenant)
