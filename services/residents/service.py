"""The residents process: which services it hosts, and what they need before they start."""

from __future__ import annotations

from services.residents.accounts.service import AccountsService
from services.residents.accounts.storage import accounts
from services.residents.groups.service import GroupsService
from services.residents.groups.storage import group_counts, memberships
from services.residents.interests.service import InterestsService
from services.residents.registry.service import RegistryService
from services.residents.registry.service import prepare as prepare_registry
from shared.town import Town

SERVICES = (RegistryService, InterestsService, AccountsService, GroupsService)


def prepare(town: Town) -> None:
    """Make the indexes of everything that residents keeps; safe to repeat."""
    prepare_registry(town)
    database = town.database("residents")
    accounts(database, clock=town.clock, serial=town.serial).prepare()
    memberships(database, clock=town.clock, serial=town.serial).prepare()
    group_counts(database, clock=town.clock, serial=town.serial, ids=town.ids).prepare()


__all__ = ["SERVICES", "prepare"]
