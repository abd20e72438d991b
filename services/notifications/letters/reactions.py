"""What notifications does when told: queues ``notifications.letters`` and ``notifications.news``.

``opening.filled`` is not here on purpose: a letter to a person is caused by that person's own fact only.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.notifications.letters.usecases import Letters
from shared.events import city, placement
from shared.messaging.core import Reaction


def reactions(letters: Letters) -> Mapping[str, Reaction]:
    """Return the reaction to each type on ``notifications.letters``; each takes a whole batch and asks nobody else."""
    return {
        placement.PLACEMENT_SELECTED.type: letters.write_personal,
        placement.APPLICATION_CLOSED.type: letters.write_personal,
        placement.PLACEMENT_WITHDRAWN.type: letters.write_personal,
        placement.OPENING_PUBLISHED.type: letters.note_openings,
        city.HEAT_SHELTER_OPENED.type: letters.write_notices,
    }


def news(letters: Letters) -> Mapping[str, Reaction]:
    """Return the reaction on ``notifications.news``: fan-outs, which wait for residents and hold up nobody's letter."""
    return {placement.OPENING_PUBLISHED.type: letters.write_to_reach}
