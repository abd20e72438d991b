"""Calls open and close by themselves, and are the city's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.actors import ANYONE, Actor
from shared.errors import NotFound, Refused
from tests.services.placement.proposals.makers import (
    CITY,
    CLOSES,
    NOW,
    RESIDENT,
    STRANGER,
    TENANT,
    UMBRELLA,
    YEONSU,
    Hall,
    a_hall,
    an_officer,
)


@pytest.fixture
def hall() -> Hall:
    return a_hall()


def state(hall: Hall, call_id: str = "call-2027") -> str:
    """Return a call's state, as everybody is told."""
    return str(hall.calls.read(ANYONE, call_id=call_id)["state"])


def test_a_call_opens_and_closes_by_itself_and_says_each_once(hall: Hall) -> None:
    hall.calls_for(opens_at=NOW + timedelta(days=1))
    assert state(hall) == "planned"

    hall.clock.move(timedelta(days=1))
    hall.calls.move_on()
    hall.calls.move_on()
    assert state(hall) == "open"

    hall.clock.at = CLOSES
    hall.calls.move_on()
    hall.calls.move_on()
    assert state(hall) == "closed"

    assert [event.type for event in hall.hears()] == [
        "kr.sipbun.placement.call.opened.v1",
        "kr.sipbun.placement.call.closed.v1",
    ]


def test_a_call_whose_whole_time_was_slept_through_opens_and_closes(hall: Hall) -> None:
    hall.calls_for(opens_at=NOW + timedelta(days=1))
    hall.clock.at = CLOSES + timedelta(days=1)

    hall.calls.move_on()

    assert state(hall) == "closed"
    assert len(hall.hears()) == 2


def test_the_city_may_close_before_the_time(hall: Hall) -> None:
    hall.calls_for()

    hall.calls.close(CITY, act_id="close", call_id="call-2027")

    assert state(hall) == "closed"
    with pytest.raises(Refused, match="call_is_closed"):
        hall.proposes()
    with pytest.raises(Refused, match="call_closed_already"):
        hall.calls.close(CITY, act_id="again", call_id="call-2027")


def test_a_call_that_has_not_begun_takes_nothing(hall: Hall) -> None:
    hall.calls_for(opens_at=NOW + timedelta(days=1))

    with pytest.raises(Refused, match="call_not_open_yet"):
        hall.proposes()
    with pytest.raises(Refused, match="call_not_open_yet"):
        hall.calls.close(CITY, act_id="close", call_id="call-2027")


def test_a_call_is_over_by_the_clock_although_nobody_has_noted_it(hall: Hall) -> None:
    hall.calls_for()
    hall.clock.at = CLOSES

    with pytest.raises(Refused, match="call_is_closed"):
        hall.proposes()


def test_a_call_that_would_close_before_it_opens_is_refused(hall: Hall) -> None:
    for closes_at in (NOW, NOW - timedelta(days=1)):
        with pytest.raises(Refused, match="call_closes_too_early"):
            hall.calls_for(closes_at=closes_at)


def test_two_criteria_with_one_code_are_refused(hall: Hall) -> None:
    with pytest.raises(Refused, match="criterion_named_twice"):
        hall.calls_for(criteria=[{"code": "need", "name_ko": "필요성"}, {"code": "need", "name_ko": "시급성"}])


def test_publishing_again_is_the_same_call(hall: Hall) -> None:
    first = hall.calls_for(act_id="tap")

    assert hall.calls_for(act_id="tap") == first
    assert len(hall.hears()) == 1
    with pytest.raises(Refused, match="id_taken"):
        hall.calls_for(act_id="other")


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (ANYONE, "sign_in_needed"),
        (RESIDENT, "role_not_allowed"),
        (STRANGER, "other_tenant"),
        (an_officer(YEONSU), "city_officer_needed"),
    ],
)
def test_only_the_city_publishes_and_closes_calls(hall: Hall, actor: Actor, code: str) -> None:
    hall.calls_for()

    with pytest.raises(Refused, match=code):
        hall.calls.close(actor, act_id="x", call_id="call-2027")
    with pytest.raises(Refused, match=code):
        hall.calls.publish(
            actor,
            act_id="x",
            call_id="call-x",
            programme_id=UMBRELLA,
            year=2027,
            title="공모",
            opens_at=NOW,
            closes_at=CLOSES,
            fields=["청년"],
            criteria=[{"code": "need", "name_ko": "필요성"}],
            reviews_needed=1,
        )
    assert state(hall) == "open"


def test_a_closed_tenant_calls_for_nothing(hall: Hall) -> None:
    operator = Actor("operator-1", frozenset({"operator"}), TENANT)
    hall.programmes.close_tenant(operator, act_id="close", tenant=TENANT)

    with pytest.raises(Refused, match="tenant_is_closed"):
        hall.calls_for()


def test_row_25_next_years_call_is_open_for_everybody_to_see(hall: Hall) -> None:
    hall.calls_for()
    hall.calls_for("call-2028", year=2028)

    first = hall.calls.listed(ANYONE, tenant=TENANT, programme_id=UMBRELLA, limit=1)
    rest = hall.calls.listed(ANYONE, tenant=TENANT, cursor=first["cursor"])

    [call] = first["calls"]
    assert (call["call_id"], call["state"], call["year"]) == ("call-2027", "open", 2027)
    assert [row["call_id"] for row in rest["calls"]] == ["call-2028"]
    assert rest["cursor"] is None


def test_a_call_that_is_not_there(hall: Hall) -> None:
    with pytest.raises(NotFound, match="no_such_call"):
        hall.calls.read(ANYONE, call_id="call-1999")
