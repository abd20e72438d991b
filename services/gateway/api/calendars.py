"""Calendars out (구독 달력): secret addresses, and the iCalendar text that lies there.

The address is the key to it, so it stands in no log: requests are logged by route (passage.py).
"""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields

from services.gateway.api.common import Nothing, WhichPage, counted, id_field
from services.gateway.api.rooms import Paged, choice
from services.gateway.api.work import TEXT, in_type
from services.gateway.asking import act, ask, made
from services.gateway.subject import Body, Subject, Told
from shared.errors import Conflict, Unavailable

SERVICE = "spaces_calendars"
ICALENDAR = "text/calendar; charset=utf-8"
#: How often a calendar may change while its pieces are read.
TRIES = 3
calendars = Subject("calendars", __name__, description="달력 · calendars")


class OpenAddress(Body):
    address_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    kind = choice("resident", "space", required=True, description="내 예약 또는 공간의 예약 · whose bookings")
    subject_id = id_field(required=False, description="비우면 본인 · whoever asks when absent")


class WhichAddresses(WhichPage):
    limit = counted(1, 100)
    kind = choice("resident", "space", required=True)
    subject_id = id_field(required=False)


class AddressTold(Told):
    address_id = fields.String()
    token = fields.String(
        allow_none=True,
        metadata={"description": "이번 한 번만 알려 드립니다 · told this once; null to a repeat: renew for another"},
    )
    path = fields.String(allow_none=True, metadata={"description": "/calendars/<token>.ics"})


class CalendarAddress(Told):
    address_id = fields.String()
    kind = fields.String()
    subject_id = fields.String()
    opened_at = fields.String()
    opened_by = fields.String()
    renewed_at = fields.String(allow_none=True)
    revoked_at = fields.String(allow_none=True)
    open = fields.Boolean()


class Addresses(Paged):
    addresses = fields.List(fields.Nested(CalendarAddress))


class Revoked(Told):
    address_id = fields.String()
    open = fields.Boolean()


@calendars.asks("POST", "/v1/calendars", "달력 주소 만들기", body=OpenAddress, told=AddressTold, status=201)
def open_address(body: dict[str, Any]) -> Any:
    """Open a secret address under which one's bookings, or those of a space, can be read as a calendar."""
    address_id = made("cal", body.pop("address_id", None))
    return _with_path(act(SERVICE, "open", address_id=address_id, **body)), 201


@calendars.asks("GET", "/v1/calendars", "달력 주소 목록", query=WhichAddresses, told=Addresses)
def list_addresses(query: dict[str, Any]) -> Any:
    """List one's addresses, or those of a space, without their tokens."""
    return ask(SERVICE, "mine", **query)


@calendars.asks(
    "POST", "/v1/calendars/<address_id>/renew", "달력 주소 바꾸기", body=Nothing, body_needed=False, told=AddressTold
)
def renew(body: dict[str, Any], address_id: str) -> Any:
    """Get another address; the old one leads nowhere from now on."""
    return _with_path(act(SERVICE, "renew", address_id=address_id, **body))


@calendars.asks(
    "POST", "/v1/calendars/<address_id>/revoke", "달력 주소 없애기", body=Nothing, body_needed=False, told=Revoked
)
def revoke(body: dict[str, Any], address_id: str) -> Any:
    """Let nobody read the calendar any more."""
    return act(SERVICE, "revoke", address_id=address_id, **body)


@calendars.asks(
    "GET",
    "/calendars/<secret>.ics",
    "달력 읽기 (iCalendar)",
    anyone=True,
    described=in_type("text/calendar", TEXT),
)
def ics(secret: str) -> Response:
    """Read a calendar, for whoever has its address. With ``If-None-Match`` an unchanged one is 304."""
    # One entity tag only: a reader that names several, or a weak one of its own, is simply told the whole text.
    known = next(iter(request.if_none_match.as_set()), None) if len(request.if_none_match.as_set()) == 1 else None
    text, told = _read(secret, known)
    answer = Response(text, status=304 if told["unchanged"] else 200, content_type=ICALENDAR)
    answer.set_etag(told["etag"])
    # A person's calendar: no shared cache may keep it (private). Their own reader may, asking each time whether it changed
    # (no-cache): without that, as with no-store, an entity tag would be of no use.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _read(secret: str, known: str | None) -> tuple[str, dict[str, Any]]:
    """Return the whole text and what was told of it; raise ``Unavailable`` when it changes all the time."""
    for _ in range(TRIES):
        try:
            told: dict[str, Any] = ask(SERVICE, "ics", secret=secret, etag=known)
            pieces, piece = [told["ics"] or ""], told
            while piece["cursor"] is not None:
                piece = ask(SERVICE, "ics", secret=secret, cursor=piece["cursor"])
                pieces.append(piece["ics"])
        except Conflict:
            continue
        return "".join(pieces), told
    raise Unavailable("the calendar changed while it was read")


def _with_path(told: dict[str, Any]) -> dict[str, Any]:
    token = told.get("token")
    return {**told, "path": None if token is None else f"/calendars/{token}.ics"}
