"""The stories that a town can play: who lives in it, what they do, and what must hold in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.simulation import invariants as of_jobs
from tests.simulation.folk import Folk
from tests.simulation.invariants import Invariant
from tests.simulation.office import invariants as of_office
from tests.simulation.office import people as office
from tests.simulation.people import People
from tests.simulation.scheduler import BEGINNING, Mishaps
from tests.simulation.world import World


@dataclass(frozen=True)
class Story:
    """One of them. Services in ``idle`` have no people in it, and run all the same."""

    name: str
    people: Callable[[World], Folk]
    invariants: tuple[Invariant, ...]
    beginning: datetime = BEGINNING
    mishaps: Mishaps = field(default_factory=Mishaps)
    idle: frozenset[str] = frozenset()
    #: Seconds that go by at once when everything has come to rest, before it must do so again.
    night: float = 0.0


JOBS = Story("jobs", People, of_jobs.INVARIANTS, idle=frozenset({"spaces"}))
OFFICE = Story(
    "office",
    office.People,
    of_office.INVARIANTS,
    beginning=office.BEGINNING,
    # An act on a room takes four times the steps of an act on an opening, so that each step may be kinder.
    mishaps=Mishaps(crash=0.0012, pause=0.002, pause_of_command=0.004, away=0.003),
    idle=frozenset({"placement", "residents"}),
    night=office.NIGHT,
)
STORIES = {story.name: story for story in (JOBS, OFFICE)}


def story_of(seed: int) -> Story:
    """Return which story a seed plays unless it is told: every other one."""
    return JOBS if seed % 2 else OFFICE
