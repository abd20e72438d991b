"""What crosses the RPC door of calls and proposals."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import Schema, fields, validate

from services.placement.programmes.schemas import CODE, DISTRICT, FILLED, Command, worded
from services.placement.proposals.calls import MOST_CALLS
from services.placement.proposals.model import REJECTED, SELECTED, SUBMITTED, WITHDRAWN
from services.placement.proposals.usecases import MOST_PROPOSALS
from shared.events.contract import LARGEST, PRINTABLE
from shared.events.placement.plans import FUNDERS, OUTCOMES, TARGET_MEASURES

_NAME = [validate.Length(min=1, max=160), PRINTABLE]
_WORDS = worded(80)
_WON = validate.Range(min=0, max=LARGEST)
_POINTS = validate.Range(min=0, max=100)
_CURSOR = validate.Length(max=1000)
_YEARS = validate.Range(
    min=datetime(2000, 1, 1, tzinfo=UTC), max=datetime(2999, 1, 1, tzinfo=UTC), error="Give 2000-01-01 to 2999-01-01."
)
#: A summary is a page of text.
_MOST_WORDS = 4000


def instant() -> fields.AwareDateTime:
    """Return an instant with an offset; years that every calendar has."""
    return fields.AwareDateTime(required=True, format="iso", validate=_YEARS)


class CriterionGiven(Schema):
    """What reviewers give points for."""

    code = fields.String(required=True, validate=_WORDS)
    name_ko = fields.String(required=True, validate=_WORDS)
    weight = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=100))


class PublishCall(Command):
    """A new call."""

    call_id = fields.String(required=True, validate=_NAME)
    programme_id = fields.String(required=True, validate=_NAME)
    year = fields.Integer(required=True, strict=True, validate=validate.Range(min=2000, max=2999))
    title = fields.String(required=True, validate=worded(200))
    opens_at = instant()
    closes_at = instant()
    fields_ = fields.List(
        fields.String(validate=_WORDS),
        required=True,
        data_key="fields",
        attribute="fields",
        validate=validate.Length(min=1, max=100),
    )
    criteria = fields.List(fields.Nested(CriterionGiven), required=True, validate=validate.Length(min=1, max=20))
    reviews_needed = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=20))
    most_won = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_WON)
    districts = fields.List(fields.String(validate=DISTRICT), load_default=list, validate=validate.Length(max=100))
    civil_body_needed = fields.Boolean(load_default=False)


class OneCall(Schema):
    """Which call."""

    call_id = fields.String(required=True, validate=_NAME)


class CallAct(Command, OneCall):
    """An act on a call."""


class ListCalls(Schema):
    """A tenant's calls, or those of one umbrella."""

    tenant = fields.String(required=True, validate=_NAME)
    programme_id = fields.String(load_default=None, allow_none=True, validate=_NAME)
    limit = fields.Integer(load_default=50, strict=True, validate=validate.Range(min=1, max=MOST_CALLS))
    cursor = fields.String(load_default=None, allow_none=True, validate=_CURSOR)


class OneProposal(Schema):
    """Which proposal; its id is the code of its programme unless it names another."""

    proposal_id = fields.String(required=True, validate=CODE)


class ProposalAct(Command, OneProposal):
    """An act on a proposal."""


class ReviseProposal(ProposalAct):
    """What is proposed."""

    title = fields.String(required=True, validate=worded(200))
    summary = fields.String(required=True, validate=[validate.Length(min=1, max=_MOST_WORDS), FILLED])
    field = fields.String(required=True, validate=_WORDS)
    kind = fields.String(required=True, validate=validate.Length(min=1, max=40))
    won = fields.Integer(required=True, strict=True, validate=_WON)
    targets = fields.Dict(
        keys=fields.String(validate=validate.OneOf(TARGET_MEASURES)),
        values=fields.Integer(strict=True, validate=_WON),
        load_default=dict,
    )
    civil_body = fields.String(load_default=None, allow_none=True, validate=_WORDS)
    agency = fields.String(load_default=None, allow_none=True, validate=_WORDS)


class SubmitProposal(ReviseProposal):
    """A new proposal of a district."""

    call_id = fields.String(required=True, validate=_NAME)
    district = fields.String(required=True, validate=DISTRICT)
    code = fields.String(load_default=None, allow_none=True, validate=CODE)


class ReviewProposal(ProposalAct):
    """A reviewer's points and word."""

    scores = fields.Dict(
        keys=fields.String(validate=_WORDS), values=fields.Integer(strict=True, validate=_POINTS), required=True
    )
    comment = fields.String(required=True, validate=validate.Length(max=1500))


class DecideProposal(ProposalAct):
    """What the city decided."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    reason = fields.String(required=True, validate=[validate.Length(min=1, max=2000), FILLED])
    funders = fields.Dict(
        keys=fields.String(validate=validate.OneOf(FUNDERS)),
        values=fields.Integer(strict=True, validate=_WON),
        load_default=None,
        allow_none=True,
    )
    targets = fields.Dict(
        keys=fields.String(validate=validate.OneOf(TARGET_MEASURES)),
        values=fields.Integer(strict=True, validate=_WON),
        load_default=None,
        allow_none=True,
    )


class ListProposals(OneCall):
    """A call's proposals."""

    state = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf((SUBMITTED, WITHDRAWN, SELECTED, REJECTED))
    )
    limit = fields.Integer(load_default=100, strict=True, validate=validate.Range(min=1, max=MOST_PROPOSALS))
    cursor = fields.String(load_default=None, allow_none=True, validate=_CURSOR)
