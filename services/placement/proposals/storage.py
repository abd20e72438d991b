"""Calls and proposals, one document each."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from services.placement.proposals.call import Call, Criterion, Rules
from services.placement.proposals.model import SELECTED, Decision, Plan, Proposal, Review
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document, Duplicate, Index
from shared.serial import Serial

CALLS_SOURCE = "/sipbun/placement/calls"
PROPOSALS_SOURCE = "/sipbun/placement/proposals"


class CallCodec:
    """Call <-> document."""

    def to_document(self, call: Call) -> Document:
        """Return the fields to keep."""
        rules = call.rules
        document: Document = {
            "programme_id": call.programme_id,
            "year": call.year,
            "title": call.title,
            "opens_at": call.opens_at,
            "closes_at": call.closes_at,
            "rules": {
                "fields": list(rules.fields),
                "criteria": [vars(criterion).copy() for criterion in rules.criteria],
                "reviews_needed": rules.reviews_needed,
                "most_won": rules.most_won,
                "districts": list(rules.districts),
                "civil_body_needed": rules.civil_body_needed,
            },
            "state": call.state,
        }
        if call.due is not None:
            document["due"] = call.due
        return document

    def from_document(self, document: Document) -> Call:
        """Return the call."""
        rules = document["rules"]
        return Call(
            id=document["_id"],
            tenant=document["tenant"],
            programme_id=document["programme_id"],
            year=document["year"],
            title=document["title"],
            opens_at=document["opens_at"],
            closes_at=document["closes_at"],
            rules=Rules(
                fields=tuple(rules["fields"]),
                criteria=tuple(Criterion(**row) for row in rules["criteria"]),
                reviews_needed=rules["reviews_needed"],
                most_won=rules["most_won"],
                districts=tuple(rules["districts"]),
                civil_body_needed=rules["civil_body_needed"],
            ),
            state=document["state"],
        )


class ProposalCodec:
    """Proposal <-> document. Reviewers, criteria and measures are values, never keys of the document."""

    def to_document(self, proposal: Proposal) -> Document:
        """Return the fields to keep."""
        decision = proposal.decision
        return {
            "call_id": proposal.call_id,
            "programme_id": proposal.programme_id,
            "year": proposal.year,
            "district": proposal.district,
            "code": proposal.code,
            "plan": {**vars(proposal.plan), "targets": _pairs(proposal.plan.targets)},
            "submitted_by": proposal.submitted_by,
            "submitted_at": proposal.submitted_at,
            "revision": proposal.revision,
            "revised_by": sorted(proposal.revised_by),
            "reviews": [
                {"reviewer": reviewer, "scores": _pairs(review.scores), "comment": review.comment, "at": review.at}
                for reviewer, review in proposal.reviews.items()
            ],
            "state": proposal.state,
            "decision": None
            if decision is None
            else {**vars(decision), "funders": _pairs(decision.funders), "targets": _pairs(decision.targets)},
            "hosted": proposal.hosted,
        }

    def from_document(self, document: Document) -> Proposal:
        """Return the proposal."""
        plan, decision = document["plan"], document["decision"]
        return Proposal(
            id=document["_id"],
            tenant=document["tenant"],
            call_id=document["call_id"],
            programme_id=document["programme_id"],
            year=document["year"],
            district=document["district"],
            code=document["code"],
            plan=Plan(**{**plan, "targets": dict(plan["targets"])}),
            submitted_by=document["submitted_by"],
            submitted_at=document["submitted_at"],
            revision=document["revision"],
            revised_by=frozenset(document.get("revised_by", ())),
            reviews={
                row["reviewer"]: Review(dict(row["scores"]), row["comment"], row["at"]) for row in document["reviews"]
            },
            state=document["state"],
            decision=None
            if decision is None
            else Decision(**{**decision, "funders": dict(decision["funders"]), "targets": dict(decision["targets"])}),
            hosted=document["hosted"],
        )


def _pairs(values: object) -> list[list[object]]:
    """Return a mapping as pairs, so that no name becomes a key of the document."""
    return [list(pair) for pair in dict(values).items()]  # type: ignore[call-overload]


class Calls(Aggregates[Call]):
    """All calls."""

    named = "call_id"

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("due",), where_exists="due"), Index(("tenant", "programme_id"))])

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of calls that should have opened or closed."""
        return [found["_id"] for found in self.collection.find({"due": {"$lte": now}}, ["due"], limit=most)]

    def after(self, tenant: str, programme_id: str | None, since: list[str] | None, most: int) -> list[Call]:
        """Return a tenant's calls by id: those after ``since`` (id), of one umbrella or all."""
        query = {"tenant": tenant} if programme_id is None else {"tenant": tenant, "programme_id": programme_id}
        ids = sorted(found["_id"] for found in self.collection.find(query, ["tenant"]))
        wanted = [one for one in ids if since is None or one > since[0]][:most]
        known = self.get_many(wanted)
        return [known[one] for one in wanted if one in known]


class Proposals(Aggregates[Proposal]):
    """All proposals. ``codes``: which of them a programme comes of, by the programme's id."""

    named = "proposal_id"

    def __init__(self, collection: Collection, codes: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, ProposalCodec(), source=PROPOSALS_SOURCE, clock=clock, serial=serial)
        self.codes = codes

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure([*INDEXES, Index(("call_id", "state")), Index(("code", "state")), Index(("tenant", "state"))])

    def selected_under(self, tenant: str, code: str) -> set[str]:
        """Return the ids of the selected proposals whose programme would have this code."""
        found = self.collection.find({"code": code, "state": SELECTED}, ["tenant"])
        return {one["_id"] for one in found if one["tenant"] == tenant}

    def has_code(self, proposal: Proposal) -> bool:
        """Return whether its programme comes of this selected proposal: the first one to ask has the code, for good."""
        with suppress(Duplicate):
            self.codes.insert_one({"_id": proposal.hosted_id, "proposal_id": proposal.id})
        kept = self.codes.find_one({"_id": proposal.hosted_id})
        return kept is not None and kept["proposal_id"] == proposal.id

    def of_call(
        self,
        call_id: str,
        since: tuple[datetime, str] | None,
        most: int,
        *,
        state: str | None,
        districts: frozenset[str],
    ) -> list[Proposal]:
        """Return a call's proposals, first come first: those after ``since`` (submitted at, id).

        ``districts``: of these only, if any are given.
        """
        query = {"call_id": call_id} if state is None else {"call_id": call_id, "state": state}
        keys = sorted(
            (found["submitted_at"], found["_id"])
            for found in self.collection.find(query, ["submitted_at", "district"])
            if not districts or found["district"] in districts
        )
        ids = [key[1] for key in keys if since is None or key > since][:most]
        known = self.get_many(ids)
        return [known[one] for one in ids if one in known]


def calls(database: Database, *, clock: Clock, serial: Serial) -> Calls:
    """Return the calls kept in placement's database."""
    return Calls(database.collection("calls"), CallCodec(), source=CALLS_SOURCE, clock=clock, serial=serial)


def proposals(database: Database, *, clock: Clock, serial: Serial) -> Proposals:
    """Return the proposals kept in placement's database."""
    collection, codes = database.collection("proposals"), database.collection("proposal_codes")
    return Proposals(collection, codes, clock=clock, serial=serial)
