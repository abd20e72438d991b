"""What must never be, at any moment: looked at right after every write, before anybody else goes on."""

from __future__ import annotations

from tests.simulation.world import World


class Watch:
    """Notes what should not have been."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: dict[str, None] = {}
        world.watchers.append(self)

    def __call__(self, what: str) -> None:
        """Look at what was written."""
