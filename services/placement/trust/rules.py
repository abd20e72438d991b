"""What an operator has set: how long one may evaluate, what may be said, and how much a word weighs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.actors import Actor
from shared.errors import Refused

RESIDENT, HOST = "resident", "host"
SIDES = (RESIDENT, HOST)


def own_side(actor: Actor) -> str:
    """Return for which side somebody speaks who did not say: a host for the workplace, everybody else for themselves."""
    return HOST if actor.is_any(HOST) and not actor.is_any(RESIDENT) else RESIDENT


@dataclass(frozen=True)
class Recommendation:
    """A good thing that may be said, by its code."""

    code: str
    ko: str
    en: str
    #: Said no more; what was said stays.
    retired: bool = False


@dataclass(frozen=True)
class Prior:
    """What is expected before anything is known: ``share`` of words that recommend, weighing ``strength`` words."""

    share: float
    strength: float

    def __post_init__(self) -> None:
        if not (0 <= self.share <= 1 and self.strength > 0):
            raise ValueError("give a share from 0 to 1 and a strength above 0")


@dataclass(frozen=True)
class Badge:
    """What a badge of a code needs."""

    completed: int
    recommendations: int


@dataclass(frozen=True)
class Rules:
    """All of it. Days are whole; ``of_resident`` is what a host may say, ``of_workplace`` what a resident may."""

    window_days: int
    appeal_days: int
    half_life_days: int
    least_shown: int
    least_weight: float
    prior: Prior
    badge: Badge
    of_resident: tuple[Recommendation, ...]
    of_workplace: tuple[Recommendation, ...]
    tenants: Mapping[str, Prior] = field(default_factory=dict)

    @property
    def window(self) -> timedelta:
        """How long both sides may evaluate."""
        return timedelta(days=self.window_days)

    @property
    def appeal_window(self) -> timedelta:
        """How long after the reveal one may object."""
        return timedelta(days=self.appeal_days)

    def prior_of(self, tenant: str) -> Prior:
        """Return what a tenant expects before anything is known."""
        return self.tenants.get(tenant, self.prior)

    def said_by(self, side: str) -> tuple[Recommendation, ...]:
        """Return what this side may say of the other."""
        return self.of_resident if side == HOST else self.of_workplace

    def checked(self, side: str, codes: Sequence[str]) -> tuple[str, ...]:
        """Return the codes in the order of the list, each once; raise ``Refused`` ``recommendation_unknown``."""
        known = [one.code for one in self.said_by(side) if not one.retired]
        if not set(codes) <= set(known):
            raise Refused("recommendation_unknown", field="recommendations", codes=known)
        return tuple(code for code in known if code in codes)
