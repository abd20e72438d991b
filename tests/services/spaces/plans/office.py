"""The subscription office on twins: plans, subscriptions, ledgers and seats, and a relay of their own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from services.spaces.bookings.model import Charge
from services.spaces.plans.reactions import reactions
from services.spaces.plans.wiring import Room, build, prepare
from services.spaces.quota.model import QuotaLedger
from services.spaces.seats.model import SeatPlan
from shared.clock import StoppedClock
from shared.events.envelope import Event
from shared.ids import SeededIds
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.mongo.twin import TwinDatabase
from shared.serial import KeyedQueue
from shared.town import twin_town
from tests.services.spaces.makers import DISTRICT, NOW, OFFICER, TENANT, a_resident, at

PROGRAMME = "gs-subscription-office"
HOURLY, SEATS = "pln-대관형", "pln-입주형"
#: Of acts, whichever office asks for them.
NUMBERS = count(1)
COLLECTIONS = ("plans", "subscriptions", "ledgers", "seat_plans")


def terms(**changes: Any) -> dict[str, Any]:
    """Return the terms of an hourly plan, loaded: 10 hours a month, 2 of them carried at most."""
    return {
        "name": "광산 공유 사무실 대관형",
        "kind": "hourly",
        "cycle_days": 0,
        "included_minutes": 600,
        "rollover_cap": 120,
        "facility_ids": [],
        "space_ids": [],
        "most_pauses": 2,
        "pause_notice_days": 0,
        "most_members": 0,
        "seats": 0,
        "least_months": 0,
        "promote": "at_once",
        "offer_hours": 48,
        **changes,
    }


def seat_terms(**changes: Any) -> dict[str, Any]:
    """Return the terms of a plan with 8 seats, loaded."""
    known = {"name": "첨단2동 입주형", "kind": "seat", "included_minutes": 0, "rollover_cap": 0, "seats": 8}
    return terms(**{**known, **changes})


@dataclass
class Office:
    """Everything plans do, in one process, with a clock that stands still."""

    room: Room
    database: Database
    clock: StoppedClock
    said: list[Event] = field(default_factory=list)

    def act_id(self) -> str:
        """Return an id for an act."""
        return f"act-{next(NUMBERS)}"

    def offers(self, plan_id: str = HOURLY, **changes: Any) -> None:
        """Let the officer offer a plan."""
        wanted = seat_terms(**changes) if plan_id == SEATS else terms(**changes)
        self.room.plans.offer(
            OFFICER,
            act_id=self.act_id(),
            plan_id=plan_id,
            tenant=TENANT,
            district=DISTRICT,
            programme_id=PROGRAMME,
            **wanted,
        )

    def subscribes(self, number: int = 1, plan_id: str = HOURLY, **asked: Any) -> dict[str, Any]:
        """Let a resident subscribe."""
        known = {"act_id": self.act_id(), "subscription_id": f"sub-{number}", "plan_id": plan_id}
        return self.room.subscriptions.subscribe(a_resident(number), **{**known, **asked})

    def ends(self, number: int = 1, *, at_once: bool = True) -> dict[str, Any]:
        """Let a resident end their subscription."""
        return self.room.subscriptions.end(
            a_resident(number), act_id=self.act_id(), subscription_id=f"sub-{number}", at_once=at_once
        )

    def holds(self, booking_id: str, minutes: int, *, number: int = 1, day: int = 1, **changes: Any) -> str:
        """Hold minutes for a booking on a day of December (33: the 2nd of January); return the ledger's id."""
        quota = self.room.quota
        paid = quota.quote(f"sub-{number}", changes.pop("resident", f"res-{number}"), at(10 + 24 * (day - 1)))
        deadline = self.clock.now() + timedelta(seconds=60)
        known = {"act_id": f"act-{booking_id}", "deadline": deadline, **changes}
        quota.hold(booking_id=booking_id, paid=paid, minutes=minutes, **known)
        return paid.ledger_id

    def books(self, booking_id: str, minutes: int, **asked: Any) -> str:
        """Hold minutes for a booking and count it; return the ledger's id."""
        ledger_id = self.holds(booking_id, minutes, **asked)
        self.counts(booking_id, ledger_id, minutes)
        return ledger_id

    def counts(self, booking_id: str, ledger_id: str, consumed: int, version: int = 1) -> None:
        """Settle a booking."""
        charge = Charge(consumed=consumed)
        self.room.quota.settle(booking_id=booking_id, ledger_id=ledger_id, charge=charge, version=version)

    def ledger(self, ledger_id: str = "sub-1:2026-12-01") -> QuotaLedger:
        """Return a ledger."""
        return self.room.quota.ledgers.get(ledger_id)

    def seats(self, plan_id: str = SEATS) -> SeatPlan:
        """Return a plan's seats."""
        return self.room.seats.seats.get(plan_id)

    def hears(self, *, times: int = 1) -> list[Event]:
        """Publish what waits in the outboxes and react to it, each event ``times`` over, until nobody says more."""
        table = reactions(self.room)
        heard: list[Event] = []
        while batch := self._collect():
            heard += batch
            for event in batch * times:
                if event.type in table:
                    table[event.type]([event])
        self.said += heard
        return heard

    def moves_to(self, instant: datetime, *, times: int = 1) -> None:
        """Let time pass, and everything that is due happen."""
        self.clock.at = instant
        for _ in range(10):
            self.room.subscriptions.move_on()
            self.hears(times=times)
            self.room.quota.sweep()
            self.room.seats.sweep()
            self.hears(times=times)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of everything of a kind that was heard, such as ``seat.taken``."""
        return [event.data for event in self.said if event.type == f"kr.sipbun.spaces.{kind}.v1"]

    def _collect(self) -> list[Event]:
        events = []
        for name in COLLECTIONS:
            collection = self.database.collection(name)
            for document in collection.find({"outbox.s": "new"}, ["outbox"]):
                events += [event_of(entry) for entry in document["outbox"]]
                ids = [entry["id"] for entry in document["outbox"]]
                collection.update_one({"_id": document["_id"]}, {"$pull": {"outbox": {"id": {"$in": ids}}}})
        return events


def an_office(database: Database | None = None, *, now: datetime = NOW) -> Office:
    """Return an office; several on one database are replicas."""
    kept = database or TwinDatabase("spaces")
    clock = StoppedClock(now)
    town = twin_town(database=lambda _name: kept, clock=clock, ids=SeededIds(1), serial=KeyedQueue())
    prepare(town)
    return Office(build(town), kept, clock)


class InTurn:
    """A twin database for real threads: one verb at a time, as an engine would have it."""

    def __init__(self, database: TwinDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()

    def collection(self, name: str) -> Any:
        """Return the collection."""
        return _Locked(self._database.collection(name), self._lock)

    def answers(self) -> bool:
        """Return True."""
        return True


class _Locked:
    def __init__(self, collection: Any, lock: threading.Lock) -> None:
        self._collection, self._lock = collection, lock
        self.name = collection.name

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._collection, verb)

        def locked(*args: Any, **named: Any) -> Any:
            with self._lock:
                return method(*args, **named)

        return locked


def all_at_once(*works: Any) -> list[BaseException]:
    """Run each in a thread of its own; return what they raised."""
    gate, raised = threading.Barrier(len(works)), []

    def run(work: Any) -> None:
        gate.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  (whatever it was, the test looks at it)
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
