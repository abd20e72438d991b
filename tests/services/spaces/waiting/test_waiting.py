"""The waiting list: fair, one offer at a time, one message an offer; whoever dies on the way, somebody finishes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest

from services.spaces.facilities.model import Limits, Policy
from services.spaces.waiting.model import MOST_OPEN, SHORTEST_OFFER, offer_until
from services.spaces.waiting.usecases import HOLD_FOR, MARGIN
from shared.errors import Refused
from tests.services.spaces.makers import OFFICER, a_facility, a_resident, a_space, a_span, at
from tests.services.spaces.waiting.line import ROOM, Line, a_line
from tests.services.spaces.waiting.relay import Killed, collected, dying_at


def a_full_morning() -> Line:
    """Return a line in which resident 1 has 10-12, and residents 2 and 3 wait for it, in this order."""
    line = a_line()
    line.book(1, 10, 12)
    line.hears()
    line.wish(2, 10, 12)
    line.wish(3, 10, 12)
    line.hears()
    return line


def test_what_comes_free_is_offered_to_the_first_in_line_alone() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    assert line.states() == {"wsh-2": "offered", "wsh-3": "waiting"}
    assert list(line.claims()) == ["wsh-2"]
    with pytest.raises(Refused, match="span_taken"):
        line.book(4, 10, 12)


def test_an_offer_is_said_once_however_often_its_cause_is_heard() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    heard = line.hears(times=3)
    assert heard.count("offer.made") == 1
    assert line.a_wish(2).round == 1


def test_an_offer_that_nobody_takes_goes_to_the_next() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    line.rests(minutes=30)
    assert line.states() == {"wsh-2": "lapsed", "wsh-3": "offered"}
    assert list(line.claims()) == ["wsh-3"]


def test_a_declined_offer_goes_to_the_next_at_once() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    line.process().waiting.decline(a_resident(2), act_id="no", wish_id="wsh-2")
    line.rests()
    assert line.states() == {"wsh-2": "declined", "wsh-3": "offered"}


def test_a_booking_takes_the_place_of_its_offer() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    assert line.book(2, 10, 12, offer_id="wsh-2")["state"] == "confirmed"
    line.rests()
    assert line.states() == {"wsh-2": "taken", "wsh-3": "waiting"}
    assert list(line.claims()) == ["bkg-2-10"]


def test_another_s_offer_helps_nobody() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    for number, offer_id in ((3, "wsh-2"), (3, "wsh-3"), (4, "wsh-9")):
        with pytest.raises(Refused, match=r"offer_not_yours|offer_lapsed"):
            line.book(number, 10, 12, offer_id=offer_id)
    with pytest.raises(Refused, match="offer_not_yours"):
        line.book(2, 10, 11, offer_id="wsh-2")


def test_an_offer_past_its_time_is_refused_before_anybody_swept() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    line.clock.move(timedelta(minutes=30))
    with pytest.raises(Refused, match="offer_lapsed"):
        line.book(2, 10, 12, offer_id="wsh-2")


def test_a_booking_that_fails_in_the_end_leaves_the_offer_as_it_was() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    booking = line.process().booking
    claim = line.a_wish(2).claim("asked:x", line.clock.now() + HOLD_FOR)
    place = line.places.place(ROOM)
    # A booking held the span in the offer's place, and its act came to nothing.
    held = replace(claim, id="bkg-x", kind="booking")
    booking.diary.hold(place.root, held, hours_version=1, instead_of="wsh-2")
    line.process().waiting.serve(ROOM, line.a_wish(2).days[0])
    assert line.states()["wsh-2"] == "offered"
    booking.diary.drop(ROOM, "bkg-x", claim.padded.days)
    line.rests()
    assert line.a_wish(2).round == 1
    assert list(line.claims()) == ["wsh-2"]
    assert line.book(2, 10, 12, offer_id="wsh-2")["state"] == "confirmed"


def test_who_booked_without_the_offer_waits_no_longer_either() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.process().booking.settle("bkg-1-10")
    line.book(3, 10, 12)
    line.rests()
    assert line.states() == {"wsh-2": "waiting", "wsh-3": "taken"}


def test_only_a_wish_whose_whole_span_is_free_is_offered_it() -> None:
    line = a_line()
    line.book(1, 10, 12)
    line.book(2, 12, 13)
    line.wish(3, 11, 13)
    line.wish(4, 10, 12)
    line.cancel(1, 10)
    line.rests()
    assert line.states() == {"wsh-3": "waiting", "wsh-4": "offered"}


def test_two_that_fit_beside_each_other_are_both_offered() -> None:
    line = a_line()
    line.book(1, 10, 14)
    line.wish(2, 10, 12)
    line.wish(3, 12, 14)
    line.cancel(1, 10)
    line.rests()
    assert set(line.states().values()) == {"offered"}


def test_a_hall_waits_until_its_last_part_is_free() -> None:
    hall = a_space()
    part = a_space(id="spc-a", parts=("spc-a",), parent_id=hall.id, name="작은방")
    line = a_line(hall, part)
    line.book(1, 10, 12, space_id="spc-a")
    line.wish(2, 10, 12)
    assert line.states() == {"wsh-2": "waiting"}
    line.cancel(1, 10)
    line.rests()
    assert line.states() == {"wsh-2": "offered"}


def test_a_night_is_offered_whole_or_not_at_all() -> None:
    line = a_line(a_space(hours_apply="ends", limits=Limits(max_minutes=1440)))
    line.book(1, 20, 22)
    line.book(3, 33, 34)
    line.wish(2, 21, 33.5)
    line.cancel(1, 20)
    line.rests()
    assert line.states() == {"wsh-2": "waiting"}
    assert line.claims() == {}
    line.cancel(3, 33)
    line.rests()
    assert line.states() == {"wsh-2": "offered"}
    assert [list(line.claims(day)) for day in (1, 2)] == [["wsh-2"], ["wsh-2"]]


def test_a_wish_for_what_is_free_says_so() -> None:
    line = a_line()
    assert line.wish(2, 10, 12)["free_now"] is True
    line.book(1, 14, 16)
    assert line.wish(3, 14, 16)["free_now"] is False


def test_a_repeated_wish_is_one_wish() -> None:
    line = a_full_morning()
    first = line.wish(4, 10, 12, act_id="again")
    assert line.wish(4, 10, 12, act_id="again") == first
    assert len(line.states()) == 3


def test_nobody_waits_twice_for_the_same_or_for_too_much() -> None:
    line = a_line(a_space(limits=Limits(min_minutes=1, step_minutes=1)))
    line.wish(2, 10, 12)
    with pytest.raises(Refused, match="already_waiting"):
        line.wish(2, 10, 12, wish_id="wsh-b")
    for number in range(MOST_OPEN - 1):
        line.wish(2, 12, 12.5 + number / 60, wish_id=f"wsh-2-{number}")
    with pytest.raises(Refused, match="too_many_wishes"):
        line.wish(2, 16, 17, wish_id="wsh-c")


def test_a_wish_keeps_the_rules_of_the_place() -> None:
    line = a_line()
    with pytest.raises(Refused, match="outside_hours"):
        line.wish(2, 21, 23)
    with pytest.raises(Refused, match="span_empty"):
        line.wish(2, 12, 12)


def test_a_wish_whose_span_has_begun_passes() -> None:
    line = a_full_morning()
    line.rests(minutes=60)
    assert line.states() == {"wsh-2": "passed", "wsh-3": "passed"}
    assert line.heard.count("wish.ended") == 2


def test_a_suspended_resident_is_not_offered_anything() -> None:
    line = a_full_morning()
    line.neighbours.refusing = Refused("conduct_suspended", field="resident_id")
    line.cancel(1, 10)
    line.rests()
    assert set(line.states().values()) == {"waiting"}


def test_the_facility_s_own_entry_over_an_offer_costs_nobody_their_place() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    line.facility_puts("fed-1/휴관", 9, 13)
    line.rests(minutes=30)
    assert line.states() == {"wsh-2": "waiting", "wsh-3": "waiting"}
    assert list(line.claims()) == ["fed-1/휴관"]
    line.process().booking.diary.agree(line.places.place(ROOM).root, line.a_wish(2).days[0], [], ["fed-1/휴관"])
    line.rests()
    assert line.states() == {"wsh-2": "offered", "wsh-3": "waiting"}
    assert line.a_wish(2).round == 2


def test_a_booking_of_the_last_second_is_not_told_that_its_offer_lapsed() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    until = line.a_wish(2).offer_until
    assert until is not None
    line.clock.move(until - timedelta(seconds=1) - line.clock.now())
    line.book(2, 10, 12, offer_id="wsh-2")
    line.clock.move(timedelta(seconds=1))
    line.process().sweep()  # before anybody heard of the booking
    line.rests()
    assert line.states()["wsh-2"] == "taken"


def test_offers_get_shorter_when_the_start_is_near() -> None:
    span = a_span(12, 14)
    assert offer_until(span, at(9), 30) == at(9.5)
    assert offer_until(span, at(11.5), 30) == at(11.75)
    assert offer_until(span, at(12) - timedelta(minutes=6), 30) == at(12) - timedelta(minutes=6) + SHORTEST_OFFER
    assert offer_until(span, at(12) - timedelta(minutes=3), 30) == at(12)


def test_the_facility_says_how_long_an_offer_lasts() -> None:
    line = a_line(facility=a_facility(policy=Policy(offer_minutes=10)))
    line.book(1, 18, 20)
    line.wish(2, 18, 20)
    line.cancel(1, 18)
    line.rests()
    until = line.a_wish(2).offer_until
    assert until == line.clock.now() + timedelta(minutes=10)
    assert line.claims()["wsh-2"].deadline == until + MARGIN


# Who may.


def test_residents_act_for_themselves() -> None:
    line = a_full_morning()
    desk = line.process().waiting
    for act in (desk.withdraw, desk.decline):
        with pytest.raises(Refused, match="only_for_oneself"):
            act(a_resident(3), act_id="x", wish_id="wsh-2")
    with pytest.raises(Refused, match="only_for_oneself"):
        desk.read(a_resident(3), wish_id="wsh-2")
    with pytest.raises(Refused, match="role_not_allowed"):
        desk.of_space(a_resident(3), space_id=ROOM)
    with pytest.raises(Refused, match="other_tenant"):
        line.process().waiting.wish(
            a_resident(5, "북구"), act_id="y", wish_id="wsh-5", space_id=ROOM, start=at(10), end=at(12)
        )


def test_a_resident_sees_how_many_are_ahead_and_staff_the_whole_line() -> None:
    line = a_full_morning()
    desk = line.process().waiting
    assert desk.read(a_resident(3), wish_id="wsh-3")["ahead"] == 1
    assert [row["wish_id"] for row in desk.mine(a_resident(3))["wishes"]] == ["wsh-3"]
    first = desk.of_space(OFFICER, space_id=ROOM, limit=1)
    rest = desk.of_space(OFFICER, space_id=ROOM, limit=1, cursor=first["cursor"])
    assert [row["wish_id"] for row in first["wishes"] + rest["wishes"]] == ["wsh-2", "wsh-3"]
    assert rest["cursor"] is None


# Whoever dies or sleeps on the way.


def offers_are_backed(line: Line) -> None:
    """At rest: each offer has its claim until after it lapses, and no claim of the waiting list is without an offer."""
    offered = {wish_id for wish_id, state in line.states().items() if state == "offered"}
    assert {claim.id for claim in line.claims().values() if claim.kind == "offer"} == offered
    assert len(offered) <= 1


@pytest.mark.parametrize("step", range(1, 40))
def test_an_offerer_that_dies_anywhere_leaves_one_offer_at_most_and_somebody_gets_it(step: int) -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.process().booking.settle("bkg-1-10")
    freed = [event for event in collected(line.database) if event.type.endswith("diary.freed.v1")]
    day = line.a_wish(2).days[0]
    assert freed
    try:
        line.process(dying_at(step)).waiting.serve(ROOM, day)
    except Killed:
        # The event was not acked: it comes again, after the hold has run out or before.
        line.rests(minutes=2 if step % 2 else 0)
        line.process().waiting.serve(ROOM, day)
    line.rests(minutes=2)
    assert line.states() == {"wsh-2": "offered", "wsh-3": "waiting"}
    assert line.a_wish(2).round == 1
    offers_are_backed(line)
    line.rests(minutes=30)
    assert line.states()["wsh-3"] == "offered"
    offers_are_backed(line)


@pytest.mark.parametrize("step", range(1, 25))
def test_a_sweeper_that_dies_anywhere_is_followed_by_another(step: int) -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.rests()
    line.clock.move(timedelta(minutes=30))
    with suppress(Killed):
        line.process(dying_at(step)).sweep()
    line.rests(minutes=2)
    assert line.states() == {"wsh-2": "lapsed", "wsh-3": "offered"}
    offers_are_backed(line)


def test_an_offerer_that_slept_past_its_hold_offers_nothing() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.process().booking.settle("bkg-1-10")
    collected(line.database)
    slept = False

    def sleep_before_the_act(what: str) -> None:
        nonlocal slept
        held = line.claims().get("wsh-2")
        if held is not None and not slept and what.endswith("find_one"):
            slept = True
            line.clock.move(HOLD_FOR + timedelta(seconds=1))
            line.process().sweep()
            assert line.claims() == {}
            line.book(4, 10, 12)

    line.process(sleep_before_the_act).waiting.serve(ROOM, line.a_wish(2).days[0])
    assert slept
    line.rests()
    assert line.states() == {"wsh-2": "waiting", "wsh-3": "waiting"}
    assert list(line.claims()) == ["bkg-4-10"]


def test_who_leaves_while_being_offered_is_not_offered_anything_and_holds_nothing_up() -> None:
    line = a_full_morning()
    line.cancel(1, 10)
    line.process().booking.settle("bkg-1-10")
    collected(line.database)

    def leave_after_the_hold(what: str) -> None:
        if "wsh-2" in line.claims() and line.states()["wsh-2"] == "waiting" and not what.endswith("done"):
            line.process().waiting.withdraw(a_resident(2), act_id="away", wish_id="wsh-2")

    line.process(leave_after_the_hold).waiting.serve(ROOM, line.a_wish(2).days[0])
    assert line.states() == {"wsh-2": "withdrawn", "wsh-3": "offered"}
    assert list(line.claims()) == ["wsh-3"]


def test_a_sweeper_that_slept_takes_no_later_offer_away() -> None:
    line = a_full_morning()
    place = line.places.place(ROOM)
    line.cancel(1, 10)
    line.process().booking.settle("bkg-1-10")
    dead = line.a_wish(2).claim("own:offer:dead", line.clock.now() + HOLD_FOR)
    line.process().booking.diary.hold(place.root, dead, hours_version=1)
    line.clock.move(HOLD_FOR)
    slept = False

    def sleep_before_the_drop(what: str) -> None:
        nonlocal slept
        acts = line.database.collection("wishes").find({"_id": "wsh-2"})[0]["acts"]
        if not slept and any("refused" in act["out"] for act in acts) and what.startswith("database diaries."):
            slept = True
            line.rests()

    line.process(sleep_before_the_drop).sweep()
    line.rests()
    assert slept
    assert line.states()["wsh-2"] == "offered"
    offers_are_backed(line)


def test_replicas_that_race_for_what_came_free_offer_it_once() -> None:
    for _ in range(20):
        line = a_full_morning()
        line.cancel(1, 10)
        line.process().booking.settle("bkg-1-10")
        collected(line.database)
        day = line.a_wish(2).days[0]
        together = Barrier(4)

        def serve(line: Line = line, together: Barrier = together, day: date = day) -> None:
            process = line.process()
            together.wait()
            process.waiting.serve(ROOM, day)

        racers = [Thread(target=serve) for _ in range(4)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        said = line.offers_said()
        assert len(said) <= 1
        line.rests()
        offers_are_backed(line)
        assert line.states()["wsh-2"] == "offered"
