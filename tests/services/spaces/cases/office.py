"""Cases with the bookings and diaries they are about, in one database that several processes see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from typing import Any

from services.spaces.bookings.model import Booking
from services.spaces.bookings.reactions import reactions as booking_reactions
from services.spaces.bookings.storage import bookings
from services.spaces.bookings.usecases import BookingDesk
from services.spaces.cases.model import Case
from services.spaces.cases.reactions import reactions
from services.spaces.cases.storage import cases
from services.spaces.cases.usecases import CaseDesk
from services.spaces.diary.model import FEED, Claim, Diary
from services.spaces.diary.storage import diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Facility, Place, Policy, Space
from services.spaces.facilities.tree import Admitted
from services.spaces.spans import Span
from shared.clock import StoppedClock, iso
from shared.errors import NotFound
from shared.messaging.core import Reaction
from shared.mongo.twin import Step, TwinDatabase, no_step
from shared.serial import KeyedQueue
from tests.services.spaces.makers import (
    NOW,
    Neighbours,
    PlacesTwin,
    QuotaTwin,
    a_facility,
    a_resident,
    a_space,
    a_span,
    at,
)
from tests.services.spaces.waiting.relay import hear

ROOM, OTHER = "spc-모임방", "spc-별빛"


class Places(PlacesTwin):
    """Places, and the facility that they share."""

    def facility(self, facility_id: str) -> Facility:
        """Return it."""
        for place in self.known.values():
            if place.facility.id == facility_id:
                return place.facility
        raise NotFound("no_such_facility", field="facility_id", id=facility_id)

    def change(self, **changes: Any) -> None:
        """Change the facility that all share."""
        house = replace(next(iter(self.known.values())).facility, **changes)
        self.known = {space_id: Place(house, place.space) for space_id, place in self.known.items()}

    def close(self, space_id: str) -> None:
        """Close a space."""
        place = self.known[space_id]
        self.known[space_id] = Place(place.facility, replace(place.space, state="closed"))


@dataclass
class IdleTwin:
    """별빛 경로당, six minutes away, at the same time; or nothing."""

    nothing: bool = False

    def alternatives(self, place: Place, span: Span, *, most: int = 5) -> list[dict[str, Any]]:
        """Return it."""
        if self.nothing:
            return []
        row = {"space_id": OTHER, "start": iso(span.start), "end": iso(span.end), "metres": 420, "walk_minutes": 6}
        return [row][:most]


@dataclass
class Process:
    """One replica of the process."""

    cases: CaseDesk
    booking: BookingDesk

    def tables(self) -> tuple[Mapping[str, Reaction], ...]:
        """Return what it reacts with."""
        return booking_reactions(self.booking), reactions(self.cases)


@dataclass
class Office:
    """The whole, with a clock that stands still."""

    database: TwinDatabase
    places: Places
    idle: IdleTwin
    quota: QuotaTwin
    clock: StoppedClock
    heard: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))

    def process(self, step: Step = no_step) -> Process:
        """Return a process with steps of its own."""
        view, around = self.database.seen_by(step), Neighbours()
        ports: dict[str, Any] = {"clock": self.clock, "serial": KeyedQueue()}
        all_diaries, all_bookings = diaries(view, **ports), bookings(view, **ports)
        diary = DiaryDesk(all_diaries, self.clock)
        booking = BookingDesk(
            bookings=all_bookings,
            places=self.places,
            diary=diary,
            quota=self.quota,
            vouching=around,
            conduct=around,
            offers=around,
            codes=around,
            clock=self.clock,
        )
        desk = CaseDesk(
            cases=cases(view, **ports),
            bookings=all_bookings,
            desk=booking,
            diaries=all_diaries,
            diary=diary,
            places=self.places,
            alternatives=self.idle,
            clock=self.clock,
        )
        return Process(desk, booking)

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def book(self, start: float = 10, end: float = 12, number: int = 1, **asked: Any) -> dict[str, Any]:
        """Book as resident ``number``."""
        known = {
            "act_id": self.act_id(),
            "booking_id": f"bkg-{start:g}",
            "space_id": ROOM,
            "start": at(start),
            "end": at(end),
            "subscription_id": "sub-1",
        }
        return self.process().booking.request(a_resident(number), **{**known, **asked})

    def facility_puts(self, start: float, end: float, entry_id: str = "fed-1/행사") -> None:
        """Let the facility's own calendar say something."""
        claim = Claim(entry_id, FEED, ROOM, ("*",), a_span(start, end))
        self.process().booking.diary.agree(self.places.place(ROOM).root, date(2026, 12, 1), [claim], [])

    def facility_removes(self, entry_id: str = "fed-1/행사") -> None:
        """Let the facility's own calendar take it back."""
        self.process().booking.diary.agree(self.places.place(ROOM).root, date(2026, 12, 1), [], [entry_id])

    def hears(self, *, times: int = 1, last_first: bool = False) -> list[str]:
        """Let everybody hear what was said."""
        heard = hear(self.database, *self.process().tables(), times=times, last_first=last_first)
        self.heard += heard
        return heard

    def rests(self, minutes: float = 0) -> None:
        """Let time pass, sweep and hear until nothing moves."""
        self.clock.sleep(minutes * 60)
        for _ in range(4):
            self.hears()
            process = self.process()
            process.booking.move_on()
            process.cases.move_on()
        self.hears()

    def decides(self, actor: Any, decision: str, case_id: str = "cas-bkg-10") -> dict[str, Any]:
        """Let staff decide."""
        return self.process().cases.decide(actor, act_id=self.act_id(), case_id=case_id, decision=decision)

    def takes(self, number: int = 1, **asked: Any) -> dict[str, Any]:
        """Let a resident take the alternative."""
        known = {
            "act_id": "take",
            "case_id": "cas-bkg-10",
            "booking_id": "bkg-new",
            "space_id": OTHER,
            "start": at(10),
            "end": at(12),
        }
        return self.process().cases.take_alternative(a_resident(number), **{**known, **asked})

    def case(self, case_id: str = "cas-bkg-10") -> Case:
        """Return a case."""
        return self.process().cases.cases.get(case_id)

    def cases_kept(self) -> list[str]:
        """Return the ids of all cases."""
        return sorted(document["_id"] for document in self.database.collection("cases").find({}))

    def booking(self, booking_id: str = "bkg-10") -> Booking:
        """Return a booking."""
        return self.process().booking.bookings.get(booking_id)

    def diary(self, day: int = 1, root: str = ROOM) -> Diary:
        """Return a day's diary."""
        return self.process().booking.diary.diaries.get(Diary.id_of(root, date(2026, 12, day)))


def an_office(*spaces: Space, conflict: str = "facility_first", **facility: Any) -> Office:
    """Return an office over the 모임방 and 별빛's room (as a root of its own), in one facility."""
    rooms = spaces or (a_space(),)
    other = a_space(id=OTHER, root_id=OTHER, name="별빛 경로당 회의실")
    house = a_facility(
        policy=Policy(conflict=conflict),
        admitted={one.id: Admitted(one.root_id, None, one.parts) for one in (*rooms, other)},
        **facility,
    )
    places = Places({one.id: Place(house, one) for one in (*rooms, other)})
    return Office(TwinDatabase("spaces"), places, IdleTwin(), QuotaTwin(), StoppedClock(NOW))
