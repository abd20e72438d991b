"""Monthly seats: nobody is seated twice, nobody is lost, and who is first in line follows at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.spaces.plans.wiring import build
from services.spaces.seats.model import MOST_WAITING, SeatPlan
from shared.errors import Refused
from shared.ids import SeededIds
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from shared.town import twin_town
from tests.services.spaces.makers import NOW, OFFICER, a_resident
from tests.services.spaces.plans.office import SEATS, InTurn, Office, all_at_once, an_office, seat_terms


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def office() -> Office:
    """An office with a plan of 8 seats."""
    fresh = an_office()
    fresh.offers(SEATS)
    fresh.hears()
    return fresh


def must_be_whole(plan: SeatPlan, people: int) -> None:
    """Assert that everybody is seated or waits, and nobody both."""
    seated = [one.subscription_id for one in plan.occupants]
    waiting = [one.subscription_id for one in plan.line]
    assert len({*seated, *waiting}) == len(seated) + len(waiting) == people
    assert len({one.seat for one in plan.occupants}) == len(seated) <= plan.seats
    assert not (plan.free > 0 and any(one.offered_until is None for one in plan.line))


def test_nine_people_for_eight_seats_are_eight_seated_and_one_waiting() -> None:
    shared = InTurn(TwinDatabase("spaces"))
    replicas = [an_office(shared), an_office(shared)]
    replicas[0].offers(SEATS)

    raised = all_at_once(
        *(lambda n=n: replicas[n % 2].subscribes(n, SEATS, act_id=f"act-{n}") for n in range(1, 10)),
        *(replica.hears for replica in replicas),
    )
    replicas[0].hears(times=2)

    plan = replicas[0].seats()
    assert raised == []
    must_be_whole(plan, 9)
    assert (len(plan.occupants), len(plan.line)) == (8, 1)

    leaver, first = plan.occupants[3], plan.line[0]
    number = int(leaver.resident_id.removeprefix("res-"))
    replicas[1].ends(number)
    replicas[0].hears(times=2)

    assert replicas[0].seats().seat_of(first.subscription_id) == leaver.seat
    told = [told for told in replicas[0].told("seat.taken") if told["promoted"]]
    assert [one["subscription_id"] for one in told] == [first.subscription_id]


def test_the_answer_says_which_seat_or_which_place_in_line(office: Office) -> None:
    answers = [office.subscribes(number, SEATS) for number in range(1, 11)]

    assert [answer["seat"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7, 8, None, None]
    assert [answer["place_in_line"] for answer in answers[7:]] == [None, 1, 2]


def test_asking_again_and_hearing_again_change_nothing(office: Office) -> None:
    for _ in range(2):
        for number in range(1, 10):
            office.subscribes(number, SEATS, act_id=f"act-{number}")
        office.hears(times=3)

    must_be_whole(office.seats(), 9)
    assert len(office.told("seat.taken")) == 8
    assert len(office.told("seat.queued")) == 1


def test_who_leaves_the_line_makes_room_behind(office: Office) -> None:
    for number in range(1, 12):
        office.subscribes(number, SEATS)

    office.ends(9)
    office.ends(1)
    office.hears()

    plan = office.seats()
    must_be_whole(plan, 9)
    assert plan.seat_of("sub-10") == 1
    assert plan.place_of("sub-11") == 1
    assert len(office.told("seat.left")) == 1


def test_the_line_goes_by_when_each_asked_not_by_when_it_was_heard(office: Office) -> None:
    for number in range(1, 9):
        office.subscribes(number, SEATS)
    plan = office.seats()

    plan.take("sub-late", "res-late", NOW + timedelta(minutes=2), NOW)
    plan.take("sub-early", "res-early", NOW + timedelta(minutes=1), NOW)

    assert (plan.place_of("sub-early"), plan.place_of("sub-late")) == (1, 2)


def test_a_process_may_die_between_any_two_steps_of_subscribing_and_leaving() -> None:
    for steps in range(60):
        database = TwinDatabase("spaces")
        office = an_office(database)
        office.offers(SEATS, seats=1)
        office.subscribes(1, SEATS)
        office.subscribes(2, SEATS)
        office.hears()
        taken: list[str] = []

        def step(what: str, limit: int = steps, counted: list[str] = taken) -> None:
            counted.append(what)
            if len(counted) > limit:
                raise Killed(what)

        view = database.seen_by(step)
        town = twin_town(database=lambda _name, view=view: view, clock=office.clock, ids=SeededIds(2))
        mortal = Office(build(town), view, office.clock)
        finished = False
        try:
            mortal.subscribes(3, SEATS, act_id="act-3")
            mortal.ends(1)
            finished = True
        except Killed:
            pass
        office.hears(times=2)

        running = [one for one in ("sub-1", "sub-2", "sub-3") if _runs(office, one)]
        must_be_whole(office.seats(), len(running))
        assert {one.subscription_id for one in (*office.seats().occupants, *office.seats().line)} == set(running)
        for name in running:
            assert office.room.subscriptions.subscriptions.get(name).seat == office.seats().seat_of(name)
        if finished:
            assert office.seats().seat_of("sub-2") == 1
            return
    raise AssertionError("it never came to its end")


def _runs(office: Office, subscription_id: str) -> bool:
    found = office.room.subscriptions.subscriptions.find(subscription_id)
    return found is not None and found.state == "active"


def test_somebody_who_left_while_a_process_slept_has_no_seat_at_rest() -> None:
    database = TwinDatabase("spaces")
    office = an_office(database)
    office.offers(SEATS, seats=1)
    woken = False

    def step(what: str) -> None:
        nonlocal woken
        if what == "database seat_plans.update_one" and not woken:
            woken = True
            office.hears()
            office.ends(1)
            office.hears()

    town = twin_town(
        database=lambda _name: database.seen_by(step), clock=office.clock, ids=SeededIds(2), serial=KeyedQueue()
    )
    sleeper = Office(build(town), database, office.clock)
    sleeper.subscribes(1, SEATS)
    office.hears()

    assert woken
    must_be_whole(office.seats(), 0)


def test_an_offered_seat_waits_for_an_answer_and_is_taken() -> None:
    office = an_office()
    office.offers(SEATS, seats=1, promote="offer", offer_hours=24)
    for number in (1, 2, 3):
        office.subscribes(number, SEATS)

    office.ends(1)
    office.hears()
    assert office.seats().seat_of("sub-2") is None
    assert office.room.subscriptions.read(a_resident(2), subscription_id="sub-2")["offered_until"] is not None
    office.room.seats.accept(a_resident(2), act_id="yes", subscription_id="sub-2")
    office.hears()

    must_be_whole(office.seats(), 2)
    assert office.seats().seat_of("sub-2") == 1
    assert [told["until"] for told in office.told("seat.offered")] == ["2026-12-02T00:00:00.000Z"]


def test_an_offer_that_is_declined_or_lapses_goes_to_the_next_and_nobody_is_lost() -> None:
    office = an_office()
    office.offers(SEATS, seats=1, promote="offer", offer_hours=24)
    for number in (1, 2, 3, 4):
        office.subscribes(number, SEATS)
    office.ends(1)

    office.room.seats.decline(a_resident(2), act_id="no", subscription_id="sub-2")
    assert [one.subscription_id for one in office.seats().line if one.offered_until] == ["sub-3"]
    office.clock.at += timedelta(hours=24)
    with pytest.raises(Refused, match="seat_offer_lapsed"):
        office.room.seats.accept(a_resident(3), act_id="late", subscription_id="sub-3")
    office.room.seats.sweep()

    assert [one.subscription_id for one in office.seats().line] == ["sub-4", "sub-2", "sub-3"]
    with pytest.raises(Refused, match="no_seat_offer"):
        office.room.seats.accept(a_resident(2), act_id="again", subscription_id="sub-2")
    must_be_whole(office.seats(), 3)


def test_more_seats_promote_and_fewer_put_nobody_out(office: Office) -> None:
    for number in range(1, 11):
        office.subscribes(number, SEATS)

    office.room.plans.change(OFFICER, act_id="more", plan_id=SEATS, **seat_terms(seats=9))
    assert (len(office.seats().occupants), len(office.seats().line)) == (9, 1)

    office.room.plans.change(OFFICER, act_id="fewer", plan_id=SEATS, **seat_terms(seats=3))
    office.hears(times=2)
    assert (len(office.seats().occupants), len(office.seats().line)) == (9, 1)


def test_a_plan_that_was_read_before_its_change_changes_nothing(office: Office) -> None:
    old = office.room.plans.plans.get(SEATS)
    office.room.plans.change(OFFICER, act_id="more", plan_id=SEATS, **seat_terms(seats=9))
    plan = office.seats()

    plan.follow(seats=8, promote="at_once", offer_hours=48, plan_version=old.version, now=NOW)

    assert plan.seats == 9


def test_a_full_line_takes_nobody_else(office: Office) -> None:
    def fill(plan: SeatPlan) -> dict[str, Any]:
        for number in range(plan.seats + MOST_WAITING):
            plan.take(f"sub-x{number}", f"res-x{number}", NOW, NOW)
        plan.facts.clear()
        return {}

    office.room.seats.seats.act(None, SEATS, fill)

    with pytest.raises(Refused, match="line_is_full"):
        office.subscribes(1, SEATS)


def test_minutes_of_a_seat_plan_begin_with_the_seat() -> None:
    office = an_office()
    office.offers(SEATS, seats=1, included_minutes=300)
    office.subscribes(1, SEATS)
    office.subscribes(2, SEATS)
    office.hears()

    assert office.ledger("sub-1:2026-12-01").available == 300
    with pytest.raises(Refused, match="seat_not_yet"):
        office.holds("bkg-1", 60, number=2)

    office.ends(1)
    office.hears()
    assert office.ledger("sub-2:2026-12-01").available == 300


def test_everybody_sees_how_many_and_only_officers_see_who(office: Office) -> None:
    for number in range(1, 10):
        office.subscribes(number, SEATS)

    told = office.room.seats.read(a_resident(1), plan_id=SEATS)
    assert told == {"plan_id": SEATS, "seats": 8, "taken": 8, "offered": 0, "waiting": 1}
    seen = office.room.seats.read(OFFICER, plan_id=SEATS)
    assert [one["resident_id"] for one in seen["line"]] == ["res-9"]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 4),
    st.sampled_from(["at_once", "offer"]),
    st.lists(
        st.tuples(st.sampled_from(["take", "leave", "accept", "decline", "lapse", "follow"]), st.integers(0, 7)),
        max_size=60,
    ),
)
def test_in_any_order_of_acts_nobody_is_seated_twice_or_lost(
    seats: int, promote: str, acts: list[tuple[str, int]]
) -> None:
    plan = SeatPlan(
        id=SEATS,
        tenant="gwangsan",
        programme_id="gs-subscription-office",
        district="29200",
        seats=seats,
        promote=promote,
        offer_hours=24,
        plan_version=1,
    )
    here: set[str] = set()
    now, version, most = NOW, 1, seats
    for verb, number in acts:
        name, now = f"sub-{number}", now + timedelta(hours=5)
        if verb == "take":
            plan.take(name, f"res-{number}", now, now)
            here.add(name)
        elif verb == "leave":
            plan.leave(name, now)
            here.discard(name)
        elif verb == "lapse":
            plan.lapse(now)
        elif verb == "follow":
            version += 1
            most = max(most, 1 + number % 4)
            plan.follow(
                seats=1 + number % 4, promote=promote, offer_hours=24, plan_version=version - number % 2, now=now
            )
        else:
            try:
                getattr(plan, verb)(name, now)
            except Refused as refused:
                if refused.code not in {"no_seat_offer", "seat_offer_lapsed"}:
                    raise
        seated = {one.subscription_id for one in plan.occupants}
        waiting = {one.subscription_id for one in plan.line}
        assert seated | waiting == here
        assert len(plan.occupants) + len(plan.line) == len(here)
        assert len({one.seat for one in plan.occupants}) == len(plan.occupants) <= most
        assert plan.free <= 0 or all(one.offered_until for one in plan.line)
