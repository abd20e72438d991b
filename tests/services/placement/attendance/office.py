"""Attendance on twins: an opening of the 은하수 작은도서관, its host, its residents, and a relay. Makers for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pyotp

from services.placement.attendance.deciding import Rules
from services.placement.attendance.followed import AttendanceFollower
from services.placement.attendance.reactions import reactions
from services.placement.attendance.storage import sheets, workplace_codes, works
from services.placement.attendance.usecases import AttendanceDesk
from shared.actors import Actor
from shared.clock import StoppedClock, iso, kst_day
from shared.events import placement as said
from shared.events.contract import Contract
from shared.events.envelope import Event
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue

TENANT, DISTRICT = "gwangsan", "29200"
OPENING, RESIDENT = "opn-은하수", "res-1"
APPLICATION = f"{OPENING}:{RESIDENT}"
FIRST = f"{APPLICATION}:1:0"
#: A Tuesday, 10:00 in Seoul.
START = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
#: The day before, when the place is given.
SELECTED = START - timedelta(days=1)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

HOST = Actor("host-1", frozenset({"host"}), TENANT)
OTHER_HOST = Actor("host-2", frozenset({"host"}), TENANT)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT, frozenset({DISTRICT}))
ME = Actor(RESIDENT, frozenset({"resident"}), TENANT)


def minutes(many: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=many)


@dataclass(frozen=True)
class Shift:
    """Two hours unless told."""

    start: datetime = START
    end: datetime = START + timedelta(hours=2)


@dataclass(frozen=True)
class Place:
    """The small library."""

    name: str = "은하수 작은도서관"


@dataclass(frozen=True)
class Terms:
    """What the library offers."""

    shifts: tuple[Shift, ...] = (Shift(),)
    place: Place = Place()
    hourly_won: int = 10_320
    dong: str | None = "첨단2동"
    rehearsal: bool = False


@dataclass(frozen=True)
class Placement:
    """A resident's place."""

    application_id: str
    attempt: int
    selected_at: datetime


@dataclass
class Opening:
    """The library's opening, with the places given."""

    id: str = OPENING
    tenant: str = TENANT
    programme_id: str = "gs-citizen-allowance"
    district: str = DISTRICT
    terms: Terms = field(default_factory=Terms)
    hosts: tuple[str, ...] = (HOST.subject,)
    placements: dict[str, Placement] = field(default_factory=dict)

    def placement_of(self, resident_id: str) -> Placement | None:
        """Return the resident's place, or None."""
        return self.placements.get(resident_id)


@dataclass
class Openings:
    """The openings there are."""

    all: dict[str, Opening] = field(default_factory=dict)

    def find(self, aggregate_id: str) -> Opening | None:
        """Return the opening, or None."""
        return self.all.get(aggregate_id)


@dataclass(frozen=True)
class Programme:
    """The citizens' allowance."""

    direct_job: bool = False
    engagement: str = "participation_allowance"


class Programmes:
    """The programmes there are."""

    def find(self, _programme_id: str) -> Programme:
        """Return the programme."""
        return Programme()


@dataclass
class Office:
    """Everything attendance does, with a clock that stands still."""

    desk: AttendanceDesk
    follower: AttendanceFollower
    openings: Openings
    database: Database
    clock: StoppedClock
    said: list[Event] = field(default_factory=list)
    escalations: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    prefix: str = "act"
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"{self.prefix}-{next(self._numbers)}"

    def an_opening(self, *shifts: Shift, **changes: Any) -> Opening:
        """Let the library have an opening."""
        terms = Terms(shifts=shifts or (Shift(),), **changes.pop("terms", {}))
        opening = Opening(terms=terms, **changes)
        self.openings.all[opening.id] = opening
        return opening

    def gives(self, resident_id: str = RESIDENT, *, opening_id: str = OPENING, attempt: int = 1) -> Event:
        """Let the opening give a place; return what it says."""
        opening = self.openings.all[opening_id]
        application_id = f"{opening_id}:{resident_id}"
        opening.placements[resident_id] = Placement(application_id, attempt, self.clock.now())
        told = {"won": 0, "day": kst_day(self.clock.now()).isoformat(), "round": 1}
        return self._event(said.PLACEMENT_SELECTED, opening, resident_id, **told)

    def takes_back(self, resident_id: str = RESIDENT, *, opening_id: str = OPENING) -> Event:
        """Let the opening take the place back; return what it says."""
        opening = self.openings.all[opening_id]
        place = opening.placements.pop(resident_id)
        return self._event(
            said.PLACEMENT_WITHDRAWN,
            opening,
            resident_id,
            won=0,
            round=1,
            attempt=place.attempt,
            selected_day=kst_day(place.selected_at).isoformat(),
            selected_at=iso(place.selected_at),
            reason="officer",
        )

    def hears(self, *events: Event) -> None:
        """React to what openings say."""
        table = reactions(self.follower)
        for event in events:
            table[event.type]([event])

    def relays(self, *, times: int = 1) -> list[Event]:
        """Publish what waits in our outboxes and react to it, each event ``times`` over, until nobody says more."""
        table, heard = reactions(self.follower), []
        while batch := self._collect():
            heard += batch
            for event in batch * times:
                if event.type in table:
                    table[event.type]([event])
        self.said += heard
        return heard

    def placed(self, *shifts: Shift, **changes: Any) -> None:
        """Let the library have an opening and the resident a place in it."""
        self.an_opening(*shifts, **changes)
        self.hears(self.gives())

    def at(self, minute: float, *, start: datetime = START) -> datetime:
        """Set the clock to so many minutes after the start of the shift."""
        self.clock.at = start + minutes(minute)
        return self.clock.at

    def shows(self) -> str:
        """Return the code that the workplace shows now."""
        return str(self.desk.code(HOST, opening_id=OPENING)["code"])

    def checks_in(self, sheet_id: str = FIRST, *, actor: Actor = ME, **changes: Any) -> dict[str, Any]:
        """Let the resident check in with the right code."""
        asked = {"act_id": self.act_id(), "attendance_id": sheet_id, "code": self.shows(), **changes}
        return self.desk.check_in(actor, **asked)

    def checks_out(self, sheet_id: str = FIRST, *, actor: Actor = ME, **changes: Any) -> dict[str, Any]:
        """Let the resident check out with the right code."""
        asked = {"act_id": self.act_id(), "attendance_id": sheet_id, "code": self.shows(), **changes}
        return self.desk.check_out(actor, **asked)

    def says(self, word: str, minute: float | None = None, sheet_id: str = FIRST, *, actor: Actor = HOST) -> Any:
        """Let a host or an officer say that the resident came or left so many minutes after the start."""
        at = None if minute is None else START + minutes(minute)
        return self.desk.witness(actor, act_id=self.act_id(), attendance_id=sheet_id, said=word, at=at)

    def confirms(self, sheet_id: str = FIRST, *, actor: Actor = HOST, **changes: Any) -> dict[str, Any]:
        """Let a host or an officer confirm."""
        return self.desk.confirm(actor, **{"act_id": self.act_id(), "attendance_id": sheet_id, **changes})

    def corrects(self, many: int, sheet_id: str = FIRST, *, actor: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
        """Let an officer or a host correct."""
        asked = {"act_id": self.act_id(), "attendance_id": sheet_id, "minutes": many, "reason": "출근부 확인"}
        return self.desk.correct(actor, **{**asked, **changes})

    def disputes(self, sheet_id: str = FIRST, *, actor: Actor = ME, **changes: Any) -> dict[str, Any]:
        """Let the resident dispute."""
        asked = {"act_id": self.act_id(), "attendance_id": sheet_id, "text": "두 시간 다 일했습니다."}
        return self.desk.dispute(actor, **{**asked, **changes})

    def answers(
        self, answer: str, many: int | None = None, sheet_id: str = FIRST, *, actor: Actor = OFFICER
    ) -> dict[str, Any]:
        """Let the officer answer."""
        asked = {"act_id": self.act_id(), "attendance_id": sheet_id, "answer": answer, "minutes": many}
        return self.desk.answer(actor, **asked, reason="출근부를 보았습니다.")

    def excuses(self, sheet_id: str = FIRST, *, actor: Actor = OFFICER) -> dict[str, Any]:
        """Let the officer excuse."""
        return self.desk.excuse(actor, act_id=self.act_id(), attendance_id=sheet_id, reason="진단서")

    def sheet(self, sheet_id: str = FIRST) -> dict[str, Any]:
        """Return a sheet as an officer sees it."""
        return self.desk.sheet(OFFICER, attendance_id=sheet_id)

    def states(self) -> dict[str, str]:
        """Return sheet -> state."""
        return {document["_id"]: document["state"] for document in self.database.collection("sheets").find({})}

    def facts(self, contract: Contract) -> list[dict[str, Any]]:
        """Return the data of everything said so far in this contract."""
        return [dict(event.data) for event in self.said if event.type == contract.type]

    def _event(self, contract: Contract, opening: Opening, resident_id: str, **told: Any) -> Event:
        now, number = self.clock.now(), next(self._numbers)
        fact = contract.fact(
            opening_id=opening.id,
            programme_id=opening.programme_id,
            district=opening.district,
            resident_id=resident_id,
            application_id=f"{opening.id}:{resident_id}",
            **told,
        )
        source = "/sipbun/placement/openings"
        return Event(f"evt-{number}", source, fact.type, opening.id, TENANT, now, f"{number:010d}.000", fact.data)

    def _collect(self) -> list[Event]:
        events = []
        for name in ("sheets", "placements_work"):
            collection = self.database.collection(name)
            for document in collection.find({"outbox.s": "new"}, ["outbox"]):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        return events


def an_office(*, database: Database | None = None, rules: Rules | None = None) -> Office:
    """Return an office; it is the day before the first shift."""
    kept = database or TwinDatabase("placement")
    clock, serial, openings = StoppedClock(SELECTED), KeyedQueue(), Openings()
    all_sheets = sheets(kept, rules or Rules(), clock=clock, serial=serial)
    codes = workplace_codes(kept, clock=clock, serial=serial)
    all_work = works(kept, clock=clock, serial=serial)
    for one in (all_sheets, codes, all_work):
        one.prepare()
    secrets = count()
    escalations: list[int] = []
    late: list[int] = []
    desk = AttendanceDesk(
        sheets=all_sheets,
        codes=codes,
        openings=openings,
        new_secret=lambda: pyotp.random_base32() if next(secrets) else SECRET,
        clock=clock,
    )
    follower = AttendanceFollower(
        sheets=all_sheets,
        works=all_work,
        openings=openings,
        programmes=Programmes(),
        clock=clock,
        escalated=lambda: escalations.append(1),
        late=lambda: late.append(1),
    )
    return Office(desk, follower, openings, kept, clock, escalations=escalations, late=late)


def days_of_work(many: int) -> Sequence[Shift]:
    """Return two hours on each of so many days, from the first."""
    return [
        replace(Shift(), start=START + timedelta(days=day), end=START + timedelta(days=day, hours=2))
        for day in range(many)
    ]
