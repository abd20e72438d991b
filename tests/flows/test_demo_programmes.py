"""README: ``./sipbun demo programmes``: figures as published, and a programme from proposal to payout file."""

from __future__ import annotations

import pytest

from tests.flows.door import Door

pytestmark = pytest.mark.timeout(400)


def test_a_programme_is_played_from_its_proposal_to_its_payout_and_the_published_figures_are_shown(door: Door) -> None:
    told = door.json("demo", "programmes")

    assert told["scenario"] == "programmes"
    assert told["ok"] is True
    assert told["incheon_2019"] == {
        "districts": 8,
        "programmes": 9,
        "reported": 142,
        "itemised": 105,
        "gap": 37,
        "trained_apart": 30,
        "no_figure": told["incheon_2019"]["no_figure"],
    }
    assert sorted(told["incheon_2019"]["no_figure"]) == ["남동구", "서구"]
    assert told["seoul"] == {
        "target": 400,
        "budget_krw": 6_000_000_000,
        "named_programmes": 11,
        "named_districts": 10,
        "krw_per_job": 15_000_000,
    }
    # Three people, nine shifts each; the corrected hour is a line of its own.
    assert told["payout"]["lines"] >= 27
    assert told["payout"]["flagged"] == 1
    assert told["payout"]["balanced"] is True
    # Nobody is paid above the cap of a month (583,444 won), and each is paid something.
    assert 0 < told["payout"]["paid"] <= 3 * 583_444
    assert (told["duplicated"], told["lost"]) == (0, 0)
    assert 0 < told["seconds"] < 300
