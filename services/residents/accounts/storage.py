"""Payout accounts in the collection ``accounts`` of the residents' database, and nowhere else."""

from __future__ import annotations

from services.residents.accounts.model import Account, PayoutAccount
from shared.clock import Clock
from shared.mongo.aggregates import INDEXES, Aggregates
from shared.mongo.port import Collection, Database, Document
from shared.serial import Serial

SOURCE = "/sipbun/residents/accounts"


class AccountCodec:
    """PayoutAccount <-> document."""

    def to_document(self, payout: PayoutAccount) -> Document:
        """Return the fields to keep."""
        account = payout.account
        kept = {
            "account": None if account is None else account.full,
            "set_at": payout.set_at,
            "forgotten_until": payout.forgotten_until,
        }
        return {name: value for name, value in kept.items() if value is not None}

    def from_document(self, document: Document) -> PayoutAccount:
        """Return the account."""
        account = document.get("account")
        return PayoutAccount(
            id=document["_id"],
            tenant=document["tenant"],
            account=None if account is None else Account(**account),
            set_at=document.get("set_at"),
            forgotten_until=document.get("forgotten_until"),
        )


class Accounts(Aggregates[PayoutAccount]):
    """Everybody's account."""

    named = "resident_id"

    def __init__(self, collection: Collection, *, clock: Clock, serial: Serial) -> None:
        super().__init__(collection, AccountCodec(), source=SOURCE, clock=clock, serial=serial)

    def prepare(self) -> None:
        """Make the indexes."""
        self.collection.ensure(INDEXES)


def accounts(database: Database, *, clock: Clock, serial: Serial) -> Accounts:
    """Return the accounts kept in the service's database."""
    return Accounts(database.collection("accounts"), clock=clock, serial=serial)
