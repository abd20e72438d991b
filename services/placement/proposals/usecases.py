"""What can be done with proposals: by officers of districts and of the city, and when one was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.placement.city import must_be_city
from services.placement.programmes.districts import Districts
from services.placement.programmes.kinds import AnyKind, Kinds
from services.placement.proposals.call import Call
from services.placement.proposals.hosting import Host
from services.placement.proposals.model import SELECTED, Decision, Plan, Proposal, must_fit
from services.placement.proposals.ports import Hosting, Money, Programmes, Tenants
from services.placement.proposals.showing import shown, shown_row
from services.placement.proposals.storage import Calls, Proposals
from shared.actors import Actor, must_be
from shared.aggregate import Act
from shared.clock import Clock
from shared.errors import Refused
from shared.pages import checked_limit, instant_after, page

#: Rows of one answer.
MOST_PROPOSALS = 200


@dataclass(frozen=True)
class ProposalDesk:
    """The acts on proposals."""

    calls: Calls
    proposals: Proposals
    tenants: Tenants
    programmes: Programmes
    hosting: Hosting
    money: Money
    clock: Clock
    kinds: Kinds = field(default_factory=AnyKind)
    districts: Districts = field(default_factory=Districts)

    # Officers of districts.

    def submit(
        self,
        actor: Actor,
        *,
        act_id: str,
        proposal_id: str,
        call_id: str,
        district: str,
        code: str | None = None,
        **planned: Any,
    ) -> dict[str, Any]:
        """Propose something for a district under an open call; officers of the district.

        ``code`` is that of the programme that would come of it; left out, the proposal's id.
        """
        call = self.calls.get(call_id)
        must_be(actor, "officer", tenant=call.tenant, district=district)
        self.tenants.get(call.tenant).must_be_open()
        now = self.clock.now()
        plan = Plan(**planned)
        proposal = Proposal(
            id=proposal_id,
            tenant=call.tenant,
            call_id=call_id,
            programme_id=call.programme_id,
            year=call.year,
            district=district,
            code=code or proposal_id,
            plan=plan,
            submitted_by=actor.subject,
            submitted_at=now,
        )
        if self.proposals.find(proposal_id) is None:
            call.takes_proposals(now)
            self._must_fit(call, district, plan)
            self._must_be_free(proposal)
            proposal.submit()
        outcome = {"proposal_id": proposal_id, "state": proposal.state, "revision": 1}
        act = Act.of(act_id, "submit_proposal", id=proposal_id, call=call_id, district=district, code=code, **planned)
        return self.proposals.create(act, proposal, outcome)

    def revise(self, actor: Actor, *, act_id: str, proposal_id: str, **planned: Any) -> dict[str, Any]:
        """Replace the plan while the call is open; officers of the district."""
        known = self._for_district(actor, proposal_id)
        self.tenants.get(known.tenant).must_be_open()
        plan = Plan(**planned)

        def decide(proposal: Proposal) -> dict[str, Any]:
            call = self.calls.get(known.call_id)
            call.takes_proposals(self.clock.now())
            self._must_fit(call, known.district, plan)
            proposal.revise(plan, actor.subject)
            return {"proposal_id": proposal_id, "state": proposal.state, "revision": proposal.revision}

        return self.proposals.act(Act.of(act_id, "revise_proposal", id=proposal_id, **planned), proposal_id, decide)

    def withdraw(self, actor: Actor, *, act_id: str, proposal_id: str) -> dict[str, Any]:
        """Take a proposal back until it is decided; officers of the district."""
        self._for_district(actor, proposal_id)
        now = self.clock.now()

        def decide(proposal: Proposal) -> dict[str, Any]:
            proposal.withdraw(now)
            return {"proposal_id": proposal_id, "state": proposal.state}

        return self.proposals.act(Act.of(act_id, "withdraw_proposal", id=proposal_id), proposal_id, decide)

    # Reviewers, and the city.

    def review(
        self, actor: Actor, *, act_id: str, proposal_id: str, scores: Mapping[str, int], comment: str
    ) -> dict[str, Any]:
        """Give points and a word once the call is over, or change them until it is decided.

        Officers of the tenant who neither belong to the proposing district nor wrote any of it themselves.
        """
        known = self.proposals.get(proposal_id)
        must_be(actor, "officer", tenant=known.tenant)
        if known.district in actor.districts:
            raise Refused("own_proposal", field="proposal_id")
        call, now = self.calls.get(known.call_id), self.clock.now()

        def decide(proposal: Proposal) -> dict[str, Any]:
            proposal.must_be_of_others(actor.subject)
            call.must_be_over(now)
            proposal.review(actor.subject, scores, comment, rules=call.rules, now=now)
            return {"proposal_id": proposal_id, "reviews": len(proposal.reviews)}

        asked = {"id": proposal_id, "by": actor.subject, "scores": dict(scores), "comment": comment}
        return self.proposals.act(Act.of(act_id, "review_proposal", **asked), proposal_id, decide)

    def decide(
        self,
        actor: Actor,
        *,
        act_id: str,
        proposal_id: str,
        outcome: str,
        reason: str,
        funders: Mapping[str, int] | None = None,
        targets: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Select or reject a proposal, once, when the call is over and enough have reviewed it; officers of the city.

        What is selected gets a programme by reaction, with ``funders`` (won by who pays; unless told, all that was
        asked for, from the city; none: no ceiling) and ``targets`` (unless told, those it promised).
        """
        known = self.proposals.get(proposal_id)
        must_be_city(actor, "officer", tenant=known.tenant)
        self.tenants.get(known.tenant).must_be_open()
        call, now = self.calls.get(known.call_id), self.clock.now()

        def decide(proposal: Proposal) -> dict[str, Any]:
            proposal.must_be_of_others(actor.subject)
            call.must_be_over(now)
            given = {"city": proposal.plan.won} if funders is None else dict(funders)
            promised = dict(proposal.plan.targets if targets is None else targets)
            selected = outcome == SELECTED
            if selected:
                self._must_be_free(proposal)
            answer = Decision(
                outcome, reason, actor.subject, now, given if selected else {}, promised if selected else {}
            )
            proposal.decide(answer, rules=call.rules)
            return {
                "proposal_id": proposal_id,
                "state": proposal.state,
                "hosted_id": proposal.hosted_id if selected else None,
            }

        asked = {
            "id": proposal_id,
            "outcome": outcome,
            "reason": reason,
            "funders": None if funders is None else dict(funders),
            "targets": None if targets is None else dict(targets),
        }
        return self.proposals.act(Act.of(act_id, "decide_proposal", **asked), proposal_id, decide)

    # Reading.

    def read(self, actor: Actor, *, proposal_id: str) -> dict[str, Any]:
        """Return a proposal, as much of its reviews as the officer may see (proposals/showing.py)."""
        proposal = self.proposals.get(proposal_id)
        must_be(actor, "officer", "operator", tenant=proposal.tenant)
        call = self.calls.get(proposal.call_id)
        if not call.over(self.clock.now()):
            must_be(actor, "officer", "operator", tenant=proposal.tenant, district=proposal.district)
        return shown(proposal, call, actor)

    def listed(
        self,
        actor: Actor,
        *,
        call_id: str,
        state: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return ``{proposals, cursor}`` of a call, first come first, at most ``limit`` (1 to 200); officers.

        One limited to districts sees those of others only once the call is over: then they may be reviewed.
        """
        checked_limit(limit, MOST_PROPOSALS)
        call = self.calls.get(call_id)
        must_be(actor, "officer", "operator", tenant=call.tenant)
        only = frozenset() if call.over(self.clock.now()) else actor.districts
        since = instant_after(cursor)
        found = self.proposals.of_call(call_id, since, limit + 1, state=state, districts=only)
        rows = (shown_row(proposal, call, actor) for proposal in found)
        taken, further = page(rows, limit, lambda row: (row["submitted_at"], row["proposal_id"]))
        return {"proposals": taken, "cursor": further}

    # When told.

    def host(self, proposal_id: str) -> None:
        """Give a selected proposal its money and its programme, once each (proposals/hosting.py)."""
        Host(self.proposals, self.programmes, self.hosting, self.money, self.districts).host(proposal_id)

    def _must_fit(self, call: Call, district: str, plan: Plan) -> None:
        self.kinds.of(plan.kind, field="kind")
        must_fit(call.rules, district, plan)

    def _must_be_free(self, proposal: Proposal) -> None:
        others = self.proposals.selected_under(proposal.tenant, proposal.code) - {proposal.id}
        if others or self.programmes.find(proposal.hosted_id) is not None:
            raise Refused("id_taken", field="code", id=proposal.code)

    def _for_district(self, actor: Actor, proposal_id: str) -> Proposal:
        known = self.proposals.get(proposal_id)
        must_be(actor, "officer", tenant=known.tenant, district=known.district)
        return known
