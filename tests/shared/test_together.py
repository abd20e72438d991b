"""What several ask at the same time is carried out in one go, and each learns its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from shared.clock import StoppedClock
from shared.errors import Refused, Unavailable
from shared.serial import KeyedQueue, no_queue
from shared.together import GATHER, Together

NOW = datetime(2026, 12, 1, tzinfo=UTC)


class Crowd:
    """A queue at which somebody else, once, is let through first."""

    def __init__(self) -> None:
        self.first: Callable[[], object] | None = None

    @contextmanager
    def __call__(self, _key: str) -> Iterator[None]:
        """Let the other one through."""
        first, self.first = self.first, None
        if first is not None:
            first()
        yield


class Baker:
    """Bakes what is asked, and remembers each go."""

    def __init__(self) -> None:
        self.goes: list[list[str]] = []
        self.failing: BaseException | None = None

    def bake(self, asked: Sequence[str]) -> list[str | Refused]:
        """Bake; there is no 피자."""
        self.goes.append(list(asked))
        failing, self.failing = self.failing, None
        if failing is not None:
            raise failing
        return [Refused("not_baked") if one == "피자" else f"구운 {one}" for one in asked]


def test_one_alone_is_carried_out_at_once() -> None:
    baker, clock = Baker(), StoppedClock(NOW)
    together = Together(baker.bake, key="oven", serial=no_queue, clock=clock)
    assert [together("빵"), together("떡")] == ["구운 빵", "구운 떡"]
    assert baker.goes == [["빵"], ["떡"]]
    assert clock.now() == NOW


def test_what_waits_is_carried_out_in_one_go_and_each_gets_its_own() -> None:
    baker, crowd = Baker(), Crowd()
    together = Together(baker.bake, key="oven", serial=crowd, clock=StoppedClock(NOW))
    got: list[str] = []
    crowd.first = lambda: got.append(together("떡"))
    assert together("빵") == "구운 빵"
    assert got == ["구운 떡"]
    assert baker.goes == [["빵", "떡"]]


def test_an_objection_to_one_is_raised_to_that_one_only() -> None:
    baker, crowd = Baker(), Crowd()
    together = Together(baker.bake, key="oven", serial=crowd, clock=StoppedClock(NOW))
    got: list[str] = []
    crowd.first = lambda: got.append(together("떡"))
    with pytest.raises(Refused, match="not_baked"):
        together("피자")
    assert got == ["구운 떡"]


def test_when_the_database_is_away_all_of_a_group_hear_it_and_nobody_tries_in_turn() -> None:
    baker, crowd = Baker(), Crowd()
    together = Together(baker.bake, key="oven", serial=crowd, clock=StoppedClock(NOW))

    def other() -> None:
        with pytest.raises(Unavailable):
            together("떡")

    crowd.first, baker.failing = other, Unavailable("database: away")
    with pytest.raises(Unavailable):
        together("빵")
    assert baker.goes == [["빵", "떡"]]


def test_after_a_fault_whoever_is_left_of_the_group_asks_again() -> None:
    baker, crowd = Baker(), Crowd()
    together = Together(baker.bake, key="oven", serial=crowd, clock=StoppedClock(NOW))

    def other() -> None:
        with pytest.raises(ZeroDivisionError):
            together("떡")

    crowd.first, baker.failing = other, ZeroDivisionError()
    assert together("빵") == "구운 빵"
    assert baker.goes == [["빵", "떡"], ["빵"]]


def test_only_after_company_a_group_gives_more_a_moment_to_come() -> None:
    baker, crowd, clock = Baker(), Crowd(), StoppedClock(NOW)
    together = Together(baker.bake, key="oven", serial=crowd, clock=clock)
    crowd.first = lambda: together("떡")
    together("빵")
    assert clock.now() == NOW
    together("죽")
    waited = clock.now() - NOW
    assert waited.total_seconds() == GATHER
    together("죽")
    assert clock.now() - NOW == waited


def test_many_threads_each_get_their_own() -> None:
    baker = Baker()
    together = Together(baker.bake, key="oven", serial=KeyedQueue(), clock=StoppedClock(NOW))
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(together, [f"빵 {number}" for number in range(400)]))
    assert got == [f"구운 빵 {number}" for number in range(400)]
    assert sorted(one for go in baker.goes for one in go) == sorted(f"빵 {number}" for number in range(400))
