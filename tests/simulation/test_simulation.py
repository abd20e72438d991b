"""The town on twins: whole towns keep their promises, and every planted fault is found by one of them."""

from __future__ import annotations

import pytest

from tests.simulation.faults import FAULTS, Fault
from tests.simulation.run import one_town, simulate

#: Seeds a fault may need. More would mean that the towns don't look hard enough.
SEEDS = 80


def test_a_few_towns_keep_every_promise() -> None:
    report = simulate(6, first=1000)

    assert report.violations == 0, "\n".join(report.story)


def test_the_same_seed_tells_the_same_story() -> None:
    assert one_town(7) == one_town(7)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    report = simulate(SEEDS, fault=fault)

    assert report.violations > 0, f"{fault.what}: not found in {SEEDS} towns"


def test_a_fault_leaves_nothing_behind() -> None:
    simulate(1, fault=FAULTS[0])

    assert simulate(3, first=2000).violations == 0
