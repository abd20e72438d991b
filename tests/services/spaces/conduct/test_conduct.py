"""No-shows: what follows from them in steps, how they are contested, and how they are forgiven."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.spaces.conduct.model import MOST_STRIKES, Policy, Record, Strike, Visit
from services.spaces.conduct.reactions import reactions
from services.spaces.conduct.storage import records
from services.spaces.conduct.usecases import ConductDesk, MayBook
from services.spaces.facilities.model import Place
from shared.actors import Actor
from shared.clock import StoppedClock, iso
from shared.errors import NotFound, Refused
from shared.events import spaces as said
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from tests.services.facts import said as event
from tests.services.spaces.makers import HOST, NOW, OFFICER, TENANT, PlacesTwin, a_facility, a_resident, a_space

ME = a_resident(1)
POLICY = Policy()


@dataclass
class Office:
    """Conduct with a clock that stands still."""

    desk: ConductDesk
    database: TwinDatabase
    clock: StoppedClock
    _numbers: Any = field(default_factory=lambda: count(1))

    def hears(self, contract: Any, booking_id: str, at: datetime | None = None) -> None:
        """Hear something about a booking of resident 1 in the 모임방."""
        start = at or self.clock.now()
        told = event(
            contract,
            tenant=TENANT,
            booking_id=booking_id,
            resident_id="res-1",
            space_id="spc-모임방",
            facility_id="fac-은하수",
            start=iso(start),
            end=iso(start + timedelta(hours=2)),
        )
        reactions(self.desk)[told.type]([told])

    def misses(self, *bookings: str) -> None:
        """Let resident 1 miss bookings, an hour apart."""
        for booking_id in bookings:
            self.clock.sleep(3600)
            self.hears(said.BOOKING_MISSED, booking_id)

    def visits(self, *bookings: str) -> None:
        """Let resident 1 come, an hour apart."""
        for booking_id in bookings:
            self.clock.sleep(3600)
            self.hears(said.BOOKING_USED, booking_id)

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def days(self, days: float) -> None:
        """Let days pass, and the sweep run."""
        self.clock.move(timedelta(days=days))
        while self.desk.move_on():
            pass
        self.desk.move_on()

    def level(self) -> int:
        """Return resident 1's level."""
        return int(self.desk.read(ME)["level"])

    def states(self) -> dict[str, str]:
        """Return booking -> state of its strike."""
        return {row["booking_id"]: row["state"] for row in self.desk.read(ME)["strikes"]}

    def may_book(self, days_ahead: float = 0) -> None:
        """Ask whether resident 1 may book."""
        now = self.clock.now()
        port = MayBook(self.desk.records)
        port.may_book(TENANT, "res-1", start=now + timedelta(days=days_ahead), now=now)

    def said(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (short type, data) of everything said."""
        return [
            (entry["type"].removeprefix("kr.sipbun.spaces.conduct.").removesuffix(".v1"), entry["data"])
            for document in self.database.collection("conduct_records").find({})
            for entry in document["outbox"]
        ]

    def answers(self, what: str, booking_id: str, actor: Actor, *, accept: bool) -> dict[str, Any]:
        """Answer resident 1's excuse or appeal."""
        return getattr(self.desk, f"answer_{what}")(
            actor, act_id=self.act_id(), tenant=TENANT, resident_id="res-1", booking_id=booking_id, accept=accept
        )

    def excuses(self, booking_id: str, text: str = "버스가 오지 않았습니다") -> dict[str, Any]:
        """Let resident 1 excuse a no-show."""
        return self.desk.excuse(ME, act_id=self.act_id(), booking_id=booking_id, reason="transport", text=text)

    def appeals(self, booking_id: str) -> dict[str, Any]:
        """Let resident 1 contest a no-show."""
        return self.desk.appeal(ME, act_id=self.act_id(), booking_id=booking_id, text="그 시간에 있었습니다")


@pytest.fixture
def office() -> Office:
    """Return conduct's office."""
    clock, database = StoppedClock(NOW), TwinDatabase("spaces")
    kept = records(database, clock=clock, serial=KeyedQueue())
    kept.prepare()
    places = PlacesTwin({"spc-모임방": Place(a_facility(), a_space())})
    return Office(ConductDesk(kept, places, clock), database, clock)


# In steps.


def test_who_never_missed_a_booking_has_no_record(office: Office) -> None:
    office.visits("bkg-1", "bkg-2")
    office.may_book(60)
    assert list(office.database.collection("conduct_records").find({})) == []


def test_one_no_show_is_a_warning(office: Office) -> None:
    office.misses("bkg-1")
    office.may_book(60)
    assert office.level() == 1
    (struck,) = office.said()
    assert struck[0] == "struck"
    assert (struck[1]["level"], struck[1]["until"]) == (1, None)
    assert struck[1]["excuse_until"] == iso(office.clock.now() + timedelta(days=7))


def test_two_limit_bookings_to_a_week_ahead_for_thirty_days(office: Office) -> None:
    office.misses("bkg-1", "bkg-2")
    office.may_book(7)
    with pytest.raises(Refused, match="conduct_limited"):
        office.may_book(7.1)
    office.days(29.9)
    with pytest.raises(Refused, match="conduct_limited"):
        office.may_book(8)
    office.days(0.1)
    office.may_book(60)


def test_three_suspend_for_fourteen_days_then_limit(office: Office) -> None:
    office.misses("bkg-1", "bkg-2", "bkg-3")
    assert [data["level"] for _, data in office.said()] == [1, 2, 3]
    with pytest.raises(Refused, match="conduct_suspended"):
        office.may_book(20)
    office.days(14)
    office.may_book(7)
    with pytest.raises(Refused, match="conduct_limited"):
        office.may_book(8)
    office.days(16)
    office.may_book(60)


def test_a_strike_counts_for_ninety_days(office: Office) -> None:
    office.misses("bkg-1")
    office.days(89)
    office.misses("bkg-2")
    assert office.level() == 2
    office.days(2)
    assert office.level() == 1


def test_a_no_show_heard_twice_is_struck_once(office: Office) -> None:
    office.misses("bkg-1", "bkg-1")
    assert office.level() == 1
    assert len(office.said()) == 1


def test_another_tenant_s_rooms_are_another_record(office: Office) -> None:
    office.misses("bkg-1", "bkg-2", "bkg-3")
    now = office.clock.now()
    MayBook(office.desk.records).may_book("북구", "res-1", start=now, now=now)


# Excuse, appeal, correction.


def test_an_accepted_excuse_clears_and_its_words_are_dropped(office: Office) -> None:
    office.misses("bkg-1")
    office.excuses("bkg-1")
    assert office.level() == 1
    (row,) = office.desk.excuses(HOST, space_id="spc-모임방")["excuses"]
    assert (row["reason"], row["text"]) == ("transport", "버스가 오지 않았습니다")
    office.answers("excuse", "bkg-1", HOST, accept=True)
    assert office.level() == 0
    assert office.said()[-1] == ("cleared", {**office.said()[-1][1], "how": "excuse", "booking_id": "bkg-1"})
    assert office.desk.read(ME)["strikes"][0]["text"] == ""
    assert office.desk.excuses(HOST, space_id="spc-모임방")["excuses"] == []


def test_a_refused_excuse_is_told_and_may_be_contested_once(office: Office) -> None:
    office.misses("bkg-1")
    office.excuses("bkg-1")
    office.answers("excuse", "bkg-1", HOST, accept=False)
    assert office.said()[-1][0] == "answered"
    with pytest.raises(Refused, match="strike_not_excusable"):
        office.excuses("bkg-1")
    office.appeals("bkg-1")
    assert office.level() == 0
    office.answers("appeal", "bkg-1", OFFICER, accept=False)
    assert office.level() == 1
    with pytest.raises(Refused, match="strike_not_contestable"):
        office.appeals("bkg-1")


def test_an_excuse_has_seven_days(office: Office) -> None:
    office.misses("bkg-1")
    office.days(7)
    with pytest.raises(Refused, match="excuse_too_late"):
        office.excuses("bkg-1")
    office.appeals("bkg-1")


def test_an_appeal_has_thirty_days_from_the_answer_to_an_excuse(office: Office) -> None:
    office.misses("bkg-1", "bkg-2")
    office.excuses("bkg-1")
    office.days(29)
    office.answers("excuse", "bkg-1", HOST, accept=False)
    office.days(29)
    office.appeals("bkg-1")
    with pytest.raises(Refused, match="appeal_too_late"):
        office.appeals("bkg-2")


def test_an_excuse_that_nobody_answers_can_be_taken_to_an_officer(office: Office) -> None:
    office.misses("bkg-1")
    office.excuses("bkg-1")
    office.appeals("bkg-1")
    assert office.desk.excuses(HOST, space_id="spc-모임방")["excuses"] == []
    assert len(office.desk.appeals(OFFICER, tenant=TENANT)["appeals"]) == 1


def test_an_appeal_that_nobody_answers_is_decided_for_the_resident(office: Office) -> None:
    office.misses("bkg-1")
    office.appeals("bkg-1")
    office.days(13.9)
    assert office.states() == {"bkg-1": "appealed"}
    office.days(0.2)
    assert office.states() == {"bkg-1": "cleared"}
    assert office.said()[-1][1]["how"] == "appeal"
    with pytest.raises(Refused, match="nothing_to_answer"):
        office.answers("appeal", "bkg-1", OFFICER, accept=False)


def test_two_sweepers_decide_an_overdue_appeal_once(office: Office) -> None:
    office.misses("bkg-1")
    office.appeals("bkg-1")
    office.days(15)
    office.days(0)
    assert [kind for kind, _ in office.said()].count("cleared") == 1


def test_words_that_nobody_answers_are_dropped_after_ninety_days(office: Office) -> None:
    office.misses("bkg-1")
    office.excuses("bkg-1")
    office.days(90)
    (document,) = office.database.collection("conduct_records").find({})
    assert document["strikes"][0]["text"] == ""
    assert "due" not in document


def test_an_officer_takes_a_wrong_record_back(office: Office) -> None:
    office.misses("bkg-1")
    office.desk.correct(OFFICER, act_id="c", tenant=TENANT, resident_id="res-1", booking_id="bkg-1")
    office.desk.correct(OFFICER, act_id="c", tenant=TENANT, resident_id="res-1", booking_id="bkg-1")
    assert office.level() == 0
    assert [data.get("how") for _, data in office.said()] == [None, "corrected"]


def test_a_forgiven_strike_can_still_be_corrected_so_that_minutes_return(office: Office) -> None:
    office.misses("bkg-1")
    office.visits(*(f"v-{n}" for n in range(5)))
    office.desk.correct(OFFICER, act_id="c", tenant=TENANT, resident_id="res-1", booking_id="bkg-1")
    assert [data.get("how") for _, data in office.said()] == [None, "forgiven", "corrected"]


# Forgiven.


def test_five_visits_in_a_row_forgive_the_oldest_strike(office: Office) -> None:
    office.misses("bkg-1", "bkg-2")
    office.visits("v-1", "v-2", "v-3", "v-4")
    assert office.level() == 2
    office.visits("v-5")
    assert office.states() == {"bkg-2": "counted", "bkg-1": "cleared"}
    assert office.said()[-1][1]["how"] == "forgiven"


def test_a_visit_counts_once_however_it_is_told(office: Office) -> None:
    office.misses("bkg-1")
    for number in range(4):
        at = office.clock.now() + timedelta(hours=number + 1)
        office.hears(said.BOOKING_CHECKED_IN, f"v-{number}", at)
        office.hears(said.BOOKING_USED, f"v-{number}", at)
        office.hears(said.BOOKING_USED, f"v-{number}", at)
    assert office.level() == 1
    assert office.desk.read(ME)["visits_until_forgiven"] == 1


def test_visits_that_forgave_once_are_spent(office: Office) -> None:
    office.misses("bkg-1", "bkg-2")
    start = office.clock.now()
    for _ in range(2):
        for number in range(5):
            office.hears(said.BOOKING_USED, f"v-{number}", start + timedelta(hours=number + 1))
    assert office.level() == 1


def test_a_no_show_breaks_the_row_even_when_it_is_heard_late(office: Office) -> None:
    office.misses("bkg-1")
    start = office.clock.now()
    for number in range(1, 5):
        office.hears(said.BOOKING_USED, f"v-{number}", start + timedelta(hours=number))
    office.hears(said.BOOKING_MISSED, "bkg-2", start + timedelta(hours=3, minutes=30))
    office.hears(said.BOOKING_USED, "v-5", start + timedelta(hours=5))
    assert office.level() == 2


@given(order=st.permutations(range(6)))
def test_strikes_give_the_same_standing_in_any_order(order: list[int]) -> None:
    record = Record(id="t:r", tenant="t", resident_id="r")
    for number in order:
        when = NOW + timedelta(days=number)
        record.strike(Strike(f"bkg-{number}", "spc", "fac", "29200", when, when), NOW + timedelta(days=6))
    assert record.standing(NOW + timedelta(days=6)).level == 3
    assert record.standing(NOW + timedelta(days=6)).until == NOW + timedelta(days=5 + 14)
    assert [strike.booking_id for strike in record.strikes] == [f"bkg-{number}" for number in range(6)]


def test_a_record_keeps_a_bounded_number_of_strikes() -> None:
    record = Record(id="t:r", tenant="t", resident_id="r")
    for number in range(MOST_STRIKES + 5):
        when = NOW + timedelta(hours=number)
        record.strike(Strike(f"bkg-{number}", "spc", "fac", "29200", when, when), when)
    assert len(record.strikes) == MOST_STRIKES
    assert record.strikes[-1].booking_id == f"bkg-{MOST_STRIKES + 4}"
    record.visit(Visit("v", NOW))
    assert record.visits == ()


# Who may.


def test_a_resident_reads_their_own_record_and_who_looked(office: Office) -> None:
    office.misses("bkg-1")
    office.desk.read(OFFICER, resident_id="res-1", why="이의 신청 확인")
    (look,) = office.desk.read(ME)["looks"]
    assert (look["who"], look["why"]) == ("officer-1", "이의 신청 확인")
    with pytest.raises(Refused, match="reason_needed"):
        office.desk.read(OFFICER, resident_id="res-1")
    with pytest.raises(Refused, match="role_not_allowed"):
        office.desk.read(a_resident(2), resident_id="res-1", why="궁금해서")


def test_another_facility_s_host_learns_nothing(office: Office) -> None:
    stranger = Actor("host-9", frozenset({"host"}), TENANT)
    office.misses("bkg-1")
    office.excuses("bkg-1")
    with pytest.raises(NotFound, match="no_such_record"):
        office.desk.read(stranger, resident_id="res-1", why="이의 신청 확인")
    with pytest.raises(Refused, match="not_your_facility"):
        office.desk.excuses(stranger, space_id="spc-모임방")
    with pytest.raises(Refused, match="not_your_facility"):
        office.answers("excuse", "bkg-1", stranger, accept=True)


def test_a_host_decides_no_appeal_and_corrects_nothing(office: Office) -> None:
    office.misses("bkg-1")
    office.appeals("bkg-1")
    with pytest.raises(Refused, match="role_not_allowed"):
        office.answers("appeal", "bkg-1", HOST, accept=False)
    with pytest.raises(Refused, match="role_not_allowed"):
        office.desk.correct(HOST, act_id="c", tenant=TENANT, resident_id="res-1", booking_id="bkg-1")


def test_an_officer_of_another_district_sees_no_words(office: Office) -> None:
    elsewhere = Actor("officer-9", frozenset({"officer"}), TENANT, frozenset({"29170"}))
    office.misses("bkg-1")
    office.appeals("bkg-1")
    assert office.desk.appeals(elsewhere, tenant=TENANT)["appeals"] == []
    assert office.desk.read(elsewhere, resident_id="res-1", why="확인")["strikes"][0]["text"] == ""
    with pytest.raises(Refused, match="other_district"):
        office.answers("appeal", "bkg-1", elsewhere, accept=True)


def test_lists_come_page_by_page(office: Office) -> None:
    office.misses("bkg-1", "bkg-2")
    office.appeals("bkg-1")
    office.appeals("bkg-2")
    first = office.desk.appeals(OFFICER, tenant=TENANT, limit=1)
    rest = office.desk.appeals(OFFICER, tenant=TENANT, limit=1, cursor=first["cursor"])
    assert [row["booking_id"] for row in first["appeals"] + rest["appeals"]] == ["bkg-1", "bkg-2"]
