"""What the API of work promises: one call a view, files as bytes, a draw whole, and every code in words."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.gateway.api.batches import MOST_RETURNED, PART_BYTES
from services.gateway.api.work import lines_in
from services.placement.openings import draw
from shared.errors import Refused, Unavailable
from tests.services.gateway.twins import OFFICER, RESIDENT, Asked, Door, a_gateway, an_opening

SHEET = "opn-1:res-1:1:0"
MONTH = "gwangsan:p:res-1:2026-12"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A gateway whose services answer everything with an empty object."""
    return a_gateway(tmp_path)


def the_call(door: Door) -> Asked:
    (asked,) = door.asked
    return asked


# Each view is one call.


@pytest.mark.parametrize(
    ("method", "path", "body", "service", "named"),
    [
        ("POST", "/v1/openings/opn-1/rank", None, "placement_openings.rank", {"opening_id": "opn-1"}),
        ("POST", "/v1/applications/opn-1:res-1/offer/accept", None, "placement_openings.accept_offer", {}),
        ("POST", "/v1/applications/opn-1:res-1/offer/decline", None, "placement_openings.decline_offer", {}),
        (
            "POST",
            "/v1/residents/res-1/participation/outside",
            {"programme": "공익활동", "first_day": "2026-12-01", "last_day": "2026-12-31", "source": "일모아"},
            "placement_participation.note_outside",
            {"resident_id": "res-1", "last_day": "2026-12-31"},
        ),
        (
            "POST",
            "/v1/residents/res-1/participation/outside/outside:ab12/retract",
            None,
            "placement_participation.retract_outside",
            {"key": "outside:ab12"},
        ),
        ("POST", "/v1/openings/opn-1/attendance-code/change", None, "placement_attendance.change_code", {}),
        ("POST", f"/v1/attendance/{SHEET}/check-in", {"code": "123456"}, "placement_attendance.check_in", {}),
        (
            "POST",
            f"/v1/attendance/{SHEET}/check-out",
            {"code": "123456"},
            "placement_attendance.check_out",
            {"attendance_id": SHEET, "code": "123456"},
        ),
        (
            "POST",
            f"/v1/attendance/{SHEET}/witness",
            {"said": "in", "at": "2026-12-01T10:00:00+09:00"},
            "placement_attendance.witness",
            {"said": "in", "at": "2026-12-01T10:00:00+09:00"},
        ),
        ("POST", f"/v1/attendance/{SHEET}/confirm", None, "placement_attendance.confirm", {"attendance_id": SHEET}),
        (
            "POST",
            f"/v1/attendance/{SHEET}/correct",
            {"minutes": 90, "reason": "일찍 끝남"},
            "placement_attendance.correct",
            {"minutes": 90},
        ),
        ("POST", f"/v1/attendance/{SHEET}/dispute", {"text": "두 시간"}, "placement_attendance.dispute", {}),
        (
            "POST",
            f"/v1/attendance/{SHEET}/answer",
            {"answer": "upheld", "minutes": 120, "reason": "확인함"},
            "placement_attendance.answer",
            {"answer": "upheld", "minutes": 120},
        ),
        ("POST", f"/v1/attendance/{SHEET}/excuse", {"reason": "진료"}, "placement_attendance.excuse", {}),
        (
            "POST",
            f"/v1/pay-months/{MONTH}/recover",
            {"days": ["2026-12-01"], "reason": "겹침"},
            "placement_allowance.recover",
            {"pay_month_id": MONTH, "days": ["2026-12-01"]},
        ),
        (
            "POST",
            f"/v1/pay-months/{MONTH}/recover/lift",
            {"attendance_ids": [SHEET], "reason": "착오"},
            "placement_allowance.lift_recovery",
            {"attendance_ids": [SHEET]},
        ),
        (
            "POST",
            f"/v1/pay-months/{MONTH}/paid-back",
            {"won": 20_640, "day": "2026-12-20"},
            "placement_allowance.note_paid_back",
            {"won": 20_640, "day": "2026-12-20"},
        ),
        (
            "POST",
            "/v1/batches",
            {"batch_id": "bat-1", "programme_id": "gwangsan:p", "month": "2026-12", "method": "bank"},
            "placement_batches.prepare",
            {"batch_id": "bat-1", "month": "2026-12", "method": "bank"},
        ),
        ("POST", "/v1/batches/bat-1/approve", None, "placement_batches.approve", {"batch_id": "bat-1"}),
        ("POST", "/v1/batches/bat-1/cancel", None, "placement_batches.cancel", {"batch_id": "bat-1"}),
        ("POST", f"/v1/batches/bat-1/rows/{MONTH}/drop", None, "placement_batches.drop_row", {"pay_month_id": MONTH}),
        (
            "POST",
            f"/v1/batches/bat-1/rows/{MONTH}/returned",
            {"reason": "closed_account"},
            "placement_batches.return_row",
            {"pay_month_id": MONTH, "reason": "closed_account"},
        ),
        (
            "POST",
            "/v1/batches/bat-1/filed",
            {"file_hash": "ab" * 32},
            "placement_batches.mark_filed",
            {"file_hash": "ab" * 32},
        ),
        (
            "POST",
            "/v1/evaluations/opn-1:res-1:1",
            {"side": "host", "recommendations": ["on_time"], "would_again": True},
            "placement_trust.evaluate",
            {"placement_id": "opn-1:res-1:1", "would_again": True},
        ),
        (
            "POST",
            "/v1/evaluations/opn-1:res-1:1/appeal",
            {"side": "resident", "reason": "사실과 다름"},
            "placement_trust.appeal",
            {"side": "resident"},
        ),
        (
            "POST",
            "/v1/evaluations/opn-1:res-1:1/appeal/answer",
            {"side": "resident", "reason": "확인함", "answer": "upheld"},
            "placement_trust.answer_appeal",
            {"answer": "upheld"},
        ),
        (
            "PUT",
            "/v1/residents/res-1/account",
            {"method": "bank", "code": "004", "number": "000-00-000000", "holder": "은하"},
            "residents_accounts.set",
            {"resident_id": "res-1", "number": "000-00-000000"},
        ),
        ("DELETE", "/v1/residents/res-1/account", None, "residents_accounts.remove", {"resident_id": "res-1"}),
        ("PUT", "/v1/residents/res-1/groups/senior", None, "residents_groups.declare", {"group": "senior"}),
        ("DELETE", "/v1/residents/res-1/groups/senior", None, "residents_groups.leave", {"group": "senior"}),
        ("POST", "/v1/residents/res-1/groups/senior/verify", None, "residents_groups.verify", {"group": "senior"}),
    ],
)
def test_an_act_is_one_call_under_the_acts_id(
    door: Door, method: str, path: str, body: Any, service: str, named: dict[str, Any]
) -> None:
    answer = door.ask(method, path, by=RESIDENT, json=body, headers={"Idempotency-Key": "1"})

    assert answer.status_code in (200, 201), answer.json
    asked = the_call(door)
    assert asked.method == service
    assert asked.named["act_id"] == "res-은하:1"
    assert named.items() <= asked.named.items()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/openings/opn-1/quote", "placement_openings.quote"),
        ("/v1/openings/opn-1/ranking?limit=100", "placement_openings.ranking"),
        ("/v1/applications/opn-1:res-1/why", "placement_openings.why"),
        ("/v1/hosts/host-1/openings?limit=3", "placement_openings.hosted"),
        ("/v1/residents/res-1/participation?limit=10", "placement_participation.standing"),
        (
            "/v1/residents/res-1/participation/check?first_day=2026-12-01&last_day=2026-12-31&direct_job=true&regions=29200",
            "placement_participation.check",
        ),
        ("/v1/residents/res-1/participation/overlapping", "placement_participation.overlapping"),
        ("/v1/openings/opn-1/attendance-code", "placement_attendance.code"),
        ("/v1/openings/opn-1/attendance?shift=0&cursor=abc", "placement_attendance.sheets_of"),
        ("/v1/residents/res-1/attendance", "placement_attendance.my_sheets"),
        ("/v1/tenants/gwangsan/attendance/disputes", "placement_attendance.open_disputes"),
        (f"/v1/attendance/{SHEET}", "placement_attendance.sheet"),
        ("/v1/residents/res-1/pay?month=2026-12", "placement_allowance.my_pay"),
        (f"/v1/pay-months/{MONTH}", "placement_allowance.month"),
        ("/v1/programmes/gwangsan:p/pay-months?month=2026-12", "placement_allowance.months"),
        ("/v1/programmes/gwangsan:p/pay-months/flagged", "placement_allowance.flagged"),
        ("/v1/programmes/gwangsan:p/pay-check?limit=20", "placement_allowance.check"),
        ("/v1/batches/bat-1", "placement_batches.get"),
        ("/v1/batches/bat-1/rows?limit=500", "placement_batches.rows"),
        ("/v1/programmes/gwangsan:p/batches?month=2026-12&state=filed", "placement_batches.list"),
        ("/v1/evaluations?side=host", "placement_trust.my_evaluations"),
        ("/v1/evaluations/owed?side=host&limit=5", "placement_trust.owed"),
        ("/v1/evaluations/opn-1:res-1:1", "placement_trust.evaluation"),
        ("/v1/tasks", "placement_tasks.awaiting"),
        ("/v1/tenants/gwangsan/evaluation-appeals", "placement_trust.open_appeals"),
        ("/v1/residents/res-1/profile?opening_id=opn-1", "placement_trust.profile"),
        ("/v1/residents/res-1/profile/export", "placement_trust.export"),
        ("/v1/openings/opn-1/workplace", "placement_trust.workplace"),
        ("/v1/residents/res-1/account", "residents_accounts.get"),
        ("/v1/residents/res-1/groups", "residents_groups.list"),
    ],
)
def test_what_is_somebodys_own_needs_a_token_and_is_not_kept_by_a_proxy(door: Door, path: str, service: str) -> None:
    assert door.get(path).status_code == 401
    assert not door.asked

    answer = door.get(path, by=RESIDENT)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert the_call(door).method == service
    assert "act_id" not in the_call(door).named


def test_who_asks_for_a_check_says_what_for_in_the_services_own_words(door: Door) -> None:
    door.get(
        "/v1/residents/res-1/participation/check?first_day=2026-12-01&last_day=2026-12-31&direct_job=false"
        "&regions=29200&regions=29",
        by=OFFICER,
    )

    assert the_call(door).named == {
        "resident_id": "res-1",
        "first_day": "2026-12-01",
        "last_day": "2026-12-31",
        "direct_job": False,
        "regions": ["29200", "29"],
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/v1/openings", an_opening(mode="lottery"), "mode"),
        ("POST", "/v1/openings", an_opening(scores=[{"rule": "luck", "weight": 1}]), "scores.0.rule"),
        ("POST", "/v1/openings", an_opening(offer_minutes=5), "offer_minutes"),
        ("POST", "/v1/openings", an_opening(waitlist="yes"), "waitlist"),
        ("POST", f"/v1/attendance/{SHEET}/witness", {"said": "late"}, "said"),
        ("POST", f"/v1/attendance/{SHEET}/correct", {"minutes": 90}, "reason"),
        ("POST", f"/v1/attendance/{SHEET}/correct", {"minutes": 90.5, "reason": "-"}, "minutes"),
        ("POST", f"/v1/pay-months/{MONTH}/recover", {"days": ["어제"], "reason": "-"}, "days.0"),
        ("POST", "/v1/batches", {"programme_id": "p", "month": "2026-13", "method": "bank"}, "month"),
        ("POST", "/v1/batches", {"programme_id": "p", "month": "2026-12", "method": "cash"}, "method"),
        ("POST", "/v1/batches/bat-1/filed", {"file_hash": "ABC"}, "file_hash"),
        ("POST", "/v1/evaluations/p", {"side": "host", "recommendations": [], "would_again": "yes"}, "would_again"),
        ("PUT", "/v1/residents/res-1/account", {"method": "bank", "code": "004"}, "number"),
        ("PUT", "/v1/residents/res-1/account", {"method": "bank", "code": "004", "nummber": "1"}, "nummber"),
    ],
)
def test_wrong_input_names_the_field_in_korean(door: Door, method: str, path: str, body: Any, field: str) -> None:
    answer = door.ask(method, path, by=OFFICER, json=body)

    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert re.search("[가-힣]", answer.json["faults"][0]["why"])
    assert not door.asked


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("four_eyes_needed", 403),
        ("not_your_opening", 403),
        ("payout_consent_needed", 403),
        ("attendance_code_wrong", 422),
        ("account_malformed", 422),
        ("return_totals_differ", 422),
        ("layout_unknown", 422),
        ("offer_is_lost", 409),
        ("file_hash_differs", 409),
        ("direct_jobs_overlap", 409),
    ],
)
def test_a_refusal_has_the_status_of_what_it_is_about(tmp_path: Path, code: str, status: int) -> None:
    door = a_gateway(tmp_path, {"placement_batches.approve": Refused(code)})

    assert door.post("/v1/batches/bat-1/approve", by=OFFICER).status_code == status


# Openings, as they are published and as others read them.


def test_an_opening_is_published_with_all_its_terms(door: Door) -> None:
    terms = {
        "mode": "ranked",
        "dong": "첨단2동",
        "waitlist": True,
        "offer_minutes": 60,
        "scores": [{"rule": "least_served", "weight": 70}],
        "target_group": None,
        "hosts": ["host-은하수"],
    }

    assert door.post("/v1/openings", by=OFFICER, json=an_opening(**terms)).status_code == 201
    assert terms.items() <= the_call(door).named.items()


def test_what_is_not_said_of_an_opening_is_left_to_the_service(door: Door) -> None:
    door.post("/v1/openings", by=OFFICER, json=an_opening())

    assert {"dong", "waitlist", "offer_minutes", "scores", "hosts"}.isdisjoint(the_call(door).named)


def test_a_posting_is_linked_data_and_a_map_is_geojson_for_anyone(tmp_path: Path) -> None:
    posting = {"@context": "https://schema.org/", "@type": "JobPosting", "title": "도서 정리"}
    collection = {"type": "FeatureCollection", "features": [], "cursor": "다음"}
    door = a_gateway(tmp_path, {"placement_openings.posting": posting, "placement_openings.geojson": collection})

    one = door.get("/v1/openings/opn-1/job-posting")
    several = door.get("/v1/tenants/gwangsan/openings.geojson?limit=100&programme_id=p&cursor=abc")

    assert (one.content_type, json.loads(one.data)) == ("application/ld+json", posting)
    assert (several.content_type, json.loads(several.data)) == ("application/geo+json", collection)
    assert door.asked[1].named == {"tenant": "gwangsan", "limit": 100, "programme_id": "p", "cursor": "abc"}


# Selection.


def a_draw(people: int, *, page: int) -> Any:
    """Return a service's draw among so many people, told page by page."""
    seed = "5e" * 32
    tickets = draw.in_order(seed, "opn-1", [draw.ticket_of("opn-1", f"res-{number}") for number in range(people)])
    asked: list[str | None] = []

    def tell(*, opening_id: str, limit: int, cursor: str | None = None) -> dict[str, Any]:
        asked.append(cursor)
        first = int(cursor or 0)
        return {
            "opening_id": opening_id,
            "method": "draw",
            "seed_hash": draw.seed_hash(seed),
            "seed": seed,
            "order_hash": draw.order_hash(tickets),
            "candidates": people,
            "places": 2,
            "given": min(2, people) if first == 0 else 99,
            "tickets": list(tickets[first : first + min(page, limit)]),
            "cursor": str(first + page) if first + page < people else None,
        }

    return tell


@pytest.mark.parametrize(("people", "page"), [(0, 3), (3, 3), (7, 3), (9, 3)])
def test_a_draw_is_told_whole_and_anybody_can_recompute_it_from_the_answer(
    tmp_path: Path, people: int, page: int
) -> None:
    door = a_gateway(tmp_path, {"placement_openings.draw": a_draw(people, page=page)})

    answer = door.get("/v1/openings/opn-1/draw")

    assert draw.verify(answer.json) == draw.Verdict((), people)
    assert answer.json["cursor"] is None
    assert len(door.asked) == max(1, -(-people // page))


def test_a_draw_that_is_not_made_yet_tells_its_commitment_only(tmp_path: Path) -> None:
    told: dict[str, Any] = {"opening_id": "opn-1", "seed_hash": "a" * 64, "seed": None, "tickets": [], "cursor": None}
    door = a_gateway(tmp_path, {"placement_openings.draw": told})

    assert draw.verify(door.get("/v1/openings/opn-1/draw").json).faults == ("not_drawn_yet",)


OVERLAP = {
    "code": "direct_jobs_overlap",
    "field": "shifts",
    "values": {"count": 3, "first": "2026-12-01", "last": "2026-12-03", "programmes": ["노인일자리"]},
}


def test_what_limits_say_is_in_words_before_applying(tmp_path: Path) -> None:
    told: dict[str, Any] = {"may_apply": False, "limits": {"objections": [OVERLAP], "warnings": [], "weeks": []}}
    door = a_gateway(tmp_path, {"placement_openings.quote": told})

    limits = door.get("/v1/openings/opn-1/quote?resident_id=res-1", by=OFFICER).json["limits"]

    (objection,) = limits["objections"]
    assert objection["title"] == "다른 직접일자리와 참여 기간이 겹칩니다"
    assert "2026-12-01" in objection["detail"]
    assert "2026-12-03" in objection["detail_en"]
    assert limits["warnings"] == []
    assert the_call(door).named["resident_id"] == "res-1"


def test_a_check_and_a_list_of_applications_tell_their_objections_in_words(tmp_path: Path) -> None:
    door = a_gateway(
        tmp_path,
        {
            "placement_participation.check": {"allowed": False, "objections": [OVERLAP]},
            "placement_openings.my_applications": {"applications": [{"why": OVERLAP}, {"why": None}]},
        },
    )

    checked = door.get("/v1/residents/r/participation/check?first_day=2026-12-01&last_day=2026-12-02", by=OFFICER)
    mine = door.get("/v1/residents/r/applications", by=RESIDENT).json["applications"]

    assert checked.json["objections"][0]["fix"]
    assert mine[0]["why"]["title_en"]
    assert mine[1]["why"] is None


def test_why_tells_the_rule_behind_each_point_in_both_languages(tmp_path: Path) -> None:
    parts = [
        {"rule": "least_served", "points": 5250, "most": 7000, "values": {"served": 6, "of": 24}},
        {"rule": "least_served", "points": 3500, "most": 7000, "values": {}},
    ]
    entry = {"rank": 2, "tier": "worked_recently", "objection": None, "points": 8750, "parts": parts}
    told = {**entry, "reason": "offer_expired", "why": None}
    door = a_gateway(
        tmp_path, {"placement_openings.why": told, "placement_openings.ranking": {"entries": [entry], "cursor": None}}
    )

    mine = door.get("/v1/applications/opn-1:res-1/why", by=RESIDENT).json
    (ranked,) = door.get("/v1/openings/opn-1/ranking", by=OFFICER).json["entries"]

    known, unknown = mine["parts"]
    assert known["detail"].startswith("최근 24개월 가운데 6개월 참여하셨습니다.")
    assert known["detail_en"].startswith("6 of the last 24 months")
    assert "절반" in unknown["detail"]
    assert mine["tier_in_words"]["title"] == "최근에 참여하여 뒤에 검토됩니다"
    assert mine["reason_in_words"]["title_en"] == "The offer was not confirmed in time"
    assert (known["points"], known["values"]) == (5250, {"served": 6, "of": 24})
    assert ranked["parts"] == mine["parts"]


# The payout file out.


def a_file(*pages: bytes, **changed: Any) -> Any:
    """Return a service's payout file, told page by page."""

    def tell(*, batch_id: str, cursor: str | None = None) -> dict[str, Any]:
        number = int(cursor or 0)
        last = number + 1 == len(pages)
        return {
            "batch_id": batch_id,
            "name": "bat-은하-bank-bulk.csv",
            "encoding": "cp949",
            "people": 3,
            "rows": 3,
            "won": 61_920,
            "page": number + 1,
            "pages": len(pages),
            "content": base64.b64encode(pages[number]).decode(),
            "cursor": None if last else str(number + 1),
            **({name: value(number) for name, value in changed.items()}),
        }

    return tell


PAGES = ("H,bat-은하\r\nD,0000001,004,00000000,20640,은하\r\n".encode("cp949"), b"\x00D,2\r\n", b"T,3\r\n")


def test_a_payout_file_is_downloaded_whole_byte_by_byte_under_its_name(tmp_path: Path) -> None:
    door = a_gateway(tmp_path, {"placement_batches.file": a_file(*PAGES)})

    answer = door.get("/v1/batches/bat-은하/file", by=OFFICER)

    assert answer.data == b"".join(PAGES)
    assert answer.content_type == "text/csv; charset=euc-kr"
    assert answer.content_length == len(answer.data)
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=bat-__-bank-bulk.csv; filename*=UTF-8''bat-%EC%9D%80%ED%95%98-bank-bulk.csv"
    )
    assert answer.headers["ETag"] == f'"{sha256(answer.data).hexdigest()}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(door.asked) == 3


def test_a_name_cannot_lead_out_of_a_folder_and_an_unknown_encoding_is_just_bytes(tmp_path: Path) -> None:
    changed = {"name": lambda _: '../e"vil\\x.csv', "encoding": lambda _: "cp037"}
    door = a_gateway(tmp_path, {"placement_batches.file": a_file(b"x", **changed)})

    answer = door.get("/v1/batches/b/file", by=OFFICER)

    assert answer.headers["Content-Disposition"] == "attachment; filename=.._e_vil_x.csv"
    assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize("name", ["rows", "won", "pages"])
def test_a_batch_that_changes_while_its_file_is_fetched_gives_no_file(tmp_path: Path, name: str) -> None:
    door = a_gateway(tmp_path, {"placement_batches.file": a_file(*PAGES, **{name: lambda number: 3 + number})})

    answer = door.get("/v1/batches/bat-1/file", by=OFFICER)

    assert (answer.status_code, answer.json["code"]) == (409, "changed_meanwhile")


def test_a_page_that_cannot_be_had_is_a_problem_and_never_half_a_file(tmp_path: Path) -> None:
    pages = a_file(*PAGES)

    def away(*, batch_id: str, cursor: str | None = None) -> Any:
        if cursor is not None:
            raise Unavailable("residents is away")
        return pages(batch_id=batch_id)

    answer = a_gateway(tmp_path, {"placement_batches.file": away}).get("/v1/batches/bat-1/file", by=OFFICER)

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")


# The return file in.


def returned(door: Door, content: bytes, **how: Any) -> Any:
    """Upload a return file."""
    headers = {"Idempotency-Key": "1"}
    return door.post(
        "/v1/batches/bat-1/returns", by=OFFICER, data=content, **{"content_type": "text/csv", "headers": headers, **how}
    )


def some_lines(count: int) -> bytes:
    """Return so many lines as a bank writes them."""
    return b"".join(f"D,{number:07d},20640,0000,가나다\r\n".encode("cp949") for number in range(count))


@pytest.mark.parametrize("count", [1, 5_000, 20_000])
def test_a_return_file_goes_in_parts_cut_at_line_ends_and_not_a_byte_is_lost(door: Door, count: int) -> None:
    content = some_lines(count)

    assert returned(door, content).status_code == 200

    parts = [base64.b64decode(asked.named["content"]) for asked in door.asked]
    assert b"".join(parts) == content
    assert all(part.endswith(b"\r\n") and len(part) <= PART_BYTES for part in parts)
    assert [asked.named["part"] for asked in door.asked] == list(range(1, len(parts) + 1))
    assert [asked.named["last"] for asked in door.asked] == [False] * (len(parts) - 1) + [True]
    assert len(parts) == -(-len(content) // PART_BYTES)


def test_a_repeated_upload_repeats_the_same_acts(door: Door) -> None:
    for _ in range(2):
        returned(door, some_lines(10_000))

    half = len(door.asked) // 2
    assert half > 1
    assert [asked.named for asked in door.asked[:half]] == [asked.named for asked in door.asked[half:]]
    assert len({asked.named["act_id"] for asked in door.asked}) == half


def test_what_is_wrong_with_a_return_file_is_told_with_its_line_and_the_rest_is_not_sent(tmp_path: Path) -> None:
    wrong = Refused("return_won_differs", field="content", line=7, row=3, told=1, won=20_640)
    door = a_gateway(tmp_path, {"placement_batches.read_returns": wrong})

    answer = returned(door, some_lines(20_000))

    assert (answer.status_code, answer.json["code"]) == (422, "return_won_differs")
    assert "7번째 줄" in answer.json["detail"]
    assert len(door.asked) == 1


@pytest.mark.parametrize(
    ("content", "how", "status", "code"),
    [
        (b"", {}, 422, "wrong_input"),
        (b"x" * (PART_BYTES + 1), {}, 422, "wrong_input"),
        (b"D\n" * (MOST_RETURNED // 2 + 1), {}, 413, "too_large"),
        (b"{}", {"content_type": "application/json"}, 415, "wrong_content_type"),
    ],
)
def test_what_is_no_return_file_is_refused_before_anybody_is_asked(
    door: Door, content: bytes, how: dict[str, Any], status: int, code: str
) -> None:
    answer = returned(door, content, **how)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert re.search("[가-힣]", answer.json["detail"])
    assert not door.asked


def test_lines_are_cut_as_late_as_they_fit() -> None:
    assert lines_in(b"", 4) == []
    assert lines_in(b"a\nb\nc\n", 4) == [b"a\nb\n", b"c\n"]
    assert lines_in(b"a\nb\nc", 4) == [b"a\nb\n", b"c"]
    assert lines_in(b"abcd", 4) == [b"abcd"]
    assert lines_in(b"a\nbcdef\n", 4) is None


# Accounts.


def test_an_account_is_told_masked_and_its_number_goes_to_residents_only(tmp_path: Path) -> None:
    masked = {"resident_id": "res-1", "method": "bank", "code": "004", "number": "*******0000", "holder": "은*"}
    door = a_gateway(tmp_path, {"residents_accounts.set": masked})
    number = "110-000-000000"

    answer = door.ask(
        "PUT",
        "/v1/residents/res-1/account",
        by=RESIDENT,
        json={"method": "bank", "code": "004", "number": number, "holder": "은하"},
    )

    assert answer.json == masked
    assert number not in answer.text
    assert the_call(door).named["number"] == number


# All of it.

WORK = {
    *("openings", "applications", "selection", "participation", "attendance"),
    *("allowance", "batches", "trust", "tasks", "accounts", "groups"),
}


def test_every_view_of_work_is_described_in_korean_and_english(door: Door) -> None:
    paths = door.get("/openapi.json").json["paths"]
    told = [one for path in paths.values() for one in path.values() if isinstance(one, dict) and WORK & {*one["tags"]}]

    assert len(told) > 70
    for one in told:
        assert any("가" <= letter <= "힣" for letter in one["summary"]), one["summary"]
        assert one["description"].rstrip().endswith((".", ")")), one["summary"]


def test_the_openapi_document_holds_together(door: Door) -> None:
    document = door.get("/openapi.json").json

    for reference in references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/")]
    names = []
    for path, operations in document["paths"].items():
        shared = operations.get("parameters", [])
        for method, operation in operations.items():
            if method == "parameters":
                continue
            names.append((method, path))
            declared = {one["name"] for one in [*shared, *operation.get("parameters", [])] if one.get("in") == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), path
            assert {"default"} < operation["responses"].keys(), path
            assert operation.get("requestBody", {"content": 1})["content"], path
    assert len(names) == len(set(names))


def test_files_maps_and_postings_are_described_by_their_own_types(door: Door) -> None:
    paths = door.get("/openapi.json").json["paths"]

    def of_answer(path: str) -> list[str]:
        return list(paths[path]["get"]["responses"]["200"]["content"])

    assert of_answer("/v1/batches/{batch_id}/file") == ["text/csv"]
    assert of_answer("/v1/openings/{opening_id}/job-posting") == ["application/ld+json"]
    assert of_answer("/v1/tenants/{tenant}/openings.geojson") == ["application/geo+json"]
    assert "text/csv" in paths["/v1/batches/{batch_id}/returns"]["post"]["requestBody"]["content"]


def references(value: Any) -> list[str]:
    """Return every ``$ref`` in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for inner in value.values() for one in references(inner)]
    return [one for inner in value for one in references(inner)] if isinstance(value, list) else []
