"""What comes of a selected proposal: its money and its programme, once each.

    has_code --> (money is counted, and kept as pending) --> the programme is made --> hosted --> (pending is forgotten)
                                                              | loaded from elsewhere in that moment
                                                              +--> alarm; the money stays pending, the proposal unhosted
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.placement.programmes.districts import Districts
from services.placement.programmes.model import Programme
from services.placement.proposals.model import SELECTED, Decision, Proposal
from services.placement.proposals.ports import Hosting, Money, Programmes
from services.placement.proposals.storage import Proposals
from shared.clock import kst_day
from shared.telemetry import log


def row_of(
    proposal: Proposal, decision: Decision, *, umbrella: Programme, district_name: str | None
) -> Mapping[str, Any]:
    """Return the row: under the umbrella, in the proposing district, with the targets that were decided."""
    plan = proposal.plan
    return {
        "id": proposal.code,
        "name_ko": plan.title,
        "name_en": None,
        "kind": plan.kind,
        "role": "hosted",
        "parent": umbrella.code,
        "municipality": umbrella.district.municipality,
        "district": district_name,
        "district_code": proposal.district,
        "year": proposal.year,
        "field": plan.field,
        "partners": [name for name in (plan.civil_body, plan.agency) if name is not None],
        **{f"{measure}_target": value for measure, value in decision.targets.items()},
        "proposal": proposal.id,
        "call": proposal.call_id,
    }


class _CodeTaken(Exception):
    """The code is that of a programme which comes of something else."""


@dataclass(frozen=True)
class Host:
    """Hosts selected proposals."""

    proposals: Proposals
    programmes: Programmes
    hosting: Hosting
    money: Money
    districts: Districts

    def host(self, proposal_id: str) -> None:
        """Give a selected proposal its money and its programme, once each; safe to repeat, and to leave at any step.

        The money is there first: no opening is published under a ceiling that is not known yet.
        """
        proposal = self.proposals.find(proposal_id)
        decision = None if proposal is None else proposal.decision
        if proposal is None or decision is None or proposal.state != SELECTED:
            return
        if not self.proposals.has_code(proposal):
            # Two were selected in one moment. No money of the one goes to the programme of the other.
            _say_taken(proposal)
            return
        try:
            self._give(proposal, decision)
        except _CodeTaken:
            # Somebody loaded a programme of this code after the decision. The money is not for that one either.
            _say_taken(proposal)

    def _give(self, proposal: Proposal, decision: Decision) -> None:
        proposal_id = proposal.id

        def noted() -> bool:
            """Return whether it is hosted; asked before money moves, and only if none has."""
            if self.proposals.get(proposal_id).hosted:
                return True
            must_be_its_own()
            return False

        def must_be_its_own() -> None:
            there = self.programmes.find(proposal.hosted_id)
            if there is not None and there.row.get("proposal") != proposal_id:
                raise _CodeTaken

        def note() -> None:
            self.hosting.host(proposal.tenant, self._row(proposal, decision))
            must_be_its_own()
            self.proposals.act(None, proposal_id, _hosted)

        if not decision.funders:
            if not noted():
                note()
            return
        # Also when it is hosted already: whoever hosted it may have died before the budget forgot that it did.
        self.money.appropriate_once(
            name=f"hosted:{proposal_id}",
            programme_id=proposal.hosted_id,
            tenant=proposal.tenant,
            district=proposal.district,
            funders=decision.funders,
            day=kst_day(decision.at).isoformat(),
            noted=noted,
            note=note,
        )

    def _row(self, proposal: Proposal, decision: Decision) -> Mapping[str, Any]:
        found = self.districts.of(proposal.district, kst_day(decision.at))
        name = None if found is None else found.name
        if name is None:
            neighbours = self.programmes.of_tenant(proposal.tenant, proposal.district)
            name = next((one.district.name for one in neighbours if one.district.name), None)
        return row_of(proposal, decision, umbrella=self.programmes.get(proposal.programme_id), district_name=name)


def _say_taken(proposal: Proposal) -> None:
    log.error("proposal_code_taken", proposal=proposal.id, programme=proposal.hosted_id)


def _hosted(proposal: Proposal) -> dict[str, Any]:
    proposal.hosted = True
    return {}
