"""A room's codes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.rotating import Rotating


@dataclass(kw_only=True)
class Door(Rotating):
    """One space's secret; its id is the space's."""
