"""Bookings a second against the bare floor, in rooms of their own and in one room that everybody wants.

    ours    BookingDesk.request as it ships: places, rules, conduct, how many they have, the span held in the day's
            diary, the booking stored with its facts; no plan and no calendar, so no ledger and no feed is asked
    floor   find the room's day, look whether the span is free, write it back guarded by its version, with the act and
            its facts, as if the relay kept up; hand-written pymongo on documents like our diaries, with their indexes
    bare    the same without act and facts: nobody would hear of such a booking, and a repeat would book again

What settles a booking afterwards, by reaction, is on neither side. Refused requests count for nothing.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.spaces.bookings.storage import bookings
from services.spaces.bookings.usecases import BookingDesk
from services.spaces.conduct.storage import records
from services.spaces.conduct.usecases import MayBook
from services.spaces.diary.model import BOOKING, WHOLE, Claim, Diary
from services.spaces.diary.storage import DiaryCodec, diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.holidays import HolidayTable
from services.spaces.facilities.model import Hours, Limits, Place
from services.spaces.facilities.storage import facilities, spaces
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.spans import Span
from shared.actors import Actor
from shared.aggregate import Act
from shared.clock import kst_day, start_of_kst_day
from shared.config import settings
from shared.errors import Refused
from shared.mongo.port import Database, Document
from shared.town import town
from tests.bench import floor
from tests.bench.bed import Bed, Stage, Watch
from tests.bench.cast import DISTRICT, PROGRAMME, TENANT
from tests.bench.result import Result, take_turns
from tests.services.spaces.makers import a_facility, a_space

#: Writers, threads of one process: as many requests as a service answers at once.
WRITERS = 10
HOUSE = "fac-은하수"
#: The room everybody wants; the others are ``spc-<writer>``, and ``spc-alone``.
WANTED = "spc-wanted"
#: Where an uncontended room is booked, half-open hours in Seoul: a full day, 09:00 to 21:00.
HOURS = tuple((hour, hour + 2) for hour in range(9, 21, 2))
#: The wanted room is open day and night, in half hours.
SLOTS = 48
#: Days ahead that may be booked.
FAR = 400


def span_on(day: date, start: float, end: float) -> Span:
    """Return a span between two hours in Seoul."""
    midnight = start_of_kst_day(day)
    return Span(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


def a_day_of(room: str, day: date, spans: list[Span]) -> Diary:
    """Return the diary of a day on which these spans are taken."""
    diary = Diary(
        id=Diary.id_of(room, day), tenant=TENANT, root_id=room, facility_id=HOUSE, district=DISTRICT, day=day
    )
    for span in spans:
        name = f"{room}-{span.start:%m%dT%H%M}"
        diary.claims[name] = Claim(f"bkg-{name}", BOOKING, room, WHOLE, span, act_id=f"asked:act-{name}")
    return diary


class Writers(ABC):
    """Books free spans in rooms of their own, day after day, or in the one room that everybody wants."""

    def __init__(self) -> None:
        self._tomorrow = kst_day(datetime.now(UTC)) + timedelta(days=1)
        self._next: dict[str, int] = {}
        self._numbers = iter(range(10_000_000))

    @abstractmethod
    def prepare(self, room: str, day: date, spans: list[Span]) -> None:
        """Make ready a day on which these spans are taken."""

    @abstractmethod
    def book(self, room: str, span: Span, number: int) -> bool:
        """Book a span as somebody new; return whether it was free."""

    def apart(self, rooms: list[str], days: int) -> dict[str, float]:
        """Book these whole days, one writer a room; return the seconds it took and the successes."""
        asked = {room: [(day, start, end) for day in self._days(room, days) for start, end in HOURS] for room in rooms}

        def write(room: str) -> int:
            return sum(self.book(room, span_on(*one), next(self._numbers)) for one in asked[room])

        return self._timed([lambda r=room: write(r) for room in rooms])

    def together(self, days: int) -> dict[str, float]:
        """Ask for every half hour of one room, day by day, each writer for its own ones, every other one taken."""
        asked = self._days(WANTED, days)
        for day in asked:
            taken = [slot for slot in range(SLOTS) if slot // WRITERS % 2]
            self.prepare(WANTED, day, [span_on(day, slot / 2, (slot + 1) / 2) for slot in taken])
        same_day = threading.Barrier(WRITERS)

        def write(first: int) -> int:
            done = 0
            for day in asked:
                same_day.wait()
                for slot in range(first, SLOTS, WRITERS):
                    done += self.book(WANTED, span_on(day, slot / 2, (slot + 1) / 2), next(self._numbers))
            return done

        return self._timed([lambda w=writer: write(w) for writer in range(WRITERS)])

    def _days(self, room: str, count: int) -> list[date]:
        first = self._next.get(room, 0)
        self._next[room] = first + count
        return [self._tomorrow + timedelta(days=number) for number in range(first, first + count)]

    def _timed(self, writers: list[Callable[[], int]]) -> dict[str, float]:
        with ThreadPoolExecutor(len(writers)) as pool:
            began = time.monotonic()
            done = sum(future.result() for future in [pool.submit(write) for write in writers])
            return {"seconds": time.monotonic() - began, "done": done}


class Ours(Writers):
    """Residents at the shipped booking desk, on the shipped storage."""

    def __init__(self) -> None:
        super().__init__()
        here = town(settings())
        kept = here.database("spaces")
        ports: dict[str, Any] = {"clock": here.clock, "serial": here.serial}
        self._diaries = diaries(kept, **ports)
        self._desk = BookingDesk(
            bookings=bookings(kept, **ports),
            places=a_register(kept, **ports),
            diary=DiaryDesk(self._diaries, here.clock),
            quota=Unasked(),
            vouching=Unasked(),
            conduct=MayBook(records(kept, **ports)),
            offers=Unasked(),
            codes=Unasked(),
            clock=here.clock,
        )
        for one in (self._diaries, self._desk.bookings, self._desk.conduct.records):
            one.prepare()

    def prepare(self, room: str, day: date, spans: list[Span]) -> None:
        """Make ready a day on which these spans are taken."""
        diary = a_day_of(room, day, spans)
        self._diaries.create(Act.own(f"open:{diary.id}", "open"), diary, {})

    def book(self, room: str, span: Span, number: int) -> bool:
        """Request it as a resident who has no bookings yet."""
        name = f"{number:08d}"
        try:
            self._desk.request(
                Actor(f"res-{name}", frozenset({"resident"}), TENANT),
                act_id=f"act-{name}",
                booking_id=f"bkg-{name}",
                space_id=room,
                start=span.start,
                end=span.end,
            )
        except Refused as refused:
            if refused.code != "span_taken":
                raise
            return False
        return True


class Unasked:
    """Neighbours of whom a booking without a plan, a calendar or an offer asks nothing."""

    def freshness(self, place: Place) -> None:
        """The facility has no calendar to read."""


def a_register(kept: Database, **ports: Any) -> FacilityDesk:
    """Return the shipped register of 은하수 작은도서관 and its rooms, open day and night."""
    desk = FacilityDesk(
        facilities(kept, **ports), spaces(kept, **ports), HolidayTable(), lambda _point: None, ports["clock"]
    )
    now = ports["clock"].now()
    house = a_facility(hours=Hours.always(), tenant=TENANT, district=DISTRICT, opened_at=now)
    desk.facilities.prepare()
    desk.spaces.prepare()
    desk.facilities.create(Act.own("open", "open"), house, {})
    for room in (WANTED, "spc-alone", *(f"spc-{writer}" for writer in range(WRITERS))):
        space = a_space(
            id=room,
            root_id=room,
            tenant=TENANT,
            district=DISTRICT,
            limits=Limits(horizon_days=FAR),
            opened_at=now,
        )
        desk.spaces.create(Act.own(f"open:{room}", "open"), space, {})
    return desk


class Floor(Writers):
    """The same in a hand-written loop, on documents like our diaries."""

    def __init__(self, tells: bool) -> None:
        """``tells``: leave the act and its facts, too."""
        super().__init__()
        self._tells = tells
        self._days_kept = floor.database("spaces").days
        self._days_kept.create_index([("outbox.s", 1)])
        self._days_kept.create_index([("due", 1)], sparse=True)

    def prepare(self, room: str, day: date, spans: list[Span]) -> None:
        """Make ready a day on which these spans are taken."""
        diary = a_day_of(room, day, spans)
        fields = DiaryCodec().to_document(diary)
        self._days_kept.insert_one(
            {"_id": diary.id, "version": 1, "tenant": TENANT, **fields, "outbox": [], "acts": []}
        )

    def _facts(self, day: Document, row: Document, number: int) -> list[Document]:
        at = floor.now()
        data = {
            "booking_id": row["id"],
            "space_id": row["space_id"],
            "facility_id": day["facility_id"],
            "root_id": day["root_id"],
            "district": day["district"],
            "programme_id": PROGRAMME,
            "resident_id": f"res-{number:08d}",
            "subscription_id": None,
            "plan_id": None,
            "start": floor.rfc3339(row["start"]),
            "end": floor.rfc3339(row["end"]),
            "minutes": 120,
            "day": day["day"],
        }
        return [
            {
                "id": f"{day['_id']}.{day['version'] + 1}.{index}",
                "s": "new",
                "type": f"kr.sipbun.spaces.booking.{what}.v1",
                "source": "/sipbun/spaces/bookings",
                "subject": row["id"],
                "tenant": TENANT,
                "sequence": f"{day['version'] + 1:010d}.{index:03d}",
                "time": at,
                "trace": None,
                "data": data,
            }
            for index, what in enumerate(("requested", "confirmed"))
        ]

    def apart(self, rooms: list[str], days: int) -> dict[str, float]:
        """Book days that are there already."""
        for room in rooms:
            first = self._next.get(room, 0)
            for number in range(first, first + days):
                self.prepare(room, self._tomorrow + timedelta(days=number), [])
        return super().apart(rooms, days)

    def book(self, room: str, span: Span, number: int) -> bool:
        """Find the day, look, and write it back guarded by its version."""
        day_id = f"{room}:{kst_day(span.start).isoformat()}"
        while True:
            day = self._days_kept.find_one({"_id": day_id})
            if any(row["start"] < span.end and span.start < row["end"] for row in day["claims"]):
                return False
            row: Document = {
                "id": f"bkg-{number:08d}",
                "kind": "booking",
                "space_id": room,
                "start": span.start,
                "end": span.end,
                "act_id": f"asked:act-{number:08d}",
            }
            change: Document = {"$set": {"claims": [*day["claims"], row], "version": day["version"] + 1}}
            if self._tells:
                act = {"id": row["act_id"], "hash": "0" * 32, "out": {"booking_id": row["id"]}}
                change["$push"] = {
                    "outbox": {"$each": self._facts(day, row, number), "$slice": -2},
                    "acts": {"$each": [act], "$slice": -1},
                }
            done = self._days_kept.update_one({"_id": day_id, "version": day["version"]}, change)
            if done.matched_count:
                return True


def run(bed: Bed, *, quick: bool, rounds: int = 0) -> list[Result]:
    """Run it; four lines."""
    rounds = rounds or (2 if quick else 5)
    days, days_alone, hot_days = (2, 6, 2) if quick else (5, 15, 4)
    url = bed.a_vhost("bookings")
    parts: dict[str, tuple[str, dict[str, Any]]] = {
        "ours": ("Ours", {}),
        "floor": ("Floor", {"tells": True}),
        "bare": ("Floor", {"tells": False}),
    }
    stages: dict[str, Stage] = {
        side: bed.stage(
            f"{side} writers", f"tests.bench.bookings:{part}", environment=bed.environment(url, f"book_{side}_"), **told
        )
        for side, (part, told) in parts.items()
    }
    own_rooms = [f"spc-{writer}" for writer in range(WRITERS)]

    def lap(side: str, do: str, **how: Any) -> tuple[float, Mapping[str, float]]:
        watch = Watch(bed, [stages[side]])
        told = stages[side].ask(do, **how)
        return told["done"] / told["seconds"], watch.end()

    def apart(side: str) -> tuple[float, Mapping[str, float]]:
        return lap(side, "apart", rooms=own_rooms, days=days)

    def alone(side: str) -> tuple[float, Mapping[str, float]]:
        return lap(side, "apart", rooms=["spc-alone"], days=days_alone)

    def together(side: str) -> tuple[float, Mapping[str, float]]:
        return lap(side, "together", days=hot_days)

    for stage in stages.values():
        stage.ask("apart", rooms=own_rooms, days=1)
    tally = take_turns(
        rounds,
        {
            "ours": lambda: apart("ours"),
            "floor": lambda: apart("floor"),
            "bare": lambda: apart("bare"),
            "one writer of ours": lambda: alone("ours"),
            "one writer of the floor": lambda: alone("floor"),
            "one room": lambda: together("ours"),
        },
    )
    many = f"bookings, {WRITERS} writers"
    told = "settling by reaction is on neither side"
    return [
        said(tally.result(f"{many} in rooms of their own", "ours", "floor", "bookings/s", 0.6), told),
        said(tally.result(f"{many} in rooms of their own, without facts", "ours", "bare", "bookings/s"), told),
        said(tally.result("bookings, one writer", "one writer of ours", "one writer of the floor", "bookings/s"), told),
        said(
            tally.result(f"{many} in one room, against one alone", "one room", "one writer of ours", "bookings/s", 0.6),
            "every other span asked for is taken, and refused requests count for nothing",
        ),
    ]


def said(line: Result, more: str) -> Result:
    """Return the line with a word more on what limits it."""
    return replace(line, limits=f"{line.limits}; {more}")
