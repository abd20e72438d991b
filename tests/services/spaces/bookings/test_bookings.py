"""Bookings: hold, act, settle; who may do what; what giving back costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from marshmallow import Schema

from services.spaces.bookings.model import Charge, Rule
from services.spaces.bookings.requesting import HOLD_FOR
from services.spaces.bookings.schemas import Quote, Request, RequestSeries
from services.spaces.bookings.series import SeriesDesk
from services.spaces.diary.model import BOOKING
from services.spaces.facilities.model import Limits, Policy
from shared.actors import Actor
from shared.aggregate import Act
from shared.errors import Refused, Unavailable
from shared.mongo.port import Database
from shared.mongo.real import connect
from shared.mongo.twin import TwinDatabase
from tests.services.spaces.makers import (
    HOST,
    OFFICER,
    TENANT,
    Counter,
    Vouched,
    a_counter,
    a_facility,
    a_resident,
    a_space,
    a_span,
    at,
)

APPROVAL = {"mode": "approval", "approver": "person"}


def test_in_an_instant_room_a_free_span_is_theirs_at_once() -> None:
    counter = a_counter()
    assert counter.book()["state"] == "confirmed"
    assert counter.said() == ["booking.requested", "booking.confirmed"]


def test_ten_to_twelve_and_twelve_to_fourteen_are_both_confirmed() -> None:
    counter = a_counter()
    assert [counter.book(1, 10, 12)["state"], counter.book(2, 12, 14)["state"]] == ["confirmed"] * 2


def test_a_span_that_somebody_has_is_refused_and_nothing_stays_held() -> None:
    counter = a_counter()
    counter.book(1)
    with pytest.raises(Refused, match="span_taken"):
        counter.book(2, subscription_id="sub-2")
    assert counter.quota.holds == {}
    assert [claim.id for claim in counter.diary().claims.values()] == ["bkg-1-10-12"]


def test_a_repeat_gives_the_same_answer_even_after_the_span_went_to_somebody_else() -> None:
    counter = a_counter()
    first = counter.book(1)
    counter.desk.cancel(a_resident(1), act_id="away", booking_id="bkg-1-10-12")
    counter.settle_all()
    counter.book(2, booking_id="bkg-2")
    assert counter.book(1) == first
    counter.settle_all()
    assert [claim.id for claim in counter.diary().claims.values()] == ["bkg-2"]


def test_another_s_booking_id_takes_nothing_from_them() -> None:
    counter = a_counter()
    counter.book(1)
    counter.settle_all()
    with pytest.raises(Refused, match="id_taken"):
        counter.book(2, 14, 15, booking_id="bkg-1-10-12")
    with pytest.raises(Refused, match="id_taken"):
        counter.book(2, 10, 12, booking_id="bkg-1-10-12")
    assert counter.diary().claims["bkg-1-10-12"].deadline is None


def test_a_booking_over_midnight_with_buffers_is_in_every_day_it_touches() -> None:
    space = a_space(before=timedelta(minutes=30), limits=Limits(max_minutes=600))
    facility = a_facility(hours=type(a_facility().hours).always())
    counter = a_counter(space, facility=facility)
    counter.book(1, 24, 26)
    assert [sorted(counter.diary(day).claims) for day in (1, 2)] == [["bkg-1-24-26"]] * 2
    with pytest.raises(Refused, match="span_taken"):
        counter.book(2, 23, 24)


def test_what_can_t_be_held_on_the_second_day_is_not_held_on_the_first() -> None:
    facility = a_facility(hours=type(a_facility().hours).always())
    counter = a_counter(facility=facility)
    counter.book(1, 25, 26)
    with pytest.raises(Refused, match="span_taken"):
        counter.book(2, 23, 26)
    assert counter.diary(1).claims == {}


def test_minutes_that_are_not_there_keep_a_span_free() -> None:
    counter = a_counter()
    counter.quota.minutes = 60
    with pytest.raises(Refused, match="quota_exceeded"):
        counter.book(1, subscription_id="sub-1")
    assert counter.diary() is None


def test_a_room_of_a_plan_is_not_booked_without_one() -> None:
    with pytest.raises(Refused, match="subscription_needed"):
        a_counter(a_space(plan_needed=True)).book(1)


def test_the_facts_of_a_booking_let_the_diary_and_the_ledger_follow() -> None:
    counter = a_counter(a_space(**APPROVAL))
    counter.book(1, subscription_id="sub-1")
    counter.settle_all()
    assert counter.quota.charges["bkg-1-10-12"] == Charge(held=120)
    counter.desk.answer(HOST, act_id="yes", booking_id="bkg-1-10-12", accept=True)
    counter.settle_all()
    assert counter.quota.charges["bkg-1-10-12"] == Charge(consumed=120)
    assert counter.desk.displace("bkg-1-10-12", "calendar")
    counter.settle_all()
    assert counter.quota.charges["bkg-1-10-12"] == Charge()
    assert counter.diary().claims == {}


def test_a_request_waits_at_once_though_the_facility_s_calendar_is_silent() -> None:
    counter = a_counter(a_space(**APPROVAL), vouched=Vouched(fresh=False))
    assert counter.book()["state"] == "awaiting"


def test_a_stale_calendar_closes_the_room_or_makes_the_booking_tentative_by_policy() -> None:
    with pytest.raises(Refused, match="calendar_stale"):
        a_counter(vouched=Vouched(fresh=False)).book()
    tentative = a_counter(facility=a_facility(policy=Policy(stale="tentative")), vouched=Vouched(fresh=False))
    assert tentative.book()["state"] == "awaiting"


def test_the_rule_is_shown_before_the_act_and_holds_after_it() -> None:
    counter = a_counter()
    told = counter.desk.quote(
        a_resident(), space_id="spc-모임방", start=at(10), end=at(12), subscription_id="sub-1"
    )
    assert (told["objection"], told["minutes"], told["balance"]) == (None, 120, 600)
    assert told["rule"] == {
        "free_until": "2026-12-01T00:00:00.000Z",
        "forfeit_percent": 50,
        "no_show_percent": 100,
    }
    counter.book(1, subscription_id="sub-1")
    counter.clock.move(timedelta(minutes=1))
    answer = counter.desk.cancel(a_resident(), act_id="late", booking_id="bkg-1-10-12")
    assert answer["charged"] == 60


def test_a_quote_names_what_would_object() -> None:
    counter = a_counter()
    counter.book(1)
    told = counter.desk.quote(a_resident(2), space_id="spc-모임방", start=at(11), end=at(13))
    assert told["objection"]["code"] == "span_taken"


@pytest.mark.parametrize(("minutes_before", "charged"), [(61, 0), (60, 0), (59, 60), (1, 60)])
def test_late_is_counted_from_the_rule_s_minute(minutes_before: int, charged: int) -> None:
    span = a_span(10, 12)
    assert Rule(60, 50).forfeit(span, span.start - timedelta(minutes=minutes_before)) == charged


def test_staff_who_cancel_forfeit_nothing_of_the_resident_s() -> None:
    counter = a_counter()
    counter.book(1, subscription_id="sub-1")
    counter.clock.move(timedelta(minutes=30))
    assert counter.desk.cancel(HOST, act_id="sorry", booking_id="bkg-1-10-12")["charged"] == 0


def test_only_the_resident_or_staff_of_that_facility_touch_a_booking() -> None:
    counter = a_counter(a_space(**APPROVAL))
    counter.book(1)
    strangers = [
        a_resident(2),
        Actor("host-2", frozenset({"host"}), TENANT),
        Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"})),
        Actor("res-1", frozenset({"resident"}), "bukgu"),
        Actor("", frozenset(), ""),
    ]
    for stranger in strangers:
        with pytest.raises(Refused):
            counter.desk.cancel(stranger, act_id="x", booking_id="bkg-1-10-12")
        with pytest.raises(Refused):
            counter.desk.answer(stranger, act_id="x", booking_id="bkg-1-10-12", accept=True)
        with pytest.raises(Refused):
            counter.desk.read(stranger, booking_id="bkg-1-10-12")
    with pytest.raises(Refused, match="role_not_allowed"):
        counter.desk.answer(a_resident(1), act_id="x", booking_id="bkg-1-10-12", accept=True)
    assert counter.booking("bkg-1-10-12").state == "awaiting"


def test_an_officer_books_for_a_resident_and_is_recorded() -> None:
    counter = a_counter()
    counter.desk.request(
        OFFICER,
        act_id="a",
        booking_id="bkg-1",
        space_id="spc-모임방",
        start=at(10),
        end=at(12),
        resident_id="res-7",
    )
    booking = counter.booking("bkg-1")
    assert (booking.resident_id, booking.proxy) == ("res-7", "officer-1")


def test_nobody_answers_in_time_and_the_request_expires_without_a_charge() -> None:
    counter = a_counter(a_space(**APPROVAL))
    counter.book(1, subscription_id="sub-1")
    counter.settle_all()
    counter.clock.move(timedelta(hours=1))
    counter.desk.move_on()
    counter.settle_all()
    assert counter.booking("bkg-1-10-12").state == "expired"
    assert counter.quota.charges["bkg-1-10-12"] == Charge()


def watched_room() -> Counter:
    return a_counter(facility=a_facility(policy=Policy(check_in_needed=True)))


def test_time_that_nobody_claims_is_released_and_charged() -> None:
    counter = watched_room()
    counter.book(1, subscription_id="sub-1")
    counter.settle_all()
    counter.clock.move(timedelta(minutes=75))
    counter.desk.move_on()
    counter.settle_all()
    assert counter.said()[-1] == "booking.missed"
    assert counter.diary().claims == {}
    assert counter.quota.charges["bkg-1-10-12"] == Charge(consumed=120)
    assert counter.desk.correct_missed("bkg-1-10-12")
    assert counter.quota.charges["bkg-1-10-12"] == Charge()


def test_a_resident_checks_in_with_the_code_that_the_room_shows() -> None:
    counter = watched_room()
    counter.book(1)
    check = {"booking_id": "bkg-1-10-12", "code": "123456"}
    with pytest.raises(Refused, match="check_in_too_early"):
        counter.desk.check_in(a_resident(), act_id="early", **check)
    counter.clock.move(timedelta(minutes=50))
    with pytest.raises(Refused, match="check_in_code_wrong"):
        counter.desk.check_in(a_resident(), act_id="wrong", **{**check, "code": "000000"})
    assert counter.desk.check_in(a_resident(), act_id="right", **check)["state"] == "checked_in"
    counter.clock.move(timedelta(hours=3))
    counter.desk.move_on()
    assert counter.booking("bkg-1-10-12").state == "used"
    assert counter.diary().claims != {}, "a span that was used stays in the day's record"


def test_a_code_is_not_guessed() -> None:
    counter = watched_room()
    counter.book(1)
    counter.clock.move(timedelta(minutes=50))
    for number in range(5):
        with pytest.raises(Refused, match="check_in_code_wrong"):
            counter.desk.check_in(a_resident(), act_id=f"{number}", booking_id="bkg-1-10-12", code="0")
    with pytest.raises(Refused, match="check_in_by_staff_only"):
        counter.desk.check_in(a_resident(), act_id="right", booking_id="bkg-1-10-12", code="123456")
    assert counter.desk.check_in(HOST, act_id="staff", booking_id="bkg-1-10-12")["state"] == "checked_in"


def test_a_check_in_that_is_repeated_later_has_its_first_answer() -> None:
    counter = watched_room()
    counter.book(1)
    counter.clock.move(timedelta(minutes=50))
    check: dict[str, Any] = {"act_id": "here", "booking_id": "bkg-1-10-12", "code": "123456"}
    first = counter.desk.check_in(a_resident(), **check)
    counter.neighbours.code = "654321"
    assert counter.desk.check_in(a_resident(), **check) == first


@pytest.mark.parametrize(("schema", "field"), [(Request, "booking_id"), (RequestSeries, "series_id")])
def test_a_booking_has_no_name_that_a_wish_may_have(schema: type[Schema], field: str) -> None:
    assert field in schema().validate({field: "wsh-2"})
    assert field not in schema().validate({field: "bkg-2"})


def test_staff_read_all_bookings_of_a_space_page_by_page() -> None:
    counter = a_counter()
    for start in (14, 10, 12):
        counter.book(start, start, start + 1)
    first = counter.desk.of_space(HOST, space_id="spc-모임방", limit=2)
    rest = counter.desk.of_space(HOST, space_id="spc-모임방", limit=2, cursor=first["cursor"])
    told = [row["booking_id"] for row in first["bookings"] + rest["bookings"]]
    assert told == ["bkg-10-10-11", "bkg-12-12-13", "bkg-14-14-15"]
    assert rest["cursor"] is None


def test_an_officer_of_another_district_sees_no_booking_of_a_resident() -> None:
    counter = a_counter()
    counter.book(1)
    elsewhere = Actor("officer-2", frozenset({"officer"}), TENANT, frozenset({"29110"}))
    assert counter.desk.mine(elsewhere, resident_id="res-1") == {"bookings": []}
    assert len(counter.desk.mine(OFFICER, resident_id="res-1")["bookings"]) == 1
    assert len(counter.desk.mine(a_resident(1))["bookings"]) == 1


def test_who_chooses_another_s_name_for_a_series_sees_nothing_of_it() -> None:
    counter = a_counter()
    series = SeriesDesk(counter.desk)
    asked: dict[str, Any] = {"series_id": "ser-1", "space_id": "spc-모임방", "every_days": 7}
    series.request(a_resident(1), act_id="a", start=at(10, 8), end=at(12, 8), times=1, **asked)
    series.request(a_resident(2), act_id="b", start=at(14), end=at(15), times=2, **asked)
    seen = {number: series.read(a_resident(number), series_id="ser-1")["bookings"] for number in (1, 2)}
    assert {number: {row["resident_id"] for row in rows} for number, rows in seen.items()} == {1: {"res-1"}, 2: {"res-2"}}
    with pytest.raises(Refused, match="only_for_oneself"):
        series.read(a_resident(3), series_id="ser-1")


@pytest.mark.parametrize("years", [1, 2000])
def test_a_span_of_years_is_refused_before_its_opening_hours_are_worked_out(years: int) -> None:
    counter = a_counter()
    places: Any = counter.places
    places.open_spans = lambda *_asked: pytest.fail("nobody asks for the opening hours of years")
    with pytest.raises(Refused, match="span_too_long"):
        counter.desk.quote(a_resident(), space_id="spc-모임방", start=at(10), end=at(10).replace(year=2026 + years))


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+09:00", "9999-12-31T23:00:00Z", "2900-01-01T00:00:00.001Z"])
def test_an_instant_at_the_end_of_the_calendar_is_refused_by_its_field(instant: str) -> None:
    faults = Quote().validate({"space_id": "spc-모임방", "start": instant, "end": "2026-12-01T10:00:00+09:00"})
    assert list(faults) == ["start"]


def test_a_door_speaks_for_its_own_room_and_its_own_time_only() -> None:
    counter = watched_room()
    counter.book(1)
    assert not counter.desk.check_in_by_door("bkg-1-10-12", "spc-다른방", at(10), TENANT)
    assert not counter.desk.check_in_by_door("bkg-1-10-12", "spc-모임방", at(10), "다른-시")
    assert not counter.desk.check_in_by_door("bkg-1-10-12", "spc-모임방", at(9), TENANT)
    assert not counter.desk.check_in_by_door("bkg-1-10-12", "spc-모임방", at(10.5), TENANT)
    assert counter.desk.check_in_by_door("bkg-1-10-12", "spc-모임방", at(10), TENANT)


def test_a_series_names_every_occurrence_that_was_refused() -> None:
    counter = a_counter()
    counter.desk.request(
        a_resident(9), act_id="o", booking_id="other", space_id="spc-모임방", start=at(11, 8), end=at(12, 8)
    )
    series = SeriesDesk(counter.desk)
    asked: dict[str, Any] = {
        "act_id": "weekly",
        "series_id": "ser-1",
        "space_id": "spc-모임방",
        "start": at(10),
        "end": at(12),
        "every_days": 7,
        "times": 3,
    }
    told = series.request(a_resident(1), **asked)
    assert [row["number"] for row in told["made"]] == [0, 2]
    assert [(row["number"], row["error"]["code"]) for row in told["refused"]] == [(1, "span_taken")]
    assert series.request(a_resident(1), **asked) == told
    assert len(series.cancel(a_resident(1), act_id="stop", series_id="ser-1")["cancelled"]) == 2


def test_repeats_that_overlap_themselves_are_refused_one_by_one() -> None:
    hours = type(a_facility().hours).always()
    counter = a_counter(a_space(limits=Limits(max_minutes=2000)), facility=a_facility(hours=hours))
    told = SeriesDesk(counter.desk).request(
        a_resident(1),
        act_id="daily",
        series_id="ser-1",
        space_id="spc-모임방",
        start=at(10),
        end=at(36),
        every_days=1,
        times=3,
    )
    assert [row["number"] for row in told["made"]] == [0, 2]
    assert told["refused"][0]["error"]["code"] == "span_taken"


def test_a_subscription_that_ended_while_a_request_was_under_way_pays_for_nothing() -> None:
    counter = a_counter()
    counter.book(1, subscription_id="sub-1")
    counter.desk.cancel_if_unpaid("bkg-1-10-12")
    assert counter.booking("bkg-1-10-12").state == "confirmed"
    counter.quota.ended = True
    counter.desk.cancel_if_unpaid("bkg-1-10-12")
    assert (counter.booking("bkg-1-10-12").state, counter.booking("bkg-1-10-12").reason) == (
        "cancelled",
        "subscription_ended",
    )


class Dying(Exception):
    """The process is gone."""


def dies_after(counter: Counter, step: int) -> list[bool]:
    """Let the process die after so many writes of a request; clear what is returned, and nobody dies any more."""
    written, alive = 0, [True]

    def around(collection: Any, name: str) -> None:
        original = getattr(collection, name)

        def verb(*arguments: Any, **named: Any) -> Any:
            nonlocal written
            if alive and written >= step:
                raise Dying
            done = original(*arguments, **named)
            written += 1
            return done

        setattr(collection, name, verb)

    for store in (counter.desk.bookings.collection, counter.desk.diary.diaries.collection):
        around(store, "insert_one")
        around(store, "update_one")
    return alive


@pytest.mark.parametrize("step", range(4))  # the day's diary, the hold, the booking; and not at all
def test_a_request_that_dies_anywhere_leaves_nothing_held_or_is_whole(step: int) -> None:
    kept = TwinDatabase("spaces")
    broken = a_counter(database=kept)
    alive = dies_after(broken, step)
    with suppress(Dying):
        broken.book(1, subscription_id="sub-1")
    alive.clear()
    counter = a_counter(database=kept)
    counter.quota = broken.quota
    counter.clock.move(HOLD_FOR + timedelta(seconds=1))
    counter.desk.diary.sweep({BOOKING: counter.desk})
    counter.settle_all()
    found = counter.desk.bookings.find("bkg-1-10-12")
    diary = counter.diary()
    claims = {} if diary is None else diary.claims
    assert (list(claims) == ["bkg-1-10-12"]) == (found is not None)
    if found is None:
        with pytest.raises(Refused):
            counter.desk.bookings.create(*_late(counter))


def _late(counter: Counter) -> Any:
    """Return what a sleeping actor would still write: the sweeper has made it impossible, if it held anything."""
    other = a_counter()
    other.book(1, subscription_id="sub-1")
    booking = other.booking("bkg-1-10-12")
    if counter.desk.bookings.collection.find_one({"_id": booking.id}) is None:
        raise Refused("nothing_was_held")
    return Act(booking.act_id, "hash"), booking, {}


def before_it_is_made(counter: Counter, then: Callable[[], object]) -> None:
    """Let the next request pause just before it is made, and something else happen meanwhile."""
    bookings: Any = counter.desk.bookings
    create = bookings.create

    def paused(*arguments: Any, **named: Any) -> Any:
        bookings.create = create
        then()
        return create(*arguments, **named)

    bookings.create = paused


def test_one_name_for_two_spans_at_the_same_time_takes_no_span_that_somebody_has() -> None:
    counter = a_counter()
    counter.book(2, 14, 15)

    def other_span() -> None:
        with pytest.raises(Refused, match="act_id_reused"):
            counter.book(1, 14, 15, act_id="twice", booking_id="bkg-twice")

    before_it_is_made(counter, other_span)
    assert counter.book(1, 10, 12, act_id="twice", booking_id="bkg-twice")["state"] == "confirmed"
    counter.settle_all()
    assert {claim.id: claim.span for claim in counter.diary().claims.values()} == {
        "bkg-2-14-15": a_span(14, 15),
        "bkg-twice": a_span(10, 12),
    }


def test_a_refused_try_takes_nothing_from_a_repeat_that_is_under_way() -> None:
    counter = a_counter(facility=a_facility(hours=type(a_facility().hours).always()))
    counter.book(3, 25, 26, booking_id="bkg-night")
    diary: Any = counter.desk.diary.diaries
    act_on, steps = diary.act_on, []

    def pausing(diary_id: str, *rest: Any) -> Any:
        steps.append(diary_id)
        if len(steps) == 2:
            diary.act_on = act_on
            with pytest.raises(Refused, match="span_taken"):
                counter.book(1, 23, 26)
            counter.desk.cancel(a_resident(3), act_id="away", booking_id="bkg-night")
            counter.settle_all()
            with pytest.raises(Refused, match="span_taken"):
                counter.book(2, 23, 24)
        return act_on(diary_id, *rest)

    diary.act_on = pausing
    assert counter.book(1, 23, 26)["state"] == "confirmed"
    counter.settle_all()
    assert [list(counter.diary(day).claims) for day in (1, 2)] == [["bkg-1-23-26"]] * 2


@pytest.mark.parametrize("dies", [False, True])
def test_what_a_used_name_holds_for_another_day_is_not_held_for_ever(dies: bool) -> None:
    counter = a_counter()
    counter.book(1, 10, 12, act_id="twice", booking_id="bkg-twice")
    counter.settle_all()

    def die() -> None:
        raise Dying

    if dies:
        before_it_is_made(counter, die)
    with pytest.raises(Dying if dies else Refused):
        counter.book(1, 34, 36, act_id="twice", booking_id="bkg-twice")
    assert bool(counter.diary(2).claims) == dies
    counter.clock.move(HOLD_FOR + timedelta(seconds=1))
    counter.desk.diary.sweep({BOOKING: counter.desk})
    assert counter.diary(2).claims == {}
    assert counter.diary(1).claims["bkg-twice"].deadline is None


@pytest.fixture(params=["twin", "real"])
def kept(request: pytest.FixtureRequest) -> Database:
    """A database in memory, and one on a server."""
    if request.param == "twin":
        return TwinDatabase("spaces")
    there = request.getfixturevalue("database")
    found: Database = connect(there.url, f"{there.prefix}spaces")
    return found


def test_of_many_who_race_for_one_span_exactly_one_gets_it(kept: Database) -> None:
    counter = a_counter(database=kept)
    barrier, won, lost = Barrier(12), [], []

    def race(number: int) -> None:
        barrier.wait()
        try:
            won.append(counter.book(number, 10 + number % 2 / 2, 12)["booking_id"])
        except Refused as refused:
            lost.append(refused.code)
        except Unavailable:
            lost.append("away")

    racers = [Thread(target=race, args=(number,)) for number in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(won) == 1
    assert lost == ["span_taken"] * 11
    assert list(counter.diary().claims) == won
