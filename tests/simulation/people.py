"""The people of a simulated town: what they ask for, again and again until somebody answers, and what they were told.

An act keeps its id however often it is sent: an answer that never came is read back by asking once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.actors import Actor
from shared.clock import KST, iso
from shared.errors import Conflict, NotFound, Refused, Unavailable
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import Event
from shared.messaging.message import message_of
from tests.simulation.world import World

TENANT = "gwangsan"
DISTRICT = "29200"
#: 은하수 작은도서관 stands at this made-up point of the district.
LIBRARY = {"name": "은하수 작은도서관", "address": "광주광역시 광산구 첨단중앙로 1", "lat": 35.1457, "lon": 126.7937}

OPERATOR = Actor("operator-1", frozenset({"operator"}), TENANT)
OFFICERS = tuple(Actor(f"officer-{number}", frozenset({"officer"}), TENANT) for number in (1, 2))
RESIDENTS = tuple(Actor(f"res-{number}", frozenset({"resident"}), TENANT) for number in range(1, 7))
SERVICE = Actor("simulation", frozenset({"service"}), "")


@dataclass
class Ledger:
    """What people were told was done, by (verb, ids)."""

    done: list[tuple[str, dict[str, Any], Any]] = field(default_factory=list)
    busy: int = 0
    #: Openings of which somebody asked something that was not answered.
    given_up: set[str] = field(default_factory=set)
    #: Who wants news of the library's neighbourhood, and since when (RFC 3339).
    neighbours: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """An opening that will be published."""

    opening_id: str
    programme: str
    places: int
    mode: str
    #: Virtual seconds until its deadline.
    open_for: float


class People:
    """Everybody's scripts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.ledger = Ledger()
        self._acts = 0
        self.plans = (
            Plan("opn-1", "narrow", 2, "officer", 400.0),
            Plan("opn-2", "narrow", 2, "officer", 300.0),
            Plan("opn-3", "wide", 3, "officer", 350.0),
            Plan("opn-4", "wide", 2, "first_come", 250.0),
            Plan("opn-5", "narrow", 2, "officer", 120.0),
            Plan("opn-6", "narrow", 2, "officer", 90.0),
        )
        #: What the narrow programme may spend: one of its two openings, and a little.
        self.ceiling = 2 * 2 * 10_320 + 100

    def arrive(self) -> None:
        """Start everybody's script."""
        self._start("operator", self._set_up)

    def at_home(self) -> bool:
        """Return whether every script has ended."""
        return self.ledger.busy == 0

    def _set_up(self) -> None:
        """Open the tenant, load programmes, register residents; then everybody comes."""
        self._insist("placement_tenants", "open", OPERATOR, tenant=TENANT, name="광산구", rehearsal=False)
        rows = [
            {"id": name, "name_ko": name, "kind": "job_matching", "role": "core", "district_code": DISTRICT}
            for name in ("narrow", "wide")
        ]
        self._insist("placement_programmes", "load", OPERATOR, act=False, tenant=TENANT, programmes=rows)
        self._insist(
            "placement_programmes", "set_budget", OFFICERS[0], programme_id=f"{TENANT}:narrow", total=self.ceiling
        )
        for number, resident in enumerate(RESIDENTS):
            self._start(resident.subject, lambda one=resident, n=number: self._live(one, n))
        for plan in self.plans:
            self._start(plan.opening_id, lambda one=plan: self._publish(one))
        for officer in OFFICERS:
            self._start(officer.subject, lambda one=officer: self._decide(one))
        self._start("muni1", self._tell_from_outside)

    def _publish(self, plan: Plan) -> None:
        self._wait(3.0)
        for _ in range(4):
            if self._publish_once(plan) is not None:
                return
            self._wait(80.0)

    def _publish_once(self, plan: Plan) -> Any:
        now = self.world.scheduler.now()
        work = (now + timedelta(days=2)).astimezone(KST).replace(hour=10, minute=0, second=0, microsecond=0)
        return self._insist(
            "placement_openings",
            "publish",
            self.random.choice(OFFICERS),
            opening_id=plan.opening_id,
            programme_id=f"{TENANT}:{plan.programme}",
            title="작은도서관 도서 정리",
            place=LIBRARY,
            shifts=[{"start": work.isoformat(), "end": (work + timedelta(hours=2)).isoformat()}],
            places=plan.places,
            hourly_won=10_320,
            mode=plan.mode,
            deadline=iso(now + timedelta(seconds=plan.open_for)),
        )

    def _live(self, resident: Actor, number: int) -> None:
        """Register (half of them with a mail address), then apply, withdraw, apply again."""
        consents = ["service", "contact_mail"] if number % 2 else ["service"]
        if number < 2:
            consents += ["location", "news_near_me"]
        self._insist(
            "residents_registry",
            "register",
            SERVICE,
            resident_id=resident.subject,
            tenant=TENANT,
            name="첨단동 주민",
            mail=f"{resident.subject}@example.org" if number % 2 else None,
            over_14=True,
            consents=[{"purpose": purpose, "text_version": "2026-01"} for purpose in consents],
        )
        if number < 2:
            self._insist(
                "residents_interests",
                "set",
                resident,
                resident_id=resident.subject,
                interest_id=f"{resident.subject}:home",
                lat=LIBRARY["lat"],
                lon=LIBRARY["lon"],
                radius=700,
                topics=["jobs"],
            )
            # The map of interests is fed by events: it knows a little later.
            self.ledger.neighbours[resident.subject] = iso(self.world.scheduler.now() + timedelta(seconds=240))
        self._wait(6.0)
        for plan in self.random.sample(self.plans, k=3):
            applied = self._insist("placement_openings", "apply", resident, opening_id=plan.opening_id)
            self._wait(6.0)
            if applied is not None and self.random.random() < 0.35:
                application = f"{plan.opening_id}:{resident.subject}"
                self._insist("placement_openings", "withdraw", resident, application_id=application)
                if self.random.random() < 0.4:
                    self._wait(2.0)
                    self._insist("placement_openings", "apply", resident, opening_id=plan.opening_id)

    def _decide(self, officer: Actor) -> None:
        """Select at random, in a race with the other officer; sometimes take a place back, close or cancel."""
        self._wait(6.0)
        for _ in range(9):
            plan = self.random.choice(self.plans)
            resident = self.random.choice(RESIDENTS).subject
            roll = self.random.random()
            named = {"opening_id": plan.opening_id}
            if roll < 0.80:
                self._insist("placement_openings", "select", officer, **named, resident_id=resident)
            elif roll < 0.88:
                asked = {**named, "resident_id": resident}
                self._insist("placement_openings", "release_place", officer, **asked)
            elif roll < 0.93:
                application = f"{plan.opening_id}:{resident}"
                self._insist("placement_openings", "not_select", officer, application_id=application)
            elif roll < 0.97:
                self._insist("placement_openings", "close", officer, **named)
            else:
                self._insist("placement_openings", "cancel", officer, **named, reason="시설 공사")
            self._wait(3.0)

    def _tell_from_outside(self) -> None:
        """Two offices of one publisher number their events alike; one says what nobody knows, one breaks its word."""
        connection = self.world.broker.connection(self.world.scheduler.step, user="muni1")
        self._wait(4.0)
        for number in ("1", "2"):
            for office in ("/muni1/첨단", "/muni1/수완"):
                self._tell(connection, _shelter(number, office, self.world.scheduler.now()))
        self._tell(connection, _shelter("9", "/muni1/첨단", self.world.scheduler.now(), known=False))
        self._tell(connection, _shelter("3", "/muni1/첨단", self.world.scheduler.now(), level="사나움"))
        self._tell(connection, _shelter("4", "/sipbun/placement", self.world.scheduler.now()))

    def _tell(self, connection: Any, event: Event) -> None:
        key = HEAT_SHELTER_OPENED.routing_key if event.type == HEAT_SHELTER_OPENED.type else "muni1.shelter.opened.v9"
        for _ in range(50):
            try:
                connection.publish([message_of(event, key)])
            except Unavailable:
                self._wait(1.0)
            else:
                self.ledger.done.append(("tell", {"id": event.id, "source": event.source, "type": event.type}, None))
                return

    def _insist(self, service: str, method: str, actor: Actor, *, act: bool = True, **asked: Any) -> Any:
        """Ask until there is an answer; return it, or None when it was a refusal."""
        if act:
            self._acts += 1
            asked["act_id"] = f"act-{self._acts}"
        story = f"{actor.subject} {method} {' '.join(str(asked[key]) for key in _TOLD if key in asked)}"
        # Some people don't ask twice: what they asked for may still happen, long after they have left.
        patient = method not in _MAY_LEAVE or self.random.random() > 0.4
        for _ in range(200):
            try:
                answer = self.world.call(service, method, token=actor, **asked)
            except (Unavailable, Conflict):
                if method in _MAY_LEAVE:
                    # It may still be done, whatever the next answer is: the one who was asked may only sleep.
                    self.ledger.given_up.add(asked["opening_id"])
                if not patient:
                    self.world.scheduler.tell(f"{story}: no answer, and not asked again")
                    return None
                self.world.scheduler.sleep(self.random.uniform(0.1, 2.0))
            except (Refused, NotFound) as refused:
                self.world.scheduler.tell(f"{story}: {refused}")
                return None
            else:
                self.world.scheduler.tell(f"{story}: done")
                self.ledger.done.append((method, {**asked, "actor": actor.subject}, answer))
                return answer
        raise AssertionError(f"{story}: never an answer")

    def _wait(self, most: float) -> None:
        self.world.scheduler.sleep(self.random.random() * most)

    def _start(self, name: str, script: Callable[[], None]) -> None:
        self.ledger.busy += 1

        def run() -> None:
            script()
            self.ledger.busy -= 1

        self.world.scheduler.spawn(self.world.people, name, run)


_MAY_LEAVE = ("publish", "select", "close", "cancel")
_TOLD = ("opening_id", "application_id", "resident_id", "programme_id", "tenant")


def _shelter(number: str, office: str, now: Any, *, known: bool = True, level: str = "warning") -> Event:
    return Event(
        id=number,
        source=office,
        type=HEAT_SHELTER_OPENED.type if known else "kr.muni1.shelter.opened.v9",
        subject=f"쉼터-{office}-{number}",
        tenant=TENANT,
        time=now,
        sequence="1",
        data={"shelter_id": f"쉼터-{number}", "district": DISTRICT, "opened_at": iso(now), "level": level},
    )
