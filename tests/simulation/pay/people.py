"""The people of the story of pay: an afternoon in which places are given, three days of work, and the paying of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from shared.actors import Actor
from tests.simulation.folk import OFFICERS, OPERATOR, RESIDENTS, TENANT, Folk
from tests.simulation.pay import cast
from tests.simulation.pay.bank import Bank
from tests.simulation.pay.readers import Readers
from tests.simulation.pay.residents import Residents
from tests.simulation.pay.staff import Staff
from tests.simulation.pay.watch import Watch
from tests.simulation.world import World


class People(Folk):
    """Everybody's scripts."""

    may_leave = ("select", "release_place", "withdraw", "decline_offer")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.bank = Bank(self.random)
        self.watch = Watch(world)
        self.residents = Residents(self)
        self.staff = Staff(self)
        self.readers = Readers(self)
        self._names = 0

    def arrive(self) -> None:
        """Start the town's days."""
        self.start("town", self._play)

    def name(self, prefix: str) -> str:
        """Return a new id."""
        self._names += 1
        return f"{prefix}-{self._names}"

    def _play(self) -> None:
        self._set_up()
        self._give_places()
        for day in range(len(cast.DAYS)):
            self._until(cast.at(day, 9, 50))
            self._together((one, lambda one=one, day=day: self.residents.come(one, day)) for one in RESIDENTS)
            self._until(cast.at(day, 13, 10))
            self._work(day)
        self._until(cast.at(2, 16))
        for acts in (5, 6, 6):
            self._pay(acts)
        self._together([(OFFICERS[0], self.staff.finish)])
        self._together(
            [
                (OFFICERS[0], lambda: self.staff.hear_later(OFFICERS[0])),
                (OFFICERS[1], lambda: self.staff.pay(OFFICERS[1], 8)),
                (OFFICERS[1], lambda: self.staff.correct(OFFICERS[1], 1)),
            ]
        )
        self._together([(OFFICERS[0], self.staff.finish)])

    def _set_up(self) -> None:
        self.insist("placement_tenants", "open", OPERATOR, tenant=TENANT, name="광산구", rehearsal=False)
        self.insist(
            "placement_programmes", "load", OPERATOR, act=False, tenant=TENANT, programmes=cast.programmes()
        )
        for programme in (cast.NEAR, cast.DIRECT):
            self.insist(
                "placement_budgets", "appropriate", OFFICERS[0], programme_id=programme, funder="city",
                won=cast.CEILING, day="2026-10-29",
            )
        self._together((one, lambda one=one: self.residents.move_in(one)) for one in RESIDENTS)

    def _give_places(self) -> None:
        for plan in cast.PLANS:
            self.start(plan.opening_id, lambda one=plan: self.staff.publish(one))
        self._together(
            [
                *((one, lambda one=one: self.residents.apply(one)) for one in RESIDENTS),
                *((one, lambda one=one: self.staff.select(one)) for one in OFFICERS),
            ]
        )
        for _ in range(3):
            self._together((one, lambda one=one: self.residents.answer_offers(one)) for one in RESIDENTS)
            self.world.scheduler.leap(self.residents.until_the_last_second())

    def _work(self, day: int) -> None:
        self._together(
            [
                *((one, lambda one=one: self.residents.go(one, day)) for one in RESIDENTS),
                (cast.HOST, lambda: self.staff.confirm(day)),
                (OFFICERS[0], lambda: self.staff.correct(OFFICERS[0], 1)),
            ]
        )

    def _pay(self, acts: int) -> None:
        self._together(
            [
                *((one, lambda one=one: self.staff.pay(one, acts)) for one in OFFICERS),
                (cast.HOST, lambda: self.staff.correct(cast.HOST, 2)),
                (OFFICERS[1], lambda: self.staff.correct(OFFICERS[1], 1)),
                *((one, lambda one=one: self.residents.look_back(one)) for one in RESIDENTS),
                (OFFICERS[0], lambda: self.readers.read(6)),
            ]
        )
        self.world.scheduler.leap(1800.0)

    def _together(self, scripts: Iterable[tuple[Actor, Callable[[], Any]]]) -> None:
        """Let everybody do theirs beside each other, and wait until all have ended."""
        for who, script in scripts:
            self.start(who.subject, script)
        while self.ledger.busy > 1:
            self.world.scheduler.sleep(2.0)

    def _until(self, instant: datetime) -> None:
        """Let the time go by until then."""
        self.world.scheduler.leap((instant - self.world.scheduler.now()).total_seconds())
