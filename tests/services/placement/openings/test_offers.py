"""Offers: confirm or lose, the next is asked by itself; and who waits when every place is given."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from shared.errors import Refused
from tests.services.placement.office import OFFICER, a_resident
from tests.services.placement.openings.hall import Hall


def reasons(hall: Hall, name: str = "offer.lapsed") -> Counter[str]:
    facts = {(event.source, event.id): event for event in hall.said}.values()
    return Counter(event.data["reason"] for event in facts if event.type == f"kr.sipbun.placement.{name}.v1")


def drawn(hall: Hall, *, places: int = 2, candidates: int = 5, **changes: object) -> list[int]:
    """Return the candidates' numbers as they were drawn; the first are asked."""
    hall.an_opening(places=places, **changes)
    hall.applies(*range(1, candidates + 1))
    hall.passes(hours=6)
    return hall.order()


def test_the_first_drawn_are_asked_and_the_others_wait(hall: Hall) -> None:
    order = drawn(hall)

    assert hall.opening().state == "selecting"
    assert hall.offered() == order[:2]
    assert set(hall.states().values()) == {"pending"}


def test_who_confirms_has_the_place_and_the_rest_are_on_the_waitlist_with_their_rank(hall: Hall) -> None:
    order = drawn(hall)

    for number in order[:2]:
        hall.accepts(number)
    hall.sweeps()

    assert (hall.opening().state, hall.placed()) == ("filled", sorted(order[:2]))
    assert hall.names().count("opening.filled") == 1
    assert {number: hall.states()[number] for number in order[2:]} == dict.fromkeys(order[2:], "waitlisted")
    ranks = {
        int(event.data["resident_id"][4:]): event.data["rank"]
        for event in hall.said
        if event.type.endswith("application.waitlisted.v1")
    }
    assert ranks == {number: rank for rank, number in enumerate(order, start=1) if rank > 2}


def test_an_offer_that_is_not_confirmed_in_time_goes_to_the_next(hall: Hall) -> None:
    order = drawn(hall)
    hall.accepts(order[0])

    hall.passes(minutes=60)

    assert hall.offered() == [order[2]]
    assert hall.states()[order[1]] == "closed"
    assert hall.desk.applications.get(f"opn-1:res-{order[1]}").reason == "offer_expired"
    assert hall.opening().lapsed == ()


def test_an_expired_offer_cannot_be_confirmed_even_before_the_sweep(hall: Hall) -> None:
    order = drawn(hall)
    hall.clock.move(timedelta(minutes=60))

    with pytest.raises(Refused, match="offer_is_lost"):
        hall.accepts(order[0])

    assert hall.placed() == []


def test_an_offer_that_expires_while_its_holder_confirms_is_lost(hall: Hall) -> None:
    order = drawn(hall)
    hall.clock.move(timedelta(minutes=59, seconds=50))
    hall.limits.meanwhile = lambda: hall.clock.move(timedelta(seconds=20))

    with pytest.raises(Refused, match="offer_is_lost"):
        hall.accepts(order[0])
    hall.limits.meanwhile = lambda: None
    hall.sweeps()

    assert hall.placed() == []
    assert not any(hall.limits.claims[f"res-{order[0]}"].values())


def test_who_declines_makes_room_for_the_next(hall: Hall) -> None:
    order = drawn(hall)

    hall.declines(order[0])
    hall.hears(times=3)

    assert hall.offered() == [order[1], order[2]]
    assert hall.desk.applications.get(f"opn-1:res-{order[0]}").reason == "offer_declined"
    assert reasons(hall) == {"declined": 1}


def test_an_officer_who_declines_for_a_candidate_is_named(hall: Hall) -> None:
    order = drawn(hall)
    named = f"opn-1:res-{order[0]}"

    hall.selection.decline_offer(OFFICER, act_id="by-hand", application_id=named)
    hall.hears(times=3)
    hall.declines(order[1])
    hall.hears(times=3)

    rows = {row["application_id"]: row for row in hall.desk.applications_of(OFFICER, opening_id="opn-1")["applications"]}
    assert (rows[named]["reason"], rows[named]["withdrawn_by"]) == ("offer_declined", OFFICER.subject)
    assert rows[f"opn-1:res-{order[1]}"]["withdrawn_by"] is None


def test_who_applies_again_was_taken_back_by_nobody(hall: Hall) -> None:
    hall.an_opening(mode="officer")
    hall.applies(1)
    hall.desk.withdraw(OFFICER, act_id="by-hand", application_id="opn-1:res-1")
    before = hall.desk.applications.get("opn-1:res-1").withdrawn_by
    hall.applies(1)

    assert (before, hall.desk.applications.get("opn-1:res-1").withdrawn_by) == (OFFICER.subject, None)


def test_a_candidate_who_withdraws_loses_the_offer(hall: Hall) -> None:
    order = drawn(hall)

    hall.withdraws(order[0])
    hall.hears(times=2)

    assert hall.offered() == [order[1], order[2]]
    assert hall.states()[order[0]] == "withdrawn"
    assert reasons(hall) == {"application_withdrawn": 1}


def test_nobody_whom_the_limits_refuse_is_asked_and_they_read_why(hall: Hall) -> None:
    hall.an_opening(places=2)
    hall.applies(*range(1, 6))
    hall.limits.refused = {"res-1", "res-2", "res-3"}

    hall.passes(hours=6)

    assert sorted(hall.offered()) == [4, 5]
    before = {number for number in (1, 2, 3) if hall.states()[number] == "closed"}
    last = max(hall.order().index(4), hall.order().index(5))
    assert before == {number for number in (1, 2, 3) if hall.order().index(number) < last}
    for number in before:
        told = hall.selection.why(a_resident(number), application_id=f"opn-1:res-{number}")
        assert (told["reason"], told["why"]["code"]) == ("not_allowed", "direct_job_overlap")


def test_at_most_one_offer_is_open_for_each_place_however_often_facts_are_heard(hall: Hall) -> None:
    order = drawn(hall, places=1)
    hall.declines(order[0])
    hall.hears(times=5)

    assert hall.offered() == [order[1]]
    assert hall.opening().asked == 2


def test_when_nobody_is_left_to_ask_the_opening_closes(hall: Hall) -> None:
    order = drawn(hall, places=3, candidates=2)
    hall.accepts(order[0])
    hall.declines(order[1])
    hall.sweeps()

    assert (hall.opening().state, hall.placed()) == ("closed", [order[0]])
    assert hall.budget() == (20_640, 20_640)


def test_an_opening_for_which_nobody_applied_closes(hall: Hall) -> None:
    drawn(hall, candidates=0)

    assert hall.opening().state == "closed"
    assert hall.names().count("opening.ranked") == 1


# A late drop-out.


def test_a_late_drop_out_is_followed_by_the_next_on_the_waitlist(hall: Hall) -> None:
    order = drawn(hall)
    for number in order[:2]:
        hall.accepts(number)
    hall.sweeps()
    hall.passes(hours=12)

    hall.withdraws(order[0])
    hall.sweeps()

    assert (hall.opening().state, hall.opening().round) == ("selecting", 2)
    assert hall.offered() == [order[2]]
    hall.accepts(order[2])
    hall.sweeps()
    assert hall.placed() == sorted(order[1:3])
    assert hall.names().count("opening.filled") == 2


@pytest.mark.parametrize("mode", ["officer", "first_come"])
def test_a_drop_out_with_a_waitlist_calls_who_has_waited_longest(hall: Hall, mode: str) -> None:
    hall.an_opening(places=1, mode=mode, waitlist=True)
    hall.applies(1, 2, 3)
    if mode == "officer":
        hall.selects(1)
    hall.sweeps()
    assert hall.states() == {1: "selected", 2: "waitlisted", 3: "waitlisted"}

    hall.passes(hours=10)
    assert hall.opening().state == "filled"
    hall.desk.release_place(OFFICER, act_id="back", opening_id="opn-1", resident_id="res-1")
    hall.sweeps()

    assert hall.offered() == [2]
    assert hall.states() == {1: "withdrawn", 2: "waitlisted", 3: "waitlisted"}


def test_once_the_waitlist_has_run_out_before_the_deadline_anybody_may_apply_again(hall: Hall) -> None:
    hall.an_opening(places=1, mode="first_come", waitlist=True)
    hall.applies(1)
    hall.sweeps()
    hall.withdraws(1)
    hall.sweeps()

    assert hall.opening().state == "open"
    hall.applies(2)
    hall.sweeps()
    assert hall.placed() == [2]


def test_without_a_waitlist_a_drop_out_opens_the_opening_again(hall: Hall) -> None:
    hall.an_opening(places=1, mode="officer")
    hall.applies(1, 2)
    hall.selects(1)
    hall.sweeps()

    hall.withdraws(1)
    hall.sweeps()

    assert (hall.opening().state, hall.states()[2]) == ("open", "closed")


def test_a_waitlist_ends_with_the_work_and_nobody_waits_in_vain(hall: Hall) -> None:
    order = drawn(hall)
    for number in order[:2]:
        hall.accepts(number)
    hall.sweeps()

    hall.passes(days=3)

    assert hall.opening().state == "closed"
    assert {number: hall.states()[number] for number in order[2:]} == dict.fromkeys(order[2:], "closed")


@pytest.mark.parametrize("how", ["close", "cancel"])
def test_whoever_ends_an_opening_ends_its_offers_and_its_waitlist(hall: Hall, how: str) -> None:
    order = drawn(hall)
    hall.accepts(order[0])
    if how == "close":
        hall.desk.close(OFFICER, act_id="x", opening_id="opn-1")
    else:
        hall.desk.cancel(OFFICER, act_id="x", opening_id="opn-1", reason="시설 공사")
    hall.sweeps()

    assert hall.opening().offers == ()
    assert not {"pending", "waitlisted"} & set(hall.states().values())
    assert reasons(hall) == {"opening_closed" if how == "close" else "opening_cancelled": 1}
    with pytest.raises(Refused, match="no_such_offer"):
        hall.accepts(order[1])


def test_a_place_that_was_worked_is_not_given_back(hall: Hall) -> None:
    order = drawn(hall)
    hall.accepts(order[0])
    hall.sweeps()
    hall.clock.move(timedelta(days=3))

    with pytest.raises(Refused, match="work_is_over"):
        hall.withdraws(order[0])
    with pytest.raises(Refused, match="work_is_over"):
        hall.desk.release_place(OFFICER, act_id="x", opening_id="opn-1", resident_id=f"res-{order[0]}")


def test_an_offer_shortly_before_the_work_can_be_confirmed_until_it_begins_and_never_for_less_than_ten_minutes(
    hall: Hall,
) -> None:
    order = drawn(hall, places=1, candidates=4, offer_minutes=1_440)
    terms = hall.opening().terms
    hall.accepts(order[0])
    hall.sweeps()
    hall.clock.at = terms.begins - timedelta(minutes=30)
    hall.withdraws(order[0])
    hall.sweeps()
    assert hall.opening().offers[0].until == terms.begins

    hall.clock.at = terms.begins - timedelta(minutes=1)
    hall.declines(order[1])
    hall.sweeps()
    assert hall.opening().offers[0].until == terms.begins + timedelta(minutes=9)


# In between.


def test_who_applied_in_the_very_moment_of_the_draw_is_told_that_it_was_too_late(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1, 2)
    hall.clock.move(timedelta(hours=5, minutes=59))
    opening = hall.opening()
    hall.passes(minutes=2)
    late = type(hall.desk.applications.get("opn-1:res-1")).submit(opening, "res-9", hall.clock.now(), None)
    from shared.aggregate import Act  # noqa: PLC0415  (the act of somebody who slept)

    hall.desk.applications.create(Act.of("late", "apply"), late, {})
    hall.sweeps()

    assert hall.states()[9] == "closed"
    assert 9 not in hall.order()


def test_nobody_is_chosen_by_hand_where_candidates_have_an_order(hall: Hall) -> None:
    hall.an_opening(places=1)
    hall.applies(1)

    with pytest.raises(Refused, match="opening_goes_in_order"):
        hall.selects(1)


def test_nobody_is_answered_while_they_are_asked(hall: Hall) -> None:
    order = drawn(hall)

    with pytest.raises(Refused, match="offer_is_open"):
        hall.desk.not_select(OFFICER, act_id="x", application_id=f"opn-1:res-{order[0]}")


def test_a_repeated_confirmation_is_the_same_confirmation(hall: Hall) -> None:
    order = drawn(hall, places=1)
    first = hall.accepts(order[0], act_id="tap")
    hall.sweeps()

    assert hall.accepts(order[0], act_id="tap") == first
    assert len([call for call in hall.limits.calls if call == "hold asked:tap"]) == 1


def test_an_applicant_sees_the_offer_and_nobody_else_answers_it(hall: Hall) -> None:
    order = drawn(hall)
    resident = a_resident(order[0])

    [mine] = hall.desk.applications_by(resident, resident_id=resident.subject)["applications"]

    assert mine["offer"]["rank"] == 1
    stranger = a_resident(order[1])
    for ask in (hall.selection.accept_offer, hall.selection.decline_offer):
        with pytest.raises(Refused, match="only_for_oneself"):
            ask(stranger, act_id="x", application_id=mine["application_id"])


def test_nobody_is_asked_by_who_read_the_opening_before_it_changed(hall: Hall) -> None:
    order = drawn(hall, places=1)
    hall.declines(order[0])
    seen = hall.opening()
    candidates = hall.selection._next(seen)
    hall.withdraws(order[1])
    hall.hears()  # the next but one is asked meanwhile, and declines
    hall.declines(order[2])

    hall.selection._ask(seen, candidates)

    assert [candidate.rank for candidate in candidates] == [2]
    assert hall.offered() == []
