"""One run of the office: a town with calendars, its residents, its facilities' people, a killer, and the reckoning."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.ending import Ending, Note, drain, ending, under_fire, until_nothing_is_held
from tests.chaos.finding import Finding
from tests.chaos.killing import Killer, plan_of
from tests.chaos.load import People
from tests.chaos.office.account import Account, held, keep_account, unrest
from tests.chaos.office.asking import ASKING, WANTS, Residents, Want
from tests.chaos.office.audits import events
from tests.chaos.office.facility import FacilityPeople
from tests.chaos.office.reckoning import Reckoning, reckon, story_of
from tests.chaos.office.stage import Office, set_the_stage
from tests.chaos.office.world import AGAIN, KINDS, OfficeWorld, an_office

#: Blackouts that stand in each calendar before we ever see it.
BEFORE = 2


@dataclass(frozen=True)
class Outcome:
    """What one run found."""

    wants: Sequence[Want]
    reckoning: Reckoning
    account: Account
    ending: Ending
    failed_deeds: Sequence[str]

    @property
    def unanswered(self) -> list[Want]:
        """Wants that did not get their answers, or a refusal that nothing explains."""
        return [want for want in self.wants if want.failed is not None]

    @property
    def passed(self) -> bool:
        """Whether nothing was found, nothing is dead, and all came to rest in time."""
        return self.reckoning.clean and not self.unanswered and not self.failed_deeds and self.ending.well

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        asked = [told for want in self.wants for told in want.told if told.verb in ASKING]
        verbs = Counter(told.verb for want in self.wants for told in want.told if told.refused is None)
        ended = Counter(one["state"] for one in self.account.bookings)
        return {
            "ok": self.passed,
            "scenario": "office",
            "attempts": len(asked),
            "confirmed": len({event["subject"] for event in events(self.account, "booking.confirmed")}),
            "refused": sum(told.refused is not None for told in asked) + ended["refused"],
            "kills": self.ending.kills(),
            **self.reckoning.as_json(),
            "drained_seconds": self.ending.drained_seconds(),
            "unanswered": len(self.unanswered),
            "cancelled": ended["cancelled"],
            "displaced": ended["displaced"],
            "wishes": len(self.account.wishes),
            "offers_accepted": verbs["accept"],
            "alternatives_taken": verbs["alternative"],
            "facility_entries": len(self.account.deeds),
            "in_calendars": sum(one.is_ours for entries in self.account.calendars.values() for one in entries),
            "mails": len(self.account.mails),
            "letters": len(self.account.letters),
            "archived": len(self.account.archive),
            **self.ending.as_json(),
        }

    def complaints(self) -> list[str]:
        """What a person should look at first, in words."""
        told = [f"want {want.number} ({want.resident.id}): {want.failed}" for want in self.unanswered]
        told += [f"the facility's people: {failed}" for failed in self.failed_deeds]
        told += self.ending.complaints()
        told += [f"{name}: {depth} dead or parked" for name, depth in self.account.dead.items()]
        return told + [f"{one.kind}: {one.about} {one.what}" for one in self.reckoning.findings]

    def story(self) -> list[str]:
        """The first overlap or loss (or, without one, the first finding), from the start."""
        order = ("overlap", "lost", "ledger", "calendar")
        findings = sorted(self.reckoning.findings, key=lambda one: order.index(one.kind) if one.kind in order else 9)
        if findings:
            return story_of(findings[0], self.wants, self.ending.shots, self.account)
        if self.unanswered:
            want = self.unanswered[0]
            about = want.told[0].about if want.told else ""
            told = story_of(Finding("unanswered", str(want.failed), about), [want], self.ending.shots, self.account)
            return told if want.told else told + [f"  {at:%H:%M:%S.%f} {what}" for at, what in want.story]
        return []


def run(
    folder: Path,
    *,
    residents: int,
    rooms: int,
    kills: int,
    seed: int,
    patient: bool = True,
    note: Note = lambda _what: None,
    asked: Callable[[int], None] = lambda _count: None,
) -> Outcome:
    """Do one run in `folder`; everything it starts has ended when it returns or raises.

    `patient`: also wait until nothing is held for an act that never came; otherwise holds are let be until their deadline.
    """
    started = time.monotonic()
    with an_office(folder, say=note) as world:
        note(f"켜짐 (town up) {time.monotonic() - started:.1f} s")
        people = People(world, seed=seed, prefix=f"s{seed}")
        facilities: list[FacilityPeople] = []

        def before(office: Office) -> None:
            facilities.append(FacilityPeople(office, world.calendar, seed=seed))
            _black_out(facilities[0], office, seed)

        office = set_the_stage(people, world, residents=residents, rooms=rooms, before=before)
        facility = facilities[0]
        note(f"무대 준비됨 (rooms, calendars and residents are there) {time.monotonic() - started:.1f} s")
        everybody = Residents(people, office, facility)
        wants, killer = _ask_and_shoot(
            world, people, everybody, count=WANTS * residents, kills=kills, seed=seed, note=note, asked=asked
        )
        rest = drain(lambda: unrest(world, office, facility), killer.shots, note=note)
        if rest[0] is not None and patient:
            until_nothing_is_held(lambda: held(world, office), lambda: unrest(world, office, facility), note=note)
        account = keep_account(world, office, facility)
        ended = ending(world, people, killer, rest, started=started)
        return Outcome(
            wants=wants,
            ending=ended,
            reckoning=reckon(office, wants, account),
            account=account,
            failed_deeds=tuple(everybody.failed_deeds),
        )


def _black_out(facility: FacilityPeople, office: Office, seed: int) -> None:
    for calendar in sorted(office.addresses):
        for number in range(BEFORE):
            random = Random(f"{seed}/{calendar}/{number}")
            facility.black_out(calendar, f"{calendar}-before-{number}@facility.example", random)


def _ask_and_shoot(
    world: OfficeWorld,
    people: People,
    residents: Residents,
    *,
    count: int,
    kills: int,
    seed: int,
    note: Note,
    asked: Callable[[int], None],
) -> tuple[list[Want], Killer]:
    begun = time.monotonic()
    plan = plan_of(fills=count, kills=kills, seed=seed, kinds=KINDS, again=AGAIN)
    with under_fire(world, people, plan, seed=seed, note=note) as killer:
        done_count, lock = 0, threading.Lock()

        def done(failed: str | None) -> None:
            nonlocal done_count
            with lock:
                done_count += 1
                asked(done_count)
            if failed is not None:
                note(failed)
            killer.note_fill()

        wants = residents.ask_all(count, done)
    seconds = time.monotonic() - begun
    note(f"{count} wants in {seconds:.1f} s ({count / seconds:.1f}/s)")
    return wants, killer

