"""The people of the story of jobs: openings, applications, places, and a system outside that tells of shelters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.actors import Actor
from shared.clock import KST, iso
from shared.events.city import HEAT_SHELTER_OPENED
from shared.events.envelope import Event
from tests.simulation.folk import DISTRICT, LIBRARY, OFFICERS, OPERATOR, RESIDENTS, SERVICE, TENANT, Folk
from tests.simulation.world import World


@dataclass(frozen=True)
class Plan:
    """An opening that will be published."""

    opening_id: str
    programme: str
    places: int
    mode: str
    #: Virtual seconds until its deadline.
    open_for: float
    #: When its work begins, in KST. Two of them are at one time: nobody is given a place in both.
    hour: int


class People(Folk):
    """Everybody's scripts."""

    may_leave = ("publish", "select", "close", "cancel")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.plans = (
            Plan("opn-1", "narrow", 2, "officer", 400.0, 8),
            Plan("opn-2", "narrow", 2, "officer", 300.0, 10),
            Plan("opn-3", "wide", 3, "officer", 350.0, 12),
            Plan("opn-4", "wide", 2, "first_come", 250.0, 14),
            Plan("opn-5", "narrow", 2, "officer", 120.0, 16),
            Plan("opn-6", "narrow", 2, "officer", 90.0, 16),
        )
        #: What the narrow programme may spend: one of its two openings, and a little.
        self.ceiling = 2 * 2 * 10_320 + 100

    def arrive(self) -> None:
        """Start everybody's script."""
        self.start("operator", self._set_up)

    def _set_up(self) -> None:
        """Open the tenant, load programmes, register residents; then everybody comes."""
        self.insist("placement_tenants", "open", OPERATOR, tenant=TENANT, name="광산구", rehearsal=False)
        rows = [
            {"id": name, "name_ko": name, "kind": "job_matching", "role": "core", "district_code": DISTRICT}
            for name in ("narrow", "wide")
        ]
        self.insist("placement_programmes", "load", OPERATOR, act=False, tenant=TENANT, programmes=rows)
        self.insist(
            "placement_programmes", "set_budget", OFFICERS[0], programme_id=f"{TENANT}:narrow", total=self.ceiling
        )
        for number, resident in enumerate(RESIDENTS):
            self.start(resident.subject, lambda one=resident, n=number: self._live(one, n))
        for plan in self.plans:
            self.start(plan.opening_id, lambda one=plan: self._publish(one))
        for officer in OFFICERS:
            self.start(officer.subject, lambda one=officer: self._decide(one))
        self.start("muni1", self._tell_from_outside)

    def _publish(self, plan: Plan) -> None:
        self.wait(3.0)
        for _ in range(4):
            if self._publish_once(plan) is not None:
                return
            self.wait(80.0)

    def _publish_once(self, plan: Plan) -> Any:
        now = self.world.scheduler.now()
        work = (now + timedelta(days=2)).astimezone(KST).replace(hour=plan.hour, minute=0, second=0, microsecond=0)
        return self.insist(
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
        self.insist(
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
            self.insist(
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
        self.wait(6.0)
        for plan in self.random.sample(self.plans, k=3):
            applied = self.insist("placement_openings", "apply", resident, opening_id=plan.opening_id)
            self.wait(6.0)
            if applied is not None and self.random.random() < 0.35:
                application = f"{plan.opening_id}:{resident.subject}"
                self.insist("placement_openings", "withdraw", resident, application_id=application)
                if self.random.random() < 0.4:
                    self.wait(2.0)
                    self.insist("placement_openings", "apply", resident, opening_id=plan.opening_id)

    def _decide(self, officer: Actor) -> None:
        """Select in a race with the other officer; sometimes take a place back, close or cancel.

        Mostly of those who applied, sometimes of people and openings that nobody expects.
        """
        self.wait(6.0)
        for _ in range(12):
            plan = self.random.choice(self.plans)
            roll = self.random.random()
            named = {"opening_id": plan.opening_id}
            if roll < 0.7:
                opening, resident = self._one_of("apply")
                self.insist("placement_openings", "select", officer, opening_id=opening, resident_id=resident)
            elif roll < 0.88:
                opening, resident = self._one_with_a_place()
                self.insist("placement_openings", "release_place", officer, opening_id=opening, resident_id=resident)
            elif roll < 0.93:
                opening, resident = self._one_of("apply")
                self.insist("placement_openings", "not_select", officer, application_id=f"{opening}:{resident}")
            elif roll < 0.97:
                self.insist("placement_openings", "close", officer, **named)
            else:
                self.insist("placement_openings", "cancel", officer, **named, reason="시설 공사")
            self.wait(3.0)

    def _one_of(self, verb: str) -> tuple[str, str]:
        """Return the opening and the resident of something done, or now and then of nothing at all."""
        done = [
            (asked["opening_id"], asked.get("resident_id", asked["actor"]))
            for name, asked, _ in self.ledger.done
            if name == verb
        ]
        if done and self.random.random() < 0.75:
            return self.random.choice(done)
        return self.random.choice(self.plans).opening_id, self.random.choice(RESIDENTS).subject

    def _one_with_a_place(self) -> tuple[str, str]:
        """Return an opening and somebody who should have a place in it: of one that should be full, if there is any."""
        places = {plan.opening_id: plan.places for plan in self.plans}
        first_come = {plan.opening_id for plan in self.plans if plan.mode == "first_come"}
        selected = {
            (asked["opening_id"], asked.get("resident_id", asked["actor"]))
            for verb, asked, _ in self.ledger.done
            if verb == "select" or (verb == "apply" and asked["opening_id"] in first_come)
        }
        taken = Counter(opening for opening, _ in selected)
        full = sorted(one for one in selected if taken[one[0]] >= places[one[0]])
        return self.random.choice(full) if full else self._one_of("select")

    def _tell_from_outside(self) -> None:
        """Two offices of one publisher number their events alike; one says what nobody knows, one breaks its word."""
        connection = self.world.broker.connection(self.world.scheduler.step, user="muni1")
        self.wait(4.0)
        for number in ("1", "2"):
            for office in ("/muni1/첨단", "/muni1/수완"):
                self._tell(connection, _shelter(number, office, self.world.scheduler.now()))
        self._tell(connection, _shelter("9", "/muni1/첨단", self.world.scheduler.now(), known=False))
        self._tell(connection, _shelter("3", "/muni1/첨단", self.world.scheduler.now(), level="사나움"))
        self._tell(connection, _shelter("4", "/sipbun/placement", self.world.scheduler.now()))

    def _tell(self, connection: Any, event: Event) -> None:
        known = event.type == HEAT_SHELTER_OPENED.type
        self.publish(connection, event, HEAT_SHELTER_OPENED.routing_key if known else "muni1.shelter.opened.v9")

    def note_given_up(self, asked: dict[str, Any]) -> None:
        """Note an opening of which somebody may have left without an answer."""
        self.ledger.given_up.add(asked["opening_id"])


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
