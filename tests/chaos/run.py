"""One run: a town, its people, a killer, the draining and the reckoning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import CrossesTheDoor
from tests.chaos.account import Account, keep_account, unrest
from tests.chaos.ending import DRAINED_WITHIN, Ending, Note, drain, ending, under_fire
from tests.chaos.killing import Killer, plan_of
from tests.chaos.load import Fill, NeverAnswered, People, Stage
from tests.chaos.reckoning import Finding, Reckoning, reckon, story_of
from tests.chaos.world import World, a_world


@dataclass(frozen=True)
class Outcome:
    """What one run found."""

    fills: Sequence[Fill]
    reckoning: Reckoning
    account: Account
    ending: Ending

    @property
    def unanswered(self) -> list[Fill]:
        """Fills that did not get their answers, or a refusal that nothing explains."""
        return [fill for fill in self.fills if fill.failed is not None]

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, nothing doubled, nothing dead, and all came to rest in time."""
        return self.reckoning.clean and not self.unanswered and self.ending.well

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "ok": self.passed,
            "fills": sum("select" in fill.acknowledged for fill in self.fills),
            "kills": self.ending.kills(),
            "lost": self.reckoning.lost,
            "duplicated": self.reckoning.duplicated,
            "dead": self.reckoning.dead,
            "drained_seconds": self.ending.drained_seconds(),
            "left": len(self.reckoning.left),
            "unanswered": len(self.unanswered),
            "mails": len(self.account.mails),
            "letters": len(self.account.letters),
            "archived": len(self.account.archive),
            **self.ending.as_json(),
        }

    def complaints(self) -> list[str]:
        """What a person should look at first, in words."""
        told = [f"fill {fill.number} ({fill.opening}): {fill.failed}" for fill in self.unanswered]
        told += self.ending.complaints()
        told += [f"{name}: {depth} dead or parked" for name, depth in self.account.dead.items()]
        return told + [f"{one.kind}: {one.opening} {one.what}" for one in self.reckoning.findings]

    def story(self) -> list[str]:
        """The first loss (or, without one, the first finding), from the start."""
        findings = sorted(self.reckoning.findings, key=lambda one: one.kind != "lost")
        if findings:
            return story_of(findings[0], self.fills, self.ending.shots, self.account)
        if self.unanswered:
            fill = self.unanswered[0]
            return story_of(Finding("unanswered", str(fill.failed), fill.opening), self.fills, self.ending.shots, self.account)
        return []


def run(
    folder: Path,
    *,
    fills: int,
    kills: int,
    seed: int,
    note: Note = lambda _what: None,
    filled: Callable[[int], None] = lambda _count: None,
    replicas: Mapping[str, int] | None = None,
) -> Outcome:
    """Do one run in `folder`; everything it starts has ended when it returns or raises."""
    started = time.monotonic()
    how: dict[str, Any] = {} if replicas is None else {"replicas": replicas}
    with a_world(folder, say=note, **how) as world:
        note(f"켜짐 (town up) {time.monotonic() - started:.1f} s")
        people = People(world, seed=seed, prefix=f"s{seed}")
        stage = people.set_the_stage(fills)
        _until_onlookers_are_in_reach(people, stage)
        note("무대 준비됨 (residents, programmes and budgets are there)")
        result, killer = _fill_and_shoot(world, people, stage, fills=fills, kills=kills, seed=seed, note=note, filled=filled)
        rest = drain(lambda: unrest(world, stage), killer.shots, note=note)
        figures = _figures(people)
        account = keep_account(world, stage, figures)
        ended = ending(world, people, killer, rest, started=started)
        return Outcome(
            fills=result,
            ending=ended,
            reckoning=reckon(stage, result, account),
            account=account,
        )


def _until_onlookers_are_in_reach(people: People, stage: Stage) -> None:
    """Their interest travels to the index as a fact; an opening published before that would rightly miss them."""
    until = time.monotonic() + DRAINED_WITHIN
    while people.onlookers_in_reach() < set(stage.onlookers):
        if time.monotonic() >= until:
            raise NeverAnswered("residents never named the onlookers as in reach")
        time.sleep(0.1)


def _fill_and_shoot(
    world: World,
    people: People,
    stage: Stage,
    *,
    fills: int,
    kills: int,
    seed: int,
    note: Note,
    filled: Callable[[int], None],
) -> tuple[list[Fill], Killer]:
    begun = time.monotonic()
    plan = plan_of(fills=fills, kills=kills, seed=seed)
    with under_fire(world, people, plan, seed=seed, note=note) as killer:
        count, lock = 0, threading.Lock()

        def done(fill: Fill) -> None:
            nonlocal count
            with lock:
                count += 1
                filled(count)
            if fill.failed is not None:
                note(f"{fill.opening}: {fill.failed}")
            killer.note_fill()

        result = people.fill_all(stage, fills, done)
    seconds = time.monotonic() - begun
    note(f"{fills} fills in {seconds:.1f} s ({fills / seconds:.1f}/s)")
    return result, killer


def _figures(people: People) -> dict[str, Any]:
    """The figures as anybody reads them; an empty answer counts as nothing counted."""
    try:
        answer = people.insist("statistics_figures", "figures", ("operator-chaos", "operator"), tenant=people.tenant)
    except (NeverAnswered, CrossesTheDoor):
        return {}
    return dict(answer["total"])
