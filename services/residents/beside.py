"""Changes a document that stands beside a resident's own and may not be there yet: its id is the resident's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from shared.aggregate import Act, Aggregate
from shared.errors import NotFound, Refused

A = TypeVar("A", bound=Aggregate)
Outcome = dict[str, Any]


class Beside(Protocol[A]):
    """Documents by resident."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[A], Outcome]) -> Outcome:
        """Change one once."""

    def create(self, act: Act, aggregate: A, outcome: Outcome) -> Outcome:
        """Store a new one once."""


def act_or_create(kept: Beside[A], act: Act, fresh: A, decide: Callable[[A], Outcome]) -> Outcome:
    """Do the act on the document of ``fresh.id``, or on ``fresh`` when there is none; return its outcome.

    Whoever loses the race to make it acts on what the other made. Raises what ``decide`` raises.
    """
    try:
        return kept.act(act, fresh.id, decide)
    except NotFound:
        outcome = decide(fresh)
    try:
        return kept.create(act, fresh, outcome)
    except Refused as error:
        if error.code != "id_taken":
            raise
    return kept.act(act, fresh.id, decide)
