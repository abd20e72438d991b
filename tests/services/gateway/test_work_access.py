"""Who may do what with work, asked at the door of a town whose services are really there."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from services.placement.openings.draw import verify
from shared.actors import Actor
from shared.clock import from_iso
from tests.services.gateway.neighbourhood import (
    ACCOUNT,
    BYEOL,
    ELSEWHERE,
    EUNHA,
    HOST,
    OFFICER,
    OPERATOR,
    OTHER_HOST,
    OTHER_TOWN,
    PROGRAMME,
    SECOND,
    TENANT,
    Neighbourhood,
)
from tests.services.gateway.twins import an_opening

MONTH = f"{PROGRAMME}:{EUNHA.subject}:2026-11"
Refusals = dict[Actor | None, str]
NOT_STAFF: Refusals = {None: "sign_in_needed", EUNHA: "role_not_allowed", BYEOL: "role_not_allowed"}
STRANGERS: Refusals = {ELSEWHERE: "other_district", OTHER_TOWN: "other_tenant"}
#: What only officers of the district may do.
OFFICERS_ONLY: Refusals = {**NOT_STAFF, HOST: "role_not_allowed", **STRANGERS}


def refused(
    town: Neighbourhood, refusals: Refusals, method: str, path: str, /, **body: Any
) -> None:
    """Assert that each of these is refused with that code, and with 401 or 403."""
    for actor, code in refusals.items():
        told = town.status(actor, method, path, **body)
        assert told == (401 if code == "sign_in_needed" else 403, code), (actor and actor.subject, path)


# Attendance.


def test_a_workplace_shows_its_code_to_its_hosts_and_officers_only(town: Neighbourhood, sheet: str) -> None:
    others: Refusals = {**NOT_STAFF, OTHER_HOST: "not_your_opening", **STRANGERS}
    refused(town, others, "GET", "/v1/openings/opn-1/attendance-code")
    refused(town, others, "POST", "/v1/openings/opn-1/attendance-code/change")
    refused(town, others, "GET", "/v1/openings/opn-1/attendance")

    codes = {town.does(one, "GET", "/v1/openings/opn-1/attendance-code")["code"] for one in (HOST, OFFICER)}

    assert len(codes) == 1
    (row,) = town.does(HOST, "GET", "/v1/openings/opn-1/attendance")["sheets"]
    assert row["attendance_id"] == sheet


def test_a_resident_checks_in_for_themselves_with_the_code_of_the_workplace(town: Neighbourhood, sheet: str) -> None:
    start = town.does(EUNHA, "GET", f"/v1/attendance/{sheet}")["start"]
    path = f"/v1/attendance/{sheet}/check-in"
    town.clock.move(from_iso(start) - town.clock.now())
    code = town.does(HOST, "GET", "/v1/openings/opn-1/attendance-code")["code"]
    wrong = "000000" if code != "000000" else "111111"

    refused(town, {None: "sign_in_needed", BYEOL: "only_for_oneself", HOST: "role_not_allowed"}, "POST", path, code=code)
    assert town.status(EUNHA, "POST", path, code=wrong) == (422, "attendance_code_wrong")
    assert town.does(EUNHA, "POST", path, code=code)["said"] == "in"
    told = town.does(EUNHA, "GET", f"/v1/attendance/{sheet}")
    assert [word["said"] for word in told["words"]] == ["in"]
    assert "account" not in told["words"][0]


def test_hosts_confirm_residents_dispute_and_officers_answer(town: Neighbourhood, settled: str) -> None:
    path = f"/v1/attendance/{settled}"
    others: Refusals = {**NOT_STAFF, OTHER_HOST: "not_your_opening", **STRANGERS}
    for verb, body in (("witness", {"said": "absent"}), ("confirm", {}), ("correct", {"minutes": 60, "reason": "-"})):
        refused(town, others, "POST", f"{path}/{verb}", **body)
    refused(town, {BYEOL: "role_not_allowed", **STRANGERS}, "GET", path)

    disputed = {"text": "세 시간 일했습니다."}
    assert town.does(EUNHA, "POST", f"{path}/dispute", **disputed)["dispute"] == 1
    refused(town, {HOST: "role_not_allowed", **STRANGERS}, "POST", f"{path}/answer", answer="rejected", reason="-")
    refused(town, {EUNHA: "role_not_allowed"}, "GET", f"/v1/tenants/{TENANT}/attendance/disputes")
    (waiting,) = town.does(OFFICER, "GET", f"/v1/tenants/{TENANT}/attendance/disputes")["disputes"]
    assert town.does(ELSEWHERE, "GET", f"/v1/tenants/{TENANT}/attendance/disputes")["disputes"] == []
    assert (waiting["attendance_id"], waiting["why"]) == (settled, "dispute")
    told = town.does(OFFICER, "POST", f"{path}/answer", answer="upheld", minutes=90, reason="출입 기록")
    assert (told["minutes"], told["revision"]) == (90, 2)


# Pay.


def test_pay_is_seen_by_its_resident_and_by_officers_of_the_district(town: Neighbourhood, settled: str) -> None:
    mine = f"/v1/residents/{EUNHA.subject}/pay"
    refused(town, {None: "sign_in_needed", BYEOL: "only_for_oneself", HOST: "role_not_allowed"}, "GET", mine)
    refused(town, {BYEOL: "only_for_oneself", HOST: "role_not_allowed", **STRANGERS}, "GET", f"/v1/pay-months/{MONTH}")
    for path in ("pay-months?month=2026-11", "pay-months/flagged", "pay-check", "batches"):
        refused(town, OFFICERS_ONLY, "GET", f"/v1/programmes/{PROGRAMME}/{path}")

    for one in (EUNHA, OFFICER):
        (month,) = town.does(one, "GET", mine)["months"]
        assert (month["earned"], month["payable"], month["held_back"]) == (20_640, 20_640, 0)
    assert town.does(ELSEWHERE, "GET", mine)["months"] == []
    (line,) = town.does(EUNHA, "GET", f"/v1/pay-months/{MONTH}")["lines"]
    assert (line["attendance_id"], line["dong"]) == (settled, "첨단2동")


def test_pay_is_taken_out_and_given_again_by_officers_only(town: Neighbourhood, settled: str) -> None:
    body = {"attendance_ids": [settled], "reason": "근무가 겹침"}
    for verb in ("recover", "recover/lift"):
        refused(town, OFFICERS_ONLY, "POST", f"/v1/pay-months/{MONTH}/{verb}", **body)
    refused(town, OFFICERS_ONLY, "POST", f"/v1/pay-months/{MONTH}/paid-back", won=1, day="2026-11-30")

    assert town.does(OFFICER, "POST", f"/v1/pay-months/{MONTH}/recover", **body)["due_now"] == 0
    assert town.does(OFFICER, "POST", f"/v1/pay-months/{MONTH}/recover/lift", **body)["due_now"] == 20_640


def test_a_batch_goes_from_two_officers_to_the_bank_and_back(town: Neighbourhood, settled: str) -> None:
    ask = {"batch_id": "bat-1", "programme_id": PROGRAMME, "month": "2026-11", "method": "bank"}
    refused(town, OFFICERS_ONLY, "POST", "/v1/batches", **ask)

    prepared = town.does(OFFICER, "POST", "/v1/batches", **ask)
    assert (prepared["state"], prepared["people"], prepared["won"]) == ("prepared", 1, 20_640)
    for verb in ("approve", "cancel", f"rows/{MONTH}/drop"):
        refused(town, OFFICERS_ONLY, "POST", f"/v1/batches/bat-1/{verb}")
    refused(town, {OFFICER: "four_eyes_needed"}, "POST", "/v1/batches/bat-1/approve")
    assert town.status(OFFICER, "GET", "/v1/batches/bat-1/file") == (409, "batch_is_not_so_far")
    town.does(SECOND, "POST", "/v1/batches/bat-1/approve")

    for path in ("", "/rows", "/file"):
        refused(town, OFFICERS_ONLY, "GET", f"/v1/batches/bat-1{path}")
    file = town.asks(OFFICER, "GET", "/v1/batches/bat-1/file")
    assert "은하" in file.data.decode("cp949")
    assert file.headers["Content-Disposition"] == "attachment; filename=bat-1-bank-bulk.csv"
    refused(town, OFFICERS_ONLY, "POST", "/v1/batches/bat-1/filed", file_hash="ab" * 32)
    assert town.status(OFFICER, "POST", "/v1/batches/bat-1/filed", file_hash="ab" * 32) == (409, "file_hash_differs")
    assert file.headers["ETag"].strip('"') == sha256(file.data).hexdigest()
    town.does(OFFICER, "POST", "/v1/batches/bat-1/filed", file_hash=file.headers["ETag"].strip('"'))

    right = "H,bat-1\r\nD,1,20640,0000\r\nT,1,20640,0,0\r\n"
    for actor, content, told in (
        (EUNHA, right, (403, "role_not_allowed")),
        (ELSEWHERE, right, (403, "other_district")),
        (OFFICER, right.replace("D,1,20640", "D,1,20641"), (422, "return_won_differs")),
        (OFFICER, right, (200, None)),
    ):
        answer = town.door.post(
            "/v1/batches/bat-1/returns", by=actor, data=content.encode("cp949"), content_type="text/csv"
        )
        assert (answer.status_code, answer.json.get("code")) == told
    town.hears()
    assert answer.json["state"] == "settled"
    assert town.does(OFFICER, "GET", f"/v1/programmes/{PROGRAMME}/pay-check")["balanced"] is True
    assert town.does(EUNHA, "GET", f"/v1/pay-months/{MONTH}")["paid"] == 20_640

    path, why = f"/v1/batches/bat-1/rows/{MONTH}/returned", {"reason": "closed_account"}
    refused(town, OFFICERS_ONLY, "POST", path, **why)
    assert town.status(OFFICER, "POST", path, reason="bad_luck")[0] == 422
    assert town.does(OFFICER, "POST", path, **why)["counts"] is False
    assert town.does(OFFICER, "POST", path, **why)["counts"] is False
    assert town.does(SECOND, "POST", path, **why)["counts"] is True
    assert town.status(SECOND, "POST", path, **why) == (409, "row_is_not_paid")
    later = town.door.post(
        "/v1/batches/bat-1/returns", by=OFFICER, data=right.encode("cp949"), content_type="text/csv"
    ).json
    assert (later["returned_later"], later["contradicted"], later["returned"]) == (0, 1, 20_640)
    town.hears()
    assert town.does(OFFICER, "GET", "/v1/batches/bat-1")["returned_later"] == 20_640
    assert town.does(OFFICER, "GET", "/v1/batches/bat-1/rows")["rows"][0]["outcome"] == "closed_account"
    month = town.does(EUNHA, "GET", f"/v1/pay-months/{MONTH}")
    assert (month["paid"], month["due_now"], month["payments"][0]["state"]) == (0, 20_640, "returned")
    assert town.does(OFFICER, "GET", f"/v1/programmes/{PROGRAMME}/pay-check")["balanced"] is True


# Selection.


def test_a_draw_is_offered_accepted_and_recomputed_by_anybody(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/openings", **_a_draw(town))
    for one in (EUNHA, BYEOL):
        town.does(one, "POST", "/v1/openings/opn-1/applications")
    refused(town, OFFICERS_ONLY, "POST", "/v1/openings/opn-1/rank")
    assert verify(town.does(None, "GET", "/v1/openings/opn-1/draw")).faults == ("not_drawn_yet",)

    town.passes(days=8, hours=9)
    town.sweeps("placement_openings", "close_overdue", "ask_candidates")

    public = town.asks(None, "GET", "/v1/openings/opn-1/draw")
    assert verify(public.json).ok
    assert public.json["candidates"] == 2
    assert "res-" not in public.text
    refused(town, OFFICERS_ONLY, "GET", "/v1/openings/opn-1/ranking")
    ranks = {}
    for one, other in ((EUNHA, BYEOL), (BYEOL, EUNHA)):
        path = f"/v1/applications/opn-1:{one.subject}"
        refused(town, {None: "sign_in_needed", other: "only_for_oneself", HOST: "role_not_allowed"}, "GET", f"{path}/why")
        refused(town, {None: "sign_in_needed", other: "only_for_oneself"}, "POST", f"{path}/offer/accept")
        ranks[town.does(one, "GET", f"{path}/why")["rank"]] = one
    assert set(ranks) == {1, 2}

    first, second = (f"/v1/applications/opn-1:{ranks[rank].subject}/offer" for rank in (1, 2))
    assert town.status(ranks[2], "POST", f"{second}/accept") == (404, "no_such_offer")
    town.does(ranks[1], "POST", f"{first}/decline")
    assert town.does(ranks[2], "POST", f"{second}/accept")["state"] == "selected"


def test_what_a_place_would_do_is_told_to_its_resident_and_to_officers(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/openings", **_a_draw(town))
    path = f"/v1/openings/opn-1/quote?resident_id={EUNHA.subject}"

    refused(town, {None: "sign_in_needed", BYEOL: "only_for_oneself", **STRANGERS}, "GET", path)
    for one in (EUNHA, OFFICER):
        told = town.does(one, "GET", path)
        assert (told["may_apply"], told["pay"]["won"]) == (True, 20_640)
        assert told["limits"]["objections"] == []


def test_hosts_see_their_own_openings_and_the_world_sees_what_is_public(town: Neighbourhood, sheet: str) -> None:
    path = f"/v1/hosts/{HOST.subject}/openings"
    refused(town, {**NOT_STAFF, OTHER_HOST: "only_for_oneself"}, "GET", path)
    for one in (HOST, OFFICER):
        assert [row["hosts"] for row in town.does(one, "GET", path)["openings"]] == [[HOST.subject]]
    assert town.does(ELSEWHERE, "GET", path)["openings"] == []

    posting = town.asks(None, "GET", "/v1/openings/opn-1/job-posting")
    features = town.asks(None, "GET", f"/v1/tenants/{TENANT}/openings.geojson")

    assert posting.get_json(force=True)["hiringOrganization"]["name"] == "광주광역시 광산구"
    assert features.get_json(force=True)["features"][0]["geometry"]["coordinates"] == [126.7937, 35.1457]
    assert not re.search("res-|host-", posting.text + features.text), sheet


# Participation.


def test_how_somebody_stands_is_theirs_and_their_officers(town: Neighbourhood, sheet: str) -> None:
    path = f"/v1/residents/{EUNHA.subject}/participation"
    refused(town, {None: "sign_in_needed", BYEOL: "only_for_oneself", HOST: "role_not_allowed"}, "GET", path)
    for one in (EUNHA, OFFICER, OPERATOR):
        (span,) = town.does(one, "GET", path)["spans"]
        assert sheet.startswith(span["opening_id"])
    (elsewhere,) = town.does(ELSEWHERE, "GET", path)["spans"]
    assert "opening_id" not in elsewhere

    days = "first_day=2026-12-01&last_day=2026-12-31"
    refused(town, {EUNHA: "role_not_allowed", HOST: "role_not_allowed"}, "GET", f"{path}/check?{days}")
    refused(town, {EUNHA: "role_not_allowed"}, "GET", f"{path}/overlapping")
    for asked in ("", f"/check?{days}", "/overlapping"):
        for whose in (EUNHA.subject, "nobody"):
            told = town.status(OTHER_TOWN, "GET", f"/v1/residents/{whose}/participation{asked}")
            assert told == (404, "no_such_resident_here")
    assert town.does(OFFICER, "GET", f"{path}/check?{days}")["allowed"] is True


def test_other_systems_jobs_are_noted_and_retracted_by_officers_only(town: Neighbourhood, sheet: str) -> None:
    path = f"/v1/residents/{EUNHA.subject}/participation"
    job = {"programme": "공익활동", "first_day": "2026-12-01", "last_day": "2026-12-31", "source": "일모아 조회"}
    nobody: Refusals = {**NOT_STAFF, HOST: "role_not_allowed"}
    refused(town, nobody, "POST", f"{path}/outside", **job)
    assert town.status(OTHER_TOWN, "POST", f"{path}/outside", **job) == (404, "no_such_resident_here")

    key = town.does(OFFICER, "POST", f"{path}/outside", **job)["key"]

    told = town.does(OFFICER, "GET", f"{path}/check?first_day=2026-12-31&last_day=2026-12-31")
    (objection,) = told["objections"]
    assert (told["allowed"], objection["code"]) == (False, "direct_jobs_overlap")
    assert objection["title"]
    refused(town, nobody, "POST", f"{path}/outside/{key}/retract")
    assert town.status(OTHER_TOWN, "POST", f"{path}/outside/{key}/retract") == (404, "no_such_resident_here")
    town.does(OFFICER, "POST", f"{path}/outside/{key}/retract")
    assert sheet
    assert town.does(OFFICER, "GET", f"{path}/check?first_day=2026-12-31&last_day=2026-12-31")["allowed"] is True


# Trust.


def test_both_sides_say_their_word_once_and_nobody_else_does(town: Neighbourhood, settled: str) -> None:
    placement = settled.rpartition(":")[0]
    path = f"/v1/evaluations/{placement}"
    word = {"recommendations": [], "would_again": True}
    others: Refusals = {None: "sign_in_needed", BYEOL: "not_of_this_placement"}
    refused(town, {**others, OTHER_HOST: "not_of_this_placement", **STRANGERS}, "GET", path)
    refused(town, {BYEOL: "only_for_oneself", HOST: "role_not_allowed"}, "POST", path, side="resident", **word)
    refused(town, {EUNHA: "not_ones_own_word", BYEOL: "not_of_this_placement"}, "POST", path, side="host", **word)

    town.does(EUNHA, "POST", path, side="resident", **word)
    hidden = town.does(HOST, "GET", path)
    assert (hidden["given"], hidden["words"]) == ({"resident": True, "host": False}, {})
    town.does(HOST, "POST", path, side="host", **word)
    assert set(town.does(EUNHA, "GET", path)["words"]) == {"resident", "host"}
    assert town.status(EUNHA, "POST", path, side="resident", **word) == (409, "already_evaluated")

    town.does(EUNHA, "POST", f"{path}/appeal", side="resident", reason="사실과 다릅니다.")
    answer = {"side": "resident", "answer": "upheld", "reason": "확인함"}
    refused(town, {EUNHA: "role_not_allowed", HOST: "role_not_allowed", **STRANGERS}, "POST", f"{path}/appeal/answer", **answer)
    assert town.does(ELSEWHERE, "GET", f"/v1/tenants/{TENANT}/evaluation-appeals")["evaluations"] == []
    assert len(town.does(OFFICER, "GET", f"/v1/tenants/{TENANT}/evaluation-appeals")["evaluations"]) == 1
    assert town.does(OFFICER, "POST", f"{path}/appeal/answer", **answer)["answer"] == "upheld"


def test_a_profile_is_ones_own_until_one_consents(town: Neighbourhood, settled: str) -> None:
    path = f"/v1/residents/{EUNHA.subject}/profile"
    applied = f"{path}?opening_id=opn-1"
    refused(town, {None: "sign_in_needed", BYEOL: "role_not_allowed", OTHER_TOWN: "not_an_applicant"}, "GET", path)
    refused(town, {HOST: "trust_profile_consent_needed", OTHER_HOST: "not_of_this_placement"}, "GET", applied)
    refused(town, {OFFICER: "role_not_allowed", HOST: "role_not_allowed"}, "GET", f"{path}/export")
    assert town.does(EUNHA, "GET", path)["completed"] == 1
    assert settled.startswith(town.does(EUNHA, "GET", f"{path}/export")["placements"][0]["placement_id"])

    consent = f"/v1/residents/{EUNHA.subject}/consents/trust_profile"
    town.does(EUNHA, "PUT", consent, text_version="2026-01")

    told = town.does(HOST, "GET", applied)
    assert (told["completed"], told["recommendations"]) == (1, [])

    # Withdrawing is as easy as it can be: nobody has to know which version of the text they agreed to.
    town.does(EUNHA, "POST", f"{consent}/withdraw")
    refused(town, {HOST: "trust_profile_consent_needed"}, "GET", applied)


# Accounts and groups.


def test_an_account_is_set_by_its_own_hand_and_seen_masked(town: Neighbourhood) -> None:
    path = f"/v1/residents/{EUNHA.subject}/account"
    for method, body in (("PUT", ACCOUNT), ("DELETE", {})):
        refused(
            town,
            {None: "sign_in_needed", BYEOL: "only_for_oneself", OFFICER: "role_not_allowed", HOST: "role_not_allowed"},
            method,
            path,
            **body,
        )

    town.does(EUNHA, "PUT", path, **ACCOUNT)

    for one in (EUNHA, OFFICER):
        told = town.asks(one, "GET", path)
        assert told.json["account"]["number"].startswith("*")
        assert ACCOUNT["number"] not in told.text
    refused(town, {BYEOL: "only_for_oneself", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"}, "GET", path)
    town.does(EUNHA, "DELETE", path)
    assert town.does(EUNHA, "GET", path)["account"] is None


def test_a_group_is_declared_by_oneself_and_verified_by_an_officer(town: Neighbourhood) -> None:
    group = next(one["group"] for one in town.does(None, "GET", "/v1/target-groups")["groups"] if one["proof"])
    path = f"/v1/residents/{EUNHA.subject}/groups"
    refused(town, {None: "sign_in_needed", BYEOL: "only_for_oneself", OFFICER: "role_not_allowed"}, "PUT", f"{path}/{group}")

    town.does(EUNHA, "PUT", f"{path}/{group}")

    refused(town, {EUNHA: "role_not_allowed", HOST: "role_not_allowed", OTHER_TOWN: "other_tenant"}, "POST", f"{path}/{group}/verify")
    town.does(OFFICER, "POST", f"{path}/{group}/verify")
    refused(town, {BYEOL: "only_for_oneself"}, "GET", path)
    (told,) = town.does(EUNHA, "GET", path)["groups"]
    assert (told["group"], told["verified_by"]) == (group, OFFICER.subject)
    town.does(EUNHA, "DELETE", f"{path}/{group}")
    assert town.does(EUNHA, "GET", path)["groups"] == []


def _a_draw(town: Neighbourhood) -> dict[str, Any]:
    return an_opening(opening_id="opn-1", mode="draw", places=1, offer_minutes=60)
