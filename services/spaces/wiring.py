"""Puts the subjects of spaces together, once a process. Arrows between subjects go one way:

    facilities <- diary <- bookings <- waiting, cases, agreement        plans, seats, quota <- bookings
                  conduct <- bookings                                   everything <- idle, calendars_out, occupancy
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.spaces.agreement.caldav.adapter import CalDavAdapter
from services.spaces.agreement.calendar import Adapter
from services.spaces.agreement.events.adapter import EventsAdapter
from services.spaces.agreement.events.entries import Entries
from services.spaces.agreement.fetch import Outside
from services.spaces.agreement.ics.adapter import IcsAdapter
from services.spaces.agreement.model import Freshness
from services.spaces.agreement.person.adapter import PersonAdapter
from services.spaces.agreement.reading import Reader
from services.spaces.agreement.storage import Feeds, feeds
from services.spaces.agreement.usecases import AgreementDesk
from services.spaces.bookings.model import Booking
from services.spaces.bookings.series import SeriesDesk
from services.spaces.bookings.storage import bookings
from services.spaces.bookings.usecases import BookingDesk, must_be_staff
from services.spaces.calendars_out.desk import calendars_out
from services.spaces.calendars_out.usecases import CalendarsOut
from services.spaces.cases.ports import FreshPlaces
from services.spaces.cases.storage import cases
from services.spaces.cases.usecases import CaseDesk
from services.spaces.conduct.storage import records
from services.spaces.conduct.usecases import ConductDesk, MayBook
from services.spaces.diary.storage import diaries
from services.spaces.diary.usecases import DiaryDesk
from services.spaces.doors.storage import doors
from services.spaces.doors.usecases import DoorDesk
from services.spaces.facilities.holidays import read_holidays
from services.spaces.facilities.model import Place
from services.spaces.facilities.regions import from_boundaries
from services.spaces.facilities.storage import facilities, spaces
from services.spaces.facilities.usecases import FacilityDesk
from services.spaces.ical.writing import event_of
from services.spaces.idle.desk import AskResidents, OneByOne, idle_desk
from services.spaces.idle.usecases import IdleDesk
from services.spaces.occupancy.storage import tallies
from services.spaces.occupancy.usecases import OccupancyDesk
from services.spaces.plans.subscribing import SubscriptionDesk
from services.spaces.plans.usecases import PlanDesk
from services.spaces.plans.wiring import build as plans
from services.spaces.quota.usecases import QuotaDesk
from services.spaces.seats.usecases import SeatDesk
from services.spaces.waiting.offers import Offers
from services.spaces.waiting.storage import wishes
from services.spaces.waiting.usecases import WaitingDesk
from shared.clock import Clock
from shared.town import Town

#: What a facility's own calendar shows of a booking.
TITLE = "십분 예약"


class Kept(Protocol):
    """A collection with indexes."""

    def prepare(self) -> None:
        """Make them."""


@dataclass(frozen=True)
class Vouching:
    """How fresh we are, for bookings and for whoever looks for a room."""

    feeds: Feeds
    clock: Clock

    def freshness(self, place: Place) -> Freshness | None:
        """Return how old our knowledge of the facility's calendar is; None: there is none to read."""
        found = None if place.space.feed_id is None else self.feeds.read_at(place.space.feed_id)
        if found is None:
            return None
        return found.freshness(self.clock.now(), place.facility.policy.freshness_minutes)


@dataclass(frozen=True)
class Rooms:
    """Everything this process works with. ``kept`` is what needs indexes."""

    facilities: FacilityDesk
    plans: PlanDesk
    subscriptions: SubscriptionDesk
    quota: QuotaDesk
    seats: SeatDesk
    diary: DiaryDesk
    bookings: BookingDesk
    series: SeriesDesk
    doors: DoorDesk
    occupancy: OccupancyDesk
    waiting: WaitingDesk
    conduct: ConductDesk
    cases: CaseDesk
    agreement: AgreementDesk
    idle: IdleDesk
    calendars_out: CalendarsOut
    kept: tuple[Kept, ...]


def furnish(town: Town, calendars: Mapping[str, Adapter] | None = None) -> Rooms:
    """Put the use cases together; opens nothing. ``calendars`` replaces the adapters to facilities' calendars."""
    database, clock = town.database("spaces"), town.clock
    ports: dict[str, Any] = {"clock": clock, "serial": town.serial}
    register = FacilityDesk(
        facilities=facilities(database, **ports),
        spaces=spaces(database, **ports),
        holidays=read_holidays(town.settings.data_dir / "holidays.yaml"),
        regions=from_boundaries,
        clock=clock,
    )
    planning = plans(town)
    diary = DiaryDesk(diaries(database, **ports), clock)
    all_wishes, all_records, all_feeds = wishes(database, **ports), records(database, **ports), feeds(database, **ports)
    vouching, conduct = Vouching(all_feeds, clock), MayBook(all_records)
    door_desk = DoorDesk(doors(database, **ports), register, must_be_staff, new_secret, clock)
    all_bookings = bookings(database, **ports)
    booking_desk = BookingDesk(
        bookings=all_bookings,
        places=register,
        diary=diary,
        quota=planning.quota,
        vouching=vouching,
        conduct=conduct,
        offers=Offers(all_wishes, clock),
        codes=door_desk,
        clock=clock,
    )
    idle = idle_desk(register, diary.diaries, OneByOne(vouching), AskResidents(town), clock)
    fresh = FreshPlaces(register)
    case_desk = CaseDesk(
        cases=cases(database, **ports),
        bookings=all_bookings,
        desk=booking_desk,
        places=fresh,
        diaries=diary.diaries,
        diary=diary,
        alternatives=idle,
        clock=clock,
    )
    entries = Entries(database.collection("calendar_entries"), database.collection("calendar_words"))
    reader = Reader(
        feeds=all_feeds,
        places=register,
        bookings=all_bookings,
        desk=booking_desk,
        diaries=diary.diaries,
        diary=diary,
        adapters={**adapters(town, entries), **(calendars or {})},
        written=written,
        clock=clock,
        cases=case_desk,
    )
    agreement = AgreementDesk(reader)
    occupancy = OccupancyDesk(tallies(database, **ports), diary.diaries, register, clock)
    out = calendars_out(database, all_bookings, register, **ports)
    return Rooms(
        facilities=register,
        plans=planning.plans,
        subscriptions=planning.subscriptions,
        quota=planning.quota,
        seats=planning.seats,
        diary=diary,
        bookings=booking_desk,
        series=SeriesDesk(booking_desk),
        doors=door_desk,
        occupancy=occupancy,
        waiting=WaitingDesk(all_wishes, diary, fresh, conduct, clock, town.ids),
        conduct=ConductDesk(all_records, register, clock),
        cases=case_desk,
        agreement=agreement,
        idle=idle,
        calendars_out=out,
        kept=(
            register.facilities,
            register.spaces,
            planning.plans.plans,
            planning.subscriptions.subscriptions,
            planning.quota.ledgers,
            planning.seats.seats,
            diary.diaries,
            all_bookings,
            door_desk.doors,
            occupancy.tallies,
            all_wishes,
            all_records,
            case_desk.cases,
            all_feeds,
            entries,
            out.addresses,
        ),
    )


def written(booking: Booking, sequence: int) -> bytes:
    """Return a booking's entry in its facility's calendar: that the room is taken, never by whom."""
    return event_of(booking, summary=TITLE, sequence=sequence)


def adapters(town: Town, entries: Entries) -> Mapping[str, Adapter]:
    """Return how each kind of calendar is reached."""
    outside = Outside(town.settings.calendar_networks)
    return {
        "caldav": CalDavAdapter(outside),
        "ics": IcsAdapter(outside),
        "person": PersonAdapter(),
        "events": EventsAdapter(entries),
    }


def new_secret() -> str:
    """Return 160 random bits in base 32."""
    return b32encode(secrets.token_bytes(20)).decode()
