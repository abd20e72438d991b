"""However many programmes and months: figures come in pages, and the total is of all of them."""

from __future__ import annotations

from services.statistics.usecases import MOST_ROWS
from shared.events.placement import OPENING_PUBLISHED
from shared.mongo.twin import TwinDatabase
from tests.services.facts import said
from tests.services.statistics.test_figures import Desk


def test_figures_are_read_page_by_page_and_every_page_has_the_whole_total() -> None:
    desk = Desk(TwinDatabase())
    many = MOST_ROWS + 3
    desk.note(*(said(OPENING_PUBLISHED, f"p-{n}", programme_id=f"사업-{n:04}", places=2) for n in range(many)))

    first = desk.figures()
    second = desk.figures(cursor=first["cursor"])

    assert (len(first["rows"]), len(second["rows"]), second["cursor"]) == (MOST_ROWS, 3, None)
    assert [row["programme_id"] for row in first["rows"] + second["rows"]] == [f"사업-{n:04}" for n in range(many)]
    assert first["total"]["places"] == second["total"]["places"] == 2 * many
