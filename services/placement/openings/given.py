"""What an opening gives: places, offers of places, and offers that came to nothing. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def key_of(application_id: str, attempt: int) -> str:
    """Return a placement's key (배치), by which it is named everywhere: ``application:attempt``."""
    return f"{application_id}:{attempt}"


@dataclass(frozen=True)
class Placement:
    """A resident's place in an opening. ``attempt`` says which application it answered."""

    resident_id: str
    application_id: str
    attempt: int
    selected_at: datetime
    #: The act that gave it, by which a late hold is recognised.
    act_id: str = ""
    #: Won really earned, once all its shifts are settled; a correction has a higher revision.
    earned: int | None = None
    revision: int = 0
    #: Whether its tenant had registered the resident, and why an officer gave it, in the officer's words; None: not asked.
    registered: bool | None = None
    reason: str | None = None

    @property
    def key(self) -> str:
        """Its name everywhere."""
        return key_of(self.application_id, self.attempt)


@dataclass(frozen=True)
class Candidate:
    """Who may be asked next; ``rank`` from 1."""

    resident_id: str
    application_id: str
    attempt: int
    rank: int

    @property
    def key(self) -> str:
        """The placement it would become."""
        return key_of(self.application_id, self.attempt)


@dataclass(frozen=True)
class Offer:
    """A place kept for one candidate, who confirms before ``until`` or loses it."""

    resident_id: str
    application_id: str
    attempt: int
    rank: int
    made_at: datetime
    until: datetime


@dataclass(frozen=True)
class Lapse:
    """An attempt that lost an offer or a place, kept until its application says so: it never gets one again."""

    application_id: str
    attempt: int
    reason: str
    #: The officer who declined for the resident, or None.
    by: str | None = None

    @property
    def key(self) -> str:
        """The placement that did not come of it."""
        return key_of(self.application_id, self.attempt)
