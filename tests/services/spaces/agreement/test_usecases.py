"""Feeds as people, the clock and events use them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from services.spaces.agreement.events.entries import Word
from services.spaces.agreement.model import EVENTS, ICS, PERSON
from services.spaces.agreement.reactions import reactions
from services.spaces.bookings.model import CONFIRMED
from services.spaces.facilities.model import Policy
from shared.actors import Actor
from shared.errors import NotFound, Refused
from shared.events import city
from shared.events import spaces as events
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.messaging.topology import queue, source_root
from tests.services.spaces.agreement.makers import ADDRESS, FEED_ID, HOST, OFFICER, Office, an_event, an_office
from tests.services.spaces.makers import TENANT, a_resident, a_span, at

CONNECT: dict[str, Any] = {
    "act_id": "connect-2",
    "feed_id": "fed-2",
    "space_id": "spc-모임방",
    "adapter": "caldav",
    "address": "https://calendar.example/moim/",
    "user": "facility",
    "password": "아주-비밀",
}


def told(contract: Contract, *, tenant: str = TENANT, **data: Any) -> Event:
    """Return the contract's sample as an event, with some of its data told otherwise."""
    fact = contract.fact(**{**contract.sample, **data})
    return Event(
        id="e-1",
        source=f"/{source_root(contract)}/tests",
        type=fact.type,
        subject="s",
        tenant=tenant,
        time=at(9),
        sequence="0000000001.000",
        data=fact.data,
    )


def react(office: Office, *heard: Event) -> None:
    """Let the desk hear."""
    for event in heard:
        reactions(office.desk)[event.type]([event])


def test_the_table_is_what_the_queue_hears() -> None:
    office = an_office()
    assert set(reactions(office.desk)) == set(queue("spaces.agreement").types)


def test_a_feed_is_connected_once_and_its_secret_is_never_told() -> None:
    office = an_office(connected=False)

    answered = office.desk.connect_feed(HOST, **CONNECT)
    assert office.desk.connect_feed(HOST, **CONNECT) == answered
    assert office.counter.places.place("spc-모임방").space.feed_id == "fed-2"

    shown = [office.desk.status(OFFICER, feed_id="fed-2"), office.desk.feeds_of(HOST, facility_id="fac-은하수")]
    document = office.reader.feeds.collection.find_one({"_id": "fed-2"})
    assert document is not None
    assert "아주-비밀" not in f"{shown} {document['outbox']} {document['acts']}"
    assert office.reader.feeds.get("fed-2").secret.password == "아주-비밀"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"address": ""}, "feed_needs_address"),
        ({"address": "ftp://calendar.example/"}, "feed_address_unusable"),
        ({"address": "https://facility:pw@calendar.example/"}, "feed_address_unusable"),
        ({"address": "https://[::1"}, "feed_address_unusable"),
        ({"every": 5}, "out_of_range"),
        ({"adapter": "exchange"}, "not_one_of"),
    ],
)
def test_what_can_be_no_feed_is_refused(asked: dict[str, Any], code: str) -> None:
    office = an_office(connected=False)
    with pytest.raises(Refused) as refused:
        office.desk.connect_feed(OFFICER, **{**CONNECT, **asked})
    assert refused.value.code == code


@pytest.mark.parametrize(
    "actor", [a_resident(1), Actor("host-2", frozenset({"host"}), TENANT), Actor("o", frozenset({"officer"}), "elsewhere")]
)
def test_only_the_facilitys_own_people_and_officers_touch_a_feed(actor: Actor) -> None:
    office = an_office()
    for act in (
        lambda: office.desk.connect_feed(actor, **CONNECT),
        lambda: office.desk.change_feed(actor, act_id="a", feed_id=FEED_ID, every=60),
        lambda: office.desk.disconnect_feed(actor, act_id="a", feed_id=FEED_ID),
        lambda: office.desk.status(actor, feed_id=FEED_ID),
        lambda: office.desk.feeds_of(actor, facility_id="fac-은하수"),
        lambda: office.desk.reconcile_now(actor, feed_id=FEED_ID),
    ):
        with pytest.raises(Refused):
            act()


def test_a_space_has_one_calendar() -> None:
    office = an_office()
    with pytest.raises(Refused) as refused:
        office.desk.connect_feed(OFFICER, **CONNECT)
    assert refused.value.code == "space_has_feed"


def test_of_two_that_were_connected_at_once_the_one_that_the_facility_knows_stays() -> None:
    office = an_office(connected=False)
    office.desk.connect_feed(OFFICER, **CONNECT)
    office.reader.places.connect_feed("spc-모임방", None)
    office.desk.connect_feed(OFFICER, **{**CONNECT, "act_id": "connect-3", "feed_id": "fed-3"})

    react(office, told(events.FEED_CONNECTED, feed_id="fed-2"), told(events.FEED_CONNECTED, feed_id="fed-3"))

    assert office.reader.feeds.get("fed-2").state == "leaving"
    assert office.reader.feeds.get("fed-3").state == "connected"


def test_a_feed_that_is_disconnected_takes_its_entries_along_and_frees_the_space() -> None:
    office = an_office()
    for day in (1, 2):
        office.calendar.set(f"{day}.ics", an_event(f"e-{day}", at(14, day), at(16, day)))
    office.counter.book(1)
    office.reconcile()

    office.desk.disconnect_feed(OFFICER, act_id="leave", feed_id=FEED_ID)

    assert office.claims(1) == office.claims(2) == {}
    assert office.feed.state == "gone"
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    assert office.desk.connect_feed(OFFICER, **CONNECT)["state"] == "connected"
    assert office.reader.reconcile(FEED_ID, asked=True) is None


def test_leaving_is_finished_by_the_sweep() -> None:
    office = an_office()
    office.calendar.set("1.ics", an_event("e-1", at(14), at(16)))
    office.reconcile()
    office.reader.feeds.act(None, FEED_ID, lambda feed: feed.disconnect(office.clock.now()) or {})

    office.desk.sweep()
    assert (office.claims(1), office.feed.state) == ({}, "gone")


def test_what_is_booked_before_a_calendar_is_connected_is_written_there_too() -> None:
    office = an_office(connected=False)
    office.counter.book(1)
    assert office.counter.booking("bkg-1-10-12").calendar is None

    office.desk.connect_feed(OFFICER, **CONNECT)
    react(office, told(events.FEED_CONNECTED, feed_id="fed-2"))
    office.reader.reconcile("fed-2", asked=True)

    mark = office.counter.booking("bkg-1-10-12").calendar
    assert mark is not None
    assert (mark.feed_id, bool(mark.hash)) == ("fed-2", True)


def test_what_was_asked_for_while_a_calendar_was_being_connected_is_written_there_too() -> None:
    office = an_office(connected=False)
    office.desk.connect_feed(OFFICER, **CONNECT)
    react(office, told(events.FEED_CONNECTED, feed_id="fed-2"))
    place = office.reader.places.place("spc-모임방")
    office.counter.places.known["spc-모임방"] = replace(place, space=replace(place.space, feed_id=None))
    office.counter.book(1)
    office.counter.places.known["spc-모임방"] = place

    react(office, told(events.BOOKING_REQUESTED, booking_id="bkg-1-10-12"))

    mark = office.counter.booking("bkg-1-10-12").calendar
    assert mark is not None
    assert mark.feed_id == "fed-2"


def test_a_request_makes_its_calendar_due_at_once() -> None:
    office = an_office()
    office.reconcile()
    assert office.desk.sweep() is False
    assert office.requests() == {"PROPFIND": 1, "PROPFIND 1": 1}

    office.counter.book(1)
    react(office, told(events.BOOKING_REQUESTED, booking_id="bkg-1-10-12"))
    office.desk.sweep()

    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    react(office, told(events.BOOKING_CONFIRMED, booking_id="bkg-1-10-12"))
    office.requests()
    office.desk.sweep()
    assert office.requests() == {}


def test_a_case_that_was_decided_for_a_booking_brings_its_entry_back() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.remove("bkg-1-10-12.ics")
    office.reconcile()
    office.desk.sweep()

    react(office, told(events.CASE_RESOLVED, booking_id="bkg-1-10-12", resolution="kept", new_booking_id=None))
    office.desk.sweep()

    assert set(office.calendar.resources) == {"bkg-1-10-12.ics"}


def test_silence_makes_residents_doubt_once_and_the_calendar_stale() -> None:
    office = an_office(policy=Policy(freshness_minutes=30, alarm_minutes=60))
    office.counter.book(1, 34, 36)
    office.counter.book(2, 10 + 24 * 20, 11 + 24 * 20)
    office.reconcile()
    place = office.counter.places.place("spc-모임방")
    fresh = office.desk.freshness(place)
    assert fresh is not None
    assert (fresh.fresh, fresh.budget_minutes) == (True, 30)

    office.server.away = True
    for _ in range(3):
        office.clock.move(timedelta(minutes=31))
        office.reconcile()
    stale = office.desk.freshness(place)
    assert stale is not None
    assert not stale.fresh
    assert office.said().count("feed.died") == 1
    since = office.feed.silent_since
    for _ in range(2):
        react(office, told(events.FEED_DIED, feed_id=FEED_ID))

    assert office.counter.booking("bkg-1-34-36").doubted_since == since
    assert office.counter.booking("bkg-2-490-491").doubted_since is None
    assert office.counter.said().count("booking.doubted") == 1

    office.server.away = False
    office.reconcile()
    assert office.said()[-1] == "feed.recovered"
    assert office.desk.status(OFFICER, feed_id=FEED_ID)["silent_since"] is None


def test_a_feed_that_failed_waits_in_a_line_of_its_own() -> None:
    office = an_office()
    office.server.away = True
    office.desk.sweep()
    office.clock.move(timedelta(minutes=1))
    office.server.away = False

    office.desk.sweep()
    assert office.requests() == {}
    office.desk.sweep(slow=True)
    assert office.requests() == {"PROPFIND": 1, "PROPFIND 1": 1}


def test_a_space_without_a_calendar_has_no_freshness() -> None:
    for office in (an_office(connected=False), an_office(adapter=PERSON)):
        assert office.desk.freshness(office.counter.places.place("spc-모임방")) is None


def test_a_feed_that_was_never_read_is_not_fresh() -> None:
    office = an_office()
    found = office.desk.freshness(office.counter.places.place("spc-모임방"))
    assert found is not None
    assert (found.read_at, found.fresh) == (None, False)


def test_what_a_facility_says_over_the_broker_is_kept_by_its_sequence_in_any_order() -> None:
    words = [
        Word("휴관", 0, a_span(11, 13), busy=True),
        Word("휴관", 1, a_span(14, 16), busy=True),
        Word("휴관", 2),
        Word("휴관", 3, a_span(18, 19), busy=True),
    ]
    for order in permutations(words):
        office = an_office(adapter=EVENTS)
        for word in [*order, *order]:
            office.desk.hear(TENANT, "spc-모임방", word)
        office.reconcile()
        assert list(office.claims().values()) == [a_span(18, 19)]


def test_a_late_word_does_not_bring_a_removed_entry_back() -> None:
    office = an_office(adapter=EVENTS)
    known: dict[str, Any] = {"space_id": "spc-모임방", "uid": "휴관"}
    react(office, told(city.CALENDAR_ENTRY_SET, **known, sequence=1))
    office.desk.sweep()
    assert list(office.claims().values()) == [a_span(11, 13)]

    react(office, told(city.CALENDAR_ENTRY_REMOVED, **known, sequence=1), told(city.CALENDAR_ENTRY_SET, **known, sequence=1))
    office.desk.sweep()
    assert office.claims() == {}
    assert office.feed.due is not None
    react(office, told(city.CALENDAR_ENTRY_SET, **known, sequence=0))
    office.desk.sweep()
    assert office.claims() == {}


def test_an_entry_over_the_broker_answers_requests() -> None:
    office = an_office(adapter=EVENTS)
    office.counter.book(1)
    office.counter.book(2, 15, 16)
    react(office, told(city.CALENDAR_ENTRY_SET, space_id="spc-모임방", uid="휴관", sequence=0))
    office.desk.sweep()
    assert office.counter.booking("bkg-1-10-12").reason == "calendar_busy"
    assert office.counter.booking("bkg-2-15-16").state == CONFIRMED


@pytest.mark.parametrize("how", ["other space", "other tenant", "ends before it starts", "not by events"])
def test_a_word_that_can_belong_to_no_calendar_is_refused(how: str) -> None:
    office = an_office(adapter=ICS if how == "not by events" else EVENTS)
    data: dict[str, Any] = {"space_id": "spc-모임방", "uid": "휴관", "sequence": 0}
    tenant = TENANT
    if how == "other space":
        data["space_id"] = "spc-별빛"
    elif how == "other tenant":
        tenant = "elsewhere"
    elif how == "ends before it starts":
        data["end"] = "2026-12-01T09:00:00+09:00"
    with pytest.raises(Refused):
        react(office, told(city.CALENDAR_ENTRY_SET, tenant=tenant, **data))


def test_an_operator_may_have_a_feed_read_and_nobody_else_learns_its_key() -> None:
    office = an_office(adapter=ICS, address=ADDRESS + "basic.ics?key=geheim")
    office.server.calendar(ADDRESS + "basic.ics?key=geheim")
    found = office.desk.reconcile_now(Actor("op", frozenset({"operator"}), ""), feed_id=FEED_ID)
    assert found["read"]
    assert "geheim" not in str(found)


def test_an_unknown_feed_is_not_found() -> None:
    office = an_office()
    with pytest.raises(NotFound):
        office.desk.status(OFFICER, feed_id="fed-none")
    office.desk.hurry("fed-none")
    office.desk.doubt_bookings("fed-none")
    office.desk.look_for(["bkg-none"])
    assert office.counter.desk.bookings.find("bkg-none") is None
