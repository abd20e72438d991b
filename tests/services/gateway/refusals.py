"""Families of refusals: whom an address is for, and what everybody else is told. And what is asked there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.actors import Actor
from tests.services.gateway.neighbourhood import (
    BYEOL,
    DISTRICT,
    ELSEWHERE,
    EUNHA,
    HOST,
    OFFICER,
    OPERATOR,
    OTHER_HOST,
    OTHER_TOWN,
    PROGRAMME,
    TENANT,
    somebody,
)

Refusals = Mapping[Actor | None, str]
CITY = somebody("officer-시청", "officer")
#: A city that takes part in nothing here.
FAR = somebody("operator-전주", "operator", tenant="jeonju")
R, SHEET = EUNHA.subject, f"opn-1:{EUNHA.subject}:1:0"
NOBODY: Refusals = {None: "sign_in_needed"}
STRANGERS: Refusals = {ELSEWHERE: "other_district", OTHER_TOWN: "other_tenant"}
OFFICERS: Refusals = {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", **STRANGERS}
MANAGERS: Refusals = {**NOBODY, EUNHA: "role_not_allowed", OTHER_HOST: "not_your_facility", **STRANGERS}
OWN_OR_OFFICER: Refusals = {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", **STRANGERS}
OWN_OR_MANAGER: Refusals = {**NOBODY, BYEOL: "only_for_oneself", OTHER_HOST: "not_your_facility", **STRANGERS}
OWN: Refusals = {**NOBODY, BYEOL: "only_for_oneself", **dict.fromkeys((HOST, OFFICER, OPERATOR), "role_not_allowed")}
REGISTRY: Refusals = {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"}
OPERATORS: Refusals = {**NOBODY, **dict.fromkeys((EUNHA, HOST, OFFICER, OTHER_TOWN), "role_not_allowed")}
RESIDENTS: Refusals = {**NOBODY, **dict.fromkeys((HOST, OFFICER, OPERATOR), "role_not_allowed")}

SPAN = {"start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T12:00:00+09:00"}
WHEN = "start=2026-12-01T10:00:00%2B09:00&end=2026-12-01T12:00:00%2B09:00"
WEEK = [[{"open": "09:00", "close": "22:00"}]] * 7
TERMS = {"name": "한 달 열 시간", "kind": "hourly", "included_minutes": 600, "facility_ids": ["fac-1"], "most_members": 2}
OF_HERE = {"tenant": TENANT, "district": DISTRICT, "programme_id": PROGRAMME}
STRIKE = {"tenant": TENANT, "resident_id": R}
NEAR = {"lat": 35.14, "lon": 126.79, "radius": 700, "topics": ["jobs"]}
SET_ASIDE = {"district": DISTRICT, "programme_id": PROGRAMME, "rows": [{}], "dry_run": True}
PLAN = {
    "title": "경로당 식사 보조",
    "summary": "이웃이 돕습니다.",
    "field": "돌봄",
    "kind": "job_matching",
    "won": 1_000,
    "targets": {"jobs": 3},
    "civil_body": "은하수 마을회",
}
CALL = {
    "call_id": "call-1",
    "programme_id": PROGRAMME,
    "year": 2027,
    "title": "2027년 제안 공모",
    "opens_at": "2026-11-22T09:00:00+09:00",
    "closes_at": "2026-12-22T18:00:00+09:00",
    "fields": ["돌봄"],
    "criteria": [{"code": "need", "name_ko": "필요성"}],
    "reviews_needed": 1,
}
PARTY = {"name": "은하수 마을회", "does": "일할 곳을 내줍니다"}
COUNT = {"measure": "members", "value": 6, "as_of": "2025-12-31", "source": "총회 자료"}

#: By route: what is asked, with which body, and who is refused why.
Rows = dict[str, tuple[str, dict[str, Any], Refusals]]
