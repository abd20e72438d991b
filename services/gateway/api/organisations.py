"""Organisations (기관·단체): partners, operating agencies, cooperatives, and how many people they have."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from services.gateway.api.common import counted, day, id_field, text
from services.gateway.api.programmes import known, qualifier
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import act, ask
from services.gateway.subject import Body, Subject, Told

SERVICE = "placement_organisations"
KINDS = ("partner", "operating_agency", "cooperative", "social_enterprise", "public_body", "other")
MEASURES = ("members", "workers", "volunteers")
OPERATOR_KINDS = ("direct", "entrusted")
organisations = Subject("organisations", __name__, description="기관·단체 · organisations")


class RegisterOrganisation(Body):
    code = text(61, example="bori")
    name = text(200, example="은하수 마을 협동조합")
    kind = choice(*KINDS, required=True)
    district = text(5, required=False, description="비우면 시·도 전체 · of the whole 시·도 when absent")
    founded_on = day()


class OrganisationTold(Told):
    organisation_id = fields.String(metadata={"example": "gwangsan:bori"})


class AddLine(Body):
    name = text(200, example="돌봄")
    since = day()


class AddFacility(Body):
    name = text(200, example="별빛 경로당")
    operator_kind = choice(*OPERATOR_KINDS, required=True, description="직영 또는 위탁")
    facility_id = id_field(required=False, description="시설 목록에 있으면 그 아이디 · in the register of facilities")
    since = day()


class NoteCount(Body):
    measure = choice(*MEASURES, required=True, description="조합원, 일하는 사람, 자원봉사자")
    value = known(description="null = 철회 · taken back", example=100)
    qualifier = qualifier()
    as_of = day(required=True)
    source = text(300, example="은하수 마을 협동조합 2025년 총회 자료")


class Count(Told):
    measure = fields.String()
    value = fields.Integer(allow_none=True)
    qualifier = fields.String(allow_none=True)
    as_of = fields.String(allow_none=True)
    source = fields.String(allow_none=True)


class CountTold(Count):
    organisation_id = fields.String()


class Line(Told):
    name = fields.String()
    since = fields.String(allow_none=True)


class Run(Line):
    operator_kind = fields.String()
    facility_id = fields.String(allow_none=True)


class OrganisationRow(OrganisationTold):
    """An organisation in a list, without how many people it had on a day."""

    tenant = fields.String()
    name = fields.String()
    kind = fields.String()
    district = fields.String(allow_none=True)
    founded_on = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(Line))
    facilities = fields.List(fields.Nested(Run))


class Organisation(OrganisationRow):
    on = fields.String(allow_none=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Count, allow_none=True),
        metadata={"description": "null = 자료 없음 · not known, not 0"},
    )


class Organisations(Paged):
    organisations = fields.List(fields.Nested(OrganisationRow))


class OrganisationCounts(Paged):
    counts = fields.List(fields.Nested(Count))


class WhichOrganisations(Body):
    kind = choice(*KINDS)
    district = text(5, required=False, example="29200")
    limit = counted(1, 200)
    cursor = text(500, required=False)


class OnDay(Body):
    on = day(description="이날까지의 인원 · counts up to that day")


class WhichCounts(Body):
    measure = choice(*MEASURES, required=True)
    limit = counted(1, 200)
    cursor = text(500, required=False)


@organisations.asks(
    "POST", "/v1/tenants/<tenant>/organisations", "기관 등록", body=RegisterOrganisation, told=OrganisationTold, status=201
)
def register(body: dict[str, Any], tenant: str) -> Any:
    """Put an organisation into the register of a tenant (officer)."""
    told = act(SERVICE, "register", tenant=tenant, **body)
    return told, 201, {"Location": f"/v1/organisations/{tenant}:{body['code']}"}


@organisations.asks(
    "GET",
    "/v1/tenants/<tenant>/organisations",
    "기관 목록",
    query=WhichOrganisations,
    told=Organisations,
    anyone=True,
)
def list_organisations(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's organisations. Open to anyone."""
    return ask(SERVICE, "list", tenant=tenant, **query)


@organisations.asks(
    "GET", "/v1/organisations/<organisation_id>", "기관 보기", query=OnDay, told=Organisation, anyone=True
)
def get_organisation(query: dict[str, Any], organisation_id: str) -> Any:
    """Show an organisation with its latest counts up to a day. Open to anyone."""
    return ask(SERVICE, "get", organisation_id=organisation_id, **query)


@organisations.asks(
    "POST",
    "/v1/organisations/<organisation_id>/lines",
    "사업 부문 더하기",
    body=AddLine,
    told=OrganisationTold,
    status=201,
)
def add_line(body: dict[str, Any], organisation_id: str) -> Any:
    """Add a business line (officer); one of the same name is described anew."""
    return act(SERVICE, "add_line", organisation_id=organisation_id, **body), 201


@organisations.asks(
    "POST",
    "/v1/organisations/<organisation_id>/facilities",
    "운영 시설 더하기",
    body=AddFacility,
    told=OrganisationTold,
    status=201,
)
def add_facility(body: dict[str, Any], organisation_id: str) -> Any:
    """Note a facility that it runs, directly or entrusted (officer)."""
    return act(SERVICE, "add_facility", organisation_id=organisation_id, **body), 201


@organisations.asks(
    "POST",
    "/v1/organisations/<organisation_id>/counts",
    "인원 적기",
    body=NoteCount,
    told=CountTold,
    status=201,
)
def note_count(body: dict[str, Any], organisation_id: str) -> Any:
    """Note how many people it had on a day, and who says so (officer)."""
    return act(SERVICE, "note_count", organisation_id=organisation_id, **body), 201


@organisations.asks(
    "GET",
    "/v1/organisations/<organisation_id>/counts",
    "인원 변화",
    query=WhichCounts,
    told=OrganisationCounts,
    anyone=True,
)
def counts(query: dict[str, Any], organisation_id: str) -> Any:
    """Show the series of one count, by day. Open to anyone."""
    return ask(SERVICE, "counts", organisation_id=organisation_id, **query)
