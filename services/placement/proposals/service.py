"""How calls and proposals are reached: asked (RPC), told (events), due (timers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.proposals import schemas
from services.placement.proposals.reactions import reactions
from services.placement.wiring import furnish
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, due, told


class CallsService:
    """Calls for proposals."""

    name = "placement_calls"
    rooms = desk(furnish)

    @asked(schemas.PublishCall)
    def publish(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Publish a call under an umbrella programme."""
        return self.rooms.calls.publish(actor, **asked_for)

    @asked(schemas.CallAct)
    def close(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take no more proposals."""
        return self.rooms.calls.close(actor, **asked_for)

    @asked(schemas.OneCall)
    def get(self, actor: Actor, *, call_id: str) -> Mapping[str, Any]:
        """Return a call."""
        return self.rooms.calls.read(actor, call_id=call_id)

    @asked(schemas.ListCalls)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's calls."""
        return self.rooms.calls.listed(actor, **filters)

    @due(every=1.0)
    def move_on(self) -> bool:
        """Open and close calls whose time is there."""
        return self.rooms.calls.move_on()


class ProposalsService:
    """What districts propose."""

    name = "placement_proposals"
    rooms = desk(furnish)

    @asked(schemas.SubmitProposal)
    def submit(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Propose something for a district."""
        return self.rooms.proposals.submit(actor, **asked_for)

    @asked(schemas.ReviseProposal)
    def revise(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Replace what is proposed."""
        return self.rooms.proposals.revise(actor, **asked_for)

    @asked(schemas.ProposalAct)
    def withdraw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a proposal back."""
        return self.rooms.proposals.withdraw(actor, **asked_for)

    @asked(schemas.ReviewProposal)
    def review(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Give points and a word."""
        return self.rooms.proposals.review(actor, **asked_for)

    @asked(schemas.DecideProposal)
    def decide(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Select or reject a proposal."""
        return self.rooms.proposals.decide(actor, **asked_for)

    @asked(schemas.OneProposal)
    def get(self, actor: Actor, *, proposal_id: str) -> Mapping[str, Any]:
        """Return a proposal."""
        return self.rooms.proposals.read(actor, proposal_id=proposal_id)

    @asked(schemas.ListProposals)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a call's proposals."""
        return self.rooms.proposals.listed(actor, **filters)

    @told("placement.proposals")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.rooms.proposals)
