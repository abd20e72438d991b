"""What residents says: that somebody registered or changed what they consent to. Never who, where or how to reach."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.events.contract import Contract, name_of_id, short

PURPOSES = ("service", "location", "contact_mail", "news_near_me", "night_news")


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


_RESIDENT = {"resident_id": "res-1"}
_CONSENT = {**_RESIDENT, "purpose": "location", "text_version": "2026-01"}

RESIDENT_REGISTERED = Contract("residents.resident.registered", 1, ResidentRef, _RESIDENT)
CONSENT_GIVEN = Contract("residents.consent.given", 1, ConsentChanged, _CONSENT)
CONSENT_WITHDRAWN = Contract("residents.consent.withdrawn", 1, ConsentChanged, _CONSENT)
INTEREST_SET = Contract("residents.interest.set", 1, InterestChanged, {**_RESIDENT, "interest_id": "res-1:home"})
INTEREST_REMOVED = Contract("residents.interest.removed", 1, InterestChanged, {**_RESIDENT, "interest_id": "res-1:home"})

CONTRACTS = (RESIDENT_REGISTERED, CONSENT_GIVEN, CONSENT_WITHDRAWN, INTEREST_SET, INTEREST_REMOVED)
