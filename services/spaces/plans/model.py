"""What a plan (구독 상품) is. Pure: no I/O, no clock.

    offered --withdraw--> withdrawn (no new subscriptions; those that run go on)

Changing a plan never changes a ledger that is open already. Its kind and its cycle never change: what a running
subscription was promised would move under it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.spaces.plans.cycles import CycleRule
from shared.aggregate import Aggregate
from shared.errors import Refused
from shared.events import spaces as events

#: By the hour (대관형), or a seat by the month (입주형).
HOURLY, SEAT = "hourly", "seat"
KINDS = (HOURLY, SEAT)
OFFERED, WITHDRAWN = "offered", "withdrawn"
#: What happens when a seat comes free: the first in line has it, or is asked and has some hours to answer.
AT_ONCE, OFFER = "at_once", "offer"
PROMOTIONS = (AT_ONCE, OFFER)

MOST_FACILITIES = 200
MOST_MEMBERS = 50
MOST_SEATS = 500
MOST_PAUSES = 12
#: Minutes of a whole year: more in a cycle says that a unit was mistaken.
MOST_MINUTES = 366 * 24 * 60


@dataclass(frozen=True)
class PauseRule:
    """How often a calendar year a subscription may pause, and how many days before."""

    most_a_year: int = 0
    notice_days: int = 0


@dataclass(frozen=True)
class Terms:
    """What a plan promises. Minutes count for one cycle; empty ids cover the whole programme."""

    name: str
    kind: str
    cycle: CycleRule = field(default_factory=CycleRule)
    included_minutes: int = 0
    #: Of what is left at a cycle's end, the most that the next one gets.
    rollover_cap: int = 0
    facility_ids: tuple[str, ...] = ()
    space_ids: tuple[str, ...] = ()
    pause: PauseRule = field(default_factory=PauseRule)
    #: People beside the owner who may book on it (a small company); 0: for one person.
    most_members: int = 0
    seats: int = 0
    #: Months that a resident stays at least.
    least_months: int = 0
    promote: str = AT_ONCE
    #: How long an offered seat waits for an answer.
    offer_hours: int = 48


TermsRule = Callable[[Terms], Refused | None]


def kind_is_known(terms: Terms) -> Refused | None:
    """Hours or a seat."""
    return None if terms.kind in KINDS else Refused("plan_kind_unknown", field="kind", kinds=list(KINDS))


def seats_fit_kind(terms: Terms) -> Refused | None:
    """A seat plan has seats, an hourly one has none."""
    least, most = (1, MOST_SEATS) if terms.kind == SEAT else (0, 0)
    if least <= terms.seats <= most:
        return None
    return Refused("out_of_range", field="seats", low=least, high=most)


def minutes_fit_kind(terms: Terms) -> Refused | None:
    """An hourly plan includes minutes; a seat plan may."""
    least = 1 if terms.kind == HOURLY else 0
    if least <= terms.included_minutes <= MOST_MINUTES:
        return None
    return Refused("out_of_range", field="included_minutes", low=least, high=MOST_MINUTES)


def promotion_is_known(terms: Terms) -> Refused | None:
    """A free seat is given or offered."""
    if terms.promote in PROMOTIONS:
        return None
    return Refused("promotion_unknown", field="promote", promotions=list(PROMOTIONS))


TERMS_RULES: tuple[TermsRule, ...] = (kind_is_known, seats_fit_kind, minutes_fit_kind, promotion_is_known)


def objection(terms: Terms) -> Refused | None:
    """Return the first rule's objection to these terms, or None."""
    return next((refused for rule in TERMS_RULES if (refused := rule(terms))), None)


@dataclass(kw_only=True)
class Plan(Aggregate):
    """A product that residents subscribe to."""

    district: str
    programme_id: str
    terms: Terms
    offered_at: datetime
    state: str = OFFERED

    @staticmethod
    def offer(
        *, plan_id: str, tenant: str, district: str, programme_id: str, terms: Terms, now: datetime
    ) -> Plan:
        """Return a plan that can be subscribed to."""
        plan = Plan(
            id=plan_id, tenant=tenant, district=district, programme_id=programme_id, terms=terms, offered_at=now
        )
        plan._say_offered()
        return plan

    def change(self, terms: Terms) -> None:
        """Promise something else from the next ledger on; raise ``Refused`` for another kind or cycle."""
        self.must_be_offered()
        if terms.kind != self.terms.kind:
            raise Refused("plan_kind_stays", field="kind", kind=self.terms.kind)
        if terms.cycle != self.terms.cycle:
            raise Refused("plan_cycle_stays", field="cycle_days", days=self.terms.cycle.days)
        before, self.terms = self.terms, terms
        if (before.included_minutes, before.seats) != (terms.included_minutes, terms.seats):
            self._say_offered()

    def withdraw(self) -> None:
        """Take no more subscriptions; doing it again changes nothing."""
        self.state = WITHDRAWN

    def must_be_offered(self) -> None:
        """Raise ``Refused`` once it is withdrawn."""
        if self.state != OFFERED:
            raise Refused("plan_is_withdrawn", field="plan_id", plan_id=self.id)

    def covers(self, *, programme_id: str, facility_id: str, space_id: str) -> bool:
        """Return whether its minutes may be spent there."""
        if programme_id != self.programme_id:
            return False
        if not (self.terms.facility_ids or self.terms.space_ids):
            return True
        return facility_id in self.terms.facility_ids or space_id in self.terms.space_ids

    def _say_offered(self) -> None:
        self.say(
            events.PLAN_OFFERED.fact(
                plan_id=self.id,
                programme_id=self.programme_id,
                district=self.district,
                kind=self.terms.kind,
                included_minutes=self.terms.included_minutes,
                seats=self.terms.seats,
            )
        )
