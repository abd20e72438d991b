"""How statistics is reached: told every fact, asked for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.statistics.months import Months
from services.statistics.reactions import reactions
from services.statistics.register import Register
from services.statistics.schemas import Count, Export, Figures, OneEvent, Outcomes, Rebuild
from services.statistics.storage import Archive
from services.statistics.usecases import Statistics
from shared.actors import Actor
from shared.messaging.core import Reaction
from shared.messaging.entrypoints import asked, desk, told
from shared.town import Town


def build(town: Town) -> Statistics:
    """Return the use cases on the town's ports."""
    database = town.database("statistics")
    return Statistics(
        archive=Archive(database),
        months=Months(database),
        register=Register(database),
        clock=town.clock,
        ids=town.ids,
    )


def prepare(town: Town) -> None:
    """Make the indexes."""
    database = town.database("statistics")
    Archive(database).prepare()
    Months(database).prepare()
    Register(database).prepare()


class FiguresService:
    """The archive and its figures."""

    name = "statistics_figures"
    statistics = desk(build)

    @asked(Figures)
    def figures(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return figures by programme, district and month."""
        return self.statistics.figures(actor, **asked)

    @asked(Outcomes)
    def outcomes(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return targets against outcomes."""
        return self.statistics.outcomes(actor, **asked)

    @asked(Export)
    def export(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return figures or outcomes as a file."""
        return self.statistics.export(actor, **asked)

    @asked(OneEvent)
    def event(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return what is archived under an event id."""
        return self.statistics.event(actor, **asked)

    @asked(Count)
    def count(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Return how many events of a tenant are archived."""
        return self.statistics.count(actor, **asked)

    @asked(Rebuild)
    def rebuild(self, actor: Actor, **asked: Any) -> dict[str, Any]:
        """Fold the archive again."""
        return self.statistics.rebuild(actor, **asked)

    @told("statistics.archive")
    def hears(self) -> Mapping[str, Reaction]:
        """Archive every fact."""
        return reactions(self.statistics)


SERVICES = (FiguresService,)
