"""What batches ask of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.placement.batches.file import Account


class Accounts(Protocol):
    """Where residents are paid, as the residents service knows it, which logs each question."""

    def payout(
        self, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
    ) -> Mapping[str, Account]:
        """Return the accounts of those who have one, by resident; at most ``MOST_ASKED`` residents at once.

        ``officer`` is who will see them, if anybody.
        """


class Moved(Protocol):
    """What a budget has counted, in won."""

    @property
    def paid(self) -> int:
        """Paid by batches."""

    @property
    def returned(self) -> int:
        """Sent back by the bank."""


class BudgetBook(Protocol):
    """Where budgets are read (budgets/storage.py ``Budgets``)."""

    def find(self, aggregate_id: str) -> Moved | None:
        """Return a programme's budget, or None."""


#: Residents asked for at once.
MOST_ASKED = 100


def accounts_of(
    accounts: Accounts, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
) -> dict[str, Account]:
    """Return the accounts of however many residents, by resident; raise ``Unavailable``."""
    wanted = list(dict.fromkeys(resident_ids))
    known: dict[str, Account] = {}
    for start in range(0, len(wanted), MOST_ASKED):
        some = wanted[start : start + MOST_ASKED]
        known |= accounts.payout(some, batch_id=batch_id, purpose=purpose, officer=officer)
    return known
