"""What must hold of a figure as it was known at an instant: whoever asks again reads the same."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.folk import SERVICE
from tests.simulation.invariants import Facts
from tests.simulation.pay.people import People
from tests.simulation.world import World


def what_was_known_stays_so(world: World, people: People, _facts: Facts) -> Iterator[str]:
    """A figure that was told as known at an instant is told again, wherever a process slept or died meanwhile."""
    for asked, told in people.readers.known:
        again = world.call("statistics_figures", "figures", token=SERVICE, **asked)
        if again != told:
            yield f"as known at {asked['known_at']}: {told['total']}, and later {again['total']}"
