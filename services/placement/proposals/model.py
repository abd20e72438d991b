"""A proposal (제안): what a district, with a civil body or an operating agency, wants to run under the city's umbrella.

    submitted --> selected --> (by reaction) its programme is hosted and its money appropriated
        |  \\----> rejected
        +------> withdrawn

It may change while the call is open, and until somebody has reviewed it. Who decides last is decided on this document:
of two decisions, or a decision and a withdrawal, one is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from services.placement.proposals.call import Criterion, Rules
from shared.aggregate import Aggregate
from shared.clock import kst_day
from shared.errors import Refused
from shared.events.contract import LARGEST
from shared.events.placement import plans as events

SUBMITTED, WITHDRAWN = "submitted", "withdrawn"
SELECTED, REJECTED = events.OUTCOMES
#: Reviewers of one proposal: more than any panel has.
MOST_REVIEWS = 30


@dataclass(frozen=True)
class Plan:
    """What is proposed."""

    title: str
    summary: str
    #: One of the call's fields.
    field: str
    #: Kind of the programme that would come of it.
    kind: str
    won: int
    #: Measure (``TARGET_MEASURES``) -> what it promises to reach.
    targets: Mapping[str, int]
    civil_body: str | None = None
    agency: str | None = None


@dataclass(frozen=True)
class Review:
    """One reviewer's points (criterion -> 0 to 100) and word."""

    scores: Mapping[str, int]
    comment: str
    at: datetime


@dataclass(frozen=True)
class Decision:
    """What the city decided, and why."""

    outcome: str
    reason: str
    by: str
    at: datetime
    #: Of a selected one: won by funder; empty: 자료 없음, no ceiling.
    funders: Mapping[str, int] = field(default_factory=dict)
    targets: Mapping[str, int] = field(default_factory=dict)


def field_is_of_the_call(rules: Rules, _district: str, plan: Plan) -> Refused | None:
    """The field must be one the call names."""
    return None if plan.field in rules.fields else Refused("proposal_field_unknown", field="field", given=plan.field)


def district_may_propose(rules: Rules, district: str, _plan: Plan) -> Refused | None:
    """The district must be one the call names, if it names any."""
    if not rules.districts or district in rules.districts:
        return None
    return Refused("district_may_not_propose", field="district", district=district)


def somebody_runs_it(rules: Rules, _district: str, plan: Plan) -> Refused | None:
    """A civil body or an agency takes part; a civil body when the call asks for one."""
    if plan.civil_body is None and (rules.civil_body_needed or plan.agency is None):
        return Refused("civil_body_needed", field="civil_body")
    return None


def money_is_within_the_call(rules: Rules, _district: str, plan: Plan) -> Refused | None:
    """It asks for no more than the call gives to one."""
    if rules.most_won is None or plan.won <= rules.most_won:
        return None
    return Refused("proposal_too_expensive", field="won", most=rules.most_won)


PROPOSAL_RULES: tuple[Callable[[Rules, str, Plan], Refused | None], ...] = (
    district_may_propose,
    field_is_of_the_call,
    somebody_runs_it,
    money_is_within_the_call,
)


def must_fit(rules: Rules, district: str, plan: Plan) -> None:
    """Raise the first rule's objection."""
    refused = next((found for rule in PROPOSAL_RULES if (found := rule(rules, district, plan))), None)
    if refused:
        raise refused


@dataclass(kw_only=True)
class Proposal(Aggregate):
    """One proposal of one district, answering one call. ``code`` is that of the programme that comes of it."""

    call_id: str
    programme_id: str
    year: int
    district: str
    code: str
    plan: Plan
    submitted_by: str
    submitted_at: datetime
    revision: int = 1
    #: Who changed the plan since.
    revised_by: frozenset[str] = frozenset()
    #: By reviewer.
    reviews: dict[str, Review] = field(default_factory=dict)
    state: str = SUBMITTED
    decision: Decision | None = None
    #: Whether the programme of a selected one is there, with its money.
    hosted: bool = False

    @property
    def hosted_id(self) -> str:
        """The id of the programme that comes of it."""
        return f"{self.tenant}:{self.code}"

    def submit(self) -> None:
        """Say that it is there."""
        self.say(events.PROPOSAL_SUBMITTED.fact(**self._named(self.submitted_at)))

    def revise(self, plan: Plan, by: str) -> None:
        """Replace the plan; raise ``Refused`` once it was reviewed or answered."""
        self._must_wait()
        if self.reviews:
            raise Refused("proposal_is_reviewed", field="proposal_id")
        if plan != self.plan:
            self.plan, self.revision, self.revised_by = plan, self.revision + 1, self.revised_by | {by}

    def withdraw(self, now: datetime) -> None:
        """Take it back; raise ``Refused`` once it was answered."""
        self._must_wait()
        self.state = WITHDRAWN
        self.say(events.PROPOSAL_WITHDRAWN.fact(**self._named(now)))

    def review(self, reviewer: str, scores: Mapping[str, int], comment: str, *, rules: Rules, now: datetime) -> None:
        """Take a reviewer's points and word instead of those given before; only the first time is a fact."""
        self._must_wait()
        asked = {criterion.code for criterion in rules.criteria}
        if scores.keys() != asked:
            raise Refused("review_incomplete", field="scores", criteria=sorted(asked))
        wrong = next((code for code, points in scores.items() if not 0 <= points <= 100), None)
        if wrong is not None:
            raise Refused("out_of_range", field=f"scores.{wrong}", low=0, high=100)
        if reviewer not in self.reviews:
            if len(self.reviews) >= MOST_REVIEWS:
                raise Refused("too_many_reviews", field="proposal_id", most=MOST_REVIEWS)
            self.say(events.PROPOSAL_REVIEWED.fact(**self._named(now)))
        self.reviews[reviewer] = Review(dict(scores), comment, now)

    def must_be_of_others(self, subject: str) -> None:
        """Raise ``Refused`` for somebody who wrote any of it: four eyes see each proposal."""
        if subject == self.submitted_by or subject in self.revised_by:
            raise Refused("own_proposal", field="proposal_id")

    def decide(self, decision: Decision, *, rules: Rules) -> None:
        """Answer it, once; raise ``Refused`` without enough reviews, or above what the call, or a budget, gives to one."""
        self._must_wait()
        if len(self.reviews) < rules.reviews_needed:
            raise Refused("reviews_missing", field="proposal_id", needs=rules.reviews_needed, has=len(self.reviews))
        selected = decision.outcome == SELECTED
        given = sum(decision.funders.values())
        if given > LARGEST:
            raise Refused("out_of_range", field="funders", low=0, high=LARGEST)
        if selected and rules.most_won is not None and given > rules.most_won:
            raise Refused("proposal_too_expensive", field="funders", most=rules.most_won)
        self.state, self.decision = decision.outcome, decision
        self.say(
            events.PROPOSAL_DECIDED.fact(
                **self._named(decision.at),
                outcome=decision.outcome,
                hosted_id=self.hosted_id if selected else None,
            )
        )

    def score(self, criteria: tuple[Criterion, ...]) -> Decimal | None:
        """Return the weighted mean of all points, two decimals half-up; None without a review."""
        weights = sum(criterion.weight for criterion in criteria)
        if not self.reviews or not weights:
            return None
        points = sum(
            review.scores.get(criterion.code, 0) * criterion.weight
            for review in self.reviews.values()
            for criterion in criteria
        )
        return (Decimal(points) / (weights * len(self.reviews))).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def _must_wait(self) -> None:
        if self.state != SUBMITTED:
            raise Refused(f"proposal_is_{self.state}", field="proposal_id")

    def _named(self, at: datetime) -> dict[str, object]:
        return {
            "call_id": self.call_id,
            "programme_id": self.programme_id,
            "year": self.year,
            "proposal_id": self.id,
            "district": self.district,
            "day": kst_day(at).isoformat(),
        }
