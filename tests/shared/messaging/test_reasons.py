"""Why a message died is kept beside the service that refused it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.clock import StoppedClock
from shared.messaging.message import Delivery
from shared.messaging.reasons import Reasons, fingerprint
from shared.mongo.port import Database
from tests.shared.mongo.conftest import kept

__all__ = ["kept"]

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


def test_a_replay_that_died_of_something_else_says_so(kept: Database) -> None:
    clock = StoppedClock(NOON)
    reasons = Reasons(kept.collection("dead_reasons"), clock)
    letter = Delivery(b"{}", None, "", message_id="편지-1")
    reasons.keep("placement.openings", letter, "refused: the moon is full")
    clock.sleep(60)

    reasons.keep("placement.openings", letter, "refused: the shop is closed")

    unknown = fingerprint("placement.openings", Delivery(b"[]", None, "", message_id="편지-2"))
    known = fingerprint("placement.openings", letter)
    found = reasons.of([known, unknown])
    assert set(found) == {known}
    told = found[known]
    assert (told["why"], told["times"]) == ("refused: the shop is closed", 2)
    assert told["at"] == NOON + timedelta(seconds=60)
