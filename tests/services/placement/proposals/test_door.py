"""What comes through the RPC door fits the desks, and what is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from services.placement.agreements import schemas as of_agreements
from services.placement.budgets import schemas as of_budgets
from services.placement.proposals import schemas
from tests.services.placement.proposals.makers import CITY, UMBRELLA, YEONSU, Hall, a_hall, a_plan, an_officer

CALL: dict[str, Any] = {
    "act_id": "a-1",
    "call_id": "call-2027",
    "programme_id": UMBRELLA,
    "year": 2027,
    "title": "2027년 공모",
    "opens_at": "2026-12-01T14:00:00+09:00",
    "closes_at": "2026-12-31T18:00:00+09:00",
    "fields": ["청년"],
    "criteria": [{"code": "need", "name_ko": "필요성"}],
    "reviews_needed": 1,
}
PROPOSAL: dict[str, Any] = {
    "act_id": "a-2",
    "proposal_id": "yeonsu-broadcast",
    "call_id": "call-2027",
    "district": YEONSU,
    **a_plan(),
}
DECISION = {"act_id": "a", "proposal_id": "yeonsu-broadcast", "outcome": "selected", "reason": "좋습니다."}
APPROPRIATION = {"act_id": "a", "programme_id": UMBRELLA, "funder": "city", "won": -5, "day": "2026-12-01"}
AGREEMENT = {"act_id": "a", "agreement_id": "agr-1", "programme_id": UMBRELLA, "title": "협약"}


@pytest.fixture
def hall() -> Hall:
    return a_hall()


def test_a_proposal_goes_all_the_way_as_it_comes_through_the_door(hall: Hall) -> None:
    hall.calls.publish(CITY, **schemas.PublishCall().load(CALL))
    hall.proposals.submit(an_officer(YEONSU), **schemas.SubmitProposal().load(PROPOSAL))
    revised = {**{name: PROPOSAL[name] for name in (*a_plan(), "proposal_id")}, "act_id": "a-3", "won": 1}
    hall.proposals.revise(an_officer(YEONSU), **schemas.ReviseProposal().load(revised))
    hall.calls.close(CITY, **schemas.CallAct().load({"act_id": "a-4", "call_id": "call-2027"}))
    named = {"proposal_id": "yeonsu-broadcast"}
    review = {**named, "act_id": "a-5", "scores": {"need": 77}, "comment": ""}
    hall.proposals.review(CITY, **schemas.ReviewProposal().load(review))
    decision = {**named, "act_id": "a-6", "outcome": "selected", "reason": "좋습니다."}
    hall.proposals.decide(CITY, **schemas.DecideProposal().load(decision))
    hall.hears()

    told = hall.proposals.read(CITY, **schemas.OneProposal().load(named))
    [row] = hall.proposals.listed(CITY, **schemas.ListProposals().load({"call_id": "call-2027"}))["proposals"]

    assert (told["state"], told["score"], told["hosted_id"]) == ("selected", "77.00", "incheon:yeonsu-broadcast")
    assert row["won"] == 1


@pytest.mark.parametrize(
    ("schema", "told", "wrong"),
    [
        (schemas.PublishCall, CALL, {"fields": []}),
        (schemas.PublishCall, CALL, {"opens_at": "2026-12-01T14:00:00"}),
        (schemas.PublishCall, CALL, {"closes_at": "9999-12-31T23:59:59+00:00"}),
        (schemas.PublishCall, CALL, {"districts": ["연수구"]}),
        (schemas.PublishCall, CALL, {"reviews_needed": 0}),
        (schemas.SubmitProposal, PROPOSAL, {"proposal_id": "연수 방송"}),
        (schemas.SubmitProposal, PROPOSAL, {"proposal_id": "yeonsu-broadcast\n"}),
        (schemas.SubmitProposal, PROPOSAL, {"district": "２８１８５"}),
        (schemas.SubmitProposal, PROPOSAL, {"title": "  "}),
        (schemas.SubmitProposal, PROPOSAL, {"title": "방송\x00"}),
        # A blank is no civil body.
        (schemas.SubmitProposal, PROPOSAL, {"civil_body": " "}),
        (schemas.DecideProposal, DECISION, {"reason": "\n"}),
        (schemas.SubmitProposal, PROPOSAL, {"targets": {"smiles": 3}}),
        (schemas.SubmitProposal, PROPOSAL, {"won": -1}),
        (schemas.SubmitProposal, PROPOSAL, {"won": 1.0}),
        (of_budgets.Appropriate, APPROPRIATION, {"funder": "somebody"}),
        (of_budgets.Appropriate, APPROPRIATION, {"won": 2**53}),
        (of_budgets.Appropriate, APPROPRIATION, {"day": "어제"}),
        # Python reads these as days; whoever takes the month by its first seven characters does not.
        (of_budgets.Appropriate, APPROPRIATION, {"day": "20261201"}),
        (of_budgets.Appropriate, APPROPRIATION, {"day": "2026-W49-2"}),
        (of_budgets.ReadLedger, {"tenant": "incheon"}, {"by": "street"}),
        (of_agreements.DraftAgreement, AGREEMENT, {"partners": [{"name": ""}]}),
        (of_agreements.DraftAgreement, AGREEMENT, {"ends_on": "2026-02-30"}),
        (of_agreements.DraftAgreement, AGREEMENT, {"title": "\t"}),
        (of_agreements.DraftAgreement, AGREEMENT, {"partners": [{"name": " ", "does": "돕는다."}]}),
        (
            of_agreements.SignAgreement,
            {"act_id": "a", "agreement_id": "agr-1", "day": "2026-12-01"},
            {"documents": ["a" * 64 + "\n"]},
        ),
    ],
)
def test_the_door_names_the_field_at_fault(schema: type[Schema], told: dict[str, Any], wrong: dict[str, Any]) -> None:
    schema().load(told)

    with pytest.raises(ValidationError) as refused:
        schema().load({**told, **wrong})

    assert list(refused.value.messages_dict) == list(wrong)
