"""Who dies when: decided by the seed alone."""

from __future__ import annotations

import pytest

from tests.chaos.killing import KINDS, plan_of


def test_the_same_seed_kills_the_same_in_the_same_order() -> None:
    assert plan_of(fills=100, kills=12, seed=5) == plan_of(fills=100, kills=12, seed=5)
    assert plan_of(fills=100, kills=12, seed=5) != plan_of(fills=100, kills=12, seed=6)


@pytest.mark.parametrize("kills", [4, 7, 12, 40])
def test_broker_database_relay_and_a_service_die_at_least_once_each(kills: int) -> None:
    for seed in range(20):
        kinds = [kill.kind for kill in plan_of(fills=60, kills=kills, seed=seed)]
        assert len(kinds) == kills
        assert set(KINDS[: min(kills, len(KINDS))]) <= set(kinds)


def test_the_last_one_dies_when_nearly_everything_is_filled_and_nobody_later() -> None:
    for seed in range(20):
        moments = [kill.after for kill in plan_of(fills=1000, kills=12, seed=seed)]
        assert moments == sorted(moments)
        assert 950 <= moments[-1] < 1000


def test_nobody_dies_where_nobody_is_to_die() -> None:
    assert plan_of(fills=10, kills=0, seed=1) == ()
