"""What placement says, a module a subject. No name, no address, no account of a person, ever."""

from __future__ import annotations

from shared.events.placement import openings, participation, pay, plans, trust, work
from shared.events.placement.openings import (
    APPLICATION_CLOSED,
    APPLICATION_SELECTED,
    APPLICATION_SUBMITTED,
    APPLICATION_WAITLISTED,
    APPLICATION_WITHDRAWN,
    CLOSING_REASONS,
    LAPSES,
    MODES,
    OFFER_LAPSED,
    OFFER_MADE,
    OPENING_CANCELLED,
    OPENING_CLOSED,
    OPENING_FILLED,
    OPENING_PUBLISHED,
    OPENING_RANKED,
    OPENING_REOPENED,
    PLACEMENT_SELECTED,
    PLACEMENT_WITHDRAWN,
    WITHDRAWAL_REASONS,
)

#: The contracts of openings are named from here as well: ``placement.OPENING_FILLED``.
__all__ = [
    "APPLICATION_CLOSED",
    "APPLICATION_SELECTED",
    "APPLICATION_SUBMITTED",
    "APPLICATION_WAITLISTED",
    "APPLICATION_WITHDRAWN",
    "CLOSING_REASONS",
    "CONTRACTS",
    "LAPSES",
    "MODES",
    "OFFER_LAPSED",
    "OFFER_MADE",
    "OPENING_CANCELLED",
    "OPENING_CLOSED",
    "OPENING_FILLED",
    "OPENING_PUBLISHED",
    "OPENING_RANKED",
    "OPENING_REOPENED",
    "PLACEMENT_SELECTED",
    "PLACEMENT_WITHDRAWN",
    "WITHDRAWAL_REASONS",
    "openings",
    "participation",
    "pay",
    "plans",
    "trust",
    "work",
]

CONTRACTS = (
    *openings.CONTRACTS,
    *plans.CONTRACTS,
    *work.CONTRACTS,
    *pay.CONTRACTS,
    *trust.CONTRACTS,
    *participation.CONTRACTS,
)
