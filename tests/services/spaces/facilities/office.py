"""The facilities office on twins: makers for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from services.spaces.facilities.holidays import HolidayTable
from services.spaces.facilities.intake import Intake
from services.spaces.facilities.model import Hours, Place
from services.spaces.facilities.regions import TwinRegions
from services.spaces.facilities.register import Register
from services.spaces.facilities.storage import facilities, spaces
from services.spaces.facilities.usecases import FacilityDesk
from shared.actors import ANYONE, Actor
from shared.clock import StoppedClock
from shared.mongo.twin import TwinDatabase, no_step
from shared.serial import KeyedQueue
from tests.services.spaces import makers

TENANT, DISTRICT, PROGRAMME = "gwangsan", "29200", "gs-subscription-office"
#: A Tuesday, 14:00 in Seoul.
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
HOST = Actor("host-1", frozenset({"host"}), TENANT)
OTHER_HOST = Actor("host-2", frozenset({"host"}), TENANT)
RESIDENT = Actor("res-1", frozenset({"resident"}), TENANT)
LIBRARY, HALL = "fac-은하수", "spc-강당"
NINE_TO_SIX: Any = [[[540, 1080]]] * 5 + [[]] * 2


@dataclass
class Office:
    """A desk, what everybody reads, and the import, over one database and a clock that stands still."""

    database: TwinDatabase = field(default_factory=lambda: TwinDatabase("spaces"))
    clock: StoppedClock = field(default_factory=lambda: StoppedClock(NOW))
    holidays: HolidayTable = field(default_factory=HolidayTable)
    regions: Callable[..., Any] = field(default_factory=TwinRegions)

    def __post_init__(self) -> None:
        serial = KeyedQueue()
        #: Called before every question to the database, and after every write.
        self.step: Callable[[str], None] = no_step
        view = self.database.seen_by(self._step)
        self.desk = FacilityDesk(
            facilities=facilities(view, clock=self.clock, serial=serial),
            spaces=spaces(view, clock=self.clock, serial=serial),
            holidays=self.holidays,
            regions=self.regions,
            clock=self.clock,
        )
        self.register = Register(self.desk)
        self.intake = Intake(self.desk)
        self._acts = count(1)

    def _step(self, what: str) -> None:
        self.step(what)

    def act(self) -> str:
        """Return a new act id."""
        return f"act-{next(self._acts)}"

    def opens_facility(self, facility_id: str = LIBRARY, actor: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
        """Open 은하수 작은도서관."""
        known: dict[str, Any] = {
            "act_id": self.act(),
            "tenant": TENANT,
            "district": DISTRICT,
            "programme_id": PROGRAMME,
            "name": "은하수 작은도서관",
            "kind": "작은도서관",
            "address": {
                "road_address": "광주광역시 광산구 소촌로85번길 14-9",
                "jibun": "광주광역시 광산구 소촌동 543-1",
                "building_name": "소촌아트팩토리",
            },
            "lat": 35.1457,
            "lon": 126.7937,
            "managers": ["host-1"],
            "weekly": NINE_TO_SIX,
        }
        return self.desk.open_facility(actor, facility_id=facility_id, **{**known, **changes})

    def opens_space(
        self, space_id: str = HALL, facility_id: str = LIBRARY, actor: Actor = OFFICER, **changes: Any
    ) -> dict[str, Any]:
        """Open its 강당."""
        known: dict[str, Any] = {"act_id": self.act(), "name": "강당", "kind": "강당", "capacity": 60}
        return self.desk.open_space(actor, space_id=space_id, facility_id=facility_id, **{**known, **changes})

    def has_a_hall_of_parts(self) -> None:
        """Open 강당 with 동관 (서재 and 작업실) and 주방."""
        self.opens_facility()
        self.opens_space()
        self.opens_space("spc-동관", name="동관", parent_id=HALL, leaves=["spc-서재", "spc-작업실"])
        self.opens_space("spc-서재", name="서재", parent_id="spc-동관")
        self.opens_space("spc-작업실", name="작업실", parent_id="spc-동관")
        self.opens_space("spc-주방", name="주방", parent_id=HALL)

    def said(self) -> list[str]:
        """Return what was said so far: ``facility.opened``, by the order of the documents."""
        kept = [
            (entry["time"], entry["sequence"], entry["type"])
            for name in ("facilities", "spaces")
            for document in self.database.collection(name).find({})
            for entry in document["outbox"]
        ]
        return [kind.removeprefix("kr.sipbun.spaces.").removesuffix(".v1") for _time, _sequence, kind in sorted(kept)]

    def reads(self, facility_id: str = LIBRARY) -> Mapping[str, Any]:
        """Return what everybody reads of a facility."""
        return self.register.facility(ANYONE, facility_id=facility_id)


class Crash(Exception):
    """The process died here."""


def dying_at(step: int) -> Callable[[str], None]:
    """Return a twin's step that dies at the so-manieth call."""
    steps = count(1)

    def step_or_die(_what: str) -> None:
        if next(steps) == step:
            raise Crash

    return step_or_die


def dying_at_the_first(verb: str) -> Callable[[str], None]:
    """Return a twin's step that dies when this is about to happen."""

    def step_or_die(what: str) -> None:
        if what == verb:
            raise Crash

    return step_or_die


def a_place(
    hours: Hours | None = None, own: Hours | None = None, space: Mapping[str, Any] | None = None, **facility: Any
) -> Place:
    """Return a place with these hours."""
    told = {"hours": hours or Hours(), "holidays": "closed", **facility}
    return Place(makers.a_facility(**told), makers.a_space(**{"hours": own, **(space or {})}))


def a_day(text: str) -> date:
    """Return the day."""
    return date.fromisoformat(text)
