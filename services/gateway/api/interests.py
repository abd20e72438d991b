"""Interests (관심 소식): news of a topic within an area, for who asked for it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import instant, latitude, longitude, text, whole
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "residents_interests"
interests = Subject("interests", __name__, description="관심 소식 · interests")


class SetInterest(Body):
    lat = latitude()
    lon = longitude()
    radius = whole(1, 20_000, required=False, description="미터, 기본 700 · metres")
    until = instant(required=False, description="이때까지 · until then; for good when absent")
    topics = fields.List(text(40), validate=validate.Length(1, 20), metadata={"example": ["jobs"]})


class Interest(Told):
    interest_id = fields.String()
    radius = fields.Integer()
    topics = fields.List(fields.String())


class Interests(Told):
    interests = fields.List(fields.Nested(Interest))


@interests.asks("GET", "/v1/residents/<resident_id>/interests", "관심 소식 목록", told=Interests)
def list_interests(resident_id: str) -> Any:
    """List a resident's own interests."""
    return ask(SERVICE, "list", resident_id=resident_id)


@interests.asks(
    "PUT", "/v1/residents/<resident_id>/interests/<interest_id>", "관심 소식 정하기", body=SetInterest, told=Interest
)
def set_interest(body: dict[str, Any], resident_id: str, interest_id: str) -> Any:
    """Set an interest; needs the consents for location and for news near me."""
    return act(SERVICE, "set", resident_id=resident_id, interest_id=interest_id, **body)


@interests.asks("DELETE", "/v1/interests/<interest_id>", "관심 소식 지우기", told=Interest)
def remove_interest(interest_id: str) -> Any:
    """Remove an interest."""
    return act(SERVICE, "remove", interest_id=interest_id)
