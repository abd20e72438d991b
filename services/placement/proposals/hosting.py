"""The row of the programme that comes of a selected proposal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.placement.programmes.model import Programme
from services.placement.proposals.model import Decision, Proposal


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
