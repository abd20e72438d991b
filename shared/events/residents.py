"""What residents says: that somebody registered or changed what they consent to. Never who, where or how to reach.

What is counted of a target group says no resident: nobody can tell from it who belongs to one.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, DayText, name_of_id, short

PURPOSES = ("service", "location", "contact_mail", "news_near_me", "night_news", "target_groups", "payout", "trust_profile")
#: What is counted of target groups (대상 집단).
GROUP_MEASURES = ("applications", "placed", "completed")


class ResidentRef(Schema):
    """Which resident."""

    resident_id = name_of_id()


class ConsentChanged(ResidentRef):
    """A consent was given or withdrawn, for one purpose, to one version of its text."""

    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    text_version = short(40)


class InterestChanged(ResidentRef):
    """An interest by area and topic was set, changed or removed; where is kept by residents only."""

    interest_id = name_of_id()


class GroupCounted(Schema):
    """One more, or one fewer (a contra fact on the same day), of a target group in a programme; nobody is named."""

    programme_id = name_of_id()
    district = short(20)
    group = short(40)
    measure = fields.String(required=True, validate=validate.OneOf(GROUP_MEASURES))
    amount = fields.Integer(required=True, strict=True, validate=validate.OneOf([-1, 1]))
    day = DayText(required=True)


_RESIDENT = {"resident_id": "res-1"}
_CONSENT = {**_RESIDENT, "purpose": "location", "text_version": "2026-01"}

RESIDENT_REGISTERED = Contract("residents.resident.registered", 1, ResidentRef, _RESIDENT)
CONSENT_GIVEN = Contract("residents.consent.given", 1, ConsentChanged, _CONSENT)
CONSENT_WITHDRAWN = Contract("residents.consent.withdrawn", 1, ConsentChanged, _CONSENT)
INTEREST_SET = Contract("residents.interest.set", 1, InterestChanged, {**_RESIDENT, "interest_id": "res-1:home"})
INTEREST_REMOVED = Contract("residents.interest.removed", 1, InterestChanged, {**_RESIDENT, "interest_id": "res-1:home"})

GROUP_COUNTED = Contract(
    "residents.group.counted",
    1,
    GroupCounted,
    {
        "programme_id": "ic-namdong-defectors",
        "district": "28200",
        "group": "career_break_women",
        "measure": "placed",
        "amount": 1,
        "day": "2026-11-22",
    },
)

CONTRACTS = (RESIDENT_REGISTERED, CONSENT_GIVEN, CONSENT_WITHDRAWN, INTEREST_SET, INTEREST_REMOVED, GROUP_COUNTED)
