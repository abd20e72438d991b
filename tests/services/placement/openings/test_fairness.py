"""What an officer, an applicant or a broken neighbour could bend, and cannot."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from services.placement.limits.model import Limit, LimitTable, Required
from shared.actors import Actor
from shared.clock import KST
from shared.errors import Refused
from tests.services.placement.office import OFFICER, TENANT, a_resident
from tests.services.placement.openings.hall import NO_OVERLAP, Hall, a_hall, a_programme

NORTH = Actor("officer-북구", frozenset({"officer"}), TENANT, frozenset({"29170"}))


def drawn(hall: Hall, candidates: int = 4, places: int = 1) -> list[int]:
    """Return the order of a draw that was made."""
    hall.an_opening(places=places)
    hall.applies(*range(1, candidates + 1))
    hall.passes(hours=6)
    return hall.order()


def test_nobody_is_taken_out_of_an_order_by_hand(hall: Hall) -> None:
    order = drawn(hall)

    with pytest.raises(Refused, match="opening_goes_in_order"):
        hall.desk.not_select(OFFICER, act_id="x", application_id=f"opn-1:res-{order[1]}")
    hall.declines(order[0])
    hall.sweeps()

    assert hall.offered() == [order[1]]


def test_who_is_not_eligible_is_told_before_there_is_an_order(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1, 2)
    hall.desk.not_select(OFFICER, act_id="x", application_id="opn-1:res-1")
    hall.passes(hours=6)

    assert hall.order() == [2]


def test_one_opening_that_cannot_go_on_keeps_no_other_waiting() -> None:
    hall = a_hall(shipped_limits=NO_OVERLAP, programme=a_programme(direct_job=True))
    for name in ("opn-1", "opn-2"):
        hall.an_opening(name, places=1)
        hall.applies(1 if name == "opn-1" else 2, opening_id=name)
    hall.hears()
    ended = Limit("direct_job_overlap", 0, "refuse", date(2015, 1, 1), date(2016, 1, 1), "고시", direct_job=True)
    broken = LimitTable((ended,), (Required("direct_job_overlap", "KR", date(2015, 1, 1)),))
    whole = hall.selection.desk.limits.quote

    def quote(wanted: Any) -> Any:
        if wanted.opening_id == "opn-1":
            broken.of(
                "direct_job_overlap", programme_code="x", regions=(), direct_job=True, engagement="", day=wanted.first_day
            )
        return whole(wanted)

    object.__setattr__(hall.selection.desk.limits, "quote", quote)
    hall.clock.move(timedelta(hours=6))
    hall.desk.close_overdue()

    hall.selection.sweep()

    assert (hall.offered("opn-1"), hall.offered("opn-2")) == ([], [2])


def test_a_quote_says_that_nobody_can_apply_any_more(hall: Hall) -> None:
    hall.an_opening(places=1)
    before = hall.desk.quote(a_resident(1), opening_id="opn-1")
    hall.clock.move(timedelta(hours=6))

    after = hall.desk.quote(a_resident(1), opening_id="opn-1")

    assert (before["may_apply"], after["may_apply"]) == (True, False)
    assert (before["refused"], after["refused"]["code"]) == (None, "deadline_passed")


def test_an_officer_of_another_district_sees_nothing_of_a_residents_applications(hall: Hall) -> None:
    hall.an_opening()
    hall.applies(1)

    assert hall.desk.applications_by(NORTH, resident_id="res-1") == {"applications": []}
    assert len(hall.desk.applications_by(OFFICER, resident_id="res-1")["applications"]) == 1
    assert len(hall.desk.applications_by(a_resident(1), resident_id="res-1")["applications"]) == 1


def test_an_officer_of_districts_reads_a_hosts_openings_to_the_last_page(hall: Hall) -> None:
    for number in range(4):
        hall.an_opening(f"opn-{number}", hosts=["host-은하수"])
        hall.clock.sleep(1)
    for number in (2, 3):
        hall.desk.openings.collection.update_one({"_id": f"opn-{number}"}, {"$set": {"district": "29170"}})
    here = Actor("officer-광산", frozenset({"officer"}), TENANT, frozenset({"29200"}))

    seen, cursor = [], None
    while True:
        told = hall.desk.hosted(here, host="host-은하수", limit=2, cursor=cursor)
        seen += [row["opening_id"] for row in told["openings"]]
        cursor = told["cursor"]
        if cursor is None:
            break

    assert seen == ["opn-1", "opn-0"]


@pytest.fixture
def strict() -> Hall:
    """A hall under the shipped limits, with direct jobs."""
    return a_hall(shipped_limits=NO_OVERLAP, programme=a_programme(direct_job=True))


def days_of_work(hall: Hall, first: int, last: int) -> list[dict[str, Any]]:
    """Return a shift of two hours at ten on each of these days from today."""
    at_ten = hall.clock.now().astimezone(KST).replace(hour=10, minute=0, second=0, microsecond=0)
    days = (at_ten + timedelta(days=day) for day in range(first, last + 1))
    return [{"start": day, "end": day + timedelta(hours=2)} for day in days]


def test_who_comes_in_the_middle_takes_part_from_there_on(strict: Hall) -> None:
    strict.an_opening("opn-2", mode="officer", places=1, shifts=days_of_work(strict, 1, 3))
    strict.applies(2, opening_id="opn-2")
    strict.selects(2, "opn-2")
    strict.an_opening(
        "opn-1",
        mode="officer",
        places=1,
        waitlist=True,
        deadline=strict.clock.now() + timedelta(days=6),
        shifts=days_of_work(strict, 2, 7),
    )
    strict.applies(1)
    strict.selects(1)
    strict.sweeps()
    strict.passes(days=4)  # opn-2 is over, opn-1 goes on
    strict.desk.release_place(OFFICER, act_id="back", opening_id="opn-1", resident_id="res-1")
    strict.sweeps()

    told = strict.desk.quote(a_resident(2), opening_id="opn-1")
    strict.applies(2)
    strict.selects(2)
    strict.sweeps()

    assert told["limits"]["objections"] == []
    assert strict.placed() == [2]
    claim = strict.limits.participations.get("res-2").claims["opn-1:res-2:1"]
    assert (claim.first_day, len(claim.shifts)) == (date(2026, 12, 6), 3)


def test_an_order_is_read_once_for_all_its_candidates() -> None:
    calls: Counter[str] = Counter()
    hall = a_hall(step=lambda what: calls.update([what]))
    hall.an_opening(places=2)
    hall.applies(*range(1, 41))
    hall.clock.move(timedelta(hours=6))
    hall.desk.close_overdue()
    hall.selection.sweep()
    calls.clear()

    hall.desk.agree_all("opn-1")

    assert sum(number for what, number in calls.items() if "rankings" in what) == 1
