"""The town on twins: whole towns keep their promises, and every planted fault is found by one of them."""

from __future__ import annotations

import pytest

from tests.simulation.faults import FAULTS, Fault
from tests.simulation.run import one_town, simulate
from tests.simulation.stories import STORIES

#: Seeds a fault may need. More would mean that the towns don't look hard enough.
SEEDS = 80


def test_a_few_towns_keep_every_promise() -> None:
    report = simulate(8, first=1000)

    assert report.violations == 0, "\n".join(report.story)


@pytest.mark.parametrize("name", STORIES)
def test_the_same_seed_tells_the_same_story(name: str) -> None:
    assert one_town(7, STORIES[name]) == one_town(7, STORIES[name])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    report = simulate(SEEDS, fault=fault)

    assert report.violations > 0, f"{fault.what}: not found in {SEEDS} towns"


@pytest.mark.parametrize("name", STORIES)
def test_a_fault_leaves_nothing_behind(name: str) -> None:
    simulate(1, fault=next(fault for fault in FAULTS if fault.story == name))

    assert simulate(2, first=2000, story=name).violations == 0
