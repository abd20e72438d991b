"""What notifications does when told: queues ``notifications.letters`` and ``notifications.news``.

``opening.filled`` is not here on purpose: a letter to a person is caused by that person's own fact only.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.notifications.letters.matters import OWN_FACTS
from services.notifications.letters.usecases import Letters
from shared.events import city, placement, spaces
from shared.messaging.core import Reaction


def reactions(letters: Letters) -> Mapping[str, Reaction]:
    """Return the reaction to each type on ``notifications.letters``; each takes a whole batch and asks nobody else."""
    return {
        **dict.fromkeys(OWN_FACTS, letters.write_personal),
        spaces.BOOKING_CONFIRMED.type: letters.write_confirmed,
        spaces.CASE_OPENED.type: letters.write_of_cases,
        placement.OPENING_PUBLISHED.type: letters.note_openings,
        spaces.FACILITY_OPENED.type: letters.note_facilities,
        spaces.FACILITY_CHANGED.type: letters.note_facilities,
        spaces.SPACE_OPENED.type: letters.note_spaces,
        spaces.SPACE_CHANGED.type: letters.note_spaces,
        city.HEAT_SHELTER_OPENED.type: letters.write_notices,
    }


def news(letters: Letters) -> Mapping[str, Reaction]:
    """Return the reaction on ``notifications.news``: fan-outs, which wait for residents and hold up nobody's letter."""
    return {placement.OPENING_PUBLISHED.type: letters.write_to_reach}
