"""Reading a facility's calendar and putting both sides right, on twins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.spaces.agreement.events.entries import Word
from services.spaces.agreement.model import EVENTS, ICS, PERSON, WHOLE_EVERY
from services.spaces.bookings.model import AWAITING, CANCELLED, CONFIRMED, REFUSED
from shared.errors import Unavailable
from tests.services.spaces.agreement.makers import ADDRESS, FEED_ID, OFFICER, an_event, an_office, later
from tests.services.spaces.makers import TENANT, a_resident, a_space, a_span, at


def test_a_request_is_confirmed_once_it_stands_in_the_facilitys_calendar() -> None:
    office = an_office()
    office.counter.book(1)
    assert office.counter.booking("bkg-1-10-12").state == AWAITING

    assert office.reconcile() == {"ours_to_write": 1}

    booking = office.counter.booking("bkg-1-10-12")
    assert booking.state == CONFIRMED
    assert b"STATUS:CONFIRMED" in office.calendar.resources["bkg-1-10-12.ics"]
    assert booking.calendar is not None
    assert booking.calendar.href == office.calendar.href("bkg-1-10-12.ics")


def test_reading_twice_changes_nothing() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.counter.book(1)
    first = office.reconcile()
    assert first == {"ours_to_write": 1, "theirs_added": 1}
    office.reconcile()
    before = {name: list(kept.everything()) for name, kept in office.database.collections().items() if name != "feeds"}

    assert office.reconcile() == {}
    assert {
        name: list(kept.everything()) for name, kept in office.database.collections().items() if name != "feeds"
    } == before
    assert office.said().count("feed.reconciled") == 1


def test_a_request_over_their_own_entry_is_refused_and_never_written() -> None:
    office = an_office()
    office.counter.book(1)
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13)))

    assert office.reconcile() == {"calendar_busy": 1, "theirs_added": 1}

    booking = office.counter.booking("bkg-1-10-12")
    assert (booking.state, booking.reason) == (REFUSED, "calendar_busy")
    assert set(office.calendar.resources) == {"휴관.ics"}


def test_an_entry_that_only_touches_the_request_does_not_refuse_it() -> None:
    office = an_office()
    office.counter.book(1)
    office.calendar.set("행사.ics", an_event("event-1", at(12), at(13)))

    assert office.reconcile() == {"ours_to_write": 1, "theirs_added": 1}


def test_a_late_entry_over_a_booking_is_said_by_the_diary() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13)))

    assert office.reconcile() == {"theirs_added": 1}
    assert "diary.overlapped" in office.events()


def test_an_entry_that_moves_to_another_day_leaves_the_first() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13)))
    office.reconcile()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11, day=2), at(13, day=2), sequence=1))

    assert office.reconcile() == {"theirs_changed": 1}
    assert office.claims(1) == {}
    assert list(office.claims(2).values()) == [a_span(11, 13, day=2)]


def test_an_entry_over_midnight_is_in_both_days() -> None:
    office = an_office()
    office.calendar.set("밤.ics", an_event("night", at(22), at(26)))

    assert office.reconcile() == {"theirs_added": 1}
    assert list(office.claims(1).values()) == list(office.claims(2).values()) == [a_span(22, 26)]


def test_a_removed_entry_frees_its_span() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13)))
    office.reconcile()
    office.calendar.remove("휴관.ics")

    assert office.reconcile() == {"theirs_removed": 1}
    assert office.claims() == {}
    assert "diary.freed" in office.events()


@pytest.mark.parametrize(("told", "value"), [("status", "CANCELLED"), ("transp", "TRANSPARENT")])
def test_an_entry_that_keeps_nobody_out_claims_nothing(told: str, value: str) -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13)))
    office.reconcile()
    office.calendar.set("휴관.ics", an_event("closed-1", at(11), at(13), sequence=1, **{told: value}))

    assert office.reconcile() == {"theirs_removed": 1}
    assert office.claims() == {}


def test_a_cancelled_booking_leaves_their_calendar() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.counter.desk.cancel(a_resident(1), act_id="c-1", booking_id="bkg-1-10-12")

    assert office.reconcile() == {"ours_to_remove": 1}
    assert office.calendar.resources == {}
    assert office.counter.booking("bkg-1-10-12").watch is None


def test_an_entry_they_deleted_opens_a_case_once() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.remove("bkg-1-10-12.ics")

    assert office.reconcile() == {"ours_removed_by_them": 1}
    assert office.cases.opened == [("bkg-1-10-12", "ours_removed_by_them")]
    assert office.reconcile() == {}
    office.calendar.set("다른.ics", an_event("other", at(15), at(16)))
    assert office.reconcile() == {"theirs_added": 1}


def test_an_entry_they_moved_opens_a_case_once_and_is_not_moved_back() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.set("bkg-1-10-12.ics", an_event("bkg-1-10-12@sipbun", at(13), at(15), sequence=1))

    assert office.reconcile() == {"ours_changed_by_them": 1}
    assert office.cases.opened == [("bkg-1-10-12", "ours_changed_by_them")]
    assert office.reconcile() == {}
    assert b"T040000Z" in office.calendar.resources["bkg-1-10-12.ics"]


@pytest.mark.parametrize("how", ["removed", "moved", "cancelled"])
def test_a_case_decided_for_the_booking_writes_it_again(how: str) -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    if how == "removed":
        office.calendar.remove("bkg-1-10-12.ics")
    else:
        moved = (13, 15) if how == "moved" else (10, 12)
        status = "CANCELLED" if how == "cancelled" else "CONFIRMED"
        office.calendar.set(
            "bkg-1-10-12.ics", an_event("bkg-1-10-12@sipbun", at(moved[0]), at(moved[1]), sequence=4, status=status)
        )
    office.reconcile()
    assert len(office.cases.opened) == 1

    office.counter.desk.note_unwritten("bkg-1-10-12")
    office.reconcile()
    office.reconcile()

    assert b"DTSTART:20261201T010000Z" in office.calendar.resources["bkg-1-10-12.ics"]
    office.reconcile()
    assert office.reconcile() == {}
    assert len(office.cases.opened) == 1


def test_a_displaced_booking_whose_entry_they_moved_leaves_their_calendar() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.set("bkg-1-10-12.ics", an_event("bkg-1-10-12@sipbun", at(13), at(15), sequence=1))
    office.reconcile()
    office.counter.desk.displace("bkg-1-10-12", "moved_by_facility")

    assert office.reconcile() == {"ours_to_remove": 1}
    assert office.calendar.resources == {}
    assert office.reconcile() == {}


def test_a_note_that_people_add_to_our_entry_is_none_of_our_business() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    content = office.calendar.resources["bkg-1-10-12.ics"].replace(b"END:VEVENT", b"LOCATION:2F\r\nEND:VEVENT")
    office.calendar.set("bkg-1-10-12.ics", content)

    assert office.reconcile() == {}
    mark = office.counter.booking("bkg-1-10-12").calendar
    assert mark is not None
    assert mark.etag == office.calendar.etag("bkg-1-10-12.ics")


def test_an_awaiting_request_that_a_person_answers_is_shown_as_tentative_until_then() -> None:
    office = an_office(space=a_space(mode="approval", approver="person"))
    office.counter.book(1)
    assert office.reconcile() == {"ours_to_write": 1}
    assert b"STATUS:TENTATIVE" in office.calendar.resources["bkg-1-10-12.ics"]
    assert office.counter.booking("bkg-1-10-12").state == AWAITING

    office.counter.desk.confirm("bkg-1-10-12")
    assert office.reconcile() == {"ours_to_change": 1}
    assert b"STATUS:CONFIRMED" in office.calendar.resources["bkg-1-10-12.ics"]


@pytest.mark.parametrize("trouble", ["lose_answer", "lose_request", "refuse"])
def test_a_write_that_failed_any_way_is_finished_by_the_next_reading(trouble: str) -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.counter.book(2, 13, 14)
    office.server.next("", "", trouble)
    office.reconcile()
    assert office.counter.booking("bkg-2-13-14").state == AWAITING

    office.reconcile()

    assert office.counter.booking("bkg-2-13-14").state == CONFIRMED
    assert set(office.calendar.resources) == {"bkg-1-10-12.ics", "bkg-2-13-14.ics"}
    assert office.reconcile() == {}


def test_an_unwritten_booking_found_there_as_we_would_write_it_is_adopted() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    kept = office.calendar.resources["bkg-1-10-12.ics"]
    office = an_office()
    office.counter.book(1)
    office.calendar.set("bkg-1-10-12.ics", kept)

    assert office.reconcile() == {"ours_adopted": 1}
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    assert office.reconcile() == {}


def test_an_entry_that_changed_under_our_hands_is_read_again_at_once() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.counter.desk.cancel(a_resident(1), act_id="c-1", booking_id="bkg-1-10-12")
    moved = an_event("bkg-1-10-12@sipbun", at(10), at(11), sequence=1)
    office.server.before("DELETE", lambda: office.calendar.set("bkg-1-10-12.ics", moved))

    assert office.reconcile() == {}
    assert office.calendar.resources["bkg-1-10-12.ics"] == moved
    assert office.feed.due == office.clock.now()

    assert office.desk.sweep() is False
    assert office.calendar.resources == {}


def test_an_unchanged_calendar_costs_one_request() -> None:
    office = an_office()
    for number in range(30):
        office.calendar.set(f"{number}.ics", an_event(f"e-{number}", at(9, number + 1), at(10, number + 1)))
    office.reconcile()
    office.requests()

    office.reconcile()

    assert office.requests() == {"PROPFIND": 1}


def test_one_change_reads_one_resource_and_touches_one_diary() -> None:
    office = an_office()
    for number in range(30):
        office.calendar.set(f"{number}.ics", an_event(f"e-{number}", at(9, number + 1), at(10, number + 1)))
    office.reconcile()
    versions = {one["_id"]: one["version"] for one in office.database.collection("diaries").everything()}
    office.calendar.set("7.ics", an_event("e-7", at(9, 8), at(11, 8), sequence=1))

    assert office.reconcile() == {"theirs_changed": 1}

    now = {one["_id"]: one["version"] for one in office.database.collection("diaries").everything()}
    assert {key for key in now if now[key] != versions[key]} == {"spc-모임방:2026-12-08"}


def test_after_a_day_the_whole_is_read_however_unchanged_it_says_it_is() -> None:
    office = an_office()
    office.calendar.set("먼.ics", an_event("far", later() + timedelta(days=400), later() + timedelta(days=400, hours=2)))
    office.reconcile()
    assert office.reconcile() == {}
    office.clock.move(WHOLE_EVERY)

    assert office.reconcile() == {"theirs_added": 1}


def test_an_unreadable_entry_drops_nothing() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.counter.book(1)
    office.reconcile()
    office.reconcile()
    office.calendar.set("휴관.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:closed-1")
    office.calendar.set("bkg-1-10-12.ics", b"<html>502</html>")

    assert office.reconcile() == {}
    assert list(office.claims().values()) == [a_span(14, 16)]
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED


def test_an_entry_that_is_not_handed_out_is_asked_for_again_and_drops_nothing() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.reconcile()
    office.calendar.withheld = {"휴관.ics", "행사.ics"}
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(17), sequence=1))
    office.calendar.set("행사.ics", an_event("event-1", at(18), at(19)))
    assert office.reconcile() == {}
    assert list(office.claims().values()) == [a_span(14, 16)]

    office.calendar.withheld = set()
    office.calendar.set("다른.ics", an_event("other", at(20), at(21)))
    assert office.reconcile() == {"theirs_added": 2, "theirs_changed": 1}


def test_a_calendar_that_is_away_changes_nothing_and_is_tried_again_soon() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.reconcile()
    office.server.away = True
    office.counter.book(1)

    assert office.reconcile() is None
    assert list(office.claims().values()) == [a_span(14, 16)]
    assert office.counter.booking("bkg-1-10-12").state == AWAITING
    assert (office.feed.reason, office.feed.slow) == ("no_answer", True)

    office.server.away = False
    office.clock.move(timedelta(minutes=1))
    office.desk.sweep(slow=True)
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    assert office.feed.slow is False


def test_a_calendar_that_may_only_be_read_is_as_fresh_as_it_was_read() -> None:
    office = an_office()
    office.calendar.read_only = True
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.counter.book(1)

    assert office.reconcile() == {"theirs_added": 1}

    assert (office.feed.reason, office.feed.read_at) == ("not_let_in", office.clock.now())
    assert office.counter.booking("bkg-1-10-12").state == AWAITING


def test_a_file_answers_requests_without_being_written() -> None:
    office = an_office(adapter=ICS)
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    office.counter.book(1)
    office.reconcile()
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED

    office.counter.book(2, 17, 18)
    office.calendar.set("행사.ics", an_event("event-1", at(17), at(18)))
    assert office.reconcile() == {"calendar_busy": 1, "theirs_added": 1}
    assert office.counter.booking("bkg-2-17-18").state == REFUSED
    assert office.requests() == {"GET": 2}


@pytest.mark.parametrize("adapter", [ICS, EVENTS])
def test_an_unchanged_file_keeps_its_entries_while_a_request_is_answered(adapter: str) -> None:
    office = an_office(adapter=adapter)
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))
    if adapter == EVENTS:
        office.desk.hear(TENANT, "spc-모임방", Word("closed-1", 0, a_span(14, 16), busy=True))
    office.reconcile()
    office.counter.book(1)

    assert office.reconcile() == {}
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    assert list(office.claims().values()) == [a_span(14, 16)]


def test_an_entry_that_comes_while_the_list_is_asked_for_and_goes_again_is_gone() -> None:
    office = an_office()
    office.calendar.set("a.ics", an_event("a", at(9), at(10)))
    office.server.before("PROPFIND 1", lambda: office.calendar.set("b.ics", an_event("b", at(14), at(16))))
    office.reconcile()
    assert sorted(office.claims().values()) == [a_span(9, 10), a_span(14, 16)]
    office.calendar.remove("b.ics")

    assert office.reconcile() == {"theirs_removed": 1}


def test_an_entry_that_moves_after_it_was_listed_and_back_again_is_where_it_was() -> None:
    office = an_office()
    before, meanwhile = an_event("a", at(9), at(10)), an_event("a", at(14), at(16))
    office.calendar.set("a.ics", before)
    office.server.before("REPORT", lambda: office.calendar.set("a.ics", meanwhile))
    office.reconcile()
    assert list(office.claims().values()) == [a_span(14, 16)]
    office.calendar.set("a.ics", before)

    office.reconcile()
    assert list(office.claims().values()) == [a_span(9, 10)]


def test_a_calendar_that_shows_our_own_feed_does_not_collide_with_itself() -> None:
    office = an_office(adapter=ICS)
    office.counter.book(1)
    office.reconcile()
    office.calendar.set("ours.ics", an_event("bkg-1-10-12@sipbun", at(10), at(12)))

    assert office.reconcile() == {}
    assert office.claims() == {}


def test_a_copy_of_our_entry_under_a_second_name_keeps_people_out() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.calendar.set("copy.ics", an_event("bkg-1-10-12@sipbun", at(18), at(19)))

    assert office.reconcile() == {"theirs_added": 1}
    assert list(office.claims().values()) == [a_span(18, 19)]


def test_a_person_is_never_read() -> None:
    office = an_office(adapter=PERSON)
    office.counter.book(1)

    assert office.reconcile() is None
    assert office.feed.due is None
    assert office.desk.freshness(office.counter.places.place("spc-모임방")) is None


def test_a_used_booking_stays_in_their_calendar_as_history() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    office.clock.move(at(12.5) - office.clock.now())
    office.counter.desk.move_on()

    assert office.reconcile() == {}
    assert set(office.calendar.resources) == {"bkg-1-10-12.ics"}
    assert office.counter.booking("bkg-1-10-12").watch is None
    assert office.reconcile() == {}


def test_a_stray_entry_of_a_cancelled_booking_is_removed() -> None:
    office = an_office()
    office.counter.book(1)
    office.reconcile()
    stray = office.calendar.resources["bkg-1-10-12.ics"]
    office.counter.desk.cancel(a_resident(1), act_id="c-1", booking_id="bkg-1-10-12")
    office.reconcile()
    assert office.counter.booking("bkg-1-10-12").state == CANCELLED
    office.calendar.set("bkg-1-10-12.ics", stray)

    assert office.reconcile() == {"ours_to_remove": 1}
    assert office.calendar.resources == {}


def test_the_database_going_away_in_the_middle_is_healed_by_a_whole_reading() -> None:
    office = an_office()
    for day in (1, 2, 3):
        office.calendar.set(f"{day}.ics", an_event(f"e-{day}", at(9, day), at(10, day)))
    real = office.reader.diary.agree
    seen: list[int] = []

    def failing(*args: object) -> None:
        seen.append(1)
        if len(seen) == 2:
            raise Unavailable("database: away")
        real(*args)  # type: ignore[arg-type]

    object.__setattr__(office.reader.diary, "agree", failing)
    with pytest.raises(Unavailable):
        office.reconcile()
    assert office.feed.cursor == ""
    # Back to what it was before: a calendar that looks as it did is not as known.
    assert office.reconcile() == {"theirs_added": 2}
    assert len(office.claims(3)) == 1


def test_their_words_over_the_broker_are_a_calendar_too() -> None:
    office = an_office(adapter=EVENTS)
    office.counter.book(1)
    office.reconcile()
    assert office.counter.booking("bkg-1-10-12").state == CONFIRMED
    assert office.reconcile() == {}


def test_an_officer_reads_a_feed_now_and_sees_what_was_found() -> None:
    office = an_office()
    office.calendar.set("휴관.ics", an_event("closed-1", at(14), at(16)))

    found = office.desk.reconcile_now(OFFICER, feed_id=FEED_ID)
    assert (found["read"], found["found"], found["fresh"]) == (True, {"theirs_added": 1}, True)
    assert office.desk.reconcile_now(OFFICER, feed_id=FEED_ID)["found"] == {}
    assert ADDRESS in found["address"]
