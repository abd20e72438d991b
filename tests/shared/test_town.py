"""A town of twins has the ports of a real one; a service speaks for itself with its own token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.actors import must_be
from shared.clock import StoppedClock
from shared.errors import Unavailable
from shared.ids import SeededIds
from shared.mongo.twin import TwinDatabase
from shared.town import Town, twin_town


@pytest.fixture
def town() -> Town:
    databases: dict[str, TwinDatabase] = {}
    return twin_town(
        database=lambda name: databases.setdefault(name, TwinDatabase(name)),
        clock=StoppedClock(datetime(2026, 7, 1, tzinfo=UTC)),
        ids=SeededIds(1),
    )


def test_a_services_token_is_kept_and_renewed_before_it_ends(town: Town) -> None:
    assert isinstance(town.clock, StoppedClock)
    first = town.service_token("notifications")
    must_be(town.keys.verify(first, town.clock.now()), "service", tenant="gwangsan")
    assert town.service_token("notifications") == first

    town.clock.move(timedelta(minutes=4, seconds=30))

    renewed = town.service_token("notifications")
    assert renewed != first
    town.keys.verify(renewed, town.clock.now() + timedelta(minutes=4))


def test_where_no_other_service_lives_asking_says_so(town: Town) -> None:
    with pytest.raises(Unavailable, match="no such service"):
        town.ask.call("residents_interests", "reach")
