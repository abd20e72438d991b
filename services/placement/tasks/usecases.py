"""What awaits whoever asks: one answer for all their roles, of the own tenant and the own districts only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from services.placement.attendance.deciding import HOST
from services.placement.attendance.model import RESIDENT
from services.placement.openings.model import CLOSED, Opening
from services.placement.tasks import model
from services.placement.tasks.model import COUNTED, KINDS, OFFICER, Pile, Task
from services.placement.tasks.storage import Waiting
from services.placement.trust.owed import OwedDesk
from shared.actors import Actor, must_be
from shared.clock import Clock, iso

#: Openings whose sheets, or applicants, are asked for one by one: the most urgent.
ASKED_ONE_BY_ONE = 30

Piles = dict[str, Pile]


@dataclass(frozen=True)
class TaskDesk:
    """Reads only: asked every minute by everybody, it writes and remembers nothing."""

    waiting: Waiting
    owed: OwedDesk
    clock: Clock

    def awaiting(self, actor: Actor) -> dict[str, Any]:
        """Return ``{as_of, tasks}``: what awaits the caller, by role and kind; what has nothing in it is left out.

        Raises ``Refused`` for who is neither resident, host nor officer.
        """
        must_be(actor, RESIDENT, HOST, OFFICER)
        now = self.clock.now()
        roles: dict[str, Callable[[Actor, datetime], Piles]] = {
            RESIDENT: self._of_resident,
            HOST: self._of_host,
            OFFICER: self._of_officer,
        }
        tasks: list[dict[str, Any]] = []
        for role, piles_of in roles.items():
            if actor.is_any(role):
                piles = piles_of(actor, now)
                tasks += [piles[kind].told(role, kind) for kind in KINDS[role] if piles[kind].tasks]
        return {"as_of": iso(now), "tasks": tasks}

    # Residents.

    def _of_resident(self, actor: Actor, now: datetime) -> Piles:
        found, whole = self.waiting.applied_for(actor.tenant, actor.subject)
        offered = [task for one, opening in found if (task := model.offer_to_confirm(one, opening, now)) is not None]
        return {"offers_to_confirm": Pile(offered, whole), "evaluations_owed": self._owed(actor, RESIDENT)}

    # Hosts.

    def _of_host(self, actor: Actor, now: datetime) -> Piles:
        hosted, all_known = self.waiting.hosted(actor.tenant, actor.subject)
        found, all_found = (
            self.waiting.sheets_at(actor.tenant, [one.id for one in hosted]) if hosted else ([], True)
        )
        whole = all_known and all_found
        to_confirm = self._to_confirm(hosted, actor.subject, now)
        return {
            "shifts_to_confirm": Pile(to_confirm.tasks, to_confirm.whole and all_known),
            "shifts_unclear": Pile(model.unclear(found, actor.subject), whole),
            # The answer is an officer's; what the resident says is wrong, a host may still correct.
            "attendance_disputes": Pile(model.disputed(found, actor.subject, by=RESIDENT), whole),
            "places_lost": self._places_lost(hosted, now, all_known),
            "evaluations_owed": self._owed(actor, HOST),
        }

    def _to_confirm(self, hosted: Iterable[Opening], subject: str, now: datetime) -> Pile:
        settles = timedelta(hours=self.waiting.sheets.rules.settle_after_hours)
        recent = [one for one in hosted if model.may_have_shifts_to_confirm(one, settles, now)]
        recent.sort(key=lambda one: (one.terms.ends, one.id))
        pile = Pile(whole=len(recent) <= ASKED_ONE_BY_ONE)
        for opening in recent[:ASKED_ONE_BY_ONE]:
            found, whole = self.waiting.open_sheets(opening.id)
            pile.tasks += model.to_confirm(found, subject, now)
            pile.whole = pile.whole and whole
        return pile

    def _places_lost(self, hosted: Iterable[Opening], now: datetime, all_known: bool) -> Pile:
        found = [(task, opening.state) for opening in hosted if (task := model.places_lost(opening, now)) is not None]
        # Whether a closed one ever had somebody who gave a place back is asked of each.
        closed = sorted((task for task, state in found if state == CLOSED), key=lambda task: task.urgency)
        given_back = [task for task in closed[:ASKED_ONE_BY_ONE] if self.waiting.gave_back(task.id, now)]
        others = [task for task, state in found if state != CLOSED]
        return Pile(others + given_back, all_known and len(closed) <= ASKED_ONE_BY_ONE)

    # Officers.

    def _of_officer(self, actor: Actor, now: datetime) -> Piles:
        tenant, districts, subject = actor.tenant, actor.districts, actor.subject
        sheets, all_sheets = self.waiting.sheets_of(tenant, districts)
        prepared, all_prepared = self.waiting.prepared(tenant, districts)
        paying = self.waiting.claimed_of(subject) if prepared else set()
        in_doubt, all_doubts = self.waiting.in_doubt(tenant, districts)
        came_back, all_back = self.waiting.came_back(tenant, districts)
        proposals, all_proposals = self.waiting.submitted(tenant)
        appeals, all_appeals = self.waiting.appeals(tenant, districts)

        def proposed(awaits: Callable[..., bool]) -> Pile:
            those = [one for one, call in proposals if awaits(one, call, subject, districts, now)]
            return Pile([Task(one.id, None, one.submitted_at, one.plan.title) for one in those], all_proposals)

        return {
            "attendance_disputes": Pile(model.disputed(sheets, subject), all_sheets),
            "shifts_unclear": Pile(model.unclear(sheets, subject), all_sheets),
            "selections": self._selections(actor, now),
            "batches_to_approve": Pile(model.to_approve(prepared, subject, paying), all_prepared),
            "returns_to_second": Pile(model.to_second(in_doubt, subject), all_doubts),
            "payments_sent_back": Pile(model.sent_back(came_back, subject), all_back),
            "payments_contradicted": Pile(model.to_clear_up(in_doubt, subject), all_doubts),
            "proposals_to_review": proposed(model.to_review),
            "proposals_to_decide": proposed(model.to_decide),
            "evaluation_appeals": Pile(model.to_answer(appeals, subject), all_appeals),
        }

    def _selections(self, actor: Actor, now: datetime) -> Pile:
        found, whole = self.waiting.open_openings(actor.tenant, actor.districts)
        by_hand = [one for one in found if model.to_select(one, now)]
        by_hand.sort(key=lambda one: (one.terms.deadline, one.id))
        return Pile(
            [
                Task(one.id, one.terms.deadline, one.published_at, one.terms.title)
                for one in by_hand[:ASKED_ONE_BY_ONE]
                if self.waiting.has_applicants(one.id)
            ],
            whole and len(by_hand) <= ASKED_ONE_BY_ONE,
        )

    # Both sides of a place.

    def _owed(self, actor: Actor, side: str) -> Pile:
        found = islice(self.owed.owed_by(actor, side), COUNTED + 1)
        return Pile([Task(one.id, one.until, one.opened_at, one.workplace) for one in found])
