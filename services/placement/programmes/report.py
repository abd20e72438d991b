"""An umbrella's dashboard: what was reported beside what its programmes itemise, never mixed. Pure.

    reported (발표 합계)       a figure of the umbrella's own, with its day and source
    itemised (항목 합계)       the sum of its programmes' placed people, as far as they have a figure
    gap                        reported - itemised: what nobody itemised
    trained_apart              trainees of programmes that name nobody placed; in no sum
    no_figure (자료 없음)      programmes of which nothing is known: None, not 0

What an item reports changes what is itemised, never what is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.placement.programmes.figures import JOBS, MONEY, PLACED, TRAINED, Figure, itemised, latest
from services.placement.programmes.model import Programme


@dataclass(frozen=True)
class Item:
    """A programme of an umbrella, with its latest figures on the day that was asked for."""

    programme: Programme
    placed: Figure | None
    trained: Figure | None

    @property
    def only_trained(self) -> bool:
        """Whether it names people it trained and nobody it placed."""
        return self.placed is None and self.trained is not None

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of it."""
        return self.placed is None and self.trained is None

    def row(self) -> dict[str, Any]:
        """Return it for the list, JSON-ready; a value of None is 자료 없음."""
        return {
            "programme_id": self.programme.id,
            "name_ko": self.programme.name_ko,
            "district": {"code": self.programme.district.code, "name": self.programme.district.name},
            **_shown(self.placed),
            "trained": None if self.trained is None else self.trained.value,
        }


def item(programme: Programme, entered: Sequence[Figure], on: date | None) -> Item:
    """Return a programme's item; ``entered`` is what officers entered, after what its row says."""
    figures = [*programme.figures, *entered]
    return Item(programme, latest(figures, PLACED, on), latest(figures, TRAINED, on))


def report(umbrella: Programme, entered: Sequence[Figure], items: Sequence[Item], on: date | None) -> dict[str, Any]:
    """Return the dashboard without its rows, JSON-ready. ``on``: figures of that KST day and before; None: all."""
    figures = [*umbrella.figures, *entered]
    reported = latest(figures, PLACED, on) or latest(figures, JOBS, on)
    budget, target = latest(figures, MONEY, on), umbrella.targets.get("jobs")
    total, qualifier = itemised([one.placed for one in items])
    apart, apart_qualifier = itemised([one.trained for one in items if one.only_trained])
    return {
        "programme_id": umbrella.id,
        "name_ko": umbrella.name_ko,
        "year": umbrella.year,
        "as_of": None if on is None else on.isoformat(),
        "named_programmes": len(items),
        "claimed_programmes": umbrella.claimed.programmes,
        "named_districts": len({one.programme.district.code for one in items} - {None}),
        "claimed_districts": umbrella.claimed.districts,
        "reported": None if reported is None else {"measure": reported.measure, **_shown(reported)},
        "itemised": {"measure": PLACED, "value": total, "qualifier": qualifier},
        "gap": None if reported is None or total is None else (reported.value or 0) - total,
        "trained_apart": {"value": apart, "qualifier": apart_qualifier},
        "no_figure": [
            {
                "programme_id": one.programme.id,
                "name_ko": one.programme.name_ko,
                "district": one.programme.district.name,
            }
            for one in items
            if one.unknown
        ],
        "targets": {measure: vars(one).copy() for measure, one in sorted(umbrella.targets.items())},
        "budget_krw": None if budget is None else budget.value,
        "krw_per_job": None
        if budget is None or budget.value is None or target is None or not target.value
        else budget.value // target.value,
    }


def _shown(figure: Figure | None) -> dict[str, Any]:
    if figure is None:
        return {"value": None, "qualifier": None, "as_of": None, "source": None}
    as_of = None if figure.as_of is None else figure.as_of.isoformat()
    return {"value": figure.value, "qualifier": figure.qualifier, "as_of": as_of, "source": figure.source}
