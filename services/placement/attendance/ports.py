"""What attendance asks of its neighbours: openings and programmes, by what it reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class Shift(Protocol):
    """A half-open span of work, UTC."""

    @property
    def start(self) -> datetime:
        """When it begins."""

    @property
    def end(self) -> datetime:
        """When it ends."""


class Workplace(Protocol):
    """Where the work is."""

    @property
    def name(self) -> str:
        """What people call it."""


class Terms(Protocol):
    """What the opening offered."""

    @property
    def shifts(self) -> Sequence[Shift]:
        """Its shifts, in any order."""

    @property
    def place(self) -> Workplace:
        """Where the work is."""

    @property
    def hourly_won(self) -> int:
        """Whole won an hour."""

    @property
    def rehearsal(self) -> bool:
        """Whether the work may lie in the past (시연·훈련)."""


class Placement(Protocol):
    """A resident's place."""

    @property
    def application_id(self) -> str:
        """The application that won it."""

    @property
    def attempt(self) -> int:
        """Which attempt of it."""

    @property
    def selected_at(self) -> datetime:
        """When it was given."""


class Opening(Protocol):
    """An opening, with the places given so far."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def programme_id(self) -> str:
        """Of which programme."""

    @property
    def district(self) -> str:
        """The code of the 시·군·구."""

    @property
    def terms(self) -> Terms:
        """What it offered."""

    def placement_of(self, resident_id: str) -> Placement | None:
        """Return the resident's place, or None."""


class Openings(Protocol):
    """Where openings are read."""

    def find(self, aggregate_id: str) -> Opening | None:
        """Return the opening, or None."""


class Programmes(Protocol):
    """Where programmes are read: ``direct_job`` and ``engagement`` of each."""

    def find(self, aggregate_id: str) -> Any:
        """Return the programme, or None."""


def hosts_of(opening: Opening) -> tuple[str, ...]:
    """Return the accounts that confirm attendance for an opening; there may be none."""
    return tuple(getattr(opening, "hosts", None) or getattr(opening.terms, "hosts", None) or ())


def dong_of(opening: Opening) -> str | None:
    """Return the 동 of the place of work, or None where it is not known."""
    dong = getattr(opening.terms, "dong", None)
    return str(dong) if dong else None
