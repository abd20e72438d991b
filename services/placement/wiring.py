"""Puts the subjects of placement together, once a process. Arrows between subjects go one way:

    programmes, wages, limits <- budgets, participation <- openings <- attendance <- allowance, trust
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from services.placement.budgets.storage import budgets
from services.placement.budgets.usecases import BudgetDesk
from services.placement.openings.money import OpeningsMoney
from services.placement.openings.nearby import Nearby, OpeningsFeed, feed
from services.placement.openings.storage import applications, openings
from services.placement.openings.usecases import OpeningDesk
from services.placement.programmes.storage import programmes, read_districts, tenants
from services.placement.programmes.usecases import ProgrammeDesk
from services.placement.wages.storage import read_wages
from shared.town import Town


class Kept(Protocol):
    """A collection with indexes."""

    def prepare(self) -> None:
        """Make them."""


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


@dataclass(frozen=True)
class Rooms:
    """Everything this process works with. ``kept`` is what needs indexes."""

    programmes: ProgrammeDesk
    budgets: BudgetDesk
    openings: OpeningDesk
    nearby: Nearby
    feed: OpeningsFeed
    kept: tuple[Kept, ...]


def furnish(town: Town) -> Rooms:
    """Put the use cases together; opens nothing."""
    database, clock = town.database("placement"), town.clock
    ports: dict[str, Any] = {"clock": clock, "serial": town.serial}
    data = town.settings.data_dir
    all_tenants, all_programmes = tenants(database, **ports), programmes(database, **ports)
    all_openings, all_applications = openings(database, **ports), applications(database, **ports)
    budget = BudgetDesk(budgets(database, **ports), OpeningsMoney(all_openings), all_programmes, clock)
    desk = OpeningDesk(
        openings=all_openings,
        applications=all_applications,
        tenants=all_tenants,
        programmes=all_programmes,
        budget=budget,
        wages=read_wages(data / "wages.yaml"),
        clock=clock,
    )
    index = feed(all_openings, clock)
    return Rooms(
        programmes=ProgrammeDesk(
            tenants=all_tenants,
            programmes=all_programmes,
            validity=read_districts(data / "districts.yaml"),
            clock=clock,
        ),
        budgets=budget,
        openings=desk,
        nearby=Nearby(all_openings, index, AskResidents(town), clock),
        feed=index,
        kept=(all_tenants, all_programmes, budget.budgets, all_openings, all_applications),
    )
