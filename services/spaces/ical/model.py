"""What was read of a calendar. Pure: only when a room is busy is kept, never a title, a description or a name.

A reading is whole or it is refused (``Unreadable``): a cut download must never look like "all events are gone".
Within a whole calendar one broken event is named (``Fault``) and the rest is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from services.spaces.spans import Span
from shared.clock import iso

#: What was done about a fault: left out, and nothing is known of it; read, in the way the code says; or read, and it
#: takes no time of the room.
SKIPPED, READ, CLAIMS_NOTHING = "skipped", "read", "claims_nothing"
#: RFC 5545 3.8.1.11; an event that says nothing is as good as confirmed.
CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"

#: Why a whole calendar is refused.
UNREADABLE = ("empty", "not_a_calendar", "truncated", "too_large", "too_many_events")


class Unreadable(Exception):
    """Nothing of this may be believed; ``code`` is one of ``UNREADABLE``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Limits:
    """How much of a calendar is read at most; what lies beyond is a fault or ``Unreadable``."""

    #: Bytes. A facility's five thousand events are about two million.
    size: int = 16_000_000
    #: Events in one file, overrides counted.
    events: int = 20_000
    #: Occurrences of one event in the window; an hourly one over two months has 1,500.
    per_event: int = 2_000
    #: Occurrences in the window, of all events.
    occurrences: int = 100_000
    #: Steps that repeat rules may take, for the whole file and for one rule: they bound the time a hostile rule costs.
    steps: int = 400_000
    steps_per_rule: int = 50_000
    #: Faults that are listed one by one; ``Reading.unread`` is complete all the same.
    faults: int = 1_000


@dataclass(frozen=True)
class Occurrence:
    """One time that the calendar speaks of."""

    uid: str
    #: RECURRENCE-ID of one occurrence of a repeated event, UTC ISO text; "" for a single event.
    occurrence: str
    span: Span
    #: Whether it takes the room: neither cancelled nor TRANSPARENT. Tentative takes it.
    busy: bool
    cancelled: bool
    sequence: int
    #: Of what matters to us and of nothing else: span, busy, status. See ``hash_of``.
    hash: str

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by when the calendar is read again."""
        return self.uid, self.occurrence


@dataclass(frozen=True)
class Fault:
    """Something in the file that is not as it should be. Holds no text of the file but the UID."""

    #: "" for the calendar itself.
    uid: str
    code: str
    #: The property at fault, or "".
    field: str
    #: The line in the file, from 1 (the first of the component where no single line is at fault); 0 when none is.
    line: int
    #: ``SKIPPED``, ``READ`` or ``CLAIMS_NOTHING``.
    done: str


@dataclass(frozen=True)
class Reading:
    """What a calendar says about a window of time."""

    #: In order of start, then UID; everything that overlaps the window, cancelled ones included.
    occurrences: tuple[Occurrence, ...]
    faults: tuple[Fault, ...] = ()
    #: UIDs of which something was skipped or cut: that an occurrence of theirs is missing here says nothing.
    unread: frozenset[str] = frozenset()
    #: METHOD, or "".
    method: str = ""
    #: X-WR-TIMEZONE, or "". Reported, not applied: RFC 5545 does not know it.
    zone: str = ""
    #: VEVENT and VFREEBUSY components in the file.
    events: int = 0


def hash_of(span: Span, *, busy: bool, status: str) -> str:
    """Return the stable hash of what matters to us; the same for our own bookings and for what was read."""
    text = f"{iso(span.start)}|{iso(span.end)}|{'busy' if busy else 'free'}|{status}"
    return sha256(text.encode()).hexdigest()[:32]
