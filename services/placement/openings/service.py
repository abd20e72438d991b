"""How openings are reached: asked (RPC), told (events), due (timers), fed (the index)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.openings import schemas
from services.placement.openings.money import OpeningsMoney
from services.placement.openings.nearby import Nearby, OpeningsFeed, feed
from services.placement.openings.reactions import reactions
from services.placement.openings.storage import applications, openings
from services.placement.openings.usecases import OpeningDesk
from services.placement.programmes.storage import programmes, tenants
from services.placement.wages.storage import read_wages
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoint import asked, desk, due, fed, told
from shared.town import Town


@dataclass(frozen=True)
class Room:
    """Everything this service works with."""

    openings: OpeningDesk
    nearby: Nearby
    feed: OpeningsFeed


@dataclass(frozen=True)
class AskResidents:
    """Asks the residents service about a consent."""

    town: Town

    def given(self, resident_id: str, purpose: str) -> bool:
        """Return whether the consent is in force."""
        answer = self.town.ask.call(
            "residents_registry",
            "consented",
            token=self.town.service_token("placement"),
            resident_id=resident_id,
            purpose=purpose,
        )
        return bool(answer["given"])


def build(town: Town) -> Room:
    """Put the use cases together; opens nothing."""
    database = town.database("placement")
    ports: dict[str, Any] = {"clock": town.clock, "serial": town.serial}
    all_openings = openings(database, **ports)
    all_programmes = programmes(database, **ports)
    room = OpeningDesk(
        openings=all_openings,
        applications=applications(database, **ports),
        tenants=tenants(database, **ports),
        programmes=all_programmes,
        budget=BudgetDesk(budgets(database, **ports), OpeningsMoney(all_openings), all_programmes, town.clock),
        wages=read_wages(town.settings.data_dir / "wages.yaml"),
        clock=town.clock,
    )
    index = feed(all_openings, town.clock)
    return Room(room, Nearby(all_openings, index, AskResidents(town), town.clock), index)


class OpeningsService:
    """Openings with N places, and the applications for them."""

    name = "placement_openings"
    room = desk(build)

    @asked(schemas.Publish)
    def publish(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Publish an opening."""
        return self.room.openings.publish(actor, **asked_for)

    @asked(schemas.Apply)
    def apply(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Apply for an opening."""
        return self.room.openings.apply(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def withdraw(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take an application, or the place it won, back."""
        return self.room.openings.withdraw(actor, **asked_for)

    @asked(schemas.ResidentAct)
    def select(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Give a place to an applicant."""
        return self.room.openings.select(actor, **asked_for)

    @asked(schemas.ApplicationAct)
    def not_select(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Tell an applicant that there is no place for them."""
        return self.room.openings.not_select(actor, **asked_for)

    @asked(schemas.ResidentAct)
    def release_place(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take a place back and offer it again."""
        return self.room.openings.release_place(actor, **asked_for)

    @asked(schemas.OpeningAct)
    def close(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Take no more applications."""
        return self.room.openings.close(actor, **asked_for)

    @asked(schemas.Cancel)
    def cancel(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Call an opening off."""
        return self.room.openings.cancel(actor, **asked_for)

    @asked(schemas.OneOpening)
    def get(self, actor: Actor, *, opening_id: str) -> Mapping[str, Any]:
        """Return an opening."""
        return self.room.openings.read(actor, opening_id=opening_id)

    @asked(schemas.ListOpenings)
    def list(self, actor: Actor, **filters: Any) -> Mapping[str, Any]:
        """Return a tenant's openings."""
        return self.room.openings.listed(actor, **filters)

    @asked(schemas.Near)
    def nearby(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return open openings within a walk."""
        return self.room.nearby.find(actor, **asked_for)

    @asked(schemas.ListApplications)
    def applications(self, actor: Actor, **asked_for: Any) -> Mapping[str, Any]:
        """Return an opening's applications."""
        return self.room.openings.applications_of(actor, **asked_for)

    @asked(schemas.OneResident)
    def my_applications(self, actor: Actor, *, resident_id: str) -> Mapping[str, Any]:
        """Return a resident's own applications."""
        return self.room.openings.applications_by(actor, resident_id=resident_id)

    @told("placement.openings")
    def hears(self) -> Mapping[str, Reaction]:
        """Return the table of reactions."""
        return reactions(self.room.openings)

    @due(every=1.0)
    def close_overdue(self) -> bool:
        """Close openings whose deadline is there."""
        return self.room.openings.close_overdue()

    @due(every=5.0)
    def release_overdue_holds(self) -> bool:
        """Make acts that never came impossible, and release what they held."""
        return self.room.openings.budget.sweep()

    @fed("placement.nearby")
    def index(self) -> OpeningsFeed:
        """Return the feed of the index of nearby openings."""
        return self.room.feed
