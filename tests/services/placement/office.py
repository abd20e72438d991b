"""Placement's office on twins or on a real database: makers for tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.placement import service
from services.placement.openings.reactions import reactions
from services.placement.openings.usecases import OpeningDesk
from services.placement.programmes.usecases import ProgrammeDesk
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.clock import KST, StoppedClock
from shared.errors import Unavailable
from shared.ids import SeededIds
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.town import twin_town

TENANT = "gwangsan"
#: A Tuesday, 14:00 in Seoul.
NOW = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
OPERATOR = Actor("operator-1", frozenset({"operator"}), TENANT)
OFFICER = Actor("officer-1", frozenset({"officer"}), TENANT)
ALLOWANCE = f"{TENANT}:gs-citizen-allowance"


class EverybodyLivesHere:
    """The residents service, as far as it says who registered where: here, but for ``stranger``."""

    def call(self, service: str, method: str, /, **asked: Any) -> Any:
        """Return the tenant of a resident; nothing else is listened to."""
        if (service, method) != ("residents_registry", "tenant_of"):
            raise Unavailable(f"{service}.{method}: no such service listens")
        return {"tenant": "bukgu" if asked["resident_id"] == "stranger" else TENANT}


def a_resident(number: int, tenant: str = TENANT) -> Actor:
    """Return a resident who signed in."""
    return Actor(f"res-{number}", frozenset({"resident"}), tenant)


def a_row(**changes: Any) -> dict[str, Any]:
    """Return a programme's row, loaded."""
    return {
        "id": "gs-citizen-allowance",
        "name_ko": "민간시민형 광산시민수당",
        "name_en": None,
        "kind": "job_matching",
        "role": "core",
        "parent": None,
        "municipality": "광주광역시",
        "district": "광산구",
        "district_code": "29200",
        "year": 2023,
        "wage_floor": "minimum",
        **changes,
    }


@dataclass
class Office:
    """Everything placement does, with a clock that stands still, and its own relay: what is said is heard at once."""

    openings: OpeningDesk
    programmes: ProgrammeDesk
    database: Database
    clock: StoppedClock
    said: list[Any] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(self._numbers)}"

    def an_opening(self, opening_id: str = "opn-1", **changes: Any) -> dict[str, Any]:
        """Publish an opening: two hours of work in two days, 3 places."""
        work = (self.clock.now() + timedelta(days=2)).astimezone(KST).replace(hour=10, minute=0)
        asked: dict[str, Any] = {
            "act_id": self.act_id(),
            "opening_id": opening_id,
            "programme_id": ALLOWANCE,
            "title": "경로당 식사 보조",
            "place": {"name": "첨단 경로당", "address": "광주광역시 광산구", "lat": 35.1457, "lon": 126.7937},
            "shifts": [{"start": work, "end": work + timedelta(hours=2)}],
            "places": 3,
            "hourly_won": 10_320,
            "mode": "officer",
            "deadline": self.clock.now() + timedelta(days=1),
        }
        return self.openings.publish(OFFICER, **{**asked, **changes})

    def applies(self, number: int, opening_id: str = "opn-1") -> dict[str, Any]:
        """Let a resident apply."""
        return self.openings.apply(a_resident(number), act_id=self.act_id(), opening_id=opening_id)

    def withdraws(self, number: int, opening_id: str = "opn-1") -> dict[str, Any]:
        """Let a resident withdraw."""
        named = f"{opening_id}:res-{number}"
        return self.openings.withdraw(a_resident(number), act_id=self.act_id(), application_id=named)

    def selects(self, number: int, opening_id: str = "opn-1", **changes: Any) -> dict[str, Any]:
        """Let the officer select a resident."""
        asked = {"act_id": self.act_id(), "opening_id": opening_id, "resident_id": f"res-{number}", **changes}
        return self.openings.select(OFFICER, **asked)

    def hears(self, *, times: int = 1) -> list[Any]:
        """Publish what waits in the outboxes and react to it, each event ``times`` over, until nobody says more."""
        table = reactions(self.openings)
        heard = []
        while batch := self._collect():
            heard += batch
            for event in batch * times:
                if event.type in table:
                    table[event.type]([event])
        self.said += heard
        return heard

    def states(self, opening_id: str = "opn-1") -> dict[str, str]:
        """Return resident -> state of the application."""
        told = self.openings.applications_of(OFFICER, opening_id=opening_id)["applications"]
        return {row["resident_id"]: row["state"] for row in told}

    def state(self, opening_id: str = "opn-1") -> str:
        """Return the opening's state."""
        return str(self.openings.read(OFFICER, opening_id=opening_id)["state"])

    def budget(self) -> dict[str, Any]:
        """Return what the programme's budget counts."""
        told = self.openings.budget.read(OFFICER, programme_id=ALLOWANCE)
        return {name: told[name] for name in ("held", "granted", "committed", "balance")}

    def _collect(self) -> list[Any]:
        events = []
        for name in ("openings", "applications"):
            collection = self.database.collection(name)
            for document in collection.find({"outbox.s": "new"}, ["outbox"]):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        return events


def an_office(database: Database, *, at: datetime = NOW) -> Office:
    """Return an office with an open tenant and one programme."""
    clock = StoppedClock(at)
    town = twin_town(database=lambda _name: database, clock=clock, ids=SeededIds(1), ask=EverybodyLivesHere())
    service.prepare(town)
    rooms = furnish(town)
    office = Office(rooms.openings, rooms.programmes, database, clock)
    office.programmes.open_tenant(OPERATOR, act_id="open", tenant=TENANT, name="광산구", rehearsal=False)
    office.programmes.load(OPERATOR, tenant=TENANT, programmes=[a_row()])
    return office
