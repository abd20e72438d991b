"""What an opening knows of itself: its terms, who has a place, who is asked, and what follows from that. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.placement.budgets.model import Grant
from services.placement.openings.application import Application
from services.placement.openings.draw import seed_hash
from services.placement.openings.given import Lapse, Offer, Placement, key_of
from services.placement.openings.rules import FILLED, OPEN, RUNNING, SELECTING
from services.placement.openings.terms import Terms
from services.placement.participation.wanted import Wanted
from services.placement.wages.pay import won_for
from shared.aggregate import Aggregate
from shared.clock import iso
from shared.errors import Refused


@dataclass(kw_only=True)
class Call(Aggregate):
    """What an opening is, and what follows from it. It changes by the verbs of ``Opening`` only."""

    programme_id: str
    district: str
    terms: Terms
    published_at: datetime
    state: str = OPEN
    #: Rises each time a place comes free again; ``opening.filled`` is said once a round.
    round: int = 1
    placements: tuple[Placement, ...] = ()
    #: Places that were given back when work had begun: what was worked is paid all the same.
    left: tuple[Placement, ...] = ()
    #: What the budget has counted for this opening so far, and the acts whose holds it still has to replace.
    grant: Grant = field(default_factory=Grant)
    unsettled: tuple[str, ...] = ()
    #: Who confirms attendance: subjects of role host.
    hosts: tuple[str, ...] = ()
    #: The programme's flags when it was published.
    direct_job: bool = False
    engagement: str = "participation_allowance"
    #: The target groups that it is for, any of them: its own, or its programme's when it was published.
    groups: tuple[str, ...] = ()
    #: Of a draw and of a ranking: 32 random bytes, hex; told to nobody before the order is.
    seed: str = ""
    #: Places kept for somebody who has not answered yet.
    offers: tuple[Offer, ...] = ()
    #: Offers that came to nothing and places taken back, until their applications have ended.
    lapsed: tuple[Lapse, ...] = ()
    #: How many offers were ever made.
    asked: int = 0
    selecting_since: datetime | None = None
    #: Hash of the candidates' tickets in order, and how many they are; None until they have one.
    order_hash: str | None = None
    candidates: int | None = None
    #: When it was closed or called off; None while it runs.
    ended_at: datetime | None = None
    #: When a place is to be given or offered again, because nobody could say who may have it (``again.py``).
    looks_again_at: datetime | None = None

    @property
    def free(self) -> int:
        """Places not given."""
        return self.terms.places - len(self.placements)

    @property
    def spare(self) -> int:
        """Places neither given nor offered."""
        return self.free - len(self.offers)

    @property
    def dong(self) -> str | None:
        """동 of the place of work."""
        return self.terms.dong

    @property
    def seed_hash(self) -> str | None:
        """What is public of the seed before the order is; None without a seed."""
        return seed_hash(self.seed) if self.seed else None

    @property
    def is_running(self) -> bool:
        """Whether places may still be given."""
        return self.state in RUNNING

    @property
    def needs_order(self) -> bool:
        """Whether its candidates wait to be ranked or drawn."""
        return self.state == SELECTING and self.terms.goes_in_order and self.order_hash is None

    @property
    def due(self) -> datetime | None:
        """When somebody looks at it: when time does something to it, or a place is to be given again."""
        if self.looks_again_at is None or self.state not in (OPEN, SELECTING):
            return self.turns_at
        if self.turns_at is None or (self.state == SELECTING and not self.offers):
            return self.looks_again_at
        return min(self.turns_at, self.looks_again_at)

    @property
    def turns_at(self) -> datetime | None:
        """When time does something to it; None once nothing waits.

        One that selects and has nothing open is due at once: somebody must be asked, or it closes.
        """
        if self.state == SELECTING:
            return min((offer.until for offer in self.offers), default=self.selecting_since)
        if self.state == FILLED and self.terms.waitlist:
            return self.terms.over
        return self.terms.deadline if self.is_running else None

    @property
    def wanted_grant(self) -> Grant:
        """What the budget should count: the whole cost while places may be given, then only the places given.

        A place whose shifts are all settled counts what was earned; one that was given when work had begun, the shifts
        that were left. Somebody who left in the middle of a shift and who came for the rest of it may cost more together
        than one place: that is counted as well.
        """
        places = (*self.placements, *self.left)
        committed = sum(self.at_most(one) if one.earned is None else one.earned for one in places)
        return Grant(max(self.terms.cost, committed) if self.is_running else committed, committed)

    def at_most(self, placement: Placement, until: datetime | None = None) -> int:
        """Return the won that a place may come to: of the shifts after it was given, and begun ``until`` then."""
        terms = self.terms
        return sum(
            won_for(shift.minutes, terms.hourly_won)
            for shift in terms.shifts
            if (terms.rehearsal or shift.end > placement.selected_at) and (until is None or shift.start <= until)
        )

    def placement_of(self, resident_id: str) -> Placement | None:
        """Return the resident's place, or None."""
        return next((placement for placement in self.placements if placement.resident_id == resident_id), None)

    def offer_of(self, resident_id: str) -> Offer | None:
        """Return the resident's open offer, or None; it may be past its time."""
        return next((offer for offer in self.offers if offer.resident_id == resident_id), None)

    def lapse_of(self, application_id: str, attempt: int) -> Lapse | None:
        """Return the offer of this attempt that came to nothing, or None."""
        return next((one for one in self.lapsed if one.key == key_of(application_id, attempt)), None)

    def wanted(self, resident_id: str, attempt: int, at: datetime) -> Wanted:
        """Return the place that this attempt would be if it were given ``at`` then, as the limits look at it.

        Nobody works a shift that is over by then: whoever comes in the middle takes part from there on.
        """
        terms = self.terms
        shifts = tuple(one for one in terms.shifts if terms.rehearsal or one.end > at) or terms.shifts
        days = sorted(day for shift in shifts for day in shift.days)
        return Wanted(
            key=key_of(Application.id_of(self.id, resident_id), attempt),
            resident_id=resident_id,
            tenant=self.tenant,
            opening_id=self.id,
            programme_id=self.programme_id,
            programme_code=self.programme_id.partition(":")[2],
            regions=(self.district, self.district[:2]),
            workplace=terms.place.name,
            direct_job=self.direct_job,
            engagement=self.engagement,
            shifts=tuple(sorted((shift.start, shift.end) for shift in shifts)),
            hourly_won=terms.hourly_won,
            first_day=days[0],
            last_day=days[-1],
            groups=self.groups,
            membership=terms.membership,
        )

    def takes_applications(self, now: datetime) -> None:
        """Raise ``Refused`` when nobody can apply any more."""
        if self.state != OPEN:
            raise Refused(f"opening_is_{self.state}", field="opening_id", state=self.state)
        if now >= self.terms.deadline:
            raise Refused("deadline_passed", field="opening_id", deadline=iso(self.terms.deadline))
