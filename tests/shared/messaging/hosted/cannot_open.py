"""A service whose indexes conflict with those that are there: it can never open."""

from __future__ import annotations

from shared.town import Town
from tests.shared.messaging.hosted.service import SERVICES

__all__ = ["SERVICES", "prepare"]


def prepare(_town: Town) -> None:
    """Fail as pymongo does."""
    raise ValueError("IndexOptionsConflict: 은하수 is there with other options")
