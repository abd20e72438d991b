"""Where an umbrella's dashboard and a programme's published figures are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.placement.programmes.districts import Districts
from services.placement.programmes.figures import figure_told
from services.placement.programmes.model import NOT_HOSTED
from services.placement.programmes.report import item, report
from services.placement.programmes.storage import Programmes, Reports
from shared.actors import Actor
from shared.clock import Clock, kst_day
from shared.pages import after, checked_limit, page

#: Programmes, or figures, of one answer, which must cross the broker.
MOST_ROWS = 200


@dataclass(frozen=True)
class ReportDesk:
    """Reading what was published; everybody may."""

    programmes: Programmes
    figures: Reports
    districts: Districts
    clock: Clock

    def report(
        self,
        _actor: Actor,
        *,
        programme_id: str,
        as_of: date | None = None,
        limit: int = MOST_ROWS,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """Return an umbrella's dashboard (report.py) with ``itemised.rows``, by district, and the ``cursor`` after them.

        ``as_of`` leaves out figures of later days (KST) and says whose names districts have; sums are always of all its
        programmes, and never of what it reports itself.
        """
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 2)
        umbrella = self.programmes.get(programme_id)
        children = self.programmes.children(umbrella.tenant, umbrella.code)
        day = as_of or kst_day(self.clock.now())
        hosted = [
            replace(child, district=self.districts.named(child.district, day))
            for child in children
            if child.role not in NOT_HOSTED and child.id != umbrella.id
        ]
        entered = self.figures.of([umbrella.id, *(child.id for child in hosted)])
        items = [item(child, entered.get(child.id, ()), as_of) for child in hosted]
        told = report(umbrella, entered.get(umbrella.id, ()), items, as_of)
        rows = (one.row() for one in items if since is None or _place(one.row()) > since)
        taken, further = page(rows, limit, _place)
        return {**told, "itemised": {**told["itemised"], "rows": taken}, "cursor": further}

    def figures_of(
        self, _actor: Actor, *, programme_id: str, limit: int = MOST_ROWS, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return ``{figures, cursor}``: all that was published of one programme, by measure and day."""
        checked_limit(limit, MOST_ROWS)
        since = after(cursor, 3)
        programme = self.programmes.get(programme_id)
        told = map(figure_told, [*programme.figures, *self.figures.of([programme_id]).get(programme_id, ())])
        rows = sorted(told, key=_order)
        taken, further = page((row for row in rows if since is None or _order(row) > since), limit, _order)
        return {"figures": taken, "cursor": further}


def _place(row: dict[str, Any]) -> list[str]:
    return [row["district"]["code"] or "", row["programme_id"]]


def _order(row: dict[str, Any]) -> list[str]:
    return [row["measure"], row["as_of"] or "", row["source"] or ""]
