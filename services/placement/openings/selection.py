"""Candidates in order: ranked or drawn once, asked one after the other, each confirming in time or losing the place.

    deadline or rank() --> selecting --> order (kept once) --> offers --> accepted | declined | lapsed --> the next
    a late drop-out with a waitlist ------------------------------^

Nothing here decides who has a place: that is the opening's. Whoever is asked next is found by reading the opening
first, then who waits, and asked by a write that is guarded by the version that was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.placement.openings.again import may_need_residents
from services.placement.openings.explaining import Explaining
from services.placement.openings.giving import LimitsObject
from services.placement.openings.model import (
    SELECTING,
    Application,
    Candidate,
    Opening,
    Ranking,
    Standing,
    key_of,
    ranked,
)
from services.placement.openings.ports import Evidences, NothingKnown
from services.placement.openings.terms import RANKED
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.errors import Conflict, Refused
from shared.telemetry import log

#: Openings moved on in one sweep.
SWEPT_AT_ONCE = 100
#: Looks at an opening in one go; more says that it changes faster than candidates can be asked.
LOOKS = 200


@dataclass(frozen=True)
class SelectionDesk(Explaining):
    """Ranking, drawing, asking and confirming."""

    evidence: Evidences = field(default_factory=NothingKnown)

    # Officers.

    def rank(self, actor: Actor, *, act_id: str, opening_id: str) -> dict[str, Any]:
        """Begin to ask candidates in order once the deadline is there; in a rehearsal, at any time. Officers."""
        known = self.desk.openings.get(opening_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        now = self.desk.clock.now()

        def decide(opening: Opening) -> dict[str, Any]:
            opening.begin_selection(now)
            return {"opening_id": opening_id, "state": opening.state}

        return self.desk.openings.act(Act.of(act_id, "rank", id=opening_id), opening_id, decide)

    # Residents.

    def accept_offer(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Confirm the place that was offered; the resident, or an officer for them.

        Raises ``Refused``: ``no_such_offer``, ``offer_is_lost``, or the limits' objection: the offer then stands until
        its time is up.
        """
        application = self._for_applicant(actor, application_id)
        officer = actor.subject if actor.subject != application.resident_id else ""
        act = Act.of(act_id, "accept_offer", id=application_id)

        def decide(opening: Opening, now: datetime) -> dict[str, Any]:
            opening.accept(application, now, act.id)
            return {
                "opening_id": opening.id,
                "application_id": application_id,
                "resident_id": application.resident_id,
                "state": "selected",
                "filled": opening.free == 0,
            }

        try:
            return self.desk.giving.give(act, application, decide, officer=officer)
        except LimitsObject as objecting:
            raise objecting.refused from None

    def decline_offer(self, actor: Actor, *, act_id: str, application_id: str) -> dict[str, Any]:
        """Let the place that was offered go to the next; the application ends, and names an officer who did so."""
        application = self._for_applicant(actor, application_id)
        officer = actor.subject if actor.is_any("officer") and actor.subject != application.resident_id else None

        def decide(opening: Opening) -> dict[str, Any]:
            if not opening.lapse(application.resident_id, application.attempt, "declined", officer):
                raise Refused("no_such_offer", field="application_id")
            return {"opening_id": opening.id, "application_id": application_id, "state": "declined"}

        act = Act.of(act_id, "decline_offer", id=application_id)
        return self.desk.openings.act(act, application.opening_id, decide)

    # The clock, and when told.

    def sweep(self) -> bool:
        """Move on openings that select and have nothing open, or that wait for the residents service.

        Return whether there may be more. Once that service is away, nobody waits for it again in the same sweep.
        """
        overdue = self.desk.openings.overdue(self.desk.clock.now(), SWEPT_AT_ONCE)
        away = False
        for opening_id in overdue:
            opening = self.desk.openings.find(opening_id)
            if opening is None:
                continue
            if away and may_need_residents(opening):
                self.desk.again.later(opening_id)
                continue
            try:
                noted = opening.looks_again_at
                if not self.desk.again.look(opening_id, self.move_on if noted is None else self._look_again):
                    away = True
                elif noted is not None:
                    self.desk.again.looked(opening_id, noted)
            except (Conflict, Refused) as error:
                # One that cannot go on, because a limit's row is missing say, keeps no other waiting.
                log.error("selection_stuck", opening=opening_id, code=error.code)
        return len(overdue) == SWEPT_AT_ONCE

    def move_on(self, opening_id: str) -> None:
        """Take every step that an opening which selects can take now: its order, then offers, or its end."""
        opening = self.desk.openings.find(opening_id)
        if opening is None or opening.state != SELECTING:
            return
        if opening.needs_order:
            order = self.rankings.find(opening_id) or self._make_order(opening)

            def decide(known: Opening) -> dict[str, Any]:
                known.note_order(order.order_hash, len(order.entries))
                return {}

            self.desk.openings.act(None, opening_id, decide)
        self.call_next(opening_id)

    def call_next(self, opening_id: str) -> None:
        """Offer every place that is neither given nor offered to the next who waits; end asking when nobody does.

        To whom the limits object no offer is made: their application ends with the reason.
        """
        for _ in range(LOOKS):
            opening = self.desk.openings.find(opening_id)
            if opening is None or not opening.can_ask(self.desk.clock.now()):
                return
            # Read after the opening: who was asked before has lost the offer there, or has ended here.
            asked = self._next(opening)
            self._ask(opening, asked)
            if not asked and opening.offers:
                # Nobody else waits; who was asked answers, or time does.
                return
        raise Conflict("changed_meanwhile", field="opening_id")

    # Steps.

    def _look_again(self, opening_id: str) -> None:
        self.desk.give_first_come(opening_id)
        self.move_on(opening_id)

    def _ask(self, opening: Opening, asked: list[Candidate]) -> None:
        """Ask the candidates, or end asking when there are none, unless the opening changed since it was read."""
        now = self.desk.clock.now()

        def decide(known: Opening) -> dict[str, Any]:
            if known.version == opening.version and asked and not known.can_ask(now):
                # The work was over before it was known whom to ask.
                return {}
            if known.version == opening.version and asked:
                known.ask(asked, now)
            elif known.version == opening.version:
                known.run_out(now)
            return {}

        self.desk.openings.act(None, opening.id, decide)

    def _next(self, opening: Opening) -> list[Candidate]:
        """Return whom to ask now, at most one for each spare place; end those to whom the limits object."""
        found: list[Candidate] = []
        for candidate, application in self._line(opening):
            objection = self.desk.giving.objection(opening, candidate.resident_id, candidate.attempt)
            if objection is not None:
                self.desk.end_not_allowed(application, objection)
                continue
            found.append(candidate)
            if len(found) == opening.spare:
                break
        return found

    def _line(self, opening: Opening) -> Iterator[tuple[Candidate, Application]]:
        """Yield those who wait and were not asked yet, in order: by rank, or by how long they have waited."""
        waiting = self.desk.applications.waiting(opening.id)
        order = self._order(opening) if opening.terms.goes_in_order else None
        if order is None:
            ranks = {one.id: rank for rank, one in enumerate(waiting, start=1)}
        else:
            entries = {entry.key: entry.rank for entry in order.entries}
            ranks = {one.id: entries.get(key_of(one.id, one.attempt), 0) for one in waiting}
            waiting = sorted((one for one in waiting if ranks[one.id]), key=lambda one: ranks[one.id])
        for one in waiting:
            if (
                opening.placement_of(one.resident_id) is None
                and opening.offer_of(one.resident_id) is None
                and opening.lapse_of(one.id, one.attempt) is None
            ):
                yield Candidate(one.resident_id, one.id, one.attempt, ranks[one.id]), one

    def _make_order(self, opening: Opening) -> Ranking:
        applications = self.desk.applications.waiting(opening.id)
        residents = [one.resident_id for one in applications]
        evidence, standings = {}, {}
        if opening.terms.mode == RANKED:
            evidence = dict(self.evidence.of(residents))
            standings = {one.resident_id: self._standing(opening, one) for one in applications}
        order = ranked(
            opening, applications, evidence=evidence, standings=standings, now=self.desk.clock.now()
        )
        return self.rankings.keep(order)

    def _standing(self, opening: Opening, application: Application) -> Standing:
        outlook = self.desk.limits.quote(opening.wanted(application.resident_id, application.attempt, self.desk.clock.now()))
        first = next(iter(outlook.objections), None)
        return Standing(None if first is None else first.to_wire(), outlook.ranked_lower)
