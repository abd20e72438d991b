"""What crosses trust's RPC door. A fault names the field and the fix."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.placement.programmes.schemas import Command
from services.placement.trust.model import LONGEST
from services.placement.trust.rules import SIDES
from services.placement.trust.usecases import ANSWERS, PAGE
from shared.events.contract import PRINTABLE

_ID = [validate.Length(min=1, max=200), PRINTABLE]
_TEXT = validate.Length(max=LONGEST, error="Give at most {max} characters.")
_CODE = validate.Length(min=1, max=40)


def _placement() -> fields.String:
    return fields.String(required=True, validate=_ID)


def _side() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(SIDES, error="Give one of: {choices}."))


class Evaluate(Command):
    """One side's word about the other. ``recommendations``: codes of the operator's list."""

    placement_id = _placement()
    side = _side()
    recommendations = fields.List(fields.String(validate=_CODE), required=True, validate=validate.Length(max=20))
    would_again = fields.Boolean(required=True, truthy={True}, falsy={False})
    comment = fields.String(load_default=None, allow_none=True, validate=_TEXT)


class OneEvaluation(Schema):
    """Which evaluation: ``application:attempt``."""

    placement_id = _placement()


class Page(Schema):
    """Which page."""

    limit = fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(min=1, max=PAGE))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=400))


class MyEvaluations(Page):
    """For which side the caller speaks; their own role's when absent."""

    side = fields.String(validate=validate.OneOf(SIDES, error="Give one of: {choices}."))


class Appeal(Command):
    """One side's objection to the other's word."""

    placement_id = _placement()
    side = _side()
    reason = fields.String(required=True, validate=_TEXT)


class AnswerAppeal(Appeal):
    """An officer's answer to that side's objection."""

    answer = fields.String(required=True, validate=validate.OneOf(list(ANSWERS), error="Give one of: {choices}."))


class OpenAppeals(Page):
    """Whose appeals wait."""

    tenant = fields.String(required=True, validate=validate.Length(min=1, max=160))


class OneProfile(Schema):
    """Whose profile; a host names the opening for which they applied."""

    resident_id = fields.String(required=True, validate=_ID)
    opening_id = fields.String(load_default=None, allow_none=True, validate=_ID)


class OneWorkplace(Schema):
    """The workplace of which opening."""

    opening_id = fields.String(required=True, validate=_ID)


class Export(Page):
    """Whose."""

    resident_id = fields.String(required=True, validate=_ID)


class Known(Schema):
    """Nothing to say."""
