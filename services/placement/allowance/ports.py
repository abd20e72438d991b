"""What months of pay ask of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

from services.placement.budgets.model import Posting
from services.placement.limits.model import Limit
from services.placement.programmes.model import District


class Programme(Protocol):
    """What pay needs to know of a programme."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def tenant(self) -> str:
        """Whose it is."""

    @property
    def code(self) -> str:
        """Its row's id."""

    @property
    def district(self) -> District:
        """Where it is."""

    @property
    def direct_job(self) -> bool:
        """Whether it is a direct job (직접일자리)."""

    @property
    def engagement(self) -> str:
        """What taking part is: employment, participation_allowance, volunteer."""


class Programmes(Protocol):
    """Where programmes are read."""

    def get(self, aggregate_id: str) -> Programme:
        """Return the programme; raise ``NotFound``."""


class Limits(Protocol):
    """The limits in force (limits/model.py ``LimitTable``)."""

    def of(
        self, kind: str, *, programme_code: str, regions: Iterable[str], direct_job: bool, engagement: str, day: date
    ) -> Limit | None:
        """Return the limit in force on that day, or None."""


class BudgetPosts(Protocol):
    """Counts what moved, exactly once (budgets/usecases.py ``BudgetDesk.post``)."""

    def post(self, posting: Posting, *, noted: Callable[[], bool], note: Callable[[], None]) -> None:
        """Count it; ``noted`` says whether its own document has noted it, ``note`` lets it."""
