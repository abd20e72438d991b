"""One run: a town, its people, a killer, the draining and the reckoning."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import CrossesTheDoor
from tests.chaos.killing import Killer, plan_of
from tests.chaos.load import Fill, NeverAnswered, People, Stage, Tries
from tests.chaos.reckoning import Account, Finding, Reckoning, keep_account, reckon, story_of, unrest
from tests.chaos.world import Shot, World, a_world

#: Seconds after the last kill within which everything must have come to rest.
DRAINED_WITHIN = 60.0
#: Seconds to go on watching when that was not enough: whether it comes to rest at all is worth knowing.
WATCHED_FOR = 180.0
#: Seconds that it must stay at rest to count: longer than the broker's figures are old.
AT_REST_FOR = 1.5

#: Messages that may wait before people are held back: a few seconds' work.
BEHIND = 120
#: Seconds between two words on how the draining goes.
TOLD_EVERY = 3.0

Note = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What one run found."""

    fills: Sequence[Fill]
    shots: Sequence[Shot]
    reckoning: Reckoning
    account: Account
    tries: Tries
    #: Seconds from the last kill until everything was at rest; None when it never was.
    drained: float | None
    unrest: Sequence[str]
    seconds: float
    killer_failed: str | None
    restarts: Mapping[str, int]

    @property
    def unanswered(self) -> list[Fill]:
        """Fills that did not get their answers, or a refusal that nothing explains."""
        return [fill for fill in self.fills if fill.failed is not None]

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, nothing doubled, nothing dead, and all came to rest in time."""
        return (
            self.reckoning.clean
            and not self.unanswered
            and self.killer_failed is None
            and self.drained is not None
            and self.drained <= DRAINED_WITHIN
        )

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "ok": self.passed,
            "fills": sum("select" in fill.acknowledged for fill in self.fills),
            "kills": dict(Counter(shot.kind for shot in self.shots)),
            "lost": self.reckoning.lost,
            "duplicated": self.reckoning.duplicated,
            "dead": self.reckoning.dead,
            "drained_seconds": None if self.drained is None else round(self.drained, 1),
            "left": len(self.reckoning.left),
            "unanswered": len(self.unanswered),
            "calls": self.tries.calls,
            "asked_again": self.tries.again,
            "mails": len(self.account.mails),
            "letters": len(self.account.letters),
            "archived": len(self.account.archive),
            "restarts": dict(self.restarts),
            "seconds": round(self.seconds, 1),
        }

    def complaints(self) -> list[str]:
        """What a person should look at first, in words."""
        told = [f"fill {fill.number} ({fill.opening}): {fill.failed}" for fill in self.unanswered]
        if self.killer_failed:
            told.append(self.killer_failed)
        if self.drained is None:
            told.append(f"never at rest: {', '.join(self.unrest)}")
        elif self.drained > DRAINED_WITHIN:
            told.append(f"at rest only {self.drained:.0f} s after the last kill")
        told += [f"{name}: {depth} dead or parked" for name, depth in self.account.dead.items()]
        return told + [f"{one.kind}: {one.opening} {one.what}" for one in self.reckoning.findings]

    def story(self) -> list[str]:
        """The first loss (or, without one, the first finding), from the start."""
        findings = sorted(self.reckoning.findings, key=lambda one: one.kind != "lost")
        if findings:
            return story_of(findings[0], self.fills, self.shots, self.account)
        if self.unanswered:
            fill = self.unanswered[0]
            return story_of(Finding("unanswered", str(fill.failed), fill.opening), self.fills, self.shots, self.account)
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
        drained, restless = drain(lambda: unrest(world, stage), killer.shots, note=note)
        figures = _figures(people)
        account = keep_account(world, stage, figures)
        return Outcome(
            fills=result,
            shots=tuple(killer.shots),
            reckoning=reckon(stage, result, account),
            account=account,
            tries=people.tries,
            drained=drained,
            unrest=restless,
            seconds=time.monotonic() - started,
            killer_failed=killer.failed,
            restarts={name: restarts for name, (_, restarts) in world.lives().items() if restarts},
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

    def shot_down(shot: Shot) -> None:
        note(f"kill -9 {shot.process} (pid {shot.pid}), {time.monotonic() - begun:.1f} s")

    killer = Killer(world, plan_of(fills=fills, kills=kills, seed=seed), seed=seed, tell=shot_down)
    count, lock = 0, threading.Lock()

    def done(fill: Fill) -> None:
        nonlocal count
        with lock:
            count += 1
            filled(count)
        if fill.failed is not None:
            note(f"{fill.opening}: {fill.failed}")
        killer.note_fill()

    with watching_the_backlog(world, people):
        killer.start()
        try:
            result = people.fill_all(stage, fills, done)
            killer.join()
        finally:
            killer.stop()
    seconds = time.monotonic() - begun
    note(f"{fills} fills in {seconds:.1f} s ({fills / seconds:.1f}/s)")
    return result, killer


@contextmanager
def watching_the_backlog(world: World, people: People) -> Iterator[None]:
    """Hold people back while more than `BEHIND` messages wait; a broker that is away holds nobody back."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            depths = world.broker_answers()
            if depths is not None and sum(world.waiting(depths).values()) > BEHIND:
                people.behind.set()
            else:
                people.behind.clear()

    watcher = threading.Thread(target=watch, name="backlog", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        people.behind.clear()
        watcher.join()


def drain(
    unrest_of: Callable[[], list[str]], shots: Sequence[Shot], *, note: Note
) -> tuple[float | None, list[str]]:
    """Wait until everything is at rest; return the seconds since the last kill, or None and what still moves.

    ``unrest_of`` says in words what has not come to rest yet.
    """
    since = shots[-1].at if shots else datetime.now(UTC)
    begun = time.monotonic()
    rested: tuple[float, datetime] | None = None
    told, tell_again = "", begun
    while True:
        restless = unrest_of()
        now = time.monotonic()
        if restless:
            rested = None
        elif rested is None:
            rested = (now, datetime.now(UTC))
        elif now - rested[0] >= AT_REST_FOR:
            return (rested[1] - since).total_seconds(), []
        saying = ", ".join(restless)
        if saying != told and now >= tell_again:
            note(f"가라앉는 중 (draining): {saying or 'at rest'}")
            told, tell_again = saying, now + TOLD_EVERY
        if now - begun >= WATCHED_FOR:
            return None, restless
        time.sleep(0.3)


def _figures(people: People) -> dict[str, Any]:
    """The figures as anybody reads them; an empty answer counts as nothing counted."""
    try:
        answer = people.insist("statistics_figures", "figures", ("operator-chaos", "operator"), tenant=people.tenant)
    except (NeverAnswered, CrossesTheDoor):
        return {}
    return dict(answer["total"])
