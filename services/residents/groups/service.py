"""How target groups are reached: asked (RPC) and told (events)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.residents.groups import schemas
from services.residents.groups.reactions import reactions
from services.residents.groups.storage import group_counts, memberships, read_kinds
from services.residents.groups.usecases import GroupDesk
from services.residents.registry.schemas import Whose
from services.residents.registry.storage import residents
from services.residents.trail import trail
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, told
from shared.town import Town


def build(town: Town) -> GroupDesk:
    """Return the acts on this process's ports; reads the operator's list of groups, and opens nothing."""
    database = town.database("residents")
    return GroupDesk(
        residents=residents(database, clock=town.clock, serial=town.serial),
        memberships=memberships(database, clock=town.clock, serial=town.serial),
        counts=group_counts(database, clock=town.clock, serial=town.serial, ids=town.ids),
        kinds=read_kinds(town.settings.data_dir / "groups.yaml"),
        trail=trail(database, clock=town.clock, ids=town.ids),
        clock=town.clock,
    )


class GroupsService:
    """Which target groups a resident belongs to."""

    name = "residents_groups"
    groups = desk(build)

    @asked(schemas.Known)
    def known(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return the groups that may be declared."""
        return self.groups.known(actor, **asked)

    @asked(schemas.GroupAct)
    def declare(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Note that the resident belongs to a group."""
        return self.groups.declare(actor, **asked)

    @asked(schemas.GroupAct)
    def leave(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Destroy a membership."""
        return self.groups.leave(actor, **asked)

    @asked(schemas.GroupAct)
    def verify(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Note that an officer saw a proof."""
        return self.groups.verify(actor, **asked)

    @asked(Whose)
    def list(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return a resident's groups."""
        return self.groups.list(actor, **asked)

    @asked(schemas.GroupsOf)
    def groups_of(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return residents' groups, to a service that names its purpose."""
        return self.groups.groups_of(actor, **asked)

    @asked(schemas.Belonging)
    def belonging(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return who belongs to one of some groups, to a service that names its purpose."""
        return self.groups.belonging(actor, **asked)

    @told("residents.groups")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.groups)
