"""What trust asks of its neighbours, and of its own storage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from services.placement.trust.model import Evaluation
from services.placement.trust.record import WorkRecord
from shared.aggregate import Act
from shared.mongo.port import Query

Outcome = dict[str, Any]


class Workplace(Protocol):
    """Where the work is."""

    @property
    def name(self) -> str:
        """What people call it."""


class Terms(Protocol):
    """What an opening offered."""

    @property
    def title(self) -> str:
        """Of which work."""

    @property
    def place(self) -> Workplace:
        """Where."""


class Opening(Protocol):
    """An opening, as far as trust reads it."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def district(self) -> str:
        """Code of the 시·군·구."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Who may speak for the workplace."""

    @property
    def terms(self) -> Terms:
        """What it offered."""


class Openings(Protocol):
    """All openings."""

    def get(self, aggregate_id: str) -> Opening:
        """Return the opening; raise ``NotFound``."""


class Application(Protocol):
    """An application, as far as trust reads it."""

    @property
    def state(self) -> str:
        """Where it stands: ``withdrawn`` and ``closed`` are over."""


class Applications(Protocol):
    """All applications; an id is ``opening:resident``."""

    def find(self, aggregate_id: str) -> Application | None:
        """Return the application, or None."""


class Consents(Protocol):
    """What residents agreed to, right now."""

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""


class ManyConsents(Protocol):
    """The same, for many at once."""

    def given_of(self, resident_ids: Sequence[str], purpose: str) -> Collection[str]:
        """Return those of the residents whose consent is in force."""


class Evaluations(Protocol):
    """All evaluations."""

    def find(self, aggregate_id: str) -> Evaluation | None:
        """Return the evaluation, or None."""

    def get_many(self, ids: Sequence[str]) -> dict[str, Evaluation]:
        """Return those that are there, by id."""

    def create(self, act: Act, aggregate: Evaluation, outcome: Outcome) -> Outcome:
        """Store a new evaluation once."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[Evaluation], Outcome]) -> Outcome:
        """Change an evaluation once."""

    def overdue(self, now: datetime, most: int) -> list[str]:
        """Return the ids of those whose time is over and that are not revealed."""

    def of_resident(self, resident_id: str) -> list[Evaluation]:
        """Return all of a resident's."""

    def of_workplace(self, workplace_id: str) -> list[Evaluation]:
        """Return a workplace's."""

    def latest(self, query: Query, since: tuple[datetime, str] | None, most: int) -> list[Evaluation]:
        """Return evaluations, latest first."""

    def waiting(
        self, tenant: str, districts: frozenset[str], since: tuple[datetime, str] | None, most: int
    ) -> list[Evaluation]:
        """Return those in which an appeal waits, longest first."""


class WorkRecords(Protocol):
    """All records of work."""

    def get_many(self, ids: Sequence[str]) -> dict[str, WorkRecord]:
        """Return those that are there, by id."""

    def create(self, act: Act, aggregate: WorkRecord, outcome: Outcome) -> Outcome:
        """Store a new record once."""

    def act(self, act: Act | None, aggregate_id: str, decide: Callable[[WorkRecord], Outcome]) -> Outcome:
        """Change a record once."""

    def of_residents(self, resident_ids: Sequence[str]) -> Mapping[str, Sequence[WorkRecord]]:
        """Return these residents' records, by resident."""
