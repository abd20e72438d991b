"""Which facts are somebody's own, and what is known of what they are about: the tables of all publishers in one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.notifications.letters import of_jobs, of_rooms, of_work
from services.notifications.letters.model import JOB_KINDS, WORK_KINDS, Letter, Matter, letter_on
from services.notifications.letters.of_jobs import Opening
from services.notifications.letters.of_rooms import Rooms
from shared.events.envelope import Event


@dataclass(frozen=True)
class Known:
    """What is known of what letters are about; news that has not arrived yet is simply missing."""

    openings: Mapping[str, Opening] = field(default_factory=dict)
    rooms: Rooms = field(default_factory=Rooms)


NOTHING = Known()
#: Types that are one person's own fact.
_TELLS: Mapping[str, Callable[[Mapping[str, Any]], Matter | None]] = {
    **of_jobs.PERSONAL,
    **of_work.PERSONAL,
    **of_rooms.PERSONAL,
}
OWN_FACTS = tuple(_TELLS)


def letter_of(event: Event, *, written: datetime) -> Letter | None:
    """Return the letter to the one person whose own fact this is, or None when it has nothing to tell them.

    Raises ``KeyError`` for a fact that is nobody's own.
    """
    matter = _TELLS[event.type](event.data)
    return None if matter is None else letter_on(matter, event, written=written)


def details(letter: Letter, known: Known, language: str) -> dict[str, str]:
    """Return what the texts of a letter may name."""
    if letter.kind in JOB_KINDS:
        return of_jobs.details(letter, known.openings, language)
    if letter.kind in WORK_KINDS:
        return of_work.details(letter, known.openings, language)
    return of_rooms.details(letter, known.rooms, language)


def best_before(letter: Letter, known: Known) -> datetime | None:
    """Return from when on its mail would be of no use, or None."""
    if letter.kind in WORK_KINDS:
        return of_work.best_before(letter)
    return of_jobs.best_before(letter, known.openings) or of_rooms.best_before(letter)
