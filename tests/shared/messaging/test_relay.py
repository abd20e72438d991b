"""The relay's rounds: what the broker refuses for good is set aside, what it can't take just now waits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.errors import Unavailable
from shared.messaging.message import Message, Receipt
from shared.messaging.relay import NACKED_FOR, Relay
from shared.mongo.port import Collection
from shared.mongo.twin import TwinDatabase
from tests.shared.messaging.test_relaying import a_fact


class NackingBroker:
    """Nacks the facts that it is told to, and takes the others."""

    def __init__(self) -> None:
        self.nacks: set[str] = set()
        self.taken: list[str] = []

    def publish(self, messages: Sequence[Message]) -> Receipt:
        nacked = {index for index, message in enumerate(messages) if message.message_id in self.nacks}
        self.taken += [message.message_id for index, message in enumerate(messages) if index not in nacked]
        refused = dict.fromkeys(nacked, "broker: not taken (nack)")
        return Receipt(frozenset(range(len(messages))) - nacked, refused, frozenset(nacked))


class Seconds:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def openings() -> Collection:
    return TwinDatabase().collection("openings")


def keep(openings: Collection, *fact_ids: str) -> None:
    for fact_id in fact_ids:
        opening = fact_id.partition(".")[0]
        openings.insert_one({"_id": opening, "version": 1, "outbox": [a_fact(fact_id)], "acts": []})


def test_a_broker_that_takes_nothing_makes_no_fact_stuck(openings: Collection) -> None:
    broker, seconds = NackingBroker(), Seconds()
    relay = Relay([openings], broker, seconds=seconds)
    keep(openings, "은하수.1.0", "샛별.1.0")
    broker.nacks = {"은하수.1.0", "샛별.1.0"}

    for _ in range(5):
        with pytest.raises(Unavailable, match="nack"):
            relay.sweep()
        seconds.passed += NACKED_FOR

    assert openings.count({"outbox.s": "new"}) == 2
    broker.nacks = set()
    assert relay.sweep().published == 2


def test_a_fact_nacked_while_others_are_taken_waits_and_is_stuck_only_after_long(openings: Collection) -> None:
    broker, seconds = NackingBroker(), Seconds()
    relay = Relay([openings], broker, seconds=seconds)
    keep(openings, "은하수.1.0", "샛별.1.0")
    broker.nacks = {"은하수.1.0"}

    assert (relay.sweep().published, openings.count({"outbox.s": "new"})) == (1, 1)
    seconds.passed += NACKED_FOR / 2
    keep(openings, "달빛.1.0")
    assert (relay.sweep([openings]).stuck, openings.count({"outbox.s": "new"})) == (0, 1)
    seconds.passed += NACKED_FOR / 2
    keep(openings, "햇살.1.0")
    assert (relay.sweep().stuck, openings.count({"outbox.s": "stuck"})) == (1, 1)
    assert broker.taken == ["샛별.1.0", "달빛.1.0", "햇살.1.0"]
