"""A call for proposals (공모): from when to when districts may propose what, and how it is judged.

    planned --(opens_at)--> open --(closes_at, or the city closes it)--> closed

Proposals are taken while it is open, reviewed and decided once it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused
from shared.events.placement import plans as events

PLANNED, OPEN, CLOSED = "planned", "open", "closed"


@dataclass(frozen=True)
class Criterion:
    """What a reviewer gives 0 to 100 points for; ``weight`` is its share beside the others."""

    code: str
    name_ko: str
    weight: int = 1


@dataclass(frozen=True)
class Rules:
    """What may be proposed, by whom, and how it is judged."""

    #: Fields (분야) of which a proposal names one.
    fields: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    #: Reviews that a decision needs.
    reviews_needed: int
    #: Won that one proposal may ask for; None: no limit is known.
    most_won: int | None = None
    #: Codes of the districts that may propose; empty: any.
    districts: tuple[str, ...] = ()
    #: Whether a civil body (민간단체) must take part.
    civil_body_needed: bool = False


@dataclass(kw_only=True)
class Call(Aggregate):
    """One call, for one year, under one umbrella programme."""

    programme_id: str
    year: int
    title: str
    opens_at: datetime
    closes_at: datetime
    rules: Rules
    state: str = PLANNED

    @property
    def due(self) -> datetime | None:
        """When it opens or closes by itself; None once it is closed."""
        return {PLANNED: self.opens_at, OPEN: self.closes_at}.get(self.state)

    def publish(self, now: datetime) -> None:
        """Begin, at once if it is time; raise ``Refused`` when it would be over before it begins."""
        if self.closes_at <= max(self.opens_at, now):
            raise Refused("call_closes_too_early", field="closes_at", opens_at=iso(self.opens_at))
        codes = [criterion.code for criterion in self.rules.criteria]
        if len(set(codes)) != len(codes):
            raise Refused("criterion_named_twice", field="criteria")
        self.pass_time(now)

    def pass_time(self, now: datetime) -> None:
        """Open and close at the appointed times."""
        if self.state == PLANNED and now >= self.opens_at:
            self.state = OPEN
            self.say(events.CALL_OPENED.fact(**self._named()))
        if self.state == OPEN and now >= self.closes_at:
            self._close()

    def close(self) -> None:
        """Take no more proposals, before the time."""
        if self.state == CLOSED:
            raise Refused("call_closed_already", field="call_id")
        if self.state == PLANNED:
            raise Refused("call_not_open_yet", field="call_id", opens_at=iso(self.opens_at))
        self._close()

    def takes_proposals(self, now: datetime) -> None:
        """Raise ``Refused`` unless it is open; by the clock, also when nobody has noted yet that it opens or closes."""
        if self.over(now):
            raise Refused("call_is_closed", field="call_id")
        if now < self.opens_at:
            raise Refused("call_not_open_yet", field="call_id", opens_at=iso(self.opens_at))

    def must_be_over(self, now: datetime) -> None:
        """Raise ``Refused`` while proposals may still change: reviews and decisions wait for the end."""
        if not self.over(now):
            raise Refused("call_still_open", field="call_id", closes_at=iso(self.closes_at))

    def over(self, now: datetime) -> bool:
        """Return whether it takes no proposals any more."""
        return self.state == CLOSED or now >= self.closes_at

    def _close(self) -> None:
        self.state = CLOSED
        self.say(events.CALL_CLOSED.fact(**self._named()))

    def _named(self) -> dict[str, object]:
        return {"call_id": self.id, "programme_id": self.programme_id, "year": self.year}
