"""A counter for payout accounts beside the residents' office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from services.residents.accounts.storage import Accounts, accounts
from services.residents.accounts.usecases import AccountDesk
from shared.clock import StoppedClock
from shared.messaging.outbox import event_of
from shared.mongo.port import Database
from shared.serial import KeyedQueue
from tests.services.residents.conftest import Office, a_resident

BANK: dict[str, Any] = {"method": "bank", "code": "034", "number": "123-456-789012", "holder": "김은하"}
WALLET: dict[str, Any] = {"method": "local_currency", "code": "gwangju-sangsaeng", "number": "GJ-7781-2204"}


@dataclass
class Counter:
    """The desk, its storage, and the office where consents are given."""

    desk: AccountDesk
    kept: Accounts
    office: Office

    def arrive(self, resident_id: str = "res-1", *, consents: tuple[str, ...] = ("service", "payout")) -> None:
        """Register somebody."""
        self.office.register(resident_id, consents=consents)

    def set(self, resident_id: str = "res-1", **more: Any) -> dict[str, Any]:
        """Set an account by the resident's own hand."""
        asked = {**(more.pop("account", BANK)), **more}
        return self.desk.set(
            a_resident(resident_id), **{"act_id": self.office.act_id(), "resident_id": resident_id, **asked}
        )

    def hear_withdrawals(self, resident_id: str = "res-1") -> None:
        """Tell the desk of every consent the resident withdrew, twice and backwards."""
        document = self.office.residents.collection.find_one({"_id": resident_id})
        assert document is not None
        events = [event_of(entry) for entry in document["outbox"] if entry["type"].endswith("consent.withdrawn.v1")]
        for event in [*events, *events[::-1]]:
            self.desk.forget(event)


@pytest.fixture
def counter(kept: Database, office: Office, clock: StoppedClock) -> Counter:
    """The counter on the office's database."""
    stored = accounts(kept, clock=clock, serial=KeyedQueue())
    stored.prepare()
    return Counter(
        AccountDesk(residents=office.residents, accounts=stored, trail=office.trail, clock=clock), stored, office
    )
