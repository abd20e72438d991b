"""Facilities' own calendars (시설 달력): connect one to a space, see how it is, have it read now."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway import catalogue
from services.gateway.api.common import InWords, Nothing, id_field
from services.gateway.api.rooms import choice
from services.gateway.asking import LONG, act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_agreement"
feeds = Subject("feeds", __name__, description="시설 달력 · facilities' calendars")


class FeedAddress(Body):
    address = fields.String(
        validate=validate.Length(max=1000), metadata={"description": "달력의 주소, https 로 시작 · where it lies"}
    )
    user = fields.String(validate=validate.Length(max=200))
    password = fields.String(
        load_only=True,
        validate=validate.Length(max=400),
        metadata={"format": "password", "description": "다시 알려 드리지 않습니다 · never told again"},
    )
    every = fields.Integer(strict=True, metadata={"description": "몇 초마다 읽을지 · seconds between two readings"})


class ConnectFeed(FeedAddress):
    feed_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    space_id = id_field(example="spc-은하수-모임방")
    adapter = choice("caldav", "ics", "person", "events", required=True, description="어떻게 읽을지 · how it is read")


class FeedState(Told):
    feed_id = fields.String()
    state = fields.String()


class Feed(FeedState):
    space_id = fields.String()
    facility_id = fields.String()
    district = fields.String()
    adapter = fields.String()
    address = fields.String()
    every = fields.Integer()
    read_at = fields.String(allow_none=True)
    fresh = fields.Boolean()
    budget_minutes = fields.Integer()
    silent_since = fields.String(allow_none=True)
    died = fields.Boolean()
    reason = fields.String(allow_none=True)
    reason_in_words = fields.Nested(InWords, allow_none=True)
    differences = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "지난번에 다르던 것 · what was last found"}
    )


class Feeds(Told):
    feeds = fields.List(fields.Nested(Feed))


class ReadNow(Feed):
    read = fields.Boolean(metadata={"description": "false: 읽지 못했거나 다른 곳에서 읽는 중 · it failed, or is being read"})
    found = fields.Dict(keys=fields.String(), values=fields.Integer())


@feeds.asks("POST", "/v1/feeds", "시설 달력 연결", body=ConnectFeed, told=FeedState, status=201)
def connect(body: dict[str, Any]) -> Any:
    """Connect a facility's own calendar to a space (host, officer); it is read at once."""
    feed_id = made("fed", body.pop("feed_id", None))
    return act(SERVICE, "connect_feed", feed_id=feed_id, **body), 201, {"Location": f"/v1/feeds/{feed_id}"}


@feeds.asks("GET", "/v1/feeds/<feed_id>", "시설 달력 상태", told=Feed)
def status(feed_id: str) -> Any:
    """Show how a calendar is (host, officer): when it was read, whether it is fresh, silent or dead."""
    return _worded(ask(SERVICE, "status", feed_id=feed_id))


@feeds.asks("PATCH", "/v1/feeds/<feed_id>", "시설 달력 고치기", body=FeedAddress, told=FeedState)
def change(body: dict[str, Any], feed_id: str) -> Any:
    """Change where a calendar lies, who we are there, or how often it is read (host, officer)."""
    return act(SERVICE, "change_feed", feed_id=feed_id, **body)


@feeds.asks(
    "POST", "/v1/feeds/<feed_id>/disconnect", "시설 달력 끊기", body=Nothing, body_needed=False, told=FeedState
)
def disconnect(body: dict[str, Any], feed_id: str) -> Any:
    """Read a calendar no more (host, officer): its entries leave the timetable."""
    return act(SERVICE, "disconnect_feed", feed_id=feed_id, **body)


@feeds.asks(
    "POST",
    "/v1/feeds/<feed_id>/reconcile",
    "시설 달력 지금 맞추기",
    body=Nothing,
    body_needed=False,
    told=ReadNow,
    acts=False,
)
def reconcile(body: dict[str, Any], feed_id: str) -> Any:
    """Read a calendar now and bring both sides together (host, officer, operator); doing it again changes nothing."""
    return _worded(ask(SERVICE, "reconcile_now", patience=LONG, feed_id=feed_id, **body))


@feeds.asks("GET", "/v1/facilities/<facility_id>/feeds", "시설의 달력 목록", told=Feeds)
def of_facility(facility_id: str) -> Any:
    """List the calendars of a facility (host, officer)."""
    told = ask(SERVICE, "feeds", facility_id=facility_id)
    return {**told, "feeds": [_worded(row) for row in told.get("feeds", ())]}


def _worded(feed: dict[str, Any]) -> dict[str, Any]:
    """Return a calendar with why it was not read, in words."""
    reason = feed.get("reason")
    return {**feed, "reason_in_words": None if reason is None else catalogue.said("feed", reason, {})}
