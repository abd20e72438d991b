"""What one event caused, however many it concerned."""

from __future__ import annotations

from shared.events.placement import OPENING_PUBLISHED
from tests.services.facts import said
from tests.services.notifications.office import OPERATOR, Office


def test_what_an_event_caused_is_told_in_part_with_how_many_there_are() -> None:
    office = Office()
    office.neighbours.in_reach = [[f"res-{number}" for number in range(250)]]
    published = said(OPENING_PUBLISHED)
    office.hear(published)

    told = office.letters.by_event(OPERATOR, event_key=published.key)
    few = office.letters.by_event(OPERATOR, event_key=published.key, limit=3)

    assert (len(told["letters"]), told["count"]) == (200, 250)
    assert (len(few["letters"]), few["count"]) == (3, 250)
