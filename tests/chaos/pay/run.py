"""One run of pay: a town, its residents, hosts, officers and bank, a killer, and the reckoning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from shared.errors import CrossesTheDoor
from tests.chaos.ending import Ending, Note, drain, ending, under_fire, until_nothing_is_held
from tests.chaos.finding import Finding
from tests.chaos.killing import Killer, plan_of
from tests.chaos.load import NeverAnswered, People
from tests.chaos.pay.account import Account, held, keep_account, uncounted, unrest
from tests.chaos.pay.asking import FOR_A_PLACE, Acting, Story
from tests.chaos.pay.bank import Bank
from tests.chaos.pay.paying import Paying
from tests.chaos.pay.reckoning import Reckoning, reckon, story_of
from tests.chaos.pay.stage import PROGRAMMES, Job, Stage, openings_for, set_account, set_the_stage
from tests.chaos.pay.working import Working
from tests.chaos.pay.world import AGAIN, KINDS, a_payroll
from tests.chaos.world import World

#: Stories played at once.
CALLERS = 6
#: Steps of an opening's story, and of a payday's.
STEPS, PAY_STEPS = 3, 2
#: Paydays of each programme while places are still given and worked; and of what is settled by then, the part that is
#: corrected after it.
PAYDAYS, LATE = 2, 0.15
#: Rounds at the end until nothing is due: one for what is left, one for what the bank sent back, and some to spare.
LAST_ROUNDS = 6


@dataclass(frozen=True)
class Outcome:
    """What one run found."""

    stories: Sequence[Story]
    reckoning: Reckoning
    account: Account
    ending: Ending

    @property
    def unanswered(self) -> list[Story]:
        """Stories in which somebody got no answer, or a refusal that nothing explains."""
        return [story for story in self.stories if story.failed is not None]

    @property
    def passed(self) -> bool:
        """Whether nothing was found, nothing is dead, and all came to rest in time."""
        return self.reckoning.clean and not self.unanswered and self.ending.well

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        told = [one for story in self.stories for one in story.told]
        asked = [one for one in told if one.verb in FOR_A_PLACE]
        account = self.account
        return {
            "ok": self.passed,
            "scenario": "pay",
            "attempts": len(asked),
            "refused": sum(one.refused is not None for one in asked),
            "placements": sum(len(one["placements"]) for one in account.openings),
            "sheets": len(account.sheets),
            "lines": sum(len(one["lines"]) for one in account.months),
            "batches": sum(one["filed_on"] is not None for one in account.batches),
            "paid_won": sum(one.won for one in account.book if one.failed is None),
            "kills": self.ending.kills(),
            **self.reckoning.as_json(),
            "drained_seconds": self.ending.drained_seconds(),
            "unanswered": len(self.unanswered),
            "withdrawn": sum(one["state"] == "withdrawn" for one in account.applications),
            "offers": sum(one["asked"] for one in account.openings),
            "corrections": sum(max(0, len(one["revisions"]) - 1) for one in account.sheets),
            "held_back_won": sum(max(0, _earned(one) - one["cap"]["won"]) for one in account.months if one["cap"]),
            "returned_won": sum(one.won for one in account.book if one.failed is not None),
            "paid_back_won": sum(back["won"] for one in account.months for back in one["paid_back"]),
            "batches_cancelled": sum(one["state"] == "cancelled" for one in account.batches),
            "four_eyes_refused": sum(one.refused == "four_eyes_needed" for one in told),
            "mails": len(account.mails),
            "letters": len(account.letters),
            "archived": len(account.archive),
            **self.ending.as_json(),
        }

    def complaints(self) -> list[str]:
        """What a person should look at first, in words."""
        told = [f"{story.name}: {story.failed}" for story in self.unanswered]
        told += self.ending.complaints()
        told += [f"{name}: {depth} dead or parked" for name, depth in self.account.dead.items()]
        return told + [f"{one.kind}: {one.about} {one.what}" for one in self.reckoning.findings]

    def story(self) -> list[str]:
        """The worst finding, from the start."""
        order = ("paid_twice", "unbalanced", "over_filled", "overlapping", "lost", "duplicated")
        findings = sorted(self.reckoning.findings, key=lambda one: order.index(one.kind) if one.kind in order else 9)
        if findings:
            return story_of(findings[0], self.stories, self.ending.shots, self.account)
        if self.unanswered:
            story = self.unanswered[0]
            finding = Finding("unanswered", str(story.failed), story.name)
            return story_of(finding, self.stories, self.ending.shots, self.account)
        return []


def run(
    folder: Path,
    *,
    residents: int,
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
    with a_payroll(folder, say=note) as world:
        note(f"켜짐 (town up) {time.monotonic() - started:.1f} s")
        people = People(world, seed=seed, prefix=f"s{seed}")
        stage = set_the_stage(people, residents=residents)
        note(f"무대 준비됨 (programmes, residents and accounts are there) {time.monotonic() - started:.1f} s")
        play = _Play(world, people, stage, note)
        killer = play.under_fire(kills=kills, seed=seed, asked=asked)
        rest = drain(lambda: unrest(world, stage), killer.shots, note=note)
        if rest[0] is not None and patient:
            until_nothing_is_held(lambda: held(world, stage), lambda: unrest(world, stage), note=note)
        account = keep_account(world, people, stage, play.bank)
        ended = ending(world, people, killer, rest, started=started)
        return Outcome(
            stories=play.stories,
            ending=ended,
            reckoning=reckon(stage, play.stories, account),
            account=account,
        )


def steps_for(residents: int) -> int:
    """Return how many steps a run has, by which its kills are spread."""
    return openings_for(residents) * STEPS + (PAYDAYS + 1) * PROGRAMMES * PAY_STEPS


class _Play:
    """Everything that people do in one run."""

    def __init__(self, world: World, people: People, stage: Stage, note: Note) -> None:
        self.bank = Bank(stage.seed, stage.wrong_numbers)
        self.stories: list[Story] = []
        self._world = world
        self._people = people
        self._stage = stage
        self._note = note
        acting = Acting(people)
        self._working, self._paying = Working(acting, stage), Paying(acting, stage, self.bank)
        self._acting = acting
        self._lock = threading.Lock()
        self._done = 0
        self._asked: Callable[[int], None] = lambda _count: None
        self._killer: Killer | None = None

    def under_fire(self, *, kills: int, seed: int, asked: Callable[[int], None]) -> Killer:
        """Play everything while processes die; return who shot them."""
        begun = time.monotonic()
        steps = steps_for(len(self._stage.residents))
        plan = plan_of(fills=steps, kills=kills, seed=seed, kinds=KINDS, again=AGAIN)
        self._asked = asked
        with under_fire(self._world, self._people, plan, seed=seed, note=self._note) as killer:
            self._killer = killer
            self._play()
            # Whatever was left out: nobody waits for a killer who waits for them.
            for _ in range(steps - self._done):
                self._step()
        self._note(f"{len(self.stories)} stories in {time.monotonic() - begun:.1f} s")
        return killer

    def _play(self) -> None:
        with ThreadPoolExecutor(CALLERS, thread_name_prefix="people") as pool:
            try:
                list(pool.map(lambda task: task(), self._tasks()))
            except BaseException:
                self._people.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._pay_what_is_left()

    def _tasks(self) -> list[Callable[[], None]]:
        """Return what is done, in this order, ``CALLERS`` at once: openings, and paydays and late corrections between."""
        tasks: list[Callable[[], None]] = []
        openings = list(self._stage.jobs)
        for number, jobs in enumerate(openings, 1):
            name = jobs[0].id
            tasks.append(partial(self._tell, name, partial(self._play_openings, jobs)))
            for payday in range(1, PAYDAYS + 1):
                if number == max(1, len(openings) * (payday + 1) // (PAYDAYS + 1)):
                    tasks += self._payday(payday)
                    tasks.append(partial(self._tell, f"{self._stage.prefix}-late-{payday}", self._correct_late))
        return tasks

    def _payday(self, number: int, *, plain: bool = False, counted: bool = True) -> list[Callable[[], None]]:
        step = self._step if counted else lambda: None
        return [
            partial(
                self._tell, f"{self._stage.prefix}-bat-{number}{at}", partial(self._pay, programme, step, plain=plain)
            )
            for at, programme in enumerate(self._stage.programmes)
        ]

    def _play_openings(self, jobs: Sequence[Job], story: Story) -> None:
        self._working.play(story, jobs, self._step)

    def _pay(self, programme: str, step: Callable[[], None], story: Story, *, plain: bool) -> None:
        self._paying.pay(story, programme, step, plain=plain)

    def _correct_late(self, story: Story) -> None:
        known = list(self._working.settled)
        some = Random(f"{self._stage.seed}/{story.name}").sample(known, min(len(known), max(2, int(len(known) * LATE))))
        self._working.correct_late(story, some)

    def _pay_what_is_left(self) -> None:
        """Pay until nothing is due, with accounts for everybody and a bank that is calm from the second round on."""
        story = Story(f"{self._stage.prefix}-last")
        self.stories.append(story)
        try:
            self._acting.until(lambda: not uncounted(self._world, self._stage), "every settled shift counted as pay")
            for one in self._stage.residents.values():
                if one.has_none_at_first:
                    set_account(self._people, one, 0)
            for number in range(1, LAST_ROUNDS + 1):
                if number > 1 and (any(one.failed for one in self.stories) or not self._paying.owing(story)):
                    break
                with ThreadPoolExecutor(len(self._stage.programmes)) as pool:
                    list(pool.map(lambda task: task(), self._payday(PAYDAYS + number, plain=True, counted=number == 1)))
                self.bank.be_calm()
            self._paying.take_back(story)
        except (NeverAnswered, CrossesTheDoor) as error:
            self._fail(story, error)

    def _tell(self, name: str, play: Callable[[Story], None]) -> None:
        story = Story(name)
        with self._lock:
            self.stories.append(story)
        try:
            if self._people.stopping.is_set():
                raise NeverAnswered("told to stop")
            play(story)
        except (NeverAnswered, CrossesTheDoor) as error:
            self._fail(story, error)

    def _fail(self, story: Story, error: Exception) -> None:
        story.failed = f"{type(error).__name__}: {error}"
        story.tell(story.failed)
        self._note(f"{story.name}: {story.failed}")

    def _step(self) -> None:
        with self._lock:
            self._done += 1
            self._asked(self._done)
        if self._killer is not None:
            self._killer.note_fill()


def _earned(month: Mapping[str, Any]) -> int:
    return sum(int(line["won"]) for line in month["lines"])

