"""A wish: a place in line for a span of a space. Pure: no I/O, no clock, no framework; time and ids come in.

    waiting --offer--> offered --+--> taken       (they booked it)
       |  ^               |      +--> declined | lapsed
       |  +----give_back--+      |
       +--> withdrawn | passed | taken            (passed: the span has begun)

Whether the span is free is the diary's to say: an offer is a claim there, held before the wish says that it is offered.
The claim carries the wish's id, so a booking that accepts the offer takes the place of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.spaces.diary.model import OFFER, Claim
from services.spaces.spans import Span
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events import spaces as events

WAITING, OFFERED = "waiting", "offered"
TAKEN, DECLINED, LAPSED, WITHDRAWN, PASSED = events.WISH_ENDS
#: States in which somebody still hopes.
OPEN = frozenset({WAITING, OFFERED})
#: Open wishes of one resident.
MOST_OPEN = 20
#: An offer is never shorter than this unless the span begins: somebody must be able to see it.
SHORTEST_OFFER = timedelta(minutes=5)


def offer_until(span: Span, now: datetime, minutes: int) -> datetime:
    """Return until when a span is offered: ``minutes``, or half of what is left before it begins, never past that."""
    left = span.start - now
    most = max(min(timedelta(minutes=minutes), left / 2), SHORTEST_OFFER)
    return min(now + most, span.start)


@dataclass(kw_only=True)
class Wish(Aggregate):
    """One resident's place in line for one span of one space."""

    resident_id: str
    space_id: str
    root_id: str
    facility_id: str
    district: str
    parts: tuple[str, ...]
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    span: Span
    #: What will pay for it; known to the front-end that accepts for them.
    subscription_id: str | None = None
    asked_at: datetime
    state: str = WAITING
    #: Offers so far.
    round: int = 0
    #: While offered.
    offer_until: datetime | None = None
    #: The act that made the latest offer; the claim in the diary carries the same name.
    offer_act: str = ""

    @staticmethod
    def make(**known: Any) -> Wish:
        """Return a wish that waits from now on."""
        wish = Wish(**known)
        wish.say(events.WISH_MADE.fact(**wish.named()))
        return wish

    @property
    def is_open(self) -> bool:
        """Whether it still waits, or is offered the span."""
        return self.state in OPEN

    @property
    def due(self) -> datetime | None:
        """When it moves on by itself: its offer lapses, or its span begins."""
        if self.state == WAITING:
            return self.span.start
        return self.offer_until if self.state == OFFERED else None

    @property
    def turn(self) -> tuple[datetime, str]:
        """Its place in line: first come, first served."""
        return self.asked_at, self.id

    @property
    def days(self) -> tuple[date, ...]:
        """The KST days whose diaries it is about, buffers included."""
        return self.span.padded(self.before, self.after).days

    def claim(self, act_id: str, deadline: datetime) -> Claim:
        """Return its claim in the diary, held by an offer until ``deadline``."""
        return Claim(
            id=self.id,
            kind=OFFER,
            space_id=self.space_id,
            parts=self.parts,
            span=self.span,
            before=self.before,
            after=self.after,
            deadline=deadline,
            act_id=act_id,
        )

    def offer(self, until: datetime, act_id: str) -> None:
        """The span is kept for them alone until then; one fact, and so one message, a round."""
        if self.state != WAITING:
            raise Refused("offer_too_late", field="wish_id", state=self.state)
        self.state, self.round, self.offer_until, self.offer_act = OFFERED, self.round + 1, until, act_id
        self.say(events.OFFER_MADE.fact(**self.named(), until=iso(until), round=self.round))

    def give_back(self) -> None:
        """The offer could not be kept, through no fault of theirs: back to their place in line."""
        if self.state == OFFERED:
            self.state, self.offer_until = WAITING, None

    def lapse(self, now: datetime) -> None:
        """Move on by itself when its time has come."""
        due = self.due
        if due is not None and now >= due:
            self._end(LAPSED if self.state == OFFERED and now < self.span.start else PASSED)

    def decline(self) -> None:
        """They don't want it after all."""
        if self.state == WAITING:
            raise Refused("wish_not_offered", field="wish_id")
        self._must_be_open()
        self._end(DECLINED)

    def withdraw(self) -> None:
        """They wait no longer."""
        self._must_be_open()
        self._end(WITHDRAWN)

    def take(self) -> None:
        """They have booked it."""
        if self.is_open:
            self._end(TAKEN)

    def named(self) -> dict[str, str]:
        """Return what every fact about it carries."""
        return {
            "wish_id": self.id,
            "space_id": self.space_id,
            "facility_id": self.facility_id,
            "district": self.district,
            "resident_id": self.resident_id,
            "start": iso(self.span.start),
            "end": iso(self.span.end),
        }

    def _end(self, how: str) -> None:
        self.state, self.offer_until = how, None
        self.say(events.WISH_ENDED.fact(**self.named(), how=how))

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise Refused("wish_has_ended", field="wish_id", state=self.state)
