"""Residents (주민): registration, consents and home neighbourhood. Contacts are told to services only, never here."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, id_field, latitude, longitude, text
from services.gateway.asking import act, ask, caller, made
from services.gateway.subject import Body, Subject, Told
from shared.events.residents import PURPOSES

SERVICE = "residents_registry"
residents = Subject("residents", __name__, description="주민 · residents")


class Consent(Body):
    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    text_version = text(40, example="2026-01")


class Register(Body):
    resident_id = id_field(required=False, description="비우면 로그인한 주민 · the signed-in resident when absent")
    name = text(100, example="은하")
    mail = fields.Email(validate=validate.Length(max=254))
    consents = fields.List(
        fields.Nested(Consent),
        required=True,
        validate=validate.Length(1, len(PURPOSES)),
        metadata={"description": "service 동의는 꼭 필요합니다 · service among them"},
    )
    over_14 = fields.Boolean(required=True, metadata={"description": "만 14세 이상 · 14 or older"})
    tenant = id_field(required=False)


class Resident(Told):
    resident_id = fields.String()
    name = fields.String()
    mail = fields.String(allow_none=True)
    consents = fields.Raw()


class Correct(Body):
    name = text(100, required=False)
    mail = fields.Email(validate=validate.Length(max=254))


class HowMany(Body):
    limit = counted(1, 500)


class Records(Told):
    records = fields.List(fields.Dict(keys=fields.String()))


class TextVersion(Body):
    text_version = text(40, example="2026-01")


class Withdrawal(Body):
    text_version = text(40, required=False, example="2026-01")


class Given(Told):
    given = fields.Boolean()


class Home(Body):
    lat = latitude()
    lon = longitude()


class Answer(Told):
    resident_id = fields.String()


@residents.asks("POST", "/v1/residents", "주민 등록", body=Register, told=Answer, status=201)
def register(body: dict[str, Any]) -> Any:
    """Register a resident: oneself, or by an officer."""
    own = caller().subject if caller().is_any("resident") else None
    resident_id = made("res", body.pop("resident_id", None) or own)
    told = act(SERVICE, "register", resident_id=resident_id, **body)
    return told, 201, {"Location": f"/v1/residents/{resident_id}"}


@residents.asks("GET", "/v1/residents/<resident_id>", "주민 보기", told=Resident)
def get_resident(resident_id: str) -> Any:
    """Show a resident to themselves or to an officer."""
    return ask(SERVICE, "get", resident_id=resident_id)


@residents.asks("PATCH", "/v1/residents/<resident_id>", "주민 정보 고치기", body=Correct, told=Answer)
def correct(body: dict[str, Any], resident_id: str) -> Any:
    """Change a resident's name or mail address; what is left out stays."""
    return act(SERVICE, "correct", resident_id=resident_id, **body)


@residents.asks("GET", "/v1/residents/<resident_id>/location-records", "내 위치 이용 기록", query=HowMany, told=Records)
def location_records(query: dict[str, Any], resident_id: str) -> Any:
    """Show when and for what a resident's place was used (위치정보법 제16조)."""
    return ask(SERVICE, "location_records", resident_id=resident_id, **query)


@residents.asks("GET", "/v1/residents/<resident_id>/consents/<purpose>", "동의 확인", told=Given)
def consented(resident_id: str, purpose: str) -> Any:
    """Tell whether a consent is given now."""
    return ask(SERVICE, "consented", resident_id=resident_id, purpose=purpose)


@residents.asks("PUT", "/v1/residents/<resident_id>/consents/<purpose>", "동의하기", body=TextVersion, told=Answer)
def give_consent(body: dict[str, Any], resident_id: str, purpose: str) -> Any:
    """Give a consent for one purpose, to one version of its text."""
    return act(SERVICE, "give_consent", resident_id=resident_id, purpose=purpose, **body)


@residents.asks(
    "POST", "/v1/residents/<resident_id>/consents/<purpose>/withdraw", "동의 철회", body=Withdrawal, told=Answer
)
def withdraw_consent(body: dict[str, Any], resident_id: str, purpose: str) -> Any:
    """Withdraw a consent; what was kept because of it is removed."""
    return act(SERVICE, "withdraw_consent", resident_id=resident_id, purpose=purpose, **body)


@residents.asks("PUT", "/v1/residents/<resident_id>/home", "우리 동네 정하기", body=Home, told=Answer)
def set_home(body: dict[str, Any], resident_id: str) -> Any:
    """Keep a neighbourhood point; refused without the location consent."""
    return act(SERVICE, "set_home", resident_id=resident_id, **body)
