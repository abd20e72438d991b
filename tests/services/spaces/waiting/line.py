"""A waiting list with the bookings and the diary it stands on, in one database that several processes see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from services.spaces.bookings.reactions import reactions as booking_reactions
from services.spaces.bookings.storage import bookings
from services.spaces.bookings.usecases import BookingDesk
from services.spaces.diary.model import FEED, Claim, Diary
from services.spaces.diary.storage import diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.model import Facility, Place, Space
from services.spaces.waiting.model import Wish
from services.spaces.waiting.offers import Offers
from services.spaces.waiting.reactions import reactions
from services.spaces.waiting.storage import wishes
from services.spaces.waiting.usecases import WaitingDesk
from shared.clock import StoppedClock
from shared.ids import SystemIds
from shared.messaging.outbox import event_of
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

ROOM = "spc-모임방"


@dataclass
class Process:
    """One replica of the process: its desks, as it sees the database."""

    waiting: WaitingDesk
    booking: BookingDesk

    def sweep(self) -> None:
        """Run every sweep until it finds nothing."""
        while self.waiting.move_on():
            pass
        self.booking.diary.sweep({"booking": self.booking, "offer": self.waiting})


@dataclass
class Line:
    """The whole, with a clock that stands still."""

    database: TwinDatabase
    places: PlacesTwin
    quota: QuotaTwin
    neighbours: Neighbours
    clock: StoppedClock
    _numbers: Any = field(default_factory=lambda: count(1))
    heard: list[str] = field(default_factory=list)

    def process(self, step: Step = no_step) -> Process:
        """Return a process with steps of its own."""
        view = self.database.seen_by(step)
        ports: dict[str, Any] = {"clock": self.clock, "serial": KeyedQueue()}
        diary = DiaryDesk(diaries(view, **ports), self.clock)
        all_wishes = wishes(view, **ports)
        booking = BookingDesk(
            bookings=bookings(view, **ports),
            places=self.places,
            diary=diary,
            quota=self.quota,
            vouching=self.neighbours,
            conduct=self.neighbours,
            offers=Offers(all_wishes, self.clock),
            codes=self.neighbours,
            clock=self.clock,
        )
        waiting = WaitingDesk(all_wishes, diary, self.places, self.neighbours, self.clock, SystemIds())
        return Process(waiting, booking)

    def book(self, number: int, start: float, end: float, **asked: Any) -> dict[str, Any]:
        """Book as resident ``number``."""
        known = {
            "act_id": f"act-{next(self._numbers)}",
            "booking_id": f"bkg-{number}-{start:g}",
            "space_id": ROOM,
            "start": at(start),
            "end": at(end),
        }
        return self.process().booking.request(a_resident(number), **{**known, **asked})

    def cancel(self, number: int, start: float) -> None:
        """Give a booking back."""
        act_id = f"act-{next(self._numbers)}"
        self.process().booking.cancel(a_resident(number), act_id=act_id, booking_id=f"bkg-{number}-{start:g}")

    def wish(self, number: int, start: float, end: float, **asked: Any) -> dict[str, Any]:
        """Wait as resident ``number``; a second later than the one before."""
        self.clock.sleep(1)
        known = {
            "act_id": f"act-{next(self._numbers)}",
            "wish_id": f"wsh-{number}",
            "space_id": ROOM,
            "start": at(start),
            "end": at(end),
        }
        return self.process().waiting.wish(a_resident(number), **{**known, **asked})

    def facility_puts(self, entry_id: str, start: float, end: float) -> None:
        """Let the facility's own calendar say something."""
        process, place = self.process(), self.places.place(ROOM)
        claim = Claim(entry_id, FEED, ROOM, ("*",), a_span(start, end))
        process.booking.diary.agree(place.root, date(2026, 12, 1), [claim], [])

    def hears(self, *, times: int = 1, last_first: bool = False) -> list[str]:
        """Let everybody hear what was said."""
        process = self.process()
        tables = (booking_reactions(process.booking), reactions(process.waiting))
        heard = hear(self.database, *tables, times=times, last_first=last_first)
        self.heard += heard
        return heard

    def rests(self, minutes: float = 0) -> None:
        """Let time pass, sweep and hear until nothing moves."""
        self.clock.sleep(minutes * 60)
        for _ in range(5):
            self.process().sweep()
            self.hears()

    def states(self) -> dict[str, str]:
        """Return wish -> state."""
        return {document["_id"]: document["state"] for document in self.database.collection("wishes").find({})}

    def a_wish(self, number: int) -> Wish:
        """Return a wish."""
        return self.process().waiting.wishes.get(f"wsh-{number}")

    def claims(self, day: int = 1, root: str = ROOM) -> dict[str, Claim]:
        """Return what lies in a day's diary."""
        diary = self.process().booking.diary.diaries.find(Diary.id_of(root, date(2026, 12, day)))
        return {} if diary is None else diary.claims

    def offers_said(self) -> list[tuple[str, int]]:
        """Return (wish, round) of every offer that waits to be told."""
        found = self.database.collection("wishes").find({"outbox.s": "new"})
        entries = [event_of(entry) for document in found for entry in document["outbox"]]
        return [(one.data["wish_id"], one.data["round"]) for one in entries if "offer.made" in one.type]


def a_line(*spaces: Space, facility: Facility | None = None) -> Line:
    """Return a waiting list over these spaces (the 모임방, if none is given)."""
    house = facility or a_facility()
    places = PlacesTwin({space.id: Place(house, space) for space in (spaces or (a_space(),))})
    return Line(TwinDatabase("spaces"), places, QuotaTwin(), Neighbours(), StoppedClock(NOW))
