"""The order of an opening's candidates: made once, never changed, and explained to each of them. Pure.

A draw is ordered by its tickets alone (``draw``), so that anybody can recompute it. A ranking is ordered by hard rules
first, then by points: who may have the place now before whom a limit objects to now, who worked less than half of the
last two years before who worked more (연속·반복참여 감점), then more points before fewer. Ties are broken by the tickets' lots,
under a seed that was committed to before anybody applied: neither the early nor those with a certain name are favoured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from services.placement.openings.application import Application
from services.placement.openings.draw import lot, order_hash, ticket_of
from services.placement.openings.given import key_of
from services.placement.openings.opening import Opening
from services.placement.openings.scores import NEUTRAL, Evidence, Part, parts_of
from services.placement.openings.terms import RANKED
from shared.aggregate import Aggregate


@dataclass(frozen=True)
class Standing:
    """What the limits say of a candidate when the order is made: ``objection`` is ``{code, field, values}``."""

    objection: Mapping[str, Any] | None = None
    ranked_lower: bool = False


@dataclass(frozen=True)
class Entry:
    """A candidate in the order; ``rank`` from 1. ``parts`` are empty in a draw."""

    application_id: str
    attempt: int
    ticket: str
    rank: int = 0
    standing: Standing = Standing()
    parts: tuple[Part, ...] = ()

    @property
    def key(self) -> str:
        """The placement it may become."""
        return key_of(self.application_id, self.attempt)

    @property
    def points(self) -> int:
        """All points, in hundredths."""
        return sum(part.points for part in self.parts)

    @property
    def tier(self) -> int:
        """0 first; 1: worked in most of the last months; 2: a limit objected when the order was made."""
        return 2 if self.standing.objection is not None else int(self.standing.ranked_lower)


@dataclass(kw_only=True)
class Ranking(Aggregate):
    """The candidates of an opening in order; its id is the opening's."""

    method: str
    made_at: datetime
    entries: tuple[Entry, ...]

    @property
    def order_hash(self) -> str:
        """The hash of the tickets in order."""
        return order_hash([entry.ticket for entry in self.entries])

    def entry_of(self, application_id: str, attempt: int) -> Entry | None:
        """Return the entry of this attempt, or None: it came after the order was made."""
        return self._by_key.get(key_of(application_id, attempt))

    @cached_property
    def _by_key(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.entries}


def ranked(
    opening: Opening,
    applications: Sequence[Application],
    *,
    evidence: Mapping[str, Evidence],
    standings: Mapping[str, Standing],
    now: datetime,
) -> Ranking:
    """Return the order of the applications; evidence and standings by resident id, neutral where there is none."""
    entries = []
    for application in applications:
        entry = Entry(application.id, application.attempt, ticket_of(opening.id, application.resident_id))
        if opening.terms.mode == RANKED:
            known = evidence.get(application.resident_id, NEUTRAL)
            standing = standings.get(application.resident_id, Standing())
            entry = replace(entry, standing=standing, parts=parts_of(opening.terms.scores, known))
        entries.append(entry)
    entries.sort(key=lambda one: (one.tier, -one.points, lot(opening.seed, opening.id, one.ticket)))
    return Ranking(
        id=opening.id,
        tenant=opening.tenant,
        method=opening.terms.mode,
        made_at=now,
        entries=tuple(replace(entry, rank=rank) for rank, entry in enumerate(entries, start=1)),
    )
