"""Makers for rooms: a facility, its spaces, and a booking desk whose neighbours are twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.spaces.bookings.model import Booking, Charge, Paid
from services.spaces.bookings.storage import bookings
from services.spaces.bookings.usecases import BookingDesk
from services.spaces.diary.model import BOOKING, Claim, Diary
from services.spaces.diary.storage import diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.facilities.hours import open_spans
from services.spaces.facilities.model import Address, Facility, Hours, Limits, Place, Policy, Space
from services.spaces.spans import Span
from shared.actors import Actor
from shared.clock import StoppedClock
from shared.errors import NotFound, Refused
from shared.geo import Point
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue

TENANT, DISTRICT = "gwangsan", "29200"
#: A Tuesday, 09:00 in Seoul.
NOW = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
HOST = Actor("host-1", frozenset({"host"}), TENANT)


def a_resident(number: int = 1, tenant: str = TENANT) -> Actor:
    """Return a resident who signed in."""
    return Actor(f"res-{number}", frozenset({"resident"}), tenant)


def at(hour: float, day: int = 1) -> datetime:
    """Return an hour in Seoul on a day of December 2026 (hours past 24 are the next day's)."""
    return datetime(2026, 12, day, tzinfo=UTC) - timedelta(hours=9) + timedelta(hours=hour)


def a_span(start: float, end: float, day: int = 1) -> Span:
    """Return a span between two hours in Seoul."""
    return Span(at(start, day), at(end, day))


def a_facility(**changes: Any) -> Facility:
    """Return 은하수 작은도서관, open 09:00-22:00 every day."""
    known: dict[str, Any] = {
        "id": "fac-은하수",
        "tenant": TENANT,
        "district": DISTRICT,
        "programme_id": "gs-subscription-office",
        "name": "은하수 작은도서관",
        "kind": "작은도서관",
        "address": Address("광주광역시 광산구 은하수로 1"),
        "point": Point(35.1457, 126.7937),
        "managers": ("host-1",),
        "hours": Hours.daily(9 * 60, 22 * 60),
        "holidays": "open",
        "opened_at": NOW,
        "policy": Policy(),
    }
    return Facility(**{**known, **changes})


def a_space(**changes: Any) -> Space:
    """Return its 모임방, a root of its own, booked at once."""
    known: dict[str, Any] = {
        "id": "spc-모임방",
        "tenant": TENANT,
        "district": DISTRICT,
        "programme_id": "gs-subscription-office",
        "facility_id": "fac-은하수",
        "point": Point(35.1457, 126.7937),
        "root_id": "spc-모임방",
        "name": "모임방",
        "kind": "회의실",
        "capacity": 8,
        "limits": Limits(),
        "opened_at": NOW,
    }
    return Space(**{**known, **changes})


@dataclass
class PlacesTwin:
    """Places by the id of their space."""

    known: dict[str, Place] = field(default_factory=dict)

    def place(self, space_id: str, *, fresh: bool = False) -> Place:
        """Return it."""
        if space_id not in self.known:
            raise NotFound("no_such_space", field="space_id", id=space_id)
        return self.known[space_id]

    def open_spans(self, place: Place, first: date, last: date) -> Sequence[Span]:
        """Return when it is open."""
        return open_spans(place, first, last, {})


@dataclass
class QuotaTwin:
    """One ledger with so many minutes."""

    minutes: int = 600
    holds: dict[str, int] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)

    ended: bool = False

    def still_pays(self, subscription_id: str, start: datetime) -> bool:
        """Return whether it runs."""
        return not self.ended

    def quote(self, subscription_id: str, resident_id: str, start: datetime, **where: str) -> Paid:
        """Return the ledger."""
        return Paid(subscription_id, "pln-대관형", f"{subscription_id}:2026-12-01")

    def balance(self, ledger_id: str) -> int:
        """Return what is left."""
        counted = sum(charge.held + charge.consumed for charge in self.charges.values())
        return self.minutes - counted - sum(self.holds.values())

    def hold(self, *, act_id: str, booking_id: str, paid: Paid, minutes: int, deadline: datetime) -> None:
        """Set aside."""
        if booking_id in self.holds or booking_id in self.charges:
            return
        if minutes > self.balance(paid.ledger_id):
            raise Refused("quota_exceeded", field="end", balance=self.balance(paid.ledger_id))
        self.holds[booking_id] = minutes

    def settle(self, *, booking_id: str, ledger_id: str, charge: Charge, version: int) -> None:
        """Count exactly this."""
        self.holds.pop(booking_id, None)
        self.charges[booking_id] = charge

    def release(self, *, act_id: str, booking_id: str, ledger_id: str) -> None:
        """Give back."""
        self.holds.pop(booking_id, None)


@dataclass(frozen=True)
class Vouched:
    """How fresh a calendar is."""

    fresh: bool
    feed_id: str = "fed-1"
    read_at: datetime | None = NOW


@dataclass
class Neighbours:
    """Everything else that bookings ask."""

    vouched: Vouched | None = None
    refusing: Refused | None = None
    code: str = "123456"
    offers: dict[str, tuple[str, Span]] = field(default_factory=dict)

    def freshness(self, place: Place) -> Vouched | None:
        """Return what was set."""
        return self.vouched

    def may_book(self, tenant: str, resident_id: str, *, start: datetime, now: datetime) -> None:
        """Raise what was set."""
        if self.refusing is not None:
            raise self.refusing

    def must_be_for(self, offer_id: str, resident_id: str, space_id: str, span: Span) -> None:
        """Raise unless it is known for that resident and span."""
        if self.offers.get(offer_id) != (resident_id, span):
            raise Refused("offer_not_yours", field="offer_id")

    def is_right(self, space_id: str, code: str, now: datetime) -> bool:
        """Return whether it is the one that was set."""
        return code == self.code


@dataclass
class Counter:
    """A booking desk and its neighbours; what was said is settled by ``settle_all``."""

    desk: BookingDesk
    places: PlacesTwin
    quota: QuotaTwin
    neighbours: Neighbours
    clock: StoppedClock

    def book(self, number: int = 1, start: float = 10, end: float = 12, **asked: Any) -> dict[str, Any]:
        """Request as resident ``number``."""
        known = {
            "act_id": f"act-{number}-{start}-{end}",
            "booking_id": f"bkg-{number}-{start}-{end}",
            "space_id": "spc-모임방",
            "start": at(start),
            "end": at(end),
        }
        return self.desk.request(a_resident(number), **{**known, **asked})

    def settle_all(self) -> None:
        """Do what reactions would do."""
        for document in self.desk.bookings.collection.find({}):
            self.desk.settle(document["_id"])

    def diary(self, day: int = 1, root: str = "spc-모임방") -> Diary | None:
        """Return a day's diary."""
        return self.desk.diary.diaries.find(Diary.id_of(root, date(2026, 12, day)))

    def booking(self, booking_id: str) -> Booking:
        """Return a booking."""
        return self.desk.bookings.get(booking_id)

    def said(self) -> list[str]:
        """Return the short names of everything bookings said, in order of the documents."""
        return [
            entry["type"].removeprefix("kr.sipbun.spaces.").removesuffix(".v1")
            for document in self.desk.bookings.collection.find({})
            for entry in document["outbox"]
        ]


def a_counter(
    *spaces: Space, facility: Facility | None = None, database: Database | None = None, **neighbours: Any
) -> Counter:
    """Return a booking desk over these spaces (the 모임방, if none is given)."""
    clock = StoppedClock(NOW)
    house = facility or a_facility()
    places = PlacesTwin({space.id: Place(house, space) for space in (spaces or (a_space(),))})
    kept = database or TwinDatabase("spaces")
    ports: dict[str, Any] = {"clock": clock, "serial": KeyedQueue()}
    all_bookings, all_diaries = bookings(kept, **ports), diaries(kept, **ports)
    all_bookings.prepare()
    all_diaries.prepare()
    quota, around = QuotaTwin(), Neighbours(**neighbours)
    desk = BookingDesk(
        bookings=all_bookings,
        places=places,
        diary=DiaryDesk(all_diaries, clock),
        quota=quota,
        vouching=around,
        conduct=around,
        offers=around,
        codes=around,
        clock=clock,
    )
    return Counter(desk, places, quota, around, clock)


def a_claim(claim_id: str, start: float, end: float, **changes: Any) -> Claim:
    """Return a settled booking's claim on the whole 모임방."""
    known: dict[str, Any] = {
        "id": claim_id,
        "kind": BOOKING,
        "space_id": "spc-모임방",
        "parts": ("*",),
        "span": a_span(start, end),
        "act_id": f"act-{claim_id}",
    }
    return Claim(**{**known, **changes})
