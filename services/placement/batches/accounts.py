"""Asks the residents service where people are paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.placement.batches.file import Account
from shared.town import Town


@dataclass(frozen=True)
class AskAccounts:
    """The port ``Accounts`` over RPC. Nothing of an answer is kept or logged here."""

    town: Town

    def payout(
        self, resident_ids: Sequence[str], *, batch_id: str, purpose: str, officer: str | None = None
    ) -> Mapping[str, Account]:
        """Return the accounts of those who have one, by resident."""
        answer = self.town.ask.call(
            "residents_accounts",
            "payout",
            token=self.town.service_token("placement"),
            resident_ids=list(resident_ids),
            batch_id=batch_id,
            purpose=purpose,
            officer=officer,
        )
        return {
            resident_id: Account(told["method"], told["code"], told["number"], told["holder"])
            for resident_id, told in answer["accounts"].items()
        }
