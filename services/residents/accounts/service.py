"""How payout accounts are reached: asked (RPC) and told (events)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.accounts import schemas
from services.residents.accounts.reactions import reactions
from services.residents.accounts.storage import accounts
from services.residents.accounts.usecases import AccountDesk
from services.residents.registry.schemas import Whose
from services.residents.registry.storage import residents
from services.residents.trail import trail
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, told
from shared.town import Town


def build(town: Town) -> AccountDesk:
    """Return the acts on this process's ports; opens nothing."""
    database = town.database("residents")
    return AccountDesk(
        residents=residents(database, clock=town.clock, serial=town.serial),
        accounts=accounts(database, clock=town.clock, serial=town.serial),
        trail=trail(database, clock=town.clock, ids=town.ids),
        clock=town.clock,
    )


class AccountsService:
    """Where a resident is paid."""

    name = "residents_accounts"
    accounts = desk(build)

    @asked(schemas.SetAccount)
    def set(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Keep where the resident is paid."""
        return self.accounts.set(actor, **asked)

    @asked(schemas.RemoveAccount)
    def remove(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Destroy the account."""
        return self.accounts.remove(actor, **asked)

    @asked(Whose)
    def get(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return the account, masked."""
        return self.accounts.get(actor, **asked)

    @asked(schemas.Payout)
    def payout(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return the accounts, in full, to a service that pays."""
        return self.accounts.payout(actor, **asked)

    @told("residents.accounts")
    def hears(self) -> Mapping[str, Reaction]:
        """Destroy the account of whoever withdrew the consent."""
        return reactions(self.accounts)
