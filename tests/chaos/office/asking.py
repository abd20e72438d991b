"""Residents who race for rooms: they ask, are refused, wait, accept offers, cancel, take what they are offered instead.

    request --> theirs -----------> cancelled by them | displaced --> an alternative
           +--> taken --> wish --> offered --> accepted | declined

Every act has its own id and is asked again with the same one until somebody answers. What was answered is kept with the
time, so that the reckoning can hold the services to it, and a loss can be told as a story.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from shared.clock import iso
from shared.errors import CrossesTheDoor, NotFound
from tests.chaos.load import NeverAnswered, People
from tests.chaos.office.facility import FacilityPeople
from tests.chaos.office.rooms import Room, Span, Wanted, wants
from tests.chaos.office.stage import Office, Resident

#: Callers at once: more than the replicas there are, few enough for two cores.
CALLERS = 8
#: What each resident wants, on average.
WANTS = 3
#: One deed of the facilities' people for so many wants.
WANTS_A_DEED = 15
#: Somebody looks again after so many seconds, so often, before they lose interest; and everybody once when all have asked.
LOOKS, LOOK_AGAIN = 6, 6.0
#: Refusals that a race explains, by verb.
EXPLAINED: Mapping[str, frozenset[str]] = {
    "request": frozenset({"span_taken", "quota_exceeded", "too_many_bookings", "act_too_late"}),
    "accept": frozenset({"span_taken", "quota_exceeded", "too_many_bookings", "act_too_late", "offer_lapsed"}),
    "alternative": frozenset(
        {"span_taken", "quota_exceeded", "too_many_bookings", "act_too_late", "case_is_resolved", "case_waits_for_facility"}
    ),
    "cancel": frozenset({"booking_is_displaced", "booking_is_refused"}),
    "wish": frozenset({"already_waiting", "too_many_wishes"}),
    "decline": frozenset({"wish_has_ended", "wish_not_offered"}),
    "withdraw": frozenset({"wish_has_ended"}),
    "decline_case": frozenset({"case_is_resolved", "case_waits_for_facility"}),
}
#: Verbs that ask for a room.
ASKING = frozenset({"request", "accept", "alternative"})


@dataclass(frozen=True)
class Told:
    """An answer: to which act, about what, and what it was. ``refused``: the code, or None."""

    act: str
    verb: str
    #: The booking, wish or case.
    about: str
    resident: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None


@dataclass
class Want:
    """What one resident wants, from the request to its end, as they saw it."""

    number: int
    resident: Resident
    room: Room
    span: Span
    told: list[Told] = field(default_factory=list)
    story: list[tuple[datetime, str]] = field(default_factory=list)
    #: What went wrong for good: a refusal that nothing explains, or no answer at all.
    failed: str | None = None
    looks: int = LOOKS
    next: Callable[[], bool] | None = None
    not_before: float = 0.0

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append((datetime.now(UTC), what))


class Residents:
    """Everybody who asks for rooms."""

    def __init__(self, people: People, office: Office, facility: FacilityPeople) -> None:
        self.failed_deeds: list[str] = []
        self._people = people
        self._office = office
        self._facility = facility
        self._later: deque[Want] = deque()

    def ask_all(self, count: int, done: Callable[[str | None], None]) -> list[Want]:
        """Ask so often, ``CALLERS`` at once; ``done`` is told of each, with what failed for good or None."""
        random = Random(f"{self._people.seed}/wants")
        wanted = self._cast(wants(list(self._office.rooms.values()), count, random, self._office.today), random)
        queue: list[Want | int] = list(wanted)
        for deed in range(count // WANTS_A_DEED):
            queue.insert(random.randrange(int(len(queue) * 0.9)), deed)

        def one(task: Want | int) -> None:
            while self._people.behind.is_set() and not self._people.stopping.wait(0.1):
                continue
            if isinstance(task, int):
                self._do_deed(task)
                return
            self._carry_on(task, lambda: self._ask(task))
            done(task.failed)
            for _ in range(2):
                self._look_after_one()

        with ThreadPoolExecutor(CALLERS, thread_name_prefix="resident") as callers:
            try:
                list(callers.map(one, queue))
                list(callers.map(lambda _caller: self._look_a_last_time(), range(CALLERS)))
            except BaseException:
                self._people.stopping.set()
                self._facility.stopping.set()
                callers.shutdown(wait=False, cancel_futures=True)
                raise
        return wanted

    def _cast(self, wanted: Sequence[Wanted], random: Random) -> list[Want]:
        residents = list(self._office.residents)
        cast: list[Want] = []
        for number, one in enumerate(wanted):
            if number % len(residents) == 0:
                random.shuffle(residents)
            cast.append(Want(number, residents[number % len(residents)], one.room, one.span))
        return cast

    def _do_deed(self, number: int) -> None:
        try:
            self._facility.do(number)
        except NeverAnswered as error:
            self.failed_deeds.append(str(error))

    # What a resident does, one thing after the other.

    def _ask(self, want: Want) -> bool:
        booking = f"{self._office.prefix}-bkg-{want.number:04d}"
        told = self._request(want, "request", booking)
        random = Random(f"{self._people.seed}/want/{want.number}")
        if told.refused is None:
            want.next = (lambda: self._cancel(want, booking)) if random.random() < 0.3 else lambda: self._see(want, booking)
        elif told.refused == "span_taken" and random.random() < 0.5:
            self._wish(want, random)
        return want.next is None

    def _cancel(self, want: Want, booking: str) -> bool:
        who = want.resident
        self._act(want, "cancel", booking, "spaces_bookings", "cancel", booking_id=booking, who=who)
        return True

    def _see(self, want: Want, booking: str) -> bool:
        """Look whether it was displaced; then take one of the alternatives, or none."""
        shown = self._read(want, "spaces_bookings", "get", booking_id=booking)
        if shown is None or shown["state"] != "displaced":
            return False
        case = self._read(want, "spaces_cases", "get", case_id=f"cas-{booking}")
        if case is None or case["state"] != "open" or case["owner"] != "resident":
            return False
        if not case["alternatives"]:
            return True
        if Random(f"{self._people.seed}/case/{want.number}").random() < 0.3:
            self._act(
                want, "decline_case", case["case_id"], "spaces_cases", "decline", case_id=case["case_id"], who=want.resident
            )
            return True
        way = case["alternatives"][0]
        chosen = f"{booking}-a"
        told = self._act(
            want,
            "alternative",
            chosen,
            "spaces_cases",
            "take_alternative",
            case_id=case["case_id"],
            booking_id=chosen,
            space_id=way["space_id"],
            start=way["start"],
            end=way["end"],
            who=want.resident,
        )
        if told.refused is None:
            want.next = lambda: True
        return True

    def _wish(self, want: Want, random: Random) -> None:
        wish = f"wsh-{self._office.prefix}-{want.number:04d}"
        told = self._act(
            want,
            "wish",
            wish,
            "spaces_waiting",
            "wish",
            wish_id=wish,
            space_id=want.room.id,
            start=iso(want.span.start),
            end=iso(want.span.end),
            subscription_id=want.resident.subscription,
            who=want.resident,
        )
        if told.refused is not None:
            return
        if told.answer["free_now"]:
            # It came free before the wish was there to be heard of: nobody will offer it.
            booking = f"{self._office.prefix}-bkg-{want.number:04d}-n"
            if self._request(want, "request", booking).refused is not None:
                self._act(want, "withdraw", wish, "spaces_waiting", "withdraw", wish_id=wish, who=want.resident)
            return
        accepts = random.random() < 0.8
        want.next = lambda: self._see_offer(want, wish, accepts=accepts)

    def _see_offer(self, want: Want, wish: str, *, accepts: bool) -> bool:
        shown = self._read(want, "spaces_waiting", "get", wish_id=wish)
        if shown is None or shown["state"] == "waiting":
            return False
        if shown["state"] == "offered":
            if accepts:
                booking = f"{self._office.prefix}-bkg-{want.number:04d}-o{shown['round']}"
                self._request(want, "accept", booking, offer_id=wish)
            else:
                self._act(want, "decline", wish, "spaces_waiting", "decline", wish_id=wish, who=want.resident)
        return True

    # How they ask.

    def _request(self, want: Want, verb: str, booking: str, **more: Any) -> Told:
        return self._act(
            want,
            verb,
            booking,
            "spaces_bookings",
            "request",
            booking_id=booking,
            space_id=want.room.id,
            start=iso(want.span.start),
            end=iso(want.span.end),
            subscription_id=want.resident.subscription,
            who=want.resident,
            **more,
        )

    def _act(
        self, want: Want, verb: str, about: str, service: str, method: str, *, who: Resident, **asked: Any
    ) -> Told:
        """Act until answered; raise when the refusal is none that a race explains."""
        act_id = f"{verb}-{about}"
        try:
            answer = self._people.insist(
                service, method, (who.id, "resident"), want.tell, act_id=act_id, **asked
            )
            told = Told(act_id, verb, about, who.id, answer)
            want.tell(f"{verb} {about}: acknowledged {answer}")
        except CrossesTheDoor as refused:
            told = Told(act_id, verb, about, who.id, refused=refused.code)
            want.tell(f"{verb} {about}: refused ({refused})")
            if refused.code not in EXPLAINED[verb]:
                want.told.append(told)
                raise
        want.told.append(told)
        return told

    def _read(self, want: Want, service: str, method: str, **asked: Any) -> Any:
        try:
            return self._people.insist(service, method, (want.resident.id, "resident"), want.tell, **asked)
        except NotFound:
            return None

    # Looking again.

    def _carry_on(self, want: Want, do: Callable[[], bool]) -> None:
        """Do the next thing; it comes back later unless it was the last."""
        try:
            if self._people.stopping.is_set():
                raise NeverAnswered("told to stop")
            over = do()
        except (NeverAnswered, CrossesTheDoor) as error:
            want.failed = f"{type(error).__name__}: {error}"
            want.tell(want.failed)
            return
        want.looks -= 1
        if not over and want.looks > 0:
            want.not_before = time.monotonic() + LOOK_AGAIN
            self._later.append(want)

    def _look_after_one(self) -> bool:
        """Look after whoever is due; False when nobody is."""
        try:
            want = self._later.popleft()
        except IndexError:
            return False
        if want.not_before > time.monotonic():
            self._later.appendleft(want)
            return False
        if want.next is not None:
            self._carry_on(want, want.next)
        return True

    def _look_a_last_time(self) -> None:
        """Look after those who still wait, once each, with everybody else."""
        while not self._people.stopping.is_set():
            try:
                want = self._later.popleft()
            except IndexError:
                return
            want.looks = 1
            if want.next is not None:
                self._carry_on(want, want.next)
