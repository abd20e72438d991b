"""The scenario, step by step, against a real CalDAV server that plays the facility's own calendar.

Each step asks a service, waits until what follows from it can be read, and notes what was read in ``Outcome``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from icalendar import Calendar, Event

from deploy.demo.board import Board
from deploy.demo.desk import Desk
from deploy.demo.office import cast
from deploy.demo.office.verdict import Outcome
from deploy.demo.player import TENANTS, Player
from deploy.radicale import Radicale
from deploy.running import Running
from deploy.words import letter_word
from shared.actors import Actor
from shared.errors import CrossesTheDoor, Unavailable
from shared.ids import Ids

PROGRAMMES, REGISTRY = "placement_programmes", "residents_registry"
FACILITIES, PLANS, BOOKINGS = "spaces_facilities", "spaces_plans", "spaces_bookings"
SEATS, CASES, AGREEMENT = "spaces_seats", "spaces_cases", "spaces_agreement"
CONSENT = "2026-01"
#: Seconds between two readings of the facility's calendar.
EVERY = 10


class Story(Player):
    """One demo in a tenant of its own."""

    def __init__(
        self, town: Running, desk: Desk, ids: Ids, *, tenant: str, board: Board, calendar: Radicale
    ) -> None:
        super().__init__(town, desk, ids, tenant=tenant, board=board, about="rooms")
        self.calendar = calendar
        self.officer = self._actor("officer-demo", "officer", cast.DISTRICT)
        self.watcher.programmes = dict.fromkeys(range(6), f"{tenant}:{cast.OFFICE}")
        self.outcome = Outcome(tenant)
        self._now = desk.clock.now()
        self._known: dict[str, str] = {}
        self._bookings: list[str] = []

    def play(self) -> Outcome:
        """Play everything and return what was read back; the tenant is closed whatever happens.

        Raises ``Refused``, ``NotFound`` or ``Unavailable`` when a step that must succeed doesn't.
        """
        self.watcher.open()
        opened = False
        try:
            self._open_the_office()
            opened = True
            self._ask_while_the_facility_sleeps()
            self._sit_side_by_side()
            self._hear_of_a_blackout()
            self._share_the_seats()
            self._reconcile_twice()
            self._read_everything_back()
        finally:
            if opened:
                self._close_the_office()
            self.watcher.close()
            self.board.end()
        self.outcome.seconds = self.board.seconds
        return self.outcome

    # Chapter 0: a tenant of its own, two facilities, plans, residents.

    def _open_the_office(self) -> None:
        self.board.chapter("준비 (getting ready)")
        self._do(self.operator, TENANTS, "open", tenant=self.tenant, name=f"시연 {self.tenant}", rehearsal=True)
        data = Path(__file__).parents[2] / "data" / "programmes.yaml"
        rows = yaml.safe_load(data.read_text(encoding="utf-8"))["programmes"]
        office = [{"id": row["id"], "name_ko": row["name_ko"], "kind": row["kind"], "role": row["role"],
                   "district_code": cast.DISTRICT} for row in rows if row["id"] == cast.OFFICE]
        self._ask(self.operator, PROGRAMMES, "load", tenant=self.tenant, programmes=office)
        self.room = self._facility("centre", cast.CENTRE, "모임방", mode="approval", approver="calendar")
        self.other_room = self._facility("workshop", cast.WORKSHOP, "작업실", mode="instant")
        self.board.act("담당 공무원", "시설 두 곳과 공간 두 곳을 등록함", "모임방은 시설 달력이 승인, 작업실은 바로 확정")
        self.address = self.calendar.make(cast.CALENDAR)
        feed = self.ids.new("fed")
        self._do(
            self.officer, AGREEMENT, "connect_feed", feed_id=feed, space_id=self.room, adapter="caldav",
            address=self.address, every=EVERY,
        )
        self.feed = feed
        self.desk.wait(self._feed, lambda told: told["read_at"] is not None)
        self.board.act("시설", "자기 달력을 연결함", "CalDAV, 따로 도는 서버")
        self.hourly = self._plan("대관형 20시간", kind="hourly", included_minutes=cast.INCLUDED_MINUTES)
        self.seat_plan = self._plan("입주형", kind="seat", seats=cast.SEATS)
        self.freelancer, self.company = self._resident(cast.FREELANCER), self._resident(cast.COMPANY)
        self.seated = [self._resident(name) for name in cast.SEAT_TAKERS]
        self.subscription = self._subscribe(self.freelancer, self.hourly)
        self.companys = self._subscribe(self.company, self.hourly)
        for who, one in ((self.freelancer, self.subscription), (self.company, self.companys)):
            self.desk.wait(lambda w=who, s=one: self._balance(w, s), lambda left: left == cast.INCLUDED_MINUTES)  # type: ignore[misc]
        self.board.act("주민", f"{2 + len(self.seated)}명이 가입하고, 둘은 대관형을 구독함", "한 달 20시간")

    def _facility(self, name: str, described: Mapping[str, Any], room: str, **how: Any) -> str:
        facility, space = self.ids.new("fac"), self.ids.new("spc")
        self._do(
            self.officer, FACILITIES, "open_facility", facility_id=facility, tenant=self.tenant,
            district=cast.DISTRICT, programme_id=f"{self.tenant}:{cast.OFFICE}", **described,
        )
        self._do(
            self.officer, FACILITIES, "open_space", space_id=space, facility_id=facility, name=room, kind="회의실",
            capacity=8, **how,
        )
        self._known[name] = facility
        return space

    def _plan(self, name: str, **terms: Any) -> str:
        plan = self.ids.new("pln")
        self._do(
            self.officer, PLANS, "offer", plan_id=plan, tenant=self.tenant, district=cast.DISTRICT,
            programme_id=f"{self.tenant}:{cast.OFFICE}", name=name, **terms,
        )
        return plan

    def _resident(self, name: str) -> Actor:
        resident = self.ids.new("res")
        who = self._actor(resident, "resident")
        self._do(
            who, REGISTRY, "register", resident_id=resident, name=name, mail=None, over_14=True,
            consents=[{"purpose": "service", "text_version": CONSENT}],
        )
        return who

    def _subscribe(self, who: Actor, plan: str) -> str:
        one = self.ids.new("sub")
        self._do(who, PLANS, "subscribe", subscription_id=one, plan_id=plan)
        return one

    # Chapter 1: the facility's service is down.

    def _ask_while_the_facility_sleeps(self) -> None:
        self.board.chapter("시설이 잠든 사이 (while the facility sleeps)")
        self.calendar.stop()
        self.board.act("시설", "달력 서버가 꺼짐")
        self.outcome.server_was_down = not self.calendar.answers()
        at, began = self.board.now(), time.monotonic()
        self.first = self._book(self.freelancer, self.room, 10, 12, subscription_id=self.subscription)
        self.outcome.answered_ms = int((time.monotonic() - began) * 1000)
        self.outcome.state_at_once = self._state(self.freelancer, self.first)
        self.board.act(
            cast.FREELANCER, "모임방 10–12시를 신청함 → 승인 대기", f"{self.outcome.answered_ms} ms",
            at=at, good=self.outcome.state_at_once == "awaiting",
        )
        self.calendar.start()
        self.calendar.wait_ready()
        self.board.act("시설", "달력 서버가 돌아옴")
        self.outcome.state_after_recovery = self.desk.wait(
            lambda: self._state(self.freelancer, self.first), lambda state: state != "awaiting"
        )
        self.board.act("십분", "시설 달력과 대사함 → 예약 확정", "달력에 우리 예약이 적힘",
                       good=self.outcome.state_after_recovery == "confirmed")
        letters = self.desk.wait(lambda: self._about(self.freelancer, self.first), bool)
        self.outcome.confirmed_letters = sum(letter["kind"] == "booking_confirmed" for letter in letters)

    # Chapter 2: spans that only touch.

    def _sit_side_by_side(self) -> None:
        self.board.chapter("나란히 (side by side)")
        spans = (
            (self.freelancer, self._book(self.freelancer, self.room, 10, 12, later=1)),
            (self.company, self._book(self.company, self.room, 12, 14, later=1)),
        )
        states = [
            self.desk.wait(lambda w=who, b=booking: self._state(w, b), lambda state: state != "awaiting")  # type: ignore[misc]
            for who, booking in spans
        ]
        self.outcome.adjacent_confirmed = states.count("confirmed")
        self.board.act("주민 둘", "이튿날 10–12시와 12–14시", f"확정 {self.outcome.adjacent_confirmed}",
                       good=self.outcome.adjacent_confirmed == 2)

    # Chapter 3: a blackout that arrives late.

    def _hear_of_a_blackout(self) -> None:
        self.board.chapter("뒤늦은 휴관 (a late blackout)")
        before = self._balance(self.freelancer, self.subscription)
        self.outcome.balance_before = before + 120  # what the booking had consumed comes back
        self._put("blackout", cast.at(self._now, 11), cast.at(self._now, 13))
        self.board.act("시설", "11–13시에 시설 일정을 적음", "우리에게는 늦게 닿는다")
        state = self.desk.wait(lambda: self._state(self.freelancer, self.first), lambda now: now == "displaced")
        self.outcome.displaced = int(state == "displaced")
        cases = self.desk.wait(self._cases, bool)
        case = cases[0] if cases else {}
        self.outcome.alternatives = case.get("alternatives", ())
        self.board.act("십분", "시설 사정 취소, 다른 공간을 제안함",
                       ", ".join(f"{one['metres']} m" for one in self.outcome.alternatives), good=state == "displaced")
        shown = self._ask(self.freelancer, BOOKINGS, "get", booking_id=self.first)
        self.outcome.charged = int(shown["charged"])
        self.outcome.balance_after = self.desk.wait(
            lambda: self._balance(self.freelancer, self.subscription),
            lambda left: left == self.outcome.balance_before,
        )
        if self.outcome.alternatives:
            chosen = self.outcome.alternatives[0]
            booking = self.ids.new("bkg")
            self._do(
                self.freelancer, CASES, "take_alternative", case_id=case["case_id"], booking_id=booking,
                space_id=chosen["space_id"], start=chosen["start"], end=chosen["end"],
            )
            self._bookings.append(booking)
            self.outcome.alternative_state = self._state(self.freelancer, booking)
            self.board.act(cast.FREELANCER, "별빛 공유센터 작업실을 고름", "같은 시각, 바로 확정",
                           good=self.outcome.alternative_state == "confirmed")

    # Chapter 4: nine people for eight seats.

    def _share_the_seats(self) -> None:
        self.board.chapter("여덟 자리, 아홉 사람 (nine for eight)")
        at = self.board.now()
        with ThreadPoolExecutor(len(self.seated)) as pool:
            taken = list(pool.map(lambda who: self._subscribe(who, self.seat_plan), self.seated))
        told = self.desk.wait(self._seats, lambda seats: seats["taken"] + seats["waiting"] == len(taken))
        self.outcome.seats_confirmed, self.outcome.seats_waiting = told["taken"], told["waiting"]
        self.board.act("주민 아홉", "한꺼번에 입주형을 신청함",
                       f"입주 {told['taken']} · 대기 {told['waiting']}", at=at, good=told["taken"] == cast.SEATS)
        first_in_line = [row["subscription_id"] for row in told.get("line", ())][:1]
        leaving = told["occupants"][0]["subscription_id"]
        self._do(self.officer, PLANS, "end", subscription_id=leaving, at_once=True)
        after = self.desk.wait(self._seats, lambda seats: seats["waiting"] == 0 and seats["taken"] == cast.SEATS)
        now_seated = {row["subscription_id"] for row in after["occupants"]}
        self.outcome.promoted = len(now_seated - {row["subscription_id"] for row in told["occupants"]})
        self.outcome.promoted_is_first_in_line = bool(first_in_line) and first_in_line[0] in now_seated
        self.board.act("주민", "한 사람이 나가고, 기다리던 사람이 들어옴", good=self.outcome.promoted == 1)

    # Chapter 5: reconciled twice.

    def _reconcile_twice(self) -> None:
        self.board.chapter("두 번 대사 (reconciled twice)")
        self.desk.wait(self._in_calendar, lambda found: sorted(found) == sorted(self._ours()))
        first = self._reconciled()
        self.outcome.first_reconcile = first
        second = self._reconciled()
        self.outcome.second_reconcile_changes = sum(second.values())
        self.outcome.in_calendar, self.outcome.ours = len(self._in_calendar()), len(self._ours())
        self.board.act("담당 공무원", "다시 한 번, 또 한 번 대사함", f"바뀐 것 {sum(first.values())}, {sum(second.values())}",
                       good=self.outcome.second_reconcile_changes == 0)

    def _reconciled(self) -> dict[str, int]:
        told = self.desk.wait(
            lambda: self._ask(self.officer, AGREEMENT, "reconcile_now", feed_id=self.feed),
            lambda answer: bool(answer["read"]),
        )
        return {str(name): int(count) for name, count in (told.get("found") or {}).items()}

    # At the end everything is read back.

    def _read_everything_back(self) -> None:
        people = [self.freelancer, self.company, *self.seated]
        wanted = {"booking_confirmed": 4, "booking_displaced": 1, "seat_taken": cast.SEATS + 1, "seat_queued": 1}
        counted = self.desk.wait(
            lambda: Counter(letter["kind"] for who in people for letter in self._inbox(who)),
            lambda found: all(found[kind] == count for kind, count in wanted.items()),
        )
        self.outcome.letters = dict(sorted(counted.items()))
        archive = self._archive()
        self.outcome.events = len(archive)
        self.outcome.duplicates = [
            *(f"이벤트 {key}: 기록 {len(kept)}건" for key, kept in archive.items() for _ in kept[1:]),
            *(f"{who.subject}: {letter_word(kind).ko} 알림 {count}건" for who in people for kind, count in self._twice(who)),
        ]
        self.outcome.missing = [
            *(f"기록되지 않은 이벤트 {key}" for key, kept in archive.items() if not kept),
            *(f"{letter_word(kind).ko} 알림 {count - counted[kind]}건" for kind, count in wanted.items() if counted[kind] < count),
        ]
        seen = self.watcher.seen("spaces.booking.displaced")
        self.outcome.filled_id = seen[0].event.id if seen else ""

    def _twice(self, who: Actor) -> list[tuple[str, int]]:
        tally = Counter((letter["kind"], letter["about"]) for letter in self._inbox(who))
        return [(kind, count) for (kind, _), count in tally.items() if count > 1 and kind != "seat_taken"]

    def _close_the_office(self) -> None:
        with suppress(CrossesTheDoor, Unavailable):
            self._do(self.officer, AGREEMENT, "disconnect_feed", feed_id=self.feed)
        for facility in self._known.values():
            with suppress(CrossesTheDoor, Unavailable):
                self._do(self.officer, FACILITIES, "close_facility", facility_id=facility)
        self._close_the_tenant()

    # What the facility's own people see and do in their calendar.

    def _put(self, name: str, start: datetime, end: datetime) -> None:
        event = Event()
        event.add("UID", f"{name}@facility.example")
        event.add("DTSTAMP", self._now)
        event.add("DTSTART", start)
        event.add("DTEND", end)
        event.add("SUMMARY", "시설 점검")
        calendar = Calendar()
        calendar.add("PRODID", "-//Facility//KO")
        calendar.add("VERSION", "2.0")
        calendar.add_component(event)
        told = self.calendar.ask(
            "PUT", f"{self.address}{name}.ics", calendar.to_ical(), {"Content-Type": "text/calendar; charset=utf-8"}
        )
        if told[0] not in (200, 201, 204):
            raise Unavailable(f"the facility's calendar refused an entry: {told[0]}")

    def _in_calendar(self) -> list[str]:
        """Return the UIDs of our entries in the facility's calendar."""
        status, _, body = self.calendar.ask("GET", self.address)
        if status != 200:
            raise Unavailable(f"the facility's calendar answered {status}")
        found = [str(event["UID"]) for event in Calendar.from_ical(body).walk("VEVENT")]
        return [uid for uid in found if uid.endswith("@sipbun")]

    def _ours(self) -> list[str]:
        """Return the UIDs that the facility's calendar should hold: what is active of its room."""
        told = self._ask(self.officer, BOOKINGS, "of_space", space_id=self.room)["bookings"]
        return [f"{row['booking_id']}@sipbun" for row in told if row["active"]]

    # How it asks.

    def _book(self, who: Actor, space: str, start: int, end: int, *, later: int = 0, **asked: Any) -> str:
        booking = self.ids.new("bkg")
        self._do(
            who, BOOKINGS, "request", booking_id=booking, space_id=space,
            start=cast.at(self._now, start, later=later).isoformat(),
            end=cast.at(self._now, end, later=later).isoformat(), **asked,
        )
        self._bookings.append(booking)
        return booking

    def _state(self, who: Actor, booking: str) -> str:
        return str(self._ask(who, BOOKINGS, "get", booking_id=booking)["state"])

    def _balance(self, who: Actor, subscription: str) -> int:
        day = cast.at(self._now, 10).date().isoformat()
        told = self._ask(who, PLANS, "statement", subscription_id=subscription, day=day)
        return int(told["balance"])

    def _feed(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(self.officer, AGREEMENT, "status", feed_id=self.feed)
        return told

    def _cases(self) -> Sequence[Mapping[str, Any]]:
        told: Sequence[Mapping[str, Any]] = self._ask(self.freelancer, CASES, "mine")["cases"]
        return told

    def _seats(self) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(self.officer, SEATS, "get", plan_id=self.seat_plan)
        return told

    def _about(self, who: Actor, booking: str) -> list[Mapping[str, Any]]:
        return [letter for letter in self._inbox(who) if letter["about"] == booking]
