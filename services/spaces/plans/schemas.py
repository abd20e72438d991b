"""What crosses the RPC door of plans, subscriptions and seats. Days are KST days, ``YYYY-MM-DD``."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.spaces.plans.model import (
    KINDS,
    MOST_FACILITIES,
    MOST_MEMBERS,
    MOST_MINUTES,
    MOST_PAUSES,
    MOST_SEATS,
    OFFERED,
    PROMOTIONS,
    WITHDRAWN,
)
from services.spaces.schemas import Command, an_id, maybe_id, new_id
from shared.events.contract import PRINTABLE


def _whole(most: int, least: int = 0, default: int | None = 0) -> fields.Integer:
    """Return a whole number; left out, it is ``default``."""
    return fields.Integer(strict=True, load_default=default, validate=validate.Range(min=least, max=most))


def _ids() -> fields.List[str]:
    one = fields.String(validate=[validate.Length(min=1, max=160), PRINTABLE])
    return fields.List(one, load_default=list, validate=validate.Length(max=MOST_FACILITIES))


class TermsFields(Command):
    """What a plan promises. Minutes count for one cycle; ``cycle_days`` 0 is the calendar month in Seoul.

    No ``facility_ids`` and no ``space_ids``: everywhere in the programme. ``most_members`` beside the owner.
    ``most_pauses`` a calendar year, asked for ``pause_notice_days`` before. ``promote``: a free seat is given to the
    first in line ``at_once``, or by an ``offer`` that waits ``offer_hours`` for an answer.
    """

    plan_id = new_id()
    name = fields.String(required=True, validate=[validate.Length(min=1, max=120), PRINTABLE])
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    cycle_days = _whole(366)
    included_minutes = _whole(MOST_MINUTES)
    rollover_cap = _whole(MOST_MINUTES)
    facility_ids = _ids()
    space_ids = _ids()
    most_pauses = _whole(MOST_PAUSES)
    pause_notice_days = _whole(90)
    most_members = _whole(MOST_MEMBERS)
    seats = _whole(MOST_SEATS)
    least_months = _whole(36)
    promote = fields.String(load_default=PROMOTIONS[0], validate=validate.OneOf(PROMOTIONS))
    offer_hours = _whole(24 * 14, least=1, default=48)


class Offer(TermsFields):
    """A plan to offer."""

    tenant = an_id()
    district = fields.String(required=True, validate=[validate.Length(min=1, max=20), PRINTABLE])
    programme_id = an_id()


class Change(TermsFields):
    """Every term of a plan anew."""


class PlanAct(Command):
    """An act on one plan."""

    plan_id = an_id()


class OnePlan(Schema):
    """Which plan."""

    plan_id = an_id()


class ListPlans(Schema):
    """A tenant's plans."""

    tenant = an_id()
    state = fields.String(load_default=OFFERED, validate=validate.OneOf([OFFERED, WITHDRAWN]))
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Subscribe(Command):
    """Who subscribes to what; ``resident_id`` left out: whoever asks."""

    subscription_id = new_id()
    plan_id = an_id()
    resident_id = maybe_id()


class SubscriptionAct(Command):
    """An act on one subscription."""

    subscription_id = an_id()


class Pause(SubscriptionAct):
    """Days ``[pause_from, pause_until)`` without minutes and bookings."""

    pause_from = fields.Date(required=True, format="iso")
    pause_until = fields.Date(required=True, format="iso")


class Member(SubscriptionAct):
    """Who may book on it as well."""

    resident_id = an_id()


class End(SubscriptionAct):
    """With the cycle, or at once."""

    at_once = fields.Boolean(load_default=False)


class OneSubscription(Schema):
    """Which subscription."""

    subscription_id = an_id()


class OfResident(Schema):
    """Whose subscriptions; left out: of whoever asks."""

    resident_id = maybe_id()
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)


class Statement(OneSubscription):
    """The cycle in which ``day`` (today) lies."""

    day = fields.Date(load_default=None, allow_none=True, format="iso")
    limit = fields.Integer(strict=True)
    cursor = fields.String(allow_none=True)
