"""Who may: the resident for oneself, the hosts of that very opening, officers of its district."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.actors import ANYONE, Actor
from shared.errors import Refused
from tests.services.placement.attendance.office import (
    DISTRICT,
    FIRST,
    HOST,
    ME,
    OFFICER,
    OPENING,
    OTHER_HOST,
    RESIDENT,
    START,
    TENANT,
    Office,
    an_office,
    minutes,
)

Try = Callable[[Office, Actor], Any]

SOMEBODY_ELSE = Actor("res-2", frozenset({"resident"}), TENANT)
SAME_NAME_ELSEWHERE = Actor(RESIDENT, frozenset({"resident"}), "bukgu")
HOST_ELSEWHERE = Actor(HOST.subject, frozenset({"host"}), "bukgu")
OFFICER_ELSEWHERE = Actor("officer-9", frozenset({"officer"}), "bukgu")
OTHER_DISTRICT = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29170"}))
WHOLE_TENANT = Actor("officer-3", frozenset({"officer"}), TENANT)

STAFF: dict[str, Try] = {
    "code": lambda office, actor: office.desk.code(actor, opening_id=OPENING),
    "change_code": lambda office, actor: office.desk.change_code(actor, act_id="c", opening_id=OPENING),
    "witness": lambda office, actor: office.says("in", 0, actor=actor),
    "confirm": lambda office, actor: office.confirms(actor=actor, came=START, left=START + minutes(120)),
    "correct": lambda office, actor: office.corrects(30, actor=actor),
    "sheets_of": lambda office, actor: office.desk.sheets_of(actor, opening_id=OPENING),
}
OFFICERS: dict[str, Try] = {
    "answer": lambda office, actor: office.answers("rejected", actor=actor),
    "excuse": lambda office, actor: office.excuses(actor=actor),
}
RESIDENTS: dict[str, Try] = {
    "check_in": lambda office, actor: office.checks_in(actor=actor),
    "check_out": lambda office, actor: office.checks_out(actor=actor),
}


def an_office_for(act: str) -> Office:
    """Return an office in which the right caller could do it."""
    office = an_office()
    office.placed()
    office.at(125)
    if act in ("correct", "answer"):
        office.confirms(came=START, left=START + minutes(120))
    if act == "answer":
        office.disputes()
    return office


def objection(act: str, attempt: Try, actor: Actor) -> str | None:
    """Return the code with which it is refused, or None."""
    try:
        attempt(an_office_for(act), actor)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("act", STAFF)
class TestStaff:
    """Acts of hosts and officers."""

    @pytest.mark.parametrize("actor", [HOST, OFFICER, WHOLE_TENANT], ids=["host", "officer", "tenant"])
    def test_the_opening_s_host_and_the_district_s_officer_may(self, act: str, actor: Actor) -> None:
        assert objection(act, STAFF[act], actor) is None

    @pytest.mark.parametrize(
        ("actor", "code"),
        [
            (OTHER_HOST, "not_your_opening"),
            (HOST_ELSEWHERE, "other_tenant"),
            (OFFICER_ELSEWHERE, "other_tenant"),
            (OTHER_DISTRICT, "other_district"),
            (ME, "role_not_allowed"),
            (ANYONE, "sign_in_needed"),
        ],
    )
    def test_nobody_else_may(self, act: str, actor: Actor, code: str) -> None:
        assert objection(act, STAFF[act], actor) == code


@pytest.mark.parametrize("act", OFFICERS)
class TestOfficers:
    """Acts of officers only."""

    @pytest.mark.parametrize(
        ("actor", "code"),
        [
            (OFFICER, None),
            (HOST, "role_not_allowed"),
            (ME, "role_not_allowed"),
            (OTHER_DISTRICT, "other_district"),
            (OFFICER_ELSEWHERE, "other_tenant"),
            (ANYONE, "sign_in_needed"),
        ],
    )
    def test_officers_of_the_district_alone_may(self, act: str, actor: Actor, code: str | None) -> None:
        assert objection(act, OFFICERS[act], actor) == code


@pytest.mark.parametrize("act", RESIDENTS)
class TestResidents:
    """Acts of the resident whose shift it is."""

    @pytest.mark.parametrize(
        ("actor", "code"),
        [
            (ME, None),
            (SOMEBODY_ELSE, "only_for_oneself"),
            (SAME_NAME_ELSEWHERE, "other_tenant"),
            (HOST, "role_not_allowed"),
            (OFFICER, "role_not_allowed"),
            (ANYONE, "sign_in_needed"),
        ],
    )
    def test_the_resident_alone_may(self, act: str, actor: Actor, code: str | None) -> None:
        assert objection(act, RESIDENTS[act], actor) == code


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ME, None),
        (HOST, None),
        (OTHER_HOST, "not_your_opening"),
        (OFFICER, "role_not_allowed"),
        (SOMEBODY_ELSE, "role_not_allowed"),
        (SAME_NAME_ELSEWHERE, "other_tenant"),
        (ANYONE, "sign_in_needed"),
    ],
)
def test_the_resident_and_the_opening_s_host_may_dispute(actor: Actor, code: str | None) -> None:
    assert objection("answer", lambda office, who: (office.answers("rejected"), _corrected(office, who)), actor) == code


def _corrected(office: Office, actor: Actor) -> Any:
    office.corrects(60)
    return office.disputes(actor=actor)


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ME, None),
        (HOST, None),
        (OFFICER, None),
        (OTHER_HOST, "not_your_opening"),
        (SOMEBODY_ELSE, "role_not_allowed"),
        (OTHER_DISTRICT, "other_district"),
        (ANYONE, "sign_in_needed"),
    ],
)
def test_a_sheet_is_read_by_those_whom_it_concerns(actor: Actor, code: str | None) -> None:
    assert objection("sheet", lambda office, who: office.desk.sheet(who, attendance_id=FIRST), actor) == code


def test_whose_account_said_it_is_for_staff_only() -> None:
    office = an_office_for("correct")

    mine, theirs = office.desk.sheet(ME, attendance_id=FIRST), office.desk.sheet(HOST, attendance_id=FIRST)

    assert "account" not in mine["words"][0]
    assert theirs["words"][0]["account"] == HOST.subject


def test_a_resident_reads_only_one_s_own_list() -> None:
    office = an_office_for("sheet")

    assert len(office.desk.my_sheets(ME)["sheets"]) == 1
    assert office.desk.my_sheets(SAME_NAME_ELSEWHERE)["sheets"] == []
    with pytest.raises(Refused, match="only_for_oneself"):
        office.desk.my_sheets(SOMEBODY_ELSE, resident_id=RESIDENT)


def test_officers_see_what_waits_in_their_district_only() -> None:
    office = an_office_for("answer")

    def seen(actor: Actor) -> int:
        return len(office.desk.open_disputes(actor, tenant=TENANT)["disputes"])

    assert (seen(OFFICER), seen(WHOLE_TENANT), seen(OTHER_DISTRICT)) == (1, 1, 0)
    for actor in (HOST, ME):
        with pytest.raises(Refused, match="role_not_allowed"):
            seen(actor)
    with pytest.raises(Refused, match="other_tenant"):
        seen(OFFICER_ELSEWHERE)


@pytest.mark.parametrize("act", ["witness", "confirm", "correct"])
def test_nobody_confirms_one_s_own_attendance(act: str) -> None:
    both = Actor(RESIDENT, frozenset({"resident", "host"}), TENANT)
    office = an_office_for(act)
    office.openings.all[OPENING].hosts = (HOST.subject, RESIDENT)

    with pytest.raises(Refused, match="not_for_oneself"):
        STAFF[act](office, both)


def test_an_officer_excuses_nobody_s_own_absence() -> None:
    both = Actor(RESIDENT, frozenset({"officer"}), TENANT, frozenset({DISTRICT}))

    assert objection("excuse", OFFICERS["excuse"], both) == "not_for_oneself"


def test_a_host_who_is_no_host_of_the_opening_any_more_is_refused() -> None:
    office = an_office_for("confirm")
    office.openings.all[OPENING].hosts = ()

    with pytest.raises(Refused, match="not_your_opening"):
        office.confirms(came=START, left=START + minutes(120))


def test_a_host_who_has_a_place_there_is_not_told_the_code() -> None:
    """Otherwise one pair of eyes would pass their own work: the code read by whoever types it, settled by the clock."""
    office = an_office()
    office.placed(hosts=(HOST.subject, RESIDENT))
    both = Actor(RESIDENT, frozenset({"host", "resident"}), TENANT)

    with pytest.raises(Refused, match="not_for_oneself"):
        office.desk.code(both, opening_id=OPENING)
    assert office.desk.code(HOST, opening_id=OPENING)["code"]
