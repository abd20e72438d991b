"""Who may ask what of a resident's participation: each method, by role, district and tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.placement.participation.records import RecordDesk
from services.placement.participation.service import ParticipationService
from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused, Unavailable
from tests.services.placement.participation.makers import (
    OFFICER,
    RESIDENT,
    SERVICE,
    TENANT,
    Town,
    a_town,
    a_wanted,
)

ELSEWHERE = "bukgu"
DAYS: dict[str, Any] = {"first_day": date(2026, 12, 1), "last_day": date(2026, 12, 31)}
JOB: dict[str, Any] = {"programme": "지역공동체일자리", "source": "일모아 조회", **DAYS}


def somebody(subject: str, role: str, *districts: str, tenant: str = TENANT) -> Actor:
    return Actor(subject, frozenset({role}), tenant, frozenset(districts))


#: Who asks of res-1, who has a place in 29200 and registered here.
ASKERS: dict[str, Actor] = {
    "anyone": ANYONE,
    "oneself": RESIDENT,
    "another resident": somebody("res-2", "resident"),
    "the same name elsewhere": somebody("res-1", "resident", tenant=ELSEWHERE),
    "host": somebody("host-1", "host"),
    "officer": OFFICER,
    "officer of the district": somebody("officer-2", "officer", "29200"),
    "officer of another district": somebody("officer-3", "officer", "29170"),
    "officer elsewhere": somebody("officer-4", "officer", tenant=ELSEWHERE),
    "officer elsewhere, for its districts": somebody("officer-5", "officer", "29200", tenant=ELSEWHERE),
    "operator": somebody("operator-1", "operator"),
    "operator elsewhere": somebody("operator-2", "operator", tenant=ELSEWHERE),
    "the platform's operator": somebody("operator-0", "operator", tenant=""),
    "service": SERVICE,
}
UNKNOWN, ROLE, SELF, SIGN_IN = "no_such_resident_here", "role_not_allowed", "only_for_oneself", "sign_in_needed"
Ask = Callable[[RecordDesk, Actor, str], Any]
METHODS: dict[str, Ask] = {
    "standing": lambda desk, actor, whose: desk.standing(actor, resident_id=whose),
    "check": lambda desk, actor, whose: desk.check(actor, resident_id=whose, **DAYS),
    "overlapping": lambda desk, actor, whose: desk.overlapping(actor, resident_id=whose),
    "note_outside": lambda desk, actor, whose: desk.note_outside(actor, act_id="note", resident_id=whose, **JOB),
    "retract_outside": lambda desk, actor, whose: desk.retract_outside(
        actor, act_id="back", resident_id=whose, key="outside:x"
    ),
}
#: By role: what is answered for standing, check, overlapping, note_outside, retract_outside; None: it is done.
EXPECTED: dict[str, tuple[str | None, ...]] = {
    "anyone": (SIGN_IN,) * 5,
    "oneself": (None, ROLE, ROLE, ROLE, ROLE),
    "another resident": (SELF, ROLE, ROLE, ROLE, ROLE),
    "the same name elsewhere": (UNKNOWN, ROLE, ROLE, ROLE, ROLE),
    "host": (ROLE,) * 5,
    "officer": (None,) * 5,
    "officer of the district": (None,) * 5,
    "officer of another district": (None,) * 5,
    "officer elsewhere": (UNKNOWN,) * 5,
    "officer elsewhere, for its districts": (UNKNOWN,) * 5,
    "operator": (None, None, None, ROLE, ROLE),
    "operator elsewhere": (UNKNOWN, UNKNOWN, UNKNOWN, ROLE, ROLE),
    "the platform's operator": (None, None, None, ROLE, ROLE),
    "service": (None, None, ROLE, ROLE, ROLE),
}
CASES = [
    (who, method, code)
    for who, codes in EXPECTED.items()
    for method, code in zip(METHODS, codes, strict=True)
]


def a_town_with_a_place() -> Town:
    town = a_town()
    town.selects(a_wanted("opn-1", "2026-12-02", "2026-12-04"))
    return town


def answer(ask: Callable[[], Any]) -> tuple[str, str | None, dict[str, Any]] | None:
    """Return what is refused, with everything that is told of it, or None."""
    try:
        ask()
    except (Refused, NotFound) as error:
        return error.code, error.field, dict(error.values)
    return None


def test_every_method_and_every_role_is_looked_at() -> None:
    asked = {name for name, told in vars(ParticipationService).items() if not name.startswith("_") and callable(told)}

    assert asked - {"hear", "sweep"} == set(METHODS)
    assert set(EXPECTED) == set(ASKERS)
    roles: set[str] = set().union(*(actor.roles for actor in ASKERS.values()))
    assert roles == {"resident", "host", "officer", "operator", "service"}


@pytest.mark.parametrize(("who", "method", "code"), CASES)
def test_each_role_may_do_what_it_is_for_and_nothing_else(who: str, method: str, code: str | None) -> None:
    town = a_town_with_a_place()
    before = town.known()

    told = answer(lambda: METHODS[method](town.records, ASKERS[who], "res-1"))

    # There is no such note: whoever may retract reads that.
    done = "no_such_outside_participation" if method == "retract_outside" else None
    assert (None if told is None else told[0]) == (code or done)
    assert (town.known() == before) is (method != "note_outside" or code is not None)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", ["officer elsewhere", "operator elsewhere"])
def test_nobody_learns_elsewhere_whether_there_is_such_a_resident(who: str, method: str) -> None:
    """One takes part here, one only registered here, and one is nobody: the answer is the same to the letter."""
    town = a_town_with_a_place()
    town.registered.elsewhere["nobody"] = None

    def asked_for(whose: str) -> Any:
        return answer(lambda: METHODS[method](town.records, ASKERS[who], whose))

    answers = [asked_for(whose) for whose in ("res-1", "res-2", "nobody")]

    assert answers[0] is not None
    assert answers == [answers[0]] * 3
    assert "res-1" not in str(answers)
    assert town.states("res-2") == town.states("nobody") == {}


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_noted_or_read_of_somebody_whom_nobody_registered(method: str) -> None:
    town = a_town()
    town.registered.elsewhere["nobody"] = None

    told = answer(lambda: METHODS[method](town.records, OFFICER, "nobody"))

    assert told == (UNKNOWN, "resident_id", {})
    assert town.desk.participations.find("nobody") is None


@pytest.mark.parametrize("method", ["note_outside", "retract_outside"])
def test_an_officer_who_is_a_resident_too_leaves_the_own_record_to_others(method: str) -> None:
    town = a_town()
    key = METHODS["note_outside"](town.records, OFFICER, "res-1")["key"]
    both = Actor("res-1", frozenset({"officer", "resident"}), TENANT)
    before = town.known()

    told = answer(lambda: METHODS[method](town.records, both, "res-1"))

    assert told == ("not_ones_own_record", "token", {})
    assert town.known() == before
    assert METHODS["standing"](town.records, both, "res-1")["spans"][0]["key"] == key


def test_two_tenants_note_and_see_their_own_residents_only() -> None:
    town = a_town()
    town.registered.elsewhere["res-9"] = ELSEWHERE
    there = ASKERS["officer elsewhere"]

    for officer, theirs, others in ((OFFICER, "res-1", "res-9"), (there, "res-9", "res-1")):
        METHODS["note_outside"](town.records, officer, theirs)
        assert len(town.records.standing(officer, resident_id=theirs)["spans"]) == 1
        for ask in METHODS.values():
            assert answer(lambda ask=ask, officer=officer, others=others: ask(town.records, officer, others)) == (  # type: ignore[misc]
                UNKNOWN,
                "resident_id",
                {},
            )
    assert (town.known("res-1").tenant, town.known("res-9").tenant) == (TENANT, ELSEWHERE)


@pytest.mark.parametrize("method", METHODS)
def test_a_name_that_two_tenants_gave_shows_neither_the_record_of_the_other(method: str) -> None:
    town = a_town_with_a_place()
    town.registered.elsewhere["res-1"] = ELSEWHERE
    before = town.known()

    for who in ("officer", "officer elsewhere"):
        told = answer(lambda who=who: METHODS[method](town.records, ASKERS[who], "res-1"))  # type: ignore[misc]
        assert told == (UNKNOWN, "resident_id", {})

    assert town.known() == before


class Away:
    """The residents service, while nobody answers there."""

    def tenant_of(self, resident_id: str) -> str | None:
        """Raise ``Unavailable``."""
        raise Unavailable(f"residents: nobody says who {resident_id} is")


def test_while_residents_is_away_an_officer_is_told_so_and_the_resident_sees_the_own_record() -> None:
    town = a_town_with_a_place()
    before, records = town.known(), replace(town.records, residents=Away())

    for ask in METHODS.values():
        with pytest.raises(Unavailable):
            ask(records, OFFICER, "res-1")

    assert town.known() == before
    assert len(records.standing(RESIDENT, resident_id="res-1")["spans"]) == 1


def test_only_who_is_neither_the_resident_nor_everybodys_makes_us_ask_where_somebody_registered() -> None:
    town = a_town_with_a_place()

    for who in ("oneself", "service", "the platform's operator", "host", "another resident", "anyone"):
        answer(lambda who=who: METHODS["standing"](town.records, ASKERS[who], "res-1"))  # type: ignore[misc]
    assert town.registered.asked == []
    METHODS["standing"](town.records, OFFICER, "res-1")
    assert town.registered.asked == ["res-1"]


# For openings.


def test_an_officer_may_ask_for_a_place_for_residents_of_the_own_tenant_only() -> None:
    town = a_town()
    town.registered.elsewhere["nobody"] = None

    town.desk.must_know(OFFICER, "res-1")
    town.desk.must_know(RESIDENT, "res-1")
    for actor, whose in ((ASKERS["officer elsewhere"], "res-1"), (OFFICER, "nobody")):
        assert answer(lambda actor=actor, whose=whose: town.desk.must_know(actor, whose)) == (UNKNOWN, "resident_id", {})  # type: ignore[misc]


def test_a_place_elsewhere_neither_reads_nor_enters_what_a_resident_takes_part_in() -> None:
    town = a_town_with_a_place()
    before = town.known()
    elsewhere = a_wanted("opn-9", "2026-12-03", tenant=ELSEWHERE)

    (objection,) = town.desk.quote(elsewhere).objections
    assert objection.refused().code == UNKNOWN
    assert objection.values == {}
    with pytest.raises(Refused, match=UNKNOWN):
        town.desk.hold(act_id="asked:9", wanted=elsewhere)

    assert town.known() == before
