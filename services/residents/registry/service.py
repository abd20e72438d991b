"""How the registry is reached: asked (RPC) and told (events)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.registry import schemas
from services.residents.registry.reactions import reactions
from services.residents.registry.storage import residents
from services.residents.registry.usecases import Registry
from services.residents.trail import trail
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, told
from shared.reach.warming import warm
from shared.town import Town


def build(town: Town) -> Registry:
    """Return the acts on this process's ports; opens nothing."""
    database = town.database("residents")
    return Registry(
        residents=residents(database, clock=town.clock, serial=town.serial),
        trail=trail(database, clock=town.clock, ids=town.ids),
        clock=town.clock,
        ids=town.ids,
    )


def prepare(town: Town) -> None:
    """Make the indexes of everything that residents keeps, and have reach's machine code loaded; safe to repeat."""
    warm()
    database = town.database("residents")
    residents(database, clock=town.clock, serial=town.serial).prepare()
    trail(database, clock=town.clock, ids=town.ids).prepare()


class RegistryService:
    """Who a resident is to the town."""

    name = "residents_registry"
    registry = desk(build)

    @asked(schemas.Register)
    def register(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Register a resident with the consents they gave."""
        return self.registry.register(actor, **asked)

    @asked(schemas.Whose)
    def get(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return what is kept about a resident."""
        return self.registry.get(actor, **asked)

    @asked(schemas.Correct)
    def correct(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Change the name or the mail address."""
        return self.registry.correct(actor, **asked)

    @asked(schemas.GiveConsent)
    def give_consent(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Record a consent."""
        return self.registry.give_consent(actor, **asked)

    @asked(schemas.WithdrawConsent)
    def withdraw_consent(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Withdraw a consent and what rests on it."""
        return self.registry.withdraw_consent(actor, **asked)

    @asked(schemas.SetHome)
    def set_home(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Keep the home neighbourhood."""
        return self.registry.set_home(actor, **asked)

    @asked(schemas.Consented)
    def consented(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return whether a consent stands."""
        return self.registry.consented(actor, **asked)

    @asked(schemas.ConsentedOf)
    def consented_of(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return of whom a consent stands, to a service."""
        return self.registry.consented_of(actor, **asked)

    @asked(schemas.Whose)
    def tenant_of(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return which tenant registered a resident, to a service."""
        return self.registry.tenant_of(actor, **asked)

    @asked(schemas.Contacts)
    def contacts(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return addresses to write to, to a service."""
        return self.registry.contacts(actor, **asked)

    @asked(schemas.LocationRecords)
    def location_records(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return when and for what a resident's place was used."""
        return self.registry.location_records(actor, **asked)

    @told("residents.withdrawals")
    def hears(self) -> Mapping[str, Reaction]:
        """Destroy the location records of whoever withdrew the consent."""
        return reactions(self.registry)
