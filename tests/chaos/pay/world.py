"""Who is shot, and of whom there are two, while places are given and paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.world import Say, World, kept_up

#: Each dies at least once, in this order of importance, as far as there are kills.
KINDS = ("placement", "residents", "database", "relay", "broker", "statistics", "notifications")
#: Who dies again when more are to die than there are kinds: what the scenario is about, before all.
AGAIN = ("placement", "placement", "placement", "residents", *KINDS)
#: Two of what must agree with a twin of itself, one of the rest; no gateway, since callers speak RPC, and no rooms.
REPLICAS: Mapping[str, int] = {
    "placement": 2,
    "spaces": 1,
    "notifications": 1,
    "statistics": 1,
    "residents": 1,
    "relay": 1,
    "gateway": 0,
}


@contextmanager
def a_payroll(folder: Path, *, say: Say) -> Iterator[World]:
    """A town that is up; it ends with the block, on Ctrl-C too."""
    with kept_up(World(folder, say=say, replicas=REPLICAS)) as world:
        yield world
