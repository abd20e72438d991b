"""Conflict cases: who decides, until when, what else there is; a displaced booking is told why and never charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.spaces.bookings.model import Charge
from services.spaces.diary.model import Diary
from services.spaces.facilities.model import Hours, SpecialDay
from services.spaces.spans import Span
from shared.actors import Actor
from shared.clock import kst_day
from shared.errors import Refused
from tests.services.spaces.cases.office import OTHER, ROOM, Office, an_office
from tests.services.spaces.makers import HOST, OFFICER, TENANT, a_resident, a_space, at
from tests.services.spaces.waiting.relay import Killed, collected, dying_at


def a_blackout(conflict: str = "facility_first", *, nothing: bool = False) -> Office:
    """Return an office in which the facility's own entry came to lie over a confirmed booking."""
    office = an_office(conflict=conflict)
    office.idle.nothing = nothing
    office.book()
    office.hears()
    office.facility_puts(9, 13)
    return office


# The facility's calendar wins at once.


def test_the_booking_is_displaced_without_a_charge_after_its_case_told_the_alternatives() -> None:
    office = a_blackout()
    heard = office.hears()
    assert heard.index("case.opened") < heard.index("booking.displaced")
    case, booking = office.case(), office.booking()
    assert (case.owner, case.state, case.cause.difference) == ("resident", "open", "theirs_added")
    assert [(one.space_id, one.metres, one.walk_minutes) for one in case.alternatives] == [(OTHER, 420, 6)]
    assert (booking.state, booking.reason, booking.charge) == ("displaced", "calendar", Charge())
    assert list(office.diary().claims) == ["fed-1/행사"]
    assert office.quota.charges["bkg-10"] == Charge()


def test_hearing_it_again_or_in_any_order_changes_nothing() -> None:
    for last_first in (False, True):
        office = a_blackout()
        heard = office.hears(times=3, last_first=last_first)
        assert heard.count("case.opened") == heard.count("booking.displaced") == 1
        assert office.hears() == []


def test_an_entry_that_is_gone_when_it_is_heard_of_displaces_nobody() -> None:
    office = a_blackout()
    office.facility_removes()
    office.rests()
    assert office.booking().state == "confirmed"
    assert office.cases_kept() == []


def test_an_entry_that_moved_away_before_it_was_heard_of_displaces_nobody() -> None:
    office = a_blackout()
    office.facility_puts(12, 13)
    office.rests()
    assert office.booking().state == "confirmed"
    assert office.cases_kept() == []


def test_where_there_is_nothing_else_the_case_is_resolved_at_once() -> None:
    office = a_blackout(nothing=True)
    office.rests()
    case = office.case()
    assert (case.state, case.resolution, office.booking().state) == ("resolved", "displaced", "displaced")


def test_an_entry_over_a_buffer_is_no_conflict() -> None:
    office = an_office(a_space(before=timedelta(hours=1), after=timedelta(hours=1)))
    office.book()
    office.hears()
    office.facility_puts(12, 13)
    office.rests()
    assert office.cases_kept() == []


# The resident chooses.


def test_an_alternative_is_booked_on_the_same_subscription() -> None:
    office = a_blackout()
    office.rests()
    answered = office.takes()
    assert answered["resolution"] == "alternative_taken"
    office.rests()
    booking = office.booking("bkg-new")
    assert (booking.taken.space_id, booking.state, booking.instead_of) == (OTHER, "confirmed", "bkg-10")
    assert booking.paid is not None
    assert booking.paid.subscription_id == "sub-1"
    assert office.case().new_booking_id == "bkg-new"
    assert office.heard.count("case.resolved") == 1


def test_taking_it_twice_is_taking_it_once() -> None:
    office = a_blackout()
    office.rests()
    assert office.takes() == office.takes()
    with pytest.raises(Refused, match="case_is_resolved"):
        office.takes(booking_id="bkg-second", act_id="take-2")


@pytest.mark.parametrize("step", range(1, 25))
def test_a_choice_whose_answer_was_lost_is_finished_by_whoever_hears_of_the_booking(step: int) -> None:
    office = a_blackout()
    office.rests()
    try:
        office.process(dying_at(step)).cases.take_alternative(
            a_resident(1),
            act_id="take",
            case_id="cas-bkg-10",
            booking_id="bkg-new",
            space_id=OTHER,
            start=at(10),
            end=at(12),
        )
    except Killed:
        office.rests()
        made = office.process().booking.bookings.find("bkg-new") is not None
        assert (office.case().resolution == "alternative_taken") == made
        if not made:
            assert office.takes()["resolution"] == "alternative_taken"
    office.rests()
    assert office.case().resolution == "alternative_taken"
    assert office.booking("bkg-new").state == "confirmed"


def test_only_what_was_offered_can_be_taken() -> None:
    office = a_blackout()
    office.rests()
    for asked in ({"space_id": ROOM}, {"start": at(9)}, {"end": at(9)}):
        with pytest.raises(Refused, match="not_an_alternative"):
            office.takes(**asked)


def test_an_alternative_that_went_to_somebody_else_leaves_the_case_open() -> None:
    office = a_blackout()
    office.rests()
    office.book(11, 12, number=2, space_id=OTHER)
    with pytest.raises(Refused, match="span_taken"):
        office.takes()
    assert office.case().state == "open"


def test_a_resident_may_decline() -> None:
    office = a_blackout()
    office.rests()
    desk = office.process().cases
    for _ in range(2):
        assert desk.decline(a_resident(1), act_id="no", case_id="cas-bkg-10")["resolution"] == "declined"


@pytest.mark.parametrize("answer", ["take", "decline"])
def test_who_answers_before_the_booking_is_displaced_does_not_keep_both(answer: str) -> None:
    office = an_office()
    office.book()
    office.hears()
    office.facility_puts(9, 13)
    office.process().cases.note_overlapped(ROOM, kst_day(at(10)), "fed-1/행사", "bkg-10")
    assert office.booking().state == "confirmed"
    if answer == "take":
        office.takes()
    else:
        office.process().cases.decline(a_resident(1), act_id="no", case_id="cas-bkg-10")
    office.rests()
    assert (office.case().state, office.booking().state, office.booking().reason) == ("resolved", "displaced", "calendar")


def test_a_choice_that_nobody_makes_ends_at_its_deadline() -> None:
    office = a_blackout()
    office.rests()
    deadline = office.case().deadline
    assert deadline == at(10)
    office.rests(minutes=61)
    assert office.case().resolution == "deadline_passed"


# The facility is asked.


def test_where_it_is_asked_the_booking_stays_until_it_decides() -> None:
    office = a_blackout("ask")
    office.rests()
    assert (office.case().owner, office.booking().state) == ("facility", "confirmed")
    office.decides(HOST, "displace")
    heard = office.hears()
    assert heard.index("case.opened") < heard.index("booking.displaced")
    assert (office.case().owner, office.case().state, office.booking().reason) == ("resident", "open", "case")
    assert [note.what for note in office.case().history] == ["opened", "handed_over"]
    assert office.case().history[-1].by == "host-1"


def test_where_it_keeps_the_booking_the_overlap_is_allowed_and_recorded() -> None:
    office = a_blackout("ask")
    office.rests()
    office.decides(HOST, "keep")
    office.facility_puts(9, 14)  # the same entry, longer
    office.rests()
    case = office.case()
    assert (case.state, case.resolution, case.resolved_by) == ("resolved", "kept", "host-1")
    assert office.booking().state == "confirmed"


def test_another_entry_over_a_kept_booking_is_another_question() -> None:
    office = a_blackout("ask")
    office.rests()
    office.decides(HOST, "keep")
    office.facility_puts(11, 12, "fed-1/다른 행사")
    office.rests()
    assert (office.case().state, office.case().cause.entry_id) == ("open", "fed-1/다른 행사")


def test_whoever_does_not_answer_in_time_has_decided_for_the_calendar_but_not_silently() -> None:
    office = a_blackout("ask")
    office.rests()
    office.rests(minutes=59)
    assert office.booking().state == "confirmed"
    office.rests(minutes=1)
    assert (office.booking().state, office.booking().reason) == ("displaced", "case")
    assert (office.case().owner, office.case().deadline) == ("resident", at(11))
    office.rests(minutes=60)
    assert office.case().resolution == "deadline_passed"
    assert office.heard.count("case.opened") == 2


def test_a_booking_that_ends_by_itself_ends_its_case() -> None:
    office = a_blackout("ask")
    office.rests()
    office.process().booking.cancel(a_resident(1), act_id="away", booking_id="bkg-10")
    office.rests()
    assert office.case().resolution == "booking_ended"


def test_without_a_host_an_officer_is_asked() -> None:
    office = an_office(conflict="ask", managers=())
    office.book()
    office.hears()
    office.facility_puts(9, 13)
    office.rests()
    assert office.case().owner == "officer"
    office.decides(OFFICER, "keep")
    assert office.case().resolution == "kept"


def test_the_hours_take_the_choice_away_from_the_facility() -> None:
    office = a_blackout("ask")
    office.rests()
    office.places.change(hours=Hours.daily(14 * 60, 22 * 60), hours_version=2)
    office.process().cases.note_hours_changed("fac-은하수")
    office.rests()
    assert (office.booking().reason, office.case().owner, office.case().cause.difference) == (
        "hours",
        "resident",
        "hours",
    )


# What agreement finds.


@pytest.mark.parametrize(
    ("difference", "reason"),
    [("ours_removed_by_them", "removed_by_facility"), ("ours_changed_by_them", "moved_by_facility")],
)
def test_what_the_facility_did_to_our_entry_is_a_case(difference: str, reason: str) -> None:
    office = an_office()
    office.book()
    for _ in range(2):
        office.process().cases.open_for("bkg-10", difference)
    office.rests()
    assert (office.booking().reason, office.case().cause.difference) == (reason, difference)
    assert office.heard.count("case.opened") == 1


def test_a_booking_displaced_without_a_case_gets_one_with_alternatives() -> None:
    office = an_office()
    office.book()
    office.process().booking.displace("bkg-10", "moved_by_facility")
    office.rests()
    assert (office.case().cause.difference, office.case().owner) == ("ours_changed_by_them", "resident")
    assert office.takes()["resolution"] == "alternative_taken"


# Changed hours, closed rooms.


def test_changed_hours_displace_what_lies_outside_and_nothing_else() -> None:
    office = an_office()
    office.book(10, 12)
    office.book(13, 15)
    office.book(12, 13)
    office.hears()
    office.places.change(hours=Hours.daily(12 * 60, 22 * 60), hours_version=2)
    for _ in range(2):
        office.process().cases.note_hours_changed("fac-은하수")
    office.rests()
    states = {one: office.booking(one).state for one in ("bkg-10", "bkg-12", "bkg-13")}
    assert states == {"bkg-10": "displaced", "bkg-12": "confirmed", "bkg-13": "confirmed"}
    assert office.booking("bkg-10").reason == "hours"
    assert office.cases_kept() == ["cas-bkg-10"]
    assert office.diary().hours_version == 2


def test_a_closed_day_displaces_its_bookings() -> None:
    office = an_office()
    office.book()
    office.hears()
    office.places.change(exceptions=(SpecialDay(kst_day(at(10)), (), "소독"),), hours_version=2)
    office.process().cases.note_hours_changed("fac-은하수")
    office.rests()
    assert office.booking().state == "displaced"


def test_a_request_on_older_hours_is_refused_once_the_day_is_bumped() -> None:
    office = an_office()
    office.book(13, 15)
    old = dict(office.places.known)
    office.places.change(hours=Hours.daily(12 * 60, 22 * 60), hours_version=2)
    office.process().cases.note_hours_changed("fac-은하수")
    office.places.known = old  # a process that read the facility a moment ago
    with pytest.raises(Refused, match="hours_changed"):
        office.book(10, 12)


def test_a_request_that_slipped_through_is_found_when_it_is_heard_of() -> None:
    office = an_office()
    office.book(10, 12)  # on a day that had no diary yet, and before anybody heard of it
    office.places.change(hours=Hours.daily(12 * 60, 22 * 60), hours_version=2)
    office.rests()
    assert (office.booking().state, office.booking().reason) == ("displaced", "hours")


def test_a_request_that_still_waits_for_its_answer_is_validated_too() -> None:
    office = an_office(a_space(mode="approval"))
    assert office.book(10, 12)["state"] == "awaiting"
    office.places.change(hours=Hours.daily(12 * 60, 22 * 60), hours_version=2)
    office.rests()
    assert (office.booking().state, office.booking().reason) == ("displaced", "hours")


@pytest.mark.parametrize("step", range(1, 60, 3))
def test_whoever_dies_over_changed_hours_is_followed_by_another(step: int) -> None:
    office = an_office()
    office.book(10, 11)
    office.book(11, 12)
    office.hears()
    office.places.change(hours=Hours.daily(12 * 60, 22 * 60), hours_version=2)
    try:
        office.process(dying_at(step)).cases.note_hours_changed("fac-은하수")
    except Killed:
        office.process().cases.note_hours_changed("fac-은하수")
    office.rests()
    assert {office.booking(one).state for one in ("bkg-10", "bkg-11")} == {"displaced"}
    assert office.diary().hours_version == 2
    assert office.heard.count("case.opened") == 2


def test_what_has_begun_may_be_used_to_its_end_when_hours_change() -> None:
    office = an_office()
    office.book(10, 12)
    office.hears()
    office.clock.move(timedelta(hours=1, minutes=30))
    office.places.change(hours=Hours.daily(14 * 60, 22 * 60), hours_version=2)
    office.process().cases.note_hours_changed("fac-은하수")
    office.rests()
    assert office.booking().state == "confirmed"


def test_a_closed_space_displaces_everything_in_it() -> None:
    office = an_office()
    office.book(10, 12)
    office.book(13, 15, space_id=OTHER)
    office.hears()
    office.places.close(ROOM)
    office.process().cases.note_space_closed(ROOM)
    office.rests()
    assert (office.booking().reason, office.booking("bkg-13").state) == ("space_closed", "confirmed")


def test_a_closed_facility_displaces_everything_in_it() -> None:
    office = an_office()
    office.book(10, 12)
    office.book(13, 15, space_id=OTHER)
    office.hears()
    office.places.change(state="closed")
    office.process().cases.note_facility_closed("fac-은하수")
    office.rests()
    assert {office.booking(one).reason for one in ("bkg-10", "bkg-13")} == {"space_closed"}


# Whoever dies on the way.


@pytest.mark.parametrize("step", range(1, 30))
def test_whoever_opens_a_case_may_die_anywhere(step: int) -> None:
    office = a_blackout()
    overlapped = [event for event in collected(office.database) if event.type.endswith("diary.overlapped.v1")]
    assert len(overlapped) == 1
    try:
        office.process(dying_at(step)).tables()[1][overlapped[0].type](overlapped)
    except Killed:
        office.process().tables()[1][overlapped[0].type](overlapped)  # not acked: it comes again
    opened = [event for event in collected(office.database) if event.type.endswith("case.opened.v1")]
    assert len(opened) == 1
    assert office.booking().state == "confirmed"
    try:
        office.process(dying_at(step)).tables()[1][opened[0].type](opened)
    except Killed:
        office.process().tables()[1][opened[0].type](opened)
    office.rests()
    assert (office.case().owner, office.booking().state) == ("resident", "displaced")


@pytest.mark.parametrize("step", range(1, 25))
def test_a_decision_whose_answer_was_lost_is_carried_out(step: int) -> None:
    office = a_blackout("ask")
    office.rests()
    try:
        office.process(dying_at(step)).cases.decide(HOST, act_id="d", case_id="cas-bkg-10", decision="displace")
    except Killed:
        office.rests()
        decided = office.case().owner == "resident"
        assert (office.booking().state == "displaced") == decided
    office.process().cases.decide(HOST, act_id="d", case_id="cas-bkg-10", decision="displace")
    office.rests()
    assert office.booking().state == "displaced"
    assert [note.what for note in office.case().history] == ["opened", "handed_over"]


# Who may.


def test_only_its_own_staff_decides_and_only_its_own_resident_chooses() -> None:
    office = a_blackout("ask")
    office.rests()
    with pytest.raises(Refused, match="not_your_facility"):
        office.decides(Actor("host-9", frozenset({"host"}), TENANT), "keep")
    with pytest.raises(Refused, match="role_not_allowed"):
        office.decides(a_resident(1), "keep")
    with pytest.raises(Refused, match="not_one_of"):
        office.decides(HOST, "perhaps")
    with pytest.raises(Refused, match="case_waits_for_facility"):
        office.takes()
    office.decides(HOST, "displace")
    with pytest.raises(Refused, match="case_is_the_resident_s"):
        office.decides(HOST, "keep")
    with pytest.raises(Refused, match="only_for_oneself"):
        office.takes(2)
    desk = office.process().cases
    with pytest.raises(Refused, match="role_not_allowed"):
        desk.read(a_resident(2), case_id="cas-bkg-10")
    assert desk.read(a_resident(1), case_id="cas-bkg-10")["owner"] == "resident"


def test_lists_tell_open_cases_to_staff_and_all_of_their_own_to_a_resident() -> None:
    office = an_office(conflict="ask")
    for start in (10, 12, 14):
        office.book(start, start + 2)
    office.hears()
    office.facility_puts(9, 17)
    office.rests()
    desk = office.process().cases
    first = desk.of_facility(HOST, facility_id="fac-은하수", limit=2)
    rest = desk.of_facility(HOST, facility_id="fac-은하수", limit=2, cursor=first["cursor"])
    assert [row["case_id"] for row in first["cases"] + rest["cases"]] == ["cas-bkg-10", "cas-bkg-12", "cas-bkg-14"]
    office.decides(HOST, "keep", "cas-bkg-12")
    assert len(desk.of_facility(OFFICER, facility_id="fac-은하수")["cases"]) == 2
    assert len(desk.mine(a_resident(1))["cases"]) == 3
    latest = desk.mine(a_resident(1), limit=2)
    before = desk.mine(a_resident(1), limit=2, cursor=latest["cursor"])
    assert [len(told["cases"]) for told in (latest, before)] == [2, 1]
    assert {row["case_id"] for row in latest["cases"] + before["cases"]} == {"cas-bkg-10", "cas-bkg-12", "cas-bkg-14"}
    assert before["cursor"] is None
    with pytest.raises(Refused, match="role_not_allowed"):
        desk.of_facility(a_resident(1), facility_id="fac-은하수")


def test_an_overlap_over_midnight_is_one_case() -> None:
    office = an_office(hours=Hours.always())
    office.book(22, 26)
    office.hears()
    place = office.places.place(ROOM)
    entry = office.diary().claims["bkg-22"]
    theirs = replace(entry, id="fed-1/밤", kind="feed", span=Span(at(23), at(25)))
    for day in theirs.padded.days:
        office.process().booking.diary.agree(place.root, day, [theirs], [])
    office.rests()
    assert office.cases_kept() == ["cas-bkg-22"]
    assert office.heard.count("case.opened") == 1
    assert isinstance(office.diary(2), Diary)
