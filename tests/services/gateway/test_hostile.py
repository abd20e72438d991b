"""What a hostile or careless caller sends: odd ids, numbers, parameters and bodies; and what nobody may keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Response

from services.gateway.api.work import as_file
from services.gateway.problems import MOST_FAULTS
from tests.services.gateway.twins import OFFICER, RESIDENT, Door, a_gateway, an_opening

NEARBY = "/v1/tenants/gwangsan/openings/nearby?"
LIST = "/v1/tenants/gwangsan/openings?"
A_FILE = {
    "content": "사업\r\n",
    "encoding": "text",
    "media_type": "text/csv; charset=utf-8",
    "name": "jobs-2026-11.csv",
    "rows": 1,
    "cursor": None,
}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object, but for a file of figures."""
    return a_gateway(tmp_path, {"statistics_figures.export": A_FILE})


# Ids and paths


@pytest.mark.parametrize("name", ["한글-은하", "opn 1", "50%", "a?b#c", "opn:res-1:1"])
def test_an_id_in_a_path_arrives_as_it_was_meant(door: Door, name: str) -> None:
    assert door.get(f"/v1/openings/{quote(name, safe='')}").status_code == 200

    assert door.asked[0].named == {"opening_id": name}


@pytest.mark.parametrize("path", ["a%00b", "%0d%0aX-Evil:1", "a%E2%80%AEb", "%FF%FE", "a%2Fb", "%7f"])
def test_a_path_with_what_no_id_has_leads_nowhere(door: Door, path: str) -> None:
    answer = door.get(f"/v1/openings/{path}")

    assert (answer.status_code, answer.json["code"]) == (404, "no_such_path")
    assert not door.asked


@pytest.mark.parametrize("name", ["a/b", "a\x00b", "a\r\nb", "\u202ea", ".", "..", "x" * 201, ""])
def test_an_id_that_no_path_can_hold_is_refused_where_it_is_chosen(door: Door, name: str) -> None:
    answer = door.post("/v1/openings", by=OFFICER, json=an_opening(opening_id=name))

    assert (answer.status_code, answer.json["field"]) == (422, "opening_id")
    assert any("가" <= letter <= "힣" for letter in answer.json["faults"][0]["why"])
    assert not door.asked


@pytest.mark.parametrize("name", ["한글 은하", "50%", "a?b#c"])
def test_what_was_made_is_found_where_the_answer_says(door: Door, name: str) -> None:
    made = door.post("/v1/openings", by=OFFICER, json=an_opening(opening_id=name))

    assert door.get(made.headers["Location"]).status_code == 200
    assert made.headers["Location"].isascii()
    assert door.asked[1].named == {"opening_id": name}


# Query strings


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "1e3", "５", "%205", "1_0", "%2B5", "5.0", "true", "", "9" * 26, "%D9%A5"]
)
def test_a_limit_is_plain_digits_within_bounds(door: Door, limit: str) -> None:
    answer = door.get(f"{LIST}limit={limit}")

    assert (answer.status_code, answer.json["field"]) == (422, "limit")
    assert not door.asked


@pytest.mark.parametrize("query", ["lat=nan&lon=1", "lat=inf&lon=1", "lat=1e309&lon=0", "lat=35,1&lon=126", "lat=3_5&lon=1"])
def test_a_point_is_plain_degrees(door: Door, query: str) -> None:
    answer = door.get(NEARBY + query)

    assert (answer.status_code, answer.json["field"]) == (422, "lat")
    assert not door.asked


def test_a_parameter_that_is_told_twice_is_refused_by_name(door: Door) -> None:
    answer = door.get(f"{NEARBY}lat=35&lon=126&lat=36")

    assert (answer.status_code, answer.json["field"]) == (422, "lat")
    assert answer.json["faults"][0]["why"] == "한 번만 적어 주십시오."
    assert not door.asked
    assert door.get(f"{LIST}limit=1&limit=1").status_code == 422
    assert door.get("/v1/openings/opn-1?x=1&x=2").json["field"] == "x"


def test_a_list_in_a_query_may_have_several(door: Door) -> None:
    door.get("/v1/tenants/gwangsan/spaces/idle?lat=35&lon=126&equipment=projector&equipment=piano")

    assert door.asked[0].named["equipment"] == ["projector", "piano"]


# Bodies


@pytest.mark.parametrize(
    "body", [{f"a{number}": 1 for number in range(2_000)}, an_opening(shifts=[{}] * 2_000)], ids=["names", "rows"]
)
def test_a_body_of_nothing_but_faults_is_answered_shortly(door: Door, body: Any) -> None:
    answer = door.post("/v1/openings", by=OFFICER, json=body)

    assert answer.status_code == 422
    assert len(answer.json["faults"]) == MOST_FAULTS
    assert len(answer.data) < 20_000


def test_a_body_says_json_or_is_refused_before_it_is_read(door: Door) -> None:
    for content_type in ("text/json", "text/plain", "multipart/form-data", "application/json, text/plain", None):
        answer = door.post("/v1/openings/opn-1/close", by=OFFICER, data=b'{"x": 1}', content_type=content_type)
        assert (answer.status_code, answer.json["code"]) == (415, "wrong_content_type"), content_type
    assert not door.asked


# Methods


def test_head_is_get_without_its_body_and_options_does_nothing(door: Door) -> None:
    head = door.ask("HEAD", "/v1/openings/opn-1")
    options = door.ask("OPTIONS", "/v1/residents/res-1", headers={"Origin": "https://elsewhere.example"})

    assert (head.status_code, head.data) == (200, b"")
    assert door.ask("HEAD", "/v1/residents/res-1").status_code == 401
    assert {*options.headers["Allow"].split(", ")} == {"GET", "HEAD", "OPTIONS", "PATCH"}
    assert not [name for name, _ in options.headers if name.startswith("Access-Control")]
    assert len(door.asked) == 1


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "FOO"])
def test_a_method_that_nobody_knows_is_told_which_ones_there_are(door: Door, method: str) -> None:
    answer = door.ask(method, "/v1/openings/opn-1")

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_header_does_not_turn_a_question_into_an_act(door: Door) -> None:
    door.get("/v1/openings/opn-1", by=OFFICER, headers={"X-HTTP-Method-Override": "DELETE"})

    assert door.asked[0].method == "placement_openings.get"


# What nobody may keep


def test_nothing_of_somebody_and_no_refusal_is_kept_by_anybody(door: Door) -> None:
    for path in ("/v1/residents/res-은하", "/v1/residents/res-은하/letters", "/v1/openings/opn-1"):
        assert door.get(path, by=RESIDENT).headers["Cache-Control"] == "no-store"
    for path in ("/v1/residents/res-은하", "/v1/none", "/v1/openings/opn-1?x=1", "/calendars/x.ics?y=1"):
        answer = door.get(path)
        assert answer.status_code >= 400
        assert answer.headers["Cache-Control"] == "no-store", path
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        assert door.ask(method, "/v1/residents/res-은하").headers["Cache-Control"] == "no-store"


def test_what_anyone_may_read_is_kept_apart_from_what_somebody_is_told(door: Door) -> None:
    for who in (None, OFFICER):
        assert "Authorization" in door.get("/v1/openings/opn-1", by=who).headers["Vary"]


# Files


@pytest.mark.parametrize("tenant", ["광산구", 'gwang";x=', "gwangsan"])
def test_a_file_has_a_name_that_every_server_can_send(door: Door, tenant: str) -> None:
    answer = door.get(f"/v1/tenants/{quote(tenant, safe='')}/figures/file?month=2026-11")

    told = answer.headers["Content-Disposition"]
    assert answer.status_code == 200
    # What is no Latin-1 breaks off the answer in gunicorn: the caller gets nothing.
    told.encode("latin-1")
    assert told.startswith("attachment; filename=")
    assert ("filename*=UTF-8''" in told) == (tenant == "광산구")
    assert quote("광산구") in told or tenant != "광산구"


def test_no_name_of_a_file_breaks_its_header() -> None:
    answer = as_file(Response(), 'a\r\nSet-Cookie: x\x00/..\\"은하.csv')

    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "Set-Cookie" not in answer.headers
    assert not {"\r", "\n", "\x00", "/", "\\"} & {*answer.headers["Content-Disposition"]}
