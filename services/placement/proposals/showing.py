"""What an officer sees of a proposal: its reviews are the city's, and nobody's own district reads who reviewed it.

city        everything
proposer    the plan; once decided the decision, the score, and what reviewers wrote, without their names
others      the plan and the state, and the review they gave themselves
"""

from __future__ import annotations

from typing import Any

from services.placement.proposals.call import Call
from services.placement.proposals.model import Proposal, Review
from shared.actors import Actor
from shared.clock import iso


def shown_row(proposal: Proposal, call: Call, actor: Actor) -> dict[str, Any]:
    """Return a proposal for a list, JSON-ready; ``score`` as text with two decimals, null where it is not shown."""
    score = proposal.score(call.rules.criteria) if _of_city(actor) or _answered_to(proposal, actor) else None
    return {
        "proposal_id": proposal.id,
        "code": proposal.code,
        "call_id": proposal.call_id,
        "programme_id": proposal.programme_id,
        "district": proposal.district,
        "title": proposal.plan.title,
        "field": proposal.plan.field,
        "won": proposal.plan.won,
        "state": proposal.state,
        "revision": proposal.revision,
        "reviews": len(proposal.reviews),
        "score": None if score is None else str(score),
        "submitted_at": iso(proposal.submitted_at),
    }


def shown(proposal: Proposal, call: Call, actor: Actor) -> dict[str, Any]:
    """Return a whole proposal, JSON-ready."""
    plan, decision = proposal.plan, proposal.decision
    told = _of_city(actor) or _answered_to(proposal, actor)
    return {
        **shown_row(proposal, call, actor),
        "summary": plan.summary,
        "kind": plan.kind,
        "civil_body": plan.civil_body,
        "agency": plan.agency,
        "targets": dict(plan.targets),
        "given": [_review(by, review, named=_of_city(actor)) for by, review in proposal.reviews.items() if told],
        "own_review": _review(actor.subject, proposal.reviews[actor.subject], named=True)
        if actor.subject in proposal.reviews
        else None,
        "decision": {
            "outcome": decision.outcome,
            "reason": decision.reason,
            "at": iso(decision.at),
            "funders": dict(decision.funders),
            "targets": dict(decision.targets),
        }
        if decision is not None and told
        else None,
        "hosted_id": proposal.hosted_id if proposal.hosted else None,
    }


def _review(by: str, review: Review, *, named: bool) -> dict[str, Any]:
    return {
        "by": by if named else None,
        "scores": dict(review.scores),
        "comment": review.comment,
        "at": iso(review.at),
    }


def _of_city(actor: Actor) -> bool:
    return actor.is_any("service") or not actor.districts


def _answered_to(proposal: Proposal, actor: Actor) -> bool:
    """Return whether the proposal was decided, and the officer is of the district that made it."""
    return proposal.decision is not None and proposal.district in actor.districts
