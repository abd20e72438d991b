"""How a ranked opening scores its candidates, so that each can be told why. Pure.

A score is a rule and a weight, in points. A rule says how much of its weight a candidate has, in thousandths, from what
is known of them; the points are hundredths, rounded down. Whom nothing is known of, or who lets nothing be known, is
neutral: neither first nor last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Months over which served ones are counted.
MONTHS = 24
WHOLE = 1000


@dataclass(frozen=True)
class Score:
    """A rule by its name in ``SCORE_RULES``, and its weight in points, 1 to 100."""

    rule: str
    weight: int


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate.

    ``served``: months of the last 24 in which they had a place, None: not known. ``completed``, ``missed``: places that
    they saw through or stayed away from, 0 unless they consent to being judged by them.
    """

    served: int | None = None
    completed: int = 0
    missed: int = 0


#: Of whom nothing is known.
NEUTRAL = Evidence()


@dataclass(frozen=True)
class Part:
    """What one rule gave: ``points`` of at most ``most``, both in hundredths, and from which values."""

    rule: str
    points: int
    most: int
    values: Mapping[str, int]


ScoreRule = Callable[[Evidence], tuple[int, Mapping[str, int]]]


def least_served(evidence: Evidence) -> tuple[int, Mapping[str, int]]:
    """Who had fewer months of work in the last 24 comes first; half the weight where that is not known."""
    if evidence.served is None:
        return WHOLE // 2, {}
    served = min(max(evidence.served, 0), MONTHS)
    return (MONTHS - served) * WHOLE // MONTHS, {"served": served, "of": MONTHS}


def reliability(evidence: Evidence) -> tuple[int, Mapping[str, int]]:
    """Who sees places through comes first; counts are shrunk towards the half, so that one place proves little."""
    seen, missed = max(evidence.completed, 0), max(evidence.missed, 0)
    return (seen + 2) * WHOLE // (seen + missed + 4), {"completed": seen, "missed": missed}


#: By name; the name is a code whose words stand in the catalogue.
SCORE_RULES: Mapping[str, ScoreRule] = {"least_served": least_served, "reliability": reliability}
#: What a ranked opening uses that names no scores of its own.
USUAL_SCORES = (Score("least_served", 70), Score("reliability", 30))


def parts_of(scores: tuple[Score, ...], evidence: Evidence) -> tuple[Part, ...]:
    """Return what each rule gives a candidate.

    >>> [part.points for part in parts_of((Score("least_served", 70),), Evidence(served=6))]
    [5250]
    """
    parts = []
    for score in scores:
        share, values = SCORE_RULES[score.rule](evidence)
        parts.append(Part(score.rule, score.weight * 100 * share // WHOLE, score.weight * 100, values))
    return tuple(parts)
