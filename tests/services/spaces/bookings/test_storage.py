"""Bookings that are asked for at the same time are stored in one go; each learns whether it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.spaces.bookings.model import Booking
from services.spaces.bookings.storage import bookings
from shared.aggregate import Act
from shared.clock import StoppedClock
from shared.errors import Refused
from shared.mongo.twin import TwinDatabase
from tests.services.spaces.makers import NOW, a_counter


def a_booking(name: str) -> Booking:
    """Return a booking as the desk makes it."""
    counter = a_counter()
    counter.book(booking_id=f"bkg-{name}")
    return counter.booking(f"bkg-{name}")


class Scene:
    """A collection before which others may be let through first, and the verbs that reached it."""

    def __init__(self) -> None:
        self.first: Callable[[], object] | None = None
        self.verbs: list[str] = []
        database = TwinDatabase("spaces", self.verbs.append)
        self.bookings = bookings(database, clock=StoppedClock(NOW), serial=self._queue)

    @contextmanager
    def _queue(self, key: str) -> Iterator[None]:
        first, self.first = (None, self.first) if not key.endswith(("/new", "/count")) else (self.first, None)
        if first is not None:
            first()
        yield

    def create(self, name: str, act: str = "") -> dict[str, Any]:
        """Store a booking under that name."""
        return self.bookings.create(Act(act or f"act-{name}", "hash"), a_booking(name), {"name": name})


def test_two_at_the_same_time_are_one_write() -> None:
    scene = Scene()
    got: list[dict[str, Any]] = []
    scene.first = lambda: got.append(scene.create("b"))
    assert scene.create("a") == {"name": "a"}
    assert got == [{"name": "b"}]
    assert {"bkg-a", "bkg-b"} == set(scene.bookings.get_many(["bkg-a", "bkg-b"]))
    assert [verb for verb in scene.verbs if verb.endswith("done")] == ["database bookings.insert_many done"]


def test_of_a_group_only_the_one_whose_id_is_taken_is_refused() -> None:
    scene = Scene()
    scene.create("a")
    scene.first = lambda: scene.create("b")
    with pytest.raises(Refused, match="id_taken"):
        scene.create("a", act="act-another")
    assert scene.bookings.find("bkg-b") is not None


def test_a_repeat_in_a_group_gets_the_outcome_that_was_kept() -> None:
    scene = Scene()
    scene.create("a")
    scene.first = lambda: scene.create("b")
    assert scene.create("a") == {"name": "a"}
    assert scene.bookings.get("bkg-a").version == 1


def test_what_residents_have_is_counted_in_one_question_and_each_hears_their_own() -> None:
    scene = Scene()
    scene.create("a")
    scene.create("b")
    got: list[int] = []
    scene.first = lambda: got.append(scene.bookings.count_active("res-2", "spc-모임방"))
    assert scene.bookings.count_active("res-1", "spc-모임방") == 2
    assert got == [0]
    assert scene.verbs[-1] == "database bookings.find"
