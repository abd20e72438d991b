"""What the API of rooms promises: one call a view, ids that a repeat has too, calendars and maps in their own formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Conflict, NotFound, Refused
from shared.telemetry import log
from tests.services.gateway.twins import OFFICER, RESIDENT, Asked, Door, a_gateway

SECRET = "s3cret-" + "0" * 36


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object."""
    return a_gateway(tmp_path)


def a_facility(**changed: Any) -> dict[str, Any]:
    """Return the body that opens a facility."""
    day = [{"open": "09:00", "close": "18:00"}]
    return {
        "tenant": "gwangsan",
        "district": "29200",
        "programme_id": "gwangsan:gs-subscription-office",
        "name": "은하수 작은도서관",
        "kind": "작은도서관",
        "address": {"road_address": "광주광역시 광산구 첨단중앙로 1", "zip": "62249"},
        "lat": 35.1457,
        "lon": 126.7937,
        "weekly": [day] * 5 + [[]] * 2,
        **changed,
    }


A_SPAN = {"start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T12:00:00+09:00"}


def the_call(door: Door) -> Asked:
    (asked,) = door.asked
    return asked


# Facilities and spaces


def test_an_officer_opens_a_facility_and_a_space_and_is_told_where_they_are(door: Door) -> None:
    opened = door.post("/v1/facilities", by=OFFICER, json=a_facility(facility_id="fac-1"))
    space = door.post("/v1/facilities/fac-1/spaces", by=OFFICER, json={"name": "모임방", "kind": "회의실", "capacity": 8})

    assert (opened.status_code, opened.headers["Location"]) == (201, "/v1/facilities/fac-1")
    assert space.status_code == 201
    first, second = door.asked
    assert first.method == "spaces_facilities.open_facility"
    assert first.named["weekly"][0] == [{"open": "09:00", "close": "18:00"}]
    assert (second.method, second.named["facility_id"]) == ("spaces_facilities.open_space", "fac-1")
    assert space.headers["Location"] == f"/v1/spaces/{second.named['space_id']}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (a_facility(weekly=[[]] * 6), "weekly"),
        (a_facility(weekly=[[{"open": "09:00"}]] + [[]] * 6), "weekly.0.0.close"),
        (a_facility(address={"road_address": "첨단중앙로 1", "zip": "622"}), "address.zip"),
        (a_facility(policy={"stale": "sometimes"}), "policy.stale"),
        (a_facility(contakt="062-000-0000"), "contakt"),
    ],
)
def test_wrong_input_of_a_facility_names_the_field(door: Door, body: dict[str, Any], field: str) -> None:
    answer = door.post("/v1/facilities", by=OFFICER, json=body)

    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert not door.asked


def test_what_is_not_given_is_not_asked_for(door: Door) -> None:
    door.ask("PATCH", "/v1/facilities/fac-1/policy", by=OFFICER, json={"free_until": 120})

    asked = the_call(door)
    assert asked.method == "spaces_facilities.set_policy"
    assert set(asked.named) == {"act_id", "facility_id", "free_until"}


def test_hours_of_one_space_may_follow_its_facility_again(door: Door) -> None:
    told = door.ask("PUT", "/v1/facilities/fac-1/hours", by=OFFICER, json={"weekly": None, "space_id": "spc-1"})

    assert told.status_code == 200
    assert the_call(door).named["weekly"] is None


def test_idle_windows_are_found_by_anyone_with_needs_and_wishes(door: Door) -> None:
    answer = door.get(
        "/v1/tenants/gwangsan/spaces/idle?lat=35.1395&lon=126.7937&minutes=120&capacity=4"
        "&equipment=빔프로젝터&equipment=화이트보드&plan_needed=false&mode=instant"
    )

    assert answer.status_code == 200
    asked = the_call(door)
    assert (asked.method, asked.token) == ("spaces_idle.near", None)
    assert asked.named == {
        "tenant": "gwangsan",
        "lat": 35.1395,
        "lon": 126.7937,
        "minutes": 120,
        "capacity": 4,
        "equipment": ["빔프로젝터", "화이트보드"],
        "plan_needed": False,
        "mode": "instant",
    }


def test_a_timetable_is_read_by_day_or_by_week_by_anyone(door: Door) -> None:
    door.get("/v1/spaces/spc-1/days/2026-12-01")
    door.get("/v1/spaces/spc-1/weeks/2026-12-01")

    assert [(asked.method, asked.named["day"]) for asked in door.asked] == [
        ("spaces_idle.day", "2026-12-01"),
        ("spaces_idle.week", "2026-12-01"),
    ]


def test_a_map_is_geojson_with_a_page_to_go_on_with(tmp_path: Path) -> None:
    collection = {"type": "FeatureCollection", "features": [], "cursor": "다음"}
    door = a_gateway(tmp_path, {"spaces_facilities.geojson": collection})

    answer = door.get("/v1/tenants/gwangsan/spaces.geojson?limit=500&kind=회의실")

    assert answer.content_type == "application/geo+json"
    assert json.loads(answer.data) == collection
    assert the_call(door).named == {"tenant": "gwangsan", "limit": 500, "kind": "회의실"}


# Bookings


def test_a_booking_is_quoted_before_it_is_asked_for(door: Door) -> None:
    answer = door.get(
        "/v1/spaces/spc-1/quote",
        by=RESIDENT,
        query_string={**A_SPAN, "subscription_id": "sub-1"},
    )

    assert answer.status_code == 200
    asked = the_call(door)
    assert asked.method == "spaces_bookings.quote"
    assert asked.named == {**A_SPAN, "space_id": "spc-1", "subscription_id": "sub-1"}


def test_a_booking_asked_for_again_under_its_key_is_the_same_booking(door: Door) -> None:
    for _ in range(2):
        answer = door.post(
            "/v1/bookings", by=RESIDENT, json={**A_SPAN, "space_id": "spc-1"}, headers={"Idempotency-Key": "1"}
        )
        assert answer.status_code == 201

    first, second = door.asked
    assert first.named == second.named
    assert first.named["booking_id"].startswith("bkg-")
    assert answer.headers["Location"] == f"/v1/bookings/{first.named['booking_id']}"


def test_a_span_that_is_taken_is_told_in_korean_with_the_status_of_a_conflict(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"spaces_bookings.request": Refused("span_taken", field="start")})

    answer = door.post("/v1/bookings", by=RESIDENT, json={**A_SPAN, "space_id": "spc-1"})

    assert (answer.status_code, answer.json["code"]) == (409, "span_taken")
    assert answer.json["title"] != answer.json["title_en"]


def test_a_series_tells_what_was_made_and_what_was_refused_and_why(tmp_path: Path) -> None:
    made = [{"number": 0, "booking_id": "ser-1.0", "state": "confirmed"}]
    error = Refused("span_off_step", field="start", step=30).to_wire()
    told = {"series_id": "ser-1", "made": made, "refused": [{"number": 1, **A_SPAN, "error": error}]}
    door = a_gateway(tmp_path, {"spaces_bookings.request_series": told})

    answer = door.post("/v1/series", by=RESIDENT, json={**A_SPAN, "space_id": "spc-1", "every_days": 7, "times": 2})

    assert (answer.status_code, answer.json["made"]) == (201, made)
    (refused,) = answer.json["refused"]
    assert (refused["number"], refused["error"]["code"]) == (1, "span_off_step")
    assert refused["error"]["detail"] == "시작과 끝은 30분 간격에 맞아야 합니다."
    assert refused["error"]["fix_en"] == "Move the time onto a step of 30 minutes."


def test_an_objection_in_a_quote_has_its_words_and_no_objection_has_none(tmp_path: Path) -> None:
    until = "2026-12-08T03:00:00.000Z"
    error = Refused("conduct_suspended", field="resident_id", until=until).to_wire()
    for objection in (error, None):
        door = a_gateway(tmp_path, {"spaces_bookings.quote": {"objection": objection, "minutes": 120}})
        told = door.get("/v1/spaces/spc-1/quote", by=RESIDENT, query_string=A_SPAN).json["objection"]
        if objection is None:
            assert told is None
        else:
            assert told["detail"] == "노쇼가 거듭되어 2026-12-08 12:00 까지 예약이 멈춥니다.", "in Seoul"
            assert told["values"] == {"until": until}


def test_a_file_is_answered_row_by_row_with_what_to_do(tmp_path: Path) -> None:
    errors = [
        {"row": 3, "column": "정원", "code": "row_not_a_number", "values": {"value": "여덟"}},
        {"row": 7, "column": "시설명", "code": "row_value_missing", "values": {}},
    ]
    door = a_gateway(tmp_path, {"spaces_facilities.import_rows": {"opened": 1, "wrong": 2, "errors": errors}})

    answer = door.post(
        "/v1/tenants/gwangsan/facilities/import",
        by=OFFICER,
        json={"district": "29200", "programme_id": "p", "file": "7Iuc7ISk66qF", "dry_run": True},
    )

    assert [error["row"] for error in answer.json["errors"]] == [3, 7]
    assert answer.json["errors"][0]["detail"] == "정원 칸의 ‘여덟’ 값은 숫자가 아닙니다."
    assert answer.json["errors"][1]["fix"] == "시설명 칸을 채워 주십시오."
    assert the_call(door).named["dry_run"] is True


@pytest.mark.parametrize(
    ("method", "path", "body", "service", "named"),
    [
        ("POST", "/v1/bookings/bkg-1/answer", {"accept": True}, "bookings.answer", {"booking_id": "bkg-1", "accept": True}),
        ("POST", "/v1/bookings/bkg-1/cancel", None, "bookings.cancel", {"booking_id": "bkg-1"}),
        ("POST", "/v1/bookings/bkg-1/check-in", {"code": "123456"}, "bookings.check_in", {"code": "123456"}),
        ("POST", "/v1/bookings/bkg-1/check-in", None, "bookings.check_in", {"booking_id": "bkg-1"}),
        ("POST", "/v1/series/ser-1/cancel", None, "bookings.cancel_series", {"series_id": "ser-1"}),
        ("POST", "/v1/spaces/spc-1/check-in-code/change", None, "bookings.change_code", {"space_id": "spc-1"}),
        ("POST", "/v1/wishes/wsh-1/decline", None, "waiting.decline", {"wish_id": "wsh-1"}),
        ("POST", "/v1/wishes/wsh-1/withdraw", None, "waiting.withdraw", {"wish_id": "wsh-1"}),
        ("POST", "/v1/plans/pln-1/withdraw", None, "plans.withdraw", {"plan_id": "pln-1"}),
        ("POST", "/v1/subscriptions", {"plan_id": "pln-1"}, "plans.subscribe", {"plan_id": "pln-1"}),
        (
            "POST",
            "/v1/subscriptions/sub-1/pause",
            {"pause_from": "2027-01-01", "pause_until": "2027-02-01"},
            "plans.pause",
            {"pause_from": "2027-01-01", "pause_until": "2027-02-01"},
        ),
        ("POST", "/v1/subscriptions/sub-1/resume", None, "plans.resume", {"subscription_id": "sub-1"}),
        ("POST", "/v1/subscriptions/sub-1/end", {"at_once": True}, "plans.end", {"at_once": True}),
        ("PUT", "/v1/subscriptions/sub-1/members/res-2", None, "plans.add_member", {"resident_id": "res-2"}),
        ("DELETE", "/v1/subscriptions/sub-1/members/res-2", None, "plans.remove_member", {"resident_id": "res-2"}),
        ("POST", "/v1/subscriptions/sub-1/seat/accept", None, "seats.accept", {"subscription_id": "sub-1"}),
        ("POST", "/v1/subscriptions/sub-1/seat/decline", None, "seats.decline", {"subscription_id": "sub-1"}),
        ("POST", "/v1/bookings/bkg-1/excuse", {"reason": "ill"}, "conduct.excuse", {"reason": "ill"}),
        ("POST", "/v1/bookings/bkg-1/appeal", {"text": "있었습니다"}, "conduct.appeal", {"booking_id": "bkg-1"}),
        (
            "POST",
            "/v1/bookings/bkg-1/appeal/answer",
            {"tenant": "gwangsan", "resident_id": "res-1", "accept": False},
            "conduct.answer_appeal",
            {"accept": False},
        ),
        ("POST", "/v1/spaces/spc-1/close", None, "facilities.close_space", {"space_id": "spc-1"}),
        ("POST", "/v1/cases/cas-1/decide", {"decision": "keep"}, "cases.decide", {"decision": "keep"}),
        ("POST", "/v1/cases/cas-1/alternative", {**A_SPAN, "space_id": "spc-2"}, "cases.take_alternative", A_SPAN),
        ("POST", "/v1/cases/cas-1/decline", None, "cases.decline", {"case_id": "cas-1"}),
    ],
)
def test_an_act_is_one_call_under_the_acts_id(
    door: Door, method: str, path: str, body: Any, service: str, named: dict[str, Any]
) -> None:
    answer = door.ask(method, path, by=RESIDENT, json=body, headers={"Idempotency-Key": "1"})

    assert answer.status_code in (200, 201)
    asked = the_call(door)
    assert asked.method == f"spaces_{service}"
    assert asked.named["act_id"] == "res-은하:1"
    assert named.items() <= asked.named.items()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/bookings/bkg-1", "bookings.get"),
        ("/v1/residents/res-1/bookings?limit=3", "bookings.mine"),
        ("/v1/spaces/spc-1/bookings", "bookings.of_space"),
        ("/v1/spaces/spc-1/check-in-code", "bookings.show_code"),
        ("/v1/series/ser-1", "bookings.series"),
        ("/v1/wishes", "waiting.mine"),
        ("/v1/wishes/wsh-1", "waiting.get"),
        ("/v1/spaces/spc-1/wishes?cursor=abc", "waiting.of_space"),
        ("/v1/subscriptions/sub-1", "plans.subscription"),
        ("/v1/residents/res-1/subscriptions", "plans.subscriptions"),
        ("/v1/subscriptions/sub-1/statement?day=2026-12-01", "plans.statement"),
        ("/v1/residents/res-1/conduct?why=이의 확인", "conduct.read"),
        ("/v1/spaces/spc-1/excuses", "conduct.excuses"),
        ("/v1/cases", "cases.mine"),
        ("/v1/cases/cas-1", "cases.get"),
        ("/v1/facilities/fac-1/cases", "cases.of_facility"),
        ("/v1/tenants/gwangsan/appeals", "conduct.appeals"),
        ("/v1/calendars?kind=resident", "calendars.mine"),
    ],
)
def test_what_is_somebodys_own_needs_a_token_and_is_not_kept_by_a_proxy(door: Door, path: str, service: str) -> None:
    assert door.get(path).status_code == 401
    assert not door.asked

    answer = door.get(path, by=OFFICER)

    assert answer.headers["Cache-Control"] == "no-store"
    assert the_call(door).method == f"spaces_{service}"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/facilities/fac-1",
        "/v1/tenants/gwangsan/facilities",
        "/v1/tenants/gwangsan/facilities/search?text=첨단중앙로",
        "/v1/spaces/spc-1",
        "/v1/tenants/gwangsan/spaces",
        "/v1/spaces/spc-1/hours?first=2026-12-01&last=2026-12-07",
        "/v1/plans/pln-1",
        "/v1/plans/pln-1/seats",
        "/v1/tenants/gwangsan/plans",
    ],
)
def test_what_is_for_everybody_needs_no_token(door: Door, path: str) -> None:
    assert door.get(path).status_code == 200
    assert the_call(door).token is None


# Calendars


class Shelf:
    """A calendar in two pieces, as spaces would tell it."""

    def __init__(self) -> None:
        self.etag, self.conflicts, self.asked = "a" * 32, 0, 0

    def __call__(self, *, secret: str, etag: str | None = None, cursor: str | None = None) -> dict[str, Any]:
        self.asked += 1
        if secret != SECRET:
            raise NotFound("no_such_address", field="secret")
        if cursor is not None and self.conflicts:
            self.conflicts -= 1
            raise Conflict("changed_meanwhile", field="cursor")
        if etag == self.etag:
            return {"etag": self.etag, "ics": None, "unchanged": True, "cursor": None}
        text, further = ("END:VCALENDAR\r\n", None) if cursor else ("BEGIN:VCALENDAR\r\nNAME:내 예약\r\n", "2")
        return {"etag": self.etag, "ics": text, "unchanged": False, "cursor": further}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def library(tmp_path: Path, shelf: Shelf) -> Door:
    """A gateway in front of one calendar."""
    return a_gateway(tmp_path, {"spaces_calendars.ics": shelf})


def test_a_calendar_is_read_by_whoever_has_its_address_in_one_piece(library: Door) -> None:
    answer = library.get(f"/calendars/{SECRET}.ics")

    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.data.decode() == "BEGIN:VCALENDAR\r\nNAME:내 예약\r\nEND:VCALENDAR\r\n"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_an_unchanged_calendar_is_not_told_again(library: Door, shelf: Shelf) -> None:
    first = library.get(f"/calendars/{SECRET}.ics")
    again = library.get(f"/calendars/{SECRET}.ics", headers={"If-None-Match": first.headers["ETag"]})
    shelf.etag = "b" * 32
    changed = library.get(f"/calendars/{SECRET}.ics", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] == f'"{"b" * 32}"'


@pytest.mark.parametrize("tags", ["*", '"x", "y"', 'W/"x"', "no tag at all"])
def test_a_reader_that_knows_something_else_is_told_the_whole_calendar(library: Door, tags: str) -> None:
    answer = library.get(f"/calendars/{SECRET}.ics", headers={"If-None-Match": tags})

    assert (answer.status_code, answer.data[:15]) == (200, b"BEGIN:VCALENDAR")


def test_a_calendar_that_changes_between_two_pieces_is_read_anew(library: Door, shelf: Shelf) -> None:
    shelf.conflicts = 1

    assert library.get(f"/calendars/{SECRET}.ics").data.endswith(b"END:VCALENDAR\r\n")


def test_a_calendar_that_changes_all_the_time_is_to_be_asked_for_later(library: Door, shelf: Shelf) -> None:
    shelf.conflicts = 99

    answer = library.get(f"/calendars/{SECRET}.ics")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_wrong_address_is_404_and_neither_told_nor_logged(library: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    for level in ("debug", "info", "warning", "error"):
        monkeypatch.setattr(log, level, lambda *said, **named: lines.append(f"{said} {named}"))
    wrong = "w" * 43

    for secret in (wrong, SECRET):
        library.get(f"/calendars/{secret}.ics")
    answer = library.get(f"/calendars/{wrong}.ics")

    assert (answer.status_code, answer.json["code"]) == (404, "no_such_address")
    assert wrong not in answer.text
    assert lines
    assert not [line for line in lines if wrong in line or SECRET in line]


def test_a_new_address_is_told_with_its_path_and_a_repeat_with_none(tmp_path: Path) -> None:
    for token, path in ((SECRET, f"/calendars/{SECRET}.ics"), (None, None)):
        door = a_gateway(tmp_path, {"spaces_calendars.open": {"address_id": "cal-1", "token": token}})

        answer = door.post("/v1/calendars", by=RESIDENT, json={"kind": "resident"})

        assert (answer.status_code, answer.json["path"]) == (201, path)
        assert answer.headers["Cache-Control"] == "no-store"


# All of it


def test_every_view_of_rooms_is_described_in_korean_and_english(door: Door) -> None:
    paths = door.get("/openapi.json").json["paths"]
    rooms = {"facilities", "spaces", "plans", "bookings", "waiting", "cases", "conduct", "calendars"}
    told = [one for path in paths.values() for one in path.values() if isinstance(one, dict) and rooms & {*one["tags"]}]

    assert len(told) > 50
    for one in told:
        assert any("가" <= letter <= "힣" for letter in one["summary"]), one["summary"]
        assert one["description"].rstrip().endswith("."), one["summary"]


def test_figures_of_rooms_are_asked_for_by_plan(door: Door) -> None:
    door.get("/v1/tenants/gwangsan/figures?about=rooms&by=plan&month=2026-12")

    assert the_call(door).named == {"tenant": "gwangsan", "about": "rooms", "by": "plan", "month": "2026-12"}
    assert door.get("/v1/tenants/gwangsan/figures?about=seats").status_code == 422
