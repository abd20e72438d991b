"""What notifications asks of residents, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.notifications.letters.delivery import Contact
from services.notifications.neighbours import ResidentsContacts, ResidentsInReach
from shared.clock import StoppedClock
from shared.errors import Refused
from shared.ids import SeededIds
from shared.mongo.twin import TwinDatabase
from shared.town import Town, twin_town
from tests.services.facts import MORNING


class Residents:
    """residents, answering from a script."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def call(self, service: str, method: str, /, *, token: str | None = None, timeout: float = 10, **asked: Any) -> Any:
        assert token is not None
        self.asked.append({"service": service, "method": method, **asked})
        return self.answer(**asked)


def a_town(residents: Residents) -> Town:
    return twin_town(
        database=lambda _name: TwinDatabase(), clock=StoppedClock(MORNING), ids=SeededIds(1), ask=residents
    )


def test_reach_is_read_to_its_last_page() -> None:
    pages = {
        None: {"resident_ids": ["res-1", "res-2"], "cursor": "a"},
        "a": {"resident_ids": [], "cursor": "b"},
        "b": {"resident_ids": ["res-3"], "cursor": None},
    }
    residents = Residents(lambda cursor, **_: pages[cursor])

    found = list(ResidentsInReach(a_town(residents)).pages(tenant="광산구", lat=35.1, lon=126.8, topic="jobs"))

    assert found == [["res-1", "res-2"], ["res-3"]]
    assert [asked["cursor"] for asked in residents.asked] == [None, "a", "b"]


def test_an_id_that_residents_cannot_read_holds_up_nobody_elses_mail() -> None:
    def contacts(resident_ids: list[str]) -> Any:
        if any(len(resident) > 64 for resident in resident_ids):
            raise Refused("input_invalid", field="resident_ids.3")
        return {"contacts": {one: {"mail": f"{one}@mail.example", "night_news": False} for one in resident_ids}}

    residents = ["res-1", "res-2", "res-3", "x" * 65, "res-5"]

    found = ResidentsContacts(a_town(Residents(contacts))).of(residents)

    assert sorted(found) == ["res-1", "res-2", "res-3", "res-5"]
    assert found["res-1"] == Contact("res-1@mail.example")


def test_a_refusal_of_ourselves_is_not_taken_for_a_missing_consent() -> None:
    def contacts(resident_ids: list[str]) -> Any:
        raise Refused("role_not_allowed", field="token")

    with pytest.raises(Refused):
        ResidentsContacts(a_town(Residents(contacts))).of(["res-1"])
