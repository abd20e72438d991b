"""Somebody whom nobody registered may be given a place, by phone say; the officer is told plainly, and why is kept."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Refused
from tests.services.placement.office import OFFICER, a_resident
from tests.services.placement.openings.hall import Hall

NOT_REGISTERED = {"code": "resident_not_registered", "field": "resident_id", "values": {}}
BY_PHONE = "전화로 신청하여 창구에서 등록할 예정"


@pytest.fixture
def phone(hall: Hall) -> Hall:
    """A hall in which two apply, and nobody registered the first."""
    hall.an_opening(mode="officer")
    hall.applies(1, 2)
    hall.limits.unregistered = {"res-1"}
    return hall


def rows(hall: Hall) -> dict[str, Any]:
    """Return what the officer's list says of each place: registered, and why."""
    told = hall.desk.applications_of(OFFICER, opening_id="opn-1")["applications"]
    return {row["resident_id"]: (row["registered"], row["selected_because"]) for row in told}


def test_an_officer_who_selects_somebody_unregistered_is_warned_and_the_reason_is_kept(phone: Hall) -> None:
    assert rows(phone) == {"res-1": (None, None), "res-2": (None, None)}

    assert phone.selects(1, reason=BY_PHONE)["warnings"] == [NOT_REGISTERED]
    assert phone.selects(2)["warnings"] == []

    assert phone.placed() == [1, 2]
    assert rows(phone) == {"res-1": (False, BY_PHONE), "res-2": (True, None)}


def test_the_same_act_sent_again_is_warned_of_the_same_although_they_registered_meanwhile(phone: Hall) -> None:
    first = phone.selects(1, act_id="tap", reason=BY_PHONE)
    phone.limits.unregistered = set()

    assert phone.selects(1, act_id="tap", reason=BY_PHONE) == first
    assert rows(phone)["res-1"] == (False, BY_PHONE)


def test_another_reason_is_another_command(phone: Hall) -> None:
    phone.selects(1, act_id="tap", reason=BY_PHONE)

    with pytest.raises(Refused):
        phone.selects(1, act_id="tap", reason="창구에서 신청")


def test_a_place_does_not_wait_for_a_residents_service_that_is_away_and_the_officer_is_told(phone: Hall) -> None:
    phone.limits.unregistered = None

    told = phone.selects(1)

    assert [one["code"] for one in told["warnings"]] == ["registration_not_checked"]
    assert (phone.placed(), rows(phone)["res-1"]) == ([1], (None, None))


def test_the_reason_is_for_officers_and_not_in_any_fact_nor_in_the_residents_own_list(phone: Hall) -> None:
    phone.selects(1, reason=BY_PHONE)
    phone.sweeps()

    assert BY_PHONE not in str([event.data for event in phone.said])
    assert BY_PHONE not in str(phone.desk.applications_by(a_resident(1), resident_id="res-1"))


def test_a_place_that_was_lost_and_given_again_says_what_was_known_the_second_time(phone: Hall) -> None:
    phone.selects(1, reason=BY_PHONE)
    phone.sweeps()
    phone.withdraws(1)
    # As the shipped limits have it: another place in the same opening is no other job.
    phone.limits.claims.clear()
    phone.applies(1)
    # Nobody has heard of it yet: the first attempt still has the place.
    assert phone.placed() == [1]
    assert rows(phone)["res-1"] == (None, None)
    phone.sweeps()
    phone.limits.unregistered = set()
    phone.selects(1)

    assert rows(phone)["res-1"] == (True, None)


def test_nobody_is_asked_where_no_officer_selects(hall: Hall) -> None:
    hall.limits.unregistered = None
    hall.an_opening(mode="first_come")
    hall.applies(1)
    hall.sweeps()

    assert hall.placed() == [1]
    assert rows(hall) == {"res-1": (None, None)}
