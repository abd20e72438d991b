"""Programmes (사업): what the openings of a tenant belong to, what they promise, and what was published of them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.gateway.api.common import counted, day, id_field, text
from services.gateway.api.rooms import Paged, choice
from services.gateway.asking import LONG, act, ask
from services.gateway.subject import Body, Subject, Told
from shared.events.placement.plans import ENGAGEMENTS, TARGET_MEASURES

SERVICE = "placement_programmes"
#: What sources publish, and how exactly they say it.
MEASURES = ("jobs_created", "people_placed", "trained", "sessions_delivered", "sites_served", "budget_krw")
QUALIFIERS = ("exact", "about", "at_least")
FLOORS = ("minimum", "living", "none")
#: Hosts, groups or tags of one programme; won or people.
MOST_NAMED, MOST = 200, 10**15
programmes = Subject("programmes", __name__, description="사업 · programmes")


def known(**metadata: Any) -> fields.Integer:
    """Return a field for a whole number of which null means 자료 없음."""
    return fields.Integer(
        required=True, strict=True, allow_none=True, validate=validate.Range(min=0, max=MOST), metadata=metadata
    )


def qualifier() -> fields.String:
    """Return a field for how exact a figure is."""
    return choice(*QUALIFIERS, description="정확히, 약, 이상 · exact unless told")


class LoadProgrammes(Body):
    #: Rows as in the YAML of programmes; placement knows their fields.
    programmes = fields.List(fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, 500))


class Loaded(Told):
    loaded = fields.Integer()
    unchanged = fields.Integer()


class WhichProgrammes(Body):
    district = text(20, required=False, example="29200")
    on = day(description="이 날짜에 유효한 사업만 · valid on this day")
    under = text(61, required=False, description="상위 사업의 코드 · the code of an umbrella", example="gs-danggeun-gwangsan")
    limit = counted(1, 200)
    cursor = text(500, required=False)


class DistrictName(Told):
    code = fields.String(allow_none=True, metadata={"example": "29200"})
    name = fields.String(allow_none=True, metadata={"description": "그때의 이름 · the name it had"})


class District(DistrictName):
    municipality = fields.String(allow_none=True)
    valid_from = fields.String(allow_none=True)
    valid_to = fields.String(allow_none=True)


class TargetGroup(Body):
    code = text(40, example="elderly")
    name_ko = text(80, example="어르신")
    legal_basis = fields.String(
        allow_none=True,
        validate=validate.Length(max=300),
        metadata={"description": "이 법이 있어야 그 집단만 모집합니다 · an opening is kept for a group only by it"},
    )


class Pillar(Told):
    code = fields.String()
    name_ko = fields.String()
    programme = fields.String(allow_none=True)


class Promised(Told):
    value = fields.Integer()
    qualifier = fields.String()


class Programme(Told):
    programme_id = fields.String(metadata={"example": "gwangsan:gs-citizen-allowance"})
    tenant = fields.String()
    code = fields.String()
    name_ko = fields.String()
    name_en = fields.String(allow_none=True)
    kind = fields.String()
    role = fields.String()
    parent = fields.String(allow_none=True)
    year = fields.Integer(allow_none=True)
    start = fields.String(allow_none=True)
    wage_floor = fields.String()
    direct_job = fields.Boolean(metadata={"description": "직접일자리사업"})
    engagement = fields.String()
    pilot = fields.Boolean()
    has_openings = fields.Boolean()
    hosts = fields.List(fields.String())
    target_groups = fields.List(fields.Nested(TargetGroup))
    tags = fields.List(fields.String())
    pillars = fields.List(fields.Nested(Pillar))
    partners = fields.List(fields.String())
    agreed_on = fields.String(allow_none=True)
    targets = fields.Dict(keys=fields.String(), values=fields.Nested(Promised))
    district = fields.Nested(District)
    row = fields.Dict(keys=fields.String(), metadata={"description": "자료의 원래 행 · the row as the data has it"})


class Programmes(Paged):
    programmes = fields.List(fields.Nested(Programme))


class Kind(Told):
    code = fields.String()
    ko = fields.String()
    en = fields.String()
    counts = fields.List(fields.String(), metadata={"description": "무엇으로 평가하는가 · what it is judged by"})
    openings = fields.Boolean()


class Kinds(Told):
    kinds = fields.List(fields.Nested(Kind))


class SetFlags(Body):
    direct_job = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)
    engagement = fields.String(allow_none=True, validate=validate.OneOf(ENGAGEMENTS))
    pilot = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)


class SetHosts(Body):
    hosts = fields.List(id_field(), required=True, validate=validate.Length(max=MOST_NAMED))


class SetTargetGroups(Body):
    target_groups = fields.List(fields.Nested(TargetGroup), required=True, validate=validate.Length(max=MOST_NAMED))


class SetTags(Body):
    tags = fields.List(text(61), required=True, validate=validate.Length(max=MOST_NAMED))


class SetTarget(Body):
    value = known(description="null = 약속 없음 · nothing is promised", example=400)
    qualifier = qualifier()


class TargetTold(Told):
    programme_id = fields.String()
    measure = fields.String(validate=validate.OneOf(TARGET_MEASURES))
    value = fields.Integer(allow_none=True)
    qualifier = fields.String()


class Figure(Told):
    measure = fields.String()
    value = fields.Integer(allow_none=True, metadata={"description": "null = 자료 없음, 0 이 아님 · not known, not 0"})
    qualifier = fields.String(allow_none=True)
    as_of = fields.String(allow_none=True, metadata={"description": "기준일"})
    source = fields.String(allow_none=True)


class FigureTold(Figure):
    programme_id = fields.String()


class PublishedFigures(Paged):
    figures = fields.List(fields.Nested(Figure))


class ReportFigure(Body):
    measure = choice(*MEASURES, required=True)
    value = known(description="null = 철회 · taken back", example=142)
    qualifier = qualifier()
    as_of = day(description="기준일 · of which day")
    source = text(300, example="인천광역시 2019년 9월 보도자료")


class WhichPublished(Body):
    limit = counted(1, 200)
    cursor = text(500, required=False)


class WhichReport(WhichPublished):
    as_of = day(description="이날까지의 발표만 · figures of that day and before")


class Item(Told):
    programme_id = fields.String()
    name_ko = fields.String()
    district = fields.Nested(DistrictName)
    value = fields.Integer(allow_none=True)
    qualifier = fields.String(allow_none=True)
    as_of = fields.String(allow_none=True)
    source = fields.String(allow_none=True)
    trained = fields.Integer(allow_none=True)


class Itemised(Told):
    measure = fields.String()
    value = fields.Integer(allow_none=True)
    qualifier = fields.String(allow_none=True)
    rows = fields.List(fields.Nested(Item))


class Apart(Told):
    value = fields.Integer(allow_none=True)
    qualifier = fields.String(allow_none=True)


class Unknown(Told):
    programme_id = fields.String()
    name_ko = fields.String()
    district = fields.String(allow_none=True)


class Report(Paged):
    programme_id = fields.String()
    name_ko = fields.String()
    year = fields.Integer(allow_none=True)
    as_of = fields.String(allow_none=True)
    named_programmes = fields.Integer()
    claimed_programmes = fields.Integer(allow_none=True)
    named_districts = fields.Integer()
    claimed_districts = fields.Integer(allow_none=True)
    reported = fields.Nested(Figure, allow_none=True, metadata={"description": "발표 합계"})
    itemised = fields.Nested(Itemised, metadata={"description": "항목 합계 · never mixed with what was reported"})
    gap = fields.Integer(allow_none=True)
    trained_apart = fields.Nested(Apart)
    no_figure = fields.List(fields.Nested(Unknown), metadata={"description": "자료 없음 · not 0"})
    targets = fields.Dict(keys=fields.String(), values=fields.Nested(Promised))
    budget_krw = fields.Integer(allow_none=True)
    krw_per_job = fields.Integer(allow_none=True)


class SetWageFloor(Body):
    wage_floor = fields.String(required=True, validate=validate.OneOf(FLOORS))


@programmes.asks("GET", "/v1/programme-kinds", "사업 종류", told=Kinds, anyone=True)
def kinds() -> Any:
    """List the kinds of programmes that there are, and what each is judged by. Open to anyone."""
    return ask(SERVICE, "kinds")


@programmes.asks("POST", "/v1/tenants/<tenant>/programmes", "사업 올리기", body=LoadProgrammes, told=Loaded, acts=False)
def load(body: dict[str, Any], tenant: str) -> Any:
    """Load programmes (operator, officer). Rows that say the same as before change nothing."""
    return ask(SERVICE, "load", patience=LONG, tenant=tenant, **body)


@programmes.asks(
    "GET", "/v1/tenants/<tenant>/programmes", "사업 목록", query=WhichProgrammes, told=Programmes, anyone=True
)
def list_programmes(query: dict[str, Any], tenant: str) -> Any:
    """List a tenant's programmes by code, or those under an umbrella. Open to anyone."""
    return ask(SERVICE, "list", tenant=tenant, **query)


@programmes.asks("GET", "/v1/programmes/<programme_id>", "사업 보기", told=Programme, anyone=True)
def get_programme(programme_id: str) -> Any:
    """Show a programme. Open to anyone."""
    return ask(SERVICE, "get", programme_id=programme_id)


@programmes.asks(
    "PUT", "/v1/programmes/<programme_id>/wage-floor", "임금 하한 정하기", body=SetWageFloor, told=Programme
)
def set_wage_floor(body: dict[str, Any], programme_id: str) -> Any:
    """Set which wage floor a programme's openings keep (officer)."""
    return act(SERVICE, "set_wage_floor", programme_id=programme_id, **body)


@programmes.asks("PUT", "/v1/programmes/<programme_id>/flags", "사업 성격 정하기", body=SetFlags, told=Programme)
def set_flags(body: dict[str, Any], programme_id: str) -> Any:
    """Say whether it is a direct job, what its participants are, whether it is a pilot (officer); the rest stays."""
    return act(SERVICE, "set_flags", programme_id=programme_id, **body)


@programmes.asks("PUT", "/v1/programmes/<programme_id>/hosts", "모집할 시설 정하기", body=SetHosts, told=Programme)
def set_hosts(body: dict[str, Any], programme_id: str) -> Any:
    """Say which hosts may publish its openings (officer): all of them, those before are replaced."""
    return act(SERVICE, "set_hosts", programme_id=programme_id, **body)


@programmes.asks(
    "PUT", "/v1/programmes/<programme_id>/target-groups", "대상 집단 정하기", body=SetTargetGroups, told=Programme
)
def set_target_groups(body: dict[str, Any], programme_id: str) -> Any:
    """Say whom it is for, and by what law (officer)."""
    return act(SERVICE, "set_target_groups", programme_id=programme_id, **body)


@programmes.asks("PUT", "/v1/programmes/<programme_id>/tags", "함께 보일 상위 사업", body=SetTags, told=Programme)
def set_tags(body: dict[str, Any], programme_id: str) -> Any:
    """Say under which further umbrellas it appears (officer)."""
    return act(SERVICE, "set_tags", programme_id=programme_id, **body)


@programmes.asks(
    "PUT", "/v1/programmes/<programme_id>/targets/<measure>", "목표 정하기", body=SetTarget, told=TargetTold
)
def set_target(body: dict[str, Any], programme_id: str, measure: str) -> Any:
    """Set what it promises to reach from today on (officer): ``jobs``, ``people``, ``trained``, ``sessions``, ``sites``."""
    return act(SERVICE, "set_target", programme_id=programme_id, measure=measure, **body)


@programmes.asks(
    "POST", "/v1/programmes/<programme_id>/figures", "발표된 수치 적기", body=ReportFigure, told=FigureTold, status=201
)
def report_figure(body: dict[str, Any], programme_id: str) -> Any:
    """Enter a figure that a source published (officer); it never enters a sum of ours."""
    return act(SERVICE, "report_figure", programme_id=programme_id, **body), 201


@programmes.asks(
    "GET", "/v1/programmes/<programme_id>/figures", "발표된 수치", query=WhichPublished, told=PublishedFigures, anyone=True
)
def published_figures(query: dict[str, Any], programme_id: str) -> Any:
    """List what was published of a programme, by measure and day. Open to anyone."""
    return ask(SERVICE, "figures", programme_id=programme_id, **query)


@programmes.asks(
    "GET", "/v1/programmes/<programme_id>/report", "상위 사업 현황", query=WhichReport, told=Report, anyone=True
)
def report(query: dict[str, Any], programme_id: str) -> Any:
    """Show an umbrella's dashboard: what was reported beside what its programmes itemise. Open to anyone."""
    return ask(SERVICE, "report", programme_id=programme_id, **query)
