"""Which evaluations somebody still owes: asked of their side, nothing said by it yet, and time is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.placement.trust.model import Evaluation
from services.placement.trust.ports import Outcome, WorkRecords
from services.placement.trust.rules import RESIDENT, own_side
from services.placement.trust.shown import evaluation_row
from shared.actors import Actor, must_be
from shared.clock import Clock
from shared.pages import checked_limit, instant_after, page

#: Rows on a page.
PAGE = 50
#: Records of work read by one question.
READ_AT_ONCE = 50


class Hidden(Protocol):
    """Evaluations that are not revealed yet."""

    def hidden(self, side: str, account: str, tenant: str) -> Sequence[Evaluation]:
        """Return those in which this account may speak for the side."""


@dataclass(frozen=True)
class OwedDesk:
    """What is owed, the nearest deadline first."""

    evaluations: Hidden
    records: WorkRecords
    clock: Clock

    def owed(
        self, actor: Actor, *, side: str | None = None, limit: int = PAGE, cursor: str | None = None
    ) -> Outcome:
        """Return ``{"evaluations", "cursor"}``: those in which the caller has yet to speak for that side, by ``until``."""
        side = side or own_side(actor)
        must_be(actor, side)
        checked_limit(limit, PAGE)
        rows, further = page(
            (evaluation_row(one, sides=(side,)) for one in self.owed_by(actor, side, instant_after(cursor))),
            limit,
            key=lambda row: (row["until"], row["placement_id"]),
        )
        return {"evaluations": rows, "cursor": further}

    def owed_by(self, actor: Actor, side: str, since: tuple[datetime, str] | None = None) -> Iterator[Evaluation]:
        """Yield what this account owes, after ``since`` (until, id). Nobody owes a word about work that was undone."""
        now = self.clock.now()
        asked = sorted(
            (
                one
                for one in self.evaluations.hidden(side, actor.subject, actor.tenant)
                if owes(one, side, actor.subject, now) and (since is None or (one.until, one.id) > since)
            ),
            key=lambda one: (one.until, one.id),
        )
        for start in range(0, len(asked), READ_AT_ONCE):
            some = asked[start : start + READ_AT_ONCE]
            known = self.records.get_many([one.id for one in some])
            yield from (one for one in some if one.id not in known or not known[one.id].undone)


def owes(evaluation: Evaluation, side: str, account: str, now: datetime) -> bool:
    """Return whether this account may still speak for the side; in what is about themselves, for themselves only."""
    if evaluation.revealed_at is not None or now >= evaluation.until or evaluation.word_of(side) is not None:
        return False
    return (account == evaluation.resident_id) == (side == RESIDENT)
