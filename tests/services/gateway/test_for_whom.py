"""An opening for people with a disability, from its terms to a place, through every service: who is told what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import KST, iso
from tests.services.gateway.neighbourhood import (
    BYEOL,
    EUNHA,
    HOST,
    OFFICER,
    PROGRAMME,
    Neighbourhood,
    a_neighbourhood,
    somebody,
)
from tests.services.gateway.twins import an_opening

BASIS = "장애인복지법 제2조"
STRANGER = somebody("res-아무개", "resident")
GROUP = f"/v1/residents/{EUNHA.subject}/groups/disability"


@pytest.fixture
def town(tmp_path: Path) -> Neighbourhood:
    """A town whose programme is for people with a disability, as a law says."""
    there = a_neighbourhood(tmp_path)
    group = {"code": "disability", "name_ko": "장애인", "legal_basis": BASIS}
    there.does(OFFICER, "PUT", f"/v1/programmes/{PROGRAMME}/target-groups", target_groups=[group])
    return there


def publishes(town: Neighbourhood, **changes: Any) -> None:
    """Publish an opening for the group."""
    start = (town.clock.now() + timedelta(days=2)).astimezone(KST).replace(hour=10, minute=0)
    asked = {
        "opening_id": "opn-1",
        "shifts": [{"start": iso(start), "end": iso(start + timedelta(hours=2))}],
        "deadline": iso(town.clock.now() + timedelta(days=1)),
        "target_group": "disability",
        "membership": "required",
        **changes,
    }
    town.does(OFFICER, "POST", "/v1/openings", **an_opening(**asked))


def for_whom(town: Neighbourhood) -> dict[str, Any]:
    told = town.does(EUNHA, "GET", "/v1/openings/opn-1/quote")
    return {**told["limits"]["for_whom"], "may_apply": told["may_apply"]}


def test_a_resident_sees_what_to_do_step_by_step_until_they_may_apply_and_are_selected(town: Neighbourhood) -> None:
    publishes(town)

    unknown = for_whom(town)
    assert (unknown["known"], unknown["may_apply"]) == ("unknown", False)
    assert "대상 집단을 알려" in unknown["what_to_do"]["detail"]
    assert town.status(EUNHA, "POST", "/v1/openings/opn-1/applications") == (409, "target_group_needed")

    town.does(EUNHA, "PUT", GROUP)
    unconfirmed = for_whom(town)
    assert (unconfirmed["known"], unconfirmed["may_apply"]) == ("unconfirmed", False)
    assert "officer" in unconfirmed["what_to_do"]["detail_en"]
    assert town.status(EUNHA, "POST", "/v1/openings/opn-1/applications") == (409, "target_group_needed")

    town.does(OFFICER, "POST", f"{GROUP}/verify")
    assert (for_whom(town)["known"], for_whom(town)["may_apply"]) == ("member", True)
    town.does(EUNHA, "POST", "/v1/openings/opn-1/applications")
    told = town.does(OFFICER, "POST", "/v1/openings/opn-1/placements", resident_id=EUNHA.subject)
    assert (told["resident_id"], told["warnings"]) == (EUNHA.subject, [])


def test_who_leaves_the_group_after_applying_is_not_selected(town: Neighbourhood) -> None:
    publishes(town)
    town.does(EUNHA, "PUT", GROUP)
    town.does(OFFICER, "POST", f"{GROUP}/verify")
    town.does(EUNHA, "POST", "/v1/openings/opn-1/applications")

    town.passes(minutes=1)
    town.does(EUNHA, "DELETE", GROUP)

    assert town.status(OFFICER, "POST", "/v1/openings/opn-1/placements", resident_id=EUNHA.subject) == (
        409,
        "target_group_needed",
    )


def test_neither_a_host_nor_another_resident_can_look_for_who_belongs(town: Neighbourhood) -> None:
    publishes(town, hosts=[HOST.subject])
    town.does(EUNHA, "PUT", GROUP)
    path = f"/v1/openings/opn-1/quote?resident_id={EUNHA.subject}"

    for who, status in ((HOST, 403), (BYEOL, 403), (None, 401)):
        assert town.status(who, "GET", path)[0] == status
        assert town.status(who, "GET", "/v1/openings/opn-1/applications")[0] == status


def test_an_officers_look_at_whether_somebody_belongs_is_on_the_access_log(town: Neighbourhood) -> None:
    publishes(town)
    town.does(OFFICER, "GET", f"/v1/openings/opn-1/quote?resident_id={EUNHA.subject}")

    residents = town.databases[1].collection("access_log")
    (line,) = [one for one in residents.find({}) if one["action"] == "belonging"]
    assert (line["resident"], line["officer"], line["reason"]) == (EUNHA.subject, OFFICER.subject, "opn-1")


def test_an_officer_who_selects_somebody_unregistered_reads_it_in_words_and_the_reason_is_kept(
    town: Neighbourhood,
) -> None:
    publishes(town, membership="anyone")
    town.does(STRANGER, "POST", "/v1/openings/opn-1/applications")

    told = town.does(
        OFFICER, "POST", "/v1/openings/opn-1/placements", resident_id=STRANGER.subject, reason="전화로 신청"
    )

    (warning,) = told["warnings"]
    assert (warning["code"], warning["title"]) == ("resident_not_registered", "이 기관에 등록하지 않은 주민입니다")
    (row,) = town.does(OFFICER, "GET", "/v1/openings/opn-1/applications")["applications"]
    assert (row["registered"], row["selected_because"]) == (False, "전화로 신청")
