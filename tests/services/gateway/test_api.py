"""What the JSON API promises its callers, in front of twin services."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.gateway.api.health import SERVICES
from services.gateway.app import SUBJECTS, create_app
from shared.auth import Keys
from shared.clock import StoppedClock
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.messaging.rpc import RemoteFailure
from shared.trace import current_traceparent
from tests.services.gateway.twins import NOW, OFFICER, RESIDENT, Door, a_gateway, an_opening


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object."""
    return a_gateway(tmp_path)


def test_an_officer_publishes_an_opening_and_is_told_where_it_is(door: Door) -> None:
    answer = door.post("/v1/openings", by=OFFICER, json=an_opening(opening_id="opn-은하수"))

    assert answer.status_code == 201
    assert answer.headers["Location"] == "/v1/openings/opn-%EC%9D%80%ED%95%98%EC%88%98"
    (asked,) = door.asked
    assert asked.method == "placement_openings.publish"
    assert asked.named["opening_id"] == "opn-은하수"
    assert asked.named["mode"] == "officer"
    assert door.ports.keys.verify(asked.token, NOW) == OFFICER


def test_a_repeat_under_the_same_key_is_the_same_act_on_the_same_new_thing(door: Door) -> None:
    for _ in range(2):
        answer = door.post(
            "/v1/openings", by=OFFICER, json=an_opening(), headers={"Idempotency-Key": "첫".encode().hex()}
        )
        assert answer.headers["Idempotency-Key"] == "첫".encode().hex()

    first, second = door.asked
    assert first.named == second.named


def test_two_officers_who_call_their_act_the_same_do_two_acts(door: Door) -> None:
    other = type(OFFICER)("officer-새롬", OFFICER.roles, OFFICER.tenant, OFFICER.districts)
    for officer in (OFFICER, other):
        door.post("/v1/openings/opn-1/close", by=officer, headers={"Idempotency-Key": "1"})

    assert len({asked.named["act_id"] for asked in door.asked}) == 2


def test_without_a_key_each_request_is_an_act_of_its_own_and_its_key_is_told(door: Door) -> None:
    keys = {door.post("/v1/openings/opn-1/close", by=OFFICER).headers["Idempotency-Key"] for _ in range(2)}

    assert keys == {asked.named["act_id"] for asked in door.asked}
    assert len(keys) == 2


@pytest.mark.parametrize("key", ["", "두 낱말", "x" * 129])
def test_a_key_that_cannot_be_one_is_refused(door: Door, key: str) -> None:
    answer = door.post(
        "/v1/openings/opn-1/close", by=OFFICER, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )

    assert (answer.status_code, answer.json["field"]) == (400, "Idempotency-Key")
    assert not door.asked


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (an_opening(titel="오타"), "titel"),
        (an_opening(place={"name": "은하수 작은도서관", "address": "-", "lat": "북쪽", "lon": 126.8}), "place.lat"),
        (an_opening(shifts=[{"start": "2026-12-01T10:00:00+09:00"}]), "shifts.0.end"),
        (an_opening(places="셋"), "places"),
        (an_opening(places=3.0), "places"),
        ({**an_opening(), "deadline": None}, "deadline"),
    ],
)
def test_wrong_input_names_the_field_and_the_fix_in_korean_first(door: Door, body: Any, field: str) -> None:
    answer = door.post("/v1/openings", by=OFFICER, json=body)

    told = answer.json
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert (told["code"], told["field"]) == ("wrong_input", field)
    assert told["title"] == "입력을 확인해 주십시오"
    assert field in told["fix"]
    assert field in told["fix_en"]
    assert not door.asked


def test_a_misspelt_query_parameter_is_refused_by_name(door: Door) -> None:
    answer = door.get("/v1/tenants/gwangsan/openings/nearby?lat=35.1395&lon=126.7937&radus=700")

    assert (answer.status_code, answer.json["field"]) == (422, "radus")


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "malformed_json"),
        ({"data": '{"reason": NaN}', "content_type": "application/json"}, 400, "malformed_json"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400, "malformed_json"),
        ({"data": b'{"reason": "\xff"}', "content_type": "application/json"}, 400, "malformed_json"),
        ({"data": "reason=x", "content_type": "application/x-www-form-urlencoded"}, 415, "wrong_content_type"),
        ({"data": b"x" * 300_000, "content_type": "application/json"}, 413, "too_large"),
        ({"json": ["reason"]}, 422, "wrong_input"),
    ],
)
def test_a_body_that_is_no_request_is_refused_before_any_service_is_asked(
    door: Door, how: dict[str, Any], status: int, code: str
) -> None:
    answer = door.post("/v1/openings/opn-1/cancel", by=OFFICER, **how)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert not door.asked


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("no_place_left", field="opening_id"), 409),
        (Refused("role_not_allowed", field="token", needs=["officer"]), 403),
        (Refused("other_district", field="district", district="29170"), 403),
        (Refused("location_consent_needed", field="source"), 403),
        (Refused("below_wage_floor", field="hourly_won", least=10_320, kind="minimum", day="2026-12-01"), 422),
        (Refused("input_invalid", field="place.lat", why="Not a valid number."), 422),
        (Refused("act_id_reused", field="act_id", act_id="k"), 422),
        (Refused("token_expired", field="token"), 401),
        (NotFound("no_such_opening", field="opening_id"), 404),
        (Refused("id_taken", field="id", id="opn-1"), 409),
        (Conflict("changed_meanwhile", field="id", tries=8), 409),
        (Refused("a_code_nobody_wrote_down"), 409),
    ],
)
def test_what_a_service_refuses_is_told_as_a_problem_with_its_own_status(
    tmp_path: Path, error: Exception, status: int
) -> None:
    door = a_gateway(tmp_path, {"placement_openings.select": error})

    answer = door.post("/v1/openings/opn-1/placements", by=OFFICER, json={"resident_id": "res-1"})

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    for word in ("title", "detail", "fix"):
        assert answer.json[word]
        assert "{" not in answer.json[word] + answer.json[f"{word}_en"]


def test_the_wage_floor_is_told_in_won(tmp_path: Path) -> None:
    refusal = Refused("below_wage_floor", field="hourly_won", least=10_320, kind="minimum", day="2026-12-01", shift=0)
    door = a_gateway(tmp_path, {"placement_openings.publish": refusal})

    told = door.post("/v1/openings", by=OFFICER, json=an_opening(hourly_won=9_000)).json

    assert told["detail"] == "2026-12-01 근무의 하한은 시간당 10,320원입니다."
    assert told["field"] == "hourly_won"


def test_a_service_that_is_away_is_503_with_a_time_to_come_back(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"placement_openings": Unavailable("no answer in time")})

    answer = door.post("/v1/openings/opn-1/close", by=OFFICER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "Idempotency-Key" in answer.json["fix"]


def test_a_mistake_in_a_program_tells_nothing_of_its_insides(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"placement_openings": RemoteFailure("KeyError: 'secret'")})

    answer = door.get("/v1/openings/opn-1")

    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "secret" not in answer.get_data(as_text=True)


def test_public_reads_need_nobody_and_everything_else_needs_somebody(door: Door) -> None:
    """The OpenAPI document says of each operation whether anybody may ask; the door keeps to it."""
    public = set()
    for path, operations in door.get("/openapi.json").json["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                address = path.translate(str.maketrans("{}", "xx"))
                if {} in operation["security"]:
                    public.add(f"{method} {path}")
                else:
                    assert door.ask(method.upper(), address).status_code == 401, path
    assert not door.asked
    assert public == {
        "get /v1/tenants/{tenant}/programmes",
        "get /v1/programmes/{programme_id}",
        "get /v1/programmes/{programme_id}/figures",
        "get /v1/programmes/{programme_id}/report",
        "get /v1/programmes/{programme_id}/money",
        "get /v1/programme-kinds",
        "get /v1/programmes/{programme_id}/agreements",
        "get /v1/agreements/{agreement_id}",
        "get /v1/calls/{call_id}",
        "get /v1/tenants/{tenant}/calls",
        "get /v1/tenants/{tenant}/organisations",
        "get /v1/organisations/{organisation_id}",
        "get /v1/organisations/{organisation_id}/counts",
        "get /v1/tenants/{tenant}/outcomes",
        "get /v1/tenants/{tenant}/figures/file",
        "get /v1/openings/{opening_id}",
        "get /v1/tenants/{tenant}/openings",
        "get /v1/tenants/{tenant}/openings/nearby",
        "get /v1/tenants/{tenant}/openings.geojson",
        "get /v1/openings/{opening_id}/job-posting",
        "get /v1/openings/{opening_id}/draw",
        "get /v1/target-groups",
        "get /v1/recommendations",
        "get /v1/tenants/{tenant}/notices",
        "get /v1/tenants/{tenant}/figures",
        "get /v1/facilities/{facility_id}",
        "get /v1/tenants/{tenant}/facilities",
        "get /v1/tenants/{tenant}/facilities/search",
        "get /v1/spaces/{space_id}",
        "get /v1/spaces/{space_id}/hours",
        "get /v1/spaces/{space_id}/days/{day}",
        "get /v1/spaces/{space_id}/weeks/{day}",
        "get /v1/tenants/{tenant}/spaces",
        "get /v1/tenants/{tenant}/spaces.geojson",
        "get /v1/tenants/{tenant}/spaces/idle",
        "get /v1/plans/{plan_id}",
        "get /v1/plans/{plan_id}/seats",
        "get /v1/tenants/{tenant}/plans",
        "get /calendars/{secret}.ics",
        "get /dev/sign-in",
        "post /dev/sign-in",
        "get /healthz",
        "get /readyz",
        "get /metrics",
    }


def test_a_bad_token_is_refused_even_where_none_is_needed(door: Door) -> None:
    forged = Keys.new().issue(OFFICER, NOW)
    for token in ("nonsense", forged, ""):
        answer = door.get("/v1/openings/opn-1", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json["code"]) == (401, "token_invalid")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not door.asked


def test_a_token_of_yesterday_is_told_to_be_too_old(door: Door) -> None:
    old = door.ports.keys.issue(RESIDENT, NOW - timedelta(days=1))

    answer = door.get("/v1/residents/res-은하", headers={"Authorization": f"Bearer {old}"})

    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (401, "token_expired", "Authorization")


def test_a_resident_who_registers_is_registered_under_their_own_id(door: Door) -> None:
    door.post(
        "/v1/residents",
        by=RESIDENT,
        json={"name": "은하", "over_14": True, "consents": [{"purpose": "service", "text_version": "2026-01"}]},
    )

    assert door.asked[0].named["resident_id"] == "res-은하"


def test_who_does_not_say_that_they_are_14_is_not_registered(door: Door) -> None:
    answer = door.post(
        "/v1/residents",
        by=RESIDENT,
        json={"name": "은하", "consents": [{"purpose": "service", "text_version": "2026-01"}]},
    )

    assert (answer.status_code, answer.json["field"], door.asked) == (422, "over_14", [])


def test_what_a_service_adds_to_its_answer_reaches_the_caller(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"placement_openings.get": {"opening_id": "opn-1", "새 항목": [1, {"둘": 2}]}})

    answer = door.get("/v1/openings/opn-1")

    assert answer.json == {"opening_id": "opn-1", "새 항목": [1, {"둘": 2}]}
    assert "새 항목" in answer.get_data(as_text=True)


def test_request_id_and_trace_go_in_and_come_out(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"placement_openings.get": lambda **_: {"trace": current_traceparent()}})
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    answer = door.get("/v1/openings/opn-1", headers={"X-Request-Id": "요청-1".encode().hex(), "traceparent": trace})

    assert answer.headers["X-Request-Id"] == "요청-1".encode().hex()
    inside = answer.json["trace"]
    assert inside[:36] == trace[:36]
    assert inside != trace
    assert answer.headers["traceparent"] == inside
    assert current_traceparent() is None


def test_a_made_up_request_id_replaces_a_bad_one(door: Door) -> None:
    answer = door.get("/healthz", headers={"X-Request-Id": "a b<script>", "traceparent": "nonsense"})

    assert answer.headers["X-Request-Id"].startswith("req-")
    assert answer.headers["traceparent"].startswith("00-")


def test_every_view_has_a_summary_and_every_error_is_described_as_a_problem(door: Door) -> None:
    document = door.get("/openapi.json").json

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                assert operation["summary"], path
                assert operation["responses"]["default"]["$ref"].endswith("/DEFAULT_ERROR")
    assert list(document["components"]["responses"]["DEFAULT_ERROR"]["content"]) == ["application/problem+json"]
    assert len(SUBJECTS) == len(document["tags"])


def test_the_openapi_page_asks_nobody_outside(door: Door) -> None:
    page = door.get("/docs")
    script = door.get("/docs/assets/swagger-ui-bundle.js")

    assert page.status_code == script.status_code == 200
    assert "http" not in page.get_data(as_text=True).replace("http-equiv", "")
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
    assert door.get("/docs/assets/..%2Findex.html").status_code == 404
    assert door.get("/docs/start.js").status_code == 200


def test_a_problem_type_is_an_address_that_explains_it(door: Door) -> None:
    told = door.get("/v1/none").json

    explained = door.get(told["type"]).json

    assert told["status"] == 404
    assert explained["ko"]["title"] == told["title"]
    assert door.get("/problems").json["problems"]


def test_another_method_is_told_which_ones_there_are(door: Door) -> None:
    answer = door.ask("DELETE", "/healthz")

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_ready_means_that_every_service_answers(tmp_path: Path) -> None:
    assert a_gateway(tmp_path).get("/readyz").json["ready"] is True

    without_letters = a_gateway(tmp_path, {"notifications_letters": Unavailable("no such service listens")})
    answer = without_letters.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["waiting_for"] == ["notifications_letters"]


def test_without_a_broker_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    def away() -> None:
        raise Unavailable("broker: connection refused")

    door = a_gateway(tmp_path, dict.fromkeys(SERVICES, Unavailable("broker: away")), broker_answers=away)

    assert door.get("/healthz").status_code == 200
    assert door.get("/readyz").json["waiting_for"][0] == "broker"


def test_requests_are_counted_by_route_and_never_by_address(door: Door) -> None:
    door.get("/v1/openings/opn-은하수")

    text = door.get("/metrics").get_data(as_text=True)

    assert 'sipbun_http_requests_total{method="GET",route="/v1/openings/<opening_id>",status="200"}' in text
    assert "은하수" not in text


def test_the_door_is_made_without_asking_anybody(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, broker_answers=lambda: pytest.fail("the broker was asked"))

    create_app(door.ports)

    assert isinstance(door.ports.clock, StoppedClock)
    assert not door.asked
