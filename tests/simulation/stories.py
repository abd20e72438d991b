"""The stories that a town can play: who lives in it, what they do, and what must hold in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.config import Settings
from tests.simulation import invariants as of_jobs
from tests.simulation.folk import Folk
from tests.simulation.invariants import Invariant
from tests.simulation.office import invariants as of_office
from tests.simulation.office import people as office
from tests.simulation.pay import cast as pay_cast
from tests.simulation.pay import invariants as of_pay
from tests.simulation.pay import people as pay
from tests.simulation.people import People
from tests.simulation.scheduler import BEGINNING, Mishaps
from tests.simulation.world import World


@dataclass(frozen=True)
class Story:
    """One of them. Services, and desks of one, in ``idle`` have no people in it, and run all the same."""

    name: str
    people: Callable[[World], Folk]
    invariants: tuple[Invariant, ...]
    beginning: datetime = BEGINNING
    mishaps: Mishaps = field(default_factory=Mishaps)
    idle: frozenset[str] = frozenset()
    #: Seconds that go by at once after the storm, so that what has a deadline has passed it; 0: they are waited through.
    night: float = 0.0
    #: The operator's data, if it is not that which is shipped.
    settings: Callable[[], Settings | None] = lambda: None


#: Desks that lead to programmes, and those of what comes after a place was given.
_PLANS = frozenset({"placement_calls", "placement_proposals", "placement_agreements"})
_WORK = frozenset({"placement_attendance", "placement_batches", "placement_trust"})
JOBS = Story(
    "jobs",
    People,
    of_jobs.INVARIANTS,
    mishaps=Mishaps(
        how_hot=25.0, hot_of_command=("database applications.insert_one", "database openings.insert_one")
    ),
    idle=frozenset({"spaces", *_PLANS, *_WORK}),
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
PAY = Story(
    "pay",
    pay.People,
    of_pay.INVARIANTS,
    beginning=pay_cast.BEGINNING,
    mishaps=Mishaps(
        crash=0.0012,
        pause=0.003,
        pause_of_command=0.006,
        away=0.003,
        of_a_look=0.15,
        how_hot=20.0,
        hot_of_command=("database openings.update_one", "database pay_months.update_each"),
        hot=("database openings.update_one", "database budgets.find_one", "database pay_months.update_each"),
        pauses=(0.5, 3.0, 12.0, 90.0, 150.0),
    ),
    # Many letters are written, and each look for mail to be sent looks at all of them.
    idle=frozenset({"spaces", "notifications", *_PLANS}),
    night=pay_cast.NIGHT,
    settings=pay_cast.settings,
)
STORIES = {story.name: story for story in (OFFICE, JOBS, PAY)}


def story_of(seed: int) -> Story:
    """Return which story a seed plays unless it is told: they take turns."""
    return (OFFICE, JOBS, PAY)[seed % 3]
