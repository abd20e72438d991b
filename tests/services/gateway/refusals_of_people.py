"""Who is refused at the addresses of residents, letters, figures, programmes and work."""

from __future__ import annotations

from tests.services.gateway.neighbourhood import (
    BYEOL,
    EUNHA,
    HOST,
    OFFICER,
    OPERATOR,
    OTHER_HOST,
    OTHER_TOWN,
    TENANT,
)
from tests.services.gateway.refusals import (
    COUNT,
    FAR,
    NEAR,
    NOBODY,
    OFFICERS,
    OPERATORS,
    OWN,
    OWN_OR_OFFICER,
    PARTY,
    PLAN,
    REGISTRY,
    SHEET,
    STRANGERS,
    R,
    Rows,
)
from tests.services.gateway.twins import an_opening
from tests.services.placement.office import a_row

#: By route.
PEOPLE: Rows = {
    # Residents
    "POST /v1/residents": (
        "/v1/residents",
        {
            "resident_id": "res-다른",
            "name": "다른",
            "over_14": True,
            "consents": [{"purpose": "service", "text_version": "2026-01"}],
        },
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed"},
    ),
    "GET /v1/residents/<resident_id>": (f"/v1/residents/{R}", {}, REGISTRY),
    "PATCH /v1/residents/<resident_id>": (f"/v1/residents/{R}", {"name": "은하"}, REGISTRY),
    "PUT /v1/residents/<resident_id>/home": (f"/v1/residents/{R}/home", {"lat": 35.1, "lon": 126.7}, REGISTRY),
    "PUT /v1/residents/<resident_id>/consents/<purpose>": (
        f"/v1/residents/{R}/consents/location",
        {"text_version": "2026-01"},
        REGISTRY,
    ),
    "GET /v1/residents/<resident_id>/consents/<purpose>": (f"/v1/residents/{R}/consents/location", {}, OWN),
    "POST /v1/residents/<resident_id>/consents/<purpose>/withdraw": (
        f"/v1/residents/{R}/consents/location/withdraw",
        {"text_version": "2026-01"},
        REGISTRY,
    ),
    "GET /v1/residents/<resident_id>/location-records": (f"/v1/residents/{R}/location-records", {}, REGISTRY),
    "GET /v1/residents/<resident_id>/interests": (f"/v1/residents/{R}/interests", {}, REGISTRY),
    "PUT /v1/residents/<resident_id>/interests/<interest_id>": (
        f"/v1/residents/{R}/interests/{R}:home",
        NEAR,
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "DELETE /v1/interests/<interest_id>": (
        f"/v1/interests/{R}:home",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "DELETE /v1/residents/<resident_id>/groups/<group>": (
        f"/v1/residents/{R}/groups/youth",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OFFICER: "role_not_allowed"},
    ),
    # Letters and figures
    "GET /v1/residents/<resident_id>/letters": (f"/v1/residents/{R}/letters", {}, OWN),
    "GET /v1/letters/<letter_id>": (
        "/v1/letters/LETTER",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OFFICER: "role_not_allowed", FAR: "other_tenant"},
    ),
    "POST /v1/letters/<letter_id>/resend": ("/v1/letters/LETTER/resend", {}, {**OPERATORS, FAR: "other_tenant"}),
    "GET /v1/letters/counts": (
        "/v1/letters/counts?about=opn-1",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", **STRANGERS},
    ),
    "GET /v1/letters": (f"/v1/letters?event_key={'0' * 32}", {}, OPERATORS),
    "GET /v1/tenants/<tenant>/archive/count": (
        f"/v1/tenants/{TENANT}/archive/count",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "GET /v1/archive/events/<event_id>": ("/v1/archive/events/opn-1.1.0", {}, OPERATORS),
    "POST /v1/figures/rebuild": ("/v1/figures/rebuild", {"tenant": TENANT}, {**OPERATORS, FAR: "other_tenant"}),
    # Tenants and programmes
    "POST /v1/tenants": ("/v1/tenants", {"tenant": "bukgu", "name": "북구"}, {**OPERATORS, OPERATOR: "other_tenant"}),
    "POST /v1/tenants/<tenant>/close": (f"/v1/tenants/{TENANT}/close", {}, {**OPERATORS, FAR: "other_tenant"}),
    "POST /v1/tenants/<tenant>/programmes": (
        f"/v1/tenants/{TENANT}/programmes",
        {"programmes": [a_row()]},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", FAR: "other_tenant"},
    ),
    "GET /v1/tenants/<tenant>/ledger/check": (
        f"/v1/tenants/{TENANT}/ledger/check",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    # Organisations, agreements, calls
    "POST /v1/organisations/<organisation_id>/lines": ("/v1/organisations/gwangsan:bori/lines", {"name": "돌봄"}, OFFICERS),
    "POST /v1/organisations/<organisation_id>/facilities": (
        "/v1/organisations/gwangsan:bori/facilities",
        {"name": "별빛 경로당", "operator_kind": "entrusted"},
        OFFICERS,
    ),
    "POST /v1/organisations/<organisation_id>/counts": ("/v1/organisations/gwangsan:bori/counts", COUNT, OFFICERS),
    "POST /v1/agreements/<agreement_id>/partners": ("/v1/agreements/agr-1/partners", PARTY, OFFICERS),
    "POST /v1/agreements/<agreement_id>/partners/remove": (
        "/v1/agreements/agr-1/partners/remove",
        {"name": "은하수 마을회"},
        OFFICERS,
    ),
    "POST /v1/agreements/<agreement_id>/end": (
        "/v1/agreements/agr-1/end",
        {"day": "2026-11-21", "reason": "사업 종료"},
        OFFICERS,
    ),
    "POST /v1/calls/<call_id>/close": (
        "/v1/calls/call-1/close",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant", OFFICER: "city_officer_needed"},
    ),
    "GET /v1/calls/<call_id>/proposals": (
        "/v1/calls/call-1/proposals",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "PUT /v1/proposals/<proposal_id>": ("/v1/proposals/pro-1", PLAN, OFFICERS),
    "POST /v1/proposals/<proposal_id>/withdraw": ("/v1/proposals/pro-1/withdraw", {}, OFFICERS),
    # Openings, applications, attendance, evaluations
    "POST /v1/openings/<opening_id>/applications": (
        "/v1/openings/opn-1/applications",
        {},
        {**NOBODY, HOST: "role_not_allowed", OPERATOR: "role_not_allowed"},
    ),
    "POST /v1/openings": (
        "/v1/openings",
        an_opening(),
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "host_not_of_programme", **STRANGERS},
    ),
    "GET /v1/openings/<opening_id>/applications": ("/v1/openings/opn-1/applications", {}, OFFICERS),
    "POST /v1/openings/<opening_id>/placements": ("/v1/openings/opn-1/placements", {"resident_id": R}, OFFICERS),
    "POST /v1/openings/<opening_id>/placements/<resident_id>/release": (
        f"/v1/openings/opn-1/placements/{R}/release",
        {},
        OFFICERS,
    ),
    "POST /v1/openings/<opening_id>/close": ("/v1/openings/opn-1/close", {}, OFFICERS),
    "POST /v1/openings/<opening_id>/cancel": ("/v1/openings/opn-1/cancel", {"reason": "시설 사정"}, OFFICERS),
    "GET /v1/residents/<resident_id>/applications": (
        f"/v1/residents/{R}/applications",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed"},
    ),
    "POST /v1/applications/<application_id>/withdraw": (f"/v1/applications/opn-1:{R}/withdraw", {}, OWN_OR_OFFICER),
    "POST /v1/applications/<application_id>/not-select": (f"/v1/applications/opn-1:{R}/not-select", {}, OFFICERS),
    "POST /v1/applications/<application_id>/offer/decline": (f"/v1/applications/opn-1:{R}/offer/decline", {}, OWN_OR_OFFICER),
    "POST /v1/attendance/<attendance_id>/check-out": (
        f"/v1/attendance/{SHEET}/check-out",
        {"code": "000000"},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed", OFFICER: "role_not_allowed"},
    ),
    "POST /v1/attendance/<attendance_id>/dispute": (
        f"/v1/attendance/{SHEET}/dispute",
        {"text": "세 시간 일했습니다."},
        {**NOBODY, BYEOL: "only_for_oneself", OTHER_HOST: "not_your_opening", OFFICER: "role_not_allowed"},
    ),
    "POST /v1/attendance/<attendance_id>/excuse": (f"/v1/attendance/{SHEET}/excuse", {"reason": "병원 진료"}, OFFICERS),
    "GET /v1/residents/<resident_id>/attendance": (
        f"/v1/residents/{R}/attendance",
        {},
        {**NOBODY, BYEOL: "only_for_oneself", HOST: "role_not_allowed"},
    ),
    "GET /v1/evaluations": ("/v1/evaluations?side=resident", {}, {**NOBODY, OPERATOR: "role_not_allowed"}),
    "GET /v1/evaluations/owed": (
        "/v1/evaluations/owed?side=host",
        {},
        {**NOBODY, **dict.fromkeys((EUNHA, OFFICER, OPERATOR), "role_not_allowed")},
    ),
    "GET /v1/tasks": ("/v1/tasks", {}, {**NOBODY, OPERATOR: "role_not_allowed"}),
    "POST /v1/evaluations/<placement_id>/appeal": (
        f"/v1/evaluations/opn-1:{R}:1/appeal",
        {"side": "resident", "reason": "사실과 다릅니다."},
        NOBODY,
    ),
    "GET /v1/tenants/<tenant>/evaluation-appeals": (
        f"/v1/tenants/{TENANT}/evaluation-appeals",
        {},
        {**NOBODY, EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"},
    ),
    "GET /v1/openings/<opening_id>/workplace": ("/v1/openings/opn-1/workplace", {}, NOBODY),
    "GET /v1/tenants/<tenant>": (f"/v1/tenants/{TENANT}", {}, NOBODY),
}

#: Whose refusals stand where what they are about is made: pay, batches, selection and the like in ``test_work_access``,
#: programmes, budgets, proposals and agreements in ``test_programmes_door``, publishers in ``test_events_in``, what a case
#: needs in ``tests/services/spaces/cases``.
ELSEWHERE_TOLD = {
    "POST /events",
    *(f"{method} /v1/cases/<case_id>{path}" for method, path in [("GET", ""), ("POST", "/decide")]),
    *(f"POST /v1/cases/<case_id>/{verb}" for verb in ("alternative", "decline")),
    *(f"GET /v1/batches/<batch_id>{path}" for path in ("", "/file", "/rows")),
    *(f"POST /v1/batches/<batch_id>/{verb}" for verb in ("approve", "cancel", "filed", "returns")),
    *(f"POST /v1/batches/<batch_id>/rows/<pay_month_id>/{verb}" for verb in ("drop", "returned")),
    "POST /v1/batches",
    *(f"GET /v1/programmes/<programme_id>/{path}" for path in ("batches", "budget", "pay-check", "pay-months")),
    "GET /v1/programmes/<programme_id>/pay-months/flagged",
    *(f"POST /v1/programmes/<programme_id>/{path}" for path in ("appropriations", "figures")),
    *(f"PUT /v1/programmes/<programme_id>/{path}" for path in ("budget", "flags", "hosts", "tags", "target-groups")),
    *(f"PUT /v1/programmes/<programme_id>/{path}" for path in ("targets/<measure>", "wage-floor")),
    "GET /v1/pay-months/<pay_month_id>",
    *(f"POST /v1/pay-months/<pay_month_id>/{verb}" for verb in ("paid-back", "recover", "recover/lift")),
    *(f"{method} /v1/residents/<resident_id>/account" for method in ("GET", "PUT", "DELETE")),
    *(f"GET /v1/residents/<resident_id>/{path}" for path in ("groups", "pay", "profile", "profile/export")),
    *(f"GET /v1/residents/<resident_id>/participation{path}" for path in ("", "/check", "/overlapping")),
    *(f"POST /v1/residents/<resident_id>/participation/outside{path}" for path in ("", "/<key>/retract")),
    "PUT /v1/residents/<resident_id>/groups/<group>",
    "POST /v1/residents/<resident_id>/groups/<group>/verify",
    "GET /v1/applications/<application_id>/why",
    "POST /v1/applications/<application_id>/offer/accept",
    "GET /v1/attendance/<attendance_id>",
    *(f"POST /v1/attendance/<attendance_id>/{verb}" for verb in ("answer", "check-in", "confirm", "correct", "witness")),
    *(f"GET /v1/openings/<opening_id>/{path}" for path in ("attendance", "attendance-code", "quote", "ranking")),
    *(f"POST /v1/openings/<opening_id>/{path}" for path in ("attendance-code/change", "rank")),
    "GET /v1/hosts/<host>/openings",
    *(f"{method} /v1/evaluations/<placement_id>" for method in ("GET", "POST")),
    "POST /v1/evaluations/<placement_id>/appeal/answer",
    "GET /v1/tenants/<tenant>/attendance/disputes",
    "GET /v1/tenants/<tenant>/ledger",
    "POST /v1/tenants/<tenant>/organisations",
    "POST /v1/agreements",
    "POST /v1/agreements/<agreement_id>/sign",
    "POST /v1/calls",
    "POST /v1/proposals",
    "GET /v1/proposals/<proposal_id>",
    "PUT /v1/proposals/<proposal_id>/review",
    "POST /v1/proposals/<proposal_id>/decision",
}
