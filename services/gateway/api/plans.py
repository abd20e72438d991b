"""Plans (구독 상품), subscriptions to them, the minutes they grant, and monthly seats (입주형)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, day, id_field, text, whole
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE, SEATS = "spaces_plans", "spaces_seats"
plans = Subject("plans", __name__, description="구독 · plans and subscriptions")


def _number(most: int, least: int = 0, **metadata: str) -> fields.Integer:
    return whole(least, most, required=False, **metadata)


class Terms(Body):
    name = text(120, example="대관형 20시간")
    kind = choice("hourly", "seat", required=True, description="대관형 또는 입주형 · by the hour, or a monthly seat")
    cycle_days = _number(366, description="0 은 달력의 한 달 · 0 is the calendar month")
    included_minutes = _number(527_040, description="한 주기의 분 · of one cycle", example="1200")
    rollover_cap = _number(527_040, description="다음 주기로 넘어가는 최대 분")
    facility_ids = fields.List(id_field(), validate=validate.Length(max=200))
    space_ids = fields.List(id_field(), validate=validate.Length(max=200))
    most_pauses = _number(12, description="한 해에 쉴 수 있는 횟수")
    pause_notice_days = _number(90)
    most_members = _number(50, description="함께 쓰는 사람 · beside the owner")
    seats = _number(500)
    least_months = _number(36)
    promote = choice("at_once", "offer", description="빈 좌석을 바로, 또는 물어보고 · to the first in line")
    offer_hours = _number(336, least=1)


class OfferPlan(Terms):
    plan_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    tenant = text(80, example="gwangsan")
    district = text(20, example="29200")
    programme_id = id_field(example="gwangsan:gs-subscription-office")


class PlanState(Told):
    plan_id = fields.String()
    state = fields.String()


class Plan(PlanState):
    tenant = fields.String()
    district = fields.String()
    programme_id = fields.String()
    name = fields.String()
    kind = fields.String()
    cycle_days = fields.Integer()
    included_minutes = fields.Integer()
    rollover_cap = fields.Integer()
    facility_ids = fields.List(fields.String())
    space_ids = fields.List(fields.String())
    most_pauses = fields.Integer()
    pause_notice_days = fields.Integer()
    most_members = fields.Integer()
    seats = fields.Integer()
    least_months = fields.Integer()
    promote = fields.String()
    offer_hours = fields.Integer()
    offered_at = fields.String()
    version = fields.Integer()


class Plans(Paged):
    plans = fields.List(fields.Nested(Plan))


class WhichPlans(WhichPage):
    limit = counted(1, 100)
    state = choice("offered", "withdrawn")


class Subscribe(Body):
    subscription_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    plan_id = id_field(example="pln-대관형")
    resident_id = id_field(required=False, description="비우면 본인 · whoever asks when absent")


class Pause(Body):
    pause_from = day(required=True)
    pause_until = day(required=True, description="이날부터 다시 · open again on that day")


class End(Body):
    at_once = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "비우면 주기와 함께 · with the cycle"})


class PauseDays(Told):
    until = fields.String()


class SeatOrLine(Told):
    seat = fields.Integer(allow_none=True)
    place_in_line = fields.Integer(allow_none=True)
    offered_until = fields.String(allow_none=True, metadata={"description": "이때까지 답해 주십시오 · answer until then"})


class SubscriptionState(SeatOrLine):
    subscription_id = fields.String()
    state = fields.String()


class Subscription(SubscriptionState):
    plan_id = fields.String()
    programme_id = fields.String()
    district = fields.String()
    kind = fields.String()
    resident_id = fields.String()
    members = fields.List(fields.String())
    started = fields.String()
    least_until = fields.String()
    until = fields.String(allow_none=True)
    pauses = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    proxy = fields.String(allow_none=True)
    requested_at = fields.String()


class Subscriptions(Paged):
    subscriptions = fields.List(fields.Nested(Subscription))


class WhichSubscriptions(WhichPage):
    limit = counted(1, 100)


class WhichCycle(WhichPage):
    day = day(description="이날이 있는 주기, 비우면 오늘 · the cycle of that day; today when absent")


class Charge(Told):
    booking_id = fields.String()
    held = fields.Integer()
    consumed = fields.Integer()


class Statement(Paged):
    ledger_id = fields.String()
    subscription_id = fields.String()
    until = fields.String()
    open = fields.Boolean()
    sealed = fields.Boolean()
    balance = fields.Integer(metadata={"description": "남은 분 · minutes left"})
    included = fields.Integer()
    rollover_cap = fields.Integer()
    granted = fields.Integer()
    carried = fields.Integer()
    returned = fields.Integer()
    held = fields.Integer()
    consumed = fields.Integer()
    expired = fields.Integer()
    carried_out = fields.Integer()
    handed_out = fields.Integer()
    charges = fields.List(fields.Nested(Charge))


class Seats(Told):
    plan_id = fields.String()
    seats = fields.Integer()
    taken = fields.Integer()
    offered = fields.Integer()
    waiting = fields.Integer()


@plans.asks("POST", "/v1/plans", "구독 상품 내기", body=OfferPlan, told=PlanState, status=201)
def offer(body: dict[str, Any]) -> Any:
    """Offer a plan (officer)."""
    plan_id = made("pln", body.pop("plan_id", None))
    return act(SERVICE, "offer", plan_id=plan_id, **body), 201, {"Location": f"/v1/plans/{plan_id}"}


@plans.asks("GET", "/v1/plans/<plan_id>", "구독 상품 보기", told=Plan, anyone=True)
def get_plan(plan_id: str) -> Any:
    """Show a plan. Open to anyone."""
    return ask(SERVICE, "get", plan_id=plan_id)


@plans.asks("PUT", "/v1/plans/<plan_id>", "구독 상품 고치기", body=Terms, told=PlanState)
def change(body: dict[str, Any], plan_id: str) -> Any:
    """Promise something else from the next cycle on (officer): every term anew, kind and cycle as they were."""
    return act(SERVICE, "change", plan_id=plan_id, **body)


@plans.asks("POST", "/v1/plans/<plan_id>/withdraw", "구독 상품 철회", body=Nothing, body_needed=False, told=PlanState)
def withdraw(body: dict[str, Any], plan_id: str) -> Any:
    """Take no more subscriptions (officer); those that run go on."""
    return act(SERVICE, "withdraw", plan_id=plan_id, **body)


@plans.asks("GET", "/v1/tenants/<tenant>/plans", "구독 상품 목록", query=WhichPlans, told=Plans, anyone=True)
def list_plans(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's plans, latest first. Open to anyone."""
    return ask(SERVICE, "list", tenant=tenant, **query)


@plans.asks("GET", "/v1/plans/<plan_id>/seats", "입주 좌석 보기", told=Seats, anyone=True)
def seats(plan_id: str) -> Any:
    """Show how many seats are taken and how many people wait. Open to anyone; officers also see who."""
    return ask(SEATS, "get", plan_id=plan_id)


@plans.asks("POST", "/v1/subscriptions", "구독 신청", body=Subscribe, told=SubscriptionState, status=201)
def subscribe(body: dict[str, Any]) -> Any:
    """Subscribe to a plan from today; to one with seats: take one, or wait in line."""
    subscription_id = made("sub", body.pop("subscription_id", None))
    told = act(SERVICE, "subscribe", subscription_id=subscription_id, **body)
    return told, 201, {"Location": f"/v1/subscriptions/{subscription_id}"}


@plans.asks("GET", "/v1/subscriptions/<subscription_id>", "구독 보기", told=Subscription)
def get_subscription(subscription_id: str) -> Any:
    """Show a subscription to its people and to officers, with its seat or its place in line."""
    return ask(SERVICE, "subscription", subscription_id=subscription_id)


@plans.asks(
    "GET", "/v1/residents/<resident_id>/subscriptions", "내 구독", query=WhichSubscriptions, told=Subscriptions
)
def my_subscriptions(query: dict[str, Any], resident_id: str) -> Any:
    """List a resident's subscriptions: their own, and those they may book on."""
    return ask(SERVICE, "subscriptions", resident_id=resident_id, **query)


@plans.asks(
    "GET", "/v1/subscriptions/<subscription_id>/statement", "이용 시간 명세", query=WhichCycle, told=Statement
)
def statement(query: dict[str, Any], subscription_id: str) -> Any:
    """Show the minutes of one cycle: what is left, where it came from, and each booking's charge."""
    return ask(SERVICE, "statement", subscription_id=subscription_id, **query)


@plans.asks("POST", "/v1/subscriptions/<subscription_id>/pause", "구독 쉬기", body=Pause, told=SubscriptionState)
def pause(body: dict[str, Any], subscription_id: str) -> Any:
    """Pause for some days, by the plan's rule: no minutes are granted and nothing is booked in them."""
    return act(SERVICE, "pause", subscription_id=subscription_id, **body)


@plans.asks(
    "POST",
    "/v1/subscriptions/<subscription_id>/resume",
    "구독 다시 시작",
    body=Nothing,
    body_needed=False,
    told=SubscriptionState,
)
def resume(body: dict[str, Any], subscription_id: str) -> Any:
    """Go on from today: the pause that runs ends, or the next one is called off."""
    return act(SERVICE, "resume", subscription_id=subscription_id, **body)


@plans.asks(
    "POST", "/v1/subscriptions/<subscription_id>/end", "구독 끝내기", body=End, body_needed=False, told=SubscriptionState
)
def end(body: dict[str, Any], subscription_id: str) -> Any:
    """End a subscription with its cycle, or at once; what is booked on it afterwards is given back."""
    return act(SERVICE, "end", subscription_id=subscription_id, **body)


@plans.asks(
    "PUT",
    "/v1/subscriptions/<subscription_id>/members/<resident_id>",
    "함께 쓰는 사람 더하기",
    told=SubscriptionState,
)
def add_member(subscription_id: str, resident_id: str) -> Any:
    """Let somebody else book on a subscription: a small company shares its minutes."""
    return act(SERVICE, "add_member", subscription_id=subscription_id, resident_id=resident_id)


@plans.asks(
    "DELETE",
    "/v1/subscriptions/<subscription_id>/members/<resident_id>",
    "함께 쓰는 사람 빼기",
    told=SubscriptionState,
)
def remove_member(subscription_id: str, resident_id: str) -> Any:
    """Let somebody book on a subscription no more; members may leave by themselves."""
    return act(SERVICE, "remove_member", subscription_id=subscription_id, resident_id=resident_id)


@plans.asks(
    "POST",
    "/v1/subscriptions/<subscription_id>/seat/accept",
    "제안된 좌석 받기",
    body=Nothing,
    body_needed=False,
    told=SubscriptionState,
)
def accept_seat(body: dict[str, Any], subscription_id: str) -> Any:
    """Take the seat that was offered."""
    return act(SEATS, "accept", subscription_id=subscription_id, **body)


@plans.asks(
    "POST",
    "/v1/subscriptions/<subscription_id>/seat/decline",
    "제안된 좌석 사양하기",
    body=Nothing,
    body_needed=False,
    told=SubscriptionState,
)
def decline_seat(body: dict[str, Any], subscription_id: str) -> Any:
    """Pass the seat that was offered on to the next, and wait on, last in line."""
    return act(SEATS, "decline", subscription_id=subscription_id, **body)
