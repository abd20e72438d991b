"""What is told of the order of candidates: all of it to officers, their own rank to each, and of a draw what is public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.placement.openings.draw import ticket_of
from services.placement.openings.model import Application, Opening, Ranking
from services.placement.openings.shown import explained
from services.placement.openings.storage import Rankings
from services.placement.openings.terms import DRAW
from services.placement.openings.usecases import OpeningDesk
from shared.actors import Actor, must_be, must_be_self
from shared.errors import NotFound, Refused
from shared.pages import after, checked_limit, cursor_of, page

#: Tickets, and entries of a ranking, in one answer.
MOST_TICKETS, MOST_ENTRIES = 1500, 100


@dataclass(frozen=True)
class Explaining:
    """The order, as it is told."""

    desk: OpeningDesk
    rankings: Rankings

    def ranking(
        self, actor: Actor, *, opening_id: str, limit: int = MOST_ENTRIES, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{method, candidates, entries, cursor}``, best first, each entry with its reasons; officers."""
        checked_limit(limit, MOST_ENTRIES)
        known = self.desk.openings.get(opening_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        order = self._order(known)
        first = _number_after(cursor)
        entries = order.entries[first : first + limit + 1]
        rows, further = page(map(explained, entries), limit, lambda row: (str(row["rank"]),))
        return {
            "opening_id": opening_id,
            "method": order.method,
            "candidates": len(order.entries),
            "entries": rows,
            "cursor": further,
        }

    def why(self, actor: Actor, *, application_id: str) -> dict[str, Any]:
        """Return an applicant's own ticket, rank, points and the rule behind each; officers see any.

        ``rank`` None: there is no order yet, or the application came after it was made.
        """
        application = self._for_applicant(actor, application_id)
        opening = self.desk.openings.get(application.opening_id)
        order = self.rankings.find(opening.id) if opening.order_hash is not None else None
        entry = None if order is None else order.entry_of(application_id, application.attempt)
        told: dict[str, Any] = {
            "application_id": application_id,
            "attempt": application.attempt,
            "rank": None,
            "ticket": ticket_of(opening.id, application.resident_id) if opening.terms.goes_in_order else None,
            "tier": None,
            "objection": None,
            "points": None,
            "parts": [],
        }
        return {
            **(told if entry is None else explained(entry)),
            "opening_id": opening.id,
            "method": opening.terms.mode,
            "candidates": opening.candidates,
            "state": application.state,
            "reason": application.reason,
            "why": None if application.why is None else dict(application.why),
        }

    def draw(
        self, _actor: Actor, *, opening_id: str, limit: int = MOST_TICKETS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return what is public of a draw: before it, the seed's hash; after it, the seed and the tickets in order.

        No resident is named. A whole answer (its pages' ``tickets`` in a row) is what ``./sipbun draw verify`` reads.
        """
        checked_limit(limit, MOST_TICKETS)
        opening = self.desk.openings.get(opening_id)
        if opening.terms.mode != DRAW:
            raise Refused("opening_is_no_draw", field="opening_id", mode=opening.terms.mode)
        first = _number_after(cursor)
        order = self.rankings.find(opening_id) if opening.order_hash is not None else None
        tickets = [] if order is None else [entry.ticket for entry in order.entries[first : first + limit]]
        last = first + len(tickets)
        return {
            "opening_id": opening_id,
            "method": DRAW,
            "state": opening.state,
            "seed_hash": opening.seed_hash,
            "seed": None if order is None else opening.seed,
            "order_hash": opening.order_hash,
            "candidates": opening.candidates,
            "places": opening.terms.places,
            "given": len(opening.placements),
            "offered": len(opening.offers),
            "asked": opening.asked,
            "tickets": tickets,
            "cursor": cursor_of(str(last)) if order is not None and last < len(order.entries) else None,
        }

    # Steps.

    def _order(self, opening: Opening) -> Ranking:
        order = self.rankings.find(opening.id) if opening.order_hash is not None else None
        if order is None:
            raise NotFound("no_such_ranking", field="opening_id", id=opening.id)
        return order

    def _for_applicant(self, actor: Actor, application_id: str) -> Application:
        known = self.desk.applications.get(application_id)
        must_be_self(actor, known.resident_id, tenant=known.tenant, or_roles=("officer",), district=known.district)
        return known


def _number_after(cursor: str | None) -> int:
    key = after(cursor, 1)
    if key is None:
        return 0
    if not key[0].isascii() or not key[0].isdigit() or len(key[0]) > 9:
        raise Refused("bad_cursor", field="cursor")
    return int(key[0])
