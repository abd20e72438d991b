"""Why a message is dead, kept beside the service that refused it: a reject can't carry a text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from shared.clock import Clock
from shared.messaging.message import Delivery
from shared.mongo.port import Collection, Duplicate, Index

#: Seconds: the same 30 days that a dead message is expected to be looked at in.
KEPT_FOR = 30 * 24 * 3600
#: Reasons read in one command: the embedded engine leaves the index for longer lists.
AT_ONCE = 150


def fingerprint(queue: str, delivery: Delivery) -> str:
    """Return the key of a reason: the queue, the message id and the body."""
    named = f"{queue}\n{delivery.message_id}\n".encode()
    return hashlib.sha256(named + delivery.body).hexdigest()[:32]


class Reasons:
    """The reasons one service gave."""

    def __init__(self, collection: Collection, clock: Clock) -> None:
        self._collection = collection
        self._clock = clock

    def prepare(self) -> None:
        """Make the index that forgets reasons after ``KEPT_FOR`` seconds."""
        self._collection.ensure([Index(("at",), expire_after=KEPT_FOR)])

    def keep(self, queue: str, delivery: Delivery, why: str) -> None:
        """Keep the reason given for this message on this queue: the latest, and how often one was given (``times``)."""
        said = {"$set": {"queue": queue, "why": why[:2000], "at": self._clock.now()}, "$inc": {"times": 1}}
        try:
            self._collection.update_one({"_id": fingerprint(queue, delivery)}, said, upsert=True)
        except Duplicate:
            # Another one gave it at the same time.
            self._collection.update_one({"_id": fingerprint(queue, delivery)}, said)

    def of(self, fingerprints: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return ``{"why", "at", "times"}`` by fingerprint, for up to ``AT_ONCE``.

        One is missing when the message died by the delivery limit, or when the reason has gone.
        """
        return {kept["_id"]: kept for kept in self._collection.find({"_id": {"$in": list(fingerprints)}})}
