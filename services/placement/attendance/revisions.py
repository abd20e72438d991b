"""What stands on a sheet once it is settled: revisions, and disputes about them. Added, never edited. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: By whom a sheet was settled when nobody did: the clock.
CLOCK = "clock"


@dataclass(frozen=True)
class Revision:
    """What the sheet counted from then on: number 1 is the first. ``reason`` is a person's own words, if any."""

    number: int
    minutes: int
    result: str
    by: str
    account: str
    at: datetime
    why: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Dispute:
    """The resident or the host says that a revision is wrong; an officer answers until ``until``.

    ``text`` is kept until the answer, and no longer.
    """

    number: int
    revision: int
    by: str
    account: str
    at: datetime
    until: datetime
    text: str = ""
    escalated: bool = False
    answer: str | None = None
    answered_by: str = ""
    answered_at: datetime | None = None
    reason: str = ""
