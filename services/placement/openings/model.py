"""What is true of an opening and of an application, subject by subject. No I/O, no clock, no framework.

terms        what an opening offers and asks, and the rules for it
application  a resident's wish for a place
given        places, offers of places, offers that came to nothing
call         what an opening knows of itself
opening      who has a place, decided here alone
rules        who may be given one
agreement    the one step that brings an application and its opening together
scores       how a ranked opening scores its candidates
ranking      the order of candidates
draw         a draw that anybody can recompute
"""

from __future__ import annotations

from services.placement.openings.agreement import CLOSING_REASON, Agreement, agreement
from services.placement.openings.application import (
    ENDED,
    PENDING,
    SELECTED,
    WAITING,
    WAITLISTED,
    WITHDRAWN,
    Application,
)
from services.placement.openings.given import Candidate, Lapse, Offer, Placement, key_of
from services.placement.openings.opening import Opening
from services.placement.openings.ranking import Entry, Ranking, Standing, ranked
from services.placement.openings.rules import (
    CANCELLED,
    CLOSED,
    FILLED,
    OPEN,
    RUNNING,
    SELECTING,
    SELECTION_RULES,
    acceptance_refused,
    selection_refused,
)
from services.placement.openings.scores import SCORE_RULES, USUAL_SCORES, Evidence, Part, Score
from services.placement.openings.terms import (
    IN_ORDER,
    LONGEST_SHIFT,
    MOST_PLACES,
    MOST_SHIFTS,
    TERMS_RULES,
    Shift,
    Terms,
    Workplace,
    objection,
)
from shared.events.placement import MODES

__all__ = [
    "CANCELLED",
    "CLOSED",
    "CLOSING_REASON",
    "ENDED",
    "FILLED",
    "IN_ORDER",
    "LONGEST_SHIFT",
    "MODES",
    "MOST_PLACES",
    "MOST_SHIFTS",
    "OPEN",
    "PENDING",
    "RUNNING",
    "SCORE_RULES",
    "SELECTED",
    "SELECTING",
    "SELECTION_RULES",
    "TERMS_RULES",
    "USUAL_SCORES",
    "WAITING",
    "WAITLISTED",
    "WITHDRAWN",
    "Agreement",
    "Application",
    "Candidate",
    "Entry",
    "Evidence",
    "Lapse",
    "Offer",
    "Opening",
    "Part",
    "Placement",
    "Ranking",
    "Score",
    "Shift",
    "Standing",
    "Terms",
    "Workplace",
    "acceptance_refused",
    "agreement",
    "key_of",
    "objection",
    "ranked",
    "selection_refused",
]
