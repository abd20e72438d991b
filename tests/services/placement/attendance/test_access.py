"""Every question and act of attendance, asked by every role: who may, and with which words all others are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.placement.attendance.service import AttendanceService
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
from tests.services.rpc import methods_of

ACTORS = {
    "resident": ME,
    "other resident": Actor("res-2", frozenset({"resident"}), TENANT),
    "resident elsewhere": Actor(RESIDENT, frozenset({"resident"}), "bukgu"),
    "host": HOST,
    "other host": OTHER_HOST,
    "host elsewhere": Actor(HOST.subject, frozenset({"host"}), "bukgu"),
    "officer": OFFICER,
    "tenant's officer": Actor("officer-3", frozenset({"officer"}), TENANT),
    "other district": Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29170"})),
    "officer elsewhere": Actor("officer-9", frozenset({"officer"}), "bukgu"),
    "operator": Actor("operator-1", frozenset({"operator"}), TENANT),
    "platform": Actor("operator-0", frozenset({"operator"}), ""),
    "service": Actor("statistics", frozenset({"service"}), ""),
    "anyone": ANYONE,
}
#: What is answered to those whom the row of a method does not name.
USUAL = {
    "other resident": "role_not_allowed",
    "resident elsewhere": "role_not_allowed",
    "other host": "not_your_opening",
    "host elsewhere": "other_tenant",
    "other district": "other_district",
    "officer elsewhere": "other_tenant",
    "anyone": "sign_in_needed",
}
STAFF = {"host": None, "officer": None, "tenant's officer": None}
NO_HOSTS = dict.fromkeys(("host", "other host", "host elsewhere"), "role_not_allowed")
OFFICERS = {**NO_HOSTS, "officer": None, "tenant's officer": None}
OWN = {
    "resident": None,
    "other resident": "only_for_oneself",
    "resident elsewhere": "other_tenant",
    **NO_HOSTS,
    **dict.fromkeys(("other district", "officer elsewhere"), "role_not_allowed"),
}

ASKED: dict[str, tuple[Callable[[Office, Actor], Any], dict[str, str | None]]] = {
    "code": (lambda office, who: office.desk.code(who, opening_id=OPENING), STAFF),
    "change_code": (lambda office, who: office.desk.change_code(who, act_id="c", opening_id=OPENING), STAFF),
    "check_in": (lambda office, who: office.checks_in(actor=who), OWN),
    "check_out": (lambda office, who: office.checks_out(actor=who), OWN),
    "witness": (lambda office, who: office.says("in", 0, actor=who), STAFF),
    "confirm": (lambda office, who: office.confirms(actor=who, came=START, left=START + minutes(120)), STAFF),
    "correct": (lambda office, who: office.corrects(30, actor=who), STAFF),
    "dispute": (
        lambda office, who: office.disputes(actor=who),
        {
            "resident": None,
            "host": None,
            "other resident": "only_for_oneself",
            "resident elsewhere": "other_tenant",
            "other district": "role_not_allowed",
            "officer elsewhere": "role_not_allowed",
        },
    ),
    "answer": (lambda office, who: office.answers("rejected", actor=who), OFFICERS),
    "excuse": (lambda office, who: office.excuses(actor=who), OFFICERS),
    "sheet": (
        lambda office, who: office.desk.sheet(who, attendance_id=FIRST),
        {**STAFF, "resident": None, "resident elsewhere": "other_tenant"},
    ),
    "sheets_of": (lambda office, who: office.desk.sheets_of(who, opening_id=OPENING), STAFF),
    "my_sheets": (
        lambda office, who: office.desk.my_sheets(who, resident_id=RESIDENT),
        # The same name in another tenant is somebody else, and has none.
        {**OWN, "resident elsewhere": None, "service": None},
    ),
    "open_disputes": (
        lambda office, who: office.desk.open_disputes(who, tenant=TENANT),
        # An officer of another district sees the list without what is not theirs.
        {**OFFICERS, "other district": None},
    ),
}


def an_office_for(method: str) -> Office:
    """Return an office in which the right caller is answered."""
    office = an_office()
    office.placed()
    office.at(125)
    if method in ("correct", "answer", "dispute"):
        office.confirms(came=START, left=START + minutes(120))
    if method == "answer":
        office.disputes()
    return office


def test_every_method_that_can_be_asked_stands_here() -> None:
    assert set(ASKED) == methods_of(AttendanceService)


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize("method", ASKED)
def test_who_may(method: str, who: str) -> None:
    ask, told = ASKED[method]
    office = an_office_for(method)
    wanted = told[who] if who in told else USUAL.get(who, "role_not_allowed")
    before = office.database.collection("sheets").find_one({"_id": FIRST})

    if wanted is None:
        ask(office, ACTORS[who])
        return
    with pytest.raises(Refused) as caught:
        ask(office, ACTORS[who])
    assert caught.value.code == wanted
    assert office.database.collection("sheets").find_one({"_id": FIRST}) == before


def test_who_disputes_anothers_shift_hears_first_that_it_is_another_tenants() -> None:
    office = an_office_for("dispute")
    stranger = Actor("res-elsewhere", frozenset({"resident"}), "bukgu")

    with pytest.raises(Refused, match="other_tenant"):
        office.disputes(actor=stranger)


@pytest.mark.parametrize(("who", "many"), [("officer", 1), ("tenant's officer", 1), ("other district", 0)])
def test_what_waits_is_told_by_district(who: str, many: int) -> None:
    office = an_office_for("answer")

    assert len(office.desk.open_disputes(ACTORS[who], tenant=TENANT)["disputes"]) == many


def test_a_resident_s_list_holds_nothing_of_somebody_with_the_same_name_elsewhere() -> None:
    office = an_office_for("my_sheets")

    assert len(office.desk.my_sheets(ME)["sheets"]) == 1
    assert office.desk.my_sheets(ACTORS["resident elsewhere"])["sheets"] == []


def test_whose_account_said_it_is_for_staff_only() -> None:
    office = an_office_for("correct")

    mine, theirs = office.desk.sheet(ME, attendance_id=FIRST), office.desk.sheet(HOST, attendance_id=FIRST)

    assert "account" not in mine["words"][0]
    assert theirs["words"][0]["account"] == HOST.subject


# People of two roles, and roles that are gone.


@pytest.mark.parametrize("method", ["witness", "confirm", "correct"])
def test_nobody_confirms_one_s_own_attendance(method: str) -> None:
    both = Actor(RESIDENT, frozenset({"resident", "host"}), TENANT)
    office = an_office_for(method)
    office.openings.all[OPENING].hosts = (HOST.subject, RESIDENT)

    with pytest.raises(Refused, match="not_for_oneself"):
        ASKED[method][0](office, both)


def test_an_officer_excuses_nobody_s_own_absence() -> None:
    both = Actor(RESIDENT, frozenset({"officer"}), TENANT, frozenset({DISTRICT}))

    with pytest.raises(Refused, match="not_for_oneself"):
        an_office_for("excuse").excuses(actor=both)


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
