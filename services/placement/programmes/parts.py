"""What a programme is made of: pillars, target groups, targets, what its source claims. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.placement.programmes.figures import EXACT


@dataclass(frozen=True)
class TargetGroup:
    """A group that a programme is for (대상 집단). It may be restricted to only with a stated legal basis."""

    code: str
    name_ko: str
    legal_basis: str | None = None


@dataclass(frozen=True)
class Pillar:
    """A named pillar (축) of an umbrella; ``programme`` is the code of the programme that carries it, if there is one."""

    code: str
    name_ko: str
    programme: str | None = None


@dataclass(frozen=True)
class Target:
    """What a programme promises to reach."""

    value: int
    qualifier: str = EXACT


@dataclass(frozen=True)
class Claimed:
    """How many programmes and districts a source says an umbrella has; not all of them need be named. None: not said."""

    programmes: int | None = None
    districts: int | None = None
