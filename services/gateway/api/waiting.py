"""The waiting list (대기): a span that is taken, an offer kept for one person, and who waits for a space."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, id_field
from services.gateway.api.rooms import Asked, Paged, Span
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_waiting"
waiting = Subject("waiting", __name__, description="대기 · waiting list")


class MakeWish(Asked):
    wish_id = fields.String(
        validate=validate.Length(5, 80),
        metadata={"description": "wsh- 로 시작; 비우면 만들어 줍니다 · begins with wsh-; made up when absent"},
    )
    space_id = id_field(example="spc-은하수-모임방")
    subscription_id = id_field(required=False)


class MyWishes(Body):
    limit = counted(1, 200)


class WishState(Told):
    wish_id = fields.String()
    state = fields.String()


class WishMade(WishState):
    asked_at = fields.String()
    free_now = fields.Boolean(metadata={"description": "기다릴 것 없이 예약할 수 있음 · can be booked at once"})


class Wish(WishState, Span):
    space_id = fields.String()
    facility_id = fields.String()
    resident_id = fields.String()
    subscription_id = fields.String(allow_none=True)
    asked_at = fields.String()
    round = fields.Integer()
    offer_id = fields.String(
        allow_none=True,
        metadata={"description": "제안을 받아들일 때 예약 신청에 적는 값 · what the booking that accepts the offer names"},
    )
    offer_until = fields.String(allow_none=True)
    ahead = fields.Integer(metadata={"description": "앞선 사람 수 · how many are ahead"})


class Wishes(Paged):
    wishes = fields.List(fields.Nested(Wish))


@waiting.asks("POST", "/v1/wishes", "대기 신청", body=MakeWish, told=WishMade, status=201)
def wish(body: dict[str, Any]) -> Any:
    """Wait for a span; when it comes free it is offered to one person at a time, first come first."""
    wish_id = made("wsh", body.pop("wish_id", None))
    told = act(SERVICE, "wish", wish_id=wish_id, **body)
    return told, 201, {"Location": f"/v1/wishes/{wish_id}"}


@waiting.asks("GET", "/v1/wishes", "내 대기", query=MyWishes, told=Wishes)
def my_wishes(query: dict[str, Any]) -> Any:
    """List the caller's own wishes, latest first."""
    return ask(SERVICE, "mine", **query)


@waiting.asks("GET", "/v1/wishes/<wish_id>", "대기 보기", told=Wish)
def get_wish(wish_id: str) -> Any:
    """Show a wish to its resident, with how many are ahead."""
    return ask(SERVICE, "get", wish_id=wish_id)


@waiting.asks(
    "POST", "/v1/wishes/<wish_id>/withdraw", "대기 그만두기", body=Nothing, body_needed=False, told=WishState
)
def withdraw(body: dict[str, Any], wish_id: str) -> Any:
    """Wait no longer; an offer goes to the next in line."""
    return act(SERVICE, "withdraw", wish_id=wish_id, **body)


@waiting.asks(
    "POST", "/v1/wishes/<wish_id>/decline", "제안 사양하기", body=Nothing, body_needed=False, told=WishState
)
def decline(body: dict[str, Any], wish_id: str) -> Any:
    """Leave an offer to the next in line."""
    return act(SERVICE, "decline", wish_id=wish_id, **body)


@waiting.asks("GET", "/v1/spaces/<space_id>/wishes", "공간을 기다리는 사람", query=WhichPage, told=Wishes)
def of_space(query: dict[str, Any], space_id: str) -> Any:
    """List who waits for a space, first come first (officer, host)."""
    return ask(SERVICE, "of_space", space_id=space_id, **query)
