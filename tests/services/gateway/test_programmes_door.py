"""What the API of programmes, proposals, agreements, budgets and figures promises, to each role, and that files open."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import Workbook, load_workbook

from services.placement.service import SERVICES as PLACEMENT
from services.statistics.service import SERVICES as STATISTICS
from services.statistics.service import build
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.events.placement import OPENING_PUBLISHED, PLACEMENT_SELECTED
from tests.services.facts import said
from tests.services.gateway.hosted import Hosted, a_door_to
from tests.services.gateway.twins import OFFICER, RESIDENT, Asked, Door, a_gateway

CITY = Actor("officer-하늘", frozenset({"officer"}), "gwangsan")
OPERATOR = Actor("operator-한빛", frozenset({"operator"}), "gwangsan")
HOST = Actor("host-별빛", frozenset({"host"}), "gwangsan")
#: Of another district of the same tenant, and of another tenant.
NEIGHBOUR = Actor("officer-새봄", frozenset({"officer"}), "gwangsan", frozenset({"29170"}))
STRANGER = Actor("officer-먼곳", frozenset({"officer"}), "bukgu")
PROGRAMME = "/v1/programmes/gwangsan:gs-meals"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS = [
    {"id": "gs-umbrella", "name_ko": "광산 상생", "kind": "umbrella", "role": "hosted", "municipality": "광주광역시"},
    {
        "id": "gs-meals",
        "name_ko": "경로당 식사 보조",
        "kind": "job_matching",
        "role": "hosted",
        "parent": "gs-umbrella",
        "municipality": "광주광역시",
        "district": "광산구",
        "district_code": "29200",
    },
]


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object."""
    return a_gateway(tmp_path)


@pytest.fixture
def hall(tmp_path: Path) -> Door:
    """The door of a town hall: placement really is behind it, with a tenant and two programmes."""
    hall = a_door_to(tmp_path, PLACEMENT, name="placement")
    assert hall.post("/v1/tenants", by=OPERATOR, json={"tenant": "gwangsan", "name": "광산구"}).status_code == 201
    assert hall.post("/v1/tenants/gwangsan/programmes", by=OPERATOR, json={"programmes": ROWS}).json["loaded"] == 2
    return hall


def the_call(door: Door) -> Asked:
    (asked,) = door.asked
    return asked


# One call a view


@pytest.mark.parametrize(
    ("method", "path", "body", "service", "named"),
    [
        ("PUT", f"{PROGRAMME}/flags", {"direct_job": True}, "programmes.set_flags", {"direct_job": True}),
        ("PUT", f"{PROGRAMME}/hosts", {"hosts": ["host-1"]}, "programmes.set_hosts", {"hosts": ["host-1"]}),
        ("PUT", f"{PROGRAMME}/tags", {"tags": ["gs-x"]}, "programmes.set_tags", {"tags": ["gs-x"]}),
        (
            "PUT",
            f"{PROGRAMME}/target-groups",
            {"target_groups": [{"code": "elder", "name_ko": "어르신", "legal_basis": None}]},
            "programmes.set_target_groups",
            {"programme_id": "gwangsan:gs-meals"},
        ),
        (
            "PUT",
            f"{PROGRAMME}/targets/jobs",
            {"value": 400, "qualifier": "about"},
            "programmes.set_target",
            {"measure": "jobs", "value": 400, "qualifier": "about"},
        ),
        (
            "POST",
            f"{PROGRAMME}/figures",
            {"measure": "people_placed", "value": 142, "source": "보도자료", "as_of": "2019-08-31"},
            "programmes.report_figure",
            {"value": 142, "as_of": "2019-08-31"},
        ),
        (
            "POST",
            f"{PROGRAMME}/appropriations",
            {"funder": "city", "won": -5, "day": "2026-11-22"},
            "budgets.appropriate",
            {"won": -5, "day": "2026-11-22"},
        ),
        ("POST", "/v1/organisations/gwangsan:bori/lines", {"name": "돌봄"}, "organisations.add_line", {"name": "돌봄"}),
        (
            "POST",
            "/v1/organisations/gwangsan:bori/facilities",
            {"name": "별빛 경로당", "operator_kind": "entrusted"},
            "organisations.add_facility",
            {"operator_kind": "entrusted"},
        ),
        ("POST", "/v1/calls/call-1/close", None, "calls.close", {"call_id": "call-1"}),
        ("POST", "/v1/proposals/pro-1/withdraw", None, "proposals.withdraw", {"proposal_id": "pro-1"}),
        (
            "PUT",
            "/v1/proposals/pro-1/review",
            {"scores": {"need": 80}, "comment": "좋습니다."},
            "proposals.review",
            {"scores": {"need": 80}},
        ),
        (
            "POST",
            "/v1/proposals/pro-1/decision",
            {"outcome": "selected", "reason": "가장 필요함"},
            "proposals.decide",
            {"outcome": "selected"},
        ),
        ("POST", "/v1/agreements/agr-1/partners", {"name": "마을회", "does": "장소"}, "agreements.add_partner", {}),
        ("POST", "/v1/agreements/agr-1/partners/remove", {"name": "마을회"}, "agreements.remove_partner", {}),
        ("POST", "/v1/agreements/agr-1/sign", {"day": "2026-11-22"}, "agreements.sign", {"day": "2026-11-22"}),
        ("POST", "/v1/agreements/agr-1/end", {"day": "2026-11-22", "reason": "끝"}, "agreements.end", {"reason": "끝"}),
    ],
)
def test_an_act_is_one_call_under_the_acts_id(
    door: Door, method: str, path: str, body: Any, service: str, named: dict[str, Any]
) -> None:
    answer = door.ask(method, path, by=OFFICER, json=body, headers={"Idempotency-Key": "1"})

    assert answer.status_code in (200, 201), answer.json
    asked = the_call(door)
    assert asked.method == f"placement_{service}"
    assert asked.named["act_id"] == "officer-다온:1"
    assert named.items() <= asked.named.items()


@pytest.mark.parametrize(
    ("path", "body", "prefix"),
    [
        (
            "/v1/calls",
            {
                "programme_id": "gwangsan:gs-umbrella",
                "year": 2027,
                "title": "2027년 공모",
                "opens_at": "2026-12-01T09:00:00+09:00",
                "closes_at": "2026-12-31T18:00:00+09:00",
                "fields": ["돌봄"],
                "criteria": [{"code": "need", "name_ko": "필요성"}],
                "reviews_needed": 1,
            },
            "call",
        ),
        (
            "/v1/proposals",
            {
                "call_id": "call-1",
                "district": "29200",
                "title": "경로당 식사 보조",
                "summary": "이웃이 돕습니다.",
                "field": "돌봄",
                "kind": "job_matching",
                "won": 30_000_000,
            },
            "pro",
        ),
        ("/v1/agreements", {"programme_id": "gwangsan:gs-meals", "title": "협약"}, "agr"),
    ],
)
def test_what_is_made_twice_under_one_key_is_the_same(door: Door, path: str, body: Any, prefix: str) -> None:
    told = [door.post(path, by=OFFICER, json=body, headers={"Idempotency-Key": "1"}) for _ in range(2)]

    first, second = door.asked
    assert first.named == second.named
    assert told[0].status_code == 201
    assert told[0].headers["Location"].startswith(f"{path}/{prefix}-")
    assert {"fields"} & body.keys() <= first.named.keys()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/programme-kinds", "programmes.kinds"),
        (f"{PROGRAMME}/figures?limit=5", "programmes.figures"),
        (f"{PROGRAMME}/report?as_of=2019-12-31", "programmes.report"),
        (f"{PROGRAMME}/money", "budgets.published"),
        (f"{PROGRAMME}/agreements", "agreements.list"),
        ("/v1/tenants/gwangsan/programmes?under=gs-umbrella&limit=10", "programmes.list"),
        ("/v1/tenants/gwangsan/organisations?kind=cooperative", "organisations.list"),
        ("/v1/organisations/gwangsan:bori?on=2025-12-31", "organisations.get"),
        ("/v1/organisations/gwangsan:bori/counts?measure=members", "organisations.counts"),
        ("/v1/calls/call-1", "calls.get"),
        ("/v1/tenants/gwangsan/calls", "calls.list"),
        ("/v1/agreements/agr-1", "agreements.get"),
    ],
)
def test_what_is_for_everybody_needs_no_token(door: Door, path: str, service: str) -> None:
    assert door.get(path).status_code == 200
    asked = the_call(door)
    assert (asked.method, asked.token) == (f"placement_{service}", None)


@pytest.mark.parametrize(
    "path",
    [
        f"{PROGRAMME}/budget",
        "/v1/tenants/gwangsan/ledger?by=dong&district=29200",
        "/v1/tenants/gwangsan/ledger/check",
        "/v1/calls/call-1/proposals?state=submitted",
        "/v1/proposals/pro-1",
    ],
)
def test_what_officers_alone_may_read_needs_a_token_and_is_not_kept_by_a_proxy(door: Door, path: str) -> None:
    assert door.get(path).status_code == 401
    assert not door.asked

    assert door.get(path, by=OFFICER).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", f"{PROGRAMME}/flags", {"direct_job": "yes"}, "direct_job"),
        ("PUT", f"{PROGRAMME}/flags", {"engagement": "slavery"}, "engagement"),
        ("PUT", f"{PROGRAMME}/target-groups", {"target_groups": [{"code": "elder"}]}, "target_groups.0.name_ko"),
        ("PUT", f"{PROGRAMME}/targets/jobs", {"value": "400"}, "value"),
        ("POST", f"{PROGRAMME}/figures", {"measure": "jobs", "value": 1, "source": "x"}, "measure"),
        ("POST", f"{PROGRAMME}/appropriations", {"funder": "me", "won": 1, "day": "2026-11-22"}, "funder"),
        ("POST", "/v1/proposals/pro-1/decision", {"outcome": "selected", "reason": "", "funders": {"city": -1}}, "reason"),
        ("PUT", "/v1/proposals/pro-1/review", {"scores": {"need": 101}, "comment": ""}, "scores.need.value"),
        ("POST", "/v1/agreements/agr-1/sign", {"day": "2026-11-22", "documents": ["not a hash"]}, "documents.0"),
    ],
)
def test_wrong_input_names_the_field(door: Door, method: str, path: str, body: dict[str, Any], field: str) -> None:
    answer = door.ask(method, path, by=OFFICER, json=body)

    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert not door.asked


# Programmes, with placement behind the door


def test_a_programme_shows_its_district_under_the_name_it_has(hall: Door) -> None:
    told = hall.get(PROGRAMME).json

    assert told["district"]["code"] == "29200"
    assert told["district"]["name"] == "광산구"
    assert told["row"]["municipality"] == "광주광역시"
    described = hall.get("/openapi.json").json["components"]["schemas"]
    assert set(told) <= set(described["Programme"]["properties"])
    assert described["Programme"]["properties"]["district"].keys() & {"$ref", "allOf"}


@pytest.mark.parametrize(
    ("who", "status"),
    [(OFFICER, 200), (CITY, 200), (OPERATOR, 200), (NEIGHBOUR, 403), (STRANGER, 403), (HOST, 403), (RESIDENT, 403)],
    ids=lambda one: getattr(one, "subject", one),
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{PROGRAMME}/flags", {"direct_job": True, "engagement": "employment"}),
        ("PUT", f"{PROGRAMME}/hosts", {"hosts": ["host-별빛"]}),
        ("PUT", f"{PROGRAMME}/tags", {"tags": ["gs-umbrella"]}),
        ("PUT", f"{PROGRAMME}/target-groups", {"target_groups": [{"code": "elder", "name_ko": "어르신"}]}),
        ("PUT", f"{PROGRAMME}/targets/jobs", {"value": 400}),
        ("PUT", f"{PROGRAMME}/wage-floor", {"wage_floor": "living"}),
        ("POST", f"{PROGRAMME}/figures", {"measure": "jobs_created", "value": 9, "source": "보도자료"}),
        ("POST", f"{PROGRAMME}/appropriations", {"funder": "city", "won": 1_000, "day": "2026-11-22"}),
        ("PUT", f"{PROGRAMME}/budget", {"total": 1_000}),
        ("GET", f"{PROGRAMME}/budget", None),
    ],
)
def test_who_may_act_on_a_programme(
    hall: Door, method: str, path: str, body: Any, who: Actor, status: int
) -> None:
    answer = hall.ask(method, path, by=who, json=body)

    assert (answer.status_code if answer.status_code != 201 else 200) == status, answer.json
    if status == 403:
        assert answer.json["fix"]
        assert answer.json["fix_en"]


def test_what_officers_decide_is_read_back_by_anyone(hall: Door) -> None:
    hall.ask("PUT", f"{PROGRAMME}/flags", by=OFFICER, json={"direct_job": True, "pilot": True})
    hall.ask("PUT", f"{PROGRAMME}/tags", by=OFFICER, json={"tags": ["gs-umbrella"]})
    hall.ask("PUT", f"{PROGRAMME}/targets/people", by=OFFICER, json={"value": 30, "qualifier": "at_least"})
    figure = {"measure": "people_placed", "value": 9, "as_of": "2026-10-31", "source": "광산구 보도자료"}
    hall.post(f"{PROGRAMME}/figures", by=OFFICER, json=figure)
    hall.post(f"{PROGRAMME}/appropriations", by=OFFICER, json={"funder": "district", "won": 500, "day": "2026-11-22"})

    told = hall.get(PROGRAMME).json
    assert (told["direct_job"], told["pilot"], told["tags"]) == (True, True, ["gs-umbrella"])
    assert told["targets"]["people"] == {"value": 30, "qualifier": "at_least"}
    assert hall.get(f"{PROGRAMME}/figures").json["figures"] == [{**figure, "qualifier": "exact"}]
    report = hall.get("/v1/programmes/gwangsan:gs-umbrella/report").json
    assert (report["reported"], report["itemised"]["value"]) == (None, 9), "reported and itemised are never mixed"
    assert hall.get(f"{PROGRAMME}/money").json["funders"] == {"district": 500}
    under = hall.get("/v1/tenants/gwangsan/programmes?under=gs-umbrella").json["programmes"]
    assert [one["code"] for one in under] == ["gs-meals"]
    assert {kind["code"] for kind in hall.get("/v1/programme-kinds").json["kinds"]} >= {"job_matching", "umbrella"}


def test_the_ledger_is_for_officers_and_one_of_a_district_sees_that(hall: Door) -> None:
    hall.ask("PUT", f"{PROGRAMME}/budget", by=OFFICER, json={"total": 1_000})

    assert hall.get("/v1/tenants/gwangsan/ledger", by=HOST).status_code == 403
    assert hall.get("/v1/tenants/gwangsan/ledger", by=STRANGER).status_code == 403
    assert hall.get("/v1/tenants/gwangsan/ledger", by=NEIGHBOUR).json["rows"] == []
    whole = hall.get("/v1/tenants/gwangsan/ledger", by=CITY).json
    assert [row["programme_id"] for row in whole["rows"]] == ["gwangsan:gs-umbrella", "gwangsan:gs-meals"]
    assert whole["rows"][0]["appropriated"] is None, "자료 없음"
    assert (whole["totals"]["known"]["balance"], whole["totals"]["unknown"]["programmes"]) == (1_000, 1)
    mine = hall.get("/v1/tenants/gwangsan/ledger?by=district", by=OFFICER).json
    assert [row["district"] for row in mine["rows"]] == ["29200"]
    assert hall.get("/v1/tenants/gwangsan/ledger/check", by=OFFICER).json["balanced"] is True


def test_an_organisation_is_registered_counted_and_read_by_anyone(hall: Door) -> None:
    body = {"code": "bori", "name": "은하수 마을 협동조합", "kind": "cooperative", "district": "29200"}
    for who in (NEIGHBOUR, STRANGER, HOST, RESIDENT):
        assert hall.post("/v1/tenants/gwangsan/organisations", by=who, json=body).status_code == 403
    made = hall.post("/v1/tenants/gwangsan/organisations", by=OFFICER, json=body)
    path = made.headers["Location"]
    hall.post(f"{path}/lines", by=OFFICER, json={"name": "돌봄", "since": "2020-03-01"})
    for day, value in (("2013-06-01", 6), ("2025-12-31", 100)):
        count = {"measure": "members", "value": value, "as_of": day, "source": "총회 자료"}
        assert hall.post(f"{path}/counts", by=OFFICER, json=count).status_code == 201

    assert (made.status_code, path) == (201, "/v1/organisations/gwangsan:bori")
    told = hall.get(f"{path}?on=2020-01-01").json
    assert (told["counts"]["members"]["value"], told["counts"]["workers"]) == (6, None)
    assert [row["value"] for row in hall.get(f"{path}/counts?measure=members").json["counts"]] == [6, 100]
    assert [one["organisation_id"] for one in hall.get("/v1/tenants/gwangsan/organisations").json["organisations"]] == [
        "gwangsan:bori"
    ]


def test_a_proposal_goes_from_its_district_to_the_city_and_nobody_reviews_their_own(hall: Door) -> None:
    clock = hall.ports.clock
    assert isinstance(clock, StoppedClock)
    call = {
        "call_id": "call-2027",
        "programme_id": "gwangsan:gs-umbrella",
        "year": 2027,
        "title": "2027년 상향적 일자리 제안 공모",
        "opens_at": "2026-11-22T09:00:00+09:00",
        "closes_at": "2026-12-22T18:00:00+09:00",
        "fields": ["돌봄"],
        "criteria": [{"code": "need", "name_ko": "필요성"}],
        "reviews_needed": 1,
    }
    plan = {
        "title": "경로당 식사 보조",
        "summary": "이웃이 돕습니다.",
        "field": "돌봄",
        "kind": "job_matching",
        "won": 30_000_000,
        "targets": {"jobs": 30},
        "civil_body": "은하수 마을회",
    }
    submit = {**plan, "proposal_id": "pro-meals", "code": "gs-meals-2027", "call_id": "call-2027", "district": "29200"}

    refused = hall.post("/v1/calls", by=OFFICER, json=call)
    assert (refused.status_code, refused.json["code"]) == (403, "city_officer_needed")
    assert hall.post("/v1/calls", by=CITY, json=call).status_code == 201
    assert hall.get("/v1/calls/call-2027").json["fields"] == ["돌봄"]
    assert hall.post("/v1/proposals", by=NEIGHBOUR, json=submit).status_code == 403
    made = hall.post("/v1/proposals", by=OFFICER, json=submit)
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/proposals/pro-meals")
    changed = hall.ask("PUT", "/v1/proposals/pro-meals", by=OFFICER, json={**plan, "won": 20_000_000})
    assert changed.json["revision"] == 2
    assert hall.get("/v1/proposals/pro-meals", by=NEIGHBOUR).status_code == 403, "not while the call is open"
    assert hall.get("/v1/proposals/pro-meals", by=RESIDENT).status_code == 403

    assert hall.post("/v1/calls/call-2027/close", by=CITY).json["state"] == "closed"
    points = {"scores": {"need": 80}, "comment": "꼭 필요합니다."}
    own = hall.ask("PUT", "/v1/proposals/pro-meals/review", by=OFFICER, json=points)
    assert (own.status_code, own.json["code"]) == (403, "own_proposal")
    assert hall.ask("PUT", "/v1/proposals/pro-meals/review", by=NEIGHBOUR, json=points).json["reviews"] == 1
    decision = {"outcome": "selected", "reason": "가장 필요합니다."}
    assert hall.post("/v1/proposals/pro-meals/decision", by=OFFICER, json=decision).status_code == 403
    decided = hall.post("/v1/proposals/pro-meals/decision", by=CITY, json=decision)
    assert (decided.json["state"], decided.json["hosted_id"]) == ("selected", "gwangsan:gs-meals-2027")
    (row,) = hall.get("/v1/calls/call-2027/proposals", by=CITY).json["proposals"]
    assert (row["state"], row["won"], row["score"]) == ("selected", 20_000_000, "80.00")


def test_an_agreement_is_a_draft_for_officers_and_public_once_signed(hall: Door) -> None:
    party = {"name": "은하수 마을회", "does": "일할 곳을 내줍니다"}
    draft = {"agreement_id": "agr-1", "programme_id": "gwangsan:gs-meals", "title": "식사 보조 협약", "partners": [party]}
    assert hall.post("/v1/agreements", by=NEIGHBOUR, json=draft).status_code == 403
    assert hall.post("/v1/agreements", by=OFFICER, json=draft).status_code == 201

    assert hall.get("/v1/agreements/agr-1").status_code == 401
    assert hall.get(f"{PROGRAMME}/agreements").json["agreements"] == []
    assert hall.get("/v1/agreements/agr-1", by=RESIDENT).status_code == 403
    assert hall.get("/v1/agreements/agr-1", by=OFFICER).json["state"] == "draft"
    hall.post("/v1/agreements/agr-1/partners", by=OFFICER, json={"name": "광산구", "does": "예산"})
    assert hall.post("/v1/agreements/agr-1/partners/remove", by=OFFICER, json={"name": "광산구"}).json["partners"] == 1
    assert hall.post("/v1/agreements/agr-1/sign", by=HOST, json={"day": "2026-11-20"}).status_code == 403
    signed = {"day": "2026-11-20", "documents": ["0" * 64]}
    assert hall.post("/v1/agreements/agr-1/sign", by=OFFICER, json=signed).json["state"] == "signed"
    assert hall.get("/v1/agreements/agr-1").json["partners"] == [party]
    ended = hall.post("/v1/agreements/agr-1/end", by=OFFICER, json={"day": "2026-11-21", "reason": "사업 종료"})
    assert ended.json["state"] == "ended"


# Figures


def test_figures_are_asked_for_by_table_and_part_by_anyone(door: Door) -> None:
    door.get("/v1/tenants/gwangsan/figures?about=proposals&by=call&through=2026-11-22&limit=400")
    door.get("/v1/tenants/gwangsan/outcomes?umbrella=gwangsan:gs-umbrella&month=2026-11")

    first, second = door.asked
    assert (first.method, first.named["about"], first.named["by"]) == ("statistics_figures.figures", "proposals", "call")
    assert (second.method, second.named["umbrella"]) == ("statistics_figures.outcomes", "gwangsan:gs-umbrella")
    assert door.get("/v1/tenants/gwangsan/figures?about=weather").json["field"] == "about"


@pytest.fixture
def office(tmp_path: Path) -> Door:
    """The door of a town whose statistics really is behind it, with some facts of 700 programmes."""
    office = a_door_to(tmp_path, STATISTICS, name="statistics")
    hosted = office.ports.ask
    assert isinstance(hosted, Hosted)
    facts = [
        said(OPENING_PUBLISHED, f"p-{number}", tenant="gwangsan", programme_id=f"gwangsan:gs-{number:03d}")
        for number in range(700)
    ]
    build(hosted.town).keep([*facts, said(PLACEMENT_SELECTED, "s-1", tenant="gwangsan", programme_id="gwangsan:gs-000")])
    return office


FILE = "/v1/tenants/gwangsan/figures/file"


def test_a_csv_of_many_pages_is_one_file_that_adds_up(office: Door) -> None:
    answer = office.get(f"{FILE}?through=2026-11-30")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=gwangsan-jobs-2026-11-30.csv"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    head = next(number for number, line in enumerate(lines) if line[0] == "사업")
    rows, total = lines[head + 1 : -1], lines[-1]
    assert len(rows) == len({row[0] for row in rows}) == 700, "no row twice, none lost, one heading"
    assert total[0] == "합계"
    assert sum(int(row[3]) for row in rows) == int(total[3])


def test_a_workbook_is_opened_by_what_opens_workbooks(office: Door) -> None:
    answer = office.get(f"{FILE}?format=xlsx&programme_id=gwangsan:gs-000&through=2026-11-30")

    assert answer.content_type == XLSX
    assert "gwangsan-jobs-gwangsan-gs-000-2026-11-30.xlsx" in answer.headers["Content-Disposition"]
    page = load_workbook(io.BytesIO(answer.data)).active
    assert page is not None
    cells = [[cell.value for cell in row] for row in page.iter_rows()]
    assert cells[0][0] == "일자리 통계"
    assert cells[-1][0] == "합계"
    assert cells[-2][0] == "gwangsan:gs-000"


def test_a_workbook_that_would_not_hold_everything_is_refused_with_what_to_do(office: Door) -> None:
    answer = office.get(f"{FILE}?format=xlsx&through=2026-11-30")

    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, "figures_too_long", "format")
    assert "format=csv" in answer.json["fix"]
    assert "format=csv" in answer.json["fix_en"]


def test_json_of_many_pages_is_one_document(office: Door) -> None:
    answer = office.get(f"{FILE}?format=json&through=2026-11-30")

    assert answer.content_type == "application/json"
    told = orjson.loads(answer.data)
    assert (len(told["rows"]), told["cursor"]) == (700, None)
    assert sum(row["places"] for row in told["rows"]) == told["total"]["places"]
    assert told["total"]["filled"] == 1


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize(
    "about", ["jobs", "rooms", "programmes", "attendance", "pay", "groups", "trust", "proposals", "outcomes"]
)
def test_every_table_can_be_downloaded_in_every_format(office: Door, about: str, form: str) -> None:
    answer = office.get(f"{FILE}?about={about}&format={form}&programme_id=gwangsan:gs-000")

    assert answer.status_code == 200
    assert f"filename=gwangsan-{about}-gwangsan-gs-000-" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].endswith(f".{form}")


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("by=plan", "no_plans_there", "by"),
        ("about=jobs&by=call", "no_such_rows", "by"),
        ("umbrella=gwangsan:gs-umbrella", "umbrella_of_outcomes", "umbrella"),
        ("about=outcomes&umbrella=u&programme_id=p", "programme_or_umbrella", "umbrella"),
        ("known_at=2026-11-01T00:00:00%2B09:00", "month_or_programme_needed", "month"),
        ("format=pdf", "wrong_input", "format"),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_the_field(office: Door, query: str, code: str, field: str) -> None:
    answer = office.get(f"{FILE}?{query}")

    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, code, field)
    assert answer.json["fix"] != answer.json["fix_en"]


class Restless:
    """Figures of two pages that change so many times while they are read."""

    def __init__(self, times: int) -> None:
        self.times, self.total = times, 0

    def figures(self, **_asked: Any) -> dict[str, Any]:
        return {"total": {"places": self.total}}

    def export(self, *, cursor: str | None = None, **_asked: Any) -> dict[str, Any]:
        if cursor is not None and self.times:
            self.times, self.total = self.times - 1, self.total + 1
        text = f"{self.total}\r\n"
        page = {"name": "jobs_2026-11-22.csv", "media_type": "text/csv; charset=utf-8", "encoding": "text", "rows": 1}
        return {**page, "content": text, "cursor": None if cursor else "2"}


@pytest.mark.parametrize(("times", "status"), [(0, 200), (1, 200), (9, 503)])
def test_a_file_is_of_one_moment_or_not_told(tmp_path: Path, times: int, status: int) -> None:
    restless = Restless(times)
    door = a_gateway(
        tmp_path, {"statistics_figures.export": restless.export, "statistics_figures.figures": restless.figures}
    )

    answer = door.get(FILE)

    assert answer.status_code == status
    if status == 200:
        assert answer.data == f"{times}\r\n{times}\r\n".encode()


def test_a_workbook_crosses_as_text_and_arrives_as_bytes(tmp_path: Path) -> None:
    out = io.BytesIO()
    Workbook().save(out)
    told = {
        "name": "jobs_2026-11-22.xlsx",
        "media_type": XLSX,
        "encoding": "base64",
        "content": b64encode(out.getvalue()).decode(),
        "rows": 0,
        "cursor": None,
    }
    door = a_gateway(tmp_path, {"statistics_figures.export": told})

    assert door.get(f"{FILE}?format=xlsx").data == out.getvalue()


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    page = {"name": "n.csv", "media_type": "text/csv", "encoding": "text", "content": "1\r\n", "rows": 1, "cursor": "on"}
    door = a_gateway(tmp_path, {"statistics_figures.export": page, "statistics_figures.figures": {"total": {}}})

    answer = door.get(FILE)

    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, "figures_too_long", "month")
