"""How trust is reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.trust import schemas
from services.placement.trust.reactions import reactions
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class TrustService:
    """Mutual evaluation, and the profiles it adds up to."""

    name = "placement_trust"
    rooms = desk(furnish)

    @asked(schemas.Known)
    def known(self, actor: Actor) -> Mapping[str, Any]:
        """Return the good things that each side may say."""
        return self.rooms.evaluations.known(actor)

    @asked(schemas.Evaluate)
    def evaluate(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take one side's word about the other."""
        return self.rooms.evaluations.evaluate(actor, **asked_for)

    @asked(schemas.MyEvaluations)
    def my_evaluations(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the caller's own evaluations."""
        return self.rooms.evaluations.my_evaluations(actor, **asked_for)

    @asked(schemas.MyEvaluations)
    def owed(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the evaluations that the caller still owes."""
        return self.rooms.owed.owed(actor, **asked_for)

    @asked(schemas.OneEvaluation)
    def evaluation(self, actor: Actor, *, placement_id: str) -> Mapping[str, Any]:
        """Return one evaluation, as far as the caller may read it."""
        return self.rooms.evaluations.evaluation(actor, placement_id=placement_id)

    @asked(schemas.Appeal)
    def appeal(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Object to what was said."""
        return self.rooms.evaluations.appeal(actor, **asked_for)

    @asked(schemas.AnswerAppeal)
    def answer_appeal(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Answer an objection."""
        return self.rooms.evaluations.answer_appeal(actor, **asked_for)

    @asked(schemas.OpenAppeals)
    def open_appeals(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return the objections that wait for an officer."""
        return self.rooms.evaluations.open_appeals(actor, **asked_for)

    @asked(schemas.OneProfile)
    def profile(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return a resident's profile."""
        return self.rooms.profiles.profile(actor, **asked_for)

    @asked(schemas.OneWorkplace)
    def workplace(self, actor: Actor, *, opening_id: str) -> Mapping[str, Any]:
        """Return what residents said of a workplace."""
        return self.rooms.profiles.workplace(actor, opening_id=opening_id)

    @asked(schemas.Export)
    def export(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return everything kept about the resident who asks."""
        return self.rooms.profiles.export(actor, **asked_for)

    @told("placement.trust")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.evaluations, self.rooms.work_records)

    @due(every=5.0)
    def reveal_due(self) -> bool:
        """Reveal evaluations whose time is over."""
        return self.rooms.evaluations.reveal_due()
