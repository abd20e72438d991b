"""What stands before the first resident asks: facilities, rooms, calendars, a plan with scarce minutes, subscriptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from shared.clock import kst_day
from tests.chaos.load import CALLERS, NeverAnswered, People, hosted_rows
from tests.chaos.office.rooms import DISTRICT, LAT, LON, Room, rooms_of, weekly
from tests.chaos.office.world import OfficeWorld

OPERATOR, OFFICER = ("operator-chaos", "operator"), ("officer-chaos", "officer")
OFFICE = "gs-subscription-office"
#: Minutes a month: of somebody alone, about two bookings; of a company of so many, who share them.
ALONE, SHARED, COMPANY = 300, 900, 5
#: Every fourth may be written to by mail.
MAILED = 4
#: Seconds between two readings of a calendar.
EVERY = 10
#: Seconds that the stage may take to come to rest.
PATIENCE = 90.0


@dataclass(frozen=True)
class Resident:
    """Somebody who asks for rooms, and on what. ``mail``: where they may be written to, or None."""

    id: str
    subscription: str
    mail: str | None


@dataclass(frozen=True)
class Office:
    """The stage."""

    tenant: str
    prefix: str
    today: date
    rooms: Mapping[str, Room]
    residents: tuple[Resident, ...]
    #: Minutes that each subscription grants a month.
    included: Mapping[str, int]
    #: Room with a calendar of its own -> its feed, and the calendar's name at the facility.
    feeds: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def mail_of(self, resident: str) -> str | None:
        """Where a resident may be written to."""
        return next((one.mail for one in self.residents if one.id == resident), None)

    def feed_of(self, room: Room) -> str | None:
        """The feed whose calendar shows a room's bookings."""
        return None if room.calendar is None else self.feeds[room.calendar]


def an_office(prefix: str, tenant: str, *, residents: int, rooms: int, today: date) -> Office:
    """Return the stage, not set yet."""
    people: list[Resident] = []
    included: dict[str, int] = {}
    for number in range(residents):
        name = f"{prefix}-res-{number:03d}"
        # The first half alone, the others in companies.
        owner = number if number < residents // 2 else number - (number - residents // 2) % COMPANY
        subscription = f"{prefix}-sub-{owner:03d}"
        included[subscription] = ALONE if number < residents // 2 else SHARED
        people.append(Resident(name, subscription, f"{name}@chaos.example" if number % MAILED == 0 else None))
    known = {room.id: room for room in rooms_of(rooms, prefix)}
    with_calendar = [room.id for room in known.values() if room.has_calendar]
    return Office(
        tenant=tenant,
        prefix=prefix,
        today=today,
        rooms=known,
        residents=tuple(people),
        included=included,
        feeds={room: f"{prefix}-fed-{number}" for number, room in enumerate(with_calendar)},
    )


def set_the_stage(
    people: People,
    world: OfficeWorld,
    *,
    residents: int,
    rooms: int,
    before: Callable[[Office], None] = lambda _office: None,
) -> Office:
    """Build everything over RPC; ``before`` is called when the calendars are made and not yet connected."""
    office = an_office(
        people.prefix, people.tenant, residents=residents, rooms=rooms, today=kst_day(datetime.now(UTC))
    )
    addresses = {room: world.calendar.make(room) for room in office.feeds}
    office = Office(**{**vars(office), "addresses": addresses})
    _Setting(people, office).everything()
    before(office)
    for room, feed in office.feeds.items():
        people.insist(
            "spaces_agreement",
            "connect_feed",
            OFFICER,
            act_id=f"{feed}-connect",
            feed_id=feed,
            space_id=room,
            adapter="caldav",
            address=addresses[room],
            every=EVERY,
        )
    _until_all_is_there(world, office)
    return office


@dataclass(frozen=True)
class _Setting:
    people: People
    office: Office

    def everything(self) -> None:
        insist, office = self.people.insist, self.office
        insist(
            "placement_tenants",
            "open",
            OPERATOR,
            act_id=f"{office.prefix}-tenant",
            tenant=office.tenant,
            name="은하구 구독 오피스 (쓰러뜨려 보기)",
            rehearsal=True,
        )
        rows = [row for row in hosted_rows() if row["id"] == OFFICE]
        insist("placement_programmes", "load", OPERATOR, tenant=office.tenant, programmes=rows)
        for facility in dict.fromkeys(room.facility for room in office.rooms.values()):
            self._facility(facility)
        for room in office.rooms.values():
            self._room(room)
        for minutes in (ALONE, SHARED):
            self._plan(minutes)
        self._each(self._register, office.residents)
        owners = {one.subscription: one for one in reversed(office.residents)}
        self._each(self._subscribe, owners.values())
        self._each(self._join, [one for one in office.residents if owners[one.subscription] is not one])

    @property
    def _programme(self) -> str:
        return f"{self.office.tenant}:{OFFICE}"

    def _facility(self, facility: str) -> None:
        rooms = [room for room in self.office.rooms.values() if room.facility == facility]
        self.people.insist(
            "spaces_facilities",
            "open_facility",
            OFFICER,
            act_id=f"{facility}-open",
            facility_id=facility,
            tenant=self.office.tenant,
            district=DISTRICT,
            programme_id=self._programme,
            name="별빛 공유센터",
            kind="공유센터",
            address={"road_address": "광주광역시 광산구 별빛로 12"},
            lat=LAT,
            lon=LON,
            weekly=weekly(late=any(room.late for room in rooms)),
            holidays="open",
        )

    def _room(self, room: Room) -> None:
        how: dict[str, Any] = {} if room.parent is None else {"parent_id": room.parent}
        if room.named_leaves:
            how["leaves"] = list(room.named_leaves)
        self.people.insist(
            "spaces_facilities",
            "open_space",
            OFFICER,
            act_id=f"{room.id}-open",
            space_id=room.id,
            facility_id=room.facility,
            name=room.name,
            kind="회의실",
            capacity=8,
            before_minutes=room.before,
            after_minutes=room.after,
            mode=room.mode,
            approver="calendar",
            **how,
        )

    def _plan(self, minutes: int) -> None:
        self.people.insist(
            "spaces_plans",
            "offer",
            OFFICER,
            act_id=f"{self.office.prefix}-plan-{minutes}",
            plan_id=self._plan_of(minutes),
            tenant=self.office.tenant,
            district=DISTRICT,
            programme_id=self._programme,
            name="대관형",
            kind="hourly",
            included_minutes=minutes,
            most_members=COMPANY,
        )

    def _plan_of(self, minutes: int) -> str:
        return f"{self.office.prefix}-pln-{minutes}"

    def _register(self, one: Resident) -> None:
        purposes = ["service", "contact_mail"] if one.mail else ["service"]
        self.people.insist(
            "residents_registry",
            "register",
            (one.id, "resident"),
            act_id=f"{one.id}-register",
            resident_id=one.id,
            name="은하 이웃",
            mail=one.mail or f"{one.id}@never.example",
            over_14=True,
            consents=[{"purpose": purpose, "text_version": "2026-01"} for purpose in purposes],
        )

    def _subscribe(self, one: Resident) -> None:
        self.people.insist(
            "spaces_plans",
            "subscribe",
            (one.id, "resident"),
            act_id=f"{one.subscription}-start",
            subscription_id=one.subscription,
            plan_id=self._plan_of(self.office.included[one.subscription]),
        )

    def _join(self, one: Resident) -> None:
        owner = next(other for other in self.office.residents if other.subscription == one.subscription)
        self.people.insist(
            "spaces_plans",
            "add_member",
            (owner.id, "resident"),
            act_id=f"{one.id}-join",
            subscription_id=one.subscription,
            resident_id=one.id,
        )

    def _each(self, do: Callable[[Resident], None], residents: Iterable[Resident]) -> None:
        with ThreadPoolExecutor(CALLERS) as callers:
            for done in [callers.submit(do, one) for one in residents]:
                done.result()


def _until_all_is_there(world: OfficeWorld, office: Office) -> None:
    """Every calendar is read once and speaks for its rooms; places may be two seconds old in the services' memory."""
    until, spaces = time.monotonic() + PATIENCE, world.database("spaces")
    while True:
        known = spaces["spaces"].count_documents({"tenant": office.tenant})
        admitted = {
            row["id"]: row["feed_id"]
            for facility in spaces["facilities"].find({"tenant": office.tenant}, ["admitted"])
            for row in facility["admitted"]
        }
        speaking = [room for room, feed in office.feeds.items() if admitted.get(room) == feed]
        read = [one["_id"] for one in spaces["feeds"].find({"tenant": office.tenant}) if one["read_at"] is not None]
        if (known, len(read), len(speaking)) == (len(office.rooms), len(office.feeds), len(office.feeds)):
            time.sleep(2.5)
            return
        if time.monotonic() >= until:
            raise NeverAnswered(f"of {len(office.feeds)} calendars {len(read)} are read, {len(speaking)} known; {known} rooms")
        time.sleep(0.3)
