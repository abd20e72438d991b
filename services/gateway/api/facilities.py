"""Facilities (시설): the register, opening hours, exceptional days, policy, and the file that a facility can produce."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import (
    Nothing,
    WhichPage,
    counted,
    day,
    id_field,
    latitude,
    longitude,
    text,
    whole,
)
from services.gateway.api.rooms import Address, Paged, Policy, Refusal, choice, week, windows, worded
from services.gateway.asking import LONG, act, ask, made
from services.gateway.subject import Body, Subject, Told

SERVICE = "spaces_facilities"
facilities = Subject("facilities", __name__, description="시설 · facilities")


class FacilityChange(Body):
    district = text(20, required=False, example="29200")
    programme_id = id_field(required=False)
    name = text(120, required=False)
    kind = text(60, required=False)
    operator_kind = choice("direct", "entrusted", description="직영 또는 위탁")
    address = fields.Nested(Address)
    lat = latitude(required=False)
    lon = longitude(required=False)
    contact = fields.String(validate=validate.Length(max=120))
    managers = fields.List(id_field(), validate=validate.Length(max=50), metadata={"description": "시설 담당자의 계정"})


class OpenFacility(FacilityChange):
    facility_id = id_field(required=False, description="비우면 만들어 줍니다 · made up when absent")
    tenant = text(80, example="gwangsan")
    district = text(20, example="29200")
    programme_id = id_field(example="gwangsan:gs-subscription-office")
    name = text(120, example="은하수 작은도서관")
    kind = text(60, example="작은도서관")
    address = fields.Nested(Address, required=True)
    lat = latitude()
    lon = longitude()
    weekly = week()
    holidays = choice("closed", "open", description="공휴일 · public holidays")
    policy = fields.Nested(Policy)


class SetHours(Body):
    weekly = week(required=True, allow_none=True)
    holidays = choice("closed", "open")
    space_id = id_field(required=False, description="이 공간만; weekly 가 null 이면 시설을 따릅니다 · this space alone")


class ExceptionalDay(Body):
    day = day(required=True)
    windows = windows()
    reason = text(120, example="장서 점검")


class SetExceptions(Body):
    exceptions = fields.List(
        fields.Nested(ExceptionalDay),
        required=True,
        validate=validate.Length(max=400),
        metadata={"description": "앞으로의 예외일 전부 · all of them, from now on"},
    )


class ImportFile(Body):
    district = text(20, example="29200")
    programme_id = id_field(example="gwangsan:gs-subscription-office")
    file = fields.String(metadata={"description": "CSV 또는 XLSX, base64", "format": "byte"})
    rows = fields.List(fields.Dict(keys=fields.String()), metadata={"description": "파일 대신 · instead of a file"})
    dry_run = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "검사만 · check only"})
    limit = whole(1, 200, required=False)
    first_row = whole(0, 1_000_000, required=False, description="앞의 답이 멈춘 행부터 · where the last answer stopped")


class WhichFacilities(WhichPage):
    limit = counted(1, 100)
    kind = text(60, required=False, example="작은도서관")


class ByAddress(Body):
    text = text(200, example="첨단중앙로 1")
    limit = counted(1, 100)


class FacilityState(Told):
    facility_id = fields.String()
    state = fields.String()
    hours_version = fields.Integer()


class Facility(FacilityState):
    tenant = fields.String()
    district = fields.String()
    programme_id = fields.String()
    name = fields.String()
    kind = fields.String()
    operator_kind = fields.String()
    address = fields.Dict(keys=fields.String())
    lat = fields.Float()
    lon = fields.Float()
    contact = fields.String()
    weekly = week()
    exceptions = fields.List(fields.Nested(ExceptionalDay))
    holidays = fields.String()
    policy = fields.Nested(Policy)
    version = fields.Integer()


class Facilities(Paged):
    facilities = fields.List(fields.Nested(Facility))


class WrongRow(Refusal):
    row = fields.Integer(metadata={"description": "표의 행 번호 · the number in the sheet"})
    column = fields.String(allow_none=True)


class Imported(Told):
    opened = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()
    wrong = fields.Integer()
    rows = fields.Integer()
    errors = fields.List(fields.Nested(WrongRow), metadata={"description": "고칠 것, 행마다 · row by row"})
    next_row = fields.Integer(allow_none=True, metadata={"description": "이어서 올릴 행 · go on with it as first_row"})
    dry_run = fields.Boolean()


@facilities.asks("POST", "/v1/facilities", "시설 등록", body=OpenFacility, told=FacilityState, status=201)
def open_facility(body: dict[str, Any]) -> Any:
    """Put a facility into the register (officer)."""
    facility_id = made("fac", body.pop("facility_id", None))
    told = act(SERVICE, "open_facility", facility_id=facility_id, **body)
    return told, 201, {"Location": f"/v1/facilities/{facility_id}"}


@facilities.asks("GET", "/v1/facilities/<facility_id>", "시설 보기", told=Facility, anyone=True)
def get_facility(facility_id: str) -> Any:
    """Show a facility. Open to anyone; no manager is named."""
    return ask(SERVICE, "get_facility", facility_id=facility_id)


@facilities.asks("PATCH", "/v1/facilities/<facility_id>", "시설 정보 고치기", body=FacilityChange, told=FacilityState)
def change_facility(body: dict[str, Any], facility_id: str) -> Any:
    """Describe a facility anew (officer); what is not given stays."""
    return act(SERVICE, "change_facility", facility_id=facility_id, **body)


@facilities.asks("PUT", "/v1/facilities/<facility_id>/hours", "운영 시간 정하기", body=SetHours, told=FacilityState)
def set_hours(body: dict[str, Any], facility_id: str) -> Any:
    """Open at other hours (officer, host); what is booked is looked at again."""
    return act(SERVICE, "set_hours", facility_id=facility_id, **body)


@facilities.asks(
    "PUT", "/v1/facilities/<facility_id>/exceptions", "예외일 정하기", body=SetExceptions, told=FacilityState
)
def set_exceptions(body: dict[str, Any], facility_id: str) -> Any:
    """Replace the exceptional days (officer, host): closed, or open at other hours."""
    return act(SERVICE, "set_exceptions", facility_id=facility_id, **body)


@facilities.asks(
    "PATCH", "/v1/facilities/<facility_id>/policy", "예약 규칙 고치기", body=Policy, told=FacilityState
)
def set_policy(body: dict[str, Any], facility_id: str) -> Any:
    """Say how bookings are treated from now on (officer); what is booked keeps the rule it was shown."""
    return act(SERVICE, "set_policy", facility_id=facility_id, **body)


@facilities.asks(
    "POST", "/v1/facilities/<facility_id>/close", "시설 닫기", body=Nothing, body_needed=False, told=FacilityState
)
def close_facility(body: dict[str, Any], facility_id: str) -> Any:
    """Close a facility and its spaces for good (officer); what is booked there is taken back without a charge."""
    return act(SERVICE, "close_facility", facility_id=facility_id, **body)


@facilities.asks(
    "GET", "/v1/tenants/<tenant>/facilities", "시설 목록", query=WhichFacilities, told=Facilities, anyone=True
)
def list_facilities(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's facilities, latest first. Open to anyone."""
    return ask(SERVICE, "list_facilities", tenant=tenant, **query)


@facilities.asks(
    "GET", "/v1/tenants/<tenant>/facilities/search", "주소로 시설 찾기", query=ByAddress, told=Facilities, anyone=True
)
def find_by_address(query: dict[str, Any], tenant: str) -> Any:
    """Find facilities by words of their name, road address, lot or building. Open to anyone."""
    return ask(SERVICE, "find_by_address", tenant=tenant, **query)


@facilities.asks(
    "POST", "/v1/tenants/<tenant>/facilities/import", "시설과 공간 파일 올리기", body=ImportFile, told=Imported
)
def import_rows(body: dict[str, Any], tenant: str) -> Any:
    """Take facilities and spaces from a file (officer): good rows are taken, each other row says what is wrong."""
    told = act(SERVICE, "import_rows", patience=LONG, tenant=tenant, **body)
    return {**told, "errors": [worded(error) for error in told.get("errors", ())]}
