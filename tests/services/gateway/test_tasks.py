"""What awaits whom, asked at the door of a town whose services are really there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.gateway import catalogue
from services.gateway.api.tasks import LINKS
from services.placement.tasks.model import KINDS
from shared.actors import Actor
from shared.clock import from_iso, iso
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
    SECOND,
    TENANT,
    Neighbourhood,
)
from tests.services.gateway.refusals import CALL, CITY, PLAN
from tests.services.gateway.twins import an_opening

MONTH = f"{PROGRAMME}:{EUNHA.subject}:2026-11"
BATCH = {"batch_id": "bat-1", "programme_id": PROGRAMME, "month": "2026-11", "method": "bank"}
#: Who works here is an officer as well, and a host of the very place.
EUNHA_AS_OFFICER = replace(EUNHA, roles=frozenset({"officer"}))
HOST_OF_ANOTHER_TOWN = replace(HOST, tenant="jeonju")
EVERYBODY = (
    *(EUNHA, BYEOL, HOST, OTHER_HOST, HOST_OF_ANOTHER_TOWN),
    *(OFFICER, SECOND, CITY, ELSEWHERE, OTHER_TOWN, EUNHA_AS_OFFICER),
)
OFFICERS = (OFFICER, SECOND, CITY)


def awaiting(town: Neighbourhood, actor: Actor) -> dict[str, dict[str, Any]]:
    """Return what awaits somebody, by kind."""
    return {row["kind"]: row for row in town.does(actor, "GET", "/v1/tasks")["tasks"]}


def who_sees(town: Neighbourhood, kind: str, thing: str) -> set[str]:
    """Return the accounts, with their role and tenant, whom a thing of this kind awaits."""
    return {
        name_of(actor)
        for actor in EVERYBODY
        if thing in [task["id"] for task in awaiting(town, actor).get(kind, {"first": []})["first"]]
    }


def name_of(actor: Actor) -> str:
    """Return what tells these actors apart."""
    return f"{'+'.join(sorted(actor.roles))} {actor.subject} of {actor.tenant}"


def names(*actors: Actor) -> set[str]:
    """Return the names of several."""
    return {name_of(actor) for actor in actors}


# Attendance.


@pytest.mark.usefixtures("sheet")
def test_an_opening_with_applicants_awaits_the_officers_of_its_district(town: Neighbourhood) -> None:
    assert who_sees(town, "selections", "opn-1") == names(*OFFICERS, EUNHA_AS_OFFICER)

    told = awaiting(town, OFFICER)["selections"]
    opening = town.does(OFFICER, "GET", "/v1/openings/opn-1")
    assert (told["count"], told["more"], told["until"]) == (1, False, opening["deadline"])
    assert told["first"][0]["link"] == "/v1/openings/opn-1/applications"
    town.does(OFFICER, "POST", f"/v1/applications/opn-1:{BYEOL.subject}/not-select")
    assert who_sees(town, "selections", "opn-1") == set()


def test_a_shift_that_is_over_awaits_its_hosts_until_it_is_settled(town: Neighbourhood, sheet: str) -> None:
    told = town.does(HOST, "GET", f"/v1/attendance/{sheet}")
    assert who_sees(town, "shifts_to_confirm", sheet) == set()

    town.clock.move(from_iso(told["end"]) - town.clock.now())

    assert who_sees(town, "shifts_to_confirm", sheet) == names(HOST)
    row = awaiting(town, HOST)["shifts_to_confirm"]
    assert (row["role"], row["count"], row["until"]) == ("host", 1, told["settles_at"])
    assert (row["title"], row["title_en"]) == ("확인할 근무", "Shifts to confirm")
    assert town.does(HOST, "GET", row["first"][0]["link"])["attendance_id"] == sheet
    town.does(HOST, "POST", f"/v1/attendance/{sheet}/confirm", came=told["start"], left=told["end"])
    assert who_sees(town, "shifts_to_confirm", sheet) == set()


def test_an_unclear_shift_awaits_its_hosts_and_officers_with_the_day_it_must_be_decided(
    town: Neighbourhood, sheet: str
) -> None:
    told = town.does(HOST, "GET", f"/v1/attendance/{sheet}")
    town.clock.move(from_iso(told["start"]) - town.clock.now())
    code = town.does(HOST, "GET", "/v1/openings/opn-1/attendance-code")["code"]
    town.does(EUNHA, "POST", f"/v1/attendance/{sheet}/check-in", code=code)
    town.passes(days=2)
    town.sweeps("placement_attendance", "settle_due")

    assert who_sees(town, "shifts_unclear", sheet) == names(HOST, *OFFICERS)
    assert who_sees(town, "shifts_to_confirm", sheet) == set()
    until = town.does(OFFICER, "GET", f"/v1/attendance/{sheet}")["answer_until"]
    assert {awaiting(town, one)["shifts_unclear"]["until"] for one in (HOST, OFFICER)} == {until}
    town.does(OFFICER, "POST", f"/v1/attendance/{sheet}/witness", said="out", at=told["end"])
    assert who_sees(town, "shifts_unclear", sheet) == set()


def test_a_dispute_awaits_officers_and_the_hosts_whom_it_contradicts(town: Neighbourhood, settled: str) -> None:
    town.does(EUNHA, "POST", f"/v1/attendance/{settled}/dispute", text="세 시간 일했습니다.")

    assert who_sees(town, "attendance_disputes", settled) == names(HOST, *OFFICERS)
    row = awaiting(town, OFFICER)["attendance_disputes"]
    assert row["link"] == f"/v1/tenants/{TENANT}/attendance/disputes"
    (listed,) = town.does(OFFICER, "GET", row["link"])["disputes"]
    assert (row["first"][0]["id"], row["until"]) == (listed["attendance_id"], listed["answer_until"])
    town.does(OFFICER, "POST", f"/v1/attendance/{settled}/answer", answer="rejected", reason="출입 기록")
    assert who_sees(town, "attendance_disputes", settled) == set()


def test_a_hosts_own_dispute_awaits_officers_only(town: Neighbourhood, settled: str) -> None:
    town.does(HOST, "POST", f"/v1/attendance/{settled}/dispute", text="한 시간만 계셨습니다.")

    assert who_sees(town, "attendance_disputes", settled) == names(*OFFICERS)


# Places that are offered.


def drawn(town: Neighbourhood) -> dict[str, Actor]:
    """Draw who of two is offered the only place, and return them by who was asked and who waits."""
    start = town.clock.now().replace(minute=0, second=0, microsecond=0)
    shift = {"start": iso(start.replace(day=start.day + 3)), "end": iso(start.replace(day=start.day + 3, hour=start.hour + 2))}
    deadline = iso(start.replace(day=start.day + 1))
    drawn = an_opening(
        opening_id="opn-3", shifts=[shift], hosts=[HOST.subject], deadline=deadline, places=1, mode="draw"
    )
    town.does(OFFICER, "POST", "/v1/openings", **drawn)
    for one in (EUNHA, BYEOL):
        town.does(one, "POST", "/v1/openings/opn-3/applications")
    town.passes(days=1)
    town.sweeps("placement_openings", "close_overdue", "ask_candidates")
    asked = {one: town.does(OFFICER, "GET", f"/v1/applications/opn-3:{one.subject}/why")["rank"] for one in (EUNHA, BYEOL)}
    first, second = sorted(asked, key=lambda one: asked[one])
    return {"asked": first, "waits": second}


def test_an_offered_place_awaits_who_was_asked_before_all_else_until_they_answer(town: Neighbourhood) -> None:
    asked, waits = drawn(town).values()
    offered, next_one = f"opn-3:{asked.subject}", f"opn-3:{waits.subject}"
    assert who_sees(town, "offers_to_confirm", offered) == names(asked)
    assert who_sees(town, "offers_to_confirm", next_one) == set()

    row = town.does(asked, "GET", "/v1/tasks")["tasks"][0]
    assert (row["kind"], row["title"], row["title_en"]) == (
        "offers_to_confirm",
        "제안받은 자리",
        "Places offered to you",
    )
    (listed,) = town.does(asked, "GET", row["link"])["applications"]
    assert (row["count"], row["until"]) == (1, listed["offer"]["until"])
    task = row["first"][0]
    assert (task["about"], task["since"]) == ("작은도서관 도서 정리", iso(town.clock.now()))
    assert town.does(asked, "GET", task["link"])["rank"] == 1
    town.does(asked, "POST", f"/v1/applications/{offered}/offer/accept")
    assert who_sees(town, "offers_to_confirm", offered) == set()


def test_an_offered_place_whose_time_is_up_awaits_the_next_from_the_waiting_list(town: Neighbourhood) -> None:
    asked, waits = drawn(town).values()
    until = awaiting(town, asked)["offers_to_confirm"]["until"]

    town.clock.move(from_iso(until) - town.clock.now())

    assert who_sees(town, "offers_to_confirm", f"opn-3:{asked.subject}") == set()
    town.sweeps("placement_openings", "close_overdue", "ask_candidates")
    assert who_sees(town, "offers_to_confirm", f"opn-3:{waits.subject}") == names(waits)


# Places that come free.


def filled(town: Neighbourhood) -> None:
    """Publish an opening with one place, and give it."""
    start = town.clock.now().replace(minute=0, second=0, microsecond=0)
    shift = {"start": iso(start.replace(day=start.day + 3)), "end": iso(start.replace(day=start.day + 3, hour=start.hour + 2))}
    deadline = iso(start.replace(day=start.day + 1))
    opening = an_opening(opening_id="opn-2", shifts=[shift], hosts=[HOST.subject], deadline=deadline, places=1)
    town.does(OFFICER, "POST", "/v1/openings", **opening)
    town.does(EUNHA, "POST", "/v1/openings/opn-2/applications")
    town.does(OFFICER, "POST", "/v1/openings/opn-2/placements", resident_id=EUNHA.subject)


def test_a_place_that_was_given_back_awaits_the_hosts_until_somebody_has_it(town: Neighbourhood) -> None:
    filled(town)
    assert who_sees(town, "places_lost", "opn-2") == set()

    town.does(EUNHA, "POST", f"/v1/applications/opn-2:{EUNHA.subject}/withdraw")

    assert who_sees(town, "places_lost", "opn-2") == names(HOST)
    row = awaiting(town, HOST)["places_lost"]
    opening = town.does(HOST, "GET", "/v1/openings/opn-2")
    assert row["until"] == opening["shifts"][0]["start"]
    assert [one["opening_id"] for one in town.does(HOST, "GET", row["link"])["openings"]] == ["opn-2"]
    town.does(BYEOL, "POST", "/v1/openings/opn-2/applications")
    town.does(OFFICER, "POST", "/v1/openings/opn-2/placements", resident_id=BYEOL.subject)
    assert who_sees(town, "places_lost", "opn-2") == set()


def test_a_place_given_back_after_the_deadline_awaits_the_hosts_until_the_work_begins(town: Neighbourhood) -> None:
    filled(town)
    town.passes(days=1, hours=1)
    town.does(EUNHA, "POST", f"/v1/applications/opn-2:{EUNHA.subject}/withdraw")
    assert town.does(HOST, "GET", "/v1/openings/opn-2")["state"] == "closed"

    assert who_sees(town, "places_lost", "opn-2") == names(HOST)
    town.passes(days=2)
    assert who_sees(town, "places_lost", "opn-2") == set()


@pytest.mark.usefixtures("sheet")
def test_an_opening_that_closed_with_places_nobody_ever_had_is_no_loss(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/openings/opn-1/close")

    assert who_sees(town, "places_lost", "opn-1") == set()


# Pay.


@pytest.mark.usefixtures("settled")
def test_a_batch_awaits_any_officer_but_who_prepared_or_changed_it_and_whom_it_pays(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/batches", **BATCH)

    assert who_sees(town, "batches_to_approve", "bat-1") == names(SECOND, CITY)
    assert awaiting(town, SECOND)["batches_to_approve"]["first"][0]["link"] == "/v1/batches/bat-1"
    town.does(SECOND, "POST", "/v1/batches/bat-1/approve")
    assert who_sees(town, "batches_to_approve", "bat-1") == set()


@pytest.mark.usefixtures("settled")
def test_a_batch_from_which_every_row_was_taken_awaits_nobody(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/batches", **BATCH)
    town.does(CITY, "POST", f"/v1/batches/bat-1/rows/{MONTH}/drop")

    assert who_sees(town, "batches_to_approve", "bat-1") == set()


def paid(town: Neighbourhood) -> None:
    """Let two officers pay, and the bank say that it did."""
    town.does(OFFICER, "POST", "/v1/batches", **BATCH)
    town.does(SECOND, "POST", "/v1/batches/bat-1/approve")
    file = town.asks(OFFICER, "GET", "/v1/batches/bat-1/file")
    town.does(OFFICER, "POST", "/v1/batches/bat-1/filed", file_hash=file.headers["ETag"].strip('"'))
    answer(town, "D,1,20640,0000", "T,1,20640,0,0")


def answer(town: Neighbourhood, row: str, total: str) -> None:
    """Read the bank's answer."""
    content = f"H,bat-1\r\n{row}\r\n{total}\r\n".encode("cp949")
    told = town.door.post("/v1/batches/bat-1/returns", by=OFFICER, data=content, content_type="text/csv")
    assert told.status_code == 200, told.json
    town.hears()


@pytest.mark.usefixtures("settled")
def test_one_officers_word_that_a_payment_came_back_awaits_another_one(town: Neighbourhood) -> None:
    paid(town)
    path, why = f"/v1/batches/bat-1/rows/{MONTH}/returned", {"reason": "closed_account"}
    assert who_sees(town, "returns_to_second", "bat-1") == set()

    town.does(OFFICER, "POST", path, **why)

    assert who_sees(town, "returns_to_second", "bat-1") == names(SECOND, CITY)
    town.does(SECOND, "POST", path, **why)
    assert who_sees(town, "returns_to_second", "bat-1") == set()
    assert who_sees(town, "payments_sent_back", MONTH) == names(*OFFICERS)


@pytest.mark.usefixtures("settled")
def test_what_the_bank_sent_back_awaits_officers_until_it_is_in_a_batch_again(town: Neighbourhood) -> None:
    town.does(OFFICER, "POST", "/v1/batches", **BATCH)
    town.does(SECOND, "POST", "/v1/batches/bat-1/approve")
    file = town.asks(OFFICER, "GET", "/v1/batches/bat-1/file")
    town.does(OFFICER, "POST", "/v1/batches/bat-1/filed", file_hash=file.headers["ETag"].strip('"'))
    assert who_sees(town, "payments_sent_back", MONTH) == set()

    answer(town, "D,1,20640,0021", "T,0,0,1,20640")

    assert who_sees(town, "payments_sent_back", MONTH) == names(*OFFICERS)
    assert who_sees(town, "payments_contradicted", "bat-1") == set()
    told = awaiting(town, OFFICER)["payments_sent_back"]["first"][0]
    assert town.does(OFFICER, "GET", told["link"])["due_now"] == 20_640
    town.does(SECOND, "POST", "/v1/batches", **{**BATCH, "batch_id": "bat-2"})
    assert who_sees(town, "payments_sent_back", MONTH) == set()


@pytest.mark.usefixtures("settled")
def test_what_the_bank_says_both_of_awaits_officers_but_whom_it_pays(town: Neighbourhood) -> None:
    paid(town)
    for one in (OFFICER, SECOND):
        town.does(one, "POST", f"/v1/batches/bat-1/rows/{MONTH}/returned", reason="closed_account")
    assert who_sees(town, "payments_contradicted", "bat-1") == set()

    answer(town, "D,1,20640,0000", "T,1,20640,0,0")

    assert who_sees(town, "payments_contradicted", "bat-1") == names(*OFFICERS)
    assert who_sees(town, "returns_to_second", "bat-1") == set()
    answer(town, "D,1,20640,0021", "T,0,0,1,20640")
    assert who_sees(town, "payments_contradicted", "bat-1") == set()


# Proposals.


def test_a_proposal_awaits_reviews_of_others_and_then_the_citys_decision(town: Neighbourhood) -> None:
    second_city = replace(CITY, subject="officer-도청")
    town.does(CITY, "POST", "/v1/calls", **CALL)
    asked = {"proposal_id": "pro-1", "code": "meals-2027", "call_id": "call-1", "district": DISTRICT, **PLAN}
    town.does(OFFICER, "POST", "/v1/proposals", **asked)
    assert who_sees(town, "proposals_to_review", "pro-1") == set()

    town.clock.move(from_iso(str(CALL["closes_at"])) - town.clock.now())

    assert who_sees(town, "proposals_to_review", "pro-1") == names(CITY, ELSEWHERE, EUNHA_AS_OFFICER)
    assert who_sees(town, "proposals_to_decide", "pro-1") == set()
    town.does(ELSEWHERE, "PUT", "/v1/proposals/pro-1/review", scores={"need": 80}, comment="이웃에 필요합니다.")
    assert who_sees(town, "proposals_to_review", "pro-1") == set()
    assert who_sees(town, "proposals_to_decide", "pro-1") == names(CITY, EUNHA_AS_OFFICER)
    town.does(second_city, "POST", "/v1/proposals/pro-1/decision", outcome="rejected", reason="예산")
    assert who_sees(town, "proposals_to_decide", "pro-1") == set()


def test_who_proposed_for_the_city_is_not_asked_to_judge_it(town: Neighbourhood) -> None:
    town.does(CITY, "POST", "/v1/calls", **CALL)
    asked = {"proposal_id": "pro-1", "code": "meals-2027", "call_id": "call-1", "district": DISTRICT, **PLAN}
    town.does(CITY, "POST", "/v1/proposals", **asked)
    town.clock.move(from_iso(str(CALL["closes_at"])) - town.clock.now())

    assert who_sees(town, "proposals_to_review", "pro-1") == names(ELSEWHERE, EUNHA_AS_OFFICER)


# Evaluations.


def test_both_sides_are_told_what_they_owe_and_neither_what_the_other_said(town: Neighbourhood, settled: str) -> None:
    place = settled.rpartition(":")[0]
    word = {"recommendations": ["kind"], "would_again": True, "comment": "고맙습니다."}
    assert who_sees(town, "evaluations_owed", place) == names(EUNHA, HOST)
    row = awaiting(town, HOST)["evaluations_owed"]
    (listed,) = town.does(HOST, "GET", row["link"])["evaluations"]
    assert (row["until"], row["first"][0]["id"]) == (listed["until"], listed["placement_id"])

    town.does(EUNHA, "POST", f"/v1/evaluations/{place}", side="resident", **word)

    assert who_sees(town, "evaluations_owed", place) == names(HOST)
    (listed,) = town.does(HOST, "GET", "/v1/evaluations/owed?side=host")["evaluations"]
    assert listed["words"] == {}
    assert "고맙습니다." not in str(awaiting(town, HOST))
    town.does(HOST, "POST", f"/v1/evaluations/{place}", side="host", **word)
    assert who_sees(town, "evaluations_owed", place) == set()


def test_an_objection_awaits_officers_who_did_not_say_the_word_themselves(town: Neighbourhood, settled: str) -> None:
    place = settled.rpartition(":")[0]
    word = {"recommendations": ["kind"], "would_again": False}
    town.does(OFFICER, "POST", f"/v1/evaluations/{place}", side="host", **word)
    town.does(EUNHA, "POST", f"/v1/evaluations/{place}", side="resident", **word)
    assert who_sees(town, "evaluation_appeals", place) == set()

    town.does(EUNHA, "POST", f"/v1/evaluations/{place}/appeal", side="resident", reason="사실과 다릅니다.")

    assert who_sees(town, "evaluation_appeals", place) == names(SECOND, CITY)
    row = awaiting(town, SECOND)["evaluation_appeals"]
    assert row["link"] == f"/v1/tenants/{TENANT}/evaluation-appeals"
    assert town.does(SECOND, "GET", row["link"])["evaluations"]
    town.does(SECOND, "POST", f"/v1/evaluations/{place}/appeal/answer", side="resident", answer="rejected", reason="확인함")
    assert who_sees(town, "evaluation_appeals", place) == set()


# The door.


def test_an_account_with_several_roles_is_told_of_each(town: Neighbourhood, settled: str) -> None:
    town.does(EUNHA, "POST", f"/v1/attendance/{settled}/dispute", text="세 시간 일했습니다.")
    both = replace(HOST, roles=frozenset({"host", "officer"}))

    told = town.does(both, "GET", "/v1/tasks")["tasks"]

    assert [(row["role"], row["kind"]) for row in told] == [
        ("host", "attendance_disputes"),
        ("host", "evaluations_owed"),
        ("officer", "attendance_disputes"),
    ]


def test_whoever_has_nothing_to_do_is_told_of_nothing(town: Neighbourhood) -> None:
    told = town.does(OFFICER, "GET", "/v1/tasks")

    assert told == {"as_of": iso(town.clock.now()), "tasks": []}


def test_operators_have_no_tasks_and_strangers_no_way_in(town: Neighbourhood) -> None:
    assert town.status(OPERATOR, "GET", "/v1/tasks") == (403, "role_not_allowed")
    assert town.status(None, "GET", "/v1/tasks") == (401, "sign_in_needed")


def test_every_kind_has_its_addresses_and_its_words_in_both_languages(town: Neighbourhood) -> None:
    kinds = {(role, kind) for role, those in KINDS.items() for kind in those}
    paths = {path.replace("{", "<").replace("}", ">") for path in town.door.get("/openapi.json").json["paths"]}

    assert LINKS.keys() == kinds
    for language in catalogue.LANGUAGES:
        assert catalogue._file(language)["_said"]["task"].keys() == {kind for _, kind in kinds}
    for one, every in LINKS.values():
        for link in (one, every or one):
            asked = link.partition("?")[0].format(id="*", tenant="*", subject="*").split("/")
            assert any(
                len(asked) == len(parts := path.split("/"))
                and all(a == b or (a == "*" and b.startswith("<")) for a, b in zip(asked, parts, strict=True))
                for path in paths
            ), link
