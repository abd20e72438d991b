"""Allowance (수당): months of pay with the lines that explain them, what is above the cap, and what is taken back."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import WhichPage, counted, day, id_field, whole
from services.gateway.api.rooms import Paged
from services.gateway.api.work import Why, month
from services.gateway.asking import LONG, act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_allowance"
allowance = Subject("allowance", __name__, description="수당 · allowance")


class MyMonths(WhichPage):
    month = month()


class OfMonth(WhichPage):
    month = month(required=True)


class CheckPage(WhichPage):
    limit = counted(1, 20)


class Recover(Why):
    attendance_ids = fields.List(
        id_field(), validate=validate.Length(max=100), metadata={"description": "어느 근무 · which shifts"}
    )
    days = fields.List(
        day(), validate=validate.Length(max=100), metadata={"description": "또는 어느 날 모두 · or all of which days"}
    )


class PaidBack(Body):
    won = whole(1, 1_000_000_000, example=20_640)
    day = day(required=True, example="2026-12-20")


class Cap(Told):
    won = fields.Integer()
    source = fields.String()


class PayMonth(Told):
    pay_month_id = fields.String()
    programme_id = fields.String()
    district = fields.String()
    resident_id = fields.String()
    month = fields.String()
    minutes = fields.Integer()
    earned = fields.Integer(metadata={"description": "번 금액 · earned"})
    payable = fields.Integer(metadata={"description": "지급되는 금액, 상한까지 · up to the cap"})
    held_back = fields.Integer(metadata={"description": "상한을 넘은 금액 · above the cap"})
    cap = fields.Nested(Cap, allow_none=True)
    on_its_way = fields.Integer()
    paid = fields.Integer()
    paid_back = fields.Integer()
    in_dispute = fields.Integer(
        metadata={"description": "이의의 답을 기다리는 금액 · waits until a dispute is answered"}
    )
    due_now = fields.Integer()
    to_recover = fields.Integer(metadata={"description": "돌려받을 금액 · paid too much"})


class PayLine(Told):
    line_id = fields.String()
    attendance_id = fields.String()
    day = fields.String()
    minutes = fields.Integer()
    hourly_won = fields.Integer()
    won = fields.Integer()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    dong = fields.String(allow_none=True)
    waits_for = fields.String(
        allow_none=True,
        metadata={
            "description": "dispute: 이의의 답이 나거나 답할 기한이 지날 때까지 지급을 미룸 · "
            "not paid before it is answered, or should have been"
        },
    )


class Payment(Told):
    batch_id = fields.String()
    won = fields.Integer()
    state = fields.String()
    method = fields.String()
    day = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    paid_on = fields.String(allow_none=True, metadata={"description": "지급되었다가 돌아온 것이면 · sent back later"})


class GivenBack(Told):
    won = fields.Integer()
    day = fields.String()


class WholePayMonth(PayMonth):
    lines = fields.List(fields.Nested(PayLine))
    payments = fields.List(fields.Nested(Payment))
    paid_back_on = fields.List(fields.Nested(GivenBack))


class MyPay(Paged):
    resident_id = fields.String()
    months = fields.List(
        fields.Nested(WholePayMonth), metadata={"description": "lines 는 달을 고르면 · lines when a month is named"}
    )


class PayMonths(Paged):
    months = fields.List(fields.Nested(PayMonth))


class Recovered(Told):
    pay_month_id = fields.String()
    won = fields.Integer()
    due_now = fields.Integer()
    to_recover = fields.Integer()


class Balanced(Paged):
    programme_id = fields.String()
    balanced = fields.Boolean()
    differences = fields.List(fields.Dict(keys=fields.String()))
    settling = fields.List(fields.String())
    batches = fields.Integer()
    paid = fields.Integer()
    returned = fields.Integer()


@allowance.asks("GET", "/v1/residents/<resident_id>/pay", "내 수당", query=MyMonths, told=MyPay)
def my_pay(query: dict[str, Any], resident_id: str) -> Any:
    """List a resident's months of pay, latest first; with their lines when a month is named (oneself, officer)."""
    return ask(SERVICE, "my_pay", resident_id=resident_id, **query)


@allowance.asks("GET", "/v1/pay-months/<pay_month_id>", "한 달의 수당 보기", told=WholePayMonth)
def one_month(pay_month_id: str) -> Any:
    """Show a month of pay with all its lines (its resident, officer)."""
    return ask(SERVICE, "month", pay_month_id=pay_month_id)


@allowance.asks("GET", "/v1/programmes/<programme_id>/pay-months", "사업의 수당 목록", query=OfMonth, told=PayMonths)
def months(query: dict[str, Any], programme_id: str) -> Any:
    """List a programme's months of pay for a KST month (officer)."""
    return ask(SERVICE, "months", programme_id=programme_id, **query)


@allowance.asks(
    "GET",
    "/v1/programmes/<programme_id>/pay-months/flagged",
    "상한을 넘은 수당 목록",
    query=WhichPage,
    told=PayMonths,
)
def flagged(query: dict[str, Any], programme_id: str) -> Any:
    """List a programme's months that earned more than the cap: shown, never dropped (officer)."""
    return ask(SERVICE, "flagged", programme_id=programme_id, **query)


@allowance.asks("GET", "/v1/programmes/<programme_id>/pay-check", "수당과 예산 맞추어 보기", query=CheckPage, told=Balanced)
def check(query: dict[str, Any], programme_id: str) -> Any:
    """Compare batches, months of pay and the budget, latest batches first (officer, operator)."""
    return ask(SERVICE, "check", patience=LONG, programme_id=programme_id, **query)


@allowance.asks("POST", "/v1/pay-months/<pay_month_id>/recover", "수당 환수", body=Recover, told=Recovered)
def recover(body: dict[str, Any], pay_month_id: str) -> Any:
    """Take the pay of shifts, or of whole days, out again (officer); what was paid is then to be recovered."""
    return act(SERVICE, "recover", pay_month_id=pay_month_id, **body)


@allowance.asks(
    "POST", "/v1/pay-months/<pay_month_id>/recover/lift", "수당 환수 되돌리기", body=Recover, told=Recovered
)
def lift_recovery(body: dict[str, Any], pay_month_id: str) -> Any:
    """Reverse a recovery: the pay is earned after all (officer)."""
    return act(SERVICE, "lift_recovery", pay_month_id=pay_month_id, **body)


@allowance.asks("POST", "/v1/pay-months/<pay_month_id>/paid-back", "돌려받은 금액 적기", body=PaidBack, told=Recovered)
def note_paid_back(body: dict[str, Any], pay_month_id: str) -> Any:
    """Note what a resident gave back of what was paid too much (officer)."""
    return act(SERVICE, "note_paid_back", pay_month_id=pay_month_id, **body)
