"""The lines of a ledger: what is counted for one booking, and what is owed to another ledger. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: The version of a line whose booking is not made yet.
NOT_MADE = -1


@dataclass(frozen=True)
class Line:
    """What is counted for one booking; minutes."""

    booking_id: str
    act_id: str = ""
    held: int = 0
    consumed: int = 0
    #: The booking's version that was last counted.
    version: int = NOT_MADE
    #: Until when its act may be under way; None once it is counted.
    deadline: datetime | None = None
    #: How often its act held, less how often it gave back: a repeat that is refused must not release the first try's.
    tries: int = 1

    @property
    def minutes(self) -> int:
        """Minutes that nobody else can have."""
        return self.held + self.consumed


@dataclass(frozen=True)
class Owed:
    """Minutes that came back after the sealing, on their way to another ledger."""

    booking_id: str
    version: int
    minutes: int
    to: str
