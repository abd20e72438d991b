"""What a month of pay is made of: lines that are only ever added, payments, and what was paid back. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

#: As long as an id in an event can be.
LONGEST_NAME = 200
#: Hex characters that stand for a name which is too long.
SHORT_NAME = 32

#: A payment of a batch that waits for the bank's answer; the bank paid; the bank sent it back.
CLAIMED, PAID, RETURNED = "claimed", "paid", "returned"

#: What a line waits for, and why a batch leaves something out.
DISPUTE = "dispute"


@dataclass(frozen=True)
class Cap:
    """The monthly cap in won, and where the figure is from."""

    won: int
    source: str


@dataclass(frozen=True)
class Worked:
    """A shift that counts: what one revision of an attendance says. ``won`` is what it pays, 0 for a volunteer."""

    attendance_id: str
    revision: int
    #: KST, YYYY-MM-DD.
    day: str
    minutes: int
    hourly_won: int
    won: int
    dong: str | None


@dataclass(frozen=True)
class Line:
    """One line of the month; a correction is a line of its own, with the difference (contra line)."""

    id: str
    attendance_id: str
    day: str
    minutes: int
    won: int
    hourly_won: int
    reason: str
    dong: str | None
    at: datetime
    #: Who wrote it, and why, when it was an officer.
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Recovery:
    """Whether the pay of an attendance is taken out. ``overlap``: its day is known to overlap wrongly.

    ``by_officer``: it was an officer who took it out; what follows from overlapping days does not touch that.
    """

    attendance_id: str
    active: bool = False
    overlap: bool = False
    by_officer: bool = False


@dataclass(frozen=True)
class Dispute:
    """Whether somebody says that what an attendance counts is wrong: the last dispute heard of, the last one answered."""

    attendance_id: str
    asked: int = 0
    answered: int = 0
    #: Until when an officer should answer the last one, UTC; None where only its answer was heard.
    until: datetime | None = None
    #: The last one for which pay waited that long in vain.
    lapsed: int = 0

    @property
    def stands(self) -> bool:
        """Whether pay waits for an officer's answer."""
        return self.asked > max(self.answered, self.lapsed)


@dataclass(frozen=True)
class Payment:
    """What a batch pays of this month; at most one for each batch. ``upto``: of so many lines."""

    batch_id: str
    won: int
    lines: int
    upto: int
    method: str
    #: Parts by 동; "" where the work has none. They add up to ``won``.
    dongs: Mapping[str, int]
    state: str = CLAIMED
    day: str | None = None
    reason: str | None = None
    #: Attendances that were disputed then: of their lines it pays none that no payment before it had paid.
    left_out: tuple[str, ...] = ()
    #: Batches whose payments stood then: the lines that those took along it does not pay again. Earlier versions kept none.
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class SentBack:
    """A payment that the bank sent back after it had said that it was paid: a contra entry, the payment stays."""

    batch_id: str
    won: int
    day: str
    reason: str


@dataclass(frozen=True)
class PaidBack:
    """Won that the resident gave back, as an officer noted it."""

    won: int
    day: str
    by: str
    #: Whether the budget has counted it.
    posted: bool = False


def named(*parts: str) -> str:
    """Return the parts with colons between them; what would be too long for an id is replaced by its hash.

    >>> named("bat-1", "gs:res-1:2026-12")
    'bat-1:gs:res-1:2026-12'
    """
    natural = ":".join(parts)
    if len(natural) <= LONGEST_NAME:
        return natural
    return sha256(natural.encode()).hexdigest()[:SHORT_NAME]


def placement_key(attendance_id: str) -> str:
    """Return whose shift it is: ``application:attempt`` of ``application:attempt:shift``."""
    return attendance_id.rpartition(":")[0]


def payment_name(batch_id: str, pay_month_id: str) -> str:
    """Return the natural key of a payment."""
    return named(batch_id, pay_month_id)


def split(won: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Return ``won`` in parts that add up to it, in proportion to the weights; the largest remainders get what is over.

    >>> split(100, {"첨단1동": 1, "첨단2동": 2})
    {'첨단1동': 33, '첨단2동': 67}
    """
    kept = {name: weight for name, weight in sorted(weights.items()) if weight > 0} or {"": 1}
    whole = sum(kept.values())
    parts = {name: won * weight // whole for name, weight in kept.items()}
    by_remainder = sorted(kept, key=lambda name: (-(won * kept[name] % whole), name))
    for name in by_remainder[: won - sum(parts.values())]:
        parts[name] += 1
    return parts


def by_dong(lines: Iterable[Line]) -> dict[str, int]:
    """Return the won of the lines by 동, "" for none."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.dong or ""] = sums.get(line.dong or "", 0) + line.won
    return sums
