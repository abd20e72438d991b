"""Who reads the figures of target groups: many tables, over days and months, kept to be subtracted from each other.

And the figures of jobs as they were known a little while ago, kept to be asked for again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.clock import iso
from tests.simulation.folk import DISTRICT, SERVICE, TENANT
from tests.simulation.pay import cast

if TYPE_CHECKING:
    from tests.simulation.pay.people import People

#: What was known so long ago may be asked.
AS_SOON_AS_MAY_BE = timedelta(seconds=31)
DAYS = ("2026-09-30", "2026-10-29", "2026-10-30", "2026-10-31", "2026-11-01", "2026-11-30")


class Readers:
    """Anyone."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.random = people.random
        #: What was asked, and what was answered.
        self.tables: list[tuple[dict[str, Any], dict[str, Any]]] = []
        #: Of jobs, as known at an instant: the same.
        self.known: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def read(self, times: int) -> None:
        """Ask for some tables now."""
        now = self.people.world.scheduler.now()
        known = {"tenant": TENANT, "about": "jobs", "known_at": iso(now - AS_SOON_AS_MAY_BE)}
        told = self.people.insist("statistics_figures", "figures", SERVICE, act=False, **known)
        if told is not None:
            self.known.append((known, told))
        for _ in range(times):
            asked: dict[str, Any] = {"tenant": TENANT, "about": "groups"}
            if self.random.random() < 0.5:
                asked["programme_id"] = self.random.choice((cast.NEAR, cast.DIRECT))
            if self.random.random() < 0.3:
                asked["district"] = DISTRICT
            roll = self.random.random()
            if roll < 0.4:
                asked["month"] = self.random.choice(("2026-09", *cast.MONTHS))
            elif roll < 0.8:
                asked["through"] = self.random.choice(DAYS)
            if self.random.random() < 0.3:
                back = self.random.choice((40.0, 3600.0, 90_000.0, 900_000.0))
                asked["known_at"] = iso(now.replace(microsecond=0) - timedelta(seconds=back))
            told = self.people.insist("statistics_figures", "figures", SERVICE, act=False, **asked)
            if told is not None:
                self.tables.append((asked, told))


