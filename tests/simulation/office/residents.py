"""What residents do: ask for spans, give them back, wait for them, choose again, share minutes, want a seat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.actors import Actor
from shared.clock import from_iso, iso
from shared.errors import Refused
from tests.simulation.office import cast
from tests.simulation.office.cast import minutes

if TYPE_CHECKING:
    from tests.simulation.office.people import People


@dataclass(frozen=True)
class Asked:
    """A span that somebody asked for."""

    booking_id: str
    resident: Actor
    space_id: str
    start: datetime
    end: datetime


class Residents:
    """All of them."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        #: Everything that was ever asked for, in order.
        self.asked: list[Asked] = []
        #: Subscriptions by id, with whose they are; everybody tries everybody's, now and then.
        self.subscriptions: dict[str, Actor] = {}
        #: Cases that somebody saw the moment they were opened.
        self._seen: set[tuple[str, datetime]] = set()
        people.world.watchers.append(self._see_cases)

    def subscribe_all(self) -> None:
        """Let the first share minutes with two others, and one more have some of their own."""
        for owner in (cast.RESIDENTS[0], cast.RESIDENTS[3]):
            self._subscribe(owner, cast.HOURLY)
        shared = next(iter(self.subscriptions), None)
        for member in cast.RESIDENTS[1:3]:
            if shared is not None:
                self.people.insist(
                    "spaces_plans", "add_member", cast.RESIDENTS[0], subscription_id=shared, resident_id=member.subject
                )

    def live(self, resident: Actor, acts: int) -> None:
        """Do so many things, at random."""
        self.people.wait(8.0)
        for _ in range(acts):
            roll = self.random.random()
            if roll < 0.40:
                self._ask(resident)
            elif roll < 0.47:
                self._wish(resident, *self._span(resident))
            elif roll < 0.60:
                self._give_back(resident)
            elif roll < 0.74:
                self._answer_offers(resident)
            elif roll < 0.82:
                self._answer_cases(resident)
            elif roll < 0.84:
                self._check_in(resident)
            elif roll < 0.93:
                self._want_a_seat(resident)
            elif roll < 0.96:
                self._change_subscription(resident)
            else:
                self._excuse(resident)
            self.people.wait(18.0)

    # Bookings.

    def _ask(self, resident: Actor) -> None:
        space_id, start, end = self._span(resident)
        if self.random.random() < 0.06:
            self._ask_for_two(resident, space_id, start, end)
            return
        known = [one.booking_id for one in self.asked]
        booking_id = self.random.choice(known) if known and self.random.random() < 0.03 else self.people.name("bkg")
        self.asked.append(Asked(booking_id, resident, space_id, start, end))
        answer = self.people.outcome_of(
            "spaces_bookings",
            "request",
            resident,
            booking_id=booking_id,
            space_id=space_id,
            start=iso(start),
            end=iso(end),
            subscription_id=self._pays(resident),
        )
        if isinstance(answer, Refused) and answer.code == "span_taken" and self.random.random() < 0.7:
            self._wish(resident, space_id, start, end)

    def _ask_for_two(self, resident: Actor, space_id: str, start: datetime, end: datetime) -> None:
        self.people.insist(
            "spaces_bookings",
            "request_series",
            resident,
            series_id=self.people.name("ser"),
            space_id=space_id,
            start=iso(start),
            end=iso(end),
            every_days=1,
            times=2,
            subscription_id=self._pays(resident),
        )

    def _give_back(self, resident: Actor) -> None:
        mine = [one.booking_id for one in self.asked if one.resident is resident]
        if mine:
            self.people.insist("spaces_bookings", "cancel", resident, booking_id=self.random.choice(mine))

    def _check_in(self, resident: Actor) -> None:
        """Guess a code: the room's screen is for staff."""
        mine = [one.booking_id for one in self.asked if one.resident is resident]
        if mine:
            self.people.insist("spaces_bookings", "check_in", resident, booking_id=mine[-1], code="000000")

    def _span(self, _resident: Actor) -> tuple[str, datetime, datetime]:
        """Return a span of few minutes: in a moment, or around a midnight far ahead, where others want theirs too."""
        space_id = self.random.choice(cast.SPACES)
        if self.random.random() < 0.5:
            start = cast.FAR + minutes(self.random.randrange(5))
        else:
            now = self.people.world.scheduler.now()
            start = now.replace(second=0, microsecond=0) + minutes(self.random.randrange(1, 5))
        return space_id, start, start + minutes(self.random.randrange(1, 5))

    def _pays(self, resident: Actor) -> str | None:
        """Return what pays: mostly something that may, sometimes nothing, seldom somebody else's."""
        roll = self.random.random()
        ids = list(self.subscriptions)
        if roll < 0.15 or not ids:
            return None
        if roll < 0.25:
            return self.random.choice(ids)
        number = cast.RESIDENTS.index(resident)
        mine = [one for one, owner in self.subscriptions.items() if owner is resident]
        return self.random.choice(mine) if mine else ids[0] if number in (1, 2) else None

    # The waiting list, and conflicts.

    def _wish(self, resident: Actor, space_id: str, start: datetime, end: datetime) -> None:
        self.people.insist(
            "spaces_waiting",
            "wish",
            resident,
            wish_id=self.people.name("wsh"),
            space_id=space_id,
            start=iso(start),
            end=iso(end),
        )

    def _answer_offers(self, resident: Actor) -> None:
        told = self.people.insist("spaces_waiting", "mine", resident, act=False)
        for wish in [] if told is None else told["wishes"]:
            if wish["state"] != "offered":
                if wish["state"] == "waiting" and self.random.random() < 0.1:
                    self.people.insist("spaces_waiting", "withdraw", resident, wish_id=wish["wish_id"])
                continue
            roll = self.random.random()
            if roll < 0.6:
                self._accept(resident, wish)
            elif roll < 0.8:
                self.people.insist("spaces_waiting", "decline", resident, wish_id=wish["wish_id"])

    def _accept(self, resident: Actor, wish: dict[str, Any]) -> None:
        booking_id = self.people.name("bkg")
        start, end = from_iso(wish["start"]), from_iso(wish["end"])
        self.asked.append(Asked(booking_id, resident, wish["space_id"], start, end))
        self.people.insist(
            "spaces_bookings",
            "request",
            resident,
            booking_id=booking_id,
            space_id=wish["space_id"],
            start=wish["start"],
            end=wish["end"],
            offer_id=wish["wish_id"],
            subscription_id=self._pays(resident),
        )

    def _see_cases(self, what: str) -> None:
        """Some see a case the moment it is there, and answer before what was taken back has ended."""
        if not what.startswith("database cases."):
            return
        for case in self.people.world.databases["spaces"].collection("cases").everything():
            key = (case["_id"], case["opened_at"])
            if case["state"] == "open" and case["owner"] == "resident" and key not in self._seen:
                self._seen.add(key)
                resident = next(one for one in cast.RESIDENTS if one.subject == case["resident_id"])
                if self.random.random() < 0.5:
                    self.people.start(f"{resident.subject} answers", lambda one=resident: self._answer_cases(one))

    def _answer_cases(self, resident: Actor) -> None:
        told = self.people.insist("spaces_cases", "mine", resident, act=False)
        self._choose(resident, [] if told is None else told["cases"])

    def _choose(self, resident: Actor, cases: list[dict[str, Any]]) -> None:
        for case in cases:
            if case["state"] != "open" or case["owner"] != "resident":
                continue
            if case["alternatives"] and self.random.random() < 0.7:
                chosen = self.random.choice(case["alternatives"])
                self.people.insist(
                    "spaces_cases",
                    "take_alternative",
                    resident,
                    case_id=case["case_id"],
                    booking_id=self.people.name("bkg"),
                    **{name: chosen[name] for name in ("space_id", "start", "end")},
                )
            else:
                self.people.insist("spaces_cases", "decline", resident, case_id=case["case_id"])

    # Subscriptions, seats, conduct.

    def _subscribe(self, resident: Actor, plan_id: str) -> None:
        subscription_id = self.people.name("sub")
        self.subscriptions[subscription_id] = resident
        self.people.insist(
            "spaces_plans", "subscribe", resident, subscription_id=subscription_id, plan_id=plan_id
        )

    def _want_a_seat(self, resident: Actor) -> None:
        mine = [one for one, owner in self.subscriptions.items() if owner is resident]
        roll = self.random.random()
        if roll < 0.4 or not mine:
            self._subscribe(resident, cast.SEATED)
            return
        chosen = mine[-1]
        if roll < 0.65:
            self.people.insist("spaces_seats", "accept", resident, subscription_id=chosen)
        elif roll < 0.75:
            self.people.insist("spaces_seats", "decline", resident, subscription_id=chosen)
        else:
            self.people.insist("spaces_plans", "end", resident, subscription_id=chosen, at_once=True)

    def _change_subscription(self, resident: Actor) -> None:
        mine = [one for one, owner in self.subscriptions.items() if owner is resident]
        if not mine:
            self._subscribe(resident, cast.HOURLY)
            return
        chosen, today = mine[0], self.people.world.scheduler.now()
        roll = self.random.random()
        named = {"subscription_id": chosen}
        if roll < 0.3:
            days = {"pause_from": f"{today + minutes(9 * 60):%Y-%m-%d}", "pause_until": f"{cast.FAR:%Y-%m-%d}"}
            self.people.insist("spaces_plans", "pause", resident, **named, **days)
        elif roll < 0.5:
            self.people.insist("spaces_plans", "resume", resident, **named)
        elif roll < 0.75:
            other = self.random.choice(cast.RESIDENTS).subject
            self.people.insist("spaces_plans", "add_member", resident, **named, resident_id=other)
        else:
            self.people.insist("spaces_plans", "end", resident, **named, at_once=self.random.random() < 0.5)

    def _excuse(self, resident: Actor) -> None:
        told = self.people.insist("spaces_conduct", "read", resident, act=False)
        for strike in [] if told is None else told["strikes"]:
            named = {"booking_id": strike["booking_id"]}
            if strike["state"] == "counted" and not strike["excuse_refused"]:
                self.people.insist("spaces_conduct", "excuse", resident, **named, reason="transport")
            elif strike["state"] in ("counted", "excused") and not strike["appeal_refused"]:
                self.people.insist("spaces_conduct", "appeal", resident, **named, text="저는 왔습니다.")
