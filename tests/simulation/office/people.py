"""The people of the office: an officer sets it up, residents and hosts live two days in it, and a night lies between.

Residents ask for spans of minutes, most of them in the next minutes and some on a day far ahead, so that requests,
no-shows, offers and conflicts all come while others are under way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.actors import Actor
from tests.simulation.folk import DISTRICT, OFFICERS, OPERATOR, SERVICE, TENANT, Folk
from tests.simulation.office import cast
from tests.simulation.office.cast import BEGINNING, NIGHT
from tests.simulation.office.hosts import Hosts
from tests.simulation.office.outside import HallsSystem
from tests.simulation.office.residents import Residents
from tests.simulation.office.watch import Watch
from tests.simulation.world import World

__all__ = ["BEGINNING", "NIGHT", "People"]

#: Seconds from the end of the first day to the second: a cycle of the day before is sealed by then.
UNTIL_NEXT_DAY = 25 * 3600.0


class People(Folk):
    """Everybody's scripts."""

    may_leave = ("request", "cancel", "wish", "answer", "subscribe", "end", "decide", "take_alternative")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.watch = Watch(world)
        self.hosts = Hosts(self)
        self.residents = Residents(self)
        self.halls_system = HallsSystem(self)
        #: The most seats that the seat plan ever had.
        self.most_seats = cast.SEATS
        self.promote = self.random.choice(("at_once", "offer"))
        self._names = 0

    def arrive(self) -> None:
        """Start everybody's script."""
        self.start("officer", self._play)

    def name(self, prefix: str) -> str:
        """Return a new id."""
        self._names += 1
        return f"{prefix}-{self._names}"

    def _play(self) -> None:
        self._set_up()
        self._day(8)
        while self.ledger.busy > 1:
            self.world.scheduler.sleep(5.0)
        self.world.scheduler.leap(UNTIL_NEXT_DAY)
        self.hosts.may_close = True
        self._day(5)

    def _set_up(self) -> None:
        officer = OFFICERS[0]
        self.insist("placement_tenants", "open", OPERATOR, tenant=TENANT, name="광산구", rehearsal=False)
        row = {"id": "office", "name_ko": "구독 오피스", "kind": "space_share", "role": "core", "district_code": DISTRICT}
        self.insist("placement_programmes", "load", OPERATOR, act=False, tenant=TENANT, programmes=[row])
        for facility in cast.facilities():
            self.insist("spaces_facilities", "open_facility", officer, **facility)
        for space in cast.spaces():
            self.insist("spaces_facilities", "open_space", officer, **space)
        for plan in cast.plans(self.promote):
            self.insist("spaces_plans", "offer", officer, **plan)
        self.insist(
            "spaces_agreement", "connect_feed", officer, feed_id=cast.ROOMS_FEED, space_id=cast.ROOM, adapter="caldav",
            address=cast.CALENDAR, every=60,
        )
        self.insist(
            "spaces_agreement", "connect_feed", officer, feed_id=cast.HALLS_FEED, space_id=cast.HALL, adapter="events",
            every=60,
        )
        for number, resident in enumerate(cast.RESIDENTS):
            self._register(resident, with_mail=bool(number % 2))
        self.residents.subscribe_all()

    def _register(self, resident: Actor, *, with_mail: bool) -> None:
        self.insist(
            "residents_registry",
            "register",
            SERVICE,
            resident_id=resident.subject,
            tenant=TENANT,
            name="첨단동 주민",
            mail=f"{resident.subject}@example.org" if with_mail else None,
            over_14=True,
            consents=[{"purpose": one, "text_version": "2026-01"} for one in ("service", "contact_mail")],
        )

    def _day(self, acts: int) -> None:
        """Let everybody do so many things, beside each other."""
        for resident in cast.RESIDENTS:
            self._start(resident.subject, lambda one=resident: self.residents.live(one, acts))
        for facility_id, host in cast.HOSTS.items():
            self._start(host.subject, lambda one=facility_id: self.hosts.work(one, acts + 2))
        self._start("officer", lambda: self.hosts.decide(acts // 2))
        self._start("muni1", lambda: self.halls_system.tell(acts))

    def _start(self, name: str, script: Callable[[], Any]) -> None:
        self.start(name, script)
