"""What proposals do when told: a table of event type -> use case.

proposal.decided    a selected one gets its money and its programme
"""

from __future__ import annotations

from collections.abc import Mapping

from services.placement.proposals.usecases import ProposalDesk
from shared.events.placement import plans
from shared.messaging.core import Reaction, once


def reactions(desk: ProposalDesk) -> Mapping[str, Reaction]:
    """Return the table."""
    return {plans.PROPOSAL_DECIDED.type: once("proposal_id", desk.host)}
