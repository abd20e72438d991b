"""What the people of every story do alike: ask again and again until somebody answers, and note what they were told.

An act keeps its id however often it is sent: an answer that never came is read back by asking once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.actors import Actor
from shared.errors import Conflict, NotFound, Refused, Unavailable
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

#: Of what was asked, the ids that the story names.
_TOLD = (
    "opening_id",
    "application_id",
    "booking_id",
    "wish_id",
    "case_id",
    "space_id",
    "facility_id",
    "feed_id",
    "subscription_id",
    "plan_id",
    "attendance_id",
    "placement_id",
    "batch_id",
    "pay_month_id",
    "resident_id",
    "programme_id",
    "tenant",
    "start",
    "end",
)


@dataclass
class Ledger:
    """What people were told was done, by (verb, ids)."""

    done: list[tuple[str, dict[str, Any], Any]] = field(default_factory=list)
    busy: int = 0
    #: Openings of which somebody asked something that was not answered.
    given_up: set[str] = field(default_factory=set)
    #: Who wants news of the library's neighbourhood, and since when (RFC 3339).
    neighbours: dict[str, str] = field(default_factory=dict)


class Folk:
    """Scripts of people, and how they ask. A story's people fill in the rest."""

    #: Verbs after which some don't ask twice: what they asked for may still happen, long after they have left.
    may_leave: tuple[str, ...] = ()

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random
        self.ledger = Ledger()
        self._acts = 0

    def arrive(self) -> None:
        """Start everybody's script."""
        raise NotImplementedError

    def at_home(self) -> bool:
        """Return whether every script has ended."""
        return self.ledger.busy == 0

    def insist(self, service: str, method: str, actor: Actor, /, *, act: bool = True, **asked: Any) -> Any:
        """Ask until there is an answer; return it, or None when it was a refusal."""
        answer = self.outcome_of(service, method, actor, act=act, **asked)
        return None if isinstance(answer, Refused | NotFound) else answer

    def outcome_of(self, service: str, method: str, actor: Actor, /, *, act: bool = True, **asked: Any) -> Any:
        """Ask until there is an answer; return it, be it a refusal, or None when somebody left without one."""
        if act:
            self._acts += 1
            asked["act_id"] = f"act-{self._acts}"
        story = f"{actor.subject} {method} {' '.join(str(asked[key]) for key in _TOLD if asked.get(key) is not None)}"
        patient = method not in self.may_leave or self.random.random() > 0.4
        for _ in range(2_000):
            try:
                answer = self.world.call(service, method, token=actor, **asked)
            except (Unavailable, Conflict):
                if method in self.may_leave:
                    # It may still be done, whatever the next answer is: the one who was asked may only sleep.
                    self.note_given_up(asked)
                if not patient:
                    self.world.scheduler.tell(f"{story}: no answer, and not asked again")
                    return None
                self.world.scheduler.sleep(self.random.uniform(0.1, 2.0))
            except (Refused, NotFound) as refused:
                self.world.scheduler.tell(f"{story}: {refused}")
                return refused
            else:
                if act:
                    self.world.scheduler.tell(f"{story}: done")
                    self.ledger.done.append((method, {**asked, "actor": actor.subject}, answer))
                return answer
        raise AssertionError(f"{story}: never an answer")

    def note_given_up(self, asked: dict[str, Any]) -> None:
        """Note that somebody may leave without an answer."""

    def publish(self, connection: Any, event: Event, key: str) -> None:
        """Tell an event from outside until the broker has it."""
        for _ in range(50):
            try:
                connection.publish([message_of(event, key)])
            except Unavailable:
                self.wait(1.0)
            else:
                self.ledger.done.append(("tell", {"id": event.id, "source": event.source, "type": event.type}, None))
                return

    def wait(self, most: float) -> None:
        """Let up to so many seconds pass."""
        self.world.scheduler.sleep(self.random.random() * most)

    def start(self, name: str, script: Callable[[], None]) -> None:
        """Start somebody's script."""
        self.ledger.busy += 1

        def run() -> None:
            script()
            self.ledger.busy -= 1

        self.world.scheduler.spawn(self.world.people, name, run)
