"""Mutual evaluation (후기) after attendance, and the trust profile (신뢰 프로필). What was said is never in an event."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.events.contract import Contract, InstantText, name_of_id, whole
from shared.events.placement.work import ANSWERS, PlacementRef

SIDES = ("resident", "host")


class EvaluationOpened(PlacementRef):
    """Both sides may evaluate each other until then; neither sees the other's word before both are in or time is up."""

    until = InstantText(required=True)


class EvaluationGiven(PlacementRef):
    """One side has said its word, once."""

    by = fields.String(required=True, validate=validate.OneOf(SIDES))


class EvaluationRevealed(PlacementRef):
    """Both words, or the one that was given in time, can be read and count."""

    given = whole(0)
    #: Whose words these are, and until when the other side may appeal against one.
    sides = fields.List(fields.String(validate=validate.OneOf(SIDES)))
    appeal_until = InstantText()


class Appeal(PlacementRef):
    """The one who was evaluated asks an officer to look at it."""

    appeal_id = name_of_id()
    by = fields.String(required=True, validate=validate.OneOf(SIDES))


class AppealAnswered(Appeal):
    """The officer answered; upheld: the word counts no more."""

    answer = fields.String(required=True, validate=validate.OneOf(ANSWERS))


_PLACEMENT = {
    "opening_id": "opn-은하수",
    "programme_id": "gs-citizen-allowance",
    "district": "29200",
    "resident_id": "res-1",
    "application_id": "opn-은하수:res-1",
    "attempt": 1,
}

EVALUATION_OPENED = Contract(
    "placement.evaluation.opened", 1, EvaluationOpened, {**_PLACEMENT, "until": "2026-12-15T18:00:00+09:00"}
)
EVALUATION_GIVEN = Contract("placement.evaluation.given", 1, EvaluationGiven, {**_PLACEMENT, "by": "host"})
EVALUATION_REVEALED = Contract(
    "placement.evaluation.revealed",
    1,
    EvaluationRevealed,
    {**_PLACEMENT, "given": 2, "sides": ["host", "resident"], "appeal_until": "2026-12-30T12:00:00+09:00"},
)
APPEAL_MADE = Contract("placement.appeal.made", 1, Appeal, {**_PLACEMENT, "appeal_id": "app-1", "by": "resident"})
APPEAL_ANSWERED = Contract(
    "placement.appeal.answered", 1, AppealAnswered, {**_PLACEMENT, "appeal_id": "app-1", "by": "resident", "answer": "upheld"}
)

CONTRACTS = (EVALUATION_OPENED, EVALUATION_GIVEN, EVALUATION_REVEALED, APPEAL_MADE, APPEAL_ANSWERED)
