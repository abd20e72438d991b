"""Bookings (예약): what one would mean, asking for it, answering, giving back, coming; and series of them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import Nothing, WhichPage, counted, id_field, instant, text, whole
from services.gateway.api.rooms import AskedFor, Paged, Refusal, Span, worded
from services.gateway.asking import LONG, act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_bookings"
bookings = Subject("bookings", __name__, description="예약 · bookings")


class Request(AskedFor):
    booking_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    space_id = id_field(example="spc-은하수-모임방")
    offer_id = id_field(required=False, description="받은 제안(대기의 offer_id) · the offer_id of the wish whose offer this accepts")


class RequestSeries(AskedFor):
    series_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    space_id = id_field(example="spc-은하수-모임방")
    every_days = whole(1, 366, description="며칠마다 · every so many days", example=7)
    times = whole(1, 60, description="모두 몇 번 · how many in all", example=4)


class AnswerRequest(Body):
    accept = fields.Boolean(required=True, truthy={True}, falsy={False})


class CheckIn(Body):
    code = fields.String(
        validate=validate.Length(max=12), metadata={"description": "공간에 보이는 숫자 · what the room shows; staff: none"}
    )


class WhichBookings(Body):
    since = instant(required=False, description="이때 뒤에 끝나는 것, 비우면 지금 · that end after; now when absent")
    limit = counted(1, 200)


class CodePage(Body):
    address = text(300, required=False, description="QR 이 여는 쪽 · the page that the picture leads to")


class ForfeitRule(Told):
    free_until = fields.String(metadata={"description": "이때까지 취소하면 모두 돌려받음 · all returns until then"})
    forfeit_percent = fields.Integer()
    no_show_percent = fields.Integer()


class Quote(Span):
    space_id = fields.String()
    mode = fields.String()
    objection = fields.Nested(Refusal, allow_none=True)
    minutes = fields.Integer()
    balance = fields.Integer(allow_none=True, metadata={"description": "남은 분 · minutes left"})
    rule = fields.Nested(ForfeitRule)
    check_in_needed = fields.Boolean()
    calendar_read_at = fields.String(allow_none=True)
    calendar_fresh = fields.Boolean(allow_none=True)


class BookingState(Told):
    booking_id = fields.String()
    state = fields.String(metadata={"description": "awaiting 은 승인 대기 · waits for the facility's answer"})
    charged = fields.Integer(metadata={"description": "차감된 분 · minutes forfeit"})


class Requested(BookingState, Span):
    minutes = fields.Integer()
    awaits = fields.String(allow_none=True)


class Booking(Requested):
    space_id = fields.String()
    facility_id = fields.String()
    resident_id = fields.String()
    active = fields.Boolean()
    mode = fields.String()
    reason = fields.String(allow_none=True)
    subscription_id = fields.String(allow_none=True)
    series_id = fields.String(allow_none=True)
    instead_of = fields.String(allow_none=True)
    free_until = fields.String()
    forfeit_percent = fields.Integer()
    check_in_needed = fields.Boolean()
    in_calendar = fields.Boolean(allow_none=True)
    calendar_silent_since = fields.String(allow_none=True)
    proxy = fields.String(allow_none=True)


class Bookings(Told):
    bookings = fields.List(fields.Nested(Booking))


class SpaceBookings(Paged):
    bookings = fields.List(fields.Nested(Booking))


class Occurrence(Requested):
    number = fields.Integer()


class RefusedOccurrence(Span):
    number = fields.Integer()
    error = fields.Nested(Refusal)


class SeriesMade(Told):
    series_id = fields.String()
    made = fields.List(fields.Nested(Occurrence))
    refused = fields.List(fields.Nested(RefusedOccurrence))


class Series(Bookings):
    series_id = fields.String()


class Kept(Told):
    booking_id = fields.String()
    error = fields.Nested(Refusal)


class SeriesCancelled(Told):
    series_id = fields.String()
    cancelled = fields.List(fields.String())
    kept = fields.List(fields.Nested(Kept))


class Code(Told):
    space_id = fields.String()
    code = fields.String()
    until = fields.String()
    seconds = fields.Integer()
    qr = fields.String(metadata={"description": "SVG 그림 · a picture"})


class CodeChanged(Told):
    space_id = fields.String()


@bookings.asks("GET", "/v1/spaces/<space_id>/quote", "예약하면 어떻게 되는지", query=AskedFor, told=Quote)
def quote(query: dict[str, Any], space_id: str) -> Any:
    """Show what a booking would mean before it is made: mode, minutes, balance, and what giving it back costs."""
    told = ask(SERVICE, "quote", space_id=space_id, **query)
    return {**told, "objection": worded(told["objection"])} if told.get("objection") else told


@bookings.asks("POST", "/v1/bookings", "예약 신청", body=Request, told=Requested, status=201)
def request(body: dict[str, Any]) -> Any:
    """Ask for a span of a space: confirmed at once, or awaiting the facility's answer."""
    booking_id = made("bkg", body.pop("booking_id", None))
    told = act(SERVICE, "request", booking_id=booking_id, **body)
    return told, 201, {"Location": f"/v1/bookings/{booking_id}"}


@bookings.asks("GET", "/v1/bookings/<booking_id>", "예약 보기", told=Booking)
def get_booking(booking_id: str) -> Any:
    """Show a booking to its resident or to staff."""
    return ask(SERVICE, "get", booking_id=booking_id)


@bookings.asks("GET", "/v1/residents/<resident_id>/bookings", "내 예약", query=WhichBookings, told=Bookings)
def my_bookings(query: dict[str, Any], resident_id: str) -> Any:
    """List a resident's own bookings, by their start."""
    return ask(SERVICE, "mine", resident_id=resident_id, **query)


@bookings.asks("GET", "/v1/spaces/<space_id>/bookings", "공간의 예약", query=WhichPage, told=SpaceBookings)
def of_space(query: dict[str, Any], space_id: str) -> Any:
    """List the active bookings of a space, by their start (officer, host)."""
    return ask(SERVICE, "of_space", space_id=space_id, **query)


@bookings.asks("POST", "/v1/bookings/<booking_id>/answer", "예약 신청에 답하기", body=AnswerRequest, told=BookingState)
def answer(body: dict[str, Any], booking_id: str) -> Any:
    """Accept or refuse a request (officer, host)."""
    return act(SERVICE, "answer", booking_id=booking_id, **body)


@bookings.asks(
    "POST", "/v1/bookings/<booking_id>/cancel", "예약 취소", body=Nothing, body_needed=False, told=BookingState
)
def cancel(body: dict[str, Any], booking_id: str) -> Any:
    """Give a booking back; late, the resident forfeits what the rule said. Staff cancel without a charge."""
    return act(SERVICE, "cancel", booking_id=booking_id, **body)


@bookings.asks(
    "POST", "/v1/bookings/<booking_id>/check-in", "입실 확인", body=CheckIn, body_needed=False, told=BookingState
)
def check_in(body: dict[str, Any], booking_id: str) -> Any:
    """Say that somebody came: residents with the code that the room shows, staff without one."""
    return act(SERVICE, "check_in", booking_id=booking_id, **body)


@bookings.asks("POST", "/v1/series", "반복 예약 신청", body=RequestSeries, told=SeriesMade, status=201)
def request_series(body: dict[str, Any]) -> Any:
    """Ask for a span and its repeats: each is decided by itself, and every refused one is named with its reason."""
    series_id = made("ser", body.pop("series_id", None))
    told = act(SERVICE, "request_series", patience=LONG, series_id=series_id, **body)
    return _worded(told, "refused"), 201, {"Location": f"/v1/series/{series_id}"}


@bookings.asks("GET", "/v1/series/<series_id>", "반복 예약 보기", told=Series)
def get_series(series_id: str) -> Any:
    """Show the bookings of a series to their resident or to staff."""
    return ask(SERVICE, "series", series_id=series_id)


@bookings.asks(
    "POST", "/v1/series/<series_id>/cancel", "반복 예약 취소", body=Nothing, body_needed=False, told=SeriesCancelled
)
def cancel_series(body: dict[str, Any], series_id: str) -> Any:
    """Give back what has not begun of a series."""
    return _worded(act(SERVICE, "cancel_series", patience=LONG, series_id=series_id, **body), "kept")


@bookings.asks("GET", "/v1/spaces/<space_id>/check-in-code", "입실 번호 보이기", query=CodePage, told=Code)
def show_code(query: dict[str, Any], space_id: str) -> Any:
    """Show the code of a room for now, and its QR picture, for the screen at its door (officer, host)."""
    return ask(SERVICE, "show_code", space_id=space_id, **query)


@bookings.asks(
    "POST",
    "/v1/spaces/<space_id>/check-in-code/change",
    "입실 번호 바꾸기",
    body=Nothing,
    body_needed=False,
    told=CodeChanged,
)
def change_code(body: dict[str, Any], space_id: str) -> Any:
    """Show other codes from now on (officer, host): the old ones may have been given away."""
    return act(SERVICE, "change_code", space_id=space_id, **body)


def _worded(told: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an answer whose list of that name has errors, each with its words."""
    return {**told, name: [{**row, "error": worded(row["error"])} for row in told.get(name, ())]}
