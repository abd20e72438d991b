"""A profile: evidence counts, one for each thing that may be said, and never one number for a person. Pure.

It is computed anew from all words each time it is asked for, never added to: the order and the repeats of what was
told change nothing. A word weighs 1 when it is said and half as much after each half-life. An estimate is the weighted
share of words that recommend, shrunk towards what is expected before anything is known:

    estimate = (sum of weights of words that recommend + strength * share) / (sum of all weights + strength)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.placement.trust.rules import Prior, Recommendation, Rules

#: What would be said by "again": with this resident, at this workplace.
AGAIN = "would_again"


@dataclass(frozen=True)
class Said:
    """One word that counts, by the place it is about; ``day``: KST."""

    placement_id: str
    day: date
    codes: frozenset[str]


@dataclass(frozen=True)
class Evidence:
    """What is known about one thing: ``count`` of ``of`` words, what they weigh today, and the estimate, 0 to 1."""

    count: int
    of: int
    weight: float
    estimate: float
    #: Whether there is enough of it to be shown to others.
    shown: bool


def weight(day: date, today: date, half_life_days: int) -> float:
    """Return what a word of ``day`` weighs today: 1, and half of it after each half-life; a future day weighs 1."""
    return float(2.0 ** (-max((today - day).days, 0) / half_life_days))


def estimate(recommending: float, all_: float, prior: Prior) -> float:
    """Return the share of words that recommend, shrunk towards the prior."""
    return (recommending + prior.strength * prior.share) / (all_ + prior.strength)


def fold(said: Iterable[Said], codes: Sequence[str], *, today: date, rules: Rules, prior: Prior) -> dict[str, Evidence]:
    """Return the evidence for each code, whatever the order of the words; a word told twice counts once."""
    words = {one.placement_id: one for one in said}.values()
    weights = {one.placement_id: weight(one.day, today, rules.half_life_days) for one in words}
    # fsum rounds once, so that the order of the words changes not even the last digit.
    whole = math.fsum(weights.values())
    enough = len(words) >= rules.least_shown and whole >= rules.least_weight
    told: dict[str, Evidence] = {}
    for code in codes:
        own = [one for one in words if code in one.codes]
        recommending = math.fsum(weights[one.placement_id] for one in own)
        told[code] = Evidence(
            count=len(own),
            of=len(words),
            weight=recommending,
            estimate=estimate(recommending, whole, prior),
            shown=enough and bool(own),
        )
    return told


def badges(evidence: Mapping[str, Evidence], completed: int, rules: Rules) -> list[str]:
    """Return the codes for which there is a badge: enough completed jobs, and enough words that recommend."""
    if completed < rules.badge.completed:
        return []
    return [code for code, one in evidence.items() if code != AGAIN and one.count >= rules.badge.recommendations]


def codes_of(recommendations: Sequence[Recommendation]) -> list[str]:
    """Return everything that is counted about a side."""
    return [*(one.code for one in recommendations), AGAIN]
