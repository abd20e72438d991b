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


JOBS = Story(
    "jobs",
    People,
    of_jobs.INVARIANTS,
    mishaps=Mishaps(
        how_hot=25.0, hot_of_command=("database applications.insert_one", "database openings.insert_one")
    ),
    idle=frozenset({"spaces"}),
)
OFFICE = Story(
    "office",
    office.People,
    of_office.INVARIANTS,
    beginning=office.BEGINNING,
    # An act on a room takes four times the steps of an act on an opening, what follows it as many, and far more timers
    # look for work: such a look is kinder, and whoever sleeps wakes sooner. A night outlasts the longest deadlines.
    mishaps=Mishaps(
        crash=0.0012,
        pause=0.003,
        pause_of_command=0.004,
        away=0.003,
        of_a_look=0.15,
        hot_of_command=("database diaries.update_one done", "database bookings.insert_many"),
        hot=("database ledgers.find_one", "database diaries.update_one"),
        pauses=(0.5, 3.0, 12.0, 90.0, 150.0),
    ),
    idle=frozenset({"placement", "residents"}),
    night=office.NIGHT,
)
STORIES = {story.name: story for story in (JOBS, OFFICE)}


def story_of(seed: int) -> Story:
    """Return which story a seed plays unless it is told: every other one."""
    return JOBS if seed % 2 else OFFICE
