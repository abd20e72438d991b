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
    #: Seconds that go by at once after the storm, so that what has a deadline has passed it; 0: they are waited through.
    night: float = 0.0


JOBS = Story("jobs", People, of_jobs.INVARIANTS, idle=frozenset({"spaces"}))
OFFICE = Story(
    "office",
    office.People,
    of_office.INVARIANTS,
    beginning=office.BEGINNING,
    # An act on a room takes four times the steps of an act on an opening, and what follows it as many: each step of a
    # command is kinder, and whoever follows sleeps more often and wakes sooner. A night outlasts the longest deadlines.
    mishaps=Mishaps(
        crash=0.0012,
        pause=0.003,
        pause_of_command=0.005,
        away=0.003,
        hot=("database ledgers.find_one", "database diaries.update_one"),
        pauses=(0.5, 3.0, 8.0, 20.0, 70.0, 130.0),
    ),
    idle=frozenset({"placement", "residents"}),
    night=office.NIGHT,
)
STORIES = {story.name: story for story in (JOBS, OFFICE)}


def story_of(seed: int) -> Story:
    """Return which story a seed plays unless it is told: every other one."""
    return JOBS if seed % 2 else OFFICE
